#include "receiver/camera_inside.h"

#include "model/states.h"
#include "proto/oddity.h"

#include <stdio.h>
#include <string.h>

static void copy_text(char *to, size_t size, const char *from)
{
	(void)snprintf(to, size, "%.*s", (int)size - 1, from);
}

bool km_camera_session_is_probed(const struct km_camera_session *session)
{
	return session->probe_us > 0 && session->phase == KM_CAMERA_PHASE_ENDED;
}

uint8_t km_camera_status_state(const struct km_camera_session *session)
{
	switch (session->phase) {
	case KM_CAMERA_PHASE_STREAMING:
		return KM_CAMERA_STREAMING;
	case KM_CAMERA_PHASE_CONNECTING:
	case KM_CAMERA_PHASE_TALKING:
		/* A camera that fails again and again does not flicker. */
		return session->error[0] == '\0' ? KM_CAMERA_CONNECTING
		       : session->is_refused     ? KM_CAMERA_REFUSED
						 : KM_CAMERA_WAITING;
	case KM_CAMERA_PHASE_WAITING:
	case KM_CAMERA_PHASE_ENDED:
		break;
	}
	return session->is_refused ? KM_CAMERA_REFUSED : KM_CAMERA_WAITING;
}

static void pack_tracks(
    const struct km_intake *intake, uint8_t *ret_data, size_t max, uint32_t *ret_size)
{
	struct km_tracks tracks;
	struct km_buf buf = { 0 };

	km_intake_tracks(intake, &tracks);
	km_buf_init_fixed(&buf, ret_data, max);
	if (tracks.count > 0) {
		km_tracks_pack(&tracks, &buf);
	}
	*ret_size = km_buf_error(&buf) < 0 ? 0 : (uint32_t)buf.size;
}

/* The ports that RTP comes to over UDP, so that guard knows why they are open. */
static void list_ports(const struct km_media_path *path, char *ret_text, size_t size)
{
	struct km_buf list;

	km_buf_init_fixed(&list, ret_text, size - 1);
	for (size_t i = 0; i < path->track_count; i++) {
		const struct km_media_path_track *track = &path->track[i];

		if (track->is_used && track->udp.rtp_fd >= 0) {
			km_buf_add_format(
			    &list, "%s%u", list.size > 0 ? " " : "", track->udp.rtp_port);
		}
	}
}

void km_camera_session_state(
    const struct km_camera_session *session, struct km_message_camera_state *ret_state)
{
	const struct km_intake *intake = &session->intake;

	/* All bytes, so that two states can be compared by their bytes. */
	memset(ret_state, 0, sizeof(*ret_state));
	ret_state->state = km_camera_status_state(session);
	ret_state->since_unix_us = session->since_unix_us;
	ret_state->frames = intake->frames;
	ret_state->bytes = intake->bytes;
	ret_state->lost = intake->lost;
	ret_state->damaged = intake->damaged;
	ret_state->reconnects = session->reconnects;
	ret_state->outages = session->outages;
	ret_state->lost_unix_us = session->lost_unix_us;
	ret_state->back_unix_us = intake->first_unix_us;
	ret_state->media_unix_us = intake->last_unix_us;
	ret_state->clock_offset_us = session->path.clock_offset_us;
	copy_text(ret_state->error, sizeof(ret_state->error),
	    intake->has_fault ? "no memory for the ring" : session->error);
	copy_text(ret_state->transport, sizeof(ret_state->transport), session->transport);
	copy_text(
	    ret_state->authentication, sizeof(ret_state->authentication), session->authentication);
	pack_tracks(intake, ret_state->tracks, sizeof(ret_state->tracks), &ret_state->tracks_size);
	list_ports(&session->path, ret_state->ports, sizeof(ret_state->ports));
}

static void list_oddities(uint32_t oddities, struct km_buf *list)
{
	for (unsigned bit = 0; bit < 32; bit++) {
		uint32_t oddity = oddities & UINT32_C(1) << bit;

		if (oddity != 0) {
			km_buf_add_text(list, list->size > 0 ? "," : "");
			km_buf_add_text(list, km_oddity_name(oddity));
		}
	}
}

static void list_learnt(const struct km_camera_session *session, struct km_buf *list)
{
	for (size_t i = 0; i < session->intake.track_count; i++) {
		bool is_in_band = session->intake.track[i].is_in_band;
		bool is_described = session->was_in_description[i];

		km_buf_add_text(list, i > 0 ? "," : "");
		km_buf_add_text(list, is_described && is_in_band ? "sdp+in-band"
				      : is_described             ? "sdp"
				      : is_in_band               ? "in-band"
								 : "unknown");
	}
}

void km_camera_session_probe(
    const struct km_camera_session *session, struct km_message_probe_result *ret_result)
{
	const struct km_intake *intake = &session->intake;
	struct km_buf list = { 0 };

	memset(ret_result, 0, sizeof(*ret_result));
	ret_result->err = session->probe_err;
	ret_result->frames = intake->frames;
	ret_result->bytes = intake->bytes;
	ret_result->lost = intake->lost;
	if (session->probe_err == 0) {
		ret_result->observed_us = session->probe_us;
	}
	copy_text(ret_result->error, sizeof(ret_result->error), session->error);
	copy_text(ret_result->server, sizeof(ret_result->server), session->client.server);
	copy_text(ret_result->authentication, sizeof(ret_result->authentication),
	    km_digest_auth_name(session->client.scheme));
	copy_text(ret_result->transport, sizeof(ret_result->transport), session->transport);
	km_buf_init_fixed(&list, ret_result->oddities, sizeof(ret_result->oddities) - 1);
	list_oddities(session->oddities | intake->oddities, &list);
	km_buf_init_fixed(&list, ret_result->learnt, sizeof(ret_result->learnt) - 1);
	list_learnt(session, &list);
	pack_tracks(
	    intake, ret_result->tracks, sizeof(ret_result->tracks), &ret_result->tracks_size);
}
