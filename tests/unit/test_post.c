/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/time.c base/uuid.c base/json.c base/reader.c crypto/digest.c model/states.c model/events.c courier/post.c courier/mail_text.c courier/syslog_line.c courier/notice_json.c courier/discovery.c */
/* libraries: crypto */
/*
 * How a notice looks outside: mail, syslog, JSON, Home Assistant.
 */
#include "base/text.h"
#include "courier/discovery.h"
#include "courier/mail_text.h"
#include "courier/notice_json.h"
#include "courier/syslog_line.h"
#include "model/events.h"
#include "model/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define NOON INT64_C(1795348800123456) /* 2026-11-22T12:00:00.123456Z, a Sunday */

static struct km_message_courier_notice make(const char *en, const char *ja)
{
	struct km_message_courier_notice notice = { .event = KM_EVENT_CAMERA_PUT,
		.severity = KM_SEVERITY_CRITICAL,
		.unix_us = NOON,
		.notice = { { 1, 2, 3 } },
		.camera = { { 9 } },
		.camera_name = "front" };

	(void)snprintf(notice.text_en, sizeof(notice.text_en), "%s", en);
	(void)snprintf(notice.text_ja, sizeof(notice.text_ja), "%s", ja);
	return notice;
}

static struct km_message_courier_destination to = {
	.destination = { { 0xab } },
	.kind = KM_DESTINATION_MAIL,
	.sender = "recorder@example.org",
	.recipients = "a@example.org, b@example.org",
	.topic = "komainu",
	.discovery = "homeassistant",
	.language = KM_LANGUAGE_JA,
};

static void test_date(void **state)
{
	char storage[64];
	struct km_buf buf;

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	km_mail_text_add_date(&buf, NOON);
	km_buf_add_u8(&buf, 0);
	assert_string_equal(storage, "Sun, 22 Nov 2026 12:00:00 +0000");
	km_buf_clear(&buf);
	km_mail_text_add_date(&buf, -1);
	km_buf_add_u8(&buf, 0);
	assert_string_equal(storage, "Wed, 31 Dec 1969 23:59:59 +0000");
}

/* The header unfolded and decoded again; each line must be short and ASCII. */
static void decode_header(struct km_bytes header, struct km_buf *text)
{
	assert_true(km_bytes_has_prefix(header, KM_BYTES("Subject: =?UTF-8?B?")));
	while (header.size > 0) {
		struct km_bytes line = km_bytes_line(&header);
		size_t at = km_bytes_find_seq(line, KM_BYTES("=?UTF-8?B?"));
		struct km_bytes word = km_bytes_after(line, at + 10);
		size_t before = text->size;

		assert_true(line.size <= 76);
		assert_true(at < line.size && word.size <= 75 - 10);
		for (size_t i = 0; i < line.size; i++) {
			assert_true(line.data[i] >= ' ' && line.data[i] < 0x7f);
		}
		word.size -= 2; /* ?= */
		assert_int_equal(km_text_parse_base64(word, text), 0);
		/* [RFC 2047 5] no character is split between words. */
		assert_true(km_text_is_clean_utf8(km_bytes_after(km_buf_view(text), before)));
	}
}

static void test_subject(void **state)
{
	static const char *const subjects[] = { "", "short",
		"カメラの映像が途絶えました: "
		"正面玄関の防犯カメラ（東側）が応答していません。至急確認してください",
		"mixed 混在 text テキスト with more than one line of words in it, "
		"二行以上になるもの" };
	uint8_t storage[1024];
	uint8_t decoded[1024];
	struct km_buf buf;
	struct km_buf text;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(subjects); i++) {
		km_buf_init_fixed(&buf, storage, sizeof(storage));
		km_buf_init_fixed(&text, decoded, sizeof(decoded));
		km_mail_text_add_header(&buf, "Subject", km_bytes_text(subjects[i]));
		assert_int_equal(km_buf_error(&buf), 0);
		decode_header(km_buf_view(&buf), &text);
		assert_true(km_bytes_is_equal(km_buf_view(&text), km_bytes_text(subjects[i])));
	}
}

static int write_mail(
    const struct km_message_courier_notice *notices, size_t count, struct km_buf *buf)
{
	const struct km_post post = { .id = { { 7 } },
		.count = count,
		.notices = notices,
		.to = &to,
		.host_name = "recorder-1" };

	return km_mail_text_write(&post, NOON, buf);
}

static void test_mail(void **state)
{
	/* What would begin another header if it were not encoded. */
	struct km_message_courier_notice notices[2] = {
		make("x\r\nBcc: thief@example.org", "悪意\r\nBcc: thief@example.org\r\n\r\n本文"),
		make("b", "b"),
	};
	struct km_buf buf;
	struct km_bytes mail;
	struct km_bytes rest;
	size_t headers = 0;

	(void)state;
	km_buf_init(&buf, KM_MAIL_TEXT_MAX);
	assert_int_equal(write_mail(notices, 1, &buf), 0);
	mail = km_buf_view(&buf);
	assert_int_equal(km_bytes_find_seq(mail, KM_BYTES("thief")), mail.size);
	rest = km_bytes_slice(mail, 0, km_bytes_find_seq(mail, KM_BYTES("\r\n\r\n")));
	while (rest.size > 0) {
		struct km_bytes line = km_bytes_line(&rest);

		assert_true(line.size <= 78);
		headers += line.data[0] == ' ' ? 0 : 1;
	}
	assert_int_equal(headers, 9); /* From ... Content-Transfer-Encoding */
	assert_true(
	    km_bytes_find_seq(mail,
		KM_BYTES("\r\nMessage-ID: <07000000-0000-0000-0000-000000000000@recorder-1>\r\n")) <
	    mail.size);
	km_buf_clear(&buf);
	assert_int_equal(write_mail(notices, 2, &buf), 0);
	(void)snprintf(to.sender, sizeof(to.sender), "a@b\r\nBcc: c@d");
	assert_int_equal(write_mail(notices, 1, &buf), KM_ERR_FORMAT);
	(void)snprintf(to.sender, sizeof(to.sender), "recorder@example.org");
	km_buf_finish(&buf);
}

static void test_syslog(void **state)
{
	struct km_message_courier_notice notice = make("en", "カメラ\n停止");
	char storage[4096] = "";
	struct km_buf buf;
	uint32_t size = 0;
	struct km_bytes rest;

	(void)state;
	(void)snprintf(notice.camera_name, sizeof(notice.camera_name), "a\"b\\c]d\ne");
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	assert_int_equal(km_syslog_line_write(&notice, KM_LANGUAGE_JA, "host name!", &buf), 0);
	rest = km_buf_view(&buf);
	assert_int_equal(km_bytes_parse_u32(km_bytes_split(&rest, ' '), 4096, &size), 0);
	assert_int_equal(rest.size, size);
	assert_true(km_bytes_is_equal(
	    rest, KM_BYTES("<130>1 2026-11-22T12:00:00.123456Z hostname komainu - camera_put "
			   "[komainu@32473 id=\"01020300-0000-0000-0000-000000000000\" "
			   "severity=\"critical\" phase=\"event\" camera=\"a\\\"b\\\\c\\]d e\"] "
			   "\xef\xbb\xbf"
			   "カメラ 停止")));
}

static void test_syslog_length(void **state)
{
	struct km_message_courier_notice notice = make("", "");
	uint8_t storage[4096];
	struct km_buf buf;
	struct km_bytes rest;

	(void)state;
	for (size_t i = 0; i + 3 < sizeof(notice.text_ja); i += 3) {
		memcpy(notice.text_ja + i, "狛", 3);
	}
	memset(notice.text_en, 'x', sizeof(notice.text_en) - 1);
	memset(notice.camera_name, ']', sizeof(notice.camera_name) - 1);
	memset(notice.account_name, '"', sizeof(notice.account_name) - 1);
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	assert_int_equal(km_syslog_line_write(&notice, KM_LANGUAGE_BOTH, "h", &buf), 0);
	rest = km_buf_view(&buf);
	(void)km_bytes_split(&rest, ' ');
	assert_true(rest.size <= KM_SYSLOG_LINE_MAX);
	assert_true(km_text_is_clean_utf8(rest));
}

static void test_json(void **state)
{
	struct km_message_courier_notice notice = make("say \"x\"", "狛犬");
	char signature[KM_NOTICE_JSON_SIGNATURE_SIZE];
	struct km_json json;

	(void)state;
	km_json_init(&json, KM_NOTICE_JSON_MAX);
	assert_int_equal(km_notice_json_write(&notice, "recorder-1", &json), 0);
	assert_true(km_bytes_is_equal(km_buf_view(&json.buf),
	    KM_BYTES("{\"version\":1,\"id\":\"01020300-0000-0000-0000-000000000000\","
		     "\"recorder\":\"recorder-1\",\"time\":\"2026-11-22T12:00:00.123456Z\","
		     "\"event\":\"camera_put\",\"severity\":\"critical\",\"phase\":\"event\","
		     "\"alarm\":null,\"camera\":{\"id\":\"09000000-0000-0000-0000-000000000000\","
		     "\"name\":\"front\"},\"account\":null,\"text\":{\"en\":\"say \\\"x\\\"\","
		     "\"ja\":\"狛犬\"}}")));
	km_json_finish(&json);
	/* echo -n '1795348800.{}' | openssl dgst -sha256 -hmac key */
	assert_int_equal(
	    km_notice_json_sign(KM_BYTES("key"), 1795348800, KM_BYTES("{}"), signature), 0);
	assert_string_equal(
	    signature, "sha256=706f545aa9e881001584ac8eec5613f4e7a75ff82cc78f43673f88f69b8c3c6d");
}

struct published {
	size_t count;
	char topics[4][KM_DISCOVERY_TOPIC_SIZE];
	char payloads[4][4096];
	bool is_retained[4];
};

static int on_publish(void *context, const char *topic, struct km_bytes payload, bool is_retained)
{
	struct published *published = context;
	size_t at = published->count++;

	assert_true(at < 4);
	(void)snprintf(published->topics[at], sizeof(published->topics[at]), "%s", topic);
	assert_int_equal(
	    km_bytes_copy_text(payload, published->payloads[at], sizeof(published->payloads[at])),
	    0);
	published->is_retained[at] = is_retained;
	return 0;
}

static void test_discovery(void **state)
{
	struct km_message_courier_notice notice =
	    make("Pictures cannot be stored", "録画できません");
	struct km_message_courier_camera camera = {
		.camera = { { 9 } }, .name = "front", .is_connected = true
	};
	struct published published = { 0 };
	const struct km_discovery discovery = {
		.to = &to, .host_name = "recorder-1", .publish = on_publish, .context = &published
	};

	(void)state;
	assert_int_equal(km_discovery_tell_camera(&discovery, &camera), 0);
	assert_int_equal(published.count, 2);
	assert_string_equal(published.topics[0],
	    "homeassistant/binary_sensor/komainu_09000000000000000000000000000000/connectivity/"
	    "config");
	assert_string_equal(published.payloads[0],
	    "{\"name\":\"front\",\"unique_id\":\"komainu_09000000000000000000000000000000_"
	    "connectivity\","
	    "\"device_class\":\"connectivity\",\"state_topic\":\"komainu/camera/"
	    "09000000-0000-0000-0000-000000000000/connectivity\",\"payload_on\":\"ON\","
	    "\"payload_off\":\"OFF\",\"availability_topic\":\"komainu/availability\",\"device\":{"
	    "\"identifiers\":[\"komainu_ab000000000000000000000000000000\"],\"name\":\"recorder-"
	    "1\","
	    "\"manufacturer\":\"Komainu\",\"model\":\"network camera recorder\",\"sw_version\":"
	    "\"" KM_VERSION "\"}}");
	assert_string_equal(published.payloads[1], "ON");
	assert_true(published.is_retained[0] && published.is_retained[1]);
	published = (struct published){ 0 };
	camera.is_gone = true;
	assert_int_equal(km_discovery_tell_camera(&discovery, &camera), 0);
	assert_string_equal(published.payloads[0], "");
	assert_string_equal(published.payloads[1], "");
	published = (struct published){ 0 };
	notice.alarm = 12;
	notice.alarm_kind = KM_ALARM_STORAGE;
	notice.phase = KM_PHASE_OPENED;
	assert_int_equal(km_discovery_tell_notice(&discovery, &notice), 0);
	assert_int_equal(published.count, 3);
	assert_string_equal(published.topics[0], "komainu/notice");
	assert_false(published.is_retained[0]);
	assert_string_equal(published.topics[2], "komainu/alarm/12");
	assert_string_equal(published.payloads[2], "ON");
	published = (struct published){ 0 };
	notice.phase = KM_PHASE_CLEARED;
	assert_int_equal(km_discovery_tell_notice(&discovery, &notice), 0);
	assert_string_equal(published.payloads[1], "");
	assert_string_equal(published.payloads[2], "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_date),
		cmocka_unit_test(test_subject),
		cmocka_unit_test(test_mail),
		cmocka_unit_test(test_syslog),
		cmocka_unit_test(test_syslog_length),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_discovery),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
