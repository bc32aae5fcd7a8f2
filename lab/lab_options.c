#include "lab_options.h"
#include "lab_picture.h"

#include "base/compiler.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MJPEG_SIDE_MAX 2040 /* RTP/JPEG has 8 bits for units of 8 pixels [RFC 2435 3.1.5] */
#define FIRST_OPTION   1000
#define SPAN_MAX_S     1e6

enum kind {
	KIND_FLAG,
	KIND_TEXT,
	KIND_NUMBER,
	KIND_SPAN,  /* seconds, with a fraction if wished, kept as microseconds */
	KIND_NAME,  /* one of `names` */
	KIND_MOUNT, /* may come more than once */
	KIND_SIZE,  /* WxH into two numbers that follow each other */
	KIND_HELP,
};

struct option_row {
	const char *name;
	const char *argument;
	enum kind kind;
	size_t offset;
	int64_t least;
	int64_t most;
	const char *const *names;
	const char *help;
};

static const char *const codec_names[] = { "h264", "h265", "mjpeg", NULL };
static const char *const audio_names[] = { "none", "aac", "pcmu", "pcma", "opus", NULL };
static const char *const auth_names[] = { "none", "basic", "digest", NULL };
static const char *const pattern_names[] = { "bars", "noise", "black", "frozen", NULL };

/* clang-format off */
#define AT(member) offsetof(struct km_lab_options, member)
static const struct option_row rows[] = {
	{"address", "ADDRESS", KIND_TEXT, AT(address), 0, 0, NULL, "listen here (127.0.0.1)"},
	{"port", "N", KIND_NUMBER, AT(port), 0, 65535, NULL, "TCP port; 0 chooses a free one (8554)"},
	{"mount", "/PATH", KIND_MOUNT, 0, 0, 0, NULL, "path of the stream (/cam1); may be repeated"},
	{"codec", "NAME", KIND_NAME, AT(codec), 0, 0, codec_names, "h264 (default), h265, mjpeg"},
	{"audio", "NAME", KIND_NAME, AT(audio), 0, 0, audio_names,
		"none (default), aac, pcmu, pcma, opus"},
	{"width", "PIXELS", KIND_NUMBER, AT(width), 160, 7680, NULL, "even (640)"},
	{"height", "PIXELS", KIND_NUMBER, AT(height), 120, 4320, NULL, "even (360)"},
	{"fps", "N", KIND_NUMBER, AT(fps), 1, 120, NULL, "pictures a second (15)"},
	{"gop", "FRAMES", KIND_NUMBER, AT(gop_frames), 1, 10000, NULL, "between key frames (30)"},
	{"bitrate", "KBIT", KIND_NUMBER, AT(bitrate_kbit), 16, 200000, NULL,
		"for h264 and h265 (800)"},
	{"frames", "N", KIND_NUMBER, AT(frames), 0, INT32_MAX, NULL,
		"end the stream after so many pictures; 0 never (0)"},
	{"pattern", "NAME", KIND_NAME, AT(pattern), 0, 0, pattern_names,
		"bars (default), noise, black, frozen"},
	{"pattern-at", "S", KIND_SPAN, AT(pattern_at_us), 0, 0, NULL,
		"change to --pattern-then after S seconds"},
	{"pattern-then", "NAME", KIND_NAME, AT(pattern_then), 0, 0, pattern_names,
		"black (default), or another pattern"},
	{"auth", "NAME", KIND_NAME, AT(auth), 0, 0, auth_names, "none (default), basic, digest (MD5)"},
	{"user", "NAME", KIND_TEXT, AT(user), 0, 0, NULL, "for --auth (admin)"},
	{"password-file", "FILE", KIND_TEXT, AT(password_file), 0, 0, NULL,
		"its first line is the password"},
	{"tls", NULL, KIND_FLAG, AT(is_tls), 0, 0, NULL, "rtsps"},
	{"certificate", "FILE", KIND_TEXT, AT(certificate), 0, 0, NULL,
		"PEM; without it a throw-away one is made"},
	{"key", "FILE", KIND_TEXT, AT(key), 0, 0, NULL, "PEM, of --certificate"},
	{"write-certificate", "FILE", KIND_TEXT, AT(write_certificate), 0, 0, NULL,
		"write the certificate in use there, as PEM"},
	{"no-shared", NULL, KIND_FLAG, AT(is_own_media), 0, 0, NULL,
		"an encoder and a frame counter for each client"},
	{"report", "S", KIND_SPAN, AT(report_us), 0, 0, NULL, "seconds between \"sent\" lines (5)"},
	{"drop-link-every", "S", KIND_SPAN, AT(drop_every_us), 0, 0, NULL,
		"close all connections every S seconds"},
	{"stall-at", "S", KIND_SPAN, AT(stall_at_us), 0, 0, NULL,
		"stop sending media after S seconds, links stay open"},
	{"stall-for", "S", KIND_SPAN, AT(stall_for_us), 0, 0, NULL, "for so long (10)"},
	{"restart-at", "S", KIND_SPAN, AT(restart_at_us), 0, 0, NULL,
		"close everything and stop listening after S seconds"},
	{"restart-for", "S", KIND_SPAN, AT(restart_for_us), 0, 0, NULL, "for so long (3)"},
	{"change-resolution-at", "S", KIND_SPAN, AT(resolution_at_us), 0, 0, NULL,
		"change the picture's size in the stream"},
	{"change-resolution-to", "WxH", KIND_SIZE, AT(resolution_width), 120, 7680, NULL,
		"to this (320x240)"},
	{"damage", "PERMILLE", KIND_NUMBER, AT(damage_permille), 0, 1000, NULL,
		"of the video's RTP packets: half dropped, half with bytes flipped (0)"},
	{"seed", "N", KIND_NUMBER, AT(seed), 0, UINT32_MAX, NULL, "of damage and noise (1)"},
	{"help", NULL, KIND_HELP, 0, 0, 0, NULL, "this text"},
};
/* clang-format on */

static void print_help(void)
{
	printf("komainu-lab-camera: a virtual network camera for tests; never for real use\n\n");
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		char left[64];

		snprintf(left, sizeof(left), "--%s %s", rows[i].name,
		    rows[i].argument ? rows[i].argument : "");
		printf("  %-30s %s\n", left, rows[i].help);
	}
	printf("\nSeconds (S) count from the first PLAY and may have a fraction. Events are JSON\n"
	       "lines on standard output. The blocks in the picture: lab/README.md.\n");
}

static bool complain(const struct option_row *row, const char *text, const char *right)
{
	fprintf(stderr, "--%s: '%s' is not right; give %s\n", row->name, text, right);
	return false;
}

static bool parse_number(const struct option_row *row, const char *text, int64_t *ret_value)
{
	char *end = NULL;
	char right[80];
	int64_t value = 0;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (errno || end == text || *end || value < row->least || value > row->most) {
		snprintf(right, sizeof(right), "a whole number from %" PRId64 " to %" PRId64,
		    row->least, row->most);
		return complain(row, text, right);
	}
	*ret_value = value;
	return true;
}

static bool parse_span(const struct option_row *row, const char *text, int64_t *ret_us)
{
	char *end = NULL;
	double seconds = strtod(text, &end);

	if (end == text || *end || !(seconds > 0) || seconds > SPAN_MAX_S) {
		return complain(row, text, "seconds above 0, such as 2.5");
	}
	*ret_us = llround(seconds * 1e6);
	return true;
}

static bool parse_name(const struct option_row *row, const char *text, int64_t *ret_value)
{
	char right[128] = "one of";
	size_t size = strlen(right);

	for (int i = 0; row->names[i]; i++) {
		if (strcmp(row->names[i], text) == 0) {
			*ret_value = i;
			return true;
		}
		size += (size_t)snprintf(right + size, sizeof(right) - size, " %s", row->names[i]);
	}
	return complain(row, text, right);
}

static bool parse_mount(
    const struct option_row *row, const char *text, struct km_lab_options *options)
{
	bool is_good = text[0] == '/' && text[1] != '\0' && strlen(text) < 128;

	for (const char *sign = text; *sign; sign++) {
		is_good = is_good && (isalnum((unsigned char)*sign) || strchr("/_.-", *sign));
	}
	if (!is_good) {
		return complain(row, text, "a path such as /cam1 (letters, digits, / _ . -)");
	}
	if (options->mount_count == KM_LAB_OPTIONS_MOUNT_MAX) {
		return complain(row, text, "at most 64 paths");
	}
	options->mounts[options->mount_count++] = text;
	return true;
}

static bool parse_size(const struct option_row *row, const char *text, int64_t *ret_pair)
{
	char *end = NULL;
	int64_t width = strtoll(text, &end, 10);
	int64_t height = *end == 'x' ? strtoll(end + 1, &end, 10) : 0;

	if (*end || width < row->least || width > row->most || height < row->least ||
	    height > row->most || width % 2 || height % 2) {
		return complain(row, text, "two even numbers such as 320x240");
	}
	ret_pair[0] = width;
	ret_pair[1] = height;
	return true;
}

static bool parse_row(
    const struct option_row *row, const char *text, struct km_lab_options *options)
{
	void *target = (char *)options + row->offset;

	switch (row->kind) {
	case KIND_FLAG:
		*(bool *)target = true;
		return true;
	case KIND_TEXT:
		*(const char **)target = text;
		return true;
	case KIND_NUMBER:
		return parse_number(row, text, target);
	case KIND_SPAN:
		return parse_span(row, text, target);
	case KIND_NAME:
		return parse_name(row, text, target);
	case KIND_MOUNT:
		return parse_mount(row, text, options);
	case KIND_SIZE:
		return parse_size(row, text, target);
	case KIND_HELP:
		break;
	}
	return true;
}

static void set_defaults(struct km_lab_options *options)
{
	*options = (struct km_lab_options){
		.address = "127.0.0.1",
		.port = 8554,
		.user = "admin",
		.width = 640,
		.height = 360,
		.fps = 15,
		.gop_frames = 30,
		.bitrate_kbit = 800,
		.pattern_then = KM_LAB_PATTERN_BLACK,
		.report_us = 5000000,
		.stall_for_us = 10000000,
		.restart_for_us = 3000000,
		.resolution_width = 320,
		.resolution_height = 240,
		.seed = 1,
	};
}

static bool read_password(struct km_lab_options *options)
{
	FILE *file = NULL;
	bool is_read = false;

	if (options->auth == KM_LAB_AUTH_NONE) {
		return true;
	}
	if (!options->password_file) {
		fprintf(stderr, "--auth: give --password-file FILE too\n");
		return false;
	}
	file = fopen(options->password_file, "re");
	is_read = file && fgets(options->password, sizeof(options->password), file);
	if (file) {
		fclose(file);
	}
	options->password[strcspn(options->password, "\r\n")] = '\0';
	if (!is_read || options->password[0] == '\0') {
		fprintf(stderr, "--password-file: '%s' cannot be read or its first line is empty\n",
		    options->password_file);
		return false;
	}
	return true;
}

static bool check(struct km_lab_options *options)
{
	if (options->width % 2 || options->height % 2) {
		fprintf(stderr, "--width, --height: give even numbers\n");
		return false;
	}
	if (options->codec == KM_LAB_CODEC_MJPEG &&
	    (options->width > MJPEG_SIDE_MAX || options->height > MJPEG_SIDE_MAX)) {
		fprintf(stderr, "--width, --height: with --codec mjpeg give at most 2040 x 2040\n");
		return false;
	}
	if (!options->certificate != !options->key) {
		fprintf(stderr, "--certificate, --key: give both or none\n");
		return false;
	}
	if (!options->is_tls && (options->certificate || options->write_certificate)) {
		fprintf(stderr, "--certificate, --write-certificate: give --tls too\n");
		return false;
	}
	if (options->mount_count == 0) {
		options->mounts[options->mount_count++] = "/cam1";
	}
	return read_password(options);
}

static void make_table(struct option *ret_table)
{
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		ret_table[i] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].argument ? required_argument : no_argument,
			.val = FIRST_OPTION + (int)i,
		};
	}
}

enum km_lab_options_result km_lab_options_parse(
    int argc, char **argv, struct km_lab_options *ret_options)
{
	struct option table[KM_COUNT(rows) + 1] = { { 0 } };
	int found = 0;

	make_table(table);
	set_defaults(ret_options);
	while ((found = getopt_long(argc, argv, "", table, NULL)) != -1) {
		const struct option_row *row = NULL;

		if (found < FIRST_OPTION) {
			fprintf(stderr, "--help lists the options\n");
			return KM_LAB_OPTIONS_BAD;
		}
		row = &rows[found - FIRST_OPTION];
		if (row->kind == KIND_HELP) {
			print_help();
			return KM_LAB_OPTIONS_HELP;
		}
		if (!parse_row(row, optarg, ret_options)) {
			return KM_LAB_OPTIONS_BAD;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "'%s' is no option; --help lists them\n", argv[optind]);
		return KM_LAB_OPTIONS_BAD;
	}
	return check(ret_options) ? KM_LAB_OPTIONS_RUN : KM_LAB_OPTIONS_BAD;
}
