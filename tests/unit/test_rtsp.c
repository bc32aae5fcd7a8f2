/* sources: base/error.c base/bytes.c base/buf.c proto/rtsp.c proto/rtsp_header.c */
#include "proto/rtsp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define BODY_MAX 1000

static const char answer[] = "RTSP/1.0 200 OK\r\n"
			     "CSeq: 3\r\n"
			     "session:  ab-c1 ;Timeout=30 \r\n"
			     "Public: OPTIONS, DESCRIBE,GET_PARAMETER\r\n"
			     "WWW-Authenticate: Basic realm=\"a\"\r\n"
			     "WWW-Authenticate: Digest realm=\"a\",\r\n"
			     " nonce=\"b\"\r\n"
			     "Content-Length: 4 \r\n"
			     "\r\n"
			     "bodyRTSP";

static void assert_view(struct km_bytes view, const char *wanted)
{
	assert_true(km_bytes_is_equal(view, km_bytes_text(wanted)));
}

static int parse(struct km_bytes input, struct km_rtsp_message *ret_message, size_t *ret_consumed)
{
	return km_rtsp_parse_message(input, BODY_MAX, ret_message, ret_consumed, NULL);
}

static void parse_answer(void **state)
{
	struct km_rtsp_message message;
	size_t consumed = 0;
	uint32_t number = 0;
	struct km_bytes id = { 0 };

	(void)state;
	assert_int_equal(parse(km_bytes_text(answer), &message, &consumed), 0);
	assert_int_equal(consumed, sizeof(answer) - 1 - 4);
	assert_false(message.is_request);
	assert_int_equal(message.status, 200);
	assert_view(message.reason, "OK");
	assert_view(message.body, "body");
	assert_int_equal(km_rtsp_cseq(&message, &number), 0);
	assert_int_equal(number, 3);
	assert_int_equal(km_rtsp_session(&message, &id, &number), 0);
	assert_view(id, "ab-c1");
	assert_int_equal(number, 30);
	assert_int_equal(km_rtsp_public(&message),
	    1U << KM_RTSP_OPTIONS | 1U << KM_RTSP_DESCRIBE | 1U << KM_RTSP_GET_PARAMETER);
	assert_view(km_rtsp_header(&message, "www-authenticate", 0), "Basic realm=\"a\"");
	assert_view(
	    km_rtsp_header(&message, "www-authenticate", 1), "Digest realm=\"a\",\r\n nonce=\"b\"");
	assert_null(km_rtsp_header(&message, "www-authenticate", 2).data);
	assert_int_equal(
	    km_rtsp_transport(&message, &(struct km_rtsp_transport){ 0 }), KM_ERR_NOT_FOUND);
}

/* Whatever arrives so far, the answer is "more" until the last byte is there. */
static void parse_incrementally(void **state)
{
	struct km_rtsp_message message;
	size_t consumed = 0;
	size_t whole = sizeof(answer) - 1 - 4;

	(void)state;
	for (size_t size = 1; size < whole; size++) {
		struct km_bytes part = km_bytes_from(answer, size);

		assert_int_equal(
		    km_rtsp_look(part), size < 5 ? KM_RTSP_NEXT_MORE : KM_RTSP_NEXT_MESSAGE);
		assert_int_equal(parse(part, &message, &consumed), KM_ERR_SHORT);
	}
	assert_int_equal(consumed, 0);
}

static void parse_request_of_camera(void **state)
{
	static const char text[] = "OPTIONS rtsp://h/ RTSP/1.0\nCSeq: 1\n\n";
	struct km_rtsp_message message;
	size_t consumed = 0;

	(void)state;
	assert_int_equal(km_rtsp_look(km_bytes_text(text)), KM_RTSP_NEXT_MESSAGE);
	assert_int_equal(parse(km_bytes_text(text), &message, &consumed), 0);
	assert_true(message.is_request);
	assert_int_equal(message.method, KM_RTSP_OPTIONS);
	assert_view(message.reason, "rtsp://h/");
	assert_int_equal(consumed, sizeof(text) - 1);
}

static void parse_limits(void **state)
{
	static char text[40000];
	struct km_rtsp_message message;
	size_t consumed = 0;
	size_t size = 0;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "RTSP/1.0 200 ", 13);
	assert_int_equal(parse(km_bytes_from(text, 5000), &message, &consumed), KM_ERR_LIMIT);
	size = 13;
	for (unsigned i = 0; i < 60; i++) {
		memcpy(text + size, "\nX: y", 5);
		size += 5;
	}
	memcpy(text + size, "\n\n", 2);
	assert_int_equal(parse(km_bytes_from(text, size + 2), &message, &consumed), KM_ERR_LIMIT);
	assert_int_equal(
	    parse(KM_BYTES("RTSP/1.0 200 OK\r\nContent-Length: 1001\r\n\r\n"), &message, &consumed),
	    KM_ERR_LIMIT);
	assert_int_equal(
	    parse(KM_BYTES("RTSP/1.0 200 OK\r\nContent-Length: -1\r\n\r\n"), &message, &consumed),
	    KM_ERR_FORMAT);
	assert_int_equal(
	    parse(KM_BYTES("RTSP/1.0 20 OK\r\n\r\n"), &message, &consumed), KM_ERR_FORMAT);
	assert_int_equal(
	    parse(KM_BYTES("HTTP/1.0 200 OK\r\n\r\n"), &message, &consumed), KM_ERR_FORMAT);
}

static void frames(void **state)
{
	static const uint8_t bytes[] = { '$', 2, 0, 3, 'a', 'b', 'c', 'R' };
	struct km_rtsp_frame frame = { 0 };
	size_t consumed = 0;

	(void)state;
	assert_int_equal(km_rtsp_look(KM_BYTES_OF(bytes)), KM_RTSP_NEXT_FRAME);
	for (size_t size = 1; size < 7; size++) {
		assert_int_equal(km_rtsp_parse_frame(km_bytes_from(bytes, size), &frame, &consumed),
		    KM_ERR_SHORT);
	}
	assert_int_equal(km_rtsp_parse_frame(KM_BYTES_OF(bytes), &frame, &consumed), 0);
	assert_int_equal(frame.channel, 2);
	assert_view(frame.payload, "abc");
	assert_int_equal(consumed, 7);
}

/* [quirk: half-written interleaved frames] */
static void resync(void **state)
{
	uint8_t bytes[64] = { 0 };

	(void)state;
	memcpy(bytes + 5, "$$\x07\x00\x08", 5); /* a channel that is not ours */
	memcpy(bytes + 20, "$\x00\x00\x0c\x80", 5);
	bytes[20 + 16] = '$';
	assert_int_equal(km_rtsp_look(KM_BYTES_OF(bytes)), KM_RTSP_NEXT_GARBAGE);
	assert_int_equal(km_rtsp_resync(KM_BYTES_OF(bytes), 0x3), 20);
	assert_int_equal(km_rtsp_resync(KM_BYTES_OF(bytes), 0x4), sizeof(bytes));
	memcpy(bytes + 50, "RTSP/1.0 200", 12);
	assert_int_equal(km_rtsp_resync(KM_BYTES_OF(bytes), 0x4), 50);
}

static struct km_rtsp_message with_header(const char *name, const char *value)
{
	return (struct km_rtsp_message){
		.header_count = 1,
		.header = { { .name = km_bytes_text(name), .value = km_bytes_text(value) } },
	};
}

static void transports(void **state)
{
	struct km_rtsp_transport transport = { 0 };
	struct km_rtsp_message message = with_header(
	    "Transport", "RTP/AVP/TCP;unicast;interleaved=4-5;ssrc=1a2B3c4D;mode=\"PLAY\"");

	(void)state;
	assert_int_equal(km_rtsp_transport(&message, &transport), 0);
	assert_true(transport.is_tcp && transport.has_interleaved && transport.has_ssrc);
	assert_int_equal(transport.interleaved[1], 5);
	assert_int_equal(transport.ssrc, 0x1a2b3c4d);
	message = with_header("Transport",
	    "RTP/AVP;unicast;client_port=5000;server_port=6000-6001;source=10.0.0.1;ssrc=zz");
	assert_int_equal(km_rtsp_transport(&message, &transport), 0);
	assert_false(transport.is_tcp || transport.has_ssrc);
	assert_int_equal(transport.client_port[1], 5001);
	assert_int_equal(transport.server_port[0], 6000);
	assert_view(transport.source, "10.0.0.1");
	message = with_header("Transport", "RTP/AVP;interleaved=300-301");
	assert_int_equal(km_rtsp_transport(&message, &transport), 0);
	assert_false(transport.has_interleaved);
}

/* [quirk: seq and rtptime missing or not numbers] */
static void rtp_info(void **state)
{
	struct km_bytes rest = KM_BYTES(
	    "url=rtsp://h/1;seq=45;rtptime=90,url=rtsp://h/2 ;seq=-1;rtptime=4294967296, ,");
	struct km_rtsp_rtp_info info = { 0 };

	(void)state;
	assert_true(km_rtsp_rtp_info(&rest, &info));
	assert_view(info.url, "rtsp://h/1");
	assert_true(info.has_sequence && info.has_timestamp);
	assert_int_equal(info.sequence, 45);
	assert_int_equal(info.timestamp, 90);
	assert_true(km_rtsp_rtp_info(&rest, &info));
	assert_view(info.url, "rtsp://h/2");
	assert_false(info.has_sequence || info.has_timestamp);
	assert_false(km_rtsp_rtp_info(&rest, &info));
}

static void session_timeouts(void **state)
{
	static const struct {
		const char *value;
		uint32_t timeout;
	} cases[] = { { "a", 60 }, { "a;timeout=0", 10 }, { "a;timeout=99999", 3600 },
		{ "a;timeout=x", 60 } };
	struct km_bytes id = { 0 };
	uint32_t timeout = 0;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(cases); i++) {
		struct km_rtsp_message message = with_header("Session", cases[i].value);

		assert_int_equal(km_rtsp_session(&message, &id, &timeout), 0);
		assert_int_equal(timeout, cases[i].timeout);
	}
}

static void write_requests(void **state)
{
	struct km_rtsp_request request = {
		.method = KM_RTSP_SETUP,
		.cseq = 4,
		.url = KM_BYTES("rtsp://h/1"),
		.session = KM_BYTES("abc"),
		.transport = KM_BYTES("RTP/AVP/TCP;unicast;interleaved=0-1"),
	};
	uint8_t storage[512];
	struct km_buf buf = { 0 };
	struct km_rtsp_message message;
	size_t consumed = 0;

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	assert_int_equal(km_rtsp_write_request(&request, &buf), 0);
	assert_int_equal(parse(km_buf_view(&buf), &message, &consumed), 0);
	assert_int_equal(message.method, KM_RTSP_SETUP);
	assert_view(km_rtsp_header(&message, "Session", 0), "abc");
	assert_int_equal(consumed, buf.size);
	km_buf_clear(&buf);
	request.session = KM_BYTES("abc\r\nX: y");
	assert_int_equal(km_rtsp_write_request(&request, &buf), KM_ERR_FORMAT);
	request.session = KM_BYTES("");
	request.url = KM_BYTES("rtsp://h/ RTSP/1.0");
	assert_int_equal(km_rtsp_write_request(&request, &buf), KM_ERR_FORMAT);
	assert_int_equal(buf.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_answer),
		cmocka_unit_test(parse_incrementally),
		cmocka_unit_test(parse_request_of_camera),
		cmocka_unit_test(parse_limits),
		cmocka_unit_test(frames),
		cmocka_unit_test(resync),
		cmocka_unit_test(transports),
		cmocka_unit_test(rtp_info),
		cmocka_unit_test(session_timeouts),
		cmocka_unit_test(write_requests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
