/*
 * A stretch of one camera's recordings as a plain MP4 file, over any number of segments: planned
 * first, so that its size is known, then read front to back. Used by web and by `komainu export`.
 *
 * It begins with the last key frame at or before `from` and ends with the last picture that is
 * shown before `to` (with B pictures, those follow that it refers to). Where nothing was recorded
 * for longer than KM_CLIP_MOVIE_PAUSE_US, the movie goes on at once; shorter pauses keep their
 * length.
 */
#ifndef KM_STORE_CLIP_MOVIE_H
#define KM_STORE_CLIP_MOVIE_H

#include "store/archive.h"

#define KM_CLIP_MOVIE_PAUSE_US    INT64_C(2000000)
#define KM_CLIP_MOVIE_SAMPLES_MAX 8000000 /* all tracks together: two days of one camera */

struct km_clip_movie;

struct km_clip_movie_wish {
	struct km_uuid camera;
	int64_t from_us;
	int64_t to_us;
	/* Give the data key of that id (32 bytes). Returns 0 or what the plan shall return. */
	int (*find_key)(void *context, const struct km_uuid *key, uint8_t ret_key[static 32]);
	void *context;
};

/* What the plan found out, also where it failed. */
struct km_clip_movie_found {
	int64_t start_us; /* label of the first sample */
	int64_t end_us;   /* when the last sample ends */
	/* KM_ERR_UNSUPPORTED: from here on the camera's format differs (another resolution or
	 * codec); what lies before it can be had by itself. */
	int64_t change_us;
};

/*
 * Plan. `archive` outlives the movie. Blocks on the disk.
 * Returns 0, KM_ERR_NOT_FOUND (nothing was recorded then), KM_ERR_UNSUPPORTED (see change_us),
 * KM_ERR_LIMIT (too long), what find_key returned, or an error of store/archive.
 */
KM_MUST_USE int km_clip_movie_plan(struct km_archive *archive,
    const struct km_clip_movie_wish *wish, struct km_clip_movie **ret_movie,
    struct km_clip_movie_found *ret_found);
void km_clip_movie_destroy(struct km_clip_movie *movie);

/* Size of the file. */
uint64_t km_clip_movie_bytes(const struct km_clip_movie *movie);

/*
 * Append what comes next, about `most` bytes or one chunk, whichever is more; nothing once all was
 * read. Blocks on the disk. Returns 0, an error of store/archive (the file is damaged or was
 * deleted meanwhile), or that of the buffer.
 */
KM_MUST_USE int km_clip_movie_read(struct km_clip_movie *movie, size_t most, struct km_buf *buf);

#endif
