/*
 * Snapshots of what cameras are set to: after each audit, their differences, and whether somebody
 * had announced these. [IPA h01-1]
 *
 * A snapshot that finds nothing new is not stored again: the one before is confirmed. So rows grow
 * with changes, not with audits.
 */
#ifndef KM_GUARD_SNAPSHOTS_H
#define KM_GUARD_SNAPSHOTS_H

#include "guard/database.h"
#include "judge/difference.h"

/* Kept per camera, besides those that a maintenance or a remedy names. */
#define KM_SNAPSHOTS_KEPT 200

struct km_snapshot {
	int64_t number;
	struct km_uuid camera;
	unsigned reason;       /* snapshot_reason in states.tbl */
	int64_t taken_us;      /* when it was so first */
	int64_t confirmed_us;  /* and last */
	uint32_t changes;      /* against the one before */
	uint32_t unannounced;  /* of these */
	unsigned announced_by; /* announcement in states.tbl: of the others */
};

/* What km_snapshots_take found. */
struct km_snapshots_find {
	struct km_snapshot snapshot; /* the one that holds now */
	bool is_first;               /* of this camera: nothing was compared */
	bool is_new;
	int64_t before; /* the one it was compared with; 0: none */
};

/*
 * Take one of these facts of a camera: what its audit saw, that began at began_us. on_difference
 * tells each difference against the one before, and who announced it (announcement in states.tbl);
 * it may be NULL. Maintenances that ended before the audit began are checked with it.
 * Returns 0, KM_ERR_STATE (nothing is known of it that a snapshot keeps), KM_ERR_LIMIT (too many
 * facts), or an error of the database. Not inside a transaction.
 */
KM_MUST_USE int km_snapshots_take(struct km_database *database, const struct km_uuid *camera,
    unsigned reason, const struct km_fact *facts, size_t count, int64_t began_us, int64_t now_us,
    void (*on_difference)(
	void *context, const struct km_difference *difference, unsigned announced_by),
    void *context, struct km_snapshots_find *ret_find);

/* Returns 0 or KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_snapshots_find(
    struct km_database *database, int64_t number, struct km_snapshot *ret_snapshot);
KM_MUST_USE int km_snapshots_last(
    struct km_database *database, const struct km_uuid *camera, struct km_snapshot *ret_snapshot);

/* The one before it, of the same camera. */
KM_MUST_USE int km_snapshots_before(struct km_database *database,
    const struct km_snapshot *snapshot, struct km_snapshot *ret_before);

/* The newest first. A negative result ends the walk and is returned. */
KM_MUST_USE int km_snapshots_each(struct km_database *database, const struct km_uuid *camera,
    uint32_t limit, int (*on_snapshot)(void *context, const struct km_snapshot *snapshot),
    void *context);

/*
 * The differences between two, `from` the earlier; 0: nothing was known. KM_ERR_NOT_FOUND: there is
 * no such snapshot; KM_ERR_RANGE: they are of different cameras.
 */
KM_MUST_USE int km_snapshots_compare(struct km_database *database, int64_t from, int64_t to,
    int (*on_difference)(void *context, const struct km_difference *difference), void *context);

/*
 * What the camera last said of this, as its last snapshot carries it on. KM_ERR_NOT_FOUND: nothing.
 * KM_ERR_LIMIT: it does not fit.
 */
KM_MUST_USE int km_snapshots_value(struct km_database *database, const struct km_uuid *camera,
    enum km_fact_kind kind, const char *subject, char *ret_value, size_t size);

/* What a maintenance left behind. */
struct km_snapshots_check {
	int64_t maintenance;
	int64_t before; /* 0: there was no snapshot before it */
	int64_t after;
	uint32_t changes;
	int64_t at_us;
};

KM_MUST_USE int km_snapshots_each_check(struct km_database *database, const struct km_uuid *camera,
    int (*on_check)(void *context, const struct km_snapshots_check *check), void *context);

#endif
