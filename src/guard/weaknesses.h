/*
 * Cameras and the recorder's own parts against the lists of known weaknesses: what fits becomes
 * facts (vulnerability, self_vulnerability, weaknesses_compared; source import). [IPA a05-1, g04-1]
 *
 * To be called when an audit ended, when somebody entered facts, and after an import. Reads one
 * maker's part of weaknesses.db: some milliseconds for a camera.
 */
#ifndef KM_GUARD_WEAKNESSES_H
#define KM_GUARD_WEAKNESSES_H

#include "guard/database.h"
#include "judge/weakness_match.h"
#include "model/messages.h"
#include "store/weakness_file.h"

#define KM_WEAKNESSES_KEPT_FROM 30  /* a lower confidence is no fact */
#define KM_WEAKNESSES_HITS_MAX  512 /* of one device; the surest are kept */

/* A weakness that fits a device. */
struct km_weaknesses_hit {
	char id[KM_WEAKNESS_ID_SIZE];
	uint16_t severity_tenths;
	char title[KM_WEAKNESS_TITLE_SIZE];
	char url[KM_WEAKNESS_URL_SIZE];
	struct km_weakness_hit hit;
};

/*
 * What fits a device, the surest first, each id once: out of our own table and of the lists at
 * this path, if they are there. ret_hits: room for KM_WEAKNESSES_HITS_MAX.
 */
KM_MUST_USE int km_weaknesses_find(const char *lists, const struct km_weakness_device *device,
    struct km_weaknesses_hit *ret_hits, size_t *ret_count);

/* Compare a camera, by its facts, and put what came out in the place of what was there. */
KM_MUST_USE int km_weaknesses_look(
    struct km_database *database, const char *lists, const struct km_uuid *camera, int64_t now_us);

/* The same for all cameras. */
KM_MUST_USE int km_weaknesses_look_at_all(
    struct km_database *database, const char *lists, int64_t now_us);

/* The same for the recorder's parts, as part_list answers them. */
KM_MUST_USE int km_weaknesses_look_at_parts(struct km_database *database, const char *lists,
    const struct km_message_part *parts, size_t count, int64_t now_us);

#endif
