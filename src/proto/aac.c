#include "proto/aac.h"

#include "proto/bit_reader.h"

#define CONFIG_CLAUSE  "ISO 14496-3 1.6.2.1"
#define INDEX_EXPLICIT 15
#define CHANNELS_7_1   7 /* channelConfiguration 7 means 8 channels */

static const uint32_t rates[] = { 96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000,
	12000, 11025, 8000, 7350 };

static uint8_t read_object_type(struct km_bit_reader *reader)
{
	uint32_t type = km_bit_reader_bits(reader, 5);

	return (uint8_t)(type == 31 ? 32 + km_bit_reader_bits(reader, 6) : type);
}

static uint32_t read_rate(struct km_bit_reader *reader)
{
	uint32_t index = km_bit_reader_bits(reader, 4);

	if (index == INDEX_EXPLICIT) {
		return km_bit_reader_bits(reader, 24);
	}
	return index < KM_COUNT(rates) ? rates[index] : 0;
}

/* The object types whose config goes on with GASpecificConfig [ISO 14496-3 table 1.15]. */
static bool is_general_audio(uint8_t type)
{
	return (type >= 1 && type <= 4) || type == 6 || type == 7 || type == 17 ||
	       (type >= 19 && type <= 23);
}

int km_aac_parse_config(
    struct km_bytes config, struct km_aac_config *ret_config, struct km_fault *ret_fault)
{
	struct km_bit_reader reader = km_bit_reader_from(config);
	struct km_aac_config parsed = { 0 };
	uint32_t channels = 0;
	uint8_t core_type = 0;

	reader.keeps_all = true;
	if (config.size > KM_AAC_CONFIG_MAX) {
		return km_fault_set(
		    ret_fault, KM_AAC_CONFIG_MAX, CONFIG_CLAUSE, "too long", KM_ERR_LIMIT);
	}
	parsed.object_type = read_object_type(&reader);
	parsed.rate_hz = read_rate(&reader);
	channels = km_bit_reader_bits(&reader, 4);
	core_type = parsed.object_type;
	if (core_type == KM_AAC_OBJECT_SBR || core_type == KM_AAC_OBJECT_PS) {
		(void)read_rate(&reader);
		core_type = read_object_type(&reader);
	}
	/* frameLengthFlag; the rest of GASpecificConfig changes nothing here. */
	parsed.frame_samples = km_bit_reader_flag(&reader) ? 960 : 1024;
	if (km_bit_reader_error(&reader) < 0) {
		return km_fault_set(
		    ret_fault, config.size, CONFIG_CLAUSE, "ends too early", KM_ERR_SHORT);
	}
	if (!is_general_audio(core_type)) {
		return km_fault_set(
		    ret_fault, 0, CONFIG_CLAUSE, "not an AAC object type", KM_ERR_UNSUPPORTED);
	}
	if (channels == 0) {
		return km_fault_set(ret_fault, 1, CONFIG_CLAUSE,
		    "channels are given by a program config element", KM_ERR_UNSUPPORTED);
	}
	if (channels > CHANNELS_7_1 || parsed.rate_hz == 0) {
		return km_fault_set(ret_fault, 0, CONFIG_CLAUSE,
		    "reserved sampling rate or channel configuration", KM_ERR_RANGE);
	}
	parsed.channels = (uint8_t)(channels == CHANNELS_7_1 ? 8 : channels);
	*ret_config = parsed;
	return 0;
}

int km_aac_write_config(uint32_t rate_hz, uint8_t channels, struct km_buf *buf)
{
	unsigned configuration = channels == 8 ? CHANNELS_7_1 : channels;
	unsigned index = 0;

	while (index < KM_COUNT(rates) && rates[index] != rate_hz) {
		index++;
	}
	if (index == KM_COUNT(rates) || channels == 0 || channels == 7 || channels > 8) {
		return KM_ERR_RANGE;
	}
	km_buf_add_u16(buf, (unsigned)KM_AAC_OBJECT_LC << 11 | index << 7 | configuration << 3);
	return km_buf_error(buf);
}

size_t km_aac_adts_bytes(struct km_bytes frame)
{
	size_t header = 0;
	size_t length = 0;

	/* Syncword, layer 0; the frame's length must be that of the whole frame. */
	if (frame.size < KM_AAC_ADTS_BYTES || frame.data[0] != 0xff ||
	    (frame.data[1] & 0xf6) != 0xf0) {
		return 0;
	}
	header = (frame.data[1] & 1) != 0 ? KM_AAC_ADTS_BYTES : KM_AAC_ADTS_BYTES + 2;
	length =
	    (size_t)(frame.data[3] & 3) << 11 | (size_t)frame.data[4] << 3 | frame.data[5] >> 5;
	return length == frame.size && length > header ? header : 0;
}
