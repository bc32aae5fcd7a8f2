/*
 * What a camera session is inside: for camera_session.c, which lives it, and camera_status.c, which
 * tells of it. Nobody else.
 */
#ifndef KM_RECEIVER_CAMERA_INSIDE_H
#define KM_RECEIVER_CAMERA_INSIDE_H

#include "io/stream.h"
#include "proto/url.h"
#include "receiver/camera_session.h"
#include "receiver/media_path.h"
#include "receiver/retry.h"
#include "receiver/rtsp_client.h"

enum km_camera_phase {
	KM_CAMERA_PHASE_WAITING,    /* for the next try */
	KM_CAMERA_PHASE_CONNECTING, /* TCP, TLS */
	KM_CAMERA_PHASE_TALKING,    /* RTSP up to PLAY */
	KM_CAMERA_PHASE_STREAMING,
	KM_CAMERA_PHASE_ENDED, /* a probe that is over */
};

struct km_camera_session {
	const struct km_camera_shared *shared;
	const struct km_camera_session_events *events;
	void *context;
	struct km_camera_settings settings;
	struct km_url url; /* views into settings.url */
	char host[KM_URL_HOST_MAX + 1];
	bool is_url_good;
	bool is_watched;
	bool is_refused;
	bool is_reading; /* on arrival, as last set */
	bool is_in_rounds;
	struct km_rounds_entry *round[1 + KM_TRACKS_MAX]; /* the connection, and UDP */
	enum km_camera_phase phase;
	struct km_retry retry;
	struct km_stream *stream;
	struct km_address local;
	struct km_address peer;
	struct km_rtsp_client client;
	struct km_media_path path;
	struct km_intake intake;
	struct km_buf tail; /* the beginning of a frame or message whose end has not come */
	uint32_t oddities;
	uint32_t reconnects;
	uint32_t outages;     /* pictures came, and then no more */
	int64_t lost_unix_us; /* label of the last picture before the latest outage */
	uint8_t shown_state;
	int64_t since_unix_us; /* in the present state */
	int64_t next_try_us;
	int64_t deadline_us; /* of connecting and talking */
	int64_t playing_us;  /* when PLAY was answered */
	int64_t next_keepalive_us;
	int64_t next_report_us;
	bool is_keepalive_by_parameter; /* OPTIONS did not keep the session alive */
	char stale[KM_RTSP_CLIENT_SESSION_MAX];
	char error[512];
	char transport[32];
	char authentication[32];
	/* A probe's own: */
	int64_t probe_us;
	int probe_err;
	bool was_in_description[KM_TRACKS_MAX];
	uint64_t frames_at_play;
};

/* The state that people see: camera_state in model/states.tbl. */
uint8_t km_camera_status_state(const struct km_camera_session *session);

#endif
