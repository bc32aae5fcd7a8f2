#include "web/listing.h"

#include <stdlib.h>

static int on_segment(void *context, const struct km_archive_segment *row)
{
	struct km_listing *listing = context;

	if (listing->count == KM_LISTING_SEGMENTS_MAX) {
		return KM_ERR_LIMIT;
	}
	if (listing->count == listing->capacity) {
		size_t capacity = listing->capacity * 2 + 64;
		struct km_archive_segment *rows =
		    reallocarray(listing->rows, capacity, sizeof(*rows));

		if (rows == NULL) {
			return KM_ERR_MEMORY;
		}
		listing->rows = rows;
		listing->capacity = capacity;
	}
	listing->rows[listing->count++] = *row;
	return km_key_chain_add(&listing->keys, &row->key);
}

static void run_rows(void *context)
{
	struct km_listing *listing = context;
	struct km_archive_pool *pool = listing->call->web->archives;
	struct km_archive *archive = NULL;

	listing->err = km_archive_pool_take(pool, &archive);
	if (listing->err == KM_ERR_NOT_FOUND) {
		listing->err = 0; /* nothing was ever recorded */
		return;
	}
	if (listing->err == 0) {
		listing->err = km_archive_each_segment(archive, &listing->camera, listing->from_us,
		    listing->to_us, on_segment, listing);
	}
	km_archive_pool_give(pool, archive, listing->err == KM_ERR_DATABASE);
}

static void fail(struct km_listing *listing, int err)
{
	if (err == KM_ERR_AUTH) {
		km_call_fail(listing->call, 401, "not_logged_in", "log in first");
	} else {
		km_call_fail_err(listing->call, err,
		    err == KM_ERR_LIMIT ? "too many segments: ask for a shorter time" : NULL);
	}
	km_listing_destroy(listing);
}

static void on_fetched(void *context, int err)
{
	struct km_listing *listing = context;

	if (err < 0) {
		fail(listing, err);
	} else {
		listing->on_ready(listing);
	}
}

static void done_rows(void *context)
{
	struct km_listing *listing = context;

	if (listing->err < 0) {
		fail(listing, listing->err);
	} else if (listing->call->exchange == NULL) {
		km_listing_destroy(listing);
	} else {
		km_key_chain_fetch(
		    &listing->keys, listing->call, &listing->camera, on_fetched, listing);
	}
}

void km_listing_start(struct km_call *call, int64_t from_us, int64_t to_us,
    void (*on_ready)(struct km_listing *listing), void *context)
{
	struct km_listing *listing = calloc(1, sizeof(*listing));

	if (listing == NULL) {
		km_call_fail_err(call, KM_ERR_MEMORY, NULL);
		return;
	}
	listing->call = km_call_ref(call);
	listing->camera = call->match.camera;
	listing->from_us = from_us;
	listing->to_us = to_us;
	listing->on_ready = on_ready;
	listing->context = context;
	if (km_call_submit(call, run_rows, done_rows, listing) < 0) {
		km_listing_destroy(listing);
	}
}

void km_listing_destroy(struct km_listing *listing)
{
	struct km_call *call = listing->call;

	km_key_chain_wipe(&listing->keys);
	free(listing->rows);
	free(listing);
	km_call_unref(call);
}

static int open_clip(struct km_listing *listing, struct km_archive *archive,
    const struct km_archive_segment *row, struct km_clip **ret_clip)
{
	const struct km_secret *key = km_key_chain_find(&listing->keys, &row->key);
	struct km_segment *segment = NULL;
	int err = 0;

	if (key == NULL) {
		return KM_ERR_NOT_FOUND;
	}
	err = km_segment_open(archive, row, key->bytes, &segment);
	if (err < 0) {
		return err;
	}
	err = km_clip_create(segment, row, ret_clip);
	if (err < 0) {
		km_segment_close(segment);
	}
	return err;
}

int km_listing_each_clip(struct km_listing *listing,
    int (*on_clip)(void *context, const struct km_archive_segment *row, const struct km_clip *clip),
    void *context)
{
	struct km_archive_pool *pool = listing->call->web->archives;
	struct km_archive *archive = NULL;
	int err = 0;

	if (listing->count == 0) {
		return 0;
	}
	err = km_archive_pool_take(pool, &archive);
	for (size_t i = 0; err == 0 && i < listing->count; i++) {
		struct km_clip *clip = NULL;
		int open_err = open_clip(listing, archive, &listing->rows[i], &clip);

		if (open_err == KM_ERR_MEMORY) {
			err = open_err;
		} else if (open_err == 0) {
			err = on_clip(context, &listing->rows[i], clip);
			km_clip_destroy(clip);
		}
	}
	km_archive_pool_give(pool, archive, false);
	return err;
}
