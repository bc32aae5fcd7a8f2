/* sources: base/error.c base/bytes.c base/buf.c proto/url.c */
#include "proto/url.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int parse(const char *text, struct km_url *ret_url)
{
	return km_url_parse(km_bytes_text(text), ret_url, NULL);
}

static void assert_view(struct km_bytes view, const char *wanted)
{
	assert_true(km_bytes_is_equal(view, km_bytes_text(wanted)));
}

static void parse_parts(void **state)
{
	struct km_url url = { 0 };

	(void)state;
	assert_int_equal(parse("rtsp://cam-1.local/a/b?c=1", &url), 0);
	assert_view(url.host, "cam-1.local");
	assert_view(url.path, "/a/b?c=1");
	assert_int_equal(url.port, 554);
	assert_int_equal(parse("RTSPS://[fe80::1%eth0]:8322", &url), 0);
	assert_true(url.is_tls && url.is_ipv6);
	assert_view(url.host, "fe80::1%eth0");
	assert_int_equal(url.port, 8322);
	assert_int_equal(parse("rtsps://h?x", &url), 0);
	assert_int_equal(url.port, 322);
	assert_view(url.path, "?x");
}

static void parse_refuses(void **state)
{
	struct km_url url = { 0 };
	struct km_fault fault = { 0 };

	(void)state;
	assert_int_equal(parse("http://h/", &url), KM_ERR_UNSUPPORTED);
	assert_int_equal(parse("rtsp:///a", &url), KM_ERR_FORMAT);
	assert_int_equal(parse("rtsp://h:0/", &url), KM_ERR_RANGE);
	assert_int_equal(parse("rtsp://h:65536/", &url), KM_ERR_RANGE);
	assert_int_equal(parse("rtsp://h:1x/", &url), KM_ERR_FORMAT);
	assert_int_equal(parse("rtsp://[::1/", &url), KM_ERR_FORMAT);
	assert_int_equal(parse("rtsp://[::1]x/", &url), KM_ERR_FORMAT);
	assert_int_equal(parse("rtsp://h/a b", &url), KM_ERR_FORMAT);
	assert_int_equal(parse("rtsp://h\r\n/", &url), KM_ERR_FORMAT);
	assert_int_equal(
	    km_url_parse(KM_BYTES("rtsp://admin:secret@h/"), &url, &fault), KM_ERR_DENIED);
	assert_non_null(strstr(fault.text, "user name"));
}

static void assert_text(struct km_buf *buf, const char *wanted)
{
	assert_int_equal(km_buf_error(buf), 0);
	assert_view(km_buf_view(buf), wanted);
	km_buf_clear(buf);
}

static void write_again(void **state)
{
	static const char *const texts[] = { "rtsp://h/a", "rtsp://h:8554/a?b", "rtsps://[::1]/",
		"rtsps://h:554" };
	uint8_t storage[256];
	struct km_buf buf = { 0 };
	struct km_url url = { 0 };

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	for (size_t i = 0; i < KM_COUNT(texts); i++) {
		assert_int_equal(parse(texts[i], &url), 0);
		km_url_write(&url, &buf);
		assert_text(&buf, texts[i]);
	}
}

static const struct {
	const char *base;
	const char *control;
	const char *wanted;
} joins[] = {
	{ "rtsp://h/a", "trackID=1", "rtsp://h/a/trackID=1" },
	{ "rtsp://h/a/", "trackID=1", "rtsp://h/a/trackID=1" },
	{ "rtsp://h/a/", "/trackID=1", "rtsp://h/a/trackID=1" },
	{ "rtsp://h/a", "/trackID=1", "rtsp://h/a/trackID=1" },
	{ "rtsp://h/a", "/a/trackID=1", "rtsp://h/a/trackID=1" },
	{ "rtsp://h/a", "rtsp://o/b", "rtsp://o/b" },
	{ "rtsp://h/a", "*", "rtsp://h/a" },
	{ "rtsp://h/a", "", "rtsp://h/a" },
	{ "rtsp://h/a;", "trackID=1; ", "rtsp://h/a/trackID=1" },
	{ "rtsp://h/cam?channel=1&subtype=0", "trackID=0",
	    "rtsp://h/cam?channel=1&subtype=0/trackID=0" },
	{ "rtsp://h/cam?channel=1&subtype=0/", "trackID=0",
	    "rtsp://h/cam?channel=1&subtype=0/trackID=0" },
};

static void join_controls(void **state)
{
	uint8_t storage[256];
	struct km_buf buf = { 0 };

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	for (size_t i = 0; i < KM_COUNT(joins); i++) {
		km_url_write_control(
		    km_bytes_text(joins[i].base), km_bytes_text(joins[i].control), &buf);
		assert_text(&buf, joins[i].wanted);
	}
}

static const struct {
	const char *said;
	const char *wanted;
} bases[] = {
	{ "", "rtsp://10.0.0.5:8554/s" },
	{ "rtsp://10.0.0.5:8554/s/", "rtsp://10.0.0.5:8554/s/" },
	{ "10.0.0.5:8554/s/", "rtsp://10.0.0.5:8554/s/" },
	{ "//10.0.0.5:8554/s/", "rtsp://10.0.0.5:8554/s/" },
	{ "/s/", "rtsp://10.0.0.5:8554/s/" },
	{ "rtsp://10.0.0.5:8554/s/;", "rtsp://10.0.0.5:8554/s/" },
	{ "stream", "rtsp://10.0.0.5:8554/s" },
};

/* [quirk: scheme-less Content-Base] */
static void find_bases(void **state)
{
	uint8_t storage[256];
	struct km_buf buf = { 0 };

	(void)state;
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	for (size_t i = 0; i < KM_COUNT(bases); i++) {
		km_url_write_base(
		    KM_BYTES("rtsp://10.0.0.5:8554/s"), km_bytes_text(bases[i].said), &buf);
		assert_text(&buf, bases[i].wanted);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_parts),
		cmocka_unit_test(parse_refuses),
		cmocka_unit_test(write_again),
		cmocka_unit_test(join_controls),
		cmocka_unit_test(find_bases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
