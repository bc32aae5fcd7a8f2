/*
 * JSON bodies: written piece by piece into a bounded buffer, read against a table of fields.
 */
#ifndef KM_WEB_BODY_JSON_H
#define KM_WEB_BODY_JSON_H

#include "base/buf.h"
#include "base/uuid.h"
#include "web/request.h"

/* --- writing --- */

struct km_body_json {
	struct km_buf buf;
	bool needs_comma;
};

/*
 * Empty, with a maximum. In all that follows, key is NULL inside arrays. Errors are kept in the
 * buffer (km_buf_error).
 */
void km_body_json_init(struct km_body_json *json, size_t max);
void km_body_json_finish(struct km_body_json *json);

/* bracket: '{' or '['; close with '}' or ']'. */
void km_body_json_open(struct km_body_json *json, const char *key, char bracket);
void km_body_json_close(struct km_body_json *json, char bracket);

/* text is UTF-8; bytes that are not become U+FFFD. */
void km_body_json_text(struct km_body_json *json, const char *key, const char *text);
void km_body_json_i64(struct km_body_json *json, const char *key, int64_t value);
void km_body_json_u64(struct km_body_json *json, const char *key, uint64_t value);
void km_body_json_bool(struct km_body_json *json, const char *key, bool value);
void km_body_json_null(struct km_body_json *json, const char *key);
void km_body_json_uuid(struct km_body_json *json, const char *key, const struct km_uuid *uuid);

/* A value that was written by another writer. */
void km_body_json_raw(struct km_body_json *json, const char *key, struct km_bytes value);

/* --- reading --- */

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

#endif
