#include "auditor/login_try.h"

#include "auditor/http_ask.h"
#include "auditor/rtsp_ask.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "proto/digest_auth.h"
#include "proto/url.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define VALUES_MAX   4
#define HEADER_MAX   3072
#define CNONCE_BYTES 16

struct attempt {
	struct km_job *job;
	const struct km_login_place *place;
	struct km_talk *talk; /* of RTSP: kept from challenge to answer */
	uint32_t cseq;
	unsigned status; /* of the last answer */
	struct km_bytes body;
	size_t count; /* of its challenges */
	struct km_bytes value[VALUES_MAX];
	uint8_t answer[KM_HTTP_ASK_BYTES_MAX];
};

_Static_assert(KM_HTTP_ASK_BYTES_MAX >= KM_RTSP_ASK_BYTES_MAX, "one storage for both");

static int ask_rtsp(struct attempt *attempt, struct km_bytes authorization)
{
	struct km_rtsp_ask ask = { .port = attempt->place->port,
		.is_tls = attempt->place->is_tls,
		.method = KM_RTSP_DESCRIBE,
		.path = attempt->place->path,
		.authorization = authorization,
		.talk = &attempt->talk,
		.cseq = attempt->cseq++ };
	struct km_rtsp_message answer;
	struct km_bytes raw = { 0 };
	int err = km_rtsp_ask_run(attempt->job, &ask, attempt->answer, &answer, &raw);

	if (err < 0) {
		return err;
	}
	attempt->status = answer.status;
	attempt->body = answer.body;
	for (attempt->count = 0; attempt->count < VALUES_MAX; attempt->count++) {
		attempt->value[attempt->count] =
		    km_rtsp_header(&answer, "WWW-Authenticate", (unsigned)attempt->count);
		if (attempt->value[attempt->count].data == NULL) {
			break;
		}
	}
	return 0;
}

static int ask_http(struct attempt *attempt, struct km_bytes authorization)
{
	struct km_http_ask ask = { .port = attempt->place->port,
		.is_tls = attempt->place->is_tls,
		.method = "GET",
		.path = attempt->place->path,
		.authorization = authorization };
	struct km_http_reply reply;
	struct km_bytes raw = { 0 };
	int err = km_http_ask_run(attempt->job, &ask, attempt->answer, &reply, &raw);

	if (err < 0) {
		return err;
	}
	attempt->status = reply.status;
	attempt->body = reply.body;
	for (attempt->count = 0; attempt->count < VALUES_MAX; attempt->count++) {
		attempt->value[attempt->count] =
		    km_http_reply_find(&reply, "WWW-Authenticate", (unsigned)attempt->count);
		if (attempt->value[attempt->count].data == NULL) {
			break;
		}
	}
	return 0;
}

static int ask(struct attempt *attempt, struct km_bytes authorization)
{
	return attempt->place->is_rtsp ? ask_rtsp(attempt, authorization)
				       : ask_http(attempt, authorization);
}

/* The URI that a digest covers: the whole URL for RTSP, the path for HTTP. */
static void write_uri(const struct attempt *attempt, struct km_buf *buf)
{
	struct km_rtsp_ask asked = { .port = attempt->place->port,
		.is_tls = attempt->place->is_tls,
		.path = attempt->place->path };

	if (attempt->place->is_rtsp) {
		km_rtsp_ask_write_url(attempt->job, &asked, buf);
	} else {
		km_buf_add_text(buf, attempt->place->path);
	}
}

static int write_authorization(
    struct attempt *attempt, const char *account, const char *password, struct km_buf *buf)
{
	struct km_digest_auth auth = { 0 };
	char uri_text[KM_URL_MAX];
	uint8_t random[CNONCE_BYTES] = { 0 };
	char cnonce[2 * CNONCE_BYTES + 1] = "";
	struct km_buf uri;
	struct km_digest_auth_login login = {
		.user = km_bytes_text(account),
		.password = km_bytes_text(password),
		.method = km_bytes_text(attempt->place->is_rtsp ? "DESCRIBE" : "GET"),
		.hash = km_digest_parts,
	};
	int err = km_digest_auth_choose(attempt->value, attempt->count, true, &auth);

	km_buf_init_fixed(&uri, uri_text, sizeof(uri_text));
	write_uri(attempt, &uri);
	login.uri = km_buf_view(&uri);
	if (err == 0) {
		err = km_buf_error(&uri);
	}
	if (err == 0) {
		err = km_random_fill(random, sizeof(random));
	}
	if (err == 0) {
		err = km_text_write_hex(KM_BYTES_OF(random), cnonce, sizeof(cnonce));
	}
	login.cnonce = km_bytes_text(cnonce);
	return err == 0 ? km_digest_auth_write(&auth, &login, buf) : err;
}

/* Words of devices that refuse with 401 and say in the body that it is for longer. */
static bool says_locked(struct km_bytes body)
{
	static const char *const words[] = { "<lockStatus>lock", "\"lockStatus\":\"lock",
		"account locked", "is locked", "Too many" };

	for (size_t i = 0; i < KM_COUNT(words); i++) {
		if (km_bytes_find_seq(body, km_bytes_text(words[i])) < body.size) {
			return true;
		}
	}
	return false;
}

static enum km_login_result result_of(const struct attempt *attempt)
{
	switch (attempt->status) {
	case 401:
		return says_locked(attempt->body) ? KM_LOGIN_LOCKED : KM_LOGIN_REFUSED;
	case 423:
	case 429:
		return KM_LOGIN_LOCKED;
	case 403:
	case 453: /* RTSP: not enough bandwidth, which some send instead */
	case 503:
		/* Before a failed login it is something else that it refuses for. */
		return attempt->place->has_failed ? KM_LOGIN_LOCKED : KM_LOGIN_SILENT;
	case 404: /* let in, but there is nothing at the path */
		return KM_LOGIN_ACCEPTED;
	default:
		return attempt->status < 400 ? KM_LOGIN_ACCEPTED : KM_LOGIN_SILENT;
	}
}

/* A cancelled question has no answer: that says nothing of the camera. */
static enum km_login_result silence_of(const struct attempt *attempt, bool is_of_a_lock)
{
	return is_of_a_lock && !km_job_is_cancelled(attempt->job) ? KM_LOGIN_LOCKED
								  : KM_LOGIN_SILENT;
}

static enum km_login_result run(struct attempt *attempt, const char *account, const char *password)
{
	uint8_t storage[HEADER_MAX];
	struct km_digest_auth auth;
	struct km_buf header;
	int err = ask(attempt, (struct km_bytes){ 0 });

	if (err < 0) {
		return silence_of(attempt, attempt->place->has_failed);
	}
	if (attempt->status != 401) {
		return attempt->status < 400 || attempt->status == 404 ? KM_LOGIN_UNASKED
								       : result_of(attempt);
	}
	if (says_locked(attempt->body)) {
		return KM_LOGIN_LOCKED;
	}
	if (km_digest_auth_choose(attempt->value, attempt->count, true, &auth) < 0) {
		return KM_LOGIN_FOREIGN;
	}
	if (account == NULL) {
		return KM_LOGIN_REFUSED;
	}
	km_buf_init_fixed(&header, storage, sizeof(storage));
	err = write_authorization(attempt, account, password, &header);
	if (err < 0) {
		return KM_LOGIN_FOREIGN;
	}
	err = ask(attempt, km_buf_view(&header));
	if (err == 0) {
		return result_of(attempt);
	}
	/* It talked a moment ago: not to talk at all any more is the way of some to lock. */
	km_talk_close(attempt->talk);
	attempt->talk = NULL;
	err = ask(attempt, (struct km_bytes){ 0 });
	return silence_of(attempt, err < 0);
}

int km_login_try_run(struct km_job *job, const struct km_login_place *place, const char *account,
    const char *password, enum km_login_result *ret_result)
{
	struct attempt *attempt = calloc(1, sizeof(*attempt));
	enum km_login_result result = KM_LOGIN_SILENT;

	if (attempt == NULL) {
		return KM_ERR_MEMORY;
	}
	attempt->job = job;
	attempt->place = place;
	result = run(attempt, account, password);
	km_talk_close(attempt->talk);
	explicit_bzero(attempt, sizeof(*attempt));
	free(attempt);
	/* What locked is told even at the end: pictures may have stopped because it did. */
	if (km_job_is_cancelled(job) && result != KM_LOGIN_LOCKED) {
		return KM_ERR_CLOSED;
	}
	*ret_result = result;
	return 0;
}
