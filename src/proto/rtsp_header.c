#include "proto/rtsp.h"

#define DEFAULT_TIMEOUT 60
#define MIN_TIMEOUT     10
#define MAX_TIMEOUT     3600

struct km_bytes km_rtsp_header(
    const struct km_rtsp_message *message, const char *name, unsigned nth)
{
	struct km_bytes wanted = km_bytes_text(name);

	for (size_t i = 0; i < message->header_count; i++) {
		if (km_bytes_is_equal_nocase(message->header[i].name, wanted) && nth-- == 0) {
			return message->header[i].value;
		}
	}
	return km_bytes_from(NULL, 0);
}

int km_rtsp_cseq(const struct km_rtsp_message *message, uint32_t *ret_cseq)
{
	struct km_bytes value = km_rtsp_header(message, "CSeq", 0);

	if (value.data == NULL) {
		return KM_ERR_NOT_FOUND;
	}
	return km_bytes_parse_u32(value, UINT32_MAX, ret_cseq);
}

/* "name=value" of a list; the value is empty if there is no '='. Both trimmed. */
static struct km_bytes split_parameter(struct km_bytes parameter, struct km_bytes *ret_name)
{
	*ret_name = km_bytes_trim(km_bytes_split(&parameter, '='));
	parameter = km_bytes_trim(parameter);
	if (parameter.size >= 2 && parameter.data[0] == '"' &&
	    parameter.data[parameter.size - 1] == '"') {
		parameter = km_bytes_slice(parameter, 1, parameter.size - 2);
	}
	return parameter;
}

static bool is_name(struct km_bytes name, const char *wanted)
{
	return km_bytes_is_equal_nocase(name, km_bytes_text(wanted));
}

static uint32_t clamp_timeout(uint32_t timeout)
{
	if (timeout < MIN_TIMEOUT) {
		return MIN_TIMEOUT;
	}
	return timeout > MAX_TIMEOUT ? MAX_TIMEOUT : timeout;
}

int km_rtsp_session(
    const struct km_rtsp_message *message, struct km_bytes *ret_id, uint32_t *ret_timeout)
{
	struct km_bytes rest = km_rtsp_header(message, "Session", 0);
	struct km_bytes id = km_bytes_trim(km_bytes_split(&rest, ';'));
	uint32_t timeout = DEFAULT_TIMEOUT;

	if (id.size == 0) {
		return KM_ERR_NOT_FOUND;
	}
	while (rest.size > 0) {
		struct km_bytes name = { 0 };
		struct km_bytes value = split_parameter(km_bytes_split(&rest, ';'), &name);
		uint32_t seconds = 0;

		if (is_name(name, "timeout") &&
		    km_bytes_parse_u32(value, UINT32_MAX, &seconds) == 0) {
			timeout = clamp_timeout(seconds);
		}
	}
	*ret_id = id;
	*ret_timeout = timeout;
	return 0;
}

/* "4588-4589", or "4588" alone, which means that and the next. */
static bool parse_pair(struct km_bytes value, uint32_t max, uint32_t ret_pair[2])
{
	struct km_bytes first = km_bytes_trim(km_bytes_split(&value, '-'));
	uint32_t pair[2] = { 0 };

	if (km_bytes_parse_u32(first, max, &pair[0]) < 0) {
		return false;
	}
	pair[1] = pair[0] < max ? pair[0] + 1 : pair[0];
	if (value.size > 0 && km_bytes_parse_u32(km_bytes_trim(value), max, &pair[1]) < 0) {
		return false;
	}
	ret_pair[0] = pair[0];
	ret_pair[1] = pair[1];
	return true;
}

static bool parse_ports(struct km_bytes value, uint16_t ret_ports[2])
{
	uint32_t pair[2] = { 0 };

	if (!parse_pair(value, UINT16_MAX, pair)) {
		return false;
	}
	ret_ports[0] = (uint16_t)pair[0];
	ret_ports[1] = (uint16_t)pair[1];
	return true;
}

static void add_transport_parameter(
    struct km_rtsp_transport *transport, struct km_bytes name, struct km_bytes value)
{
	uint32_t pair[2] = { 0 };
	uint64_t ssrc = 0;

	if (is_name(name, "multicast")) {
		transport->is_multicast = true;
	} else if (is_name(name, "interleaved") && parse_pair(value, UINT8_MAX, pair)) {
		transport->has_interleaved = true;
		transport->interleaved[0] = (uint8_t)pair[0];
		transport->interleaved[1] = (uint8_t)pair[1];
	} else if (is_name(name, "client_port") || is_name(name, "port")) {
		transport->has_client_port = parse_ports(value, transport->client_port);
	} else if (is_name(name, "server_port")) {
		transport->has_server_port = parse_ports(value, transport->server_port);
	} else if (is_name(name, "ssrc") && km_bytes_parse_hex(value, UINT32_MAX, &ssrc) == 0) {
		transport->has_ssrc = true;
		transport->ssrc = (uint32_t)ssrc;
	} else if (is_name(name, "source")) {
		transport->source = value;
	} else if (is_name(name, "destination")) {
		transport->destination = value;
	}
}

int km_rtsp_transport(
    const struct km_rtsp_message *message, struct km_rtsp_transport *ret_transport)
{
	struct km_bytes rest = km_rtsp_header(message, "Transport", 0);
	struct km_rtsp_transport transport = { 0 };
	struct km_bytes profile = { 0 };

	if (rest.data == NULL) {
		return KM_ERR_NOT_FOUND;
	}
	rest = km_bytes_split(&rest, ',');
	profile = km_bytes_trim(km_bytes_split(&rest, ';'));
	transport.is_tcp = km_bytes_find_seq(profile, KM_BYTES("/TCP")) < profile.size ||
			   km_bytes_find_seq(profile, KM_BYTES("/tcp")) < profile.size;
	while (rest.size > 0) {
		struct km_bytes name = { 0 };
		struct km_bytes value = split_parameter(km_bytes_split(&rest, ';'), &name);

		add_transport_parameter(&transport, name, value);
	}
	/* [quirk: interleaved channels with a profile that does not say TCP] */
	transport.is_tcp = transport.is_tcp || transport.has_interleaved;
	*ret_transport = transport;
	return 0;
}

bool km_rtsp_rtp_info(struct km_bytes *rest, struct km_rtsp_rtp_info *ret_info)
{
	struct km_bytes entry = km_bytes_trim(km_bytes_split(rest, ','));

	*ret_info = (struct km_rtsp_rtp_info){ 0 };
	while (entry.size == 0 && rest->size > 0) {
		entry = km_bytes_trim(km_bytes_split(rest, ','));
	}
	if (entry.size == 0) {
		return false;
	}
	while (entry.size > 0) {
		struct km_bytes name = { 0 };
		struct km_bytes value = split_parameter(km_bytes_split(&entry, ';'), &name);
		uint32_t number = 0;

		if (is_name(name, "url")) {
			ret_info->url = value;
		} else if (is_name(name, "seq") &&
			   km_bytes_parse_u32(value, UINT16_MAX, &number) == 0) {
			ret_info->has_sequence = true;
			ret_info->sequence = (uint16_t)number;
		} else if (is_name(name, "rtptime") &&
			   km_bytes_parse_u32(value, UINT32_MAX, &number) == 0) {
			ret_info->has_timestamp = true;
			ret_info->timestamp = number;
		}
	}
	return true;
}

uint32_t km_rtsp_public(const struct km_rtsp_message *message)
{
	struct km_bytes rest = km_rtsp_header(message, "Public", 0);
	uint32_t methods = 0;

	if (rest.data == NULL) {
		rest = km_rtsp_header(message, "Allow", 0);
	}
	while (rest.size > 0) {
		struct km_bytes name = km_bytes_trim(km_bytes_split(&rest, ','));

		for (unsigned i = KM_RTSP_OPTIONS; i <= KM_RTSP_REDIRECT; i++) {
			if (is_name(name, km_rtsp_method_name((enum km_rtsp_method)i))) {
				methods |= UINT32_C(1) << i;
			}
		}
	}
	return methods;
}

/* --- what we send --- */

static bool is_clean(struct km_bytes value)
{
	for (size_t i = 0; i < value.size; i++) {
		if (value.data[i] < ' ' || value.data[i] == 0x7f) {
			return false;
		}
	}
	return true;
}

static void add_line(struct km_buf *buf, const char *name, struct km_bytes value)
{
	if (value.size > 0) {
		km_buf_add_text(buf, name);
		km_buf_add_text(buf, ": ");
		km_buf_add(buf, value);
		km_buf_add_text(buf, "\r\n");
	}
}

int km_rtsp_write_request(const struct km_rtsp_request *request, struct km_buf *buf)
{
	if (!is_clean(request->url) || !is_clean(request->session) ||
	    !is_clean(request->authorization) || !is_clean(request->transport) ||
	    !is_clean(request->range) || km_bytes_find(request->url, ' ') < request->url.size) {
		return KM_ERR_FORMAT;
	}
	km_buf_add_text(buf, km_rtsp_method_name(request->method));
	km_buf_add_text(buf, " ");
	km_buf_add(buf, request->url);
	km_buf_add_format(buf, " RTSP/1.0\r\nCSeq: %u\r\n", request->cseq);
	add_line(buf, "User-Agent", KM_BYTES("Komainu"));
	add_line(buf, "Session", request->session);
	add_line(buf, "Authorization", request->authorization);
	add_line(buf, "Transport", request->transport);
	add_line(buf, "Range", request->range);
	if (request->method == KM_RTSP_DESCRIBE) {
		add_line(buf, "Accept", KM_BYTES("application/sdp"));
	}
	km_buf_add_text(buf, "\r\n");
	return km_buf_error(buf);
}

int km_rtsp_write_response(uint32_t cseq, unsigned status, struct km_buf *buf)
{
	const char *reason = status == 200 ? "OK" : "Not Implemented";

	km_buf_add_format(buf, "RTSP/1.0 %u %s\r\nCSeq: %u\r\n\r\n", status, reason, cseq);
	return km_buf_error(buf);
}

void km_rtsp_write_transport(bool is_tcp, unsigned first, struct km_buf *buf)
{
	km_buf_add_format(buf, "RTP/AVP%s;unicast;%s=%u-%u", is_tcp ? "/TCP" : "",
	    is_tcp ? "interleaved" : "client_port", first, first + 1);
}
