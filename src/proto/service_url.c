#include "proto/service_url.h"

#define CLAUSE "RFC 3986 3"

static const struct scheme {
	struct km_bytes prefix;
	enum km_service service;
	uint16_t port;
	bool has_path;
} schemes[] = {
	{ KM_BYTES("smtp://"), KM_SERVICE_SMTP, 587, false },
	{ KM_BYTES("smtps://"), KM_SERVICE_SMTPS, 465, false },
	{ KM_BYTES("https://"), KM_SERVICE_HTTPS, 443, true },
	{ KM_BYTES("mqtts://"), KM_SERVICE_MQTTS, 8883, false },
	{ KM_BYTES("syslogs://"), KM_SERVICE_SYSLOGS, 6514, false },
};

static const struct km_bytes clear_schemes[] = {
	KM_BYTES("http://"),
	KM_BYTES("mqtt://"),
	KM_BYTES("tcp://"),
	KM_BYTES("syslog://"),
	KM_BYTES("udp://"),
};

static bool is_all_printable(struct km_bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		/* Quotes and angle brackets stand in no URL [RFC 3986 2]. */
		if (text.data[i] <= ' ' || text.data[i] >= 0x7f || text.data[i] == '"' ||
		    text.data[i] == '<' || text.data[i] == '>' || text.data[i] == '\\') {
			return false;
		}
	}
	return true;
}

static bool is_host(struct km_bytes host, bool is_ipv6)
{
	for (size_t i = 0; i < host.size; i++) {
		uint8_t byte = host.data[i];
		bool is_word = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
			       (byte >= 'A' && byte <= 'Z') || byte == '.';

		if (!is_word && !(is_ipv6 ? byte == ':' : byte == '-')) {
			return false;
		}
	}
	return host.size > 0 && host.data[0] != '-';
}

static int parse_port(struct km_bytes text, struct km_service_url *url, struct km_fault *ret_fault)
{
	uint32_t port = 0;

	if (text.size == 0) {
		return 0;
	}
	if (text.data[0] != ':' ||
	    km_bytes_parse_u32(km_bytes_after(text, 1), UINT16_MAX, &port) < 0 || port == 0) {
		return km_fault_set(ret_fault, 0, CLAUSE,
		    "url: behind the host stands nothing, or ':' and a port from 1 to 65535",
		    KM_ERR_RANGE);
	}
	url->port = (uint16_t)port;
	return 0;
}

static int parse_authority(
    struct km_bytes authority, struct km_service_url *url, struct km_fault *ret_fault)
{
	struct km_bytes host = { 0 };
	struct km_bytes rest = { 0 };

	if (km_bytes_find(authority, '@') < authority.size) {
		return km_fault_set(ret_fault, 0, "RFC 3986 3.2.1",
		    "url: it holds a user name or password: give them apart, so that no log shows "
		    "them",
		    KM_ERR_DENIED);
	}
	if (authority.size > 0 && authority.data[0] == '[') {
		size_t end = km_bytes_find(authority, ']');

		url->is_ipv6 = true;
		host = km_bytes_slice(authority, 1, end - 1);
		rest = km_bytes_after(authority, end + 1);
		if (end == authority.size) {
			host.size = 0;
		}
	} else {
		size_t end = km_bytes_find(authority, ':');

		host = km_bytes_slice(authority, 0, end);
		rest = km_bytes_after(authority, end);
	}
	if (!is_host(host, url->is_ipv6) ||
	    km_bytes_copy_text(host, url->host, sizeof(url->host)) < 0) {
		return km_fault_set(ret_fault, 0, "RFC 3986 3.2.2",
		    "url: the host is missing, too long, or has a character that no host name has",
		    KM_ERR_FORMAT);
	}
	return parse_port(rest, url, ret_fault);
}

static const struct scheme *find_scheme(struct km_bytes text)
{
	for (size_t i = 0; i < KM_COUNT(schemes); i++) {
		if (km_bytes_has_prefix_nocase(text, schemes[i].prefix)) {
			return &schemes[i];
		}
	}
	return NULL;
}

static int refuse_scheme(struct km_bytes text, struct km_fault *ret_fault)
{
	for (size_t i = 0; i < KM_COUNT(clear_schemes); i++) {
		if (km_bytes_has_prefix_nocase(text, clear_schemes[i])) {
			return km_fault_set(ret_fault, 0, CLAUSE,
			    "url: nothing leaves in the clear: smtps://, smtp:// (with STARTTLS), "
			    "https://, mqtts:// or syslogs:// is right",
			    KM_ERR_DENIED);
		}
	}
	return km_fault_set(ret_fault, 0, CLAUSE,
	    "url: smtps://, smtp:// (with STARTTLS), https://, mqtts:// or syslogs:// is right",
	    KM_ERR_UNSUPPORTED);
}

int km_service_url_parse(
    struct km_bytes text, struct km_service_url *ret_url, struct km_fault *ret_fault)
{
	const struct scheme *scheme = find_scheme(text);
	struct km_service_url url = { 0 };
	struct km_bytes rest = { 0 };
	size_t path_at = 0;
	int err = 0;

	if (text.size >= KM_SERVICE_URL_SIZE) {
		return km_fault_set(ret_fault, KM_SERVICE_URL_SIZE - 1, CLAUSE,
		    "url: at most 511 bytes are right", KM_ERR_LIMIT);
	}
	if (!is_all_printable(text)) {
		return km_fault_set(ret_fault, 0, "RFC 3986 2",
		    "url: a space, a quote, a control character or one outside of ASCII stands in "
		    "it",
		    KM_ERR_FORMAT);
	}
	if (scheme == NULL) {
		return refuse_scheme(text, ret_fault);
	}
	url.service = scheme->service;
	url.port = scheme->port;
	rest = km_bytes_after(text, scheme->prefix.size);
	while (path_at < rest.size && rest.data[path_at] != '/' && rest.data[path_at] != '?' &&
	       rest.data[path_at] != '#') {
		path_at++;
	}
	url.path = km_bytes_after(rest, path_at);
	err = parse_authority(km_bytes_slice(rest, 0, path_at), &url, ret_fault);
	if (err < 0) {
		return err;
	}
	if (!scheme->has_path &&
	    url.path.size > (size_t)km_bytes_has_prefix(url.path, KM_BYTES("/"))) {
		return km_fault_set(
		    ret_fault, 0, CLAUSE, "url: no path belongs behind the host", KM_ERR_FORMAT);
	}
	*ret_url = url;
	return 0;
}
