#include "receiver/camera_inside.h"

#include "base/text.h"
#include "base/time.h"
#include "crypto/random.h"
#include "io/clock.h"
#include "model/states.h"
#include "proto/oddity.h"
#include "receiver/offer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECT_TIMEOUT_US   (10 * KM_TIME_SECOND_US)
#define HANDSHAKE_TIMEOUT_US (15 * KM_TIME_SECOND_US)
#define ON_ARRIVAL_US        (3 * KM_TIME_SECOND_US) /* at the start of each stream */
#define GOOD_US              (5 * KM_TIME_SECOND_US)
#define REPORT_US            (5 * KM_TIME_SECOND_US) /* [RFC 3550 6.2] */
#define BYE_PATIENCE_US      (2 * KM_TIME_SECOND_US)
#define PROBE_MAX_US         (60 * KM_TIME_SECOND_US)
#define BODY_MAX             KM_SDP_BYTES_MAX
#define TAIL_MAX             (BODY_MAX + KM_RTSP_HEAD_MAX + 4096)
#define WINDOW_BYTES         (1 << 20)
#define READS_MAX            64

static bool is_probe(const struct km_camera_session *session)
{
	return session->probe_us > 0;
}

/* `since` is that of the state that is shown: it does not change with each fruitless try. */
static void set_phase(struct km_camera_session *session, enum km_camera_phase phase)
{
	session->phase = phase;
	if (km_camera_status_state(session) != session->shown_state ||
	    session->since_unix_us == 0) {
		session->shown_state = km_camera_status_state(session);
		session->since_unix_us = km_clock_unix_us();
	}
}

static void copy_text(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%.*s", (int)size - 1, from);
}

/* --- ends --- */

static void leave_rounds(struct km_camera_session *session)
{
	for (size_t i = 0; i < KM_COUNT(session->round); i++) {
		km_rounds_remove(session->round[i]);
		session->round[i] = NULL;
	}
	session->is_in_rounds = false;
}

static void close_connection(struct km_camera_session *session)
{
	leave_rounds(session);
	km_stream_destroy(session->stream);
	session->stream = NULL;
	km_media_path_finish(&session->path);
	km_rtsp_client_finish(&session->client);
	km_buf_finish(&session->tail);
	km_buf_init(&session->tail, TAIL_MAX);
	session->is_reading = false;
}

/* Whether the camera let the session die although OPTIONS came in time [quirk: keepalive]. */
static void suspect_keepalive(struct km_camera_session *session, int64_t now_us)
{
	int64_t timeout_us = (int64_t)session->client.timeout_seconds * KM_TIME_SECOND_US;
	int64_t lived_us = now_us - session->playing_us;

	if (session->phase == KM_CAMERA_PHASE_STREAMING && lived_us > timeout_us * 9 / 10 &&
	    lived_us < timeout_us * 16 / 10) {
		session->is_keepalive_by_parameter = true;
	}
}

static uint32_t any_number(void)
{
	uint32_t number = 0;

	/* It only spreads tries in time: 0 will do. */
	return km_random_fill(&number, sizeof(number)) < 0 ? 0 : number;
}

/* The try or the stream is over, for this reason. */
static void lose(struct km_camera_session *session, int code, const char *text)
{
	int64_t now_us = km_clock_monotonic_us();
	bool is_refused = code == KM_ERR_AUTH || code == KM_ERR_DENIED;

	copy_text(session->error, sizeof(session->error), text);
	session->oddities |= session->client.oddities | session->path.oddities;
	copy_text(session->stale, sizeof(session->stale), session->client.session);
	suspect_keepalive(session, now_us);
	if (session->phase == KM_CAMERA_PHASE_STREAMING) {
		session->reconnects++;
		if (now_us - session->playing_us > GOOD_US && session->intake.is_playing) {
			km_retry_note_good(&session->retry);
		}
	}
	if (session->intake.first_unix_us != 0) {
		session->outages++;
		session->lost_unix_us = session->intake.last_unix_us;
		session->intake.first_unix_us = 0;
	}
	km_intake_end(&session->intake, KM_GAP_CAMERA_LOST, km_clock_unix_us());
	close_connection(session);
	session->is_refused = is_refused;
	if (is_probe(session)) {
		session->probe_err = code;
		set_phase(session, KM_CAMERA_PHASE_ENDED);
		return;
	}
	session->next_try_us = now_us + km_retry_delay_us(&session->retry,
					    session->shared->retry_us, is_refused, any_number());
	set_phase(session, KM_CAMERA_PHASE_WAITING);
}

/* Leave a stream politely; nothing is waited for. */
static void leave(struct km_camera_session *session)
{
	if (session->phase == KM_CAMERA_PHASE_TALKING ||
	    session->phase == KM_CAMERA_PHASE_STREAMING) {
		struct km_buf *out = &session->client.out;
		int err = 0;

		km_rtsp_client_teardown(&session->client);
		if (out->size > 0) {
			err = km_stream_write(session->stream, km_buf_view(out));
		}
		(void)err; /* the connection is closed in any case */
	}
	session->stale[0] = '\0';
	close_connection(session);
}

/* --- out --- */

/* Send what the dialogue has written. False: the connection was lost. */
static bool flush(struct km_camera_session *session)
{
	struct km_buf *out = &session->client.out;
	int err = out->size > 0 ? km_stream_write(session->stream, km_buf_view(out)) : 0;

	if (out->size > 0) {
		explicit_bzero(out->data, out->size);
	}
	km_buf_clear(out);
	if (err < 0) {
		lose(session, err, "the camera takes no more requests");
		return false;
	}
	return true;
}

/*
 * A window that holds a tick's worth of any camera. SO_RCVBUF would stop at net.core.rmem_max and
 * turn the kernel's own sizing off; a low-water mark makes the buffer as large as itself, and it
 * stays so when the mark is taken away.
 */
static void widen_window(int fd)
{
	int mark = WINDOW_BYTES;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark));
	mark = 1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &mark, sizeof(mark));
}

/* --- the dialogue's events --- */

static int on_description(
    void *context, const struct km_sdp *sdp, size_t ret_chosen[static KM_TRACKS_MAX])
{
	struct km_camera_session *session = context;
	size_t count = km_offer_choose(sdp, ret_chosen);

	if (count == 0) {
		uint8_t storage[160];
		struct km_buf list = { 0 };

		km_buf_init_fixed(&list, storage, sizeof(storage) - 1);
		km_offer_list(sdp, &list);
		return km_rtsp_client_fail(&session->client, KM_ERR_UNSUPPORTED,
		    "the camera offers no H.264 or H.265 video, only: %.*s", (int)list.size,
		    (const char *)storage);
	}
	km_intake_reset(&session->intake);
	for (size_t i = 0; i < count; i++) {
		const struct km_sdp_media *media = &sdp->media[ret_chosen[i]];
		bool is_video = media->kind == KM_SDP_VIDEO;
		struct km_depacketizer depacketizer;
		int err = km_offer_prepare(
		    media, km_intake_unit_max(&session->intake, is_video), &depacketizer);

		if (err < 0 && i == 0) {
			return km_rtsp_client_fail(&session->client, err,
			    "the camera's %s stream is of a form that is not supported",
			    km_codec_name(media->codec));
		}
		if (err < 0) {
			return (int)i; /* without the audio */
		}
		session->was_in_description[i] =
		    depacketizer.track.config_size > 0 || !km_codec_is_video(media->codec);
		km_intake_add(&session->intake, &depacketizer, media->payload_type);
	}
	return (int)count;
}

static int on_port(void *context, size_t track, uint16_t *ret_port)
{
	struct km_camera_session *session = context;

	return km_media_path_open(&session->path, track, &session->local, WINDOW_BYTES, ret_port);
}

static int on_track(void *context, size_t track, const struct km_rtsp_transport *transport)
{
	struct km_camera_session *session = context;
	int err = 0;

	if (transport == NULL) {
		return 0;
	}
	err = km_media_path_set(&session->path, track, transport, &session->peer);
	if (err < 0) {
		return km_rtsp_client_fail(&session->client, err,
		    "the camera chose another transport than %s [RFC 2326 12.39]",
		    session->path.is_udp ? "UDP" : "TCP");
	}
	return 0;
}

static void drain_udp(struct km_camera_session *session)
{
	km_media_path_drain(
	    &session->path, session->shared->scratch, km_clock_monotonic_us(), km_clock_unix_us());
}

static void on_arrival(void *context, unsigned events)
{
	(void)events;
	drain_udp(context);
}

static void watch_udp(struct km_camera_session *session, bool is_on)
{
	int err =
	    km_media_path_watch(&session->path, session->shared->loop, on_arrival, session, is_on);

	(void)err; /* without the watches the tick still drains */
}

static void on_playing(void *context)
{
	struct km_camera_session *session = context;
	int64_t now_us = km_clock_monotonic_us();
	int64_t half_us = (int64_t)session->client.timeout_seconds * KM_TIME_SECOND_US / 2;

	session->error[0] = '\0';
	session->playing_us = now_us;
	session->path.last_media_us = now_us;
	session->next_keepalive_us = now_us + half_us;
	session->next_report_us = now_us + REPORT_US;
	session->frames_at_play = session->intake.frames;
	copy_text(session->authentication, sizeof(session->authentication),
	    km_digest_auth_name(session->client.scheme));
	if (session->path.packets > 0) {
		session->client.oddities |= KM_ODDITY_EARLY_MEDIA;
	}
	set_phase(session, KM_CAMERA_PHASE_STREAMING);
	watch_udp(session, true);
}

static const struct km_rtsp_client_events client_events = {
	.on_description = on_description,
	.on_port = on_port,
	.on_track = on_track,
	.on_playing = on_playing,
};

/* --- in --- */

/*
 * A message, or what is none, off the front of the input. Returns the bytes used, 0 for "more is
 * needed", or < 0.
 */
static ssize_t take_text(struct km_camera_session *session, struct km_bytes input)
{
	struct km_rtsp_message message;
	struct km_fault fault = { 0 };
	size_t used = 0;
	int err = 0;

	switch (km_rtsp_look(input)) {
	case KM_RTSP_NEXT_MORE:
		return 0;
	case KM_RTSP_NEXT_BLANK:
		return 1;
	case KM_RTSP_NEXT_MESSAGE:
		err = km_rtsp_parse_message(input, BODY_MAX, &message, &used, &fault);
		if (err == KM_ERR_SHORT) {
			return 0;
		}
		if (err == 0) {
			err = km_rtsp_client_message(&session->client, &message);
			return err < 0 ? err : (ssize_t)used;
		}
		if (session->phase != KM_CAMERA_PHASE_STREAMING) {
			return km_rtsp_client_fail(
			    &session->client, err, "%s [%s]", fault.text, fault.clause);
		}
		break;
	case KM_RTSP_NEXT_FRAME:
	case KM_RTSP_NEXT_GARBAGE:
		break;
	}
	session->client.oddities |= KM_ODDITY_GARBAGE;
	return (ssize_t)km_rtsp_resync(input, km_media_path_channels(&session->path));
}

/* All that is whole in the input. Returns how much was used, or < 0. */
static ssize_t take_all(struct km_camera_session *session, struct km_bytes input)
{
	int64_t now_us = km_clock_monotonic_us();
	int64_t now_unix_us = km_clock_unix_us();
	struct km_rtsp_frame frame;
	size_t used = 0;

	while (used < input.size) {
		struct km_bytes rest = km_bytes_after(input, used);
		size_t frame_bytes = 0;
		ssize_t step = 0;

		/* Nearly all that ever comes. */
		if (rest.data[0] == '$') {
			if (km_rtsp_parse_frame(rest, &frame, &frame_bytes) < 0) {
				break;
			}
			km_media_path_frame(&session->path, &frame, now_us, now_unix_us);
			used += frame_bytes;
			continue;
		}
		step = take_text(session, rest);
		if (step < 0) {
			return step;
		}
		if (step == 0) {
			break;
		}
		used += (size_t)step;
	}
	return (ssize_t)used;
}

/*
 * Fill the scratch buffer behind the tail that was kept. Sets *ret_is_dry when the socket had no
 * more. What was read before an error is still used: *ret_size counts it.
 */
static int fill(struct km_camera_session *session, size_t *ret_size, bool *ret_is_dry)
{
	uint8_t *scratch = session->shared->scratch;
	size_t size = session->tail.size;
	int err = 0;

	if (size > 0) {
		memcpy(scratch, session->tail.data, size);
	}
	*ret_is_dry = false;
	while (size < KM_MEDIA_PATH_SCRATCH_BYTES && !*ret_is_dry) {
		size_t room = KM_MEDIA_PATH_SCRATCH_BYTES - size;
		size_t count = 0;

		err = km_stream_read(session->stream, scratch + size, room, &count);
		if (err < 0) {
			*ret_is_dry = true;
			break;
		}
		size += count;
		/* A short read from TCP means dry: asking again would cost a call. TLS gives one
		 * record at a time. */
		*ret_is_dry = count < room && !session->url.is_tls;
	}
	*ret_size = size;
	return err == KM_ERR_AGAIN ? 0 : err;
}

static int keep_tail(struct km_camera_session *session, struct km_bytes rest)
{
	km_buf_clear(&session->tail);
	km_buf_add(&session->tail, rest);
	return km_buf_error(&session->tail);
}

static void lose_connection(struct km_camera_session *session, int err)
{
	const struct km_stream_failure *failure = km_stream_failure(session->stream);
	char text[sizeof(session->error)];

	copy_text(text, sizeof(text),
	    failure->reason != KM_STREAM_NO_REASON ? failure->text : km_error_text(err));
	lose(session, failure->reason == KM_STREAM_TLS_VERIFY ? KM_ERR_AUTH : err, text);
}

/* Read and use what has come. False: the connection was lost. */
static bool drain(struct km_camera_session *session)
{
	for (unsigned i = 0; i < READS_MAX; i++) {
		size_t size = 0;
		bool is_dry = false;
		int read_err = fill(session, &size, &is_dry);
		bool is_more = size > session->tail.size;
		struct km_bytes input = km_bytes_from(session->shared->scratch, size);
		ssize_t used = is_more ? take_all(session, input) : 0;
		int err = used < 0 ? (int)used : 0;

		if (err == 0 && is_more) {
			err = keep_tail(session, km_bytes_after(input, (size_t)used));
			if (err < 0) {
				(void)km_rtsp_client_fail(&session->client, err,
				    "a message of the camera is larger than is accepted");
			}
		}
		if (err < 0) {
			/* `error` belongs to the dialogue, which lose() resets. */
			char text[KM_RTSP_CLIENT_ERROR_SIZE];

			copy_text(text, sizeof(text), session->client.error);
			lose(session, err, text);
			return false;
		}
		if (read_err < 0) {
			lose_connection(session, read_err);
			return false;
		}
		if (!flush(session)) {
			return false;
		}
		if (is_dry) {
			break;
		}
	}
	return true;
}

/* --- when to drain --- */

static void on_round(void *context)
{
	(void)drain(context);
}

static void on_udp_round(void *context)
{
	drain_udp(context);
}

/* Where it fails the tick still drains. */
static void join_rounds(struct km_camera_session *session)
{
	struct km_rounds *rounds = session->shared->rounds;
	int err = km_rounds_add(rounds, km_stream_fd(session->stream), KM_ROUNDS_WHILE_READY,
	    on_round, session, &session->round[0]);

	for (size_t i = 0; err == 0 && session->path.is_udp && i < session->path.track_count; i++) {
		const struct km_media_path_track *track = &session->path.track[i];

		if (track->is_used && track->udp.rtp_fd >= 0) {
			err = km_rounds_add(rounds, track->udp.rtp_fd, KM_ROUNDS_WHILE_READY,
			    on_udp_round, session, &session->round[1 + i]);
		}
	}
	session->is_in_rounds = err == 0;
	if (err < 0) {
		leave_rounds(session);
	}
}

/*
 * Drain on arrival, in rounds, or on the tick. Nothing is lost by waiting as long as the socket's
 * window holds what comes meanwhile.
 */
static void choose_drain(struct km_camera_session *session, int64_t now_us)
{
	bool is_reading = session->phase != KM_CAMERA_PHASE_STREAMING || is_probe(session) ||
			  now_us - session->playing_us < ON_ARRIVAL_US;
	bool is_in_rounds = !is_reading && session->is_watched;

	if (session->stream == NULL) {
		return;
	}
	if (is_reading != session->is_reading) {
		session->is_reading = is_reading;
		km_stream_set_reading(session->stream, is_reading);
	}
	if (is_in_rounds && !session->is_in_rounds) {
		join_rounds(session);
	} else if (!is_in_rounds) {
		leave_rounds(session);
	}
}

/* --- the connection's events --- */

static void on_open(void *context)
{
	struct km_camera_session *session = context;
	struct km_rtsp_client_settings settings = {
		.url = km_bytes_text(session->settings.url),
		.user = km_bytes_text(session->settings.user),
		.password = km_bytes_text(session->settings.password),
		.allows_basic = session->settings.allows_basic || session->url.is_tls,
		.is_udp = session->settings.transport == KM_TRANSPORT_UDP,
	};
	int err = km_stream_addresses(session->stream, &session->local, &session->peer);

	if (err < 0) {
		lose_connection(session, err);
		return;
	}
	widen_window(km_stream_fd(session->stream));
	km_media_path_init(&session->path, &session->intake, settings.is_udp);
	km_rtsp_client_init(&session->client, &settings, &client_events, session, session->stale);
	copy_text(session->transport, sizeof(session->transport),
	    settings.is_udp       ? "UDP"
	    : session->url.is_tls ? "TLS"
				  : "TCP interleaved");
	set_phase(session, KM_CAMERA_PHASE_TALKING);
	session->deadline_us = km_clock_monotonic_us() + HANDSHAKE_TIMEOUT_US;
	choose_drain(session, km_clock_monotonic_us());
	err = km_rtsp_client_start(&session->client);
	if (err < 0) {
		lose(session, err, "the first request could not be written");
		return;
	}
	(void)flush(session);
}

static void on_failed(void *context)
{
	struct km_camera_session *session = context;

	lose_connection(session, km_stream_failure(session->stream)->err);
}

static void on_readable(void *context)
{
	(void)drain(context);
}

static const struct km_stream_events stream_events = {
	.on_open = on_open,
	.on_failed = on_failed,
	.on_readable = on_readable,
};

static void connect_now(struct km_camera_session *session)
{
	const struct km_stream_options options = {
		.host = session->host,
		.port = session->url.port,
		.tls_roots = session->url.is_tls ? session->shared->tls_roots : NULL,
		.pin = session->settings.has_pin ? session->settings.pin : NULL,
		.timeout_us = CONNECT_TIMEOUT_US,
		.write_max_bytes = KM_RTSP_CLIENT_OUT_MAX,
	};
	int err = 0;

	set_phase(session, KM_CAMERA_PHASE_CONNECTING);
	session->deadline_us = km_clock_monotonic_us() + 2 * CONNECT_TIMEOUT_US;
	err = km_stream_create(
	    session->shared->loop, &options, &stream_events, session, &session->stream);
	if (err < 0) {
		lose(session, err, km_error_text(err));
	}
}

/* --- the tick --- */

static bool keep_alive(struct km_camera_session *session, int64_t now_us)
{
	enum km_rtsp_method method = KM_RTSP_OPTIONS;
	uint32_t methods = session->client.methods;

	if (session->is_keepalive_by_parameter) {
		if ((methods >> KM_RTSP_GET_PARAMETER & 1) != 0) {
			method = KM_RTSP_GET_PARAMETER;
		} else if ((methods >> KM_RTSP_SET_PARAMETER & 1) != 0) {
			method = KM_RTSP_SET_PARAMETER;
		}
	}
	session->next_keepalive_us =
	    now_us + (int64_t)session->client.timeout_seconds * KM_TIME_SECOND_US / 2;
	if (km_rtsp_client_keepalive(&session->client, method) < 0) {
		return true; /* its own fault text is of no use while media flows */
	}
	return flush(session);
}

static void tick_streaming(struct km_camera_session *session, int64_t now_us)
{
	int64_t silent_us = 0;

	if (session->path.is_udp && (!session->is_reading || session->path.packets == 0)) {
		drain_udp(session);
	}
	if (!session->is_reading && !session->is_in_rounds && !drain(session)) {
		return;
	}
	silent_us = now_us - session->path.last_media_us;
	if (silent_us > session->shared->stall_us ||
	    (session->path.has_bye && silent_us > BYE_PATIENCE_US)) {
		lose(session, KM_ERR_TIMEOUT,
		    session->path.has_bye ? "the camera ended the stream (RTCP BYE)"
					  : "the camera has stopped sending media");
		return;
	}
	if (now_us >= session->next_keepalive_us && !keep_alive(session, now_us)) {
		return;
	}
	if (now_us >= session->next_report_us) {
		session->next_report_us = now_us + REPORT_US;
		km_media_path_report(&session->path, now_us, &session->client.out);
		if (!flush(session)) {
			return;
		}
	}
	if (is_probe(session) && now_us - session->playing_us >= session->probe_us) {
		session->oddities |= session->client.oddities | session->path.oddities;
		leave(session);
		set_phase(session, KM_CAMERA_PHASE_ENDED);
		return;
	}
	if (session->is_reading && session->path.is_udp) {
		drain_udp(session); /* RTCP, and what waited too long for its turn */
	}
	choose_drain(session, now_us);
	if (session->path.is_udp) {
		watch_udp(session, session->is_reading);
	}
}

void km_camera_session_tick(struct km_camera_session *session, int64_t now_us)
{
	switch (session->phase) {
	case KM_CAMERA_PHASE_WAITING:
		if (now_us >= session->next_try_us && session->is_url_good) {
			connect_now(session);
		}
		break;
	case KM_CAMERA_PHASE_CONNECTING:
	case KM_CAMERA_PHASE_TALKING:
		if (now_us >= session->deadline_us) {
			char text[128];

			(void)snprintf(text, sizeof(text), "the camera did not answer %s in time",
			    session->phase == KM_CAMERA_PHASE_TALKING
				? km_rtsp_method_name(session->client.method)
				: "the connection");
			lose(session, KM_ERR_TIMEOUT, text);
		}
		break;
	case KM_CAMERA_PHASE_STREAMING:
		tick_streaming(session, now_us);
		break;
	case KM_CAMERA_PHASE_ENDED:
		break;
	}
}

/* --- for the owner --- */

static void on_ring(void *context, const struct km_ring *ring, uint64_t generation)
{
	struct km_camera_session *session = context;

	if (!is_probe(session)) {
		session->events->on_ring(session->context, session, ring, generation);
	}
}

static const struct km_intake_events intake_events = { .on_ring = on_ring };

/* A URL that is not usable is told by camera_state, and waits for km_camera_session_change. */
static void take_settings(
    struct km_camera_session *session, const struct km_camera_settings *settings)
{
	struct km_fault fault = { .text = "", .clause = "" };
	int err = 0;

	session->settings = *settings;
	err = km_url_parse(km_bytes_text(session->settings.url), &session->url, &fault);
	if (err == 0) {
		err = km_bytes_copy_text(session->url.host, session->host, sizeof(session->host));
	}
	session->is_url_good = err == 0;
	session->retry = (struct km_retry){ 0 };
	session->is_refused = false;
	session->next_try_us = 0;
	session->error[0] = '\0';
	if (err < 0) {
		(void)snprintf(
		    session->error, sizeof(session->error), "%s [%s]", fault.text, fault.clause);
	}
}

int km_camera_session_create(const struct km_camera_shared *shared,
    const struct km_camera_settings *settings, int64_t probe_us,
    const struct km_camera_session_events *events, void *context,
    struct km_camera_session **ret_session)
{
	struct km_camera_session *session = calloc(1, sizeof(*session));

	if (session == NULL) {
		return KM_ERR_MEMORY;
	}
	session->shared = shared;
	session->events = events;
	session->context = context;
	session->probe_us = probe_us > PROBE_MAX_US ? PROBE_MAX_US : probe_us;
	km_intake_init(&session->intake, &shared->intake, &intake_events, session);
	km_media_path_init(&session->path, &session->intake, false);
	km_buf_init(&session->tail, TAIL_MAX);
	take_settings(session, settings);
	set_phase(session, KM_CAMERA_PHASE_WAITING);
	if (is_probe(session) && !session->is_url_good) {
		session->probe_err = KM_ERR_FORMAT;
		set_phase(session, KM_CAMERA_PHASE_ENDED);
	}
	*ret_session = session;
	return 0;
}

void km_camera_session_destroy(struct km_camera_session *session)
{
	if (session == NULL) {
		return;
	}
	leave(session);
	km_intake_end(&session->intake, KM_GAP_CAMERA_OFF, km_clock_unix_us());
	km_intake_finish(&session->intake);
	km_buf_finish(&session->tail);
	explicit_bzero(session, sizeof(*session));
	free(session);
}

static bool is_same(const struct km_camera_settings *a, const struct km_camera_settings *b)
{
	return strcmp(a->url, b->url) == 0 && strcmp(a->user, b->user) == 0 &&
	       strcmp(a->password, b->password) == 0 && a->transport == b->transport &&
	       a->allows_basic == b->allows_basic && a->has_pin == b->has_pin &&
	       memcmp(a->pin, b->pin, sizeof(a->pin)) == 0;
}

void km_camera_session_change(
    struct km_camera_session *session, const struct km_camera_settings *settings)
{
	if (is_same(&session->settings, settings)) {
		return;
	}
	leave(session);
	km_intake_end(&session->intake, KM_GAP_CAMERA_LOST, km_clock_unix_us());
	take_settings(session, settings);
	set_phase(session, KM_CAMERA_PHASE_WAITING);
}

void km_camera_session_clock_step(struct km_camera_session *session)
{
	km_intake_end_at_key(&session->intake, KM_GAP_CLOCK_STEP);
}

void km_camera_session_set_watched(struct km_camera_session *session, bool is_watched)
{
	session->is_watched = is_watched;
	km_intake_set_watched(&session->intake, is_watched);
	choose_drain(session, km_clock_monotonic_us());
}
