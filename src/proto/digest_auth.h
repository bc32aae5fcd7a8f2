/*
 * Logging in to a camera: Digest [RFC 7616, RFC 2617] with SHA-256 or MD5, and Basic [RFC 7617],
 * where it is allowed.
 *
 * Only the texts are made here. Hash functions come from the caller as a function pointer, since
 * proto does no cryptography; so does the client's nonce.
 */
#ifndef KM_PROTO_DIGEST_AUTH_H
#define KM_PROTO_DIGEST_AUTH_H

#include "base/buf.h"
#include "base/error.h"

#define KM_DIGEST_AUTH_TEXT_MAX  512 /* realm, nonce, opaque: bytes each */
#define KM_DIGEST_AUTH_LOGIN_MAX 512 /* user and password together, with the colon */

/* Weakest first. */
enum km_digest_auth_scheme {
	KM_DIGEST_AUTH_NONE = 0,
	KM_DIGEST_AUTH_BASIC,
	KM_DIGEST_AUTH_MD5,
	KM_DIGEST_AUTH_MD5_SESS,
	KM_DIGEST_AUTH_SHA256,
	KM_DIGEST_AUTH_SHA256_SESS,
};

/* A challenge that was chosen, with its texts; a plain value. */
struct km_digest_auth {
	enum km_digest_auth_scheme scheme;
	bool has_qop;           /* qop=auth was offered */
	bool is_stale;          /* the nonce was too old, the password was right */
	bool is_algorithm_said; /* an algorithm stood in the challenge, so it must stand in the
				   answer */
	bool has_opaque;
	uint16_t realm_size;
	uint16_t nonce_size;
	uint16_t opaque_size;
	uint32_t count; /* answers made with this nonce */
	/* As they stood between the quotes. */
	uint8_t realm[KM_DIGEST_AUTH_TEXT_MAX];
	uint8_t nonce[KM_DIGEST_AUTH_TEXT_MAX];
	uint8_t opaque[KM_DIGEST_AUTH_TEXT_MAX];
};

/*
 * The strongest challenge that we can answer among the values of all WWW-Authenticate headers, each
 * of which may hold several. qop=auth-int alone cannot be answered.
 * Returns 0, KM_ERR_NOT_FOUND (no challenge in them), KM_ERR_DENIED (only Basic, and it is not
 * allowed), KM_ERR_UNSUPPORTED (schemes or algorithms that we do not know) or KM_ERR_LIMIT (a text
 * is too long).
 */
KM_MUST_USE int km_digest_auth_choose(const struct km_bytes *values, size_t count,
    bool allows_basic, struct km_digest_auth *ret_auth);

/* Hash the concatenated parts: 16 bytes of MD5, or 32 of SHA-256. Returns 0 or negative. */
typedef int (*km_digest_auth_hash)(
    bool is_sha256, const struct km_bytes *parts, size_t count, uint8_t *ret_digest);

struct km_digest_auth_login {
	struct km_bytes user;
	struct km_bytes password;
	struct km_bytes method; /* "SETUP" */
	struct km_bytes uri;    /* exactly as in the request line */
	struct km_bytes cnonce; /* fresh random text, hexadecimal or base64 */
	km_digest_auth_hash hash;
};

/*
 * Append the value of Authorization for one request; counts up auth->count.
 * Returns 0, KM_ERR_FORMAT (user or URI hold a control character; Basic: a colon in the user),
 * KM_ERR_LIMIT, what the hash returned, or the buffer's error. The buffer then holds a secret that
 * is worth as much as the password with Basic: wipe it.
 */
KM_MUST_USE int km_digest_auth_write(
    struct km_digest_auth *auth, const struct km_digest_auth_login *login, struct km_buf *buf);

/* "Digest SHA-256", "Basic", "none": static, for people. */
const char *km_digest_auth_name(enum km_digest_auth_scheme scheme);

#endif
