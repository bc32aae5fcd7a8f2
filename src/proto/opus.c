#include "proto/opus.h"

/* Length of one frame by the upper 5 bits of the first byte [RFC 6716 table 2]. */
static uint32_t frame_ticks(unsigned config)
{
	static const uint16_t silk[] = { 480, 960, 1920, 2880 };
	static const uint16_t hybrid[] = { 480, 960 };
	static const uint16_t celt[] = { 120, 240, 480, 960 };

	if (config < 12) {
		return silk[config % 4];
	}
	return config < 16 ? hybrid[config % 2] : celt[config % 4];
}

int km_opus_packet_ticks(struct km_bytes packet, uint32_t *ret_ticks)
{
	uint32_t count = 0;
	uint32_t ticks = 0;

	if (packet.size == 0) {
		return KM_ERR_SHORT;
	}
	switch (packet.data[0] & 3) {
	case 0:
		count = 1;
		break;
	case 3:
		if (packet.size < 2) {
			return KM_ERR_SHORT;
		}
		count = packet.data[1] & 0x3f;
		break;
	default:
		count = 2;
		break;
	}
	ticks = count * frame_ticks(packet.data[0] >> 3);
	if (ticks == 0 || ticks > KM_OPUS_TICKS_MAX) {
		return KM_ERR_FORMAT;
	}
	*ret_ticks = ticks;
	return 0;
}

int km_opus_write_config(uint8_t channels, struct km_buf *buf)
{
	if (channels < 1 || channels > 2) {
		return KM_ERR_RANGE;
	}
	km_buf_add_u8(buf, 0); /* version */
	km_buf_add_u8(buf, channels);
	km_buf_add_u16(buf, 0); /* PreSkip */
	km_buf_add_u32(buf, KM_OPUS_CLOCK_HZ);
	km_buf_add_u16(buf, 0); /* OutputGain */
	km_buf_add_u8(buf, 0);  /* ChannelMappingFamily */
	return km_buf_error(buf);
}
