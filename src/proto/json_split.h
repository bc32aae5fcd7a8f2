/*
 * Cut a long JSON text into the records that it is a list of, while it arrives, so that a file of
 * any length needs the memory of its largest record. Records are:
 *   - the objects of an array named "vulnerabilities" in the outermost object (NVD, KEV);
 *   - the objects of an outermost array;
 *   - else the outermost objects themselves, one after the other (a CVE record, JSON lines).
 * It checks the balance of brackets and no more: whoever parses a record checks the rest.
 */
#ifndef KM_PROTO_JSON_SPLIT_H
#define KM_PROTO_JSON_SPLIT_H

#include "base/buf.h"

#define KM_JSON_SPLIT_DEPTH_MAX 64

struct km_json_split {
	struct km_buf *record;                     /* the caller's; its maximum bounds a record */
	uint8_t brackets[KM_JSON_SPLIT_DEPTH_MAX]; /* '{' or '[' that are open */
	size_t depth;
	size_t record_depth; /* at which records begin: 0, or 1 or 2 inside an array of them */
	bool is_in_string;
	bool is_escaped;
	bool is_in_record;
	bool
	    is_list_name; /* the name that was read last, in the outermost object, is the array's */
	size_t name_size;
	char name[16];
	uint64_t offset; /* bytes read so far, for errors */
};

/* record: empty, and may grow to the longest record that is accepted. */
void km_json_split_init(struct km_json_split *split, struct km_buf *record);

/*
 * Read what comes next. on_record gets each record as soon as it is complete; a negative result of
 * it is returned. KM_ERR_FORMAT (brackets), KM_ERR_LIMIT (too deep or too long), KM_ERR_MEMORY;
 * then `offset` tells where.
 */
KM_MUST_USE int km_json_split_feed(struct km_json_split *split, struct km_bytes data,
    int (*on_record)(void *context, struct km_bytes record), void *context);

/* At the end: 0, or KM_ERR_SHORT if something is still open. */
KM_MUST_USE int km_json_split_end(const struct km_json_split *split);

#endif
