#include "web/key_chain.h"

#include <string.h>

int km_key_chain_add(struct km_key_chain *chain, const struct km_uuid *id)
{
	/* Neighbours mostly share a key, so look from the end. */
	for (size_t i = chain->count; i > 0; i--) {
		if (km_uuid_is_equal(&chain->ids[i - 1], id)) {
			return 0;
		}
	}
	if (chain->count == KM_KEY_CHAIN_MAX) {
		return KM_ERR_LIMIT;
	}
	chain->ids[chain->count++] = *id;
	return 0;
}

static void fetch_next(struct km_key_chain *chain);

static void finish(struct km_key_chain *chain, int err)
{
	struct km_call *call = chain->call;

	chain->on_fetched(chain->context, err);
	km_call_unref(call);
}

static void on_key(void *context, int err, const struct km_secret *secret)
{
	struct km_key_chain *chain = context;

	if (err == 0) {
		chain->secrets[chain->next] = *secret;
		chain->is_known[chain->next] = true;
	} else if (err != KM_ERR_NOT_FOUND) {
		finish(chain, err);
		return;
	}
	chain->next++;
	fetch_next(chain);
}

static void fetch_next(struct km_key_chain *chain)
{
	int err = 0;

	if (chain->next == chain->count) {
		finish(chain, 0);
		return;
	}
	err = km_keys_get(chain->call->web->keys, chain->call->session, &chain->ids[chain->next],
	    &chain->camera, on_key, chain);
	if (err < 0) {
		finish(chain, err);
	}
}

void km_key_chain_fetch(struct km_key_chain *chain, struct km_call *call,
    const struct km_uuid *camera, void (*on_fetched)(void *context, int err), void *context)
{
	chain->call = km_call_ref(call);
	chain->camera = *camera;
	chain->on_fetched = on_fetched;
	chain->context = context;
	fetch_next(chain);
}

const struct km_secret *km_key_chain_find(
    const struct km_key_chain *chain, const struct km_uuid *id)
{
	for (size_t i = 0; i < chain->count; i++) {
		if (chain->is_known[i] && km_uuid_is_equal(&chain->ids[i], id)) {
			return &chain->secrets[i];
		}
	}
	return NULL;
}

void km_key_chain_wipe(struct km_key_chain *chain)
{
	explicit_bzero(chain->secrets, sizeof(chain->secrets));
	memset(chain->is_known, 0, sizeof(chain->is_known));
}
