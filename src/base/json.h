/*
 * JSON, written piece by piece into a bounded buffer.
 */
#ifndef KM_BASE_JSON_H
#define KM_BASE_JSON_H

#include "base/buf.h"
#include "base/uuid.h"

struct km_json {
	struct km_buf buf;
	bool needs_comma;
};

/*
 * Empty, with a maximum. In all that follows, key is NULL inside arrays. Errors are kept in the
 * buffer (km_buf_error).
 */
void km_json_init(struct km_json *json, size_t max);
void km_json_finish(struct km_json *json);

/* bracket: '{' or '['; close with '}' or ']'. */
void km_json_open(struct km_json *json, const char *key, char bracket);
void km_json_close(struct km_json *json, char bracket);

/* text is UTF-8; bytes that are not become U+FFFD. */
void km_json_text(struct km_json *json, const char *key, const char *text);
void km_json_i64(struct km_json *json, const char *key, int64_t value);
void km_json_u64(struct km_json *json, const char *key, uint64_t value);
void km_json_bool(struct km_json *json, const char *key, bool value);
void km_json_null(struct km_json *json, const char *key);
void km_json_uuid(struct km_json *json, const char *key, const struct km_uuid *uuid);

/* A value that was written by another writer. */
void km_json_raw(struct km_json *json, const char *key, struct km_bytes value);

#endif
