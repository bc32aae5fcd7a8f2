#include "receiver/rtsp_client.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "proto/oddity.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define AUTHORIZATION_MAX 3072
#define TRANSPORT_MAX     96
#define CNONCE_BYTES      16
#define FOREIGN_TEXT_MAX  120

void km_rtsp_client_init(struct km_rtsp_client *client,
    const struct km_rtsp_client_settings *settings, const struct km_rtsp_client_events *events,
    void *context, const char *stale_session)
{
	*client = (struct km_rtsp_client){
		.events = events,
		.context = context,
		.settings = *settings,
		.timeout_seconds = 60,
	};
	km_buf_init(&client->out, KM_RTSP_CLIENT_OUT_MAX);
	if (stale_session[0] != '\0') {
		client->has_stale = km_bytes_copy_text(km_bytes_text(stale_session), client->stale,
					sizeof(client->stale)) == 0;
	}
}

void km_rtsp_client_finish(struct km_rtsp_client *client)
{
	km_buf_wipe(&client->out);
	client->step = KM_RTSP_CLIENT_IDLE;
}

int km_rtsp_client_fail(struct km_rtsp_client *client, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(client->error, sizeof(client->error), format, args);
	va_end(args);
	return code;
}

/* Foreign text as it may be shown. */
static void escape(struct km_bytes text, char *ret_text, size_t size)
{
	struct km_buf buf = { 0 };

	km_buf_init_fixed(&buf, ret_text, size);
	km_text_add_escaped(&buf, text, size - 8);
	km_buf_add_u8(&buf, 0);
	if (km_buf_error(&buf) < 0) {
		/* Much of it had to be escaped: fewer bytes fit then. */
		km_buf_clear(&buf);
		km_text_add_escaped(&buf, text, (size - 8) / 4);
		km_buf_add_u8(&buf, 0);
	}
}

/* --- requests --- */

static int write_authorization(struct km_rtsp_client *client, enum km_rtsp_method method,
    struct km_bytes url, struct km_buf *buf)
{
	uint8_t random[CNONCE_BYTES] = { 0 };
	char cnonce[2 * CNONCE_BYTES + 1] = { 0 };
	struct km_digest_auth_login login = {
		.user = client->settings.user,
		.password = client->settings.password,
		.method = km_bytes_text(km_rtsp_method_name(method)),
		.uri = url,
		.hash = km_digest_parts,
	};
	int err = km_random_fill(random, sizeof(random));

	if (err == 0) {
		err = km_text_write_hex(KM_BYTES_OF(random), cnonce, sizeof(cnonce));
	}
	if (err < 0) {
		return err;
	}
	login.cnonce = km_bytes_text(cnonce);
	return km_digest_auth_write(&client->auth, &login, buf);
}

static int send_request(struct km_rtsp_client *client, struct km_rtsp_request *request)
{
	uint8_t storage[AUTHORIZATION_MAX];
	struct km_buf authorization = { 0 };
	int err = 0;

	km_buf_init_fixed(&authorization, storage, sizeof(storage));
	if (client->auth.scheme != KM_DIGEST_AUTH_NONE) {
		err = write_authorization(client, request->method, request->url, &authorization);
	}
	if (err == 0) {
		request->cseq = ++client->cseq;
		request->authorization = km_buf_view(&authorization);
		err = km_rtsp_write_request(request, &client->out);
	}
	explicit_bzero(storage, sizeof(storage));
	client->method = request->method;
	if (err < 0) {
		return km_rtsp_client_fail(client, err, "%s could not be written: %s",
		    km_rtsp_method_name(request->method), km_error_text(err));
	}
	return 0;
}

static struct km_bytes base_url(const struct km_rtsp_client *client)
{
	return client->base[0] != '\0' ? km_bytes_text(client->base) : client->settings.url;
}

static int send_setup(struct km_rtsp_client *client)
{
	uint8_t storage[TRANSPORT_MAX];
	struct km_buf transport = { 0 };
	unsigned first = (unsigned)client->track * 2;
	struct km_rtsp_request request = {
		.method = KM_RTSP_SETUP,
		.url = km_bytes_text(client->control[client->track]),
		.session = km_bytes_text(client->session),
	};

	if (client->settings.is_udp) {
		uint16_t port = 0;
		int err = client->events->on_port(client->context, client->track, &port);

		if (err < 0) {
			return km_rtsp_client_fail(
			    client, err, "no UDP port is free: %s", km_error_text(err));
		}
		first = port;
	}
	km_buf_init_fixed(&transport, storage, sizeof(storage));
	km_rtsp_write_transport(!client->settings.is_udp, first, &transport);
	request.transport = km_buf_view(&transport);
	return send_request(client, &request);
}

/* The request of the present step; also once more, with credentials. */
static int send_step(struct km_rtsp_client *client)
{
	struct km_rtsp_request request = { .url = client->settings.url };

	switch (client->step) {
	case KM_RTSP_CLIENT_IDLE:
		return KM_ERR_STATE;
	case KM_RTSP_CLIENT_OPTIONS:
		request.method = KM_RTSP_OPTIONS;
		break;
	case KM_RTSP_CLIENT_DESCRIBE:
		request.method = KM_RTSP_DESCRIBE;
		break;
	case KM_RTSP_CLIENT_STALE:
		request.method = KM_RTSP_TEARDOWN;
		request.url = base_url(client);
		request.session = km_bytes_text(client->stale);
		break;
	case KM_RTSP_CLIENT_SETUP:
		return send_setup(client);
	case KM_RTSP_CLIENT_PLAY:
		request.method = KM_RTSP_PLAY;
		request.url = base_url(client);
		request.session = km_bytes_text(client->session);
		request.range = KM_BYTES("npt=0.000-");
		break;
	case KM_RTSP_CLIENT_PLAYING:
		request.method = client->method;
		request.url = base_url(client);
		request.session = km_bytes_text(client->session);
		break;
	}
	return send_request(client, &request);
}

static int enter(struct km_rtsp_client *client, enum km_rtsp_client_step step)
{
	client->step = step;
	client->was_challenged = false;
	return send_step(client);
}

int km_rtsp_client_start(struct km_rtsp_client *client)
{
	return enter(client, KM_RTSP_CLIENT_OPTIONS);
}

int km_rtsp_client_keepalive(struct km_rtsp_client *client, enum km_rtsp_method method)
{
	if (client->step != KM_RTSP_CLIENT_PLAYING) {
		return KM_ERR_STATE;
	}
	client->method = method;
	client->was_challenged = false;
	return send_step(client);
}

void km_rtsp_client_teardown(struct km_rtsp_client *client)
{
	struct km_rtsp_request request = {
		.method = KM_RTSP_TEARDOWN,
		.url = base_url(client),
		.session = km_bytes_text(client->session),
	};

	if (client->session[0] != '\0') {
		(void)send_request(client, &request);
		client->session[0] = '\0';
	}
}

/* --- answers --- */

static int answer_challenge(struct km_rtsp_client *client, const struct km_rtsp_message *message)
{
	struct km_bytes values[8] = { 0 };
	size_t count = 0;
	struct km_digest_auth auth = { 0 };
	int err = 0;

	while (count < KM_COUNT(values)) {
		values[count] = km_rtsp_header(message, "WWW-Authenticate", (unsigned)count);
		if (values[count].data == NULL) {
			break;
		}
		count++;
	}
	err = km_digest_auth_choose(values, count, client->settings.allows_basic, &auth);
	if (err == KM_ERR_DENIED) {
		return km_rtsp_client_fail(client, KM_ERR_AUTH,
		    "the camera takes the password only in the clear (Basic); use rtsps, or allow "
		    "it in the camera's entry");
	}
	if (err < 0) {
		return km_rtsp_client_fail(client, KM_ERR_AUTH,
		    "the camera wants a login of a kind that is not supported: %s",
		    km_error_text(err));
	}
	client->scheme = auth.scheme;
	if (client->settings.user.size == 0) {
		return km_rtsp_client_fail(client, KM_ERR_AUTH,
		    "the camera wants a login (%s), and no user is set",
		    km_digest_auth_name(auth.scheme));
	}
	if (client->was_challenged && !auth.is_stale) {
		return km_rtsp_client_fail(client, KM_ERR_AUTH,
		    "the camera refuses the user or the password (%s)",
		    km_digest_auth_name(auth.scheme));
	}
	if (client->auth.is_stale && auth.is_stale && client->was_challenged) {
		return km_rtsp_client_fail(
		    client, KM_ERR_AUTH, "the camera calls every nonce stale");
	}
	client->auth = auth;
	client->was_challenged = true;
	return send_step(client);
}

static int fail_status(struct km_rtsp_client *client, const struct km_rtsp_message *message)
{
	char reason[4 * FOREIGN_TEXT_MAX] = "";
	int code = KM_ERR_STATE;

	escape(message->reason, reason, sizeof(reason));
	switch (message->status) {
	case 403:
		code = KM_ERR_DENIED;
		break;
	case 404:
		code = KM_ERR_NOT_FOUND;
		break;
	case 454:
		code = KM_ERR_STALE;
		break;
	case 461:
		code = KM_ERR_UNSUPPORTED;
		break;
	default:
		break;
	}
	return km_rtsp_client_fail(client, code, "the camera answers %s with %u %s",
	    km_rtsp_method_name(client->method), (unsigned)message->status, reason);
}

static bool is_success(const struct km_rtsp_message *message)
{
	return message->status >= 200 && message->status < 300;
}

static int write_url(
    struct km_rtsp_client *client, char *ret_text, struct km_bytes base, struct km_bytes control)
{
	struct km_buf buf = { 0 };
	int err = 0;

	km_buf_init_fixed(&buf, ret_text, KM_RTSP_CLIENT_URL_MAX);
	km_url_write_control(base, control, &buf);
	if (km_bytes_find(km_buf_view(&buf), 0) < buf.size) {
		err = KM_ERR_FORMAT;
	}
	km_buf_add_u8(&buf, 0);
	if (err == 0) {
		err = km_buf_error(&buf);
	}
	if (err < 0) {
		ret_text[0] = '\0';
		return km_rtsp_client_fail(
		    client, err, "a control URL of the camera is not usable [RFC 2326 C.1.1]");
	}
	return 0;
}

/* What the camera said the base is, as a whole URL. */
static int find_base(
    struct km_rtsp_client *client, const struct km_rtsp_message *message, struct km_buf *base)
{
	struct km_bytes said = km_rtsp_header(message, "Content-Base", 0);

	if (said.size == 0) {
		said = km_rtsp_header(message, "Content-Location", 0);
	}
	if (said.size > 0 && !km_bytes_has_prefix_nocase(said, KM_BYTES("rtsp"))) {
		client->oddities |= KM_ODDITY_BASE_INCOMPLETE;
	}
	km_url_write_base(client->settings.url, said, base);
	if (km_buf_error(base) < 0) {
		return km_rtsp_client_fail(
		    client, KM_ERR_LIMIT, "Content-Base of the camera is longer than 1024 bytes");
	}
	return 0;
}

static int take_description(struct km_rtsp_client *client, const struct km_rtsp_message *message)
{
	struct km_sdp sdp;
	struct km_fault fault = { 0 };
	uint8_t storage[KM_RTSP_CLIENT_URL_MAX];
	struct km_buf base = { 0 };
	size_t chosen[KM_TRACKS_MAX] = { 0 };
	int count = 0;
	int err = km_sdp_parse(message->body, &sdp, &fault);

	if (err < 0) {
		return km_rtsp_client_fail(client, err, "%s [%s]", fault.text, fault.clause);
	}
	if (!sdp.has_version || !sdp.has_origin) {
		client->oddities |= KM_ODDITY_DESCRIPTION_INCOMPLETE;
	}
	km_buf_init_fixed(&base, storage, sizeof(storage));
	err = find_base(client, message, &base);
	if (err == 0) {
		err = write_url(client, client->base, km_buf_view(&base), sdp.control);
	}
	if (err < 0) {
		return err;
	}
	count = client->events->on_description(client->context, &sdp, chosen);
	if (count < 0) {
		return count;
	}
	client->track_count = (size_t)count;
	for (size_t i = 0; i < client->track_count; i++) {
		err = write_url(
		    client, client->control[i], km_buf_view(&base), sdp.media[chosen[i]].control);
		if (err < 0) {
			return err;
		}
	}
	return 0;
}

static int after_description(struct km_rtsp_client *client)
{
	/*
	 * [quirk: LIVE555 servers go on writing a session that was cut off into the descriptor that
	 * the next connection gets, until that session is taken down or times out]
	 */
	bool is_live555 = strcasestr(client->server, "live555") != NULL;

	if (client->has_stale && is_live555) {
		client->has_stale = false;
		return enter(client, KM_RTSP_CLIENT_STALE);
	}
	client->track = 0;
	client->tracks_taken = 0;
	return enter(client, KM_RTSP_CLIENT_SETUP);
}

static int keep_session(struct km_rtsp_client *client, const struct km_rtsp_message *message)
{
	struct km_bytes id = { 0 };
	uint32_t timeout = 0;
	int err = km_rtsp_session(message, &id, &timeout);

	if (err < 0) {
		return 0; /* not said again: it stays */
	}
	if (client->session[0] != '\0' && !km_bytes_is_equal(id, km_bytes_text(client->session))) {
		client->oddities |= KM_ODDITY_SESSION_CHANGED;
	}
	if (km_bytes_copy_text(id, client->session, sizeof(client->session)) < 0) {
		return km_rtsp_client_fail(
		    client, KM_ERR_LIMIT, "the session id of the camera is longer than 127 bytes");
	}
	client->timeout_seconds = timeout;
	return 0;
}

static int take_setup(struct km_rtsp_client *client, const struct km_rtsp_message *message)
{
	struct km_rtsp_transport transport = { 0 };
	int err = 0;

	if (is_success(message)) {
		err = keep_session(client, message);
		if (err < 0) {
			return err;
		}
		if (km_rtsp_transport(message, &transport) < 0) {
			transport.is_tcp = !client->settings.is_udp; /* [quirk: no Transport] */
		}
		err = client->events->on_track(client->context, client->track, &transport);
		if (err < 0) {
			return err;
		}
		client->tracks_taken++;
	} else if (client->track == 0 || message->status == 403) {
		return fail_status(client, message);
	} else {
		err = client->events->on_track(client->context, client->track, NULL);
		if (err < 0) {
			return err;
		}
	}
	client->track++;
	if (client->track < client->track_count) {
		return enter(client, KM_RTSP_CLIENT_SETUP);
	}
	return enter(client, KM_RTSP_CLIENT_PLAY);
}

static int take_options(struct km_rtsp_client *client, const struct km_rtsp_message *message)
{
	if (is_success(message)) {
		client->methods = km_rtsp_public(message);
	} else {
		client->oddities |= KM_ODDITY_OPTIONS_REFUSED;
	}
	return enter(client, KM_RTSP_CLIENT_DESCRIBE);
}

static int take_step(struct km_rtsp_client *client, const struct km_rtsp_message *message)
{
	int err = 0;

	switch (client->step) {
	case KM_RTSP_CLIENT_IDLE:
		return 0;
	case KM_RTSP_CLIENT_OPTIONS:
		return take_options(client, message);
	case KM_RTSP_CLIENT_DESCRIBE:
		if (!is_success(message)) {
			return fail_status(client, message);
		}
		err = take_description(client, message);
		return err < 0 ? err : after_description(client);
	case KM_RTSP_CLIENT_STALE:
		client->track = 0;
		return enter(client, KM_RTSP_CLIENT_SETUP);
	case KM_RTSP_CLIENT_SETUP:
		return take_setup(client, message);
	case KM_RTSP_CLIENT_PLAY:
		if (!is_success(message)) {
			return fail_status(client, message);
		}
		err = keep_session(client, message);
		if (err == 0) {
			client->step = KM_RTSP_CLIENT_PLAYING;
			client->events->on_playing(client->context);
		}
		return err;
	case KM_RTSP_CLIENT_PLAYING:
		/* Keepalives may be refused with anything but "no such session". */
		return message->status == 454 ? fail_status(client, message) : 0;
	}
	return 0;
}

/* Whether the answer is to the request under way. */
static bool is_awaited(struct km_rtsp_client *client, const struct km_rtsp_message *message)
{
	uint32_t cseq = 0;

	if (km_rtsp_cseq(message, &cseq) < 0) {
		client->oddities |= KM_ODDITY_CSEQ_WRONG;
		return true; /* [quirk: no CSeq in the answer] */
	}
	if (cseq == client->cseq) {
		return true;
	}
	client->oddities |= KM_ODDITY_CSEQ_WRONG;
	return cseq > client->cseq || cseq == 0;
}

static int answer_request(struct km_rtsp_client *client, const struct km_rtsp_message *message)
{
	uint32_t cseq = 0;
	unsigned status =
	    message->method == KM_RTSP_OPTIONS || message->method == KM_RTSP_GET_PARAMETER ||
		    message->method == KM_RTSP_SET_PARAMETER || message->method == KM_RTSP_ANNOUNCE
		? 200
		: 501;

	client->oddities |= KM_ODDITY_CAMERA_REQUEST;
	if (message->method == KM_RTSP_TEARDOWN || message->method == KM_RTSP_REDIRECT) {
		return km_rtsp_client_fail(client, KM_ERR_CLOSED,
		    "the camera ended the session (%s)", km_rtsp_method_name(message->method));
	}
	if (km_rtsp_cseq(message, &cseq) < 0) {
		return 0;
	}
	return km_rtsp_write_response(cseq, status, &client->out);
}

int km_rtsp_client_message(struct km_rtsp_client *client, const struct km_rtsp_message *message)
{
	struct km_bytes server = { 0 };

	if (message->is_request) {
		return answer_request(client, message);
	}
	if (message->status < 200 || !is_awaited(client, message)) {
		return 0;
	}
	server = km_rtsp_header(message, "Server", 0);
	if (server.size > 0 && client->server[0] == '\0') {
		escape(server, client->server, sizeof(client->server));
	}
	if (message->status == 401) {
		return answer_challenge(client, message);
	}
	return take_step(client, message);
}
