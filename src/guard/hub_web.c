/*
 * What web may ask of the guard: who somebody is, what they may do, and the things that need a
 * right. Every answer is decided here, on the object's camera.
 */
#include "base/text.h"
#include "base/time.h"
#include "guard/accounts.h"
#include "guard/hub.h"
#include "guard/hub_certificates.h"
#include "guard/hub_login.h"
#include "guard/hub_metrics.h"
#include "guard/hub_requests.h"
#include "guard/journal.h"
#include "guard/logins.h"
#include "guard/second_factor.h"
#include "io/clock.h"
#include "model/states.h"
#include "priv/log.h"

#include <assert.h>
#include <string.h>

static int check(struct km_hub *hub, struct km_bytes token, enum km_right right,
    const struct km_uuid *camera, struct km_account *ret_account)
{
	struct km_hub_identity identity;
	int err = km_hub_identify(hub, token, &identity);

	if (err == 0) {
		err = km_hub_allow(hub, &identity, right, camera);
		*ret_account = identity.account;
	}
	explicit_bzero(&identity, sizeof(identity));
	return err;
}

int km_hub_check(struct km_hub *hub, struct km_bytes token, enum km_right right,
    const struct km_uuid *camera, struct km_account *ret_account)
{
	return check(hub, token, right, camera, ret_account);
}

static void answer_done(
    struct km_hub *hub, uint32_t request, int err, const struct km_uuid *camera, const char *text)
{
	struct km_message_done done = { .request = request, .err = err };

	if (camera != NULL) {
		done.camera = *camera;
	}
	(void)km_bytes_copy_text(km_bytes_text(text), done.text, sizeof(done.text));
	km_hub_send(hub->web, KM_MESSAGE_done, &done);
}

static void answer_identity(
    struct km_hub *hub, uint32_t request, const struct km_hub_identity *identity)
{
	struct km_message_session_reply reply = {
		.request = request,
		.csrf_size = KM_SESSION_CSRF_BYTES,
		.account = identity->account.id,
		.role = (uint8_t)identity->account.role,
		.needs_factor = identity->lacks_factor,
		.expires_unix_us = identity->token.expires_us,
	};

	if (identity->session != NULL) {
		reply.expires_unix_us = km_clock_unix_us() +
					km_sessions_ends_us(&hub->sessions, identity->session) -
					km_clock_monotonic_us();
		memcpy(reply.csrf, identity->session->csrf, sizeof(reply.csrf));
	}
	memcpy(reply.name, identity->account.name, sizeof(reply.name));
	km_hub_send(hub->web, KM_MESSAGE_session_reply, &reply);
	explicit_bzero(&reply, sizeof(reply));
}

static void refuse_session(
    struct km_hub *hub, const struct km_message_session_reply *refusal, const char *text)
{
	struct km_message_session_reply reply = *refusal;

	(void)km_bytes_copy_text(km_bytes_text(text), reply.text, sizeof(reply.text));
	km_hub_send(hub->web, KM_MESSAGE_session_reply, &reply);
}

static void tell_session(struct km_hub *hub, uint32_t request, const uint8_t *token,
    const struct km_session *session, const struct km_account *account)
{
	struct km_message_session_reply reply = {
		.request = request,
		.session_size = KM_SESSION_TOKEN_BYTES,
		.csrf_size = KM_SESSION_CSRF_BYTES,
		.account = account->id,
		.role = (uint8_t)account->role,
		.expires_unix_us = km_clock_unix_us() +
				   km_sessions_ends_us(&hub->sessions, session) -
				   km_clock_monotonic_us(),
	};
	struct km_second_factor_state factor = { 0 };

	assert(session != NULL);
	reply.needs_factor =
	    km_hub_wants_factor(hub, account->role) &&
	    (km_second_factor_show(hub->database, &account->id, &factor) < 0 || !factor.is_active);
	memcpy(reply.session, token, sizeof(reply.session));
	memcpy(reply.csrf, session->csrf, sizeof(reply.csrf));
	memcpy(reply.name, account->name, sizeof(reply.name));
	km_hub_send(hub->web, KM_MESSAGE_session_reply, &reply);
	explicit_bzero(&reply, sizeof(reply));
}

/* Logins and set-up come back here. */
static void on_login(void *context, const struct km_logins_result *result)
{
	struct km_hub *hub = context;
	struct km_message_session_reply refusal = {
		.request = result->request,
		.err = result->err,
		.retry_after_us = result->retry_after_us,
		.needs_code = result->needs_code,
	};
	struct km_session_origin origin = { 0 };
	uint8_t token[KM_SESSION_TOKEN_BYTES];
	const struct km_session *session = NULL;

	if (result->err == 0) {
		(void)km_bytes_copy_text(
		    km_bytes_text(result->address), origin.address, sizeof(origin.address));
		(void)km_bytes_copy_text(
		    km_bytes_text(result->program), origin.program, sizeof(origin.program));
		refusal.err = km_sessions_begin(&hub->sessions, &result->account->id,
		    result->account->generation, &origin, km_clock_monotonic_us(),
		    km_clock_unix_us(), token, &session);
	}
	if (refusal.err < 0) {
		refuse_session(hub, &refusal, result->text);
		return;
	}
	tell_session(hub, result->request, token, session, result->account);
	explicit_bzero(token, sizeof(token));
}

const struct km_logins_events km_hub_login_events = { .on_login = on_login };

static void on_session_check(struct km_hub *hub, const struct km_message_session_check *asked)
{
	struct km_message_session_reply refusal = { .request = asked->request };
	struct km_hub_identity identity;
	const char *text = "";
	int err =
	    km_hub_identify(hub, km_bytes_from(asked->session, asked->session_size), &identity);

	/* Neither does for the other: a cookie comes with other sites' requests, a token does not.
	 */
	if (err == 0 && (identity.session == NULL) != (asked->is_bearer != 0)) {
		err = KM_ERR_AUTH;
	}
	if (err == 0) {
		err = km_hub_admit(hub, &identity, asked->address);
		text = err < 0 ? "not from this address" : "";
	}
	if (err == 0) {
		err = km_hub_allow(hub, &identity, (enum km_right)asked->right, &asked->camera);
		text = err == KM_ERR_DENIED && identity.lacks_factor
			   ? "a second factor must be set up first: see your own account"
			   : "";
	}
	if (err < 0) {
		refusal.err = err;
		refuse_session(hub, &refusal, text);
	} else {
		answer_identity(hub, asked->request, &identity);
	}
	explicit_bzero(&identity, sizeof(identity));
}

void km_hub_tell_rights(struct km_hub *hub)
{
	struct km_message_rights_changed changed = { 0 };

	km_hub_send(hub->web, KM_MESSAGE_rights_changed, &changed);
}

static void on_logout(struct km_hub *hub, const struct km_message_logout *logout)
{
	struct km_bytes token = km_bytes_from(logout->session, logout->session_size);
	struct km_message_session_ended ended = { .session_size = logout->session_size };
	const struct km_session *session =
	    km_sessions_find(&hub->sessions, token, km_clock_monotonic_us());

	if (session != NULL) {
		km_journal_note(hub->database, KM_EVENT_LOGOUT, NULL, &session->account, "%s", "");
		(void)km_sessions_end(&hub->sessions, token);
		memcpy(ended.session, logout->session, sizeof(ended.session));
		km_hub_send(hub->web, KM_MESSAGE_session_ended, &ended);
	}
	answer_done(hub, logout->request, 0, NULL, "");
}

static void on_live_open(struct km_hub *hub, const struct km_message_live_open *open)
{
	struct km_hub_camera *camera = km_hub_find(hub, &open->camera);
	struct km_message_camera_watch watch = { .camera = open->camera, .is_watched = true };
	struct km_account account;
	int err = check(hub, km_bytes_from(open->session, open->session_size), KM_RIGHT_LIVE,
	    &open->camera, &account);

	if (err == 0 && camera == NULL) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0) {
		/* Also without a ring yet: as soon as there is one, web gets it. */
		camera->is_watched = true;
		km_hub_send(camera->receiver, KM_MESSAGE_camera_watch, &watch);
		err = camera->ring_memory_fd < 0 ? KM_ERR_AGAIN : 0;
	}
	if (err < 0) {
		answer_done(hub, open->request, err, &open->camera,
		    camera == NULL ? "" : camera->received.error);
		return;
	}
	km_hub_send_ring(hub->web, camera, open->request);
}

static void unwatch(struct km_hub_camera *camera)
{
	struct km_message_camera_watch watch = { .camera = camera->entry.id };

	if (camera->is_watched) {
		camera->is_watched = false;
		km_hub_send(camera->receiver, KM_MESSAGE_camera_watch, &watch);
	}
}

static void on_live_close(struct km_hub *hub, const struct km_message_live_close *close)
{
	struct km_hub_camera *camera = km_hub_find(hub, &close->camera);

	if (camera != NULL) {
		unwatch(camera);
	}
}

/* A recording's key, for somebody who may see that camera's recordings. */
static void on_key_open(struct km_hub *hub, const struct km_message_key_open *open)
{
	struct km_vault_key key = { 0 };
	struct km_account account;
	int err = km_vault_find_key(hub->vault, &open->key, &key);

	/* The camera is the key's own, not one that the request names. */
	if (err == 0) {
		err = check(hub, km_bytes_from(open->session, open->session_size),
		    KM_RIGHT_PLAYBACK, &key.camera, &account);
	}
	km_hub_answer_key(hub->web, open->request, err, &key);
}

/* --- cameras --- */

static void fill_entry(const struct km_message_camera_put *put, struct km_camera *camera)
{
	camera->id = put->camera;
	memcpy(camera->name, put->name, sizeof(camera->name));
	memcpy(camera->url, put->url, sizeof(camera->url));
	memcpy(camera->user, put->user, sizeof(camera->user));
	camera->transport = put->transport;
	camera->allows_basic = put->allows_basic != 0;
	camera->has_pin = put->pin_size == KM_CAMERA_PIN_BYTES;
	memcpy(camera->pin, put->pin, sizeof(camera->pin));
	camera->retain_us = put->retain_us;
	camera->retain_bytes = put->retain_bytes;
	camera->is_enabled = put->is_enabled != 0;
}

static void on_camera_put(struct km_hub *hub, struct km_message_camera_put *put)
{
	struct km_camera camera = { 0 };
	struct km_bytes password = km_bytes_text(put->password);
	struct km_account account;
	struct km_uuid id = put->camera;
	char place[KM_CAMERA_PLACE_SIZE];
	const char *text = "";
	int err = check(hub, km_bytes_from(put->session, put->session_size), KM_RIGHT_CAMERAS,
	    &put->camera, &account);

	fill_entry(put, &camera);
	if (err == 0) {
		text = km_cameras_judge(&camera);
		err = text == NULL ? 0 : KM_ERR_FORMAT;
	}
	if (err == 0) {
		err = km_cameras_put(hub->database, hub->vault, &camera,
		    put->has_password ? &password : NULL, km_clock_unix_us(), &id);
	}
	if (err == 0) {
		km_cameras_describe(&camera, place);
		km_journal_note(hub->database, KM_EVENT_CAMERA_PUT, &id, &account.id, "%s%s%s",
		    place, account.token[0] != '\0' ? " by token " : "", account.token);
		err = km_hub_reload(hub);
	}
	km_messages_wipe(KM_MESSAGE_camera_put, put);
	if (err == KM_ERR_EXISTS) {
		text = "name: another camera has it";
	}
	answer_done(hub, put->request, err, &id, text == NULL ? "" : text);
}

static void on_camera_drop(struct km_hub *hub, const struct km_message_camera_drop *drop)
{
	struct km_account account;
	int err = check(hub, km_bytes_from(drop->session, drop->session_size), KM_RIGHT_CAMERAS,
	    &drop->camera, &account);

	if (err == 0) {
		err = km_cameras_drop(hub->database, &drop->camera, km_clock_unix_us());
	}
	if (err == 0) {
		km_journal_note(hub->database, KM_EVENT_CAMERA_DROPPED, &drop->camera, &account.id,
		    "%s%s", account.token[0] != '\0' ? "by token " : "", account.token);
		err = km_hub_reload(hub);
	}
	answer_done(hub, drop->request, err, &drop->camera, "");
}

/* --- status --- */

struct seeing {
	struct km_hub *hub;
	const struct km_hub_identity *identity;
	bool sees_addresses;
};

/* Somebody sees a camera who may do anything with it; by a token, if it was made for the camera. */
static bool may_see(void *context, const struct km_uuid *camera)
{
	static const enum km_right rights[] = { KM_RIGHT_LIVE, KM_RIGHT_PLAYBACK, KM_RIGHT_EXPORT };
	const struct seeing *seeing = context;
	const struct km_account *account = &seeing->identity->account;
	bool may = account->role == KM_ACCOUNT_MAINTENANCE;

	if (seeing->identity->session == NULL &&
	    !km_tokens_is_for(&seeing->identity->token, camera)) {
		return false;
	}
	for (size_t i = 0; !may && i < KM_COUNT(rights); i++) {
		if (km_accounts_may(seeing->hub->database, account, rights[i], camera, &may) < 0) {
			return false;
		}
	}
	return may;
}

/* Where a camera is and who logs in there is for those who may change it. */
static void send_without_address(struct km_hub *hub, const struct km_message_status_camera *status)
{
	struct km_message_status_camera copy = *status;

	memset(copy.url, 0, sizeof(copy.url));
	memset(copy.user, 0, sizeof(copy.user));
	memset(copy.pin, 0, sizeof(copy.pin));
	copy.pin_size = 0;
	km_hub_send(hub->web, KM_MESSAGE_status_camera, &copy);
}

static void send_to_web(void *context, enum km_message_kind kind, const void *message)
{
	const struct seeing *seeing = context;

	if (kind == KM_MESSAGE_status_camera && !seeing->sees_addresses) {
		send_without_address(seeing->hub, message);
	} else {
		km_hub_send(seeing->hub->web, kind, message);
	}
}

/* Before the login: the version, and whether the first administrator is still to be made. */
static void tell_stranger(struct km_hub *hub, uint32_t request)
{
	struct km_message_status_system system = {
		.request = request,
		.version = KM_VERSION,
		.is_setup_done = km_logins_is_setup_done(hub->logins),
	};

	km_hub_send(hub->web, KM_MESSAGE_status_system, &system);
	answer_done(hub, request, 0, NULL, "");
}

static int tell_status(struct km_hub *hub, const struct km_message_status_get *get)
{
	static const struct km_uuid none;
	struct km_hub_identity identity;
	struct seeing seeing = { .hub = hub, .identity = &identity };
	int err = km_hub_requests_is_busy(hub) ? KM_ERR_AGAIN : 0;

	if (err == 0) {
		err =
		    km_hub_identify(hub, km_bytes_from(get->session, get->session_size), &identity);
	}
	if (err < 0) {
		return err;
	}
	err = km_hub_allow(hub, &identity, KM_RIGHT_STATUS, &none);
	if (err == 0) {
		seeing.sees_addresses = km_hub_allow(hub, &identity, KM_RIGHT_CAMERAS, &none) == 0;
		km_hub_tell_status(hub, get->request, send_to_web, may_see, &seeing);
	}
	explicit_bzero(&identity, sizeof(identity));
	return err;
}

static void on_status_get(struct km_hub *hub, const struct km_message_status_get *get)
{
	if (get->session_size == 0) {
		tell_stranger(hub, get->request);
		return;
	}
	answer_done(hub, get->request, tell_status(hub, get), NULL, "");
}

/* --- dispatch --- */

/* Unpack and handle; a message that does not unpack costs web its process. */
#define HANDLE(kind_name, handler)                                                                 \
	case KM_MESSAGE_##kind_name: {                                                             \
		struct km_message_##kind_name unpacked;                                            \
		if (km_messages_unpack_##kind_name(message, &unpacked) < 0) {                      \
			km_children_restart(child);                                                \
			return;                                                                    \
		}                                                                                  \
		handler;                                                                           \
		explicit_bzero(&unpacked, sizeof(unpacked));                                       \
		return;                                                                            \
	}

void km_hub_on_web(struct km_hub *hub, struct km_process *child, enum km_message_kind kind,
    struct km_bytes message)
{
	int err = 0;

	if (km_hub_on_any(hub, child, kind, message)) {
		return;
	}
	if (km_hub_requests_from_web(hub, kind, message, &err)) {
		if (err < 0) {
			km_children_restart(child);
		}
		return;
	}
	switch (kind) {
		HANDLE(setup, km_logins_setup(hub->logins, &unpacked))
		HANDLE(login, km_logins_login(hub->logins, &unpacked))
		HANDLE(session_check, on_session_check(hub, &unpacked))
		HANDLE(logout, on_logout(hub, &unpacked))
		HANDLE(live_open, on_live_open(hub, &unpacked))
		HANDLE(live_close, on_live_close(hub, &unpacked))
		HANDLE(key_open, on_key_open(hub, &unpacked))
		HANDLE(status_get, on_status_get(hub, &unpacked))
		HANDLE(camera_put, on_camera_put(hub, &unpacked))
		HANDLE(camera_drop, on_camera_drop(hub, &unpacked))
		HANDLE(identity_taken, km_hub_certificates_on_taken(hub, &unpacked))
		HANDLE(metrics_get, km_hub_metrics_get(hub, &unpacked))
	default:
		return;
	}
}

void km_hub_start_web(struct km_hub *hub, struct km_process *child)
{
	struct km_message_web_start start = { .port = (uint16_t)hub->options.listen_port };

	hub->web = child;
	km_hub_certificates_fill(hub, &start);
	memcpy(start.address, hub->options.listen_address, sizeof(start.address));
	memcpy(start.allow_from, hub->options.allow_from, sizeof(start.allow_from));
	memcpy(start.root, hub->recordings, sizeof(start.root));
	memcpy(start.index, hub->index, sizeof(start.index));
	km_hub_send(child, KM_MESSAGE_web_start, &start);
	explicit_bzero(&start, sizeof(start));
}

void km_hub_end_web(struct km_hub *hub)
{
	km_hub_certificates_on_web_ended(hub);
	for (size_t i = 0; i < hub->camera_count; i++) {
		unwatch(hub->cameras[i]);
	}
}
