#include "guard/snapshots.h"

#include "model/remedies.h"
#include "model/states.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS                                                                                    \
	"number, camera, reason, taken_us, confirmed_us, changes, unannounced, announced_by"       \
	" FROM snapshot"

/* --- rows --- */

static void read_snapshot(sqlite3_stmt *row, struct km_snapshot *ret_snapshot)
{
	*ret_snapshot = (struct km_snapshot){
		.number = sqlite3_column_int64(row, 0),
		.camera = km_database_uuid(row, 1),
		.reason = (unsigned)sqlite3_column_int(row, 2),
		.taken_us = sqlite3_column_int64(row, 3),
		.confirmed_us = sqlite3_column_int64(row, 4),
		.changes = (uint32_t)sqlite3_column_int64(row, 5),
		.unannounced = (uint32_t)sqlite3_column_int64(row, 6),
		.announced_by = (unsigned)sqlite3_column_int(row, 7),
	};
}

static int on_found(void *context, sqlite3_stmt *row)
{
	read_snapshot(row, context);
	return 0;
}

static int find(struct km_database *database, const char *sql,
    const struct km_database_value *values, size_t count, struct km_snapshot *ret_snapshot)
{
	struct km_snapshot found = { 0 };
	int err = km_database_run(database, sql, values, count, on_found, &found);

	if (err == 0 && found.number == 0) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0) {
		*ret_snapshot = found;
	}
	return err;
}

int km_snapshots_find(
    struct km_database *database, int64_t number, struct km_snapshot *ret_snapshot)
{
	return find(database, "SELECT " COLUMNS " WHERE number = ?1", KM_VALUES(KM_NUMBER(number)),
	    ret_snapshot);
}

int km_snapshots_last(
    struct km_database *database, const struct km_uuid *camera, struct km_snapshot *ret_snapshot)
{
	return find(database, "SELECT " COLUMNS " WHERE camera = ?1 ORDER BY number DESC LIMIT 1",
	    KM_VALUES(KM_UUID_DATA(camera)), ret_snapshot);
}

int km_snapshots_before(struct km_database *database, const struct km_snapshot *snapshot,
    struct km_snapshot *ret_before)
{
	return find(database,
	    "SELECT " COLUMNS " WHERE camera = ?1 AND number < ?2 ORDER BY number DESC LIMIT 1",
	    KM_VALUES(KM_UUID_DATA(&snapshot->camera), KM_NUMBER(snapshot->number)), ret_before);
}

struct walk {
	int (*on_snapshot)(void *context, const struct km_snapshot *snapshot);
	void *context;
};

static int on_row(void *context, sqlite3_stmt *row)
{
	struct walk *walk = context;
	struct km_snapshot snapshot;

	read_snapshot(row, &snapshot);
	return walk->on_snapshot(walk->context, &snapshot);
}

int km_snapshots_each(struct km_database *database, const struct km_uuid *camera, uint32_t limit,
    int (*on_snapshot)(void *context, const struct km_snapshot *snapshot), void *context)
{
	struct walk walk = { on_snapshot, context };

	return km_database_run(database,
	    "SELECT " COLUMNS " WHERE camera = ?1 ORDER BY number DESC LIMIT ?2",
	    KM_VALUES(KM_UUID_DATA(camera), KM_NUMBER(limit)), on_row, &walk);
}

/* --- facts of one --- */

struct fact_list {
	struct km_fact *facts; /* room for KM_DIFFERENCE_FACTS_MAX */
	size_t count;
};

static int make_list(struct fact_list *list)
{
	list->facts = calloc(KM_DIFFERENCE_FACTS_MAX, sizeof(*list->facts));
	return list->facts == NULL ? KM_ERR_MEMORY : 0;
}

static int on_fact(void *context, sqlite3_stmt *row)
{
	struct fact_list *list = context;
	struct km_fact *fact = NULL;

	if (list->count == KM_DIFFERENCE_FACTS_MAX) {
		return KM_ERR_LIMIT;
	}
	fact = &list->facts[list->count++];
	fact->kind = (uint16_t)sqlite3_column_int(row, 0);
	fact->source = (uint8_t)sqlite3_column_int(row, 1);
	fact->is_known = sqlite3_column_type(row, 3) != SQLITE_NULL;
	fact->observed_unix_us = sqlite3_column_int64(row, 4);
	(void)km_bytes_copy_text(km_database_text(row, 2), fact->subject, sizeof(fact->subject));
	(void)km_bytes_copy_text(km_database_text(row, 3), fact->value, sizeof(fact->value));
	return 0;
}

/* number 0: no facts. */
static int load_facts(struct km_database *database, int64_t number, struct fact_list *list)
{
	return km_database_run(database,
	    "SELECT kind, source, subject, value, observed_us FROM snapshot_fact WHERE snapshot = "
	    "?1"
	    " ORDER BY kind, source, subject",
	    KM_VALUES(KM_NUMBER(number)), on_fact, list);
}

static int store_facts(struct km_database *database, int64_t number, const struct fact_list *list)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < list->count; i++) {
		const struct km_fact *fact = &list->facts[i];

		err = km_database_run(database,
		    "INSERT OR REPLACE INTO snapshot_fact"
		    " (snapshot, kind, source, subject, value, observed_us)"
		    " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
		    KM_VALUES(KM_NUMBER(number), KM_NUMBER(fact->kind), KM_NUMBER(fact->source),
			KM_WORDS(fact->subject), fact->is_known ? KM_WORDS(fact->value) : KM_NULL,
			KM_NUMBER(fact->observed_unix_us)),
		    NULL, NULL);
	}
	return err;
}

/* --- who announced it --- */

#define REMEDIES_MAX 16

/* When somebody last touched the camera, and how. */
struct announced {
	int64_t maintenance_us; /* when the last one ended or will; -1: there was none */
	size_t remedy_count;
	struct {
		unsigned kind;
		int64_t ended_us; /* of the last of this kind; now: it is not over */
	} remedies[REMEDIES_MAX];
};

static int on_number(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

static int on_remedy(void *context, sqlite3_stmt *row)
{
	struct announced *announced = context;

	if (announced->remedy_count < REMEDIES_MAX) {
		announced->remedies[announced->remedy_count].kind =
		    (unsigned)sqlite3_column_int(row, 0);
		announced->remedies[announced->remedy_count++].ended_us =
		    sqlite3_column_int64(row, 1);
	}
	return 0;
}

static int find_announced(struct km_database *database, const struct km_uuid *camera,
    int64_t now_us, struct announced *announced)
{
	int err = km_database_run(database,
	    "SELECT coalesce(max(to_us), -1) FROM maintenance WHERE camera = ?1 AND from_us <= ?2",
	    KM_VALUES(KM_UUID_DATA(camera), KM_NUMBER(now_us)), on_number,
	    &announced->maintenance_us);

	if (err == 0) {
		err = km_database_run(database,
		    "SELECT kind, max(CASE ended_us WHEN 0 THEN ?2 ELSE ended_us END) FROM remedy"
		    " WHERE camera = ?1 AND begun_us <= ?2 GROUP BY kind",
		    KM_VALUES(KM_UUID_DATA(camera), KM_NUMBER(now_us)), on_remedy, announced);
	}
	return err;
}

/* Who touched it after it was last seen to be as before. */
static unsigned who_announced(
    const struct announced *announced, const struct km_difference *difference)
{
	for (size_t i = 0; i < announced->remedy_count; i++) {
		if (announced->remedies[i].ended_us >= difference->since_us &&
		    km_remedies_explains(announced->remedies[i].kind, difference->theme)) {
			return KM_ANNOUNCED_REMEDY;
		}
	}
	return announced->maintenance_us >= difference->since_us ? KM_ANNOUNCED_MAINTENANCE
								 : KM_ANNOUNCED_NOBODY;
}

/* --- taking one --- */

struct taking {
	struct announced announced;
	struct km_snapshot made;
	void (*on_difference)(
	    void *context, const struct km_difference *difference, unsigned announced_by);
	void *context;
};

static int on_taken_difference(void *context, const struct km_difference *difference)
{
	struct taking *taking = context;
	unsigned by = who_announced(&taking->announced, difference);

	taking->made.changes++;
	if (by == KM_ANNOUNCED_NOBODY) {
		taking->made.unannounced++;
	} else {
		taking->made.announced_by = by;
	}
	if (taking->on_difference != NULL) {
		taking->on_difference(taking->context, difference, by);
	}
	return 0;
}

static int store(
    struct km_database *database, struct km_snapshot *made, const struct fact_list *facts)
{
	int err = km_database_run(database,
	    "INSERT INTO snapshot"
	    " (camera, reason, taken_us, confirmed_us, changes, unannounced, announced_by)"
	    " VALUES (?1, ?2, ?3, ?3, ?4, ?5, ?6) RETURNING number",
	    KM_VALUES(KM_UUID_DATA(&made->camera), KM_NUMBER(made->reason),
		KM_NUMBER(made->taken_us), KM_NUMBER(made->changes), KM_NUMBER(made->unannounced),
		KM_NUMBER(made->announced_by)),
	    on_number, &made->number);

	return err < 0 ? err : store_facts(database, made->number, facts);
}

/* The same facts, but seen again since: what changes later has changed after that. */
static int confirm(struct km_database *database, const struct km_snapshot *snapshot,
    const struct fact_list *facts, int64_t now_us)
{
	int err =
	    km_database_run(database, "UPDATE snapshot SET confirmed_us = ?2 WHERE number = ?1",
		KM_VALUES(KM_NUMBER(snapshot->number), KM_NUMBER(now_us)), NULL, NULL);

	return err < 0 ? err : store_facts(database, snapshot->number, facts);
}

/* The oldest go, but for those that somebody's record names. */
static int prune(struct km_database *database, const struct km_uuid *camera)
{
	int err = km_database_run(database,
	    "DELETE FROM snapshot WHERE camera = ?1"
	    " AND number <= (SELECT number FROM snapshot WHERE camera = ?1"
	    "  ORDER BY number DESC LIMIT 1 OFFSET ?2)"
	    " AND number NOT IN (SELECT before FROM maintenance_check)"
	    " AND number NOT IN (SELECT after FROM maintenance_check)"
	    " AND number NOT IN (SELECT before FROM remedy)",
	    KM_VALUES(KM_UUID_DATA(camera), KM_NUMBER(KM_SNAPSHOTS_KEPT)), NULL, NULL);

	if (err == 0 && km_database_changes(database) > 0) {
		err = km_database_run(database,
		    "DELETE FROM snapshot_fact WHERE snapshot NOT IN (SELECT number FROM snapshot)",
		    NULL, 0, NULL, NULL);
	}
	return err;
}

/* --- maintenances that are over, and were not checked yet --- */

#define CHECKS_AT_ONCE 32

struct checks {
	size_t count;
	struct km_snapshots_check rows[CHECKS_AT_ONCE];
};

static int on_unchecked(void *context, sqlite3_stmt *row)
{
	struct checks *checks = context;

	if (checks->count < CHECKS_AT_ONCE) {
		checks->rows[checks->count++] = (struct km_snapshots_check){
			.maintenance = sqlite3_column_int64(row, 0),
			.before = sqlite3_column_int64(row, 1),
		};
	}
	return 0;
}

static int count_difference(void *context, const struct km_difference *difference)
{
	(void)difference;
	(*(uint32_t *)context)++;
	return 0;
}

/* The snapshot that was last confirmed before the work is compared with the one that holds now. */
static int check_maintenances(
    struct km_database *database, const struct km_snapshot *now, int64_t began_us, int64_t now_us)
{
	struct checks checks = { 0 };
	int err = km_database_run(database,
	    "SELECT m.number, coalesce((SELECT max(s.number) FROM snapshot s"
	    "  WHERE s.camera = m.camera AND s.taken_us <= m.from_us), 0)"
	    " FROM maintenance m WHERE m.camera = ?1 AND m.to_us <= ?2 AND m.to_us > m.from_us"
	    " AND NOT EXISTS (SELECT 1 FROM maintenance_check c WHERE c.maintenance = m.number)",
	    KM_VALUES(KM_UUID_DATA(&now->camera), KM_NUMBER(began_us)), on_unchecked, &checks);

	for (size_t i = 0; err == 0 && i < checks.count; i++) {
		struct km_snapshots_check *check = &checks.rows[i];

		if (check->before != 0) {
			err = km_snapshots_compare(database, check->before, now->number,
			    count_difference, &check->changes);
		}
		if (err == 0) {
			err = km_database_run(database,
			    "INSERT INTO maintenance_check (maintenance, before, after, changes, "
			    "at_us)"
			    " VALUES (?1, ?2, ?3, ?4, ?5)",
			    KM_VALUES(KM_NUMBER(check->maintenance), KM_NUMBER(check->before),
				KM_NUMBER(now->number), KM_NUMBER(check->changes),
				KM_NUMBER(now_us)),
			    NULL, NULL);
		}
	}
	return err;
}

static int store_all(struct km_database *database, struct km_snapshots_find *find,
    const struct fact_list *facts, int64_t began_us, int64_t now_us)
{
	int err = km_database_exec(database, "BEGIN IMMEDIATE");

	if (err < 0) {
		return err;
	}
	err = find->is_new ? store(database, &find->snapshot, facts)
			   : confirm(database, &find->snapshot, facts, now_us);
	if (err == 0) {
		err = check_maintenances(database, &find->snapshot, began_us, now_us);
	}
	if (err == 0 && find->is_new) {
		err = prune(database, &find->snapshot.camera);
	}
	if (err == 0) {
		err = km_database_exec(database, "COMMIT");
	}
	if (err < 0) {
		km_database_undo(database);
	}
	return err;
}

int km_snapshots_take(struct km_database *database, const struct km_uuid *camera, unsigned reason,
    const struct km_fact *facts, size_t count, int64_t began_us, int64_t now_us,
    void (*on_difference)(
	void *context, const struct km_difference *difference, unsigned announced_by),
    void *context, struct km_snapshots_find *ret_find)
{
	struct km_snapshots_find find = { 0 };
	struct km_snapshot last = { 0 };
	struct fact_list before = { 0 };
	struct fact_list after = { 0 };
	struct taking taking = { .on_difference = on_difference, .context = context };
	int err = km_snapshots_last(database, camera, &last);

	find.is_first = err == KM_ERR_NOT_FOUND;
	err = find.is_first ? 0 : err;
	err = err < 0 ? err : make_list(&before);
	err = err < 0 ? err : make_list(&after);
	err = err < 0 ? err : load_facts(database, last.number, &before);
	if (err == 0) {
		err = km_difference_settle(
		    before.facts, before.count, facts, count, after.facts, &after.count);
	}
	if (err == 0 && after.count == 0) {
		err = KM_ERR_STATE;
	}
	if (err < 0) {
		goto out;
	}
	find.is_new = find.is_first ||
		      !km_difference_is_none(before.facts, before.count, after.facts, after.count);
	find.before = last.number;
	if (!find.is_first) {
		err = find_announced(database, camera, now_us, &taking.announced);
	}
	if (err == 0 && !find.is_first) {
		err = km_difference_each(before.facts, before.count, after.facts, after.count,
		    on_taken_difference, &taking);
	}
	find.snapshot = last;
	if (find.is_new) {
		find.snapshot = taking.made;
		find.snapshot.camera = *camera;
		find.snapshot.reason = reason;
		find.snapshot.taken_us = now_us;
	}
	find.snapshot.confirmed_us = now_us;
	if (err == 0) {
		err = store_all(database, &find, &after, began_us, now_us);
	}
	if (err == 0) {
		*ret_find = find;
	}
out:
	free(before.facts);
	free(after.facts);
	return err;
}

/* --- comparing two --- */

int km_snapshots_compare(struct km_database *database, int64_t from, int64_t to,
    int (*on_difference)(void *context, const struct km_difference *difference), void *context)
{
	struct km_snapshot earlier = { 0 };
	struct km_snapshot later;
	struct fact_list before = { 0 };
	struct fact_list after = { 0 };
	int err = km_snapshots_find(database, to, &later);

	if (err == 0 && from != 0) {
		err = km_snapshots_find(database, from, &earlier);
	}
	if (err == 0 && from != 0 && !km_uuid_is_equal(&earlier.camera, &later.camera)) {
		err = KM_ERR_RANGE;
	}
	err = err < 0 ? err : make_list(&before);
	err = err < 0 ? err : make_list(&after);
	err = err < 0 ? err : load_facts(database, from, &before);
	err = err < 0 ? err : load_facts(database, to, &after);
	if (err == 0) {
		err = km_difference_each(
		    before.facts, before.count, after.facts, after.count, on_difference, context);
	}
	free(before.facts);
	free(after.facts);
	return err;
}

struct value_search {
	char *value;
	size_t size;
	bool is_found;
};

static int on_value(void *context, sqlite3_stmt *row)
{
	struct value_search *search = context;

	search->is_found = true;
	return km_bytes_copy_text(km_database_text(row, 0), search->value, search->size);
}

int km_snapshots_value(struct km_database *database, const struct km_uuid *camera,
    enum km_fact_kind kind, const char *subject, char *ret_value, size_t size)
{
	struct value_search search = { .value = ret_value, .size = size };
	int err = km_database_run(database,
	    "SELECT value FROM snapshot_fact WHERE snapshot ="
	    " (SELECT max(number) FROM snapshot WHERE camera = ?1)"
	    " AND kind = ?2 AND source = ?3 AND subject = ?4 AND value IS NOT NULL",
	    KM_VALUES(
		KM_UUID_DATA(camera), KM_NUMBER(kind), KM_NUMBER(KM_FROM_ONVIF), KM_WORDS(subject)),
	    on_value, &search);

	return err == 0 && !search.is_found ? KM_ERR_NOT_FOUND : err;
}

struct check_walk {
	int (*on_check)(void *context, const struct km_snapshots_check *check);
	void *context;
};

static int on_check_row(void *context, sqlite3_stmt *row)
{
	struct check_walk *walk = context;
	struct km_snapshots_check check = {
		.maintenance = sqlite3_column_int64(row, 0),
		.before = sqlite3_column_int64(row, 1),
		.after = sqlite3_column_int64(row, 2),
		.changes = (uint32_t)sqlite3_column_int64(row, 3),
		.at_us = sqlite3_column_int64(row, 4),
	};

	return walk->on_check(walk->context, &check);
}

int km_snapshots_each_check(struct km_database *database, const struct km_uuid *camera,
    int (*on_check)(void *context, const struct km_snapshots_check *check), void *context)
{
	struct check_walk walk = { on_check, context };

	return km_database_run(database,
	    "SELECT c.maintenance, c.before, c.after, c.changes, c.at_us FROM maintenance_check c"
	    " JOIN maintenance m ON m.number = c.maintenance WHERE m.camera = ?1"
	    " ORDER BY c.maintenance DESC",
	    KM_VALUES(KM_UUID_DATA(camera)), on_check_row, &walk);
}
