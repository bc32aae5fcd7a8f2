/*
 * What a session description offers, as something that can be received: which medias to take, and a
 * depacketizer for each.
 */
#ifndef KM_RECEIVER_OFFER_H
#define KM_RECEIVER_OFFER_H

#include "proto/depacketize.h"
#include "proto/sdp.h"

/*
 * The first video and the first audio that we can record, video first. Medias that go to the camera
 * and those of unknown codecs are passed over. Returns how many indices were set (0 to 2).
 */
size_t km_offer_choose(const struct km_sdp *sdp, size_t ret_chosen[static KM_TRACKS_MAX]);

/*
 * Prepare for one media: codec, clock, AAC configuration, parameter sets. Parameter sets and
 * configurations that are missing or wrong are no failure: the stream will say.
 * Returns 0, KM_ERR_UNSUPPORTED (codec, or an interleaved mode) or KM_ERR_RANGE (clock).
 */
KM_MUST_USE int km_offer_prepare(const struct km_sdp_media *media, size_t max_unit_bytes,
    struct km_depacketizer *ret_depacketizer);

/*
 * Append which codecs are offered, for an error text: "JPEG, PCMU". Escaped.
 */
void km_offer_list(const struct km_sdp *sdp, struct km_buf *buf);

#endif
