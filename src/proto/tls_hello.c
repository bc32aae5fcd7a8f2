#include "proto/tls_hello.h"

#include "base/reader.h"

#define RECORD_ALERT       0x15
#define RECORD_HANDSHAKE   0x16
#define CLIENT_HELLO       1
#define SERVER_HELLO       2
#define SUITES_MAX         128
#define SCSV_RENEGOTIATION 0x00ff /* [RFC 5746 3.3] */

#define EXTENSION_GROUPS        10
#define EXTENSION_POINT_FORMATS 11
#define EXTENSION_SIGNATURES    13
#define EXTENSION_VERSIONS      43
#define EXTENSION_KEY_SHARE     51

static const struct km_tls_suite suites[] = {
#define KM_TLS_SUITE(suite, text, WORTH)                                                           \
	{ .number = (suite), .worth = KM_TLS_##WORTH, .name = (text) },
#include "proto/tls_suites.tbl"
#undef KM_TLS_SUITE
};

const struct km_tls_suite *km_tls_hello_suites(size_t *ret_count)
{
	*ret_count = KM_COUNT(suites);
	return suites;
}

bool km_tls_hello_is_1_3(uint16_t suite)
{
	return suite >> 8 == 0x13;
}

/* --- written --- */

static void set_u16(struct km_buf *buf, size_t offset, size_t value)
{
	if (km_buf_error(buf) == 0) {
		buf->data[offset] = (uint8_t)(value >> 8);
		buf->data[offset + 1] = (uint8_t)value;
	}
}

/* An extension that is one list of 16-bit numbers, the length before it in 1 or 2 bytes. */
static void write_numbers(struct km_buf *buf, unsigned extension, const uint16_t *numbers,
    size_t count, bool has_short_length)
{
	size_t bytes = 2 * count;

	km_buf_add_u16(buf, extension);
	km_buf_add_u16(buf, (unsigned)(bytes + (has_short_length ? 1 : 2)));
	if (has_short_length) {
		km_buf_add_u8(buf, (unsigned)bytes);
	} else {
		km_buf_add_u16(buf, (unsigned)bytes);
	}
	for (size_t i = 0; i < count; i++) {
		km_buf_add_u16(buf, numbers[i]);
	}
}

static void write_extensions(const struct km_tls_hello *hello, struct km_buf *buf)
{
	/* X25519, P-256, P-384, P-521 */
	static const uint16_t groups[] = { 29, 23, 24, 25 };
	/* ECDSA, RSA-PSS and RSA with SHA-2, then RSA and ECDSA with SHA-1 for old devices */
	static const uint16_t signatures[] = { 0x0403, 0x0503, 0x0603, 0x0804, 0x0805, 0x0806,
		0x0401, 0x0501, 0x0601, 0x0201, 0x0203 };
	const uint16_t version = (uint16_t)hello->version;

	write_numbers(buf, EXTENSION_GROUPS, groups, KM_COUNT(groups), false);
	km_buf_add_u16(buf, EXTENSION_POINT_FORMATS);
	km_buf_add_u16(buf, 2);
	km_buf_add_u16(buf, 0x0100); /* one: uncompressed */
	if (hello->version >= KM_TLS_1_2) {
		write_numbers(buf, EXTENSION_SIGNATURES, signatures, KM_COUNT(signatures), false);
	}
	if (hello->version >= KM_TLS_1_3) {
		write_numbers(buf, EXTENSION_VERSIONS, &version, 1, true);
		km_buf_add_u16(buf, EXTENSION_KEY_SHARE);
		km_buf_add_u16(buf, 2);
		km_buf_add_u16(buf, 0); /* none */
	}
}

void km_tls_hello_write(const struct km_tls_hello *hello, struct km_buf *buf)
{
	size_t count = hello->count < SUITES_MAX ? hello->count : SUITES_MAX;
	size_t start = buf->size;
	size_t extensions = 0;

	km_buf_add_u8(buf, RECORD_HANDSHAKE);
	km_buf_add_u16(buf, hello->version == KM_TLS_SSL_3_0 ? KM_TLS_SSL_3_0 : KM_TLS_1_0);
	km_buf_add_u16(buf, 0); /* length, known below */
	km_buf_add_u8(buf, CLIENT_HELLO);
	km_buf_add_u24(buf, 0);
	km_buf_add_u16(buf, hello->version < KM_TLS_1_3 ? hello->version : KM_TLS_1_2);
	km_buf_add_data(buf, hello->random, sizeof(hello->random));
	km_buf_add_u8(buf, 0); /* no session */
	km_buf_add_u16(buf, (unsigned)(2 * (count + 1)));
	for (size_t i = 0; i < count; i++) {
		km_buf_add_u16(buf, hello->suites[i]);
	}
	km_buf_add_u16(buf, SCSV_RENEGOTIATION);
	km_buf_add_u16(buf, 0x0100); /* one way of compression: none */
	if (hello->version > KM_TLS_SSL_3_0) {
		extensions = buf->size;
		km_buf_add_u16(buf, 0);
		write_extensions(hello, buf);
		set_u16(buf, extensions, buf->size - extensions - 2);
	}
	set_u16(buf, start + 3, buf->size - start - 5);
	set_u16(buf, start + 7, buf->size - start - 9);
}

/* --- read --- */

/* TLS 1.3 says its version in an extension, in ServerHello and in HelloRetryRequest alike. */
static void read_version(struct km_reader *reader, struct km_tls_hello_answer *answer)
{
	uint16_t total = 0;
	uint16_t kind = 0;
	uint16_t size = 0;
	uint16_t version = 0;

	if (km_reader_skip(reader, 1) < 0 || km_reader_u16(reader, &total) < 0) {
		return;
	}
	while (km_reader_u16(reader, &kind) == 0 && km_reader_u16(reader, &size) == 0) {
		struct km_bytes data = { 0 };
		struct km_reader inner = { 0 };

		if (km_reader_bytes(reader, size, &data) < 0) {
			return;
		}
		inner = km_reader_from(data);
		if (kind == EXTENSION_VERSIONS && km_reader_u16(&inner, &version) == 0) {
			answer->version = version;
		}
	}
}

static int read_server_hello(struct km_bytes body, struct km_tls_hello_answer *ret_answer)
{
	struct km_tls_hello_answer answer = { 0 };
	struct km_reader reader = km_reader_from(body);
	uint8_t kind = 0;
	uint32_t size = 0;
	uint16_t version = 0;
	uint8_t session = 0;

	if (km_reader_u8(&reader, &kind) < 0 || kind != SERVER_HELLO ||
	    km_reader_u24(&reader, &size) < 0 || km_reader_u16(&reader, &version) < 0 ||
	    km_reader_skip(&reader, KM_TLS_HELLO_RANDOM_BYTES) < 0 ||
	    km_reader_u8(&reader, &session) < 0 || km_reader_skip(&reader, session) < 0 ||
	    km_reader_u16(&reader, &answer.suite) < 0) {
		return KM_ERR_FORMAT;
	}
	answer.version = version;
	/* Several messages may stand in one record. */
	if (size + 4 < body.size) {
		reader.view = km_bytes_slice(body, 0, size + 4);
	}
	if (reader.at <= reader.view.size) {
		read_version(&reader, &answer);
	}
	*ret_answer = answer;
	return 0;
}

int km_tls_hello_parse(struct km_bytes input, struct km_tls_hello_answer *ret_answer)
{
	struct km_reader reader = km_reader_from(input);
	struct km_bytes body = { 0 };
	uint8_t record = 0;
	uint16_t version = 0;
	uint16_t size = 0;

	if (km_reader_u8(&reader, &record) < 0) {
		return KM_ERR_SHORT;
	}
	if (record != RECORD_ALERT && record != RECORD_HANDSHAKE) {
		return KM_ERR_FORMAT;
	}
	if (km_reader_u16(&reader, &version) < 0 || km_reader_u16(&reader, &size) < 0 ||
	    km_reader_bytes(&reader, size, &body) < 0) {
		return KM_ERR_SHORT;
	}
	if (version >> 8 != 3) {
		return KM_ERR_FORMAT;
	}
	if (record == RECORD_HANDSHAKE) {
		return read_server_hello(body, ret_answer);
	}
	if (body.size != 2) {
		return KM_ERR_FORMAT;
	}
	*ret_answer = (struct km_tls_hello_answer){ .is_alert = true, .alert = body.data[1] };
	return 0;
}
