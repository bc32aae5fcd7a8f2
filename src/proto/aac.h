/*
 * AudioSpecificConfig, what describes an AAC stream [ISO 14496-3 1.6.2.1], and ADTS headers
 * [ISO 14496-3 1.A.2.2], which some cameras leave in front of frames.
 */
#ifndef KM_PROTO_AAC_H
#define KM_PROTO_AAC_H

#include "base/buf.h"
#include "base/error.h"

#define KM_AAC_OBJECT_LC  2
#define KM_AAC_OBJECT_SBR 5
#define KM_AAC_OBJECT_PS  29
#define KM_AAC_CONFIG_MAX 64 /* bytes; a longer one is refused */
#define KM_AAC_ADTS_BYTES 7  /* without checksum; 9 with it */

struct km_aac_config {
	uint8_t object_type;    /* audioObjectType as signalled first; SBR and PS stay visible */
	uint8_t channels;       /* 1 to 8 */
	uint16_t frame_samples; /* 1024, or 960, per channel and frame at rate_hz */
	uint32_t rate_hz;       /* of the core, before SBR doubles it */
};

/*
 * Returns 0, KM_ERR_SHORT, KM_ERR_RANGE, KM_ERR_LIMIT or KM_ERR_UNSUPPORTED (channels in a program
 * config element, or not an AAC object type). ret_fault may be NULL.
 */
KM_MUST_USE int km_aac_parse_config(
    struct km_bytes config, struct km_aac_config *ret_config, struct km_fault *ret_fault);

/*
 * Append the config of AAC-LC with frames of 1024. Returns 0, KM_ERR_RANGE (channels, or a rate
 * that has no index), or the error of the buffer.
 */
KM_MUST_USE int km_aac_write_config(uint32_t rate_hz, uint8_t channels, struct km_buf *buf);

/* Bytes of the ADTS header at the start of the frame, 7 or 9; 0 if there is none. */
size_t km_aac_adts_bytes(struct km_bytes frame);

#endif
