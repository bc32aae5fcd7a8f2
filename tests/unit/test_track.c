/* sources: base/error.c base/bytes.c base/buf.c base/reader.c proto/track.c */
#include "proto/track.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* As large as tracks can be. */
static void fill_largest(struct km_tracks *tracks)
{
	*tracks = (struct km_tracks){ .count = KM_TRACKS_MAX };
	for (size_t i = 0; i < KM_TRACKS_MAX; i++) {
		struct km_track *track = &tracks->track[i];

		track->codec = i == 0 ? KM_CODEC_H265 : KM_CODEC_PCMA;
		track->clock_hz = UINT32_MAX;
		track->width = UINT16_MAX;
		track->height = UINT16_MAX;
		track->fps_milli = UINT32_MAX;
		track->channels = UINT8_MAX;
		memset(track->codec_text, 'x', sizeof(track->codec_text) - 1);
		track->config_size = KM_TRACK_CONFIG_MAX;
		memset(track->config, (int)(0xa0 + i), sizeof(track->config));
	}
}

static void fill_usual(struct km_tracks *tracks)
{
	*tracks = (struct km_tracks){ .count = 2 };
	tracks->track[0] = (struct km_track){ .codec = KM_CODEC_H264,
		.clock_hz = 90000,
		.width = 1920,
		.height = 1080,
		.fps_milli = 29970,
		.codec_text = "avc1.64001f",
		.config_size = 4,
		.config = { 1, 2, 3, 4 } };
	tracks->track[1] =
	    (struct km_track){ .codec = KM_CODEC_PCMU, .clock_hz = 8000, .channels = 1 };
}

static void test_round_trip(void **state)
{
	static struct km_tracks tracks;
	static struct km_tracks back;
	uint8_t storage[KM_TRACKS_PACKED_MAX];
	struct km_buf buf;

	(void)state;
	for (unsigned which = 0; which < 3; which++) {
		memset(&tracks, 0, sizeof(tracks));
		if (which == 1) {
			fill_usual(&tracks);
		} else if (which == 2) {
			fill_largest(&tracks);
		}
		km_buf_init_fixed(&buf, storage, sizeof(storage));
		km_tracks_pack(&tracks, &buf);
		assert_int_equal(km_buf_error(&buf), 0);
		memset(&back, 0x55, sizeof(back));
		assert_int_equal(km_tracks_unpack(km_buf_view(&buf), &back), 0);
		assert_true(km_tracks_is_equal(&tracks, &back));
		assert_int_equal(back.track[0].fps_milli, tracks.track[0].fps_milli);
	}
}

/* Cut off anywhere, or with one byte more, it is refused and nothing is given out. */
static void test_every_length(void **state)
{
	static struct km_tracks tracks;
	static struct km_tracks back;
	uint8_t storage[KM_TRACKS_PACKED_MAX + 1];
	struct km_buf buf;

	(void)state;
	fill_usual(&tracks);
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	km_tracks_pack(&tracks, &buf);
	back.count = 77;
	for (size_t size = 0; size < buf.size; size++) {
		assert_int_equal(
		    km_tracks_unpack(km_bytes_from(storage, size), &back), KM_ERR_SHORT);
	}
	km_buf_add_u8(&buf, 0);
	assert_int_equal(km_tracks_unpack(km_buf_view(&buf), &back), KM_ERR_FORMAT);
	assert_int_equal(back.count, 77);
}

/* count, codec, clock_hz, width, height, fps_milli, channels */
#define HEAD   "\x01\x05\x00\x00\x1f\x40\x00\x00\x00\x00\x00\x00\x00\x00\x01"
#define TEXT40 "0123456789012345678901234567890123456789"

static void test_refused(void **state)
{
	static const struct {
		struct km_bytes packed;
		int err;
	} rows[] = {
		{ KM_BYTES(HEAD "\x00\x00\x00"), 0 },
		{ KM_BYTES("\x05"), KM_ERR_RANGE },
		{ KM_BYTES("\xff"), KM_ERR_RANGE },
		{ KM_BYTES("\x01\x00\x00\x00\x1f\x40\0\0\0\0\0\0\0\0\x01\x00\x00\x00"),
		    KM_ERR_RANGE },
		{ KM_BYTES("\x01\x07\x00\x00\x1f\x40\0\0\0\0\0\0\0\0\x01\x00\x00\x00"),
		    KM_ERR_RANGE },
		{ KM_BYTES("\x01\x05\x00\x00\x00\x00\0\0\0\0\0\0\0\0\x01\x00\x00\x00"),
		    KM_ERR_RANGE },
		{ KM_BYTES(HEAD "\x28" TEXT40 "\x00\x00"), KM_ERR_RANGE },
		{ KM_BYTES(HEAD "\x03"
				"a\0b"
				"\x00\x00"),
		    KM_ERR_FORMAT },
		{ KM_BYTES(HEAD "\x03"
				"a\nb"
				"\x00\x00"),
		    KM_ERR_FORMAT },
		{ KM_BYTES(HEAD "\x01"
				"\xff"
				"\x00\x00"),
		    KM_ERR_FORMAT },
		{ KM_BYTES(HEAD "\x00\x04\x01"), KM_ERR_RANGE }, /* 1025 bytes */
		{ KM_BYTES(HEAD "\x00\x00\x02"
				"a"),
		    KM_ERR_SHORT },
	};
	static struct km_tracks tracks;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		assert_int_equal(km_tracks_unpack(rows[i].packed, &tracks), rows[i].err);
	}
}

static void test_equal(void **state)
{
	static struct km_tracks a;
	static struct km_tracks b;

	(void)state;
	fill_usual(&a);
	fill_usual(&b);
	assert_true(km_tracks_is_equal(&a, &b));
	b.track[0].config[100] = 1; /* behind what counts */
	assert_true(km_tracks_is_equal(&a, &b));
	b.track[0].config[3] ^= 1;
	assert_false(km_tracks_is_equal(&a, &b));
	fill_usual(&b);
	b.track[1].channels = 2;
	assert_false(km_tracks_is_equal(&a, &b));
	fill_usual(&b);
	b.count = 1;
	assert_false(km_tracks_is_equal(&a, &b));
	fill_usual(&b);
	b.track[0].height = 720;
	assert_false(km_tracks_is_equal(&a, &b));
}

static void test_codecs(void **state)
{
	(void)state;
	for (unsigned codec = 0; codec < 9; codec++) {
		assert_non_null(km_codec_name((enum km_codec)codec));
		assert_int_equal(km_codec_is_video((enum km_codec)codec),
		    codec == KM_CODEC_H264 || codec == KM_CODEC_H265);
	}
	assert_string_equal(km_codec_name(KM_CODEC_H265), "H.265");
	assert_string_equal(km_codec_name(KM_CODEC_NONE), "none");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_equal),
		cmocka_unit_test(test_codecs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
