/*
 * The floor's viewers: a process that reads TLS connections to its end, as cheaply as it can.
 */
#ifndef KM_BENCH_FLOOR_LIVE_H
#define KM_BENCH_FLOOR_LIVE_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Start the process and connect. It is no descendant of ours, so that its cost is not counted with
 * ours, and ends when the connections do. Returns false with errno.
 */
bool km_floor_live_open(uint32_t count, SSL **ret_links);

#endif
