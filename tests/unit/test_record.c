/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c base/json.c model/messages.c model/record.c model/requests.c model/states.c */
/*
 * Messages by their tables: what JSON says of them, and what words make of them.
 */
#include "model/record.h"

#include "model/requests.h"
#include "model/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void assert_json(enum km_message_kind kind, const void *message, const char *wanted)
{
	struct km_json json;

	km_json_init(&json, 4096);
	km_record_write(&json, NULL, kind, message);
	assert_int_equal(km_buf_error(&json.buf), 0);
	km_buf_add_u8(&json.buf, 0);
	assert_string_equal((const char *)json.buf.data, wanted);
	km_json_finish(&json);
}

static void record_is_written_as_its_row_says(void **state)
{
	struct km_message_alarm alarm = {
		.request = 7,
		.number = 3,
		.kind = KM_ALARM_CAMERA_LOST,
		.severity = KM_SEVERITY_CRITICAL,
		.camera_name = "\"gate\" 門",
		.opened_unix_us = 1000000,
		.count = 2,
	};

	(void)state;
	assert_json(KM_MESSAGE_alarm, &alarm,
	    "{\"number\":3,\"kind\":\"camera_lost\",\"severity\":\"critical\",\"camera\":null,"
	    "\"camera_name\":\"\\\"gate\\\" 門\",\"subject\":\"\",\"opened_us\":1000000,"
	    "\"cleared_us\":null,\"count\":2,\"text\":\"\",\"acknowledged_by\":\"\","
	    "\"acknowledged_us\":null,\"incident\":0}");
	assert_string_equal(km_record_list(KM_MESSAGE_alarm), "alarms");
	assert_null(km_record_list(KM_MESSAGE_alarm_list));
}

static void secrets_and_sessions_stay_inside(void **state)
{
	struct km_message_login login = { .name = "anna", .password = "never shown" };
	struct km_message_alarm_list list = { .session_size = 32, .session = { 1, 2, 3 } };
	char text[64];
	size_t count = 0;
	const struct km_record_field *fields = km_record_fields(KM_MESSAGE_login, &count);

	(void)state;
	assert_json(
	    KM_MESSAGE_login, &login, "{\"address\":\"\",\"program\":\"\",\"name\":\"anna\"}");
	assert_json(
	    KM_MESSAGE_alarm_list, &list, "{\"is_open\":false,\"before_number\":0,\"limit\":0}");
	km_record_say(&fields[count - 1], &login, text, sizeof(text));
	assert_string_equal(text, "");
}

static void blobs_are_hexadecimal(void **state)
{
	struct km_message_camera_probe probe = { 0 };
	const char *text = NULL;

	(void)state;
	assert_int_equal(km_record_set_text(KM_MESSAGE_camera_probe, &probe, KM_BYTES("pin"),
			     KM_BYTES("0aff"), &text),
	    0);
	assert_int_equal(probe.pin_size, 2);
	assert_int_equal(probe.pin[1], 0xff);
	assert_int_equal(km_record_set_text(KM_MESSAGE_camera_probe, &probe, KM_BYTES("pin"),
			     KM_BYTES("0af"), &text),
	    KM_ERR_FORMAT);
	assert_int_equal(
	    km_record_set_number(KM_MESSAGE_camera_probe, &probe, KM_BYTES("pin_size"), 32, &text),
	    KM_ERR_NOT_FOUND);
	assert_json(KM_MESSAGE_camera_probe, &probe,
	    "{\"span_us\":0,\"url\":\"\",\"user\":\"\",\"transport\":0,\"allows_basic\":false,"
	    "\"pin\":\"0aff\"}");
}

static void words_set_fields_of_their_kind(void **state)
{
	struct km_message_alarm alarm = { 0 };
	const enum km_message_kind kind = KM_MESSAGE_alarm;
	const char *text = NULL;

	(void)state;
	assert_int_equal(
	    km_record_set_words(kind, &alarm, KM_BYTES("number"), KM_BYTES("12"), &text), 0);
	assert_int_equal(
	    km_record_set_words(kind, &alarm, KM_BYTES("kind"), KM_BYTES("storage"), &text), 0);
	assert_int_equal(
	    km_record_set_text(kind, &alarm, KM_BYTES("text"), KM_BYTES("why"), &text), 0);
	assert_int_equal(km_record_set_number(kind, &alarm, KM_BYTES("opened_us"), 5, &text), 0);
	assert_int_equal(alarm.number, 12);
	assert_int_equal(alarm.kind, KM_ALARM_STORAGE);
	assert_string_equal(alarm.text, "why");
	assert_int_equal(alarm.opened_unix_us, 5);
}

static void wrong_words_are_refused(void **state)
{
	struct km_message_alarm alarm = { 0 };
	const enum km_message_kind kind = KM_MESSAGE_alarm;
	const char *text = NULL;
	char long_text[600];

	(void)state;
	memset(long_text, 'x', sizeof(long_text));
	assert_int_equal(
	    km_record_set_number(kind, &alarm, KM_BYTES("count"), -1, &text), KM_ERR_RANGE);
	assert_int_equal(
	    km_record_set_number(kind, &alarm, KM_BYTES("count"), INT64_C(1) << 32, &text),
	    KM_ERR_RANGE);
	assert_int_equal(
	    km_record_set_number(kind, &alarm, KM_BYTES("text"), 1, &text), KM_ERR_FORMAT);
	assert_int_equal(km_record_set_text(kind, &alarm, KM_BYTES("count"), KM_BYTES("1"), &text),
	    KM_ERR_FORMAT);
	assert_int_equal(
	    km_record_set_bool(kind, &alarm, KM_BYTES("count"), true, &text), KM_ERR_FORMAT);
	assert_int_equal(
	    km_record_set_text(kind, &alarm, KM_BYTES("kind"), KM_BYTES("fire"), &text),
	    KM_ERR_FORMAT);
	assert_int_equal(
	    km_record_set_text(kind, &alarm, KM_BYTES("camera"), KM_BYTES("front"), &text),
	    KM_ERR_FORMAT);
	assert_int_equal(km_record_set_text(kind, &alarm, KM_BYTES("text"),
			     km_bytes_from(long_text, sizeof(long_text)), &text),
	    KM_ERR_RANGE);
	assert_int_equal(
	    km_record_set_text(kind, &alarm, KM_BYTES("text"), KM_BYTES("a\x1b[2J"), &text),
	    KM_ERR_FORMAT);
	/* What belongs to the session is not taken from outside. */
	assert_int_equal(
	    km_record_set_number(kind, &alarm, KM_BYTES("request"), 1, &text), KM_ERR_NOT_FOUND);
	assert_int_equal(km_record_set_text(KM_MESSAGE_alarm_list, &alarm, KM_BYTES("session"),
			     KM_BYTES("00"), &text),
	    KM_ERR_NOT_FOUND);
}

static void every_request_has_its_right(void **state)
{
	enum km_right right = KM_RIGHT_SESSION;

	(void)state;
	assert_int_equal(km_requests_right(KM_MESSAGE_alarm_list, &right), 0);
	assert_int_equal(right, KM_RIGHT_ALARMS);
	assert_int_equal(km_requests_right(KM_MESSAGE_login, &right), KM_ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(record_is_written_as_its_row_says),
		cmocka_unit_test(secrets_and_sessions_stay_inside),
		cmocka_unit_test(blobs_are_hexadecimal),
		cmocka_unit_test(words_set_fields_of_their_kind),
		cmocka_unit_test(wrong_words_are_refused),
		cmocka_unit_test(every_request_has_its_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
