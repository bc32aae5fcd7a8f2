#include "web/live.h"

#include "model/states.h"
#include "proto/mp4_fragment.h"
#include "store/clip.h"
#include "web/body_json.h"
#include "web/gate.h"
#include "web/live_feed.h"
#include "web/live_text.h"

#include <stdlib.h>
#include <string.h>

#define CACHE_MAX       600 /* fragments since the newest key frame */
#define CACHE_BYTES_MAX ((size_t)32 * 1024 * 1024)
#define BEHIND_MAX      128 /* fragments a viewer may be behind */
#define LABEL_US        INT64_C(5000000)
#define RETRY_US        INT64_C(2000000)
#define ROUND_US        INT64_C(20000) /* pictures of many cameras go out together */
/*
 * How long a right goes on that ended by time, or was taken away behind guard's back by the command
 * line; of all else guard tells at once.
 */
#define RECHECK_US      INT64_C(3000000)
#define RECHECK_SOON_US INT64_C(100000) /* the queue of questions was full */

struct stage;

/* Somebody who watches. */
struct viewer {
	struct viewer *next;
	struct km_live *live;
	struct stage *stage;      /* NULL until the gate has said yes */
	struct km_socket *socket; /* NULL once it has gone */
	uint8_t session[KM_SECRET_BYTES];
	bool is_bearer; /* it is an API token */
	char peer[64];
	struct km_uuid camera;
	bool is_asking;  /* the gate has not answered yet */
	bool is_stale;   /* that answer may be older than the last change of rights */
	bool is_started; /* has the init segment and a key frame */
	bool is_skipping;
	uint64_t skipped;
	size_t allowed; /* how many may be queued: more while the first burst leaves */
};

/* A camera that somebody watches. */
struct stage {
	struct stage *next;
	struct km_live *live;
	struct km_uuid camera;
	struct viewer *viewers;
	struct km_live_feed *feed;
	struct km_timer *retry;
	bool is_opening;   /* live_open is on its way */
	bool is_abandoned; /* nobody watches: free it when that answer has come */
	uint64_t generation;
	/* A ring that came while the one before had not ended. */
	bool has_pending;
	int pending_fds[2];
	uint64_t pending_generation;
	/* For viewers who come later: texts, init segment, all since the newest key frame. */
	struct km_parcel *init_text;
	struct km_parcel *init;
	struct km_parcel *label;
	struct km_parcel *waiting; /* last told, while there are no pictures */
	struct km_parcel *cache[CACHE_MAX];
	size_t cache_count;
	size_t cache_bytes;
	int64_t label_media_us;
};

struct km_live {
	struct km_web *web;
	struct stage *stages;
	struct viewer *waiting; /* viewers without a stage */
	struct km_timer *recheck;
	struct km_rounds *rounds; /* of the rings */
};

static void open_ring(struct stage *stage);

/* --- viewers --- */

/* A message that does not go in any more means that the viewer is hopeless. */
static void send_parcel(struct viewer *viewer, struct km_parcel *parcel)
{
	if (viewer->socket != NULL && parcel != NULL &&
	    km_server_socket_send(viewer->socket, parcel) < 0) {
		km_server_socket_close(viewer->socket, 1008, "too slow");
	}
}

static void send_new(struct viewer *viewer, struct km_parcel *parcel)
{
	send_parcel(viewer, parcel);
	km_parcel_unref(parcel);
}

/* Bring a viewer to where the others are; the newest key frame comes first. */
static void start_viewer(struct stage *stage, struct viewer *viewer)
{
	if (stage->init == NULL || stage->cache_count == 0) {
		send_parcel(viewer, stage->waiting);
		return;
	}
	send_parcel(viewer, stage->init_text);
	send_parcel(viewer, stage->init);
	send_parcel(viewer, stage->label);
	for (size_t i = 0; i < stage->cache_count; i++) {
		send_parcel(viewer, stage->cache[i]);
	}
	viewer->is_started = true;
	viewer->is_skipping = false;
	viewer->allowed = km_server_socket_queued(viewer->socket) + BEHIND_MAX;
}

/* Whether the viewer may have this fragment; else it waits for the next key frame. */
static bool keeps_up(struct viewer *viewer, bool is_key)
{
	size_t queued = km_server_socket_queued(viewer->socket);

	if (viewer->is_skipping) {
		if (!is_key || queued > BEHIND_MAX / 4) {
			viewer->skipped++;
			return false;
		}
		viewer->is_skipping = false;
		viewer->allowed = BEHIND_MAX;
		send_new(viewer, km_live_text_skipped(viewer->skipped));
		viewer->skipped = 0;
		return true;
	}
	if (queued > viewer->allowed) {
		viewer->is_skipping = true;
		viewer->skipped = 1;
		return false;
	}
	if (queued < BEHIND_MAX / 4) {
		viewer->allowed = BEHIND_MAX; /* the first burst has left */
	}
	return true;
}

static void send_all(struct stage *stage, struct km_parcel *parcel)
{
	for (struct viewer *viewer = stage->viewers; viewer != NULL; viewer = viewer->next) {
		send_parcel(viewer, parcel);
	}
}

/* --- a stage's past --- */

static void replace(struct km_parcel **slot, struct km_parcel *parcel)
{
	km_parcel_unref(*slot);
	*slot = parcel;
}

static void clear_cache(struct stage *stage)
{
	for (size_t i = 0; i < stage->cache_count; i++) {
		km_parcel_unref(stage->cache[i]);
	}
	stage->cache_count = 0;
	stage->cache_bytes = 0;
}

/* Without pictures: everybody starts afresh when they come back. */
static void tell_waiting(struct stage *stage, const char *state, const char *error)
{
	replace(&stage->waiting, km_live_text_waiting(state, error));
	replace(&stage->init, NULL);
	clear_cache(stage);
	for (struct viewer *viewer = stage->viewers; viewer != NULL; viewer = viewer->next) {
		viewer->is_started = false;
	}
	send_all(stage, stage->waiting);
}

/* --- the feed's events --- */

static void on_init(void *context, const struct km_tracks *playable)
{
	struct stage *stage = context;
	struct km_parcel *init = km_parcel_create(KM_MP4_INIT_MAX, false);
	struct km_buf buf;

	clear_cache(stage);
	replace(&stage->init_text, km_live_text_init(playable));
	if (init != NULL) {
		km_buf_init_fixed(&buf, init->data, init->capacity);
		if (km_mp4_fragment_write_init(playable, 0, &buf) < 0) {
			km_parcel_unref(init);
			init = NULL;
		} else {
			init->size = buf.size;
		}
	}
	replace(&stage->init, init);
	for (struct viewer *viewer = stage->viewers; viewer != NULL; viewer = viewer->next) {
		viewer->is_started = false;
	}
}

static void keep(struct stage *stage, const struct km_live_fragment *fragment)
{
	if (fragment->is_key) {
		clear_cache(stage);
	} else if (stage->cache_count == 0) {
		return; /* it grew too large; again from the next key frame */
	}
	if (stage->cache_count == CACHE_MAX ||
	    stage->cache_bytes + fragment->parcel->size > CACHE_BYTES_MAX) {
		clear_cache(stage);
		return;
	}
	stage->cache[stage->cache_count++] = km_parcel_ref(fragment->parcel);
	stage->cache_bytes += fragment->parcel->size;
}

/* The wall-clock time of the moment, told at key frames and each few seconds. */
static bool renew_label(struct stage *stage, const struct km_live_fragment *fragment)
{
	bool is_due = stage->label == NULL ||
		      fragment->media_us - stage->label_media_us >= LABEL_US ||
		      fragment->media_us < stage->label_media_us;

	if (!fragment->is_key && !(fragment->is_video && is_due)) {
		return false;
	}
	replace(&stage->label, km_live_text_label(fragment->unix_us, fragment->media_us));
	if (is_due) {
		stage->label_media_us = fragment->media_us;
	}
	return is_due;
}

static void on_fragment(void *context, const struct km_live_fragment *fragment)
{
	struct stage *stage = context;
	bool is_label_due = renew_label(stage, fragment);

	keep(stage, fragment);
	for (struct viewer *viewer = stage->viewers; viewer != NULL; viewer = viewer->next) {
		if (viewer->socket == NULL) {
			continue;
		}
		if (!viewer->is_started) {
			if (fragment->is_key) {
				start_viewer(stage, viewer);
			}
			continue;
		}
		if (is_label_due) {
			send_parcel(viewer, stage->label);
		}
		if (keeps_up(viewer, fragment->is_key)) {
			send_parcel(viewer, fragment->parcel);
		}
	}
}

static void attach(struct stage *stage, int *fds, uint64_t generation, bool is_continuation)
{
	int err = km_live_feed_attach(stage->feed, fds[0], fds[1], is_continuation);

	if (err < 0) {
		tell_waiting(stage, "waiting", km_error_text(err));
		km_timer_start(stage->retry, RETRY_US, 0);
		return;
	}
	fds[0] = -1;
	fds[1] = -1;
	stage->generation = generation;
	km_timer_stop(stage->retry);
}

static void drop_pending(struct stage *stage)
{
	if (stage->has_pending) {
		stage->has_pending = false;
		for (size_t i = 0; i < KM_COUNT(stage->pending_fds); i++) {
			if (stage->pending_fds[i] >= 0) {
				(void)close(stage->pending_fds[i]);
			}
		}
	}
}

/*
 * The ring has ended. The next one may be here already, or comes soon (the receiver makes a larger
 * one, or the camera connects again); if it does not, on_retry asks.
 */
static void on_end(void *context, int err)
{
	struct stage *stage = context;

	if (err < 0) {
		tell_waiting(stage, "waiting", km_error_text(err));
	}
	/* Attached when the loop turns: the feed is in a callback of its own here. */
	km_timer_start(stage->retry, stage->has_pending ? 0 : RETRY_US / 2, 0);
}

static void on_tracks(void *context, const struct km_ask_answer *answer)
{
	struct stage *stage = context;
	const struct km_message_status_camera *camera = answer->message;
	struct km_tracks tracks = { 0 };

	if (answer->err == 0 && answer->kind == KM_MESSAGE_status_camera &&
	    km_uuid_is_equal(&camera->camera, &stage->camera) && stage->feed != NULL &&
	    camera->tracks_size > 0 &&
	    km_tracks_unpack(km_bytes_from(camera->tracks, camera->tracks_size), &tracks) == 0) {
		km_live_feed_set_tracks(stage->feed, &tracks);
	}
	if (answer->is_last) {
		stage->is_opening = false;
		if (stage->is_abandoned) {
			free(stage);
		}
	}
}

/* In whose name guard is asked; somebody who has left meanwhile is no use. NULL if nobody. */
static const struct viewer *find_asker(const struct stage *stage)
{
	const struct viewer *viewer = stage->viewers;

	while (viewer != NULL && viewer->socket == NULL) {
		viewer = viewer->next;
	}
	return viewer;
}

static void on_tracks_wanted(void *context)
{
	struct stage *stage = context;
	const struct viewer *asker = find_asker(stage);
	struct km_message_status_get message = { .session_size = KM_SECRET_BYTES };

	if (asker == NULL || stage->is_opening) {
		return;
	}
	memcpy(message.session, asker->session, KM_SECRET_BYTES);
	stage->is_opening = km_ask_put(stage->live->web->ask, KM_MESSAGE_status_get, &message,
				on_tracks, stage) == 0;
	explicit_bzero(&message, sizeof(message));
}

static const struct km_live_feed_events feed_events = {
	.on_init = on_init,
	.on_fragment = on_fragment,
	.on_end = on_end,
	.on_tracks_wanted = on_tracks_wanted,
};

/* --- rings from guard --- */

static void on_opened(void *context, const struct km_ask_answer *answer)
{
	struct stage *stage = context;
	const struct km_message_ring_open *ring = answer->message;
	const struct km_message_done *done = answer->message;

	stage->is_opening = false;
	if (stage->is_abandoned) {
		free(stage);
		return;
	}
	if (answer->err == 0 && answer->kind == KM_MESSAGE_ring_open && answer->fd_count == 2) {
		if (!km_live_feed_is_attached(stage->feed)) {
			attach(stage, answer->fds, ring->generation, false);
		}
		return;
	}
	tell_waiting(stage, "waiting",
	    answer->err == 0 && answer->kind == KM_MESSAGE_done ? done->text
								: "the recorder is busy");
	km_timer_start(stage->retry, RETRY_US, 0);
}

static void open_ring(struct stage *stage)
{
	const struct viewer *asker = find_asker(stage);
	struct km_message_live_open message = { .session_size = KM_SECRET_BYTES,
		.camera = stage->camera };

	if (stage->is_opening || asker == NULL) {
		km_timer_start(stage->retry, RETRY_US, 0);
		return;
	}
	memcpy(message.session, asker->session, KM_SECRET_BYTES);
	if (km_ask_put(stage->live->web->ask, KM_MESSAGE_live_open, &message, on_opened, stage) ==
	    0) {
		stage->is_opening = true;
	} else {
		km_timer_start(stage->retry, RETRY_US, 0);
	}
	explicit_bzero(&message, sizeof(message));
}

static void on_retry(void *context)
{
	struct stage *stage = context;

	if (km_live_feed_is_attached(stage->feed)) {
		return;
	}
	if (stage->has_pending) {
		/* Its entries follow those of the old one, unless the viewers were told of an end.
		 */
		attach(stage, stage->pending_fds, stage->pending_generation, stage->init != NULL);
		drop_pending(stage);
		return;
	}
	if (stage->init != NULL) {
		tell_waiting(stage, "connecting", "");
	}
	open_ring(stage);
}

void km_live_on_ring(
    struct km_live *live, const struct km_message_ring_open *message, int *fds, size_t fd_count)
{
	struct stage *stage = live->stages;

	while (stage != NULL && !km_uuid_is_equal(&stage->camera, &message->camera)) {
		stage = stage->next;
	}
	if (stage == NULL || fd_count != 2 || message->generation <= stage->generation) {
		return;
	}
	drop_pending(stage);
	stage->has_pending = true;
	stage->pending_generation = message->generation;
	for (size_t i = 0; i < 2; i++) {
		stage->pending_fds[i] = fds[i];
		fds[i] = -1;
	}
	if (!km_live_feed_is_attached(stage->feed)) {
		km_timer_start(stage->retry, 0, 0);
	}
}

/* --- stages --- */

static struct stage *find_stage(struct km_live *live, const struct km_uuid *camera)
{
	struct stage *stage = live->stages;

	while (stage != NULL && !km_uuid_is_equal(&stage->camera, camera)) {
		stage = stage->next;
	}
	if (stage != NULL) {
		return stage;
	}
	stage = calloc(1, sizeof(*stage));
	if (stage == NULL) {
		return NULL;
	}
	stage->live = live;
	stage->camera = *camera;
	if (km_timer_create(live->web->loop, on_retry, stage, &stage->retry) < 0) {
		free(stage);
		return NULL;
	}
	if (km_live_feed_create(live->web->loop, live->rounds, &feed_events, stage, &stage->feed) <
	    0) {
		km_timer_destroy(stage->retry);
		free(stage);
		return NULL;
	}
	stage->next = live->stages;
	live->stages = stage;
	return stage;
}

/* The last viewer has gone. */
static void close_stage(struct stage *stage)
{
	struct stage **link = &stage->live->stages;
	struct km_message_live_close message = { .camera = stage->camera };

	while (*link != stage) {
		link = &(*link)->next;
	}
	*link = stage->next;
	km_role_process_send(stage->live->web->process, KM_MESSAGE_live_close, &message);
	km_live_feed_destroy(stage->feed);
	stage->feed = NULL;
	km_timer_destroy(stage->retry);
	drop_pending(stage);
	clear_cache(stage);
	replace(&stage->init, NULL);
	replace(&stage->init_text, NULL);
	replace(&stage->label, NULL);
	replace(&stage->waiting, NULL);
	if (stage->is_opening) {
		stage->is_abandoned = true;
	} else {
		free(stage);
	}
}

/* --- sockets --- */

static void unlink_viewer(struct viewer **link, const struct viewer *viewer)
{
	while (*link != NULL && *link != viewer) {
		link = &(*link)->next;
	}
	if (*link != NULL) {
		*link = viewer->next;
	}
}

static void free_viewer(struct viewer *viewer)
{
	explicit_bzero(viewer, sizeof(*viewer));
	free(viewer);
}

/* Its socket has gone, and no answer for it is on its way. */
static void remove_viewer(struct viewer *viewer)
{
	struct stage *stage = viewer->stage;

	if (stage == NULL) {
		unlink_viewer(&viewer->live->waiting, viewer);
	} else {
		unlink_viewer(&stage->viewers, viewer);
		if (stage->viewers == NULL) {
			close_stage(stage);
		}
	}
	free_viewer(viewer);
}

static void on_socket_gone(void *context)
{
	struct viewer *viewer = context;

	viewer->socket = NULL;
	if (!viewer->is_asking) {
		remove_viewer(viewer);
	}
}

static void refuse(struct viewer *viewer, int err)
{
	km_server_socket_close(viewer->socket, err == KM_ERR_TIMEOUT ? 1013 : 1008,
	    err == KM_ERR_AUTH     ? "not logged in"
	    : err == KM_ERR_DENIED ? "denied"
				   : "busy");
}

static void recheck(struct viewer *viewer);

static void on_verdict(void *context, const struct km_ask_answer *answer)
{
	struct viewer *viewer = context;
	struct stage *stage = NULL;
	int err = km_gate_verdict(answer);

	viewer->is_asking = false;
	if (viewer->socket == NULL) {
		remove_viewer(viewer);
		return;
	}
	stage = err == 0 ? find_stage(viewer->live, &viewer->camera) : NULL;
	if (stage == NULL) {
		refuse(viewer, err == 0 ? KM_ERR_MEMORY : err);
		return;
	}
	unlink_viewer(&viewer->live->waiting, viewer);
	viewer->stage = stage;
	viewer->next = stage->viewers;
	stage->viewers = viewer;
	viewer->allowed = BEHIND_MAX;
	if (viewer->next == NULL) {
		open_ring(stage);
	} else {
		start_viewer(stage, viewer);
	}
	if (viewer->is_stale) {
		recheck(viewer);
	}
}

/* --- a stream is open for hours: is it still allowed? --- */

static void on_rechecked(void *context, const struct km_ask_answer *answer)
{
	struct viewer *viewer = context;
	int err = km_gate_verdict(answer);

	viewer->is_asking = false;
	if (viewer->socket == NULL) {
		remove_viewer(viewer);
	} else if (err == KM_ERR_AUTH || err == KM_ERR_DENIED) {
		refuse(viewer, err);
	} else if (viewer->is_stale) {
		recheck(viewer);
	}
}

static void recheck(struct viewer *viewer)
{
	struct km_live *live = viewer->live;

	viewer->is_stale = false;
	viewer->is_asking = km_gate_ask(live->web, viewer->session, viewer->is_bearer, viewer->peer,
				KM_RIGHT_LIVE, &viewer->camera, on_rechecked, viewer) == 0;
	if (!viewer->is_asking) {
		km_timer_start(live->recheck, RECHECK_SOON_US, RECHECK_US);
	}
}

static void on_recheck(void *context)
{
	struct km_live *live = context;

	for (struct stage *stage = live->stages; stage != NULL; stage = stage->next) {
		for (struct viewer *viewer = stage->viewers; viewer != NULL;
		     viewer = viewer->next) {
			if (!viewer->is_asking && viewer->socket != NULL) {
				recheck(viewer);
			}
		}
	}
}

/* Guard may have answered those that are asked about before the change. */
static void make_stale(struct viewer *viewers)
{
	for (struct viewer *viewer = viewers; viewer != NULL; viewer = viewer->next) {
		viewer->is_stale = viewer->is_asking;
	}
}

void km_live_on_rights(struct km_live *live)
{
	make_stale(live->waiting);
	for (struct stage *stage = live->stages; stage != NULL; stage = stage->next) {
		make_stale(stage->viewers);
	}
	on_recheck(live);
}

void km_live_on_socket_open(
    void *context, struct km_socket *socket, const struct km_request *request)
{
	struct km_web *web = context;
	struct km_route_match match;
	struct viewer *viewer = calloc(1, sizeof(*viewer));
	char allowed[64];

	if (viewer == NULL ||
	    km_routes_find(request->method, km_bytes_text(request->path), &match, allowed) < 0 ||
	    km_request_credential(request, viewer->session, &viewer->is_bearer) < 0) {
		free(viewer);
		km_server_socket_close(socket, 1008, "refused");
		return;
	}
	viewer->live = web->live;
	viewer->socket = socket;
	viewer->camera = match.camera;
	memcpy(viewer->peer, request->peer, sizeof(viewer->peer));
	viewer->next = web->live->waiting;
	web->live->waiting = viewer;
	km_server_socket_set_owner(socket, viewer, on_socket_gone);
	if (km_gate_ask(web, viewer->session, viewer->is_bearer, request->peer, KM_RIGHT_LIVE,
		&viewer->camera, on_verdict, viewer) == 0) {
		viewer->is_asking = true;
	} else {
		km_server_socket_close(socket, 1013, "busy");
	}
}

static void end_viewers(struct viewer *viewers, struct km_bytes session)
{
	for (struct viewer *viewer = viewers; viewer != NULL; viewer = viewer->next) {
		if (viewer->socket != NULL &&
		    km_bytes_is_equal(KM_BYTES_OF(viewer->session), session)) {
			km_server_socket_close(viewer->socket, 1008, "the session has ended");
		}
	}
}

void km_live_end_session(struct km_live *live, struct km_bytes session)
{
	end_viewers(live->waiting, session);
	for (struct stage *stage = live->stages; stage != NULL; stage = stage->next) {
		end_viewers(stage->viewers, session);
	}
}

int km_live_create(struct km_web *web, struct km_live **ret_live)
{
	struct km_live *live = calloc(1, sizeof(*live));

	if (live == NULL) {
		return KM_ERR_MEMORY;
	}
	live->web = web;
	if (km_rounds_create(web->loop, ROUND_US, &live->rounds) < 0 ||
	    km_timer_create(web->loop, on_recheck, live, &live->recheck) < 0) {
		km_rounds_destroy(live->rounds);
		free(live);
		return KM_ERR_MEMORY;
	}
	km_timer_start(live->recheck, RECHECK_US, RECHECK_US);
	*ret_live = live;
	return 0;
}

void km_live_destroy(struct km_live *live)
{
	if (live != NULL) {
		km_timer_destroy(live->recheck);
		km_rounds_destroy(live->rounds);
		free(live);
	}
}
