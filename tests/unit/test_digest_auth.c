/* sources: base/error.c base/bytes.c base/buf.c base/text.c proto/digest_auth.c */
/* libraries: crypto */
#include "proto/digest_auth.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int hash(bool is_sha256, const struct km_bytes *parts, size_t count, uint8_t *ret_digest)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	assert_non_null(context);
	assert_int_equal(EVP_DigestInit_ex(context, is_sha256 ? EVP_sha256() : EVP_md5(), NULL), 1);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(EVP_DigestUpdate(context, parts[i].data, parts[i].size), 1);
	}
	assert_int_equal(EVP_DigestFinal_ex(context, ret_digest, NULL), 1);
	EVP_MD_CTX_free(context);
	return 0;
}

static int choose(const char *value, bool allows_basic, struct km_digest_auth *ret_auth)
{
	struct km_bytes view = km_bytes_text(value);

	return km_digest_auth_choose(&view, 1, allows_basic, ret_auth);
}

static void assert_has(const struct km_buf *buf, const char *wanted)
{
	struct km_bytes view = km_buf_view(buf);

	assert_true(km_bytes_find_seq(view, km_bytes_text(wanted)) < view.size);
}

/* [RFC 7616 3.9.1] with both algorithms, and [RFC 2617 3.5]. */
static const struct {
	const char *challenge;
	const char *password;
	const char *uri;
	const char *cnonce;
	const char *response;
} examples[] = {
	{ "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=MD5, "
	  "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
	  "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
	    "Circle of Life", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
	    "response=\"8ca523f5e9506fed4657c9700eebdbec\"" },
	{ "Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, "
	  "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", "
	  "opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
	    "Circle of Life", "/dir/index.html", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
	    "response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\"" },
	{ "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "
	  "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
	  "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
	    "Circle Of Life", "/dir/index.html", "0a4f113b",
	    "response=\"6629fae49393a05397450978507c4ef1\"" },
};

static void published_examples(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(examples); i++) {
		struct km_digest_auth auth;
		uint8_t storage[1024];
		struct km_buf buf = { 0 };
		struct km_digest_auth_login login = {
			.user = KM_BYTES("Mufasa"),
			.password = km_bytes_text(examples[i].password),
			.method = KM_BYTES("GET"),
			.uri = km_bytes_text(examples[i].uri),
			.cnonce = km_bytes_text(examples[i].cnonce),
			.hash = hash,
		};

		km_buf_init_fixed(&buf, storage, sizeof(storage));
		assert_int_equal(choose(examples[i].challenge, false, &auth), 0);
		assert_int_equal(km_digest_auth_write(&auth, &login, &buf), 0);
		assert_has(&buf, examples[i].response);
		assert_has(&buf, "nc=00000001");
		assert_has(&buf, "opaque=");
		km_buf_clear(&buf);
		assert_int_equal(km_digest_auth_write(&auth, &login, &buf), 0);
		assert_has(&buf, "nc=00000002");
	}
}

/* [RFC 2069] form: neither qop nor cnonce. MD5(MD5(u:r:p):n:MD5(m:uri)). */
static void without_qop(void **state)
{
	struct km_digest_auth auth;
	uint8_t storage[512];
	struct km_buf buf = { 0 };
	struct km_digest_auth_login login = { .user = KM_BYTES("a\"b"),
		.password = KM_BYTES("p"),
		.method = KM_BYTES("OPTIONS"),
		.uri = KM_BYTES("rtsp://h/"),
		.hash = hash };

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	assert_int_equal(choose("Digest realm = \"r\" , nonce = \"n\"", false, &auth), 0);
	assert_int_equal(auth.scheme, KM_DIGEST_AUTH_MD5);
	assert_false(auth.has_qop);
	assert_int_equal(km_digest_auth_write(&auth, &login, &buf), 0);
	assert_has(&buf, "username=\"a\\\"b\"");
	assert_true(km_bytes_find_seq(km_buf_view(&buf), KM_BYTES("cnonce")) == buf.size);
	assert_true(km_bytes_find_seq(km_buf_view(&buf), KM_BYTES("algorithm")) == buf.size);
}

static void strongest_wins(void **state)
{
	const struct km_bytes values[] = {
		KM_BYTES("Basic realm=\"a, b\", Digest realm=\"c\", nonce=\"n1\", qop=\"auth\", "
			 "stale=TRUE"),
		KM_BYTES("Digest realm=\"d\",nonce=\"n2\",algorithm=SHA-256,qop=auth"),
		KM_BYTES("Digest realm=\"e\",nonce=\"n3\",algorithm=SHA-512-256"),
		KM_BYTES("Bearer"),
	};
	struct km_digest_auth auth;

	(void)state;
	assert_int_equal(km_digest_auth_choose(values, 4, true, &auth), 0);
	assert_int_equal(auth.scheme, KM_DIGEST_AUTH_SHA256);
	assert_memory_equal(auth.nonce, "n2", 2);
	assert_int_equal(km_digest_auth_choose(values, 1, true, &auth), 0);
	assert_int_equal(auth.scheme, KM_DIGEST_AUTH_MD5);
	assert_true(auth.is_stale);
	assert_int_equal(km_digest_auth_choose(values + 2, 2, true, &auth), KM_ERR_UNSUPPORTED);
	assert_int_equal(choose("", true, &auth), KM_ERR_NOT_FOUND);
	assert_int_equal(choose("Digest realm=\"a\", nonce=\"b\", qop=\"auth-int\"", true, &auth),
	    KM_ERR_UNSUPPORTED);
}

static void basic_only_if_allowed(void **state)
{
	struct km_digest_auth auth;
	uint8_t storage[128];
	struct km_buf buf = { 0 };
	struct km_digest_auth_login login = {
		.user = KM_BYTES("Aladdin"), .password = KM_BYTES("open sesame"), .hash = hash
	};

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	assert_int_equal(choose("Basic realm=\"x\"", false, &auth), KM_ERR_DENIED);
	assert_int_equal(choose("Basic realm=\"x\"", true, &auth), 0);
	assert_int_equal(km_digest_auth_write(&auth, &login, &buf), 0);
	assert_has(&buf, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	km_buf_clear(&buf);
	login.user = KM_BYTES("a:b");
	assert_int_equal(km_digest_auth_write(&auth, &login, &buf), KM_ERR_FORMAT);
	login.user = KM_BYTES("a\r\n");
	assert_int_equal(km_digest_auth_write(&auth, &login, &buf), KM_ERR_FORMAT);
}

static void long_texts_are_refused(void **state)
{
	static char value[2000] = "Digest realm=\"r\", nonce=\"";
	struct km_digest_auth auth;

	(void)state;
	memset(value + 25, 'n', 1000);
	assert_int_equal(choose(value, false, &auth), KM_ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_examples),
		cmocka_unit_test(without_qop),
		cmocka_unit_test(strongest_wins),
		cmocka_unit_test(basic_only_if_allowed),
		cmocka_unit_test(long_texts_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
