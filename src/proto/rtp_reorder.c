#include "proto/rtp_reorder.h"

#include <string.h>

#define SEQUENCE_AT  2 /* [RFC 3550 5.1] */
#define HEADER_BYTES 12
#define TOO_OLD      0x8000 /* this far "ahead" in 16 bits means behind */

void km_rtp_reorder_init(struct km_rtp_reorder *reorder, uint8_t *storage, int64_t max_wait_us)
{
	*reorder = (struct km_rtp_reorder){ .storage = storage, .max_wait_us = max_wait_us };
}

static uint8_t *slot_of(const struct km_rtp_reorder *reorder, uint16_t number)
{
	return reorder->storage +
	       (size_t)(number % KM_RTP_REORDER_SLOTS) * KM_RTP_REORDER_SLOT_BYTES;
}

static void keep(
    struct km_rtp_reorder *reorder, struct km_bytes packet, uint16_t number, int64_t now_us)
{
	uint16_t *size = &reorder->size[number % KM_RTP_REORDER_SLOTS];

	if (*size > 0 || packet.size > KM_RTP_REORDER_SLOT_BYTES) {
		return; /* a duplicate, or larger than any that we can keep: it counts as lost */
	}
	memcpy(slot_of(reorder, number), packet.data, packet.size);
	*size = (uint16_t)packet.size;
	if (reorder->count == 0) {
		reorder->waiting_since_us = now_us;
	}
	reorder->count++;
}

/* Far ahead of the window: move it so far that this packet fits, losing nothing that was kept. */
static bool make_room(struct km_rtp_reorder *reorder, uint16_t number)
{
	if (reorder->count == 0) {
		reorder->next = number;
		return true;
	}
	reorder->reach = (uint16_t)(number - (KM_RTP_REORDER_SLOTS - 1));
	reorder->must_reach = true;
	return false;
}

int km_rtp_reorder_push(struct km_rtp_reorder *reorder, struct km_bytes packet, int64_t now_us,
    struct km_bytes *ret_ready)
{
	uint16_t number = 0;
	uint16_t ahead = 0;

	*ret_ready = packet;
	if (packet.size < HEADER_BYTES) {
		return 0; /* the parser says what is wrong with it */
	}
	number = (uint16_t)(packet.data[SEQUENCE_AT] << 8 | packet.data[SEQUENCE_AT + 1]);
	if (!reorder->is_started) {
		reorder->is_started = true;
		reorder->next = number;
	}
	ahead = (uint16_t)(number - reorder->next);
	if (ahead >= TOO_OLD) {
		return 0;
	}
	if (ahead >= KM_RTP_REORDER_SLOTS) {
		if (!make_room(reorder, number)) {
			return KM_ERR_AGAIN;
		}
		ahead = 0;
	}
	if (ahead > 0) {
		keep(reorder, packet, number, now_us);
		*ret_ready = km_bytes_from(NULL, 0);
		return 0;
	}
	reorder->next = (uint16_t)(number + 1);
	return 0;
}

static bool take(struct km_rtp_reorder *reorder, struct km_bytes *ret_ready)
{
	uint16_t *size = &reorder->size[reorder->next % KM_RTP_REORDER_SLOTS];

	if (*size == 0) {
		return false;
	}
	*ret_ready = km_bytes_from(slot_of(reorder, reorder->next), *size);
	*size = 0;
	reorder->count--;
	reorder->next = (uint16_t)(reorder->next + 1);
	return true;
}

/* Give up what is missing, up to the next kept packet or up to `reach`. */
static bool take_after_gap(struct km_rtp_reorder *reorder, struct km_bytes *ret_ready)
{
	while (reorder->count > 0) {
		if (reorder->must_reach && (uint16_t)(reorder->reach - reorder->next) >= TOO_OLD) {
			break;
		}
		if (take(reorder, ret_ready)) {
			return true;
		}
		if (reorder->must_reach && reorder->next == reorder->reach) {
			break;
		}
		reorder->next = (uint16_t)(reorder->next + 1);
	}
	reorder->must_reach = false;
	return false;
}

bool km_rtp_reorder_next(struct km_rtp_reorder *reorder, int64_t now_us, struct km_bytes *ret_ready)
{
	if (reorder->count == 0) {
		reorder->must_reach = false;
		return false;
	}
	if (take(reorder, ret_ready)) {
		reorder->waiting_since_us = now_us;
		return true;
	}
	if (reorder->must_reach) {
		return take_after_gap(reorder, ret_ready);
	}
	if (now_us - reorder->waiting_since_us < reorder->max_wait_us) {
		return false;
	}
	return take_after_gap(reorder, ret_ready);
}
