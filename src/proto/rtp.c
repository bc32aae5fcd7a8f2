#include "proto/rtp.h"

#include "base/reader.h"

#define VERSION      2
#define MAX_DROPOUT  3000 /* [RFC 3550 A.1] */
#define MAX_MISORDER 100

/* First byte's fields [RFC 3550 5.1]. */
#define HAS_PADDING(byte)   (((byte)&0x20) != 0)
#define HAS_EXTENSION(byte) (((byte)&0x10) != 0)
#define CSRC_COUNT(byte)    ((size_t)((byte)&0x0f))

bool km_rtp_is_rtcp(struct km_bytes packet)
{
	/* RTCP's types 192 to 223 would be RTP's payload types 64 to 95 with the marker set. */
	return packet.size >= 2 && packet.data[0] >> 6 == VERSION && packet.data[1] >= 192 &&
	       packet.data[1] <= 223;
}

static int skip_extension(struct km_reader *reader, struct km_fault *ret_fault)
{
	uint16_t profile = 0;
	uint16_t words = 0;

	if (km_reader_u16(reader, &profile) < 0 || km_reader_u16(reader, &words) < 0 ||
	    km_reader_skip(reader, (size_t)words * 4) < 0) {
		return km_fault_set(ret_fault, reader->at, "RFC 3550 5.3.1",
		    "the header extension is longer than the packet", KM_ERR_SHORT);
	}
	return 0;
}

static int cut_padding(struct km_bytes *payload, size_t end, struct km_fault *ret_fault)
{
	size_t padding = 0;

	if (payload->size == 0) {
		return km_fault_set(ret_fault, end, "RFC 3550 5.1",
		    "the padding bit is set and there is no padding", KM_ERR_FORMAT);
	}
	padding = payload->data[payload->size - 1];
	if (padding == 0 || padding > payload->size) {
		return km_fault_set(ret_fault, end - 1, "RFC 3550 5.1",
		    "the padding is empty or longer than the payload", KM_ERR_FORMAT);
	}
	payload->size -= padding;
	return 0;
}

int km_rtp_parse(
    struct km_bytes packet, struct km_rtp_packet *ret_packet, struct km_fault *ret_fault)
{
	struct km_rtp_packet parsed = { 0 };
	struct km_reader reader = km_reader_from(packet);
	uint8_t first = 0;
	uint8_t second = 0;
	int err = 0;

	if (packet.size < KM_RTP_HEADER_BYTES) {
		return km_fault_set(ret_fault, packet.size, "RFC 3550 5.1",
		    "shorter than the fixed header of 12 bytes", KM_ERR_SHORT);
	}
	/* These cannot fail: the size was looked at. */
	if (km_reader_u8(&reader, &first) < 0 || km_reader_u8(&reader, &second) < 0 ||
	    km_reader_u16(&reader, &parsed.sequence) < 0 ||
	    km_reader_u32(&reader, &parsed.timestamp) < 0 ||
	    km_reader_u32(&reader, &parsed.ssrc) < 0) {
		return KM_ERR_SHORT;
	}
	if (first >> 6 != VERSION) {
		return km_fault_set(
		    ret_fault, 0, "RFC 3550 5.1", "the version is not 2", KM_ERR_FORMAT);
	}
	if (km_reader_skip(&reader, CSRC_COUNT(first) * 4) < 0) {
		return km_fault_set(ret_fault, reader.at, "RFC 3550 5.1",
		    "the CSRC list is longer than the packet", KM_ERR_SHORT);
	}
	if (HAS_EXTENSION(first)) {
		err = skip_extension(&reader, ret_fault);
		if (err < 0) {
			return err;
		}
	}
	parsed.payload = km_reader_rest(&reader);
	if (HAS_PADDING(first)) {
		err = cut_padding(&parsed.payload, packet.size, ret_fault);
		if (err < 0) {
			return err;
		}
	}
	parsed.marker = second >> 7 != 0;
	parsed.payload_type = second & 0x7f;
	*ret_packet = parsed;
	return 0;
}

static void sequence_begin(struct km_rtp_sequence *sequence, const struct km_rtp_packet *packet)
{
	sequence->is_started = true;
	sequence->has_candidate = false;
	sequence->ssrc = packet->ssrc;
	sequence->cycles = 0;
	sequence->first_extended = packet->sequence;
	sequence->next = (uint16_t)(packet->sequence + 1);
	sequence->received++;
}

static void sequence_advance(struct km_rtp_sequence *sequence, uint16_t number)
{
	/* next - 1 was the highest so far: crossing 65535 is one more cycle. */
	if (number < (uint16_t)(sequence->next - 1)) {
		sequence->cycles += UINT32_C(1) << 16;
	}
	sequence->next = (uint16_t)(number + 1);
	sequence->received++;
	sequence->has_candidate = false;
}

static enum km_rtp_order push_far(
    struct km_rtp_sequence *sequence, const struct km_rtp_packet *packet)
{
	if (sequence->has_candidate && packet->sequence == sequence->candidate) {
		sequence_begin(sequence, packet);
		return KM_RTP_RESTART;
	}
	sequence->has_candidate = true;
	sequence->candidate = (uint16_t)(packet->sequence + 1);
	sequence->old++;
	return KM_RTP_OLD;
}

enum km_rtp_order km_rtp_sequence_push(
    struct km_rtp_sequence *sequence, const struct km_rtp_packet *packet)
{
	uint16_t ahead = (uint16_t)(packet->sequence - sequence->next);

	sequence->missing = 0;
	if (!sequence->is_started) {
		sequence_begin(sequence, packet);
		return KM_RTP_NEXT;
	}
	if (packet->ssrc != sequence->ssrc) {
		sequence_begin(sequence, packet);
		return KM_RTP_RESTART;
	}
	if (ahead == 0) {
		sequence_advance(sequence, packet->sequence);
		return KM_RTP_NEXT;
	}
	if (ahead < MAX_DROPOUT) {
		sequence->missing = ahead;
		sequence->lost += ahead;
		sequence_advance(sequence, packet->sequence);
		return KM_RTP_LOST;
	}
	if (ahead >= (uint16_t)-MAX_MISORDER) {
		sequence->old++;
		return KM_RTP_OLD;
	}
	return push_far(sequence, packet);
}

uint32_t km_rtp_sequence_highest(const struct km_rtp_sequence *sequence)
{
	return sequence->cycles + (uint16_t)(sequence->next - 1);
}

void km_rtp_clock_init(
    struct km_rtp_clock *clock, int64_t max_forward_ticks, int64_t max_backward_ticks)
{
	*clock = (struct km_rtp_clock){
		.max_forward_ticks = max_forward_ticks,
		.max_backward_ticks = max_backward_ticks,
	};
}

int km_rtp_clock_push(struct km_rtp_clock *clock, uint32_t timestamp, int64_t *ret_ticks)
{
	int64_t step = (int32_t)(timestamp - clock->last);

	if (clock->is_started) {
		if (step > clock->max_forward_ticks || step < -clock->max_backward_ticks) {
			return KM_ERR_RANGE;
		}
		clock->ticks += step;
	}
	clock->is_started = true;
	clock->last = timestamp;
	*ret_ticks = clock->ticks;
	return 0;
}
