/* sources: proto/inquiry.c proto/mdns_reply.c proto/snmp_engine.c base/bytes.c base/buf.c base/error.c base/reader.c base/text.c base/uuid.c */
/* libraries: */
#include "proto/inquiry.h"
#include "proto/mdns_reply.h"
#include "proto/snmp_engine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A report as an agent with an id made of its MAC sends it. [RFC 3414 4] */
static const uint8_t snmp_report[] = { 0x30, 0x49, 0x02, 0x01, 0x03, /* version 3 */
	0x30, 0x0f, 0x02, 0x02, 0x4b, 0x6d, 0x02, 0x03, 0x00, 0xff, 0xe3, 0x04, 0x01, 0x00, 0x02,
	0x01, 0x03,                                                                   /* header */
	0x04, 0x1d, 0x30, 0x1b,                                                       /* security */
	0x04, 0x0b, 0x80, 0x00, 0x01, 0x70, 0x03, 0xac, 0xcc, 0x8e, 0x01, 0x02, 0x03, /* 368, MAC */
	0x02, 0x01, 0x07, 0x02, 0x03, 0x01, 0x00, 0x00, 0x04, 0x00, 0x04, 0x00, 0x04, 0x00 };

static void test_snmp_engine(void **state)
{
	static const uint8_t mac[] = { 0xac, 0xcc, 0x8e, 1, 2, 3 };
	struct km_snmp_engine engine = { 0 };
	uint8_t cut[sizeof(snmp_report)];

	(void)state;
	memcpy(cut, snmp_report, sizeof(cut));
	cut[1] = sizeof(cut) - 2;
	assert_int_equal(km_snmp_engine_parse(KM_BYTES_OF(cut), &engine), 0);
	assert_int_equal(engine.enterprise, 368);
	assert_int_equal(engine.boots, 7);
	assert_int_equal(engine.up_s, 65536);
	assert_true(km_bytes_is_equal(engine.mac, KM_BYTES_OF(mac)));
	for (size_t size = 0; size < sizeof(cut); size++) {
		assert_true(km_snmp_engine_parse(km_bytes_from(cut, size), &engine) < 0);
	}
	cut[4] = 1;
	assert_int_equal(km_snmp_engine_parse(KM_BYTES_OF(cut), &engine), KM_ERR_FORMAT);
}

static void test_snmp_question_is_whole(void **state)
{
	struct km_bytes question = km_snmp_engine_question();

	(void)state;
	assert_int_equal(question.size, 2 + question.data[1]);
}

static void test_mdns_names(void **state)
{
	static const uint8_t answer[] = { 0, 0, 0x84, 0, 0, 0, 0, 2, 0, 0, 0, 0, /* head */
		5, '_', 'r', 't', 's', 'p', 4, '_', 't', 'c', 'p', 5, 'l', 'o', 'c', 'a', 'l', 0, 0,
		12, 0, 1, 0, 0, 0, 10, 0, 7, 4, 'g', 'a', 't', 'e', 0xc0, 12, /* gate._rtsp... */
		0xc0, 12, 0, 12, 0, 1, 0, 0, 0, 10, 0, 2, 0xc0, 12 };
	struct km_mdns_reply reply;

	(void)state;
	assert_int_equal(km_mdns_reply_parse(KM_BYTES_OF(answer), &reply), 0);
	assert_int_equal(reply.count, 2);
	assert_string_equal(reply.name[0], "gate._rtsp._tcp.local");
	assert_string_equal(reply.name[1], "_rtsp._tcp.local");
	for (size_t size = 0; size < sizeof(answer); size++) {
		assert_true(km_mdns_reply_parse(km_bytes_from(answer, size), &reply) < 0);
	}
}

static void test_mdns_loops_end(void **state)
{
	static const uint8_t loop[] = { 0, 0, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0xc0, 12, 0, 12, 0,
		1, 0, 0, 0, 10, 0, 2, 0xc0, 12 };
	struct km_mdns_reply reply;

	(void)state;
	assert_int_equal(km_mdns_reply_parse(KM_BYTES_OF(loop), &reply), KM_ERR_FORMAT);
	/* Our own question is no answer. */
	assert_int_equal(km_mdns_reply_parse(km_mdns_reply_question(), &reply), KM_ERR_FORMAT);
}

static void test_hikvision(void **state)
{
	const struct km_bytes answer =
	    KM_BYTES("<?xml version=\"1.0\"?><ProbeMatch><Uuid>1</Uuid><Types>inquiry</Types>"
		     "<DeviceDescription>DS-2CD2042WD-I</DeviceDescription><DeviceSN>S1</DeviceSN>"
		     "<MAC>c0-56-e3-00-00-01</MAC><SoftwareVersion>V5.4.5</SoftwareVersion>"
		     "<Activated>true</Activated></ProbeMatch>");
	struct km_inquiry_answer read = { 0 };

	(void)state;
	assert_int_equal(km_inquiry_parse(KM_INQUIRY_HIKVISION, answer, &read), 0);
	assert_true(km_bytes_is_equal(read.model, KM_BYTES("DS-2CD2042WD-I")));
	assert_true(km_bytes_is_equal(read.firmware, KM_BYTES("V5.4.5")));
	assert_true(km_bytes_is_equal(read.mac, KM_BYTES("c0-56-e3-00-00-01")));
	assert_true(km_bytes_is_equal(read.activated, KM_BYTES("true")));
	assert_int_equal(km_inquiry_parse(KM_INQUIRY_HIKVISION, KM_BYTES("<Probe></Probe>"), &read),
	    KM_ERR_FORMAT);
}

static void test_dahua(void **state)
{
	uint8_t storage[512];
	struct km_inquiry_answer read = { 0 };
	struct km_buf answer;

	(void)state;
	km_buf_init_fixed(&answer, storage, sizeof(storage));
	km_buf_add(&answer, KM_BYTES("\x20\0\0\0DHIP"));
	for (unsigned i = 0; i < 24; i++) {
		km_buf_add_u8(&answer, 0);
	}
	km_buf_add_text(&answer, "{\"mac\" : \"3c:ef:8c:00:00:01\",\"params\":{\"deviceInfo\":"
				 "{\"DeviceType\":\"IPC-HFW4431R-Z\",\"Version\":\"2.4\"}}}");
	assert_int_equal(km_inquiry_parse(KM_INQUIRY_DAHUA, km_buf_view(&answer), &read), 0);
	assert_true(km_bytes_is_equal(read.model, KM_BYTES("IPC-HFW4431R-Z")));
	assert_true(km_bytes_is_equal(read.mac, KM_BYTES("3c:ef:8c:00:00:01")));
	assert_int_equal(read.serial.size, 0);
}

/* Only inquiries are ever written: no verb that sets anything. */
static void test_questions_only_inquire(void **state)
{
	static const char *const never[] = { "update", "reset", "restore", "activate", "set",
		"Password" };
	const struct km_uuid id = { .bytes = { 1 } };

	(void)state;
	for (int i = KM_INQUIRY_HIKVISION; i <= KM_INQUIRY_WS_DISCOVERY; i++) {
		uint8_t storage[1024];
		struct km_buf question;

		km_buf_init_fixed(&question, storage, sizeof(storage));
		km_inquiry_write((enum km_inquiry)i, &id, &question);
		assert_int_equal(km_buf_error(&question), 0);
		for (size_t j = 0; j < KM_COUNT(never); j++) {
			assert_int_equal(
			    km_bytes_find_seq(km_buf_view(&question), km_bytes_text(never[j])),
			    question.size);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_snmp_engine),
		cmocka_unit_test(test_snmp_question_is_whole),
		cmocka_unit_test(test_mdns_names),
		cmocka_unit_test(test_mdns_loops_end),
		cmocka_unit_test(test_hikvision),
		cmocka_unit_test(test_dahua),
		cmocka_unit_test(test_questions_only_inquire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
