/*
 * UDP for media: a pair of neighbouring ports, RTP on the even one and RTCP on the next.
 * [RFC 3550 11]
 */
#ifndef KM_IO_UDP_H
#define KM_IO_UDP_H

#include "io/address.h"

#define KM_UDP_BATCH_MAX 64 /* packets taken by one system call */

struct km_udp_pair {
	int rtp_fd;
	int rtcp_fd;
	uint16_t rtp_port; /* even; RTCP is the next */
};

/*
 * Open a pair on a local address (its port is not looked at), with socket buffers for
 * receive_buffer_bytes of RTP (0: the system's). Tries some ports and takes the first pair that is
 * free. Returns 0, KM_ERR_LIMIT (none found) or KM_ERR_SYS.
 */
KM_MUST_USE int km_udp_pair_open(
    const struct km_address *local, int receive_buffer_bytes, struct km_udp_pair *ret_pair);

/* Close both and set them to -1; those that are -1 already are fine. */
void km_udp_pair_close(struct km_udp_pair *pair);

struct km_udp_packet {
	uint8_t *data; /* the caller's room of `capacity` bytes */
	size_t capacity;
	size_t size; /* what came */
	struct km_address from;
};

/*
 * Take what has come, at most count (<= KM_UDP_BATCH_MAX) packets, without blocking.
 *
 * peer     only packets from this host are given out, and if its port is not 0, from this port;
 * NULL for all packets  data and capacity are read, size and from are set. The first *ret_count are
 * packets that passed; entries may have changed places, so that `data` pointers move between
 * entries ret_dropped  packets from elsewhere or longer than their room; counted, not given out
 *
 * Returns 0 (also if all were dropped; *ret_count may be 0), KM_ERR_AGAIN or KM_ERR_SYS.
 */
KM_MUST_USE int km_udp_receive(int fd, const struct km_address *peer, struct km_udp_packet *packets,
    size_t count, size_t *ret_count, size_t *ret_dropped);

/* Send one packet. Returns 0, KM_ERR_AGAIN (it is dropped) or KM_ERR_SYS. */
KM_MUST_USE int km_udp_send(int fd, const struct km_address *to, struct km_bytes packet);

#endif
