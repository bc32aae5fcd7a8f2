#include "auditor/onvif_place.h"

#include "base/buf.h"

#include <string.h>

static const struct scheme {
	struct km_bytes prefix;
	bool is_http;
	bool is_tls;
	uint16_t port;
} schemes[] = {
	{ KM_BYTES("http://"), true, false, 80 },
	{ KM_BYTES("https://"), true, true, 443 },
	{ KM_BYTES("rtsp://"), false, false, 554 },
	{ KM_BYTES("rtsps://"), false, true, 322 },
	/* So that its own door can be written as what it is. */
	{ KM_BYTES("onvif://"), true, false, 80 },
	{ KM_BYTES("onvifs://"), true, true, 443 },
};

static const struct scheme *find_scheme(struct km_bytes url)
{
	for (size_t i = 0; i < KM_COUNT(schemes); i++) {
		if (km_bytes_has_prefix_nocase(url, schemes[i].prefix)) {
			return &schemes[i];
		}
	}
	return NULL;
}

static bool is_one_of(uint8_t byte, const char *signs)
{
	return byte != 0 && strchr(signs, byte) != NULL;
}

/* Cut off the authority; *rest begins with the path then. */
static struct km_bytes cut_authority(struct km_bytes *rest)
{
	size_t size = 0;
	struct km_bytes authority;

	while (size < rest->size && !is_one_of(rest->data[size], "/?#")) {
		size++;
	}
	authority = km_bytes_slice(*rest, 0, size);
	*rest = km_bytes_after(*rest, size);
	return authority;
}

/* Behind the last '@': passwords may hold one, though they should not. */
static struct km_bytes cut_user(struct km_bytes *authority)
{
	size_t at = authority->size;
	struct km_bytes user;

	while (at > 0 && authority->data[at - 1] != '@') {
		at--;
	}
	user = km_bytes_slice(*authority, 0, at > 0 ? at - 1 : 0);
	*authority = km_bytes_after(*authority, at);
	return user;
}

static int parse_host(struct km_bytes authority, struct km_onvif_place *place)
{
	struct km_bytes host = { 0 };
	struct km_bytes port = { 0 };
	uint32_t number = place->port;
	int err = 0;

	if (authority.size > 0 && authority.data[0] == '[') {
		size_t end = km_bytes_find(authority, ']');

		host = km_bytes_slice(authority, 1, end - 1);
		port = km_bytes_after(authority, end + 1);
		if (end == authority.size || (port.size > 0 && port.data[0] != ':')) {
			return KM_ERR_FORMAT;
		}
	} else {
		host = km_bytes_slice(authority, 0, km_bytes_find(authority, ':'));
		port = km_bytes_after(authority, host.size);
	}
	if (port.size > 1) {
		err = km_bytes_parse_u32(km_bytes_after(port, 1), UINT16_MAX, &number);
		if (err < 0 || number == 0) {
			return err < 0 ? err : KM_ERR_RANGE;
		}
	}
	place->port = (uint16_t)number;
	if (host.size == 0) {
		return KM_ERR_FORMAT;
	}
	return km_bytes_copy_text(host, place->host, sizeof(place->host));
}

static bool is_printable(struct km_bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] <= ' ' || text.data[i] > '~') {
			return false;
		}
	}
	return true;
}

static int parse_path(struct km_bytes path, struct km_onvif_place *place)
{
	path = km_bytes_slice(path, 0, km_bytes_find(path, '#'));
	if (path.size == 0 || path.data[0] != '/') {
		place->path[0] = '/';
		return km_bytes_copy_text(path, place->path + 1, sizeof(place->path) - 1);
	}
	return km_bytes_copy_text(path, place->path, sizeof(place->path));
}

int km_onvif_place_parse(struct km_bytes url, struct km_onvif_place *ret_place)
{
	struct km_onvif_place place = { 0 };
	struct km_bytes rest = km_bytes_trim(url);
	const struct scheme *scheme = find_scheme(rest);
	struct km_bytes authority;
	int err = 0;

	if (scheme == NULL) {
		return KM_ERR_UNSUPPORTED;
	}
	if (!is_printable(rest)) {
		return KM_ERR_FORMAT;
	}
	place.is_http = scheme->is_http;
	place.is_tls = scheme->is_tls;
	place.port = scheme->port;
	rest = km_bytes_after(rest, scheme->prefix.size);
	authority = cut_authority(&rest);
	place.has_user = cut_user(&authority).size > 0;
	err = parse_host(authority, &place);
	if (err == 0) {
		err = parse_path(rest, &place);
	}
	if (err == 0) {
		*ret_place = place;
	}
	return err;
}

/* --- secrets --- */

static bool is_secret_name(struct km_bytes name)
{
	static const struct km_bytes names[] = {
		KM_BYTES("password"),
		KM_BYTES("passwd"),
		KM_BYTES("pass"),
		KM_BYTES("pwd"),
		KM_BYTES("psw"),
		KM_BYTES("loginpas"),
		KM_BYTES("secret"),
	};

	for (size_t i = 0; i < KM_COUNT(names); i++) {
		if (km_bytes_is_equal_nocase(name, names[i])) {
			return true;
		}
	}
	return false;
}

/* The next "name=value" of a path: parameters stand behind any of these signs, as cameras write
 * "/user=a_password=b_channel=1.sdp", too. */
static struct km_bytes cut_parameter(struct km_bytes *rest)
{
	size_t size = 0;
	struct km_bytes parameter;

	while (size < rest->size && !is_one_of(rest->data[size], "?&;/_")) {
		size++;
	}
	parameter = km_bytes_slice(*rest, 0, size);
	*rest = km_bytes_after(*rest, size + 1);
	return parameter;
}

bool km_onvif_place_holds_secret(struct km_bytes url, struct km_bytes password)
{
	const struct scheme *scheme = find_scheme(url);
	struct km_bytes rest = km_bytes_after(url, scheme == NULL ? 0 : scheme->prefix.size);
	struct km_bytes authority = cut_authority(&rest);
	struct km_bytes user = cut_user(&authority);

	/* A short one would be found by chance. */
	if (password.size >= 5 && km_bytes_find_seq(url, password) < url.size) {
		return true;
	}
	if (km_bytes_find(user, ':') + 1 < user.size) {
		return true;
	}
	while (rest.size > 0) {
		struct km_bytes value = cut_parameter(&rest);
		struct km_bytes name = km_bytes_split(&value, '=');

		if (value.size > 0 && is_secret_name(name)) {
			return true;
		}
	}
	return false;
}

void km_onvif_place_write_path(const struct km_onvif_place *place, char *ret_text, size_t size)
{
	struct km_bytes rest = km_bytes_text(place->path);
	struct km_buf text;

	if (size == 0) {
		return;
	}
	km_buf_init_fixed(&text, ret_text, size - 1);
	while (rest.size > 0) {
		struct km_bytes whole = rest;
		struct km_bytes parameter = cut_parameter(&rest);
		struct km_bytes value = parameter;
		struct km_bytes name = km_bytes_split(&value, '=');

		if (value.size > 0 && is_secret_name(name)) {
			km_buf_add(&text, name);
			km_buf_add_text(&text, "=***");
		} else {
			km_buf_add(&text, parameter);
		}
		km_buf_add(&text, km_bytes_slice(whole, parameter.size, 1));
	}
	ret_text[text.size] = '\0';
}
