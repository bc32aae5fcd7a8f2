/*
 * Puts the RTP packets of one UDP source back in order, within a bounded window.
 *
 * A packet that is the one expected is handed on in place, without a copy; only what came too early
 * is kept, in storage that the caller gives, until the gap is filled, the window is full, or the
 * wait has lasted too long. For each packet:
 *
 *	while (km_rtp_reorder_push(reorder, packet, now_us, &ready) == KM_ERR_AGAIN) {
 *		use what km_rtp_reorder_next gives until it says false
 *	}
 *	use `ready` if it is not empty
 *	use what km_rtp_reorder_next gives until it says false (on every tick too)
 */
#ifndef KM_PROTO_RTP_REORDER_H
#define KM_PROTO_RTP_REORDER_H

#include "base/bytes.h"
#include "base/error.h"

#define KM_RTP_REORDER_SLOTS      32
#define KM_RTP_REORDER_SLOT_BYTES 2048 /* larger than any packet of an Ethernet frame */
#define KM_RTP_REORDER_BYTES      (KM_RTP_REORDER_SLOTS * KM_RTP_REORDER_SLOT_BYTES)

struct km_rtp_reorder {
	uint8_t *storage; /* KM_RTP_REORDER_BYTES of the caller */
	int64_t max_wait_us;
	int64_t waiting_since_us; /* while count > 0 */
	uint16_t next;            /* expected */
	uint16_t count;           /* slots in use */
	uint16_t reach; /* while must_reach: what is missing before this number is given up */
	bool must_reach;
	bool is_started;
	uint16_t size[KM_RTP_REORDER_SLOTS]; /* of the packet in slot sequence % SLOTS; 0: none */
};

void km_rtp_reorder_init(struct km_rtp_reorder *reorder, uint8_t *storage, int64_t max_wait_us);

/*
 * Take one packet (not yet parsed). *ret_ready is the packet to be used now: `packet` itself, or
 * empty when it was kept, or when it is a duplicate of a kept one. `packet` is borrowed until
 * return. A packet from before the window is handed on as it is: what it means is
 * km_rtp_sequence's to say (and after KM_RTP_RESTART: km_rtp_reorder_init).
 * Returns 0, or KM_ERR_AGAIN: the window must move first, so call km_rtp_reorder_next until it says
 * false, then push again, which then succeeds.
 */
KM_MUST_USE int km_rtp_reorder_push(struct km_rtp_reorder *reorder, struct km_bytes packet,
    int64_t now_us, struct km_bytes *ret_ready);

/*
 * The next kept packet whose turn it is, or whose predecessors were waited for long enough; false
 * if there is none. The view is valid until the next push.
 */
bool km_rtp_reorder_next(
    struct km_rtp_reorder *reorder, int64_t now_us, struct km_bytes *ret_ready);

#endif
