/*
 * The dialogue with a camera as a state machine without I/O [RFC 2326]: messages go in, requests
 * come out in `out`, which the owner sends.
 *
 *	OPTIONS, DESCRIBE, (TEARDOWN of a stale session), SETUP per track, PLAY, then keepalives.
 *
 * A 401 is answered at any step with the strongest scheme that is allowed, once per request: a
 * second 401 means that the password is wrong, and nothing is tried again here.
 */
#ifndef KM_RECEIVER_RTSP_CLIENT_H
#define KM_RECEIVER_RTSP_CLIENT_H

#include "proto/digest_auth.h"
#include "proto/rtsp.h"
#include "proto/sdp.h"
#include "proto/track.h"
#include "proto/url.h"

#define KM_RTSP_CLIENT_SESSION_MAX 128
#define KM_RTSP_CLIENT_URL_MAX     1024
#define KM_RTSP_CLIENT_ERROR_SIZE  256
#define KM_RTSP_CLIENT_OUT_MAX     32768

enum km_rtsp_client_step {
	KM_RTSP_CLIENT_IDLE,
	KM_RTSP_CLIENT_OPTIONS,
	KM_RTSP_CLIENT_DESCRIBE,
	KM_RTSP_CLIENT_STALE, /* TEARDOWN of the session that was cut off before */
	KM_RTSP_CLIENT_SETUP,
	KM_RTSP_CLIENT_PLAY,
	KM_RTSP_CLIENT_PLAYING,
};

struct km_rtsp_client_events {
	/*
	 * The session description. Choose tracks: set ret_chosen to indices of sdp->media and
	 * return how many (at least 1), or a negative error with `error` of the client set
	 * (km_rtsp_client_fail). Views are borrowed until return.
	 */
	int (*on_description)(
	    void *context, const struct km_sdp *sdp, size_t ret_chosen[static KM_TRACKS_MAX]);
	/* UDP only, before SETUP of a track: the RTP port. Returns 0 or negative. */
	int (*on_port)(void *context, size_t track, uint16_t *ret_port);
	/* SETUP was answered; track is_taken, or refused by the camera (then transport is NULL). */
	int (*on_track)(void *context, size_t track, const struct km_rtsp_transport *transport);
	/* PLAY was answered. */
	void (*on_playing)(void *context);
};

/* All of it is borrowed and must outlive the client. */
struct km_rtsp_client_settings {
	struct km_bytes url;
	struct km_bytes user; /* empty: none */
	struct km_bytes password;
	bool allows_basic; /* by its entry, or because the connection is encrypted */
	bool is_udp;
};

struct km_rtsp_client {
	/* For the owner to read: */
	enum km_rtsp_client_step step;
	struct km_buf out; /* to be sent and cleared by the owner; holds credentials */
	enum km_digest_auth_scheme scheme;        /* NONE while none was asked for */
	uint32_t oddities;                        /* enum km_oddity */
	uint32_t methods;                         /* km_rtsp_public */
	uint32_t timeout_seconds;                 /* of the session */
	char server[128];                         /* the Server header, escaped */
	char error[KM_RTSP_CLIENT_ERROR_SIZE];    /* after a negative result: for people, escaped */
	char session[KM_RTSP_CLIENT_SESSION_MAX]; /* "" while there is none */

	/* Private: */
	const struct km_rtsp_client_events *events;
	void *context;
	struct km_rtsp_client_settings settings;
	struct km_digest_auth auth;
	bool was_challenged; /* the request under way carries an answer to a challenge already */
	bool has_stale;      /* `stale` holds a session to take down */
	enum km_rtsp_method method; /* of the request under way, or of the last keepalive */
	uint32_t cseq;              /* of the last request */
	size_t track_count;
	size_t track; /* SETUP: the one under way */
	size_t tracks_taken;
	char stale[KM_RTSP_CLIENT_SESSION_MAX];
	char base[KM_RTSP_CLIENT_URL_MAX]; /* of the session: for PLAY and keepalives */
	char control[KM_TRACKS_MAX][KM_RTSP_CLIENT_URL_MAX];
};

/*
 * stale_session: id of a session that was cut off without TEARDOWN, or "". The struct may hold an
 * earlier dialogue that was finished.
 */
void km_rtsp_client_init(struct km_rtsp_client *client,
    const struct km_rtsp_client_settings *settings, const struct km_rtsp_client_events *events,
    void *context, const char *stale_session);

/* Wipe and free what it holds. */
void km_rtsp_client_finish(struct km_rtsp_client *client);

/* The connection is open. Returns 0 or negative. */
KM_MUST_USE int km_rtsp_client_start(struct km_rtsp_client *client);

/*
 * A message came. Returns 0, or negative with `error` set: the connection is to be closed.
 * KM_ERR_AUTH and KM_ERR_DENIED mean that the camera refuses us, KM_ERR_STALE that it has forgotten
 * the session.
 */
KM_MUST_USE int km_rtsp_client_message(
    struct km_rtsp_client *client, const struct km_rtsp_message *message);

/* Say that we are still here; only while playing. `method`: OPTIONS, GET_ or SET_PARAMETER. */
KM_MUST_USE int km_rtsp_client_keepalive(struct km_rtsp_client *client, enum km_rtsp_method method);

/* Put a TEARDOWN into `out` if there is a session. Its answer is not waited for. */
void km_rtsp_client_teardown(struct km_rtsp_client *client);

/* Set `error` and return code. */
int km_rtsp_client_fail(struct km_rtsp_client *client, int code, const char *format, ...)
    KM_PRINTF(3, 4);

#endif
