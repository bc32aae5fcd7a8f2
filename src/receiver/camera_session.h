/*
 * One camera: connect, log in, receive, and again when that fails.
 *
 * The owner calls km_camera_session_tick for all its cameras on one timer; that drains those that
 * are not drained otherwise, and looks at all deadlines. Cameras are drained on arrival during the
 * handshake and in the first seconds of a stream (which fix the labels), and while somebody watches
 * in rounds: on arrival too, but many cameras together.
 */
#ifndef KM_RECEIVER_CAMERA_SESSION_H
#define KM_RECEIVER_CAMERA_SESSION_H

#include "io/loop.h"
#include "io/ring.h"
#include "io/rounds.h"
#include "io/tls.h"
#include "model/messages.h"
#include "receiver/intake.h"

/* What the cameras of a process share. Owned by the role; outlives the sessions. */
struct km_camera_shared {
	struct km_loop *loop;
	struct km_rounds *rounds; /* of those that are watched */
	struct km_tls_roots *tls_roots;
	struct km_intake_settings intake;
	int64_t stall_us; /* no media for so long: connect anew */
	int64_t retry_us; /* the first pause between tries */
	uint8_t *scratch; /* KM_MEDIA_PATH_SCRATCH_BYTES, used within one call only */
};

struct km_camera_settings {
	char url[512];
	char user[128];
	char password[256]; /* wiped with the session */
	uint8_t transport;  /* camera_transport in model/states.tbl */
	bool allows_basic;
	bool has_pin;
	uint8_t pin[KM_TLS_FINGERPRINT_BYTES];
};

struct km_camera_session;

struct km_camera_session_events {
	/* A new ring. Borrowed. */
	void (*on_ring)(void *context, struct km_camera_session *session,
	    const struct km_ring *ring, uint64_t generation);
};

/*
 * Begin. settings are copied. probe_us: 0 for a camera that is to be recorded; else connect once,
 * watch for so long, and end: km_camera_session_is_probed.
 * Returns 0 or KM_ERR_MEMORY.
 */
KM_MUST_USE int km_camera_session_create(const struct km_camera_shared *shared,
    const struct km_camera_settings *settings, int64_t probe_us,
    const struct km_camera_session_events *events, void *context,
    struct km_camera_session **ret_session);

/* Say TEARDOWN if possible, close, wipe, free. NULL is fine. */
void km_camera_session_destroy(struct km_camera_session *session);

/*
 * Connect anew with these settings, now; if nothing differs, go on undisturbed. The ring and the
 * statistics stay.
 */
void km_camera_session_change(
    struct km_camera_session *session, const struct km_camera_settings *settings);

/* The common tick. */
void km_camera_session_tick(struct km_camera_session *session, int64_t now_us);

/* Our wall clock was moved: end the run. */
void km_camera_session_clock_step(struct km_camera_session *session);

void km_camera_session_set_watched(struct km_camera_session *session, bool is_watched);

/* Fill all but `camera`. Wall-clock moments are as of now. */
void km_camera_session_state(
    const struct km_camera_session *session, struct km_message_camera_state *ret_state);

/* Whether it is a probe that has ended: take the result and destroy it. */
bool km_camera_session_is_probed(const struct km_camera_session *session);

/* Of a probe that has ended: fill all but `request`. */
void km_camera_session_probe(
    const struct km_camera_session *session, struct km_message_probe_result *ret_result);

#endif
