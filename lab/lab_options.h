/*
 * The virtual camera's command line: one table, from which --help is written too.
 */
#ifndef KM_LAB_OPTIONS_H
#define KM_LAB_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#define KM_LAB_OPTIONS_MOUNT_MAX  64
#define KM_LAB_OPTIONS_SECRET_MAX 256

enum km_lab_codec { KM_LAB_CODEC_H264, KM_LAB_CODEC_H265, KM_LAB_CODEC_MJPEG };
enum km_lab_audio {
	KM_LAB_AUDIO_NONE,
	KM_LAB_AUDIO_AAC,
	KM_LAB_AUDIO_PCMU,
	KM_LAB_AUDIO_PCMA,
	KM_LAB_AUDIO_OPUS,
};
enum km_lab_auth { KM_LAB_AUTH_NONE, KM_LAB_AUTH_BASIC, KM_LAB_AUTH_DIGEST };

/* Strings point into argv. Spans are microseconds from the first PLAY; 0 means never. */
struct km_lab_options {
	const char *address;
	int64_t port; /* 0: one is chosen */
	const char *mounts[KM_LAB_OPTIONS_MOUNT_MAX];
	int mount_count;
	int64_t codec; /* enum km_lab_codec, and so on below */
	int64_t audio;
	int64_t auth;
	const char *user;
	const char *password_file;
	char password[KM_LAB_OPTIONS_SECRET_MAX]; /* the file's first line */
	bool is_tls;
	const char *certificate;
	const char *key;
	const char *write_certificate;
	int64_t width;
	int64_t height;
	int64_t fps;
	int64_t gop_frames;
	int64_t bitrate_kbit;
	int64_t frames; /* 0: without end */
	int64_t pattern;
	int64_t pattern_at_us;
	int64_t pattern_then;
	int64_t report_us;
	bool is_own_media; /* --no-shared */
	int64_t drop_every_us;
	int64_t stall_at_us;
	int64_t stall_for_us;
	int64_t restart_at_us;
	int64_t restart_for_us;
	int64_t resolution_at_us;
	int64_t resolution_width;
	int64_t resolution_height;
	int64_t damage_permille;
	int64_t seed;
};

enum km_lab_options_result {
	KM_LAB_OPTIONS_RUN,
	KM_LAB_OPTIONS_HELP, /* was printed: leave with 0 */
	KM_LAB_OPTIONS_BAD,  /* was explained on stderr: leave with 2 */
};

/* Fill ret_options (defaults first), read the password file, check what belongs together. */
enum km_lab_options_result km_lab_options_parse(
    int argc, char **argv, struct km_lab_options *ret_options);

#endif
