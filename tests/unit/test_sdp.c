/* sources: base/error.c base/bytes.c proto/sdp.c */
#include "proto/sdp.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void assert_view(struct km_bytes view, const char *wanted)
{
	assert_true(km_bytes_is_equal(view, km_bytes_text(wanted)));
}

static void parse_usual(void **state)
{
	static const char text[] =
	    "v=0\r\no=- 1 1 IN IP4 10.0.0.5\r\ns=x\r\na=control:*\r\n"
	    "m=video 0 RTP/AVP 96\r\na=framerate:29.97\r\na=rtpmap:96 H264/90000\r\n"
	    "a=fmtp:96 packetization-mode=1; profile-level-id=640028;"
	    "sprop-parameter-sets=Z2QAKA==,aO48gA==; \r\na=control:trackID=1\r\n"
	    "m=audio 0 RTP/AVP 97\r\na=rtpmap:97 mpeg4-generic/16000/2\r\n"
	    "a=fmtp:97 config=1408; mode=AAC-hbr; sizeLength=13; indexLength=3\r\n"
	    "a=control:trackID=2\r\nm=application 0 RTP/AVP 107\r\na=control:trackID=3\r\n";
	struct km_sdp sdp;
	uint32_t value = 0;

	(void)state;
	assert_int_equal(km_sdp_parse(km_bytes_text(text), &sdp, NULL), 0);
	assert_true(sdp.has_version && sdp.has_origin);
	assert_view(sdp.control, "*");
	assert_int_equal(sdp.count, 3);
	assert_int_equal(sdp.media[0].kind, KM_SDP_VIDEO);
	assert_int_equal(sdp.media[0].codec, KM_CODEC_H264);
	assert_int_equal(sdp.media[0].clock_hz, 90000);
	assert_int_equal(sdp.media[0].fps_milli, 29970);
	assert_view(sdp.media[0].control, "trackID=1");
	assert_view(km_sdp_fmtp(&sdp.media[0], "SPROP-parameter-sets"), "Z2QAKA==,aO48gA==");
	assert_null(km_sdp_fmtp(&sdp.media[0], "sprop-vps").data);
	assert_int_equal(sdp.media[1].codec, KM_CODEC_AAC);
	assert_int_equal(sdp.media[1].clock_hz, 16000);
	assert_int_equal(sdp.media[1].channels, 2);
	assert_int_equal(km_sdp_fmtp_u32(&sdp.media[1], "sizelength", 16, &value), 0);
	assert_int_equal(value, 13);
	assert_int_equal(km_sdp_fmtp_u32(&sdp.media[1], "sizelength", 12, &value), KM_ERR_RANGE);
	assert_int_equal(
	    km_sdp_fmtp_u32(&sdp.media[1], "indexdeltalength", 12, &value), KM_ERR_NOT_FOUND);
	assert_int_equal(sdp.media[2].kind, KM_SDP_APPLICATION);
}

/* [quirk: no v=, no o=, CRs alone, doubled spaces, static payload types, loudspeaker] */
static void parse_odd(void **state)
{
	static const char text[] = "garbage\rm=video  0  RTP/AVP  26 \rm=audio 0 RTP/AVP 8\r"
				   "a=control:a \ra=rtpmap:99 OPUS/48000/2\rm=audio 0 RTP/AVP 0\r"
				   "a=sendonly\rm=\ra=control:x\r";
	struct km_sdp sdp;

	(void)state;
	assert_int_equal(km_sdp_parse(km_bytes_text(text), &sdp, NULL), 0);
	assert_false(sdp.has_version || sdp.has_origin);
	assert_int_equal(sdp.count, 4);
	assert_int_equal(sdp.media[0].codec, KM_CODEC_NONE);
	assert_view(sdp.media[0].encoding, "JPEG");
	assert_int_equal(sdp.media[1].codec, KM_CODEC_PCMA);
	assert_int_equal(sdp.media[1].clock_hz, 8000);
	assert_int_equal(sdp.media[1].channels, 1);
	assert_view(sdp.media[1].control, "a");
	assert_true(sdp.media[2].is_backchannel);
	assert_int_equal(sdp.media[3].kind, KM_SDP_OTHER);
}

static void parse_limits(void **state)
{
	static char text[KM_SDP_BYTES_MAX + 1];
	struct km_sdp sdp;
	size_t size = 0;

	(void)state;
	assert_int_equal(km_sdp_parse(km_bytes_from(text, sizeof(text)), &sdp, NULL), KM_ERR_LIMIT);
	assert_int_equal(km_sdp_parse(KM_BYTES("v=0\r\n"), &sdp, NULL), KM_ERR_FORMAT);
	for (unsigned i = 0; i < 10; i++) {
		memcpy(text + size, "m=audio 0 X 0\na=control:y\n", 26);
		size += 26;
	}
	assert_int_equal(km_sdp_parse(km_bytes_from(text, size), &sdp, NULL), 0);
	assert_int_equal(sdp.count, KM_SDP_MEDIAS_MAX);
	assert_int_equal(sdp.ignored, 2);
	assert_int_equal(sdp.control.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_usual),
		cmocka_unit_test(parse_odd),
		cmocka_unit_test(parse_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
