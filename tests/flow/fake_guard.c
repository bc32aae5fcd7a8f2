/*
 * A guard of a few rules, to drive komainu-web in tests: started as
 *
 *     fake_guard WEB ROOT INDEX PORT
 *
 * it makes a certificate, starts WEB with a channel, to listen on PORT, and prints "port N" once
 * web is ready. Commands on standard input: "end" ends the session of the administrator; end of
 * file stops both.
 *
 * Accounts: admin (all cameras) and user (the first camera only), password "right horse". Sessions
 * are 32 bytes of 0x11 and 0x22, the CSRF token is 32 bytes of 0x33. Two cameras, 0001 and 0002.
 * A data key is the key's UUID twice. Live: camera 0001 has a ring that test pictures go into.
 */
#include "crypto/certificate.h"
#include "io/clock.h"
#include "io/ring.h"
#include "model/messages.h"
#include "model/rights.h"
#include "model/states.h"
#include "priv/channel.h"
#include "proto/track.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define CHANNEL_FD 3

struct guard {
	struct km_loop *loop;
	struct km_channel *channel;
	struct km_watch *input;
	struct km_ring *ring;
	struct km_timer *picture_timer;
	uint64_t pictures;
	bool is_live_stuck;
	pid_t web;
	uint16_t port;
};

static const struct km_uuid first_camera = { .bytes = { [15] = 1 } };
static const struct km_uuid second_camera = { .bytes = { [15] = 2 } };

static void send_message(struct guard *guard, enum km_message_kind kind, const void *message)
{
	struct km_buf packed;

	km_buf_init(&packed, KM_CHANNEL_MESSAGE_MAX);
	if (km_messages_pack(kind, message, &packed) < 0 ||
	    km_channel_send(guard->channel, km_buf_view(&packed), NULL, 0) < 0) {
		(void)fprintf(stderr, "fake_guard: cannot send\n");
	}
	km_buf_finish(&packed);
}

static enum km_account_role role_of(const uint8_t *session, size_t size)
{
	uint8_t wanted[32];

	if (size != sizeof(wanted)) {
		return KM_ACCOUNT_NONE;
	}
	memset(wanted, 0x11, sizeof(wanted));
	if (memcmp(session, wanted, size) == 0) {
		return KM_ACCOUNT_ADMINISTRATOR;
	}
	memset(wanted, 0x22, sizeof(wanted));
	return memcmp(session, wanted, size) == 0 ? KM_ACCOUNT_USER : KM_ACCOUNT_NONE;
}

static struct km_message_session_reply reply_for(uint32_t request, enum km_account_role role)
{
	struct km_message_session_reply reply = { .request = request };

	if (role == KM_ACCOUNT_NONE) {
		reply.err = KM_ERR_AUTH;
		return reply;
	}
	reply.session_size = 32;
	memset(reply.session, role == KM_ACCOUNT_ADMINISTRATOR ? 0x11 : 0x22, 32);
	reply.csrf_size = 32;
	memset(reply.csrf, 0x33, 32);
	reply.account.bytes[0] = (uint8_t)role;
	(void)snprintf(reply.name, sizeof(reply.name), "%s",
	    role == KM_ACCOUNT_ADMINISTRATOR ? "admin" : "user");
	reply.role = (uint8_t)role;
	reply.expires_unix_us = km_clock_unix_us() + INT64_C(3600000000);
	return reply;
}

static void on_login(struct guard *guard, const struct km_message_login *login)
{
	struct km_message_session_reply reply = { .request = login->request };

	if (strcmp(login->name, "locked") == 0) {
		reply.err = KM_ERR_LOCKED;
		reply.retry_after_us = 7500000;
	} else if (strcmp(login->password, "right horse") != 0) {
		reply.err = KM_ERR_AUTH;
	} else {
		reply = reply_for(login->request,
		    strcmp(login->name, "admin") == 0 ? KM_ACCOUNT_ADMINISTRATOR : KM_ACCOUNT_USER);
	}
	send_message(guard, KM_MESSAGE_session_reply, &reply);
}

static void on_check(struct guard *guard, const struct km_message_session_check *check)
{
	enum km_account_role role = role_of(check->session, check->session_size);
	struct km_message_session_reply reply = reply_for(check->request, role);

	if (reply.err == 0 &&
	    (!km_rights_has(role, (enum km_right)check->right) ||
		(km_rights_is_per_camera((enum km_right)check->right) && role == KM_ACCOUNT_USER &&
		    !km_uuid_is_equal(&check->camera, &first_camera)))) {
		reply.err = KM_ERR_DENIED;
		(void)snprintf(reply.text, sizeof(reply.text), "this account may not");
	}
	send_message(guard, KM_MESSAGE_session_reply, &reply);
}

static void on_status(struct guard *guard, const struct km_message_status_get *get)
{
	struct km_message_status_system system = { .request = get->request,
		.version = "test",
		.is_setup_done = 1,
		.storage = KM_STORAGE_OK,
		.total_bytes = 1000 };
	struct km_message_status_camera camera = { .request = get->request,
		.camera = first_camera,
		.name = "door \"1\"",
		.url = "rtsp://192.0.2.1/",
		.is_enabled = 1,
		.oldest_unix_us = INT64_MAX,
		.clock_offset_us = INT64_MIN };
	struct km_message_status_role role = {
		.request = get->request, .role = "web", .pid = 7, .is_ready = 1
	};
	struct km_message_done done = { .request = get->request };

	send_message(guard, KM_MESSAGE_status_system, &system);
	if (get->session_size > 0) {
		send_message(guard, KM_MESSAGE_status_camera, &camera);
		send_message(guard, KM_MESSAGE_status_role, &role);
	}
	send_message(guard, KM_MESSAGE_done, &done);
}

static void on_key(struct guard *guard, const struct km_message_key_open *open)
{
	struct km_message_key_reply reply = {
		.request = open->request, .key = open->key, .camera = first_camera
	};

	for (size_t i = 0; i < 32; i++) {
		(void)snprintf(reply.material + 2 * i, 3, "%02x", open->key.bytes[i % 16]);
	}
	if (role_of(open->session, open->session_size) == KM_ACCOUNT_NONE) {
		reply.err = KM_ERR_AUTH;
	}
	send_message(guard, KM_MESSAGE_key_reply, &reply);
}

/* --- live --- */

static struct km_tracks test_tracks(void)
{
	static const uint8_t avcc[] = { 1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 9, 0x67, 0x42, 0xc0,
		0x1e, 0xda, 0x02, 0x80, 0xf6, 0x40, 1, 0, 4, 0x68, 0xce, 0x0f, 0xc8 };
	struct km_tracks tracks = { .count = 1 };

	tracks.track[0] = (struct km_track){ .codec = KM_CODEC_H264,
		.clock_hz = 90000,
		.width = 640,
		.height = 480,
		.fps_milli = 25000,
		.codec_text = "avc1.42c01e",
		.config_size = sizeof(avcc) };
	memcpy(tracks.track[0].config, avcc, sizeof(avcc));
	return tracks;
}

static void write_tracks(struct guard *guard)
{
	struct km_tracks tracks = test_tracks();
	struct km_ring_entry entry = { .kind = KM_RING_TRACKS, .unix_us = km_clock_unix_us() };
	struct km_buf packed;

	km_buf_init(&packed, KM_TRACKS_PACKED_MAX);
	km_tracks_pack(&tracks, &packed);
	(void)!km_ring_write(guard->ring, &entry, km_buf_view(&packed));
	km_buf_finish(&packed);
}

/* The tracks are said again with each key frame, as the ring soon overwrites them. */
static void on_picture(void *context)
{
	struct guard *guard = context;
	uint8_t picture[40000] = { 0, 0, 0x9c, 0x3c }; /* several TLS records */
	struct km_ring_entry entry = {
		.kind = KM_RING_SAMPLE,
		.flags = guard->pictures % 25 == 0 ? KM_RING_KEY : 0,
		.ticks = (int64_t)guard->pictures * 3600,
		.unix_us = km_clock_unix_us(),
	};

	memset(picture + 4, (int)(guard->pictures % 251), sizeof(picture) - 4);
	picture[4] = entry.flags != 0 ? 0x65 : 0x41;
	if (entry.flags != 0) {
		write_tracks(guard);
	}
	(void)!km_ring_write(guard->ring, &entry, KM_BYTES_OF(picture));
	guard->pictures++;
}

static void open_ring(struct guard *guard)
{
	if (km_ring_create((size_t)4 << 20, &guard->ring) < 0) {
		exit(1);
	}
	km_ring_set_watched(guard->ring, true);
	for (int i = 0; i < 40; i++) {
		on_picture(guard);
	}
	(void)!km_timer_create(guard->loop, on_picture, guard, &guard->picture_timer);
	km_timer_start(guard->picture_timer, 40000, 40000);
}

static void on_live(struct guard *guard, const struct km_message_live_open *open)
{
	struct km_message_ring_open answer = {
		.request = open->request, .camera = open->camera, .generation = 1
	};
	struct km_message_done done = { .request = open->request,
		.err = KM_ERR_NOT_FOUND,
		.camera = open->camera,
		.text = "the camera is not streaming" };
	struct km_buf packed;
	int fds[2];

	if (!km_uuid_is_equal(&open->camera, &first_camera)) {
		send_message(guard, KM_MESSAGE_done, &done);
		return;
	}
	if (guard->ring == NULL) {
		open_ring(guard);
	}
	fds[0] = km_ring_memory_fd(guard->ring);
	fds[1] = km_ring_event_fd(guard->ring);
	km_buf_init(&packed, KM_CHANNEL_MESSAGE_MAX);
	if (km_messages_pack_ring_open(&answer, &packed) == 0) {
		(void)!km_channel_send(guard->channel, km_buf_view(&packed), fds, 2);
	}
	km_buf_finish(&packed);
}

/* --- messages --- */

static void on_request(struct guard *guard, enum km_message_kind kind, const void *message)
{
	struct km_message_done done = { 0 };

	switch ((int)kind) {
	case KM_MESSAGE_ready:
		(void)printf("kernel %s\nport %u\n",
		    ((const struct km_message_ready *)message)->kernel, guard->port);
		(void)fflush(stdout);
		break;
	case KM_MESSAGE_login:
		on_login(guard, message);
		break;
	case KM_MESSAGE_session_check:
		on_check(guard, message);
		break;
	case KM_MESSAGE_status_get:
		on_status(guard, message);
		break;
	case KM_MESSAGE_key_open:
		on_key(guard, message);
		break;
	case KM_MESSAGE_live_open:
		on_live(guard, message);
		break;
	case KM_MESSAGE_live_close:
		(void)printf("live_close\n");
		(void)fflush(stdout);
		break;
	case KM_MESSAGE_logout:
	case KM_MESSAGE_camera_put:
	case KM_MESSAGE_camera_drop:
		memcpy(&done.request, message, sizeof(done.request));
		done.camera = second_camera;
		send_message(guard, KM_MESSAGE_done, &done);
		break;
	default:
		break;
	}
}

static void on_message(void *context, struct km_bytes packed, int *fds, size_t fd_count)
{
	static union {
		uint8_t bytes[65536];
		max_align_t align;
	} message;
	enum km_message_kind kind = 0;

	for (size_t i = 0; i < fd_count; i++) {
		(void)close(fds[i]);
	}
	if (km_messages_kind(packed, &kind) == 0 &&
	    km_messages_may_send(kind, KM_ROLE_WEB, KM_ROLE_GUARD, fd_count) &&
	    km_messages_unpack(kind, packed, &message) == 0) {
		on_request(context, kind, &message);
	} else {
		(void)fprintf(stderr, "fake_guard: web broke the rules\n");
	}
}

static void on_closed(void *context, int err)
{
	struct guard *guard = context;

	(void)err;
	km_loop_stop(guard->loop);
}

static const struct km_channel_events channel_events = { on_message, on_closed };

static void on_input(void *context, unsigned events)
{
	struct guard *guard = context;
	struct km_message_session_ended ended = { .session_size = 32 };
	char line[64] = "";
	ssize_t size = read(STDIN_FILENO, line, sizeof(line) - 1);

	(void)events;
	if (size == 0) {
		km_loop_stop(guard->loop);
	} else if (size > 0 && strncmp(line, "end", 3) == 0) {
		memset(ended.session, 0x11, 32);
		send_message(guard, KM_MESSAGE_session_ended, &ended);
	}
}

/* --- start --- */

static void send_start(struct guard *guard, const char *root, const char *index)
{
	struct km_message_web_start *start = calloc(1, sizeof(*start));
	struct km_buf certificate;
	struct km_buf key;

	km_buf_init(&certificate, sizeof(start->certificate));
	km_buf_init(&key, sizeof(start->private_key) - 1);
	if (start == NULL || km_certificate_make("localhost,127.0.0.1", km_clock_unix_us(), 30,
				 &certificate, &key) < 0) {
		exit(1);
	}
	start->port = guard->port;
	(void)snprintf(start->address, sizeof(start->address), "127.0.0.1");
	(void)snprintf(start->root, sizeof(start->root), "%s", root);
	(void)snprintf(start->index, sizeof(start->index), "%s", index);
	memcpy(start->certificate, certificate.data, certificate.size);
	start->certificate_size = (uint32_t)certificate.size;
	memcpy(start->private_key, key.data, key.size);
	send_message(guard, KM_MESSAGE_web_start, start);
	km_buf_finish(&certificate);
	km_buf_wipe(&key);
	free(start);
}

static pid_t start_web(const char *path, int fd)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (dup2(fd, CHANNEL_FD) < 0) {
			_exit(126);
		}
		(void)execl(path, path, (char *)NULL);
		_exit(127);
	}
	return pid;
}

int main(int argc, char **argv)
{
	struct guard guard = { 0 };
	int ends[2];

	if (argc != 5 || km_channel_pair(ends) < 0) {
		(void)fprintf(stderr, "usage: fake_guard WEB ROOT INDEX PORT\n");
		return 2;
	}
	guard.web = start_web(argv[1], ends[1]);
	(void)close(ends[1]);
	if (guard.web < 0 || km_loop_create(&guard.loop) < 0 ||
	    km_channel_create(guard.loop, ends[0], &channel_events, &guard, &guard.channel) < 0 ||
	    km_watch_create(guard.loop, STDIN_FILENO, on_input, &guard, &guard.input) < 0) {
		return 1;
	}
	km_watch_set(guard.input, KM_LOOP_READ);
	guard.port = (uint16_t)strtoul(argv[4], NULL, 10);
	send_start(&guard, argv[2], argv[3]);
	km_loop_run(guard.loop);
	km_channel_destroy(guard.channel);
	km_watch_destroy(guard.input);
	if (guard.picture_timer != NULL) {
		km_timer_destroy(guard.picture_timer);
	}
	km_ring_destroy(guard.ring);
	km_loop_destroy(guard.loop);
	(void)waitpid(guard.web, NULL, 0);
	return 0;
}
