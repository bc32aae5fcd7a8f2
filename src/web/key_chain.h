/*
 * The few data keys that one request needs, fetched one after another.
 */
#ifndef KM_WEB_KEY_CHAIN_H
#define KM_WEB_KEY_CHAIN_H

#include "web/call.h"

#define KM_KEY_CHAIN_MAX 64 /* one per camera and day */

/* Zeroed at first; lies in what uses it, and is wiped with km_key_chain_wipe. */
struct km_key_chain {
	size_t count;
	struct km_uuid ids[KM_KEY_CHAIN_MAX];
	struct km_secret secrets[KM_KEY_CHAIN_MAX];
	bool is_known[KM_KEY_CHAIN_MAX];
	/* While fetching. */
	size_t next;
	struct km_call *call;
	struct km_uuid camera;
	void (*on_fetched)(void *context, int err);
	void *context;
};

/* Note that this key is needed; once is enough. Returns 0 or KM_ERR_LIMIT. */
KM_MUST_USE int km_key_chain_add(struct km_key_chain *chain, const struct km_uuid *id);

/*
 * Fetch all for the call's session; they must open recordings of this camera. on_fetched comes
 * once, maybe before return. A key that was erased is no error: it is not found afterwards.
 */
void km_key_chain_fetch(struct km_key_chain *chain, struct km_call *call,
    const struct km_uuid *camera, void (*on_fetched)(void *context, int err), void *context);

/* NULL if it was erased. */
const struct km_secret *km_key_chain_find(
    const struct km_key_chain *chain, const struct km_uuid *id);

void km_key_chain_wipe(struct km_key_chain *chain);

#endif
