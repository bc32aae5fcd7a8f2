#include "replay_rtsp.h"

#define INTERLEAVED_BYTES 4

struct request {
	struct km_bytes method;
	struct km_bytes url;
	struct km_bytes cseq;
	struct km_bytes transport;
};

static struct request parse(struct km_bytes text)
{
	struct request request = { 0 };
	struct km_bytes line = km_bytes_line(&text);

	request.method = km_bytes_split(&line, ' ');
	request.url = km_bytes_split(&line, ' ');
	while (text.size > 0) {
		struct km_bytes value = km_bytes_line(&text);
		struct km_bytes name = km_bytes_split(&value, ':');

		if (km_bytes_is_equal_nocase(name, KM_BYTES("CSeq"))) {
			request.cseq = km_bytes_trim(value);
		} else if (km_bytes_is_equal_nocase(name, KM_BYTES("Transport"))) {
			request.transport = km_bytes_trim(value);
		}
	}
	return request;
}

/* The number in rtsp://host:port/NUMBER[/...]. */
static bool find_camera(struct km_bytes url, uint32_t count, uint32_t *ret_camera)
{
	size_t host = km_bytes_find_seq(url, KM_BYTES("://")) + 3;
	struct km_bytes path = km_bytes_after(url, host);

	km_bytes_split(&path, '/');
	return count > 0 &&
	       km_bytes_parse_u32(km_bytes_split(&path, '/'), count - 1, ret_camera) == 0;
}

static void add_head(struct km_buf *answer, const struct request *request, const char *status)
{
	km_buf_add_text(answer, "RTSP/1.0 ");
	km_buf_add_text(answer, status);
	km_buf_add_text(answer, "\r\nCSeq: ");
	km_buf_add(answer, request->cseq);
	km_buf_add_text(answer, "\r\n");
}

static void add_simple(struct km_buf *answer, const struct request *request,
    const struct km_replay_dialog *dialog, const char *status)
{
	add_head(answer, request, status);
	km_buf_add_format(answer, "Session: %08x;timeout=60\r\n\r\n", dialog->session);
}

static void describe(
    const struct request *request, struct km_replay_dialog *dialog, struct km_buf *answer)
{
	uint8_t storage[4096];
	struct km_buf sdp;

	if (!find_camera(request->url, dialog->camera_count, &dialog->camera)) {
		add_simple(answer, request, dialog, "404 Not Found");
		return;
	}
	km_buf_init_fixed(&sdp, storage, sizeof(storage));
	km_buf_add_format(&sdp,
	    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=replay %u\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\n"
	    "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 %s\r\n"
	    "a=control:trackID=0\r\n",
	    dialog->camera, dialog->fmtp);
	add_head(answer, request, "200 OK");
	km_buf_add_text(answer, "Content-Base: ");
	km_buf_add(answer, request->url);
	km_buf_add_format(
	    answer, "/\r\nContent-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n", sdp.size);
	km_buf_add(answer, km_buf_view(&sdp));
}

static void set_up(
    const struct request *request, struct km_replay_dialog *dialog, struct km_buf *answer)
{
	size_t at = km_bytes_find_seq(request->transport, KM_BYTES("interleaved="));
	struct km_bytes channels = km_bytes_after(request->transport, at + 12);
	uint32_t channel = 0;

	if (km_bytes_find_seq(request->transport, KM_BYTES("TCP")) == request->transport.size ||
	    !find_camera(request->url, dialog->camera_count, &dialog->camera)) {
		add_simple(answer, request, dialog, "461 Unsupported Transport");
		return;
	}
	if (km_bytes_parse_u32(km_bytes_split(&channels, '-'), 254, &channel)) {
		channel = 0;
	}
	dialog->channel = (uint8_t)channel;
	dialog->is_set_up = true;
	add_head(answer, request, "200 OK");
	km_buf_add_format(answer,
	    "Transport: RTP/AVP/TCP;unicast;interleaved=%u-%u\r\nSession: %08x;timeout=60\r\n\r\n",
	    channel, channel + 1, dialog->session);
}

static void respond(
    const struct request *request, struct km_replay_dialog *dialog, struct km_buf *answer)
{
	if (km_bytes_is_equal(request->method, KM_BYTES("OPTIONS"))) {
		add_head(answer, request, "200 OK");
		km_buf_add_text(answer, "Public: OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, "
					"GET_PARAMETER, TEARDOWN\r\n\r\n");
	} else if (km_bytes_is_equal(request->method, KM_BYTES("DESCRIBE"))) {
		describe(request, dialog, answer);
	} else if (km_bytes_is_equal(request->method, KM_BYTES("SETUP"))) {
		set_up(request, dialog, answer);
	} else if (km_bytes_is_equal(request->method, KM_BYTES("PLAY"))) {
		dialog->step = dialog->is_set_up ? KM_REPLAY_STEP_PLAY : KM_REPLAY_STEP_NONE;
		add_simple(answer, request, dialog,
		    dialog->is_set_up ? "200 OK" : "455 Method Not Valid in This State");
	} else if (km_bytes_is_equal(request->method, KM_BYTES("PAUSE"))) {
		dialog->step = KM_REPLAY_STEP_PAUSE;
		add_simple(answer, request, dialog, "200 OK");
	} else if (km_bytes_is_equal(request->method, KM_BYTES("GET_PARAMETER"))) {
		add_simple(answer, request, dialog, "200 OK");
	} else if (km_bytes_is_equal(request->method, KM_BYTES("TEARDOWN"))) {
		dialog->step = KM_REPLAY_STEP_CLOSE;
		add_simple(answer, request, dialog, "200 OK");
	} else {
		add_simple(answer, request, dialog, "501 Not Implemented");
	}
}

size_t km_replay_rtsp_take(
    struct km_bytes view, struct km_replay_dialog *dialog, struct km_buf *answer)
{
	size_t end = 0;
	struct request request = { 0 };

	dialog->step = KM_REPLAY_STEP_NONE;
	if (view.size > 0 && view.data[0] == '$') {
		size_t size = view.size >= INTERLEAVED_BYTES
				  ? INTERLEAVED_BYTES + ((size_t)view.data[2] << 8 | view.data[3])
				  : SIZE_MAX;

		return size <= view.size ? size : 0;
	}
	end = km_bytes_find_seq(view, KM_BYTES("\r\n\r\n"));
	if (end == view.size) {
		return 0;
	}
	request = parse(km_bytes_slice(view, 0, end));
	respond(&request, dialog, answer);
	return end + 4;
}
