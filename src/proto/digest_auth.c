#include "proto/digest_auth.h"

#include "base/text.h"

#include <string.h>

#define DIGEST_BYTES_MAX 32
#define HEX_SIZE         (2 * DIGEST_BYTES_MAX + 1)
#define PARTS_MAX        12

const char *km_digest_auth_name(enum km_digest_auth_scheme scheme)
{
	switch (scheme) {
	case KM_DIGEST_AUTH_NONE:
		return "none";
	case KM_DIGEST_AUTH_BASIC:
		return "Basic";
	case KM_DIGEST_AUTH_MD5:
		return "Digest MD5";
	case KM_DIGEST_AUTH_MD5_SESS:
		return "Digest MD5-sess";
	case KM_DIGEST_AUTH_SHA256:
		return "Digest SHA-256";
	case KM_DIGEST_AUTH_SHA256_SESS:
		return "Digest SHA-256-sess";
	}
	return "none";
}

/* --- challenges --- */

/* Cut off what stands before the next comma that is not inside quotes. */
static struct km_bytes split_item(struct km_bytes *rest)
{
	bool is_quoted = false;
	size_t at = 0;
	struct km_bytes item = { 0 };

	for (; at < rest->size; at++) {
		uint8_t byte = rest->data[at];

		if (byte == '\\' && is_quoted) {
			at++;
		} else if (byte == '"') {
			is_quoted = !is_quoted;
		} else if (byte == ',' && !is_quoted) {
			break;
		}
	}
	item = km_bytes_slice(*rest, 0, at);
	*rest = km_bytes_after(*rest, at + 1);
	return km_bytes_trim(item);
}

/* Cut "Digest " off the front of an item; empty if the item is a parameter alone. */
static struct km_bytes split_scheme(struct km_bytes *item)
{
	size_t end = 0;
	struct km_bytes scheme = { 0 };

	while (end < item->size && item->data[end] != ' ' && item->data[end] != '\t' &&
	       item->data[end] != '=') {
		end++;
	}
	if (end < item->size && item->data[end] == '=') {
		return scheme;
	}
	/* "name = value" begins with a word and a space, too. */
	if (km_bytes_has_prefix(km_bytes_trim(km_bytes_after(*item, end)), KM_BYTES("="))) {
		return scheme;
	}
	scheme = km_bytes_slice(*item, 0, end);
	*item = km_bytes_trim(km_bytes_after(*item, end));
	return scheme;
}

struct challenge {
	bool is_begun;
	bool is_digest;
	bool is_basic;
	bool has_qop;      /* a qop parameter */
	bool has_qop_auth; /* one that lists "auth" */
	bool has_algorithm;
	bool has_opaque;
	bool is_stale;
	struct km_bytes algorithm;
	struct km_bytes realm;
	struct km_bytes nonce;
	struct km_bytes opaque;
};

static bool is_word(struct km_bytes view, const char *word)
{
	return km_bytes_is_equal_nocase(view, km_bytes_text(word));
}

static bool has_qop_auth(struct km_bytes list)
{
	while (list.size > 0) {
		if (is_word(km_bytes_trim(km_bytes_split(&list, ',')), "auth")) {
			return true;
		}
	}
	return false;
}

static void add_parameter(struct challenge *challenge, struct km_bytes item)
{
	struct km_bytes name = km_bytes_trim(km_bytes_split(&item, '='));
	struct km_bytes value = km_bytes_trim(item);

	if (value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"') {
		value = km_bytes_slice(value, 1, value.size - 2);
	}
	if (is_word(name, "realm")) {
		challenge->realm = value;
	} else if (is_word(name, "nonce")) {
		challenge->nonce = value;
	} else if (is_word(name, "opaque")) {
		challenge->opaque = value;
		challenge->has_opaque = true;
	} else if (is_word(name, "algorithm")) {
		challenge->algorithm = value;
		challenge->has_algorithm = true;
	} else if (is_word(name, "stale")) {
		challenge->is_stale = is_word(value, "true");
	} else if (is_word(name, "qop")) {
		challenge->has_qop = value.size > 0;
		challenge->has_qop_auth = has_qop_auth(value);
	}
}

static enum km_digest_auth_scheme scheme_of(const struct challenge *challenge)
{
	if (challenge->is_basic) {
		return KM_DIGEST_AUTH_BASIC;
	}
	if (!challenge->is_digest || challenge->nonce.size == 0 ||
	    (challenge->has_qop && !challenge->has_qop_auth)) {
		return KM_DIGEST_AUTH_NONE;
	}
	if (!challenge->has_algorithm || is_word(challenge->algorithm, "MD5")) {
		return KM_DIGEST_AUTH_MD5;
	}
	if (is_word(challenge->algorithm, "MD5-sess")) {
		return KM_DIGEST_AUTH_MD5_SESS;
	}
	if (is_word(challenge->algorithm, "SHA-256")) {
		return KM_DIGEST_AUTH_SHA256;
	}
	if (is_word(challenge->algorithm, "SHA-256-sess")) {
		return KM_DIGEST_AUTH_SHA256_SESS;
	}
	return KM_DIGEST_AUTH_NONE;
}

static bool is_clean(struct km_bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < ' ' || text.data[i] == 0x7f) {
			return false;
		}
	}
	return true;
}

static int keep_text(struct km_bytes text, uint8_t *ret_text, uint16_t *ret_size)
{
	if (text.size > KM_DIGEST_AUTH_TEXT_MAX) {
		return KM_ERR_LIMIT;
	}
	if (text.size > 0) {
		memcpy(ret_text, text.data, text.size);
	}
	*ret_size = (uint16_t)text.size;
	return 0;
}

static int keep_challenge(const struct challenge *challenge, enum km_digest_auth_scheme scheme,
    struct km_digest_auth *ret_auth)
{
	int err = 0;

	if (!is_clean(challenge->realm) || !is_clean(challenge->nonce) ||
	    !is_clean(challenge->opaque)) {
		return KM_ERR_UNSUPPORTED;
	}
	*ret_auth = (struct km_digest_auth){
		.scheme = scheme,
		.has_qop = challenge->has_qop_auth,
		.is_stale = challenge->is_stale,
		.is_algorithm_said = challenge->has_algorithm,
		.has_opaque = challenge->has_opaque,
	};
	err = keep_text(challenge->realm, ret_auth->realm, &ret_auth->realm_size);
	if (err == 0) {
		err = keep_text(challenge->nonce, ret_auth->nonce, &ret_auth->nonce_size);
	}
	if (err == 0) {
		err = keep_text(challenge->opaque, ret_auth->opaque, &ret_auth->opaque_size);
	}
	return err;
}

struct choice {
	bool allows_basic;
	bool has_any;
	bool has_refused_basic;
	enum km_digest_auth_scheme scheme;
	struct challenge challenge;
};

static void weigh(struct choice *choice, const struct challenge *challenge)
{
	enum km_digest_auth_scheme scheme = scheme_of(challenge);

	if (!challenge->is_begun) {
		return;
	}
	choice->has_any = true;
	if (scheme == KM_DIGEST_AUTH_BASIC && !choice->allows_basic) {
		choice->has_refused_basic = true;
		return;
	}
	if (scheme > choice->scheme) {
		choice->scheme = scheme;
		choice->challenge = *challenge;
	}
}

static void weigh_header(struct choice *choice, struct km_bytes rest)
{
	struct challenge challenge = { 0 };

	while (rest.size > 0) {
		struct km_bytes item = split_item(&rest);
		struct km_bytes scheme = split_scheme(&item);

		if (scheme.size > 0) {
			weigh(choice, &challenge);
			challenge = (struct challenge){
				.is_begun = true,
				.is_digest = is_word(scheme, "Digest"),
				.is_basic = is_word(scheme, "Basic"),
			};
		}
		add_parameter(&challenge, item);
	}
	weigh(choice, &challenge);
}

int km_digest_auth_choose(
    const struct km_bytes *values, size_t count, bool allows_basic, struct km_digest_auth *ret_auth)
{
	struct choice choice = { .allows_basic = allows_basic };
	struct km_digest_auth auth = { 0 };
	int err = 0;

	for (size_t i = 0; i < count; i++) {
		weigh_header(&choice, values[i]);
	}
	if (!choice.has_any) {
		return KM_ERR_NOT_FOUND;
	}
	if (choice.scheme == KM_DIGEST_AUTH_NONE) {
		return choice.has_refused_basic ? KM_ERR_DENIED : KM_ERR_UNSUPPORTED;
	}
	err = keep_challenge(&choice.challenge, choice.scheme, &auth);
	if (err == 0) {
		*ret_auth = auth;
	}
	return err;
}

/* --- answers --- */

struct answer {
	const struct km_digest_auth *auth;
	const struct km_digest_auth_login *login;
	struct km_bytes realm;
	struct km_bytes nonce;
	bool is_sha256;
	char count[9]; /* nc: 8 hexadecimal digits */
};

/* Hash parts and write the digest as hexadecimal text. */
static int hash_hex(const struct answer *answer, const struct km_bytes *parts, size_t count,
    char ret_hex[static HEX_SIZE])
{
	uint8_t digest[DIGEST_BYTES_MAX] = { 0 };
	size_t size = answer->is_sha256 ? 32 : 16;
	int err = answer->login->hash(answer->is_sha256, parts, count, digest);

	if (err == 0) {
		err = km_text_write_hex(km_bytes_from(digest, size), ret_hex, HEX_SIZE);
	}
	explicit_bzero(digest, sizeof(digest));
	return err;
}

/* H(A1) [RFC 7616 3.4.2] */
static int hash_a1(const struct answer *answer, char ret_hex[static HEX_SIZE])
{
	const struct km_digest_auth_login *login = answer->login;
	const struct km_bytes colon = KM_BYTES(":");
	const struct km_bytes parts[] = { login->user, colon, answer->realm, colon,
		login->password };
	char inner[HEX_SIZE] = { 0 };
	int err = hash_hex(answer, parts, KM_COUNT(parts), inner);

	if (err == 0 && (answer->auth->scheme == KM_DIGEST_AUTH_MD5_SESS ||
			    answer->auth->scheme == KM_DIGEST_AUTH_SHA256_SESS)) {
		const struct km_bytes session[] = { km_bytes_text(inner), colon, answer->nonce,
			colon, login->cnonce };

		err = hash_hex(answer, session, KM_COUNT(session), ret_hex);
	} else if (err == 0) {
		memcpy(ret_hex, inner, sizeof(inner));
	}
	explicit_bzero(inner, sizeof(inner));
	return err;
}

/* [RFC 7616 3.4.1] */
static int make_response(const struct answer *answer, char ret_hex[static HEX_SIZE])
{
	const struct km_bytes colon = KM_BYTES(":");
	const struct km_bytes a2[] = { answer->login->method, colon, answer->login->uri };
	char ha1[HEX_SIZE] = { 0 };
	char ha2[HEX_SIZE] = { 0 };
	struct km_bytes parts[PARTS_MAX] = { 0 };
	size_t count = 0;
	int err = hash_a1(answer, ha1);

	if (err == 0) {
		err = hash_hex(answer, a2, KM_COUNT(a2), ha2);
	}
	if (err < 0) {
		goto out;
	}
	parts[count++] = km_bytes_text(ha1);
	parts[count++] = colon;
	parts[count++] = answer->nonce;
	if (answer->auth->has_qop) {
		parts[count++] = colon;
		parts[count++] = km_bytes_text(answer->count);
		parts[count++] = colon;
		parts[count++] = answer->login->cnonce;
		parts[count++] = KM_BYTES(":auth");
	}
	parts[count++] = colon;
	parts[count++] = km_bytes_text(ha2);
	err = hash_hex(answer, parts, count, ret_hex);
out:
	explicit_bzero(ha1, sizeof(ha1));
	return err;
}

static void add_quoted(struct km_buf *buf, const char *name, struct km_bytes raw)
{
	km_buf_add_text(buf, name);
	km_buf_add_text(buf, "=\"");
	km_buf_add(buf, raw);
	km_buf_add_text(buf, "\"");
}

/* The user's name is the only text that is not from between quotes already. */
static void add_user(struct km_buf *buf, struct km_bytes user)
{
	km_buf_add_text(buf, "Digest username=\"");
	for (size_t i = 0; i < user.size; i++) {
		if (user.data[i] == '"' || user.data[i] == '\\') {
			km_buf_add_u8(buf, '\\');
		}
		km_buf_add_u8(buf, user.data[i]);
	}
	km_buf_add_text(buf, "\", ");
}

static int write_digest(const struct answer *answer, struct km_buf *buf)
{
	const struct km_digest_auth *auth = answer->auth;
	static const char *const algorithms[] = {
		[KM_DIGEST_AUTH_MD5] = "MD5",
		[KM_DIGEST_AUTH_MD5_SESS] = "MD5-sess",
		[KM_DIGEST_AUTH_SHA256] = "SHA-256",
		[KM_DIGEST_AUTH_SHA256_SESS] = "SHA-256-sess",
	};
	char response[HEX_SIZE] = { 0 };
	int err = make_response(answer, response);

	if (err < 0) {
		return err;
	}
	add_user(buf, answer->login->user);
	add_quoted(buf, "realm", answer->realm);
	add_quoted(buf, ", nonce", answer->nonce);
	add_quoted(buf, ", uri", answer->login->uri);
	if (auth->is_algorithm_said) {
		km_buf_add_format(buf, ", algorithm=%s", algorithms[auth->scheme]);
	}
	if (auth->has_qop) {
		km_buf_add_format(buf, ", qop=auth, nc=%s", answer->count);
	}
	if (auth->has_qop || auth->scheme == KM_DIGEST_AUTH_MD5_SESS ||
	    auth->scheme == KM_DIGEST_AUTH_SHA256_SESS) {
		add_quoted(buf, ", cnonce", answer->login->cnonce);
	}
	add_quoted(buf, ", response", km_bytes_text(response));
	if (auth->has_opaque) {
		add_quoted(buf, ", opaque", km_bytes_from(auth->opaque, auth->opaque_size));
	}
	return km_buf_error(buf);
}

static int write_basic(const struct km_digest_auth_login *login, struct km_buf *buf)
{
	uint8_t storage[KM_DIGEST_AUTH_LOGIN_MAX];
	struct km_buf pair = { 0 };
	int err = 0;

	if (km_bytes_find(login->user, ':') < login->user.size) {
		return KM_ERR_FORMAT;
	}
	km_buf_init_fixed(&pair, storage, sizeof(storage));
	km_buf_add(&pair, login->user);
	km_buf_add_u8(&pair, ':');
	km_buf_add(&pair, login->password);
	err = km_buf_error(&pair);
	if (err == 0) {
		km_buf_add_text(buf, "Basic ");
		km_text_add_base64(buf, km_buf_view(&pair));
		err = km_buf_error(buf);
	}
	explicit_bzero(storage, sizeof(storage));
	return err;
}

int km_digest_auth_write(
    struct km_digest_auth *auth, const struct km_digest_auth_login *login, struct km_buf *buf)
{
	struct answer answer = {
		.auth = auth,
		.login = login,
		.realm = km_bytes_from(auth->realm, auth->realm_size),
		.nonce = km_bytes_from(auth->nonce, auth->nonce_size),
		.is_sha256 = auth->scheme >= KM_DIGEST_AUTH_SHA256,
	};

	if (!is_clean(login->user) || !is_clean(login->uri) || !is_clean(login->cnonce)) {
		return KM_ERR_FORMAT;
	}
	auth->count++;
	if (auth->scheme == KM_DIGEST_AUTH_NONE) {
		return KM_ERR_STATE;
	}
	if (auth->scheme == KM_DIGEST_AUTH_BASIC) {
		return write_basic(login, buf);
	}
	(void)snprintf(answer.count, sizeof(answer.count), "%08x", auth->count);
	return write_digest(&answer, buf);
}
