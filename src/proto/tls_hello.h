/*
 * Which versions and cipher suites of TLS a server takes: a ClientHello that offers them, and what
 * comes back first. No handshake is finished and nothing is decrypted, so suites that no library
 * speaks any more are seen, too. [RFC 8446 4.1, RFC 5246 7.4.1, RFC 6101]
 */
#ifndef KM_PROTO_TLS_HELLO_H
#define KM_PROTO_TLS_HELLO_H

#include "base/buf.h"
#include "base/error.h"

#define KM_TLS_HELLO_RANDOM_BYTES 32
#define KM_TLS_HELLO_BYTES_MAX    1024 /* of what is written */

enum km_tls_version {
	KM_TLS_SSL_3_0 = 0x0300,
	KM_TLS_1_0 = 0x0301,
	KM_TLS_1_1 = 0x0302,
	KM_TLS_1_2 = 0x0303,
	KM_TLS_1_3 = 0x0304,
};

enum km_tls_worth {
	KM_TLS_RECOMMENDED,
	KM_TLS_TOLERATED,
	KM_TLS_WEAK,
};

struct km_tls_suite {
	uint16_t number;
	enum km_tls_worth worth;
	const char *name;
};

/* The suites of tls_suites.tbl. Static. */
const struct km_tls_suite *km_tls_hello_suites(size_t *ret_count);

/* Whether a suite belongs to TLS 1.3, which shares none with older ones. */
bool km_tls_hello_is_1_3(uint16_t suite);

struct km_tls_hello {
	enum km_tls_version version; /* the only one that is offered, as far as that can be said */
	const uint16_t *suites;
	size_t count; /* at most 128 */
	uint8_t random[KM_TLS_HELLO_RANDOM_BYTES];
};

/* Append the record. In TLS 1.3 no key is offered, so the server asks for one, and names a suite.
 */
void km_tls_hello_write(const struct km_tls_hello *hello, struct km_buf *buf);

struct km_tls_hello_answer {
	bool is_alert; /* refused */
	uint8_t alert;
	enum km_tls_version version; /* that it chose */
	uint16_t suite;
};

/*
 * The first record that comes back. Returns 0, KM_ERR_SHORT while it is not complete, or
 * KM_ERR_FORMAT (no TLS).
 */
KM_MUST_USE int km_tls_hello_parse(struct km_bytes input, struct km_tls_hello_answer *ret_answer);

#endif
