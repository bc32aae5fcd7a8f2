/*
 * Identifiers of cameras, segments, keys and accounts: UUIDs [RFC 9562], compared as 16 bytes.
 * They are made in crypto/random (version 4).
 */
#ifndef KM_BASE_UUID_H
#define KM_BASE_UUID_H

#include "base/bytes.h"

#define KM_UUID_BYTES     16
#define KM_UUID_TEXT_SIZE 37 /* with the NUL */

struct km_uuid {
	uint8_t bytes[KM_UUID_BYTES];
};

bool km_uuid_is_equal(const struct km_uuid *a, const struct km_uuid *b);

/* All bits zero: "none". */
bool km_uuid_is_nil(const struct km_uuid *uuid);

/* 8-4-4-4-12 lower-case digits. */
void km_uuid_write(const struct km_uuid *uuid, char ret_text[static KM_UUID_TEXT_SIZE]);

/* That form, digits of either case. Returns 0 or KM_ERR_FORMAT. */
KM_MUST_USE int km_uuid_parse(struct km_bytes text, struct km_uuid *ret_uuid);

struct km_bytes km_uuid_view(const struct km_uuid *uuid);

#endif
