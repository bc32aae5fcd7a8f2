/*
 * The storage thread: everything of the writer that touches a disk or the index. The main thread
 * gives it orders and fetches messages for guard; neither waits for the other.
 */
#ifndef KM_WRITER_STORAGE_H
#define KM_WRITER_STORAGE_H

#include "io/ring.h"
#include "model/messages.h"

struct km_storage;

/* Start the thread, which recovers first. Returns 0, KM_ERR_MEMORY or KM_ERR_SYS. */
KM_MUST_USE int km_storage_create(
    const struct km_message_writer_start *start, struct km_storage **ret_storage);

/* Wait until it has stored what is there, then free. NULL is fine. */
void km_storage_destroy(struct km_storage *storage);

/* Orders; done in the order in which they come. Each returns 0 or KM_ERR_MEMORY/KM_ERR_LIMIT. */
KM_MUST_USE int km_storage_add_stream(
    struct km_storage *storage, const struct km_message_stream_add *add);
KM_MUST_USE int km_storage_remove_camera(
    struct km_storage *storage, const struct km_message_camera_remove *remove);
KM_MUST_USE int km_storage_give_key(
    struct km_storage *storage, const struct km_message_key_reply *reply);

/* Takes the ring, also on failure. */
KM_MUST_USE int km_storage_open_ring(
    struct km_storage *storage, const struct km_message_ring_open *open, struct km_ring *ring);

/* Ask it to store what is there and end; km_storage_is_ended() tells when. */
void km_storage_stop(struct km_storage *storage);
bool km_storage_is_ended(const struct km_storage *storage);

/* Readable when there are messages or the thread has ended; borrowed. */
int km_storage_event_fd(const struct km_storage *storage);

/* Send each packed message that waits. */
void km_storage_fetch(struct km_storage *storage,
    void (*on_message)(void *context, struct km_bytes packed), void *context);

#endif
