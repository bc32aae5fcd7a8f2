/*
 * The one gate: whatever the auditor sends goes through it. It lets out packets to the addresses of
 * one registered camera only, at a pace that small devices bear.
 *
 * Used by one audit's thread; calls block until their deadline at most. What all audits of the
 * process send together is bounded by a shared budget.
 */
#ifndef KM_AUDITOR_EGRESS_H
#define KM_AUDITOR_EGRESS_H

#include "base/error.h"
#include "io/address.h"

#include <stdatomic.h>
#include <stdbool.h>

#define KM_EGRESS_ADDRESSES_MAX 8
#define KM_EGRESS_PACE          40 /* packets a second for one device, unless its entry says less */
#define KM_EGRESS_PACE_ALL      1000 /* and for all devices of the process together */

/* What all of a process send together. Zeroed and initialised once. */
struct km_egress_budget {
	atomic_llong next_us; /* when the next packet may leave, monotonic */
};

struct km_egress {
	struct km_egress_budget *budget;
	const atomic_bool *is_cancelled; /* ends every wait */
	size_t address_count;
	struct km_address addresses[KM_EGRESS_ADDRESSES_MAX];
	struct km_address source; /* size 0: the system chooses */
	unsigned pace;            /* packets a second, 1 to KM_EGRESS_PACE */
	int64_t next_us;          /* when the next one may leave, monotonic */
	uint64_t sent;            /* packets that it let out, as far as we count them */
};

/* budget and is_cancelled are borrowed. Nothing may pass until addresses are added. */
void km_egress_init(
    struct km_egress *egress, struct km_egress_budget *budget, const atomic_bool *is_cancelled);

/* Let packets to this host pass. KM_ERR_LIMIT. Multicast and broadcast are never let through. */
KM_MUST_USE int km_egress_allow(struct km_egress *egress, const struct km_address *address);

/*
 * The same for all addresses of a host, by name or digits; looks the name up, which blocks. Of many
 * addresses the first few. KM_ERR_NOT_FOUND or KM_ERR_DENIED (one is no device's); ret_text says
 * why, for people, in `size` bytes at most.
 */
KM_MUST_USE int km_egress_allow_host(
    struct km_egress *egress, const char *host, char *ret_text, size_t size);

/* Whether it may be sent to, whatever the port. */
bool km_egress_is_allowed(const struct km_egress *egress, const struct km_address *address);

/* Wait until a packet may leave. 0 or KM_ERR_CLOSED (cancelled). Callers that use a library for
 * sending (libcurl) call it once for each request besides km_egress_socket. */
KM_MUST_USE int km_egress_wait(struct km_egress *egress);

/*
 * A socket that may be connected there, made for a library: non-blocking, close-on-exec, bound to
 * its source address. type: SOCK_STREAM or SOCK_DGRAM. KM_ERR_DENIED (not an address of the
 * camera), KM_ERR_CLOSED, KM_ERR_SYS.
 */
KM_MUST_USE int km_egress_socket(
    struct km_egress *egress, const struct km_address *address, int type, int *ret_fd);

/*
 * Connect. The descriptor is non-blocking. KM_ERR_DENIED, KM_ERR_TIMEOUT (no answer by
 * deadline_us, monotonic), KM_ERR_CLOSED (cancelled), KM_ERR_SYS (errno: ECONNREFUSED, ...).
 */
KM_MUST_USE int km_egress_connect(
    struct km_egress *egress, const struct km_address *address, int64_t deadline_us, int *ret_fd);

/* Send all of it. Errors as above. */
KM_MUST_USE int km_egress_send(
    struct km_egress *egress, int fd, struct km_bytes data, int64_t deadline_us);

/*
 * What comes next, up to size. KM_ERR_CLOSED (orderly end, or cancelled), KM_ERR_TIMEOUT,
 * KM_ERR_SYS.
 */
KM_MUST_USE int km_egress_receive(struct km_egress *egress, int fd, void *ret_data, size_t size,
    int64_t deadline_us, size_t *ret_count);

#endif
