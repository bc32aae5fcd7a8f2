/* sources: base/error.c base/bytes.c base/buf.c proto/rtsp.c proto/rtsp_header.c */
#include "proto/rtsp.h"

#include <assert.h>

#define BODY_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_headers(const struct km_rtsp_message *message)
{
	struct km_bytes view = km_rtsp_header(message, "RTP-Info", 0);
	struct km_rtsp_transport transport = { 0 };
	struct km_rtsp_rtp_info info = { 0 };
	struct km_rtsp_request request = { .method = message->method, .url = message->reason };
	uint8_t storage[KM_RTSP_HEAD_MAX];
	struct km_buf buf = { 0 };
	uint32_t number = 0;

	while (km_rtsp_rtp_info(&view, &info)) {
	}
	(void)km_rtsp_cseq(message, &number);
	(void)km_rtsp_session(message, &request.session, &number);
	(void)km_rtsp_transport(message, &transport);
	(void)km_rtsp_public(message);
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	if (km_rtsp_write_request(&request, &buf) == 0) {
		struct km_rtsp_message again;
		size_t consumed = 0;

		(void)km_rtsp_parse_message(km_buf_view(&buf), 0, &again, &consumed, NULL);
	}
}

/* As a connection is read: what comes next is asked for until nothing is left. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_bytes rest = km_bytes_from(data, size);
	struct km_rtsp_message message;
	struct km_rtsp_frame frame = { 0 };

	while (rest.size > 0) {
		size_t consumed = 0;
		int err = 0;

		switch (km_rtsp_look(rest)) {
		case KM_RTSP_NEXT_MORE:
			return 0;
		case KM_RTSP_NEXT_BLANK:
			consumed = 1;
			break;
		case KM_RTSP_NEXT_FRAME:
			err = km_rtsp_parse_frame(rest, &frame, &consumed);
			break;
		case KM_RTSP_NEXT_MESSAGE:
			err = km_rtsp_parse_message(rest, BODY_MAX, &message, &consumed, NULL);
			if (err == 0) {
				use_headers(&message);
			}
			break;
		case KM_RTSP_NEXT_GARBAGE:
			consumed = km_rtsp_resync(rest, 0xf);
			break;
		}
		if (err == KM_ERR_SHORT) {
			return 0;
		}
		if (err < 0) {
			consumed = km_rtsp_resync(rest, 0xf);
		}
		assert(consumed > 0 && consumed <= rest.size);
		rest = km_bytes_after(rest, consumed);
	}
	return 0;
}
