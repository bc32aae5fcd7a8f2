#include "web/keys.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

#define KEYS_MAX 256
#define IDLE_US  (10 * 60 * INT64_C(1000000))
#define SWEEP_US (30 * INT64_C(1000000))

struct entry {
	bool is_used;
	uint8_t session[KM_SECRET_BYTES];
	struct km_uuid key;
	struct km_uuid camera;
	struct km_secret secret;
	int64_t used_us;
};

struct km_keys {
	struct km_loop *loop;
	struct km_ask *ask;
	struct km_timer *timer;
	struct entry entries[KEYS_MAX];
};

/* One who waits for an answer. */
struct waiter {
	struct km_keys *keys;
	uint8_t session[KM_SECRET_BYTES];
	struct km_uuid key;
	struct km_uuid camera;
	void (*on_key)(void *context, int err, const struct km_secret *secret);
	void *context;
};

static void wipe(struct entry *entry)
{
	explicit_bzero(entry, sizeof(*entry));
}

static void on_sweep(void *context)
{
	struct km_keys *keys = context;
	int64_t now_us = km_loop_now_us(keys->loop);

	for (size_t i = 0; i < KEYS_MAX; i++) {
		if (keys->entries[i].is_used && keys->entries[i].used_us + IDLE_US <= now_us) {
			wipe(&keys->entries[i]);
		}
	}
}

int km_keys_create(struct km_loop *loop, struct km_ask *ask, struct km_keys **ret_keys)
{
	struct km_keys *keys = calloc(1, sizeof(*keys));
	int err = KM_ERR_MEMORY;

	if (keys == NULL) {
		return err;
	}
	keys->loop = loop;
	keys->ask = ask;
	err = km_timer_create(loop, on_sweep, keys, &keys->timer);
	if (err < 0) {
		free(keys);
		return err;
	}
	km_timer_start(keys->timer, SWEEP_US, SWEEP_US);
	*ret_keys = keys;
	return 0;
}

void km_keys_destroy(struct km_keys *keys)
{
	if (keys != NULL) {
		km_timer_destroy(keys->timer);
		explicit_bzero(keys, sizeof(*keys));
		free(keys);
	}
}

static struct entry *find(struct km_keys *keys, const uint8_t *session, const struct km_uuid *key)
{
	struct km_bytes wanted = km_bytes_from(session, KM_SECRET_BYTES);

	for (size_t i = 0; i < KEYS_MAX; i++) {
		struct entry *entry = &keys->entries[i];

		if (entry->is_used && km_uuid_is_equal(&entry->key, key) &&
		    km_secret_is_equal_bytes(KM_BYTES_OF(entry->session), wanted)) {
			return entry;
		}
	}
	return NULL;
}

/* A free entry, else the one that was not used for the longest time. */
static struct entry *make_room(struct km_keys *keys)
{
	struct entry *oldest = &keys->entries[0];

	for (size_t i = 0; i < KEYS_MAX; i++) {
		if (!keys->entries[i].is_used) {
			return &keys->entries[i];
		}
		if (keys->entries[i].used_us < oldest->used_us) {
			oldest = &keys->entries[i];
		}
	}
	wipe(oldest);
	return oldest;
}

static int take_reply(struct waiter *waiter, const struct km_message_key_reply *reply)
{
	struct entry entry = { .is_used = true, .key = waiter->key, .camera = waiter->camera };
	int err = 0;

	if (reply->err != 0) {
		return reply->err;
	}
	/* An index that was tampered with could name the key of another camera. */
	if (!km_uuid_is_equal(&reply->key, &waiter->key) ||
	    !km_uuid_is_equal(&reply->camera, &waiter->camera)) {
		return KM_ERR_DENIED;
	}
	err =
	    km_text_parse_hex(km_bytes_text(reply->material), entry.secret.bytes, KM_SECRET_BYTES);
	if (err == 0) {
		memcpy(entry.session, waiter->session, sizeof(entry.session));
		entry.used_us = km_loop_now_us(waiter->keys->loop);
		*make_room(waiter->keys) = entry;
		waiter->on_key(waiter->context, 0, &entry.secret);
	}
	wipe(&entry);
	return err;
}

static void on_answer(void *context, const struct km_ask_answer *answer)
{
	struct waiter *waiter = context;
	int err = answer->err;

	if (err == 0) {
		err = KM_ERR_FORMAT;
		if (answer->kind == KM_MESSAGE_key_reply) {
			err = take_reply(waiter, answer->message);
		} else if (answer->kind == KM_MESSAGE_done) {
			const struct km_message_done *done = answer->message;

			err = done->err < 0 ? done->err : KM_ERR_FORMAT;
		}
	}
	if (err < 0) {
		waiter->on_key(waiter->context, err, NULL);
	}
	explicit_bzero(waiter, sizeof(*waiter));
	free(waiter);
}

int km_keys_get(struct km_keys *keys, const uint8_t session[static KM_SECRET_BYTES],
    const struct km_uuid *key, const struct km_uuid *camera,
    void (*on_key)(void *context, int err, const struct km_secret *secret), void *context)
{
	struct km_message_key_open message = { .session_size = KM_SECRET_BYTES, .key = *key };
	struct entry *entry = find(keys, session, key);
	struct waiter *waiter = NULL;
	int err = 0;

	if (entry != NULL) {
		struct km_secret secret = entry->secret;
		bool is_his = km_uuid_is_equal(&entry->camera, camera);

		entry->used_us = km_loop_now_us(keys->loop);
		on_key(context, is_his ? 0 : KM_ERR_DENIED, is_his ? &secret : NULL);
		km_secret_wipe(&secret);
		return 0;
	}
	waiter = calloc(1, sizeof(*waiter));
	if (waiter == NULL) {
		return KM_ERR_MEMORY;
	}
	*waiter = (struct waiter){
		.keys = keys, .key = *key, .camera = *camera, .on_key = on_key, .context = context
	};
	memcpy(waiter->session, session, KM_SECRET_BYTES);
	memcpy(message.session, session, KM_SECRET_BYTES);
	err = km_ask_put(keys->ask, KM_MESSAGE_key_open, &message, on_answer, waiter);
	explicit_bzero(&message, sizeof(message));
	if (err < 0) {
		explicit_bzero(waiter, sizeof(*waiter));
		free(waiter);
	}
	return err;
}

void km_keys_forget(struct km_keys *keys, struct km_bytes session)
{
	for (size_t i = 0; i < KEYS_MAX; i++) {
		struct entry *entry = &keys->entries[i];

		if (entry->is_used && km_bytes_is_equal(KM_BYTES_OF(entry->session), session)) {
			wipe(entry);
		}
	}
}
