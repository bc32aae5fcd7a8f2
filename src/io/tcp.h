/*
 * TCP: connections outwards, with names looked up and a time limit for everything; and sockets
 * that listen.
 *
 * All descriptors are non-blocking and close-on-exec.
 */
#ifndef KM_IO_TCP_H
#define KM_IO_TCP_H

#include "io/address.h"
#include "io/loop.h"

#define KM_TCP_HOST_MAX      253 /* bytes of a host name [RFC 1035 2.3.4] */
#define KM_TCP_ADDRESSES_MAX 8   /* of a name, that are tried one after the other */

struct km_tcp_options {
	int receive_buffer_bytes; /* 0: the system's; the system bounds it as well */
	bool is_delayed;          /* leave Nagle's algorithm on */
	int64_t timeout_us;       /* for look-up and connecting together; > 0 */
};

struct km_tcp_dial;

/*
 * Connect to a host: a name or an address in digits. A name is looked up in libuv's thread pool
 * and its addresses are tried in order.
 *
 * on_done is called once, from the loop, never from here:
 *   err 0: fd is connected and becomes the callee's; `address` is the one that answered.
 *   KM_ERR_NOT_FOUND: no such name. KM_ERR_TIMEOUT. KM_ERR_MEMORY. KM_ERR_SYS: errno tells of the
 *   last address tried (ECONNREFUSED, EHOSTUNREACH, ...). fd is -1; `address` is the one tried
 *   last, or NULL.
 * The dial is over then and must be destroyed, in on_done or later.
 *
 * Returns 0, KM_ERR_RANGE (an empty or too long name), KM_ERR_MEMORY or KM_ERR_SYS.
 */
KM_MUST_USE int km_tcp_dial_create(struct km_loop *loop, const char *host, uint16_t port,
    const struct km_tcp_options *options,
    void (*on_done)(void *context, int err, int fd, const struct km_address *address),
    void *context, struct km_tcp_dial **ret_dial);

/* Ends it if it goes on; on_done is not called any more. NULL is fine. */
void km_tcp_dial_destroy(struct km_tcp_dial *dial);

/*
 * A socket that listens, with SO_REUSEADDR; IPv6 ones take IPv6 only. Port 0 lets the system
 * choose: km_tcp_local_address. Returns 0 or KM_ERR_SYS.
 */
KM_MUST_USE int km_tcp_listen(const struct km_address *address, int backlog, int *ret_fd);

/* Returns 0, KM_ERR_AGAIN (none waits, or it has gone again) or KM_ERR_SYS. */
KM_MUST_USE int km_tcp_accept(int listening_fd, int *ret_fd, struct km_address *ret_peer);

KM_MUST_USE int km_tcp_local_address(int fd, struct km_address *ret_address);

/*
 * Read without blocking. Returns 0 with *ret_count > 0, KM_ERR_AGAIN, KM_ERR_CLOSED (orderly) or
 * KM_ERR_SYS (ECONNRESET, ETIMEDOUT, ...).
 */
KM_MUST_USE int km_tcp_read(int fd, void *ret_data, size_t size, size_t *ret_count);

/* Write what goes now. Never raises SIGPIPE. Returns 0 with *ret_count > 0, or as above. */
KM_MUST_USE int km_tcp_write(int fd, struct km_bytes data, size_t *ret_count);

#endif
