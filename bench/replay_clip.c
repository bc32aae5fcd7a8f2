#include "replay_clip.h"

#include "base/error.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_BYTES_MAX    (64U << 20)
#define INTERLEAVED_BYTES 4
#define RTP_BYTES         12
#define PAYLOAD_TYPE      96
#define NAL_IDR           5
#define NAL_SPS           7
#define NAL_PPS           8
#define FU_A              28

struct loader {
	struct km_replay_clip *clip;
	struct km_bytes sps;
	struct km_bytes pps;
	size_t frame_offset; /* where the open picture's packets begin */
	uint32_t frame_packets;
	uint32_t last_payload;
};

static uint8_t nal_type(struct km_bytes nal)
{
	return nal.data[0] & 0x1f;
}

/* The place of the next 00 00 01, or the view's size. */
static size_t find_start(struct km_bytes view, size_t from)
{
	for (size_t at = from; at + 3 <= view.size; at++) {
		if (view.data[at] == 0 && view.data[at + 1] == 0 && view.data[at + 2] == 1) {
			return at;
		}
	}
	return view.size;
}

static void add_packet(struct loader *loader, const uint8_t *prefix, size_t prefix_size,
    struct km_bytes data, bool is_last)
{
	struct km_buf *out = &loader->clip->packets;

	km_buf_add_u8(out, '$');
	km_buf_add_u8(out, 0);
	km_buf_add_u16(out, (unsigned)(RTP_BYTES + prefix_size + data.size));
	km_buf_add_u8(out, 0x80);
	km_buf_add_u8(out, PAYLOAD_TYPE | (is_last ? 0x80U : 0U));
	km_buf_add_u16(out, 0);
	km_buf_add_u32(out, 0);
	km_buf_add_u32(out, 0);
	km_buf_add_data(out, prefix, prefix_size);
	km_buf_add(out, data);
	loader->frame_packets++;
	loader->last_payload = (uint32_t)data.size;
}

/* A NAL unit as one packet or as FU-A [RFC 6184 5.6, 5.8]. */
static void add_nal(struct loader *loader, struct km_bytes nal, bool is_last)
{
	const size_t most = KM_REPLAY_CLIP_PAYLOAD_MAX - 2;
	struct km_bytes rest = km_bytes_after(nal, 1);
	uint8_t prefix[2] = { (uint8_t)((nal.data[0] & 0xe0) | FU_A),
		(uint8_t)(nal_type(nal) | 0x80) };

	if (nal.size <= KM_REPLAY_CLIP_PAYLOAD_MAX) {
		add_packet(loader, NULL, 0, nal, is_last);
		return;
	}
	while (rest.size > 0) {
		bool is_end = rest.size <= most;

		prefix[1] = (uint8_t)(prefix[1] | (is_end ? 0x40 : 0));
		add_packet(loader, prefix, sizeof(prefix), km_bytes_slice(rest, 0, most),
		    is_end && is_last);
		prefix[1] &= 0x7f;
		rest = km_bytes_after(rest, most);
	}
}

static int add_slice(struct loader *loader, struct km_bytes nal)
{
	struct km_replay_clip *clip = loader->clip;
	struct km_replay_frame *frame = &clip->frames[clip->frame_count];

	if (clip->frame_count == KM_REPLAY_CLIP_FRAMES_MAX) {
		return KM_ERR_LIMIT;
	}
	if (loader->sps.size == 0 || loader->pps.size == 0) {
		return KM_ERR_FORMAT;
	}
	loader->frame_offset = clip->packets.size;
	loader->frame_packets = 0;
	if (nal_type(nal) == NAL_IDR) {
		add_nal(loader, loader->sps, false);
		add_nal(loader, loader->pps, false);
	}
	add_nal(loader, nal, true);
	frame->offset = loader->frame_offset;
	frame->size = clip->packets.size - frame->offset;
	frame->packets = loader->frame_packets;
	frame->last_payload = loader->last_payload;
	if (frame->size > clip->frame_size_max) {
		clip->frame_size_max = frame->size;
	}
	clip->packet_count += frame->packets;
	clip->frame_count++;
	return km_buf_error(&clip->packets);
}

static int take_nal(struct loader *loader, struct km_bytes nal)
{
	while (nal.size > 0 && nal.data[nal.size - 1] == 0) {
		nal.size--;
	}
	if (nal.size < 2) {
		return KM_ERR_FORMAT;
	}
	switch (nal_type(nal)) {
	case NAL_SPS:
		loader->sps = nal;
		return 0;
	case NAL_PPS:
		loader->pps = nal;
		return 0;
	case 1:
	case NAL_IDR:
		return add_slice(loader, nal);
	default:
		return 0;
	}
}

static int write_fmtp(struct loader *loader)
{
	struct km_buf text;

	if (loader->sps.size < 4) {
		return KM_ERR_FORMAT;
	}
	km_buf_init_fixed(&text, loader->clip->fmtp, sizeof(loader->clip->fmtp) - 1);
	km_buf_add_format(&text, "packetization-mode=1;profile-level-id=%02X%02X%02X;",
	    loader->sps.data[1], loader->sps.data[2], loader->sps.data[3]);
	km_buf_add_text(&text, "sprop-parameter-sets=");
	km_text_add_base64(&text, loader->sps);
	km_buf_add_text(&text, ",");
	km_text_add_base64(&text, loader->pps);
	loader->clip->fmtp[text.size] = '\0';
	return km_buf_error(&text);
}

static int parse(struct km_bytes file, struct km_replay_clip *clip)
{
	struct loader loader = { .clip = clip };
	size_t start = find_start(file, 0);

	while (start < file.size) {
		size_t next = find_start(file, start + 3);
		int err = take_nal(&loader, km_bytes_slice(file, start + 3, next - start - 3));

		if (err) {
			return err;
		}
		start = next;
	}
	return clip->frame_count > 0 ? write_fmtp(&loader) : KM_ERR_FORMAT;
}

int km_replay_clip_load(const char *path, struct km_replay_clip *ret_clip)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status = { 0 };
	void *data = MAP_FAILED;
	int err = KM_ERR_SYS;

	memset(ret_clip, 0, sizeof(*ret_clip));
	km_buf_init(&ret_clip->packets, 2 * FILE_BYTES_MAX);
	if (fd < 0 || fstat(fd, &status)) {
		goto out;
	}
	if (status.st_size <= 0 || status.st_size > FILE_BYTES_MAX) {
		err = KM_ERR_RANGE;
		goto out;
	}
	data = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data != MAP_FAILED) {
		err = parse(km_bytes_from(data, (size_t)status.st_size), ret_clip);
		munmap(data, (size_t)status.st_size);
	}
out:
	if (fd >= 0) {
		close(fd);
	}
	return err;
}

void km_replay_clip_finish(struct km_replay_clip *clip)
{
	km_buf_finish(&clip->packets);
}

static void put_u16(uint8_t *to, uint16_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

static void put_u32(uint8_t *to, uint32_t value)
{
	put_u16(to, (uint16_t)(value >> 16));
	put_u16(to + 2, (uint16_t)value);
}

static void put_stamp(uint8_t *to, int64_t stamp_us)
{
	*to++ = KM_REPLAY_CLIP_STAMP_MARK0;
	*to++ = KM_REPLAY_CLIP_STAMP_MARK1;
	for (int i = KM_REPLAY_CLIP_STAMP_BYTES - 3; i >= 0; i--) {
		*to++ = (uint8_t)(0x80 | (stamp_us >> 7 * i & 0x7f));
	}
}

size_t km_replay_clip_write(const struct km_replay_clip *clip, uint32_t frame,
    const struct km_replay_patch *patch, uint8_t *ret_data)
{
	const struct km_replay_frame *from = &clip->frames[frame % clip->frame_count];
	uint16_t sequence = patch->sequence;
	size_t at = 0;

	memcpy(ret_data, clip->packets.data + from->offset, from->size);
	while (at < from->size) {
		size_t size = (size_t)ret_data[at + 2] << 8 | ret_data[at + 3];

		ret_data[at + 1] = patch->channel;
		put_u16(ret_data + at + INTERLEAVED_BYTES + 2, sequence++);
		put_u32(ret_data + at + INTERLEAVED_BYTES + 4, patch->timestamp_ticks90k);
		put_u32(ret_data + at + INTERLEAVED_BYTES + 8, patch->ssrc);
		at += INTERLEAVED_BYTES + size;
	}
	if (patch->stamp_us > 0 && from->last_payload >= 2 * KM_REPLAY_CLIP_STAMP_BYTES) {
		put_stamp(ret_data + from->size - KM_REPLAY_CLIP_STAMP_BYTES, patch->stamp_us);
	}
	return from->size;
}
