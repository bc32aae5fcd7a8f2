/*
 * The audio part of depacketizing: AAC [RFC 3640], Opus [RFC 7587], G.711 [RFC 3551 4.5.14]. Only
 * for proto/depacketize*.c.
 */
#ifndef KM_PROTO_DEPACKETIZE_AUDIO_H
#define KM_PROTO_DEPACKETIZE_AUDIO_H

#include "proto/depacketize.h"

/* Fill in what the track lacks, and check it. */
KM_MUST_USE int km_depacketize_audio_init(struct km_depacketizer *d);

KM_MUST_USE int km_depacketize_audio_push(struct km_depacketizer *d,
    const struct km_rtp_packet *packet, bool is_after_loss, struct km_buf *unit,
    unsigned *ret_result);

#endif
