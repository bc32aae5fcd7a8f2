/*
 * JSON bodies of requests, read against a table of fields.
 */
#ifndef KM_WEB_BODY_JSON_H
#define KM_WEB_BODY_JSON_H

#include "base/json.h"
#include "model/messages.h"
#include "web/request.h"

enum km_body_kind {
	KM_BODY_TEXT, /* to: char[size], NUL added; without control characters */
	KM_BODY_BOOL, /* to: uint8_t */
	KM_BODY_I64,  /* to: int64_t, 0 or more */
};

struct km_body_field {
	const char *name;
	enum km_body_kind kind;
	void *to;
	size_t size;
	bool is_needed;
	bool *is_given; /* may be NULL */
};

/*
 * Free memory of the JSON reader only after wiping it: passwords come through it. Once per process,
 * before the first reading.
 */
void km_body_json_wipe_memory(void);

/*
 * Read one object with these members and no others, each at most once. On failure some targets may
 * have been written. Returns 0, KM_ERR_FORMAT or KM_ERR_RANGE, with ret_refusal.
 */
KM_MUST_USE int km_body_json_read(struct km_bytes body, const struct km_body_field *fields,
    size_t count, struct km_refusal *ret_refusal);

/*
 * Read one object into a message of zeros: members are the names of model/record.h. Errors as
 * above.
 */
KM_MUST_USE int km_body_json_read_record(
    struct km_bytes body, enum km_message_kind kind, void *message, struct km_refusal *ret_refusal);

#endif
