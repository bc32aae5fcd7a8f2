#include "receiver/media_path.h"

#include "crypto/random.h"
#include "proto/oddity.h"
#include "proto/rtcp.h"

#include <stdlib.h>
#include <string.h>

#define REORDER_WAIT_US 100000
#define CNAME           "komainu"
#define DRAIN_ROUNDS    16
#define PACKET_BYTES    (KM_MEDIA_PATH_SCRATCH_BYTES / KM_UDP_BATCH_MAX)

void km_media_path_init(struct km_media_path *path, struct km_intake *intake, bool is_udp)
{
	*path = (struct km_media_path){
		.intake = intake,
		.is_udp = is_udp,
		.clock_offset_us = INT64_MIN,
	};
	for (size_t i = 0; i < KM_TRACKS_MAX; i++) {
		path->track[i].udp.rtp_fd = -1;
		path->track[i].udp.rtcp_fd = -1;
	}
	/* Any number will do, so a failure leaves 0. */
	if (km_random_fill(&path->ssrc, sizeof(path->ssrc)) < 0) {
		path->ssrc = 0;
	}
}

static void close_track(struct km_media_path_track *track)
{
	km_watch_destroy(track->watch);
	track->watch = NULL;
	km_udp_pair_close(&track->udp);
	free(track->reorder_storage);
	track->reorder_storage = NULL;
	track->is_used = false;
}

void km_media_path_finish(struct km_media_path *path)
{
	for (size_t i = 0; i < KM_TRACKS_MAX; i++) {
		close_track(&path->track[i]);
	}
	path->track_count = 0;
}

int km_media_path_open(struct km_media_path *path, size_t track_index,
    const struct km_address *local, int receive_buffer_bytes, uint16_t *ret_port)
{
	struct km_media_path_track *track = &path->track[track_index];
	int err = 0;

	close_track(track);
	track->reorder_storage = malloc(KM_RTP_REORDER_BYTES);
	if (track->reorder_storage == NULL) {
		return KM_ERR_MEMORY;
	}
	km_rtp_reorder_init(&track->reorder, track->reorder_storage, REORDER_WAIT_US);
	err = km_udp_pair_open(local, receive_buffer_bytes, &track->udp);
	if (err == 0) {
		*ret_port = track->udp.rtp_port;
	}
	return err;
}

/*
 * Open the way through a packet filter on our side: it lets in answers only. The camera drops both
 * packets, the first one having no payload.
 */
static void punch(struct km_media_path *path, struct km_media_path_track *track)
{
	uint8_t storage[KM_RTCP_REPORT_MAX] = { 0x80 };
	struct km_address rtcp = track->peer;
	struct km_buf report = { 0 };
	int err = 0;

	err = km_udp_send(
	    track->udp.rtp_fd, &track->peer, km_bytes_from(storage, KM_RTP_HEADER_BYTES));
	km_buf_init_fixed(&report, storage, sizeof(storage));
	km_rtcp_write_report(&(struct km_rtcp_report){ .ssrc = path->ssrc }, CNAME, &report);
	km_address_set_port(&rtcp, track->peer_rtcp_port);
	if (err == 0) {
		err = km_udp_send(track->udp.rtcp_fd, &rtcp, km_buf_view(&report));
	}
	(void)err; /* where nothing filters, nothing depends on it */
}

int km_media_path_set(struct km_media_path *path, size_t track_index,
    const struct km_rtsp_transport *transport, const struct km_address *peer)
{
	struct km_media_path_track *track = &path->track[track_index];

	if (path->is_udp == transport->is_tcp) {
		return KM_ERR_UNSUPPORTED;
	}
	track->is_used = true;
	track->rtp_channel = (uint8_t)(track_index * 2);
	track->rtcp_channel = (uint8_t)(track_index * 2 + 1);
	if (transport->has_interleaved) {
		track->rtp_channel = transport->interleaved[0];
		track->rtcp_channel = transport->interleaved[1];
	}
	if (path->track_count <= track_index) {
		path->track_count = track_index + 1;
	}
	if (path->is_udp) {
		track->peer = *peer;
		km_address_set_port(
		    &track->peer, transport->has_server_port ? transport->server_port[0] : 0);
		if (transport->has_server_port) {
			track->peer_rtcp_port = transport->server_port[1];
			punch(path, track);
		}
	}
	return 0;
}

uint32_t km_media_path_channels(const struct km_media_path *path)
{
	uint32_t channels = 0;

	for (size_t i = 0; i < path->track_count; i++) {
		const struct km_media_path_track *track = &path->track[i];

		if (track->is_used && track->rtp_channel < 32 && track->rtcp_channel < 32) {
			channels |= UINT32_C(1) << track->rtp_channel;
			channels |= UINT32_C(1) << track->rtcp_channel;
		}
	}
	return channels;
}

static void take_rtp(struct km_media_path *path, size_t track, struct km_bytes packet,
    int64_t now_us, int64_t now_unix_us)
{
	path->packets++;
	path->last_media_us = now_us;
	path->has_bye = false;
	km_intake_packet(path->intake, track, packet, now_unix_us);
}

static void take_sender_report(struct km_media_path *path, size_t track_index,
    const struct km_rtcp_packet *packet, int64_t now_us)
{
	struct km_media_path_track *track = &path->track[track_index];
	int64_t camera_us = km_rtcp_ntp_to_unix_us(packet->ntp);
	int64_t label_us = 0;

	track->last_sender_ntp = (uint32_t)(packet->ntp >> 16);
	track->last_sender_us = now_us;
	/* [quirk: NTP time counts from 1900 or from boot]: that is no clock to compare with. */
	if (track_index == 0 && camera_us > 0 &&
	    km_intake_label(path->intake, track_index, packet->timestamp, &label_us)) {
		path->clock_offset_us = camera_us - label_us;
	}
}

/* RTCP of sources that we do not know is tolerated [quirk: another SSRC in RTCP than in RTP]. */
static void take_rtcp(
    struct km_media_path *path, size_t track, struct km_bytes compound, int64_t now_us)
{
	struct km_rtcp_packet packet = { 0 };

	while (compound.size > 0 && km_rtcp_parse(&compound, &packet, NULL) == 0) {
		if (packet.kind == KM_RTCP_SENDER_REPORT) {
			take_sender_report(path, track, &packet, now_us);
		} else if (packet.kind == KM_RTCP_BYE && track == 0) {
			path->has_bye = true;
		}
	}
}

void km_media_path_frame(struct km_media_path *path, const struct km_rtsp_frame *frame,
    int64_t now_us, int64_t now_unix_us)
{
	for (size_t i = 0; i < path->track_count; i++) {
		const struct km_media_path_track *track = &path->track[i];

		if (!track->is_used) {
			continue;
		}
		if (frame->channel == track->rtp_channel && !km_rtp_is_rtcp(frame->payload)) {
			take_rtp(path, i, frame->payload, now_us, now_unix_us);
			return;
		}
		if (frame->channel == track->rtcp_channel || frame->channel == track->rtp_channel) {
			take_rtcp(path, i, frame->payload, now_us);
			return;
		}
	}
	path->oddities |= KM_ODDITY_UNKNOWN_CHANNEL;
}

/* --- UDP --- */

static void reorder(struct km_media_path *path, size_t track, struct km_bytes packet,
    int64_t now_us, int64_t now_unix_us)
{
	struct km_rtp_reorder *order = &path->track[track].reorder;
	struct km_bytes ready = { 0 };

	while (km_rtp_reorder_push(order, packet, now_us, &ready) == KM_ERR_AGAIN) {
		while (km_rtp_reorder_next(order, now_us, &ready)) {
			take_rtp(path, track, ready, now_us, now_unix_us);
		}
	}
	if (ready.size > 0) {
		take_rtp(path, track, ready, now_us, now_unix_us);
	}
	while (km_rtp_reorder_next(order, now_us, &ready)) {
		take_rtp(path, track, ready, now_us, now_unix_us);
	}
}

static void lay_out(struct km_udp_packet *packets, uint8_t *scratch)
{
	for (size_t i = 0; i < KM_UDP_BATCH_MAX; i++) {
		packets[i] = (struct km_udp_packet){
			.data = scratch + i * PACKET_BYTES,
			.capacity = PACKET_BYTES,
		};
	}
}

static void drain_rtp(struct km_media_path *path, size_t track_index, struct km_udp_packet *packets,
    int64_t now_us, int64_t now_unix_us)
{
	struct km_media_path_track *track = &path->track[track_index];
	struct km_bytes ready = { 0 };

	for (unsigned round = 0; round < DRAIN_ROUNDS; round++) {
		size_t count = 0;
		size_t dropped = 0;

		if (km_udp_receive(track->udp.rtp_fd, &track->peer, packets, KM_UDP_BATCH_MAX,
			&count, &dropped) < 0) {
			break;
		}
		for (size_t i = 0; i < count; i++) {
			reorder(path, track_index, km_bytes_from(packets[i].data, packets[i].size),
			    now_us, now_unix_us);
		}
		if (count + dropped < KM_UDP_BATCH_MAX) {
			break;
		}
	}
	while (km_rtp_reorder_next(&track->reorder, now_us, &ready)) {
		take_rtp(path, track_index, ready, now_us, now_unix_us);
	}
}

static void drain_rtcp(
    struct km_media_path *path, size_t track_index, struct km_udp_packet *packets, int64_t now_us)
{
	struct km_media_path_track *track = &path->track[track_index];
	struct km_address peer = track->peer;
	size_t count = 0;
	size_t dropped = 0;

	km_address_set_port(&peer, 0);
	if (km_udp_receive(track->udp.rtcp_fd, &peer, packets, KM_UDP_BATCH_MAX, &count, &dropped) <
	    0) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		take_rtcp(
		    path, track_index, km_bytes_from(packets[i].data, packets[i].size), now_us);
	}
}

void km_media_path_drain(
    struct km_media_path *path, uint8_t *scratch, int64_t now_us, int64_t now_unix_us)
{
	struct km_udp_packet packets[KM_UDP_BATCH_MAX];

	lay_out(packets, scratch);
	for (size_t i = 0; i < path->track_count; i++) {
		if (path->track[i].is_used && path->track[i].udp.rtp_fd >= 0) {
			drain_rtp(path, i, packets, now_us, now_unix_us);
		}
	}
	for (size_t i = 0; i < path->track_count; i++) {
		if (path->track[i].is_used && path->track[i].udp.rtcp_fd >= 0) {
			drain_rtcp(path, i, packets, now_us);
		}
	}
}

int km_media_path_watch(struct km_media_path *path, struct km_loop *loop,
    void (*on_ready)(void *context, unsigned events), void *context, bool is_on)
{
	for (size_t i = 0; i < path->track_count; i++) {
		struct km_media_path_track *track = &path->track[i];

		if (!track->is_used || track->udp.rtp_fd < 0) {
			continue;
		}
		if (track->watch == NULL) {
			int err = km_watch_create(
			    loop, track->udp.rtp_fd, on_ready, context, &track->watch);

			if (err < 0) {
				return err;
			}
		}
		km_watch_set(track->watch, is_on ? KM_LOOP_READ : 0);
	}
	return 0;
}

/* --- receiver reports --- */

static void fill_report(
    struct km_media_path *path, size_t track_index, int64_t now_us, struct km_rtcp_report *report)
{
	struct km_media_path_track *track = &path->track[track_index];
	const struct km_rtp_sequence *sequence = &path->intake->track[track_index].sequence;
	uint64_t received = sequence->received - track->reported_received;
	uint64_t lost = sequence->lost - track->reported_lost;

	*report = (struct km_rtcp_report){
		.ssrc = path->ssrc,
		.source = sequence->ssrc,
		.lost = sequence->lost > UINT32_MAX ? UINT32_MAX : (uint32_t)sequence->lost,
		.highest = km_rtp_sequence_highest(sequence),
		.last_sender_ntp = track->last_sender_ntp,
	};
	if (received + lost > 0) {
		report->fraction_lost = (uint8_t)(lost * 255 / (received + lost));
	}
	if (track->last_sender_ntp != 0) {
		report->since_last_report =
		    (uint32_t)((now_us - track->last_sender_us) * 65536 / 1000000);
	}
	track->reported_received = sequence->received;
	track->reported_lost = sequence->lost;
}

void km_media_path_report(struct km_media_path *path, int64_t now_us, struct km_buf *out)
{
	for (size_t i = 0; i < path->track_count; i++) {
		struct km_media_path_track *track = &path->track[i];
		uint8_t storage[KM_RTCP_REPORT_MAX];
		struct km_rtcp_report report = { 0 };
		struct km_buf buf = { 0 };

		if (!track->is_used || !path->intake->track[i].sequence.is_started) {
			continue;
		}
		fill_report(path, i, now_us, &report);
		km_buf_init_fixed(&buf, storage, sizeof(storage));
		km_rtcp_write_report(&report, CNAME, &buf);
		if (path->is_udp) {
			struct km_address peer = track->peer;
			int err = 0;

			km_address_set_port(&peer, track->peer_rtcp_port);
			if (track->peer_rtcp_port != 0) {
				err = km_udp_send(track->udp.rtcp_fd, &peer, km_buf_view(&buf));
			}
			(void)err; /* the next one follows in some seconds */
			continue;
		}
		km_buf_add_u8(out, '$');
		km_buf_add_u8(out, track->rtcp_channel);
		km_buf_add_u16(out, (unsigned)buf.size);
		km_buf_add(out, km_buf_view(&buf));
	}
}
