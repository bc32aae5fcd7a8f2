/* sources: base/error.c base/bytes.c base/buf.c base/text.c crypto/digest.c crypto/random.c proto/digest_auth.c proto/rtsp.c proto/rtsp_header.c proto/sdp.c proto/url.c receiver/rtsp_client.c */
/* libraries: crypto */
/*
 * A camera that answers with what the input says. Whatever we send must be whole RTSP messages,
 * and their number is bounded by the number of messages that came.
 */
#include "receiver/rtsp_client.h"

#include <assert.h>

#define BODY_MAX 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_description(
    void *context, const struct km_sdp *sdp, size_t ret_chosen[static KM_TRACKS_MAX])
{
	size_t count = sdp->count < KM_TRACKS_MAX ? sdp->count : KM_TRACKS_MAX;

	(void)context;
	for (size_t i = 0; i < count; i++) {
		ret_chosen[i] = i;
	}
	return (int)count;
}

static int on_port(void *context, size_t track, uint16_t *ret_port)
{
	(void)context;
	*ret_port = (uint16_t)(5000 + 2 * track);
	return 0;
}

static int on_track(void *context, size_t track, const struct km_rtsp_transport *transport)
{
	(void)context;
	(void)transport;
	assert(track < KM_TRACKS_MAX);
	return 0;
}

static void on_playing(void *context)
{
	(void)context;
}

static const struct km_rtsp_client_events events = { on_description, on_port, on_track,
	on_playing };

static void check_out(struct km_rtsp_client *client)
{
	struct km_bytes out = km_buf_view(&client->out);
	struct km_rtsp_message message;
	size_t used = 0;

	while (out.size > 0) {
		assert(km_rtsp_parse_message(out, 0, &message, &used, NULL) == 0);
		out = km_bytes_after(out, used);
	}
	km_buf_clear(&client->out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_bytes rest = km_bytes_from(data, size);
	const struct km_rtsp_client_settings settings = {
		.url = KM_BYTES("rtsp://h:8554/s"),
		.user = KM_BYTES("admin"),
		.password = KM_BYTES("secret"),
		.allows_basic = true,
		.is_udp = size % 2 == 1,
	};
	static struct km_rtsp_client client;
	struct km_rtsp_message message;
	int err = 0;

	km_rtsp_client_init(&client, &settings, &events, NULL, "old");
	assert(km_rtsp_client_start(&client) == 0);
	while (err == 0 && rest.size > 0) {
		size_t used = 0;

		err = km_rtsp_parse_message(rest, BODY_MAX, &message, &used, NULL);
		if (err == 0) {
			err = km_rtsp_client_message(&client, &message);
			check_out(&client);
			rest = km_bytes_after(rest, used);
		}
	}
	assert(strlen(client.error) < sizeof(client.error));
	km_rtsp_client_teardown(&client);
	check_out(&client);
	km_rtsp_client_finish(&client);
	return 0;
}
