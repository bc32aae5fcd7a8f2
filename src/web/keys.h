/*
 * The data keys that guard has released, per session: asked for once, forgotten when the session
 * ends or after a while without use. Wiped, never written anywhere.
 */
#ifndef KM_WEB_KEYS_H
#define KM_WEB_KEYS_H

#include "crypto/secret.h"
#include "web/ask.h"

struct km_keys;

KM_MUST_USE int km_keys_create(struct km_loop *loop, struct km_ask *ask, struct km_keys **ret_keys);
void km_keys_destroy(struct km_keys *keys);

/*
 * A key for this session, which must open recordings of this camera. The callback comes later,
 * once: with err 0 and the key (borrowed), or KM_ERR_AUTH, KM_ERR_DENIED, KM_ERR_NOT_FOUND,
 * KM_ERR_TIMEOUT. Known keys come before return.
 * Returns 0 or what asking returned; then the callback is not called.
 */
KM_MUST_USE int km_keys_get(struct km_keys *keys, const uint8_t session[static KM_SECRET_BYTES],
    const struct km_uuid *key, const struct km_uuid *camera,
    void (*on_key)(void *context, int err, const struct km_secret *secret), void *context);

/* The session has ended. */
void km_keys_forget(struct km_keys *keys, struct km_bytes session);

#endif
