#include "guard/sessions.h"

#include "crypto/digest.h"
#include "crypto/random.h"

#include <string.h>

void km_sessions_init(struct km_sessions *sessions, int64_t idle_us, int64_t absolute_us)
{
	memset(sessions, 0, sizeof(*sessions));
	sessions->idle_us = idle_us;
	sessions->absolute_us = absolute_us;
}

static bool is_alive(
    const struct km_sessions *sessions, const struct km_session *session, int64_t now_us)
{
	return !km_uuid_is_nil(&session->account) &&
	       now_us < km_sessions_ends_us(sessions, session);
}

int64_t km_sessions_ends_us(const struct km_sessions *sessions, const struct km_session *session)
{
	int64_t idle = session->used_us + sessions->idle_us;
	int64_t absolute = session->created_us + sessions->absolute_us;

	return idle < absolute ? idle : absolute;
}

/* A free or dead place; else, or if the account has its share, the one that was idle longest. */
static struct km_session *choose_place(
    struct km_sessions *sessions, const struct km_uuid *account, int64_t now_us)
{
	struct km_session *unused = NULL;
	struct km_session *oldest = &sessions->places[0];
	struct km_session *oldest_own = NULL;
	size_t own = 0;

	for (size_t i = 0; i < KM_SESSIONS_MAX; i++) {
		struct km_session *place = &sessions->places[i];

		if (!is_alive(sessions, place, now_us)) {
			unused = place;
			continue;
		}
		if (place->used_us < oldest->used_us) {
			oldest = place;
		}
		if (!km_uuid_is_equal(&place->account, account)) {
			continue;
		}
		own++;
		if (oldest_own == NULL || place->used_us < oldest_own->used_us) {
			oldest_own = place;
		}
	}
	if (own >= KM_SESSIONS_OF_ONE_MAX) {
		return oldest_own;
	}
	return unused != NULL ? unused : oldest;
}

int km_sessions_begin(struct km_sessions *sessions, const struct km_uuid *account,
    int64_t generation, const struct km_session_origin *origin, int64_t now_us, int64_t unix_us,
    uint8_t ret_token[static KM_SESSION_TOKEN_BYTES], const struct km_session **ret_session)
{
	struct km_session session = {
		.account = *account,
		.generation = generation,
		.created_us = now_us,
		.used_us = now_us,
		.created_unix_us = unix_us,
		.origin = *origin,
	};
	uint8_t token[KM_SESSION_TOKEN_BYTES];
	struct km_session *place = NULL;
	int err = km_random_fill(token, sizeof(token));

	if (err == 0) {
		err = km_random_uuid(&session.id);
	}
	if (err == 0) {
		err = km_random_fill(session.csrf, sizeof(session.csrf));
	}
	if (err == 0) {
		err = km_digest_sha256(km_bytes_from(token, sizeof(token)), session.token_hash);
	}
	if (err == 0) {
		place = choose_place(sessions, account, now_us);
		*place = session;
		memcpy(ret_token, token, sizeof(token));
		*ret_session = place;
	}
	explicit_bzero(token, sizeof(token));
	return err;
}

/* Compares hashes, so that the time it takes tells nothing of use about the tokens. */
static struct km_session *find_place(struct km_sessions *sessions, struct km_bytes token)
{
	uint8_t hash[32];

	if (token.size != KM_SESSION_TOKEN_BYTES || km_digest_sha256(token, hash) < 0) {
		return NULL;
	}
	for (size_t i = 0; i < KM_SESSIONS_MAX; i++) {
		struct km_session *place = &sessions->places[i];

		if (!km_uuid_is_nil(&place->account) &&
		    memcmp(place->token_hash, hash, sizeof(hash)) == 0) {
			return place;
		}
	}
	return NULL;
}

const struct km_session *km_sessions_find(
    struct km_sessions *sessions, struct km_bytes token, int64_t now_us)
{
	struct km_session *place = find_place(sessions, token);

	if (place == NULL) {
		return NULL;
	}
	if (!is_alive(sessions, place, now_us)) {
		explicit_bzero(place, sizeof(*place));
		return NULL;
	}
	place->used_us = now_us;
	return place;
}

bool km_sessions_end(struct km_sessions *sessions, struct km_bytes token)
{
	struct km_session *place = find_place(sessions, token);

	if (place == NULL) {
		return false;
	}
	explicit_bzero(place, sizeof(*place));
	return true;
}

size_t km_sessions_end_account(
    struct km_sessions *sessions, const struct km_uuid *account, const struct km_uuid *spared)
{
	size_t count = 0;

	for (size_t i = 0; i < KM_SESSIONS_MAX; i++) {
		struct km_session *place = &sessions->places[i];

		if (!km_uuid_is_nil(&place->account) &&
		    km_uuid_is_equal(&place->account, account) &&
		    !km_uuid_is_equal(&place->id, spared)) {
			explicit_bzero(place, sizeof(*place));
			count++;
		}
	}
	return count;
}

static struct km_session *find_id(struct km_sessions *sessions, const struct km_uuid *id)
{
	for (size_t i = 0; i < KM_SESSIONS_MAX; i++) {
		struct km_session *place = &sessions->places[i];

		if (!km_uuid_is_nil(&place->account) && km_uuid_is_equal(&place->id, id)) {
			return place;
		}
	}
	return NULL;
}

bool km_sessions_end_id(struct km_sessions *sessions, const struct km_uuid *id)
{
	struct km_session *place = find_id(sessions, id);

	if (place != NULL) {
		explicit_bzero(place, sizeof(*place));
	}
	return place != NULL;
}

const struct km_session *km_sessions_find_id(
    struct km_sessions *sessions, const struct km_uuid *id, int64_t now_us)
{
	struct km_session *place = find_id(sessions, id);

	return place != NULL && is_alive(sessions, place, now_us) ? place : NULL;
}

void km_sessions_keep(struct km_sessions *sessions, const struct km_uuid *id, int64_t generation)
{
	struct km_session *place = find_id(sessions, id);

	if (place != NULL) {
		place->generation = generation;
	}
}

void km_sessions_each(const struct km_sessions *sessions, int64_t now_us,
    void (*on_session)(void *context, const struct km_session *session), void *context)
{
	for (size_t i = 0; i < KM_SESSIONS_MAX; i++) {
		if (is_alive(sessions, &sessions->places[i], now_us)) {
			on_session(context, &sessions->places[i]);
		}
	}
}
