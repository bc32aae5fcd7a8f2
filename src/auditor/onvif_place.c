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

#define SIGNS      "?&;/_" /* a parameter stands behind any: "/user=a_password=b_channel=1.sdp" */
#define HARD_SIGNS "?&;/"  /* or these alone, where a name has the '_': "auth_token_2=c" */
#define CHANCE_MAX 4       /* bytes: such a password is found in places where it is none */

enum word_kind {
	WORD_NONE = 0,
	WORD_ACCOUNT,
	WORD_PASSWORD,
	WORD_KEY, /* of a session, or of nothing: ONVIF calls the names of profiles tokens, too */
};

/* What cameras call the parameters that they take logins in. */
static const struct word {
	struct km_bytes text;
	enum word_kind kind;
} words[] = {
	{ KM_BYTES("password"), WORD_PASSWORD },
	{ KM_BYTES("passwd"), WORD_PASSWORD },
	{ KM_BYTES("pass"), WORD_PASSWORD },
	{ KM_BYTES("pwd"), WORD_PASSWORD },
	{ KM_BYTES("psw"), WORD_PASSWORD },
	{ KM_BYTES("loginpas"), WORD_PASSWORD },
	{ KM_BYTES("secret"), WORD_PASSWORD },
	{ KM_BYTES("auth"), WORD_KEY },
	{ KM_BYTES("token"), WORD_KEY },
	{ KM_BYTES("key"), WORD_KEY },
	{ KM_BYTES("user"), WORD_ACCOUNT },
	{ KM_BYTES("usr"), WORD_ACCOUNT },
};

/* Of the first word that the name is, or (is_within) that stands in it: "apikey", "pwd1". */
static enum word_kind kind_of(struct km_bytes name, bool is_within)
{
	for (size_t i = 0; i < KM_COUNT(words); i++) {
		struct km_bytes text = words[i].text;

		if (km_bytes_is_equal_nocase(name, text)) {
			return words[i].kind;
		}
		for (size_t at = 0; is_within && at + text.size <= name.size; at++) {
			if (km_bytes_has_prefix_nocase(km_bytes_after(name, at), text)) {
				return words[i].kind;
			}
		}
	}
	return WORD_NONE;
}

/* What stands in front of the first of the signs; *rest begins with that sign then. */
static struct km_bytes cut_up_to(struct km_bytes *rest, const char *signs)
{
	size_t size = 0;
	struct km_bytes part;

	while (size < rest->size && !is_one_of(rest->data[size], signs)) {
		size++;
	}
	part = km_bytes_slice(*rest, 0, size);
	*rest = km_bytes_after(*rest, size);
	return part;
}

/* The bytes that the text takes at the view's start, written with %xx or without; 0: it does not
 * stand there. */
static size_t match(struct km_bytes view, struct km_bytes text)
{
	size_t at = 0;

	if (text.size > 0 && km_bytes_has_prefix(view, text)) {
		return text.size;
	}
	for (size_t i = 0; i < text.size; i++) {
		uint64_t byte = at < view.size ? view.data[at] : 0;
		size_t size = 1;

		if (byte == '%' &&
		    km_bytes_parse_hex(km_bytes_slice(view, at + 1, 2), UINT8_MAX, &byte) == 0) {
			size = 3;
		}
		if (at >= view.size || byte != text.data[i]) {
			return 0;
		}
		at += size;
	}
	return at;
}

static bool is_letter_or_digit(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z');
}

/* Whether it stands alone there, between signs: a short one elsewhere is chance. */
static bool stands_alone(struct km_bytes url, size_t from, size_t to)
{
	return (from == 0 || !is_letter_or_digit(url.data[from - 1])) &&
	       (to == url.size || !is_letter_or_digit(url.data[to]));
}

/* Whether a byte of the password's, wherever it stands in the URL, is one of [from, to). */
static bool shows(struct km_bytes url, struct km_bytes password, size_t from, size_t to)
{
	for (size_t at = 0; at < to; at++) {
		size_t size = match(km_bytes_after(url, at), password);

		if (size > 0 && at + size > from &&
		    (password.size > CHANCE_MAX || stands_alone(url, at, at + size))) {
			return true;
		}
	}
	return false;
}

/* Cut the URL down to its path; returns the password of its user information. */
static struct km_bytes cut_to_path(struct km_bytes *url)
{
	const struct scheme *scheme = NULL;
	struct km_bytes authority;
	struct km_bytes user;

	*url = km_bytes_trim(*url);
	scheme = find_scheme(*url);
	*url = km_bytes_after(*url, scheme == NULL ? 0 : scheme->prefix.size);
	authority = cut_authority(url);
	user = cut_user(&authority);
	return km_bytes_after(user, km_bytes_find(user, ':') + 1);
}

static bool has_password(struct km_bytes path)
{
	while (path.size > 0) {
		struct km_bytes value = cut_up_to(&path, SIGNS);
		struct km_bytes name = km_bytes_split(&value, '=');

		path = km_bytes_after(path, 1);
		if (value.size > 0 && kind_of(name, false) == WORD_PASSWORD) {
			return true;
		}
	}
	return false;
}

/* Whether a parameter is called like anything of a login, in any part of its name. */
static bool has_login(struct km_bytes path)
{
	while (path.size > 0) {
		struct km_bytes parameter = cut_up_to(&path, HARD_SIGNS);

		path = km_bytes_after(path, 1);
		while (km_bytes_find(parameter, '=') < parameter.size) {
			if (kind_of(km_bytes_split(&parameter, '='), true) != WORD_NONE) {
				return true;
			}
		}
	}
	return false;
}

bool km_onvif_place_holds_secret(struct km_bytes url, struct km_bytes password)
{
	struct km_bytes path = url;

	if (cut_to_path(&path).size > 0) {
		return true;
	}
	return (password.size > CHANCE_MAX && shows(url, password, 0, url.size)) ||
	       has_password(path);
}

bool km_onvif_place_may_log_in(struct km_bytes url, struct km_bytes password)
{
	struct km_bytes path = url;

	return cut_to_path(&path).size > 0 || shows(url, password, 0, url.size) || has_login(path);
}

int km_onvif_place_write_path(
    struct km_bytes url, struct km_bytes password, char *ret_text, size_t size)
{
	struct km_bytes rest = { 0 };
	struct km_buf text;
	size_t front = 0; /* of the name that the parameter may have */
	bool is_query = false;

	url = km_bytes_trim(km_bytes_slice(url, 0, km_bytes_find(url, '#')));
	rest = url;
	(void)cut_to_path(&rest);
	km_buf_init_fixed(&text, ret_text, size - 1);
	if (rest.size == 0 || rest.data[0] != '/') {
		km_buf_add_u8(&text, '/');
	}
	front = url.size - rest.size;
	while (rest.size > 0) {
		size_t from = url.size - rest.size;
		struct km_bytes kept = cut_up_to(&rest, SIGNS);
		size_t equals = km_bytes_find(kept, '=');

		if (equals < kept.size && kind_of(km_bytes_slice(url, front, from + equals - front),
					      true) >= WORD_PASSWORD) {
			/* A '_' may be the value's own; in a query, '/' and '?' [RFC 3986 3.4] */
			struct km_bytes more = cut_up_to(&rest, is_query ? "&;" : HARD_SIGNS);
			bool has_value = kept.size + more.size > equals + 1;

			kept = km_bytes_slice(kept, 0, equals + 1);
			km_buf_add(&text, kept);
			km_buf_add_text(&text, has_value ? "***" : "");
		} else {
			km_buf_add(&text, kept);
		}
		if (shows(url, password, from, from + kept.size)) {
			ret_text[0] = '\0';
			return KM_ERR_DENIED;
		}
		is_query = is_query || (rest.size > 0 && rest.data[0] == '?');
		if (rest.size > 0 && rest.data[0] != '_') {
			front = url.size - rest.size + 1;
		}
		km_buf_add(&text, km_bytes_slice(rest, 0, 1));
		rest = km_bytes_after(rest, 1);
	}
	ret_text[text.size] = '\0';
	return 0;
}
