/* sources: auditor/soap_request.c crypto/digest.c base/buf.c base/bytes.c base/error.c base/reader.c base/text.c base/time.c */
/* libraries: crypto */
#include "auditor/soap_request.h"

#include "base/time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool holds(const struct km_buf *buf, const char *text)
{
	return km_bytes_find_seq(km_buf_view(buf), km_bytes_text(text)) < buf->size;
}

/* Worked out by another program from nonce, time and password [WSS UsernameToken 1.1, 3.1]. */
static void test_password_goes_as_digest(void **state)
{
	static const uint8_t nonce[] = { 0x2d, 0x39, 0x75, 0x11, 0xcf, 0x2d, 0x83, 0x9f, 0xcf, 0xf0,
		0x7f, 0x6f, 0xd4, 0x77, 0x60, 0xb2 };
	struct km_soap_login login = { .user = KM_BYTES("user"),
		.password = KM_BYTES("userpassword") };
	uint8_t storage[4096];
	struct km_buf buf;

	(void)state;
	memcpy(login.nonce, nonce, sizeof(nonce));
	assert_int_equal(
	    km_time_parse(KM_BYTES("2010-09-16T07:50:45Z"), INT64_MIN, &login.created_unix_us), 0);
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	assert_int_equal(km_soap_request_write(&buf, "urn:x", "GetUsers", KM_BYTES(""), &login), 0);
	assert_true(holds(&buf, "<wsu:Created>2010-09-16T07:50:45.000Z</wsu:Created>"));
	assert_true(holds(&buf, ">LTl1Ec8tg5/P8H9v1Hdgsg==</wsse:Nonce>"));
	assert_true(holds(&buf, "#PasswordDigest\">ISRxfjX7ISZXj3agQ6F2pfy2QOM=</wsse:Password>"));
	assert_false(holds(&buf, "userpassword"));
}

static void test_without_login_no_header(void **state)
{
	uint8_t storage[1024];
	struct km_buf buf;

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	assert_int_equal(
	    km_soap_request_write(&buf, "urn:x", "GetServices", KM_BYTES("<a/>"), NULL), 0);
	assert_false(holds(&buf, "Security"));
	assert_true(
	    holds(&buf, "<s:Body><GetServices xmlns=\"urn:x\"><a/></GetServices></s:Body>"));
}

static void test_text_cannot_break_out(void **state)
{
	uint8_t storage[256];
	struct km_buf buf;

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	km_soap_request_element(&buf, "tt:Name", KM_BYTES("a<b>&\"c\x01\n</tt:Name>"));
	assert_true(km_bytes_is_equal(km_buf_view(&buf),
	    KM_BYTES("<tt:Name>a&lt;b&gt;&amp;&quot;c&lt;/tt:Name&gt;</tt:Name>")));
}

static void test_bounds(void **state)
{
	struct km_soap_login login = { .user = KM_BYTES("a\nb"), .password = KM_BYTES("p") };
	uint8_t storage[64];
	struct km_buf buf;

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	assert_int_equal(
	    km_soap_request_write(&buf, "urn:x", "A", KM_BYTES(""), &login), KM_ERR_FORMAT);
	km_buf_clear(&buf);
	assert_int_equal(
	    km_soap_request_write(&buf, "urn:x", "A", KM_BYTES(""), NULL), KM_ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_password_goes_as_digest),
		cmocka_unit_test(test_without_login_no_header),
		cmocka_unit_test(test_text_cannot_break_out),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
