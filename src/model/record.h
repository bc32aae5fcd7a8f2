/*
 * Messages seen from outside: their fields by name, as JSON, and from the words of a request.
 *
 * What comes out follows from the row in messages.tbl: `request`, `session` and secrets are left
 * out; is_, has_, may_ and allows_ are booleans; a KM_ENUM is its name; "since_unix_us" is called
 * "since_us", and 0 there is null, as is a nil UUID; blobs are hexadecimal digits.
 */
#ifndef KM_MODEL_RECORD_H
#define KM_MODEL_RECORD_H

#include "base/json.h"
#include "model/messages.h"

enum km_record_kind {
	KM_RECORD_U8,
	KM_RECORD_U16,
	KM_RECORD_U32,
	KM_RECORD_U64,
	KM_RECORD_I32,
	KM_RECORD_I64,
	KM_RECORD_UUID,
	KM_RECORD_ENUM,
	KM_RECORD_TEXT,
	KM_RECORD_SECRET,
	KM_RECORD_BLOB,
};

struct km_record_field {
	const char *name; /* as in the table */
	enum km_record_kind kind;
	const char *set; /* KM_RECORD_ENUM: which */
	size_t offset;   /* of the value in the struct */
	size_t size;     /* of its array: texts, secrets, blobs */
};

/* The fields of a kind in their order; NULL and 0 for an unknown kind. Static. */
const struct km_record_field *km_record_fields(enum km_message_kind kind, size_t *ret_count);

/* The array that a record goes into ("alarms"); NULL: the kind is no record. Static. */
const char *km_record_list(enum km_message_kind kind);

/* The name in JSON; the buffer takes a shortened one. */
#define KM_RECORD_NAME_SIZE 64
const char *km_record_name(const struct km_record_field *field, char buffer[KM_RECORD_NAME_SIZE]);

/* Write the message as one object. */
void km_record_write(
    struct km_json *json, const char *key, enum km_message_kind kind, const void *message);

/*
 * Write one field for people; times as UTC. Truncated to the size. Empty for what is left out of
 * JSON, and for null.
 */
void km_record_say(
    const struct km_record_field *field, const void *message, char *ret_text, size_t size);

/*
 * Set the field of that JSON name, in a message of zeros, from a value of JSON: a text (also for
 * UUIDs, enumerations and hexadecimal digits), a number, or true and false. from_words takes
 * numbers and booleans as text too, for queries.
 * Returns 0; KM_ERR_NOT_FOUND: no such field, or not one to be set from outside; KM_ERR_FORMAT: it
 * is of another kind; KM_ERR_RANGE. ret_text then says what would be right (static).
 */
KM_MUST_USE int km_record_set_text(enum km_message_kind kind, void *message, struct km_bytes name,
    struct km_bytes value, const char **ret_text);
KM_MUST_USE int km_record_set_number(enum km_message_kind kind, void *message, struct km_bytes name,
    int64_t value, const char **ret_text);
KM_MUST_USE int km_record_set_bool(enum km_message_kind kind, void *message, struct km_bytes name,
    bool value, const char **ret_text);
KM_MUST_USE int km_record_set_words(enum km_message_kind kind, void *message, struct km_bytes name,
    struct km_bytes value, const char **ret_text);

#endif
