/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/time.c crypto/certificate.c crypto/certificate_check.c crypto/certificate_facts.c crypto/certificate_names.c crypto/certificate_pem.c */
/* libraries: crypto */
#include "crypto/certificate_check.h"

#include "base/error.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "crypto/certificate_facts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define NOW_US INT64_C(1795000000000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An authority, made once: requests are signed by it. */
struct authority {
	struct km_buf pem;
	struct km_buf key;
};

static const struct authority *authority(void)
{
	static struct authority made;

	if (made.pem.size == 0) {
		km_buf_init(&made.pem, 16384);
		km_buf_init(&made.key, 16384);
		if (km_certificate_make_authority("fuzz", NOW_US, 365, &made.pem, &made.key) < 0) {
			abort();
		}
	}
	return &made;
}

/* Certificate, chain and key with a form feed between, and the same as names and as a request. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_bytes rest = km_bytes_from(data, size);
	struct km_certificate_offer offer = {
		.certificate_pem = km_bytes_split(&rest, '\f'),
		.chain_pem = km_bytes_split(&rest, '\f'),
		.key_pem = rest,
		.names = "a.example,192.0.2.7",
		.now_unix_us = NOW_US,
	};
	const struct km_certificate_authority view = {
		.certificate_pem = km_buf_view(&authority()->pem),
		.key_pem = km_buf_view(&authority()->key),
	};
	struct km_certificate_facts facts;
	char names[KM_CERTIFICATE_NAMES_SIZE];
	struct km_buf certificate;
	struct km_buf key;
	struct km_buf error;

	km_buf_init(&certificate, 65536);
	km_buf_init(&key, 65536);
	km_buf_init(&error, 4096);
	if (km_certificate_check_offer(&offer, &certificate, &key, &error) < 0) {
		assert(error.size > 0);
	}
	if (km_certificate_facts_read(km_bytes_from(data, size), &facts) == 0) {
		assert(facts.count > 0 && memchr(facts.subject, 0, sizeof(facts.subject)) != NULL);
	}
	(void)!km_certificate_sign_request(
	    &view, km_bytes_from(data, size), NULL, NOW_US, 1, &certificate, &error);
	if (km_bytes_copy_text(km_bytes_from(data, size), names, sizeof(names)) == 0) {
		(void)!km_certificate_names_check(names, &error);
	}
	km_buf_finish(&certificate);
	km_buf_wipe(&key);
	km_buf_finish(&error);
	return 0;
}
