/*
 * Work that may block (disk, decryption), off the loop: libuv's pool of threads.
 *
 * The caller bounds how much is under way at a time; the pool queues the rest in order.
 */
#ifndef KM_IO_WORK_H
#define KM_IO_WORK_H

#include "io/loop.h"

/*
 * Call run(context) on a thread of the pool, then done(context) on the loop's thread. run touches
 * only what context alone owns until then. Cannot be taken back: context lives until done.
 * Returns 0, KM_ERR_MEMORY or KM_ERR_SYS (then neither is called).
 */
KM_MUST_USE int km_work_submit(
    struct km_loop *loop, void (*run)(void *context), void (*done)(void *context), void *context);

#endif
