#include "proto/url.h"

#define CLAUSE "RFC 3986 3"

static bool is_all_printable(struct km_bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] <= ' ' || text.data[i] >= 0x7f) {
			return false;
		}
	}
	return true;
}

static bool is_host_byte(uint8_t byte, bool is_ipv6)
{
	if ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	    (byte >= 'A' && byte <= 'Z') || byte == '.') {
		return true;
	}
	return is_ipv6 ? byte == ':' || byte == '%' : byte == '-' || byte == '_';
}

static bool is_host(struct km_bytes host, bool is_ipv6)
{
	if (host.size == 0 || host.size > KM_URL_HOST_MAX) {
		return false;
	}
	for (size_t i = 0; i < host.size; i++) {
		if (!is_host_byte(host.data[i], is_ipv6)) {
			return false;
		}
	}
	return true;
}

static int parse_port(
    struct km_bytes text, size_t offset, struct km_url *url, struct km_fault *ret_fault)
{
	uint32_t port = 0;
	int err = 0;

	if (text.size == 0) {
		return 0;
	}
	if (text.data[0] != ':') {
		return km_fault_set(
		    ret_fault, offset, CLAUSE, "garbage behind the host", KM_ERR_FORMAT);
	}
	if (text.size == 1) {
		return 0; /* "host:/path" is allowed and means the default */
	}
	err = km_bytes_parse_u32(km_bytes_after(text, 1), UINT16_MAX, &port);
	if (err == 0 && port == 0) {
		err = KM_ERR_RANGE;
	}
	if (err < 0) {
		return km_fault_set(
		    ret_fault, offset, CLAUSE, "the port is not a number from 1 to 65535", err);
	}
	url->port = (uint16_t)port;
	return 0;
}

static int parse_authority(
    struct km_bytes authority, size_t offset, struct km_url *url, struct km_fault *ret_fault)
{
	struct km_bytes rest = { 0 };

	if (km_bytes_find(authority, '@') < authority.size) {
		return km_fault_set(ret_fault, offset, "RFC 3986 3.2.1",
		    "the URL holds a user name or password: give them apart, so that no log shows "
		    "them",
		    KM_ERR_DENIED);
	}
	if (authority.size > 0 && authority.data[0] == '[') {
		size_t end = km_bytes_find(authority, ']');

		if (end == authority.size) {
			return km_fault_set(ret_fault, offset, "RFC 3986 3.2.2",
			    "the IPv6 address has no closing bracket", KM_ERR_FORMAT);
		}
		url->is_ipv6 = true;
		url->host = km_bytes_slice(authority, 1, end - 1);
		rest = km_bytes_after(authority, end + 1);
	} else {
		size_t end = km_bytes_find(authority, ':');

		url->host = km_bytes_slice(authority, 0, end);
		rest = km_bytes_after(authority, end);
	}
	if (!is_host(url->host, url->is_ipv6)) {
		return km_fault_set(ret_fault, offset, "RFC 3986 3.2.2",
		    "the host is missing, too long, or has a character that no host name has",
		    KM_ERR_FORMAT);
	}
	return parse_port(rest, offset + authority.size - rest.size, url, ret_fault);
}

int km_url_parse(struct km_bytes text, struct km_url *ret_url, struct km_fault *ret_fault)
{
	struct km_url url = { 0 };
	struct km_bytes rest = { 0 };
	size_t scheme_size = 0;
	size_t path_at = 0;
	int err = 0;

	if (text.size > KM_URL_MAX) {
		return km_fault_set(ret_fault, KM_URL_MAX, CLAUSE,
		    "the URL is longer than 1024 bytes", KM_ERR_LIMIT);
	}
	if (!is_all_printable(text)) {
		return km_fault_set(ret_fault, 0, "RFC 3986 2",
		    "the URL has a space, a control character or one outside of ASCII",
		    KM_ERR_FORMAT);
	}
	if (km_bytes_has_prefix_nocase(text, KM_BYTES("rtsp://"))) {
		scheme_size = 7;
		url.port = KM_URL_RTSP_PORT;
	} else if (km_bytes_has_prefix_nocase(text, KM_BYTES("rtsps://"))) {
		scheme_size = 8;
		url.port = KM_URL_RTSPS_PORT;
		url.is_tls = true;
	} else {
		return km_fault_set(ret_fault, 0, "RFC 2326 3.2",
		    "the URL does not begin with rtsp:// or rtsps://", KM_ERR_UNSUPPORTED);
	}
	rest = km_bytes_after(text, scheme_size);
	while (path_at < rest.size && rest.data[path_at] != '/' && rest.data[path_at] != '?') {
		path_at++;
	}
	err = parse_authority(km_bytes_slice(rest, 0, path_at), scheme_size, &url, ret_fault);
	if (err < 0) {
		return err;
	}
	url.path = km_bytes_after(rest, path_at);
	*ret_url = url;
	return 0;
}

static void write_authority(const struct km_url *url, struct km_buf *buf)
{
	unsigned default_port = url->is_tls ? KM_URL_RTSPS_PORT : KM_URL_RTSP_PORT;

	km_buf_add_text(buf, url->is_tls ? "rtsps://" : "rtsp://");
	km_buf_add_text(buf, url->is_ipv6 ? "[" : "");
	km_buf_add(buf, url->host);
	km_buf_add_text(buf, url->is_ipv6 ? "]" : "");
	if (url->port != default_port) {
		km_buf_add_format(buf, ":%u", (unsigned)url->port);
	}
}

void km_url_write(const struct km_url *url, struct km_buf *buf)
{
	write_authority(url, buf);
	if (url->path.size > 0 && url->path.data[0] == '?') {
		km_buf_add_text(buf, "/");
	}
	km_buf_add(buf, url->path);
}

static bool has_scheme(struct km_bytes text)
{
	return km_bytes_has_prefix_nocase(text, KM_BYTES("rtsp://")) ||
	       km_bytes_has_prefix_nocase(text, KM_BYTES("rtsps://"));
}

/* [quirk: trailing spaces and semicolons behind control attributes and Content-Base] */
static struct km_bytes trim_tail(struct km_bytes text)
{
	text = km_bytes_trim(text);
	while (
	    text.size > 0 && (text.data[text.size - 1] == ';' || text.data[text.size - 1] == ' ')) {
		text.size--;
	}
	return text;
}

void km_url_write_base(struct km_bytes requested, struct km_bytes said, struct km_buf *buf)
{
	struct km_url url = { 0 };

	said = trim_tail(said);
	if (said.size == 0 || km_url_parse(requested, &url, NULL) < 0) {
		km_buf_add(buf, said.size == 0 || !has_scheme(said) ? requested : said);
		return;
	}
	if (has_scheme(said)) {
		km_buf_add(buf, said);
	} else if (km_bytes_has_prefix(said, KM_BYTES("//"))) {
		km_buf_add_text(buf, url.is_tls ? "rtsps:" : "rtsp:");
		km_buf_add(buf, said);
	} else if (said.data[0] == '/') {
		write_authority(&url, buf);
		km_buf_add(buf, said);
	} else if (km_bytes_has_prefix_nocase(said, url.host)) {
		/* [quirk: Content-Base without the scheme] */
		km_buf_add_text(buf, url.is_tls ? "rtsps://" : "rtsp://");
		km_buf_add(buf, said);
	} else {
		km_buf_add(buf, requested);
	}
}

void km_url_write_control(struct km_bytes base, struct km_bytes control, struct km_buf *buf)
{
	struct km_url url = { 0 };

	base = trim_tail(base);
	control = trim_tail(control);
	if (control.size == 0 || km_bytes_is_equal(control, KM_BYTES("*"))) {
		km_buf_add(buf, base);
		return;
	}
	if (has_scheme(control)) {
		km_buf_add(buf, control);
		return;
	}
	/* [quirk: the control attribute repeats the whole path of the base] */
	if (control.data[0] == '/' && km_url_parse(base, &url, NULL) == 0 && url.path.size > 1 &&
	    km_bytes_has_prefix(control, url.path)) {
		write_authority(&url, buf);
		km_buf_add(buf, control);
		return;
	}
	km_buf_add(buf, base);
	if (base.size > 0 && base.data[base.size - 1] == '/') {
		control = km_bytes_after(control, control.data[0] == '/' ? 1 : 0);
	} else if (control.data[0] != '/') {
		km_buf_add_text(buf, "/");
	}
	km_buf_add(buf, control);
}
