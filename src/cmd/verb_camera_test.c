/*
 * `komainu camera test`: connect once and say what is offered. The talking to the camera is done by
 * a receiver of its own, as in the recorder: this process parses nothing that a camera sends.
 */
#include "cmd/role_asking.h"
#include "cmd/verbs.h"

#include "base/text.h"
#include "base/time.h"
#include "guard/cameras.h"
#include "model/messages.h"
#include "model/states.h"
#include "model/status_json.h"
#include "proto/track.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define TRACKS_MAX      65536
#define SPAN_DEFAULT_US (3 * KM_TIME_SECOND_US)
#define SPAN_MAX_US     (10 * KM_TIME_MINUTE_US)
#define PATIENCE_US     (30 * KM_TIME_SECOND_US)

/* What the receiver is asked: from an entry, from the options, or both (options win). */
static enum km_exit fill_from_entry(
    const struct km_verb_context *context, const char *name, struct km_message_camera_probe *probe)
{
	struct km_state state = { 0 };
	struct km_camera camera;
	enum km_exit result = km_verb_unlock(context, &state);

	if (result == KM_EXIT_DONE &&
	    km_cameras_find_name(state.database, km_bytes_text(name), &camera) < 0) {
		result = km_verb_fail("%s: neither a URL (rtsp://...) nor a camera's name", name);
	}
	if (result == KM_EXIT_DONE) {
		memcpy(probe->url, camera.url, sizeof(probe->url));
		memcpy(probe->user, camera.user, sizeof(probe->user));
		probe->transport = camera.transport;
		probe->allows_basic = camera.allows_basic;
		probe->pin_size = camera.has_pin ? sizeof(camera.pin) : 0;
		memcpy(probe->pin, camera.pin, sizeof(camera.pin));
		if (km_cameras_password(state.database, state.vault, &camera.id, probe->password) <
		    0) {
			result = km_verb_fail("%s: its password cannot be read", name);
		}
	}
	km_state_close(&state);
	return result;
}

static enum km_exit fill_from_options(
    const struct km_arguments *arguments, struct km_message_camera_probe *probe)
{
	const char *user = km_arguments_get(arguments, "--user");
	const char *password_file = km_arguments_get(arguments, "--password-file");
	const char *transport = km_arguments_get(arguments, "--transport");
	const char *pin = km_arguments_get(arguments, "--pin");
	const char *span = km_arguments_get(arguments, "--for");

	if (user != NULL &&
	    km_bytes_copy_text(km_bytes_text(user), probe->user, sizeof(probe->user)) < 0) {
		return km_verb_fail("--user: too long");
	}
	if (transport != NULL) {
		probe->transport = strcmp(transport, "udp") == 0   ? KM_TRANSPORT_UDP
				   : strcmp(transport, "tcp") == 0 ? KM_TRANSPORT_TCP
								   : KM_TRANSPORT_AUTO;
	}
	if (pin != NULL) {
		probe->pin_size = sizeof(probe->pin);
		if (km_text_parse_hex(km_bytes_text(pin), probe->pin, sizeof(probe->pin)) < 0) {
			return km_verb_fail(
			    "--pin: the 64 hexadecimal digits of a SHA-256 are right");
		}
	}
	if (span != NULL && (km_time_parse_span(km_bytes_text(span), &probe->span_us) < 0 ||
				probe->span_us <= 0 || probe->span_us > SPAN_MAX_US)) {
		return km_verb_fail("--for %s: 1s to 10min is right", span);
	}
	if (km_arguments_has(arguments, "--allow-basic")) {
		probe->allows_basic = true;
	}
	return password_file == NULL
		   ? KM_EXIT_DONE
		   : km_verb_read_secret(password_file, probe->password, sizeof(probe->password));
}

static enum km_exit fill(const struct km_verb_context *context,
    const struct km_arguments *arguments, struct km_message_camera_probe *probe)
{
	const char *word = arguments->words[0];
	bool is_url = strstr(word, "://") != NULL;
	enum km_exit result = KM_EXIT_DONE;

	*probe = (struct km_message_camera_probe){ .request = 1, .span_us = SPAN_DEFAULT_US };
	if (!is_url) {
		result = fill_from_entry(context, word, probe);
	} else if (km_bytes_copy_text(km_bytes_text(word), probe->url, sizeof(probe->url)) < 0) {
		result =
		    km_verb_fail("the URL is too long: %zu bytes at most", sizeof(probe->url) - 1);
	}
	return result == KM_EXIT_DONE ? fill_from_options(arguments, probe) : result;
}

/* The result; other messages (ready) are passed over. */
static bool on_message(void *context, enum km_message_kind kind, struct km_bytes packed)
{
	return kind == KM_MESSAGE_probe_result &&
	       km_messages_unpack_probe_result(packed, context) == 0;
}

static int ask_receiver(
    const struct km_message_camera_probe *probe, struct km_message_probe_result *ret_result)
{
	static const struct km_message_receiver_start start = {
		.tick_us = 100000,
		.stall_us = 10 * KM_TIME_SECOND_US,
		.retry_us = KM_TIME_SECOND_US,
		.ring_bytes_first = 1 << 20,
		.ring_bytes_max = 64 << 20,
	};
	const struct km_role_asking asking = {
		.role = KM_ROLE_RECEIVER,
		.start_kind = KM_MESSAGE_receiver_start,
		.start = &start,
		.kind = KM_MESSAGE_camera_probe,
		.message = probe,
		.patience_us = PATIENCE_US + probe->span_us,
	};

	return km_role_asking_run(&asking, on_message, ret_result);
}

static json_t *read_tracks(const struct km_message_probe_result *result)
{
	struct km_json json;
	json_t *tracks = NULL;

	km_json_init(&json, TRACKS_MAX);
	km_status_json_tracks(&json, NULL, km_bytes_from(result->tracks, result->tracks_size));
	tracks = json_loadb((const char *)json.buf.data, json.buf.size, 0, NULL);
	km_json_finish(&json);
	return tracks;
}

static void print_json(const struct km_message_probe_result *result)
{
	json_t *oddities = json_array();
	json_t *tracks = read_tracks(result);
	struct km_bytes rest = km_bytes_text(result->oddities);
	json_t *root = NULL;

	while (rest.size > 0) {
		struct km_bytes name = km_bytes_split(&rest, ',');

		(void)json_array_append_new(
		    oddities, json_stringn((const char *)name.data, name.size));
	}
	rest = km_bytes_text(result->learnt);
	for (size_t i = 0; rest.size > 0; i++) {
		struct km_bytes name = km_bytes_split(&rest, ',');
		json_t *text = json_stringn((const char *)name.data, name.size);

		(void)json_object_set(json_array_get(tracks, i), "learnt", text);
		json_decref(text);
	}
	root = json_pack("{s:b, s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:f, s:o}", "ok",
	    result->err == 0, "error", result->error, "server", result->server, "authentication",
	    result->authentication, "transport", result->transport, "tracks", tracks, "frames",
	    (json_int_t)result->frames, "bytes", (json_int_t)result->bytes, "lost",
	    (json_int_t)result->lost, "seconds",
	    (double)result->observed_us / (double)KM_TIME_SECOND_US, "oddities", oddities);
	(void)json_dumpf(root, stdout, JSON_INDENT(2));
	(void)fputs("\n", stdout);
	json_decref(root);
}

static void print_text(const struct km_message_probe_result *result)
{
	struct km_tracks tracks = { 0 };

	if (result->err < 0) {
		(void)printf("failed: %s\n", result->error);
	}
	(void)printf("server          %s\nauthentication  %s\ntransport       %s\n", result->server,
	    result->authentication, result->transport);
	if (km_tracks_unpack(km_bytes_from(result->tracks, result->tracks_size), &tracks) == 0) {
		for (size_t i = 0; i < tracks.count; i++) {
			const struct km_track *track = &tracks.track[i];

			(void)printf("track           %s %s %ux%u %u Hz\n",
			    km_codec_name(track->codec), track->codec_text, track->width,
			    track->height, track->clock_hz);
		}
	}
	(void)printf("frames          %llu in %.1f s, %llu packets lost\n",
	    (unsigned long long)result->frames,
	    (double)result->observed_us / (double)KM_TIME_SECOND_US,
	    (unsigned long long)result->lost);
	if (result->oddities[0] != '\0') {
		(void)printf("oddities        %s\n", result->oddities);
	}
}

static enum km_exit run_test(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_camera_probe probe;
	struct km_message_probe_result answer = { 0 };
	enum km_exit result = fill(context, arguments, &probe);
	int err = 0;

	if (result == KM_EXIT_DONE) {
		err = ask_receiver(&probe, &answer);
	}
	explicit_bzero(&probe, sizeof(probe));
	if (result != KM_EXIT_DONE) {
		return result;
	}
	if (err < 0) {
		return km_verb_fail("no answer from the receiver: %s",
		    err == KM_ERR_SYS ? strerror(errno) : km_error_text(err));
	}
	if (context->wants_json) {
		print_json(&answer);
	} else {
		print_text(&answer);
	}
	return answer.err == 0 ? KM_EXIT_DONE : KM_EXIT_FOUND;
}

static const struct km_argument test_arguments[] = {
	{ "--user", "NAME", "user name at the camera" },
	{ "--password-file", "FILE", "file with its password (\"-\": standard input)" },
	{ "--transport", "auto|tcp|udp", "how media comes" },
	{ "--allow-basic", NULL, "send the password unprotected if need be" },
	{ "--pin", "SHA256", "trust exactly this certificate (rtsps)" },
	{ "--for", "TIME", "watch so long (default 3s)" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_camera_test = {
	.name = "camera test",
	.usage = "URL|NAME ...",
	.text = "connect once and say what a camera offers, and what is odd about it",
	.words_min = 1,
	.words_max = 1,
	.arguments = test_arguments,
	.run = run_test,
};
