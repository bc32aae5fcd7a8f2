/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/uuid.c base/json.c base/reader.c base/time.c model/messages.c model/record.c model/states.c web/body_json.c */
/* libraries: jansson */
/*
 * JSON is written so that any text survives, and read against a table.
 */
#include "web/body_json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void what_is_written_is_json(void **state)
{
	struct km_json json;
	static const char wanted[] =
	    "{\"a\":\"q\\\"\\\\\\u0001\xc3\xa9\\ufffd\",\"b\":[1,-2,true,null],\"c\":{},\"d\":[]}";

	(void)state;
	km_json_init(&json, 1024);
	km_json_open(&json, NULL, '{');
	km_json_text(&json, "a", "q\"\\\x01\xc3\xa9\xff");
	km_json_open(&json, "b", '[');
	km_json_u64(&json, NULL, 1);
	km_json_i64(&json, NULL, -2);
	km_json_bool(&json, NULL, true);
	km_json_null(&json, NULL);
	km_json_close(&json, ']');
	km_json_open(&json, "c", '{');
	km_json_close(&json, '}');
	km_json_raw(&json, "d", KM_BYTES("[]"));
	km_json_close(&json, '}');
	assert_int_equal(km_buf_error(&json.buf), 0);
	assert_int_equal(json.buf.size, sizeof(wanted) - 1);
	assert_memory_equal(json.buf.data, wanted, sizeof(wanted) - 1);
	km_json_finish(&json);
}

static void too_much_is_an_error(void **state)
{
	struct km_json json;

	(void)state;
	km_json_init(&json, 8);
	km_json_text(&json, NULL, "longer than that");
	assert_int_equal(km_buf_error(&json.buf), KM_ERR_LIMIT);
	km_json_finish(&json);
}

struct wish {
	char name[8];
	uint8_t flag;
	int64_t number;
	bool has_number;
};

static int read_wish(const char *body, struct wish *wish, struct km_refusal *refusal)
{
	const struct km_body_field fields[] = {
		{ "name", KM_BODY_TEXT, wish->name, sizeof(wish->name), true, NULL },
		{ "flag", KM_BODY_BOOL, &wish->flag, 0, false, NULL },
		{ "number", KM_BODY_I64, &wish->number, 0, false, &wish->has_number },
	};

	*wish = (struct wish){ 0 };
	*refusal = (struct km_refusal){ 0 };
	return km_body_json_read(km_bytes_text(body), fields, KM_COUNT(fields), refusal);
}

static void members_are_read(void **state)
{
	struct km_refusal refusal;
	struct wish wish;

	(void)state;
	assert_int_equal(
	    read_wish("{\"name\":\"caf\xc3\xa9\",\"flag\":true,\"number\":7}", &wish, &refusal), 0);
	assert_string_equal(wish.name, "caf\xc3\xa9");
	assert_int_equal(wish.flag, 1);
	assert_int_equal(wish.number, 7);
	assert_true(wish.has_number);
	assert_int_equal(read_wish("{\"name\":\"\"}", &wish, &refusal), 0);
	assert_false(wish.has_number);
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *body;
		int err;
		const char *field;
	} rows[] = {
		{ "{}", KM_ERR_FORMAT, "name" },
		{ "", KM_ERR_FORMAT, "" },
		{ "[]", KM_ERR_FORMAT, "" },
		{ "{\"name\":\"a\"", KM_ERR_FORMAT, "" },
		{ "{\"name\":\"a\",\"name\":\"b\"}", KM_ERR_FORMAT, "" },
		{ "{\"name\":\"a\"}x", KM_ERR_FORMAT, "" },
		{ "{\"name\":7}", KM_ERR_FORMAT, "name" },
		{ "{\"name\":\"12345678\"}", KM_ERR_RANGE, "name" },
		{ "{\"name\":\"a\\u0000b\"}", KM_ERR_FORMAT, "name" },
		{ "{\"name\":\"a\\nb\"}", KM_ERR_FORMAT, "name" },
		{ "{\"name\":\"a\",\"other\":1}", KM_ERR_FORMAT, "other" },
		{ "{\"name\":\"a\",\"flag\":1}", KM_ERR_FORMAT, "flag" },
		{ "{\"name\":\"a\",\"number\":-1}", KM_ERR_RANGE, "number" },
		{ "{\"name\":\"a\",\"number\":1.5}", KM_ERR_FORMAT, "number" },
		{ "{\"name\":\"a\",\"number\":99999999999999999999}", KM_ERR_FORMAT, "" },
	};
	struct km_refusal refusal;
	struct wish wish;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		assert_int_equal(read_wish(rows[i].body, &wish, &refusal), rows[i].err);
		assert_string_equal(refusal.field, rows[i].field);
		assert_true(refusal.text[0] != '\0');
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_json),
		cmocka_unit_test(too_much_is_an_error),
		cmocka_unit_test(members_are_read),
		cmocka_unit_test(what_is_wrong_is_named),
	};

	km_body_json_wipe_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
