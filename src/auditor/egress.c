#include "auditor/egress.h"

#include "base/time.h"
#include "io/clock.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SLICE_US (100 * 1000) /* a wait looks up this often, whether it was cancelled */

void km_egress_init(
    struct km_egress *egress, struct km_egress_budget *budget, const atomic_bool *is_cancelled)
{
	*egress = (struct km_egress){
		.budget = budget, .is_cancelled = is_cancelled, .pace = KM_EGRESS_PACE
	};
}

static bool is_one_host(const struct km_address *address)
{
	if (address->u.any.sa_family == AF_INET) {
		uint32_t host = ntohl(address->u.v4.sin_addr.s_addr);

		return host != INADDR_ANY && host != INADDR_BROADCAST && !IN_MULTICAST(host);
	}
	return address->u.any.sa_family == AF_INET6 &&
	       !IN6_IS_ADDR_UNSPECIFIED(&address->u.v6.sin6_addr) &&
	       !IN6_IS_ADDR_MULTICAST(&address->u.v6.sin6_addr);
}

int km_egress_allow(struct km_egress *egress, const struct km_address *address)
{
	if (!is_one_host(address)) {
		return KM_ERR_DENIED;
	}
	if (km_egress_is_allowed(egress, address)) {
		return 0;
	}
	if (egress->address_count == KM_EGRESS_ADDRESSES_MAX) {
		return KM_ERR_LIMIT;
	}
	egress->addresses[egress->address_count++] = *address;
	return 0;
}

int km_egress_allow_host(struct km_egress *egress, const char *host, char *ret_text, size_t size)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG };
	struct addrinfo *found = NULL;
	int why = getaddrinfo(host, NULL, &hints, &found);
	int err = 0;

	if (why != 0) {
		(void)snprintf(ret_text, size, "%.160s: %s", host, gai_strerror(why));
		return KM_ERR_NOT_FOUND;
	}
	for (const struct addrinfo *at = found; err == 0 && at != NULL; at = at->ai_next) {
		struct km_address address;

		if (km_address_from(at->ai_addr, at->ai_addrlen, &address) == 0) {
			err = km_egress_allow(egress, &address);
		}
	}
	freeaddrinfo(found);
	if (err == KM_ERR_DENIED) {
		(void)snprintf(ret_text, size, "%.160s: not an address of one device", host);
	}
	return err == KM_ERR_LIMIT ? 0 : err;
}

bool km_egress_is_allowed(const struct km_egress *egress, const struct km_address *address)
{
	for (size_t i = 0; i < egress->address_count; i++) {
		if (km_address_is_same_host(&egress->addresses[i], address)) {
			return true;
		}
	}
	return false;
}

/* The caller's turn in the process's budget; each draws from the same row of moments. */
static int64_t draw_turn(struct km_egress_budget *budget, int64_t now_us)
{
	long long next = atomic_load(&budget->next_us);
	long long turn = 0;

	do {
		turn = next > now_us ? next : now_us;
	} while (!atomic_compare_exchange_weak(
	    &budget->next_us, &next, turn + KM_TIME_SECOND_US / KM_EGRESS_PACE_ALL));
	return turn;
}

static int wait_until(const struct km_egress *egress, int64_t due_us)
{
	int64_t now_us = km_clock_monotonic_us();

	while (now_us < due_us && !atomic_load(egress->is_cancelled)) {
		int64_t span_us = due_us - now_us < SLICE_US ? due_us - now_us : SLICE_US;
		struct timespec span = { .tv_nsec = (long)span_us * 1000 };

		(void)clock_nanosleep(CLOCK_MONOTONIC, 0, &span, NULL);
		now_us = km_clock_monotonic_us();
	}
	return atomic_load(egress->is_cancelled) ? KM_ERR_CLOSED : 0;
}

int km_egress_wait(struct km_egress *egress)
{
	int64_t now_us = km_clock_monotonic_us();
	int64_t due_us = egress->next_us > now_us ? egress->next_us : now_us;
	int64_t turn_us = draw_turn(egress->budget, now_us);

	due_us = turn_us > due_us ? turn_us : due_us;
	egress->next_us = due_us + KM_TIME_SECOND_US / egress->pace;
	egress->sent++;
	return wait_until(egress, due_us);
}

int km_egress_socket(
    struct km_egress *egress, const struct km_address *address, int type, int *ret_fd)
{
	int fd = -1;

	if (!km_egress_is_allowed(egress, address)) {
		return KM_ERR_DENIED;
	}
	if (km_egress_wait(egress) < 0) {
		return KM_ERR_CLOSED;
	}
	fd = socket(address->u.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return KM_ERR_SYS;
	}
	if (egress->source.size > 0 && bind(fd, &egress->source.u.any, egress->source.size) < 0) {
		(void)close(fd);
		return KM_ERR_SYS;
	}
	*ret_fd = fd;
	return 0;
}

/* Until the descriptor is ready for it, the deadline, or a cancellation. */
static int wait_ready(const struct km_egress *egress, int fd, short events, int64_t deadline_us)
{
	for (;;) {
		struct pollfd ready = { .fd = fd, .events = events };
		int64_t left_us = deadline_us - km_clock_monotonic_us();
		int64_t span_us = left_us < SLICE_US ? left_us : SLICE_US;
		int count = 0;

		if (atomic_load(egress->is_cancelled)) {
			return KM_ERR_CLOSED;
		}
		if (left_us <= 0) {
			return KM_ERR_TIMEOUT;
		}
		count = poll(&ready, 1, (int)((span_us + 999) / 1000));
		if (count > 0) {
			return 0;
		}
		if (count < 0 && errno != EINTR) {
			return KM_ERR_SYS;
		}
	}
}

static int finish_connect(const struct km_egress *egress, int fd, int64_t deadline_us)
{
	int err = wait_ready(egress, fd, POLLOUT, deadline_us);
	int why = 0;
	socklen_t size = sizeof(why);

	if (err < 0) {
		return err;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) < 0) {
		return KM_ERR_SYS;
	}
	errno = why;
	return why == 0 ? 0 : KM_ERR_SYS;
}

int km_egress_connect(
    struct km_egress *egress, const struct km_address *address, int64_t deadline_us, int *ret_fd)
{
	int fd = -1;
	int err = km_egress_socket(egress, address, SOCK_STREAM, &fd);

	if (err < 0) {
		return err;
	}
	if (connect(fd, &address->u.any, address->size) < 0) {
		err = errno == EINPROGRESS ? finish_connect(egress, fd, deadline_us) : KM_ERR_SYS;
	}
	if (err < 0) {
		int why = errno;

		(void)close(fd);
		errno = why;
		return err;
	}
	*ret_fd = fd;
	return 0;
}

int km_egress_send(struct km_egress *egress, int fd, struct km_bytes data, int64_t deadline_us)
{
	int err = km_egress_wait(egress);

	while (err == 0 && data.size > 0) {
		ssize_t count = send(fd, data.data, data.size, MSG_NOSIGNAL);

		if (count >= 0) {
			data = km_bytes_from(data.data + count, data.size - (size_t)count);
		} else if (errno == EAGAIN) {
			err = wait_ready(egress, fd, POLLOUT, deadline_us);
		} else if (errno != EINTR) {
			err = KM_ERR_SYS;
		}
	}
	return err;
}

int km_egress_receive(struct km_egress *egress, int fd, void *ret_data, size_t size,
    int64_t deadline_us, size_t *ret_count)
{
	for (;;) {
		int err = wait_ready(egress, fd, POLLIN, deadline_us);
		ssize_t count = 0;

		if (err < 0) {
			return err;
		}
		count = recv(fd, ret_data, size, 0);
		if (count > 0) {
			*ret_count = (size_t)count;
			return 0;
		}
		if (count == 0) {
			return KM_ERR_CLOSED;
		}
		if (errno != EAGAIN && errno != EINTR) {
			return KM_ERR_SYS;
		}
	}
}
