/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/uuid.c web/request.c */
/*
 * What strangers send is read strictly.
 */
#include "web/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct km_bytes text(const char *words)
{
	return km_bytes_text(words);
}

static void a_range_is_served_exactly(void **state)
{
	static const struct {
		const char *range;
		uint64_t size;
		enum km_range_kind kind;
		uint64_t first;
		uint64_t count;
	} rows[] = {
		{ "bytes=0-0", 10, KM_RANGE_PART, 0, 1 },
		{ "bytes=2-5", 10, KM_RANGE_PART, 2, 4 },
		{ "bytes=2-", 10, KM_RANGE_PART, 2, 8 },
		{ "bytes=2-99", 10, KM_RANGE_PART, 2, 8 },
		{ "bytes=-3", 10, KM_RANGE_PART, 7, 3 },
		{ "bytes=-30", 10, KM_RANGE_PART, 0, 10 },
		{ "BYTES= 1-1 ", 10, KM_RANGE_PART, 1, 1 },
		{ "bytes=0-18446744073709551615", 10, KM_RANGE_PART, 0, 10 },
		{ "bytes=10-", 10, KM_RANGE_OUTSIDE, 0, 0 },
		{ "bytes=10-12", 10, KM_RANGE_OUTSIDE, 0, 0 },
		{ "bytes=-0", 10, KM_RANGE_OUTSIDE, 0, 0 },
		{ "bytes=0-", 0, KM_RANGE_OUTSIDE, 0, 0 },
		{ "bytes=-1", 0, KM_RANGE_OUTSIDE, 0, 0 },
		{ "", 10, KM_RANGE_WHOLE, 0, 0 },
		{ "bytes=", 10, KM_RANGE_WHOLE, 0, 0 },
		{ "bytes=-", 10, KM_RANGE_WHOLE, 0, 0 },
		{ "bytes=5-2", 10, KM_RANGE_WHOLE, 0, 0 },
		{ "bytes=0-1,3-4", 10, KM_RANGE_WHOLE, 0, 0 },
		{ "bytes=a-b", 10, KM_RANGE_WHOLE, 0, 0 },
		{ "bytes=1-99999999999999999999", 10, KM_RANGE_WHOLE, 0, 0 },
		{ "lines=1-2", 10, KM_RANGE_WHOLE, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		uint64_t first = 0;
		uint64_t count = 0;

		assert_int_equal(
		    km_request_range(text(rows[i].range), rows[i].size, &first, &count),
		    rows[i].kind);
		assert_int_equal(first, rows[i].first);
		assert_int_equal(count, rows[i].count);
	}
}

static void a_query_holds_what_is_known_once(void **state)
{
	static const char *const names[] = { "from", "to", NULL };
	static const char *const none[] = { NULL };
	struct km_refusal refusal = { 0 };

	(void)state;
	assert_int_equal(km_request_check_query(text("from=1&to=2"), names, &refusal), 0);
	assert_int_equal(km_request_check_query(text(""), names, &refusal), 0);
	assert_int_equal(
	    km_request_check_query(text("from=1&from=2"), names, &refusal), KM_ERR_FORMAT);
	assert_string_equal(refusal.field, "from");
	assert_int_equal(
	    km_request_check_query(text("from=1&x=2"), names, &refusal), KM_ERR_FORMAT);
	assert_int_equal(km_request_check_query(text("a"), none, &refusal), KM_ERR_FORMAT);
	assert_int_equal(
	    km_request_check_query(text("&&&&&&&&&&&&"), names, &refusal), KM_ERR_FORMAT);
}

static void a_span_is_checked(void **state)
{
	struct km_refusal refusal = { 0 };
	int64_t from = -1;
	int64_t to = -1;

	(void)state;
	assert_int_equal(km_request_query_span(text("from=5&to=9"), 4, &from, &to, &refusal), 0);
	assert_int_equal(from, 5);
	assert_int_equal(to, 9);
	assert_int_equal(
	    km_request_query_span(text("from=5&to=9"), 3, &from, &to, &refusal), KM_ERR_RANGE);
	assert_string_equal(refusal.field, "to");
	assert_int_equal(
	    km_request_query_span(text("from=9&to=9"), 3, &from, &to, &refusal), KM_ERR_RANGE);
	assert_int_equal(
	    km_request_query_span(text("from=-9&to=9"), 99, &from, &to, &refusal), KM_ERR_RANGE);
	assert_int_equal(
	    km_request_query_span(text("from=1e3&to=9"), 99, &from, &to, &refusal), KM_ERR_FORMAT);
	assert_string_equal(refusal.field, "from");
	assert_int_equal(
	    km_request_query_span(text("to=9"), 99, &from, &to, &refusal), KM_ERR_NOT_FOUND);
	assert_int_equal(
	    km_request_query_span(text("from=9223372036854775807&to=9"), 99, &from, &to, &refusal),
	    KM_ERR_RANGE);
}

#define TOKEN "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static void the_cookie_is_a_token_and_there_once(void **state)
{
	uint8_t token[KM_REQUEST_TOKEN_BYTES] = { 0 };

	(void)state;
	assert_int_equal(km_request_session(text("a=b; __Host-komainu=" TOKEN "; c=d"), token), 0);
	assert_int_equal(token[1], 0x11);
	assert_int_equal(token[31], 0xff);
	assert_int_equal(km_request_session(text("a=b"), token), KM_ERR_NOT_FOUND);
	assert_int_equal(km_request_session(text(""), token), KM_ERR_NOT_FOUND);
	assert_int_equal(km_request_session(text("__Host-komainu="), token), KM_ERR_FORMAT);
	assert_int_equal(
	    km_request_session(text("__Host-komainu=" TOKEN "0"), token), KM_ERR_FORMAT);
	assert_int_equal(
	    km_request_session(text("__Host-komainu=" TOKEN "; __Host-komainu=" TOKEN), token),
	    KM_ERR_FORMAT);
	assert_int_equal(
	    km_request_session(text("x__Host-komainu=" TOKEN), token), KM_ERR_NOT_FOUND);
}

static void only_the_own_origin_is_own(void **state)
{
	(void)state;
	assert_true(km_request_is_same_origin(text("https://nvr.example"), text("nvr.example")));
	assert_true(
	    km_request_is_same_origin(text("https://nvr.example"), text("nvr.example:443")));
	assert_true(
	    km_request_is_same_origin(text("https://NVR.example:8443"), text("nvr.example:8443")));
	assert_true(km_request_is_same_origin(text("https://[::1]:8443"), text("[::1]:8443")));
	assert_false(km_request_is_same_origin(text("http://nvr.example"), text("nvr.example")));
	assert_false(km_request_is_same_origin(text(""), text("nvr.example")));
	assert_false(km_request_is_same_origin(text("null"), text("nvr.example")));
	assert_false(km_request_is_same_origin(text("https://"), text("")));
	assert_false(km_request_is_same_origin(
	    text("https://nvr.example.evil.example"), text("nvr.example")));
	assert_false(
	    km_request_is_same_origin(text("https://nvr.example:444"), text("nvr.example")));
}

static void entity_tags_are_compared(void **state)
{
	(void)state;
	assert_true(km_request_has_etag(text("\"a\", W/\"b\""), text("\"b\"")));
	assert_true(km_request_has_etag(text("*"), text("\"b\"")));
	assert_false(km_request_has_etag(text("\"a\""), text("\"b\"")));
	assert_false(km_request_has_etag(text(""), text("\"b\"")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_is_served_exactly),
		cmocka_unit_test(a_query_holds_what_is_known_once),
		cmocka_unit_test(a_span_is_checked),
		cmocka_unit_test(the_cookie_is_a_token_and_there_once),
		cmocka_unit_test(only_the_own_origin_is_own),
		cmocka_unit_test(entity_tags_are_compared),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
