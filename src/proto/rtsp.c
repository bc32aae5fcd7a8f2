#include "proto/rtsp.h"

#define FRAME_HEADER_BYTES 4
#define RTP_VERSION        2

static const char *const method_names[] = {
	[KM_RTSP_UNKNOWN] = "UNKNOWN",
	[KM_RTSP_OPTIONS] = "OPTIONS",
	[KM_RTSP_DESCRIBE] = "DESCRIBE",
	[KM_RTSP_SETUP] = "SETUP",
	[KM_RTSP_PLAY] = "PLAY",
	[KM_RTSP_PAUSE] = "PAUSE",
	[KM_RTSP_GET_PARAMETER] = "GET_PARAMETER",
	[KM_RTSP_SET_PARAMETER] = "SET_PARAMETER",
	[KM_RTSP_TEARDOWN] = "TEARDOWN",
	[KM_RTSP_ANNOUNCE] = "ANNOUNCE",
	[KM_RTSP_REDIRECT] = "REDIRECT",
};

const char *km_rtsp_method_name(enum km_rtsp_method method)
{
	return method_names[(size_t)method < KM_COUNT(method_names) ? method : KM_RTSP_UNKNOWN];
}

static enum km_rtsp_method method_from(struct km_bytes name)
{
	for (size_t i = 1; i < KM_COUNT(method_names); i++) {
		if (km_bytes_is_equal(name, km_bytes_text(method_names[i]))) {
			return (enum km_rtsp_method)i;
		}
	}
	return KM_RTSP_UNKNOWN;
}

/* --- what comes next --- */

/* 1: it begins with the word; 0: it is the beginning of the word; -1: it is something else. */
static int begins_with(struct km_bytes input, struct km_bytes word)
{
	if (input.size >= word.size) {
		return km_bytes_has_prefix(input, word) ? 1 : -1;
	}
	return km_bytes_has_prefix(word, input) ? 0 : -1;
}

static enum km_rtsp_next look_at_text(struct km_bytes input)
{
	int best = begins_with(input, KM_BYTES("RTSP/"));

	for (size_t i = 1; best < 1 && i < KM_COUNT(method_names); i++) {
		int found = begins_with(input, km_bytes_text(method_names[i]));

		best = found > best ? found : best;
	}
	if (best < 0) {
		return KM_RTSP_NEXT_GARBAGE;
	}
	return best == 0 ? KM_RTSP_NEXT_MORE : KM_RTSP_NEXT_MESSAGE;
}

enum km_rtsp_next km_rtsp_look(struct km_bytes input)
{
	if (input.size == 0) {
		return KM_RTSP_NEXT_MORE;
	}
	switch (input.data[0]) {
	case '$':
		return KM_RTSP_NEXT_FRAME;
	case '\r':
	case '\n':
		return KM_RTSP_NEXT_BLANK;
	default:
		return look_at_text(input);
	}
}

int km_rtsp_parse_frame(
    struct km_bytes input, struct km_rtsp_frame *ret_frame, size_t *ret_consumed)
{
	size_t size = 0;

	if (input.size < FRAME_HEADER_BYTES) {
		return KM_ERR_SHORT;
	}
	size = (size_t)(input.data[2] << 8 | input.data[3]);
	if (input.size - FRAME_HEADER_BYTES < size) {
		return KM_ERR_SHORT;
	}
	ret_frame->channel = input.data[1];
	ret_frame->payload = km_bytes_from(input.data + FRAME_HEADER_BYTES, size);
	*ret_consumed = FRAME_HEADER_BYTES + size;
	return 0;
}

/* Whether a frame of ours may well begin here, as far as the input shows. */
static bool is_frame_likely(struct km_bytes input, uint32_t channels)
{
	size_t size = 0;

	if (input.size >= 2 && (input.data[1] >= 32 || (channels >> input.data[1] & 1) == 0)) {
		return false;
	}
	if (input.size < FRAME_HEADER_BYTES + 1) {
		return true;
	}
	size = (size_t)(input.data[2] << 8 | input.data[3]);
	if (size < 8 || input.data[4] >> 6 != RTP_VERSION) {
		return false;
	}
	input = km_bytes_after(input, FRAME_HEADER_BYTES + size);
	return input.size == 0 || input.data[0] == '$' || input.data[0] == 'R';
}

size_t km_rtsp_resync(struct km_bytes input, uint32_t channels)
{
	for (size_t at = 1; at < input.size; at++) {
		struct km_bytes rest = km_bytes_after(input, at);

		if (rest.data[0] == '$' && is_frame_likely(rest, channels)) {
			return at;
		}
		if (rest.data[0] == 'R' && begins_with(rest, KM_BYTES("RTSP/1.0 ")) >= 0) {
			return at;
		}
	}
	return input.size;
}

/* --- messages --- */

static int parse_status_line(
    struct km_bytes line, struct km_rtsp_message *message, struct km_fault *ret_fault)
{
	struct km_bytes version = km_bytes_split(&line, ' ');
	uint32_t status = 0;

	if (!km_bytes_has_prefix(version, KM_BYTES("RTSP/1."))) {
		return km_fault_set(
		    ret_fault, 0, "RFC 2326 7.1", "the answer is not RTSP 1.x", KM_ERR_FORMAT);
	}
	line = km_bytes_trim(line);
	if (km_bytes_parse_u32(km_bytes_slice(line, 0, 3), 999, &status) < 0 || status < 100) {
		return km_fault_set(ret_fault, version.size, "RFC 2326 7.1",
		    "the status is not a number of three digits", KM_ERR_FORMAT);
	}
	message->status = (uint16_t)status;
	message->reason = km_bytes_trim(km_bytes_after(line, 3));
	return 0;
}

static int parse_first_line(
    struct km_bytes line, struct km_rtsp_message *message, struct km_fault *ret_fault)
{
	struct km_bytes method = { 0 };

	if (km_bytes_has_prefix(line, KM_BYTES("RTSP/"))) {
		return parse_status_line(line, message, ret_fault);
	}
	method = km_bytes_split(&line, ' ');
	message->is_request = true;
	message->method = method_from(method);
	message->reason = km_bytes_split(&line, ' ');
	if (!km_bytes_has_prefix(km_bytes_trim(line), KM_BYTES("RTSP/1."))) {
		return km_fault_set(ret_fault, 0, "RFC 2326 6.1",
		    "neither a status line nor a request line of RTSP 1.x", KM_ERR_FORMAT);
	}
	return 0;
}

static void fold(struct km_rtsp_message *message, struct km_bytes line)
{
	struct km_bytes *value = NULL;

	if (message->header_count == 0 || km_bytes_trim(line).size == 0) {
		return;
	}
	value = &message->header[message->header_count - 1].value;
	if (value->data == NULL) {
		*value = km_bytes_trim(line);
		return;
	}
	value->size = (size_t)(line.data + line.size - value->data);
	*value = km_bytes_trim(*value);
}

static int add_header(
    struct km_rtsp_message *message, struct km_bytes line, struct km_fault *ret_fault)
{
	struct km_rtsp_header header = { 0 };

	if (line.data[0] == ' ' || line.data[0] == '\t') {
		fold(message, line);
		return 0;
	}
	if (km_bytes_find(line, ':') == line.size) {
		return 0; /* [quirk: stray lines among the headers] */
	}
	if (message->header_count == KM_RTSP_HEADERS_MAX) {
		return km_fault_set(
		    ret_fault, 0, "RFC 2326 4.2", "more than 48 headers", KM_ERR_LIMIT);
	}
	header.name = km_bytes_trim(km_bytes_split(&line, ':'));
	header.value = km_bytes_trim(line);
	message->header[message->header_count++] = header;
	return 0;
}

/* First line and headers; *rest moves behind the empty line. */
static int parse_head(
    struct km_bytes *rest, struct km_rtsp_message *message, struct km_fault *ret_fault)
{
	size_t total = rest->size;
	bool is_first = true;

	for (;;) {
		size_t end = km_bytes_find(*rest, '\n');
		struct km_bytes line = { 0 };
		int err = 0;

		if (end > KM_RTSP_LINE_MAX || total - rest->size + end > KM_RTSP_HEAD_MAX) {
			return km_fault_set(ret_fault, total - rest->size, "RFC 2326 4",
			    "a line is longer than 4096 bytes, or all headers than 16384",
			    KM_ERR_LIMIT);
		}
		if (end == rest->size) {
			return KM_ERR_SHORT;
		}
		line = km_bytes_line(rest);
		if (is_first) {
			err = parse_first_line(line, message, ret_fault);
		} else if (line.size == 0) {
			return 0;
		} else {
			err = add_header(message, line, ret_fault);
		}
		if (err < 0) {
			return err;
		}
		is_first = false;
	}
}

int km_rtsp_parse_message(struct km_bytes input, size_t body_max,
    struct km_rtsp_message *ret_message, size_t *ret_consumed, struct km_fault *ret_fault)
{
	struct km_bytes rest = input;
	struct km_bytes length_text = { 0 };
	uint64_t length = 0;
	int err = 0;

	*ret_message = (struct km_rtsp_message){ 0 };
	err = parse_head(&rest, ret_message, ret_fault);
	if (err < 0) {
		return err;
	}
	length_text = km_rtsp_header(ret_message, "Content-Length", 0);
	if (length_text.size > 0) {
		err = km_bytes_parse_u64(length_text, body_max, &length);
	}
	if (err < 0) {
		return km_fault_set(ret_fault, (size_t)(length_text.data - input.data),
		    "RFC 2326 12.14", "Content-Length is not a number, or more than we accept",
		    err == KM_ERR_RANGE ? KM_ERR_LIMIT : err);
	}
	if (rest.size < length) {
		return KM_ERR_SHORT;
	}
	ret_message->body = km_bytes_slice(rest, 0, (size_t)length);
	*ret_consumed = input.size - rest.size + (size_t)length;
	return 0;
}
