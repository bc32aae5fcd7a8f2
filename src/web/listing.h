/*
 * The segments of one camera in a span of time, with the keys that open them: what the list for the
 * page, the HLS playlist and the export begin with.
 */
#ifndef KM_WEB_LISTING_H
#define KM_WEB_LISTING_H

#include "store/clip.h"
#include "web/key_chain.h"

#define KM_LISTING_SEGMENTS_MAX 20000

struct km_listing {
	struct km_call *call;
	struct km_uuid camera;
	int64_t from_us;
	int64_t to_us;
	struct km_archive_segment *rows;
	size_t count;
	size_t capacity;
	struct km_key_chain keys;
	int err;
	void (*on_ready)(struct km_listing *listing);
	void *context;
};

/*
 * Collect. on_ready comes once on the loop, and owns the listing then. On failure the call has been
 * answered, and on_ready is not called.
 */
void km_listing_start(struct km_call *call, int64_t from_us, int64_t to_us,
    void (*on_ready)(struct km_listing *listing), void *context);

void km_listing_destroy(struct km_listing *listing);

/*
 * On the work pool: open one segment after another. Those that were deleted or erased meanwhile, or
 * are damaged, are passed over. A callback that does not return 0 ends the walk.
 */
KM_MUST_USE int km_listing_each_clip(struct km_listing *listing,
    int (*on_clip)(void *context, const struct km_archive_segment *row, const struct km_clip *clip),
    void *context);

#endif
