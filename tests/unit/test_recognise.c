/* sources: proto/recognise.c base/bytes.c base/error.c */
/* libraries: */
#include "proto/recognise.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct sample {
	enum km_question question;
	struct km_bytes answer;
	enum km_protocol protocol;
	enum km_recognise_access access;
};

#define ANSWER(literal)                                                                            \
	{                                                                                          \
		(const uint8_t *)(literal), sizeof(literal) - 1                                    \
	}

static const struct sample samples[] = {
	{ KM_QUESTION_NONE, ANSWER("SSH-2.0-dropbear_2022.83\r\n"), KM_PROTOCOL_SSH,
	    KM_RECOGNISE_UNSAID },
	{ KM_QUESTION_NONE, ANSWER("220 (vsFTPd 3.0.3)\r\n"), KM_PROTOCOL_FTP,
	    KM_RECOGNISE_UNSAID },
	{ KM_QUESTION_NONE, ANSWER("220 mail.example ESMTP Postfix\r\n"), KM_PROTOCOL_SMTP,
	    KM_RECOGNISE_UNSAID },
	{ KM_QUESTION_NONE, ANSWER("\xff\xfd\x01"), KM_PROTOCOL_TELNET, KM_RECOGNISE_UNSAID },
	{ KM_QUESTION_HTTP, ANSWER("\r\ncamera login: "), KM_PROTOCOL_TELNET, KM_RECOGNISE_UNSAID },
	{ KM_QUESTION_HTTP, ANSWER("HTTP/1.1 200 OK\r\n\r\n"), KM_PROTOCOL_HTTP,
	    KM_RECOGNISE_UNSAID },
	{ KM_QUESTION_HTTP, ANSWER("RTSP/1.0 400 Bad Request\r\n\r\n"), KM_PROTOCOL_RTSP,
	    KM_RECOGNISE_UNSAID },
	{ KM_QUESTION_HTTP,
	    ANSWER("HTTP/1.0 200 OK\r\n\r\n{\"cluster_name\":\"a\",\"tagline\":"
		   "\"You Know, for Search\"}"),
	    KM_PROTOCOL_ELASTICSEARCH, KM_RECOGNISE_OPEN },
	{ KM_QUESTION_HTTP, ANSWER("HTTP/1.1 401 Unauthorized\r\nX-elastic-product: x\r\n\r\n"),
	    KM_PROTOCOL_ELASTICSEARCH, KM_RECOGNISE_LOCKED },
	{ KM_QUESTION_HTTP, ANSWER("HTTP/1.1 200 OK\r\nServer: CUPS/2.4 IPP/2.1\r\n\r\n"),
	    KM_PROTOCOL_IPP, KM_RECOGNISE_UNSAID },
	{ KM_QUESTION_TLS, ANSWER("\x15\x03\x01\x00\x02\x02\x28"), KM_PROTOCOL_TLS,
	    KM_RECOGNISE_UNSAID },
	{ KM_QUESTION_HTTP, ANSWER("\x16\x03\x03\x00\x31"), KM_PROTOCOL_TLS, KM_RECOGNISE_UNSAID },
	{ KM_QUESTION_REDIS, ANSWER("+PONG\r\n"), KM_PROTOCOL_REDIS, KM_RECOGNISE_OPEN },
	{ KM_QUESTION_REDIS, ANSWER("-NOAUTH Authentication required.\r\n"), KM_PROTOCOL_REDIS,
	    KM_RECOGNISE_LOCKED },
	{ KM_QUESTION_MEMCACHED, ANSWER("VERSION 1.6.18\r\n"), KM_PROTOCOL_MEMCACHED,
	    KM_RECOGNISE_OPEN },
	{ KM_QUESTION_POSTGRESQL, ANSWER("S"), KM_PROTOCOL_POSTGRESQL, KM_RECOGNISE_UNSAID },
	{ KM_QUESTION_MQTT, ANSWER("\x20\x02\x00\x00"), KM_PROTOCOL_MQTT, KM_RECOGNISE_OPEN },
	{ KM_QUESTION_MQTT, ANSWER("\x20\x02\x00\x05"), KM_PROTOCOL_MQTT, KM_RECOGNISE_LOCKED },
	{ KM_QUESTION_MONGODB, ANSWER("\x30\0\0\0\x07\0\0\0\x01\0\0\0\x01\0\0\0"),
	    KM_PROTOCOL_MONGODB, KM_RECOGNISE_UNSAID },
	{ KM_QUESTION_NONE,
	    ANSWER("\x4a\0\0\0\x0a"
		   "5.5.5-10.11.6-MariaDB\0aaaaaaa"),
	    KM_PROTOCOL_MYSQL, KM_RECOGNISE_UNSAID },
	{ KM_QUESTION_NONE, ANSWER("RFB 003.008\n"), KM_PROTOCOL_VNC, KM_RECOGNISE_UNSAID },
};

static void test_protocols_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(samples); i++) {
		struct km_recognised recognised = { 0 };

		assert_int_equal(
		    km_recognise_answer(samples[i].question, samples[i].answer, &recognised), 0);
		assert_string_equal(
		    km_recognise_name(recognised.protocol), km_recognise_name(samples[i].protocol));
		assert_int_equal(recognised.access, samples[i].access);
	}
}

static void test_banners_are_one_line(void **state)
{
	struct km_recognised recognised = { 0 };

	(void)state;
	assert_int_equal(km_recognise_answer(
			     KM_QUESTION_NONE, KM_BYTES("SSH-2.0-OpenSSH_9\r\nmore"), &recognised),
	    0);
	assert_true(km_bytes_is_equal(recognised.banner, KM_BYTES("SSH-2.0-OpenSSH_9")));
	assert_int_equal(km_recognise_answer(KM_QUESTION_NONE, samples[19].answer, &recognised), 0);
	assert_true(km_bytes_is_equal(recognised.banner, KM_BYTES("5.5.5-10.11.6-MariaDB")));
}

static void test_what_is_unknown_stays_so(void **state)
{
	struct km_recognised recognised = { 0 };

	(void)state;
	assert_int_equal(
	    km_recognise_answer(KM_QUESTION_HTTP, KM_BYTES("hello there"), &recognised),
	    KM_ERR_NOT_FOUND);
	/* An answer to a question that was not asked proves nothing. */
	assert_int_equal(
	    km_recognise_answer(KM_QUESTION_HTTP, KM_BYTES("\x20\x02\x00\x00"), &recognised),
	    KM_ERR_NOT_FOUND);
	assert_int_equal(
	    km_recognise_answer(KM_QUESTION_HTTP, KM_BYTES("S"), &recognised), KM_ERR_SHORT);
	assert_int_equal(
	    km_recognise_answer(KM_QUESTION_NONE, KM_BYTES(""), &recognised), KM_ERR_SHORT);
	assert_string_equal(km_recognise_name(KM_PROTOCOL_COUNT), "unknown");
}

static void test_questions_are_whole(void **state)
{
	struct km_bytes hello = km_recognise_question(KM_QUESTION_TLS);
	struct km_bytes query = km_recognise_question(KM_QUESTION_MONGODB);
	struct km_bytes connect = km_recognise_question(KM_QUESTION_MQTT);

	(void)state;
	assert_int_equal(hello.size, 5 + hello.data[4]);
	assert_int_equal(hello.data[4], 4 + hello.data[8]);
	assert_int_equal(query.size, query.data[0]);
	assert_int_equal(connect.size, 2 + connect.data[1]);
	assert_int_equal(km_recognise_question(KM_QUESTION_NONE).size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_protocols_are_told_apart),
		cmocka_unit_test(test_banners_are_one_line),
		cmocka_unit_test(test_what_is_unknown_stays_so),
		cmocka_unit_test(test_questions_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
