#include "auditor/sweep.h"

#include "io/clock.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define OUTSTANDING_MAX 64
#define SLICE_MS        100 /* a wait looks up this often, whether it was cancelled */

struct attempt {
	uint16_t port;
	int fd;
	int64_t deadline_us;
};

struct flight {
	struct km_sweep *sweep;
	size_t count;
	struct attempt attempt[OUTSTANDING_MAX];
};

/* A reset instead of a goodbye: the device has nothing to keep for a connection that is over. */
static void close_hard(int fd)
{
	const struct linger none = { .l_onoff = 1 };

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	(void)close(fd);
}

static enum km_sweep_result result_of(int why)
{
	switch (why) {
	case 0:
		return KM_SWEEP_OPEN;
	case ECONNREFUSED:
	case ECONNRESET:
		return KM_SWEEP_CLOSED;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case ENETDOWN:
	case EACCES:
		return KM_SWEEP_UNREACHABLE;
	default:
		return KM_SWEEP_SILENT;
	}
}

static void land(struct flight *flight, size_t i, enum km_sweep_result result)
{
	struct attempt attempt = flight->attempt[i];

	close_hard(attempt.fd);
	flight->attempt[i] = flight->attempt[--flight->count];
	flight->sweep->on_port(flight->sweep->context, attempt.port, result);
}

/* Take in what is decided; wait at most until something is, or for one slice. */
static void gather(struct flight *flight, int wait_ms)
{
	struct pollfd ready[OUTSTANDING_MAX];
	int64_t now_us = 0;

	for (size_t i = 0; i < flight->count; i++) {
		ready[i] = (struct pollfd){ .fd = flight->attempt[i].fd, .events = POLLOUT };
	}
	if (poll(ready, (nfds_t)flight->count, wait_ms) < 0) {
		return;
	}
	now_us = km_clock_monotonic_us();
	/* From the back, as the last one moves into the place of one that is taken out. */
	for (size_t i = flight->count; i-- > 0;) {
		int why = 0;
		socklen_t size = sizeof(why);

		if (ready[i].revents != 0) {
			(void)getsockopt(flight->attempt[i].fd, SOL_SOCKET, SO_ERROR, &why, &size);
			land(flight, i, result_of(why));
		} else if (now_us >= flight->attempt[i].deadline_us) {
			land(flight, i, KM_SWEEP_SILENT);
		}
	}
}

static int start(struct flight *flight, uint16_t port)
{
	struct km_sweep *sweep = flight->sweep;
	struct attempt *attempt = &flight->attempt[flight->count];
	struct km_address address = sweep->address;
	int err = 0;

	km_address_set_port(&address, port);
	err = km_egress_socket(sweep->egress, &address, SOCK_STREAM, &attempt->fd);
	if (err < 0) {
		return err;
	}
	attempt->port = port;
	attempt->deadline_us = km_clock_monotonic_us() + sweep->patience_us;
	flight->count++;
	if (connect(attempt->fd, &address.u.any, address.size) == 0) {
		land(flight, flight->count - 1, KM_SWEEP_OPEN);
	} else if (errno != EINPROGRESS) {
		land(flight, flight->count - 1, result_of(errno));
	}
	return 0;
}

int km_sweep_run(struct km_sweep *sweep, const uint16_t *ports, size_t count)
{
	struct flight flight = { .sweep = sweep };
	size_t next = 0;
	int err = 0;

	while (err == 0 && (next < count || flight.count > 0)) {
		if (atomic_load(sweep->egress->is_cancelled)) {
			err = KM_ERR_CLOSED;
		} else if (next < count && flight.count < OUTSTANDING_MAX) {
			err = start(&flight, ports[next]);
			next++;
			gather(&flight, 0);
		} else {
			gather(&flight, SLICE_MS);
		}
	}
	while (flight.count > 0) {
		close_hard(flight.attempt[--flight.count].fd);
	}
	return err;
}
