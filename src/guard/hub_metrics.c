#include "guard/hub_metrics.h"

#include "crypto/digest.h"
#include "crypto/secret.h"
#include "guard/destinations.h"
#include "guard/hub_requests.h"
#include "guard/notices.h"
#include "guard/tokens.h"

#include <string.h>

struct telling {
	struct km_hub *hub;
	uint32_t request;
	const struct km_hub_identity *identity;
};

/* The token of versions before there was a right of its own: 0, or KM_ERR_AUTH. */
static int check_old_token(struct km_hub *hub, const char *token)
{
	uint8_t stored[KM_DIGEST_SHA256_BYTES];
	uint8_t given[KM_DIGEST_SHA256_BYTES];
	struct km_buf buf;
	int err = 0;

	km_buf_init_fixed(&buf, stored, sizeof(stored));
	err = km_database_get(hub->database, KM_HUB_METRICS_SETTING, &buf);
	if (err == 0) {
		err = km_digest_sha256(km_bytes_text(token), given);
	}
	if (err < 0) {
		return err == KM_ERR_NOT_FOUND ? KM_ERR_AUTH : err;
	}
	/* The hash is compared, so that even time tells nothing of the token. */
	return km_secret_is_equal_bytes(km_buf_view(&buf), KM_BYTES_OF(given)) ? 0 : KM_ERR_AUTH;
}

/* Who asks; 0, KM_ERR_AUTH, or KM_ERR_DENIED. */
static int check_token(struct km_hub *hub, const struct km_message_metrics_get *get,
    struct km_hub_identity *ret_identity)
{
	static const struct km_uuid none;
	uint8_t token[KM_TOKEN_BYTES] = { 0 };
	int err = km_tokens_parse(km_bytes_text(get->token), token);

	if (err < 0) {
		return check_old_token(hub, get->token);
	}
	err = km_hub_identify(hub, KM_BYTES_OF(token), ret_identity);
	explicit_bzero(token, sizeof(token));
	if (err == 0 && ret_identity->session != NULL) {
		err = KM_ERR_AUTH; /* a session's cookie is no token */
	}
	if (err == 0) {
		err = km_hub_admit(hub, ret_identity, get->address);
	}
	return err < 0 ? err : km_hub_allow(hub, ret_identity, KM_RIGHT_METRICS, &none);
}

/* A token that names cameras is told of those; of others, not even that they are there. */
static bool may_see(void *context, const struct km_uuid *camera)
{
	const struct telling *telling = context;

	return km_tokens_is_for(&telling->identity->token, camera);
}

/* Where a camera is, and who logs in there, is nobody's business here. */
static void send_without_address(struct km_hub *hub, const struct km_message_status_camera *status)
{
	struct km_message_status_camera copy = *status;

	memset(copy.url, 0, sizeof(copy.url));
	memset(copy.user, 0, sizeof(copy.user));
	memset(copy.pin, 0, sizeof(copy.pin));
	copy.pin_size = 0;
	copy.tracks_size = 0;
	km_hub_send(hub->web, KM_MESSAGE_status_camera, &copy);
}

static void send_status(void *context, enum km_message_kind kind, const void *message)
{
	const struct telling *telling = context;

	if (kind == KM_MESSAGE_status_camera) {
		send_without_address(telling->hub, message);
	} else {
		km_hub_send(telling->hub->web, kind, message);
	}
}

static int on_destination(void *context, const struct km_destination *entry)
{
	struct telling *telling = context;
	struct km_notices_queue queue = { 0 };
	struct km_message_metrics_destination message = {
		.request = telling->request,
		.kind = entry->kind,
	};
	int err = km_notices_look(telling->hub->database, &entry->id, INT64_MAX, &queue);

	if (err < 0) {
		return err;
	}
	message.waiting = queue.waiting;
	message.oldest_unix_us = queue.oldest_us;
	message.tries = queue.tries;
	message.given_up = queue.given_up;
	memcpy(message.name, entry->name, sizeof(message.name));
	km_hub_send(telling->hub->web, KM_MESSAGE_metrics_destination, &message);
	return 0;
}

static int on_count(void *context, sqlite3_stmt *row)
{
	*(uint64_t *)context = (uint64_t)sqlite3_column_int64(row, 0);
	return 0;
}

static int tell(struct km_hub *hub, uint32_t request, const struct km_hub_identity *identity)
{
	struct telling telling = { .hub = hub, .request = request, .identity = identity };
	struct km_message_metrics_total total = { .request = request };
	int err = km_database_run(hub->database, "SELECT coalesce(max(number), 0) FROM journal",
	    NULL, 0, on_count, &total.journal_entries);

	if (err == 0) {
		err = km_destinations_each(hub->database, on_destination, &telling);
	}
	if (err == 0) {
		km_hub_send(hub->web, KM_MESSAGE_metrics_total, &total);
		km_hub_tell_status(hub, request, send_status, may_see, &telling);
	}
	return err;
}

void km_hub_metrics_get(struct km_hub *hub, struct km_message_metrics_get *get)
{
	struct km_message_done done = { .request = get->request };
	struct km_hub_identity identity = { 0 };

	done.err = km_hub_requests_is_busy(hub) ? KM_ERR_AGAIN : check_token(hub, get, &identity);
	explicit_bzero(get->token, sizeof(get->token));
	if (done.err == 0) {
		done.err = tell(hub, get->request, &identity);
	}
	explicit_bzero(&identity, sizeof(identity));
	km_hub_send(hub->web, KM_MESSAGE_done, &done);
}
