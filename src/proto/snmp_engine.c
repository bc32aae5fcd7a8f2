#include "proto/snmp_engine.h"

#include "base/reader.h"

#define TAG_INTEGER  0x02
#define TAG_OCTETS   0x04
#define TAG_SEQUENCE 0x30
#define FORMAT_MAC   3           /* the 5th byte of an id [RFC 3411 5] */
#define NEW_FORM     0x80000000U /* of an id's first 4 bytes; the rest is the enterprise */

static const uint8_t question[] = {
	TAG_SEQUENCE, 0x3a, TAG_INTEGER, 1, 3,               /* version 3 */
	TAG_SEQUENCE, 0x0f, TAG_INTEGER, 2, 0x4b, 0x6d,      /* message id */
	TAG_INTEGER, 3, 0x00, 0xff, 0xe3,                    /* at most 65507 bytes */
	TAG_OCTETS, 1, 0x04,                                 /* reportable, no security */
	TAG_INTEGER, 1, 3,                                   /* user-based security model */
	TAG_OCTETS, 0x10, TAG_SEQUENCE, 0x0e, TAG_OCTETS, 0, /* engine unknown */
	TAG_INTEGER, 1, 0, TAG_INTEGER, 1, 0, TAG_OCTETS, 0, /* boots, time; no user */
	TAG_OCTETS, 0, TAG_OCTETS, 0,                        /* no keys */
	TAG_SEQUENCE, 0x12, TAG_OCTETS, 0, TAG_OCTETS, 0,    /* no context */
	0xa0, 0x0c, TAG_INTEGER, 2, 0x4b, 0x6d, TAG_INTEGER, 1, 0, TAG_INTEGER, 1, 0, TAG_SEQUENCE,
	0 /* get nothing */
};

struct km_bytes km_snmp_engine_question(void)
{
	return KM_BYTES_OF(question);
}

/* A value of BER with this tag; definite lengths of at most 2 bytes, as a datagram has. */
static int read_value(struct km_reader *reader, uint8_t tag, struct km_bytes *ret_value)
{
	uint8_t seen = 0;
	uint8_t first = 0;
	uint8_t byte = 0;
	size_t size = 0;

	if (km_reader_u8(reader, &seen) < 0 || km_reader_u8(reader, &first) < 0) {
		return KM_ERR_SHORT;
	}
	if (seen != tag || first == 0x80 || first > 0x82) {
		return KM_ERR_FORMAT;
	}
	size = first;
	if (first > 0x80) {
		size = 0;
		for (unsigned i = first & 0x7fU; i > 0; i--) {
			if (km_reader_u8(reader, &byte) < 0) {
				return KM_ERR_SHORT;
			}
			size = size << 8 | byte;
		}
	}
	return km_reader_bytes(reader, size, ret_value);
}

/* A number from 0 to 2^31 - 1. */
static int read_number(struct km_reader *reader, uint32_t *ret_value)
{
	struct km_bytes bytes = { 0 };
	uint32_t value = 0;
	int err = read_value(reader, TAG_INTEGER, &bytes);

	if (err < 0) {
		return err;
	}
	if (bytes.size == 0 || bytes.size > 4 || (bytes.data[0] & 0x80) != 0) {
		return KM_ERR_RANGE;
	}
	for (size_t i = 0; i < bytes.size; i++) {
		value = value << 8 | bytes.data[i];
	}
	*ret_value = value;
	return 0;
}

/* version, header, and what stands in the security parameters' octets */
static int read_to_security(struct km_bytes input, struct km_bytes *ret_security)
{
	struct km_reader outer = km_reader_from(input);
	struct km_bytes message = { 0 };
	struct km_bytes header = { 0 };
	struct km_reader reader = { 0 };
	uint32_t version = 0;
	int err = read_value(&outer, TAG_SEQUENCE, &message);

	if (err < 0) {
		return err;
	}
	reader = km_reader_from(message);
	err = read_number(&reader, &version);
	if (err == 0 && version != 3) {
		err = KM_ERR_FORMAT;
	}
	if (err == 0) {
		err = read_value(&reader, TAG_SEQUENCE, &header);
	}
	return err == 0 ? read_value(&reader, TAG_OCTETS, ret_security) : err;
}

int km_snmp_engine_parse(struct km_bytes input, struct km_snmp_engine *ret_engine)
{
	struct km_snmp_engine engine = { 0 };
	struct km_bytes security = { 0 };
	struct km_bytes inner = { 0 };
	struct km_reader reader = { 0 };
	uint32_t first = 0;
	uint8_t format = 0;
	int err = read_to_security(input, &security);

	if (err == 0) {
		reader = km_reader_from(security);
		err = read_value(&reader, TAG_SEQUENCE, &inner);
	}
	if (err == 0) {
		reader = km_reader_from(inner);
		err = read_value(&reader, TAG_OCTETS, &engine.id);
	}
	if (err == 0 && (engine.id.size < 5 || engine.id.size > KM_SNMP_ENGINE_ID_MAX)) {
		err = KM_ERR_RANGE;
	}
	if (err == 0) {
		err = read_number(&reader, &engine.boots);
	}
	if (err == 0) {
		err = read_number(&reader, &engine.up_s);
	}
	if (err < 0) {
		return err;
	}
	reader = km_reader_from(engine.id);
	if (km_reader_u32(&reader, &first) < 0 || km_reader_u8(&reader, &format) < 0) {
		return KM_ERR_SHORT;
	}
	engine.enterprise = first & ~NEW_FORM;
	if ((first & NEW_FORM) != 0 && format == FORMAT_MAC && engine.id.size == 11) {
		engine.mac = km_reader_rest(&reader);
	}
	*ret_engine = engine;
	return 0;
}
