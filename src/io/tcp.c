#include "io/tcp.h"

#include "base/buf.h"
#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

/* Lives as long as the request in the thread pool, which may be longer than the dial. */
struct lookup {
	uv_getaddrinfo_t uv;
	struct km_tcp_dial *dial; /* NULL once the dial has ended */
};

struct km_tcp_dial {
	struct km_loop *loop;
	struct km_timer *timer;
	struct km_watch *watch;
	struct lookup *lookup;
	void (*on_done)(void *context, int err, int fd, const struct km_address *address);
	void *context;
	struct km_tcp_options options;
	struct km_address addresses[KM_TCP_ADDRESSES_MAX];
	size_t count;
	size_t next; /* the address after the one being tried */
	int fd;
	int64_t deadline_us;
	int last_errno;
	bool is_done;
};

static void stop_attempt(struct km_tcp_dial *dial)
{
	km_watch_destroy(dial->watch);
	dial->watch = NULL;
	if (dial->fd >= 0) {
		(void)close(dial->fd);
		dial->fd = -1;
	}
}

static void finish(struct km_tcp_dial *dial, int err)
{
	int fd = dial->fd;

	dial->is_done = true;
	km_timer_stop(dial->timer);
	if (err < 0) {
		stop_attempt(dial);
		fd = -1;
	} else {
		km_watch_destroy(dial->watch);
		dial->watch = NULL;
		dial->fd = -1;
	}
	errno = dial->last_errno;
	dial->on_done(
	    dial->context, err, fd, dial->next > 0 ? &dial->addresses[dial->next - 1] : NULL);
}

static void on_connecting(void *context, unsigned events);

/* Begin to connect. Returns 0 or KM_ERR_SYS; the descriptor is dial->fd on success. */
static int attempt(struct km_tcp_dial *dial, const struct km_address *address)
{
	int one = 1;
	int err = KM_ERR_SYS;

	dial->fd = socket(address->u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (dial->fd < 0) {
		goto out;
	}
	/* Before connect: the window scale is fixed in the SYN. */
	if (dial->options.receive_buffer_bytes > 0) {
		(void)setsockopt(dial->fd, SOL_SOCKET, SO_RCVBUF,
		    &dial->options.receive_buffer_bytes, sizeof(int));
	}
	if (!dial->options.is_delayed) {
		(void)setsockopt(dial->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
	if (connect(dial->fd, &address->u.any, address->size) < 0 && errno != EINPROGRESS) {
		goto out;
	}
	err = km_watch_create(dial->loop, dial->fd, on_connecting, dial, &dial->watch);
	if (err < 0) {
		goto out;
	}
	km_watch_set(dial->watch, KM_LOOP_WRITE);
	return 0;
out:
	dial->last_errno = errno;
	stop_attempt(dial);
	return err;
}

/*
 * Go on to the next address that can be tried, if there is one. Each attempt gets an equal part
 * of the time that is left, so that a dead first address cannot use it all.
 */
static void try_next(struct km_tcp_dial *dial)
{
	stop_attempt(dial);
	while (dial->next < dial->count) {
		int64_t left_us = dial->deadline_us - km_loop_now_us(dial->loop);
		int64_t attempts = (int64_t)(dial->count - dial->next);

		if (attempt(dial, &dial->addresses[dial->next++]) == 0) {
			km_timer_start(dial->timer, left_us / attempts, 0);
			return;
		}
	}
	finish(dial, dial->last_errno == ETIMEDOUT ? KM_ERR_TIMEOUT : KM_ERR_SYS);
}

static void on_connecting(void *context, unsigned events)
{
	struct km_tcp_dial *dial = context;
	int socket_errno = 0;
	socklen_t size = sizeof(socket_errno);

	(void)events;
	if (getsockopt(dial->fd, SOL_SOCKET, SO_ERROR, &socket_errno, &size) < 0) {
		socket_errno = errno;
	}
	if (socket_errno == 0) {
		finish(dial, 0);
		return;
	}
	dial->last_errno = socket_errno;
	try_next(dial);
}

/* Time is up for the look-up, or for the address being tried; or (count set) begin. */
static void on_timer(void *context)
{
	struct km_tcp_dial *dial = context;

	if (dial->fd >= 0) {
		dial->last_errno = ETIMEDOUT;
	}
	if (dial->count == 0) {
		dial->last_errno = ETIMEDOUT;
		finish(dial, KM_ERR_TIMEOUT);
		return;
	}
	try_next(dial);
}

static void on_looked_up(uv_getaddrinfo_t *uv, int status, struct addrinfo *list)
{
	struct lookup *lookup = uv->data;
	struct km_tcp_dial *dial = lookup->dial;

	free(lookup);
	if (dial == NULL || dial->is_done) {
		if (dial != NULL) {
			dial->lookup = NULL;
		}
		uv_freeaddrinfo(list);
		return;
	}
	dial->lookup = NULL;
	for (struct addrinfo *at = list; status == 0 && at != NULL; at = at->ai_next) {
		if (dial->count < KM_TCP_ADDRESSES_MAX &&
		    km_address_from(at->ai_addr, at->ai_addrlen, &dial->addresses[dial->count]) ==
			0) {
			dial->count++;
		}
	}
	uv_freeaddrinfo(list);
	if (dial->count == 0) {
		finish(dial, status == UV_ENOMEM || status == UV_EAI_MEMORY ? KM_ERR_MEMORY
									    : KM_ERR_NOT_FOUND);
		return;
	}
	try_next(dial);
}

static int start_lookup(struct km_tcp_dial *dial, const char *host, uint16_t port)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	uint8_t digits[8];
	struct km_buf service;
	int uv_err = 0;

	if (lookup == NULL) {
		return KM_ERR_MEMORY;
	}
	km_buf_init_fixed(&service, digits, sizeof(digits));
	km_buf_add_format(&service, "%u", (unsigned)port);
	km_buf_add_u8(&service, 0);
	assert(km_buf_error(&service) == 0);
	lookup->uv.data = lookup;
	lookup->dial = dial;
	uv_err = uv_getaddrinfo(
	    km_loop_uv(dial->loop), &lookup->uv, on_looked_up, host, (const char *)digits, &hints);
	if (uv_err < 0) {
		free(lookup);
		return uv_err == UV_ENOMEM ? KM_ERR_MEMORY : KM_ERR_RANGE;
	}
	dial->lookup = lookup;
	return 0;
}

int km_tcp_dial_create(struct km_loop *loop, const char *host, uint16_t port,
    const struct km_tcp_options *options,
    void (*on_done)(void *context, int err, int fd, const struct km_address *address),
    void *context, struct km_tcp_dial **ret_dial)
{
	struct km_tcp_dial *dial = NULL;
	size_t size = strnlen(host, KM_TCP_HOST_MAX + 1);
	int err = 0;

	if (size == 0 || size > KM_TCP_HOST_MAX) {
		return KM_ERR_RANGE;
	}
	dial = calloc(1, sizeof(*dial));
	if (dial == NULL) {
		return KM_ERR_MEMORY;
	}
	dial->loop = loop;
	dial->options = *options;
	dial->on_done = on_done;
	dial->context = context;
	dial->fd = -1;
	err = km_timer_create(loop, on_timer, dial, &dial->timer);
	if (err < 0) {
		goto out;
	}
	/* Starting the timer also brings the loop's clock up to date. */
	if (km_address_parse(km_bytes_text(host), port, &dial->addresses[0]) == 0) {
		dial->count = 1;
		km_timer_start(dial->timer, 0, 0);
	} else {
		err = start_lookup(dial, host, port);
		if (err < 0) {
			goto out;
		}
		km_timer_start(dial->timer, options->timeout_us, 0);
	}
	dial->deadline_us = km_loop_now_us(loop) + options->timeout_us;
	*ret_dial = dial;
	return 0;
out:
	km_tcp_dial_destroy(dial);
	return err;
}

void km_tcp_dial_destroy(struct km_tcp_dial *dial)
{
	if (dial == NULL) {
		return;
	}
	if (dial->lookup != NULL) {
		dial->lookup->dial = NULL;
		/* Fails if a thread is at it: then its callback comes later and finds no dial. */
		(void)uv_cancel((uv_req_t *)&dial->lookup->uv);
	}
	stop_attempt(dial);
	km_timer_destroy(dial->timer);
	free(dial);
}

int km_tcp_listen(const struct km_address *address, int backlog, int *ret_fd)
{
	int one = 1;
	int fd = socket(address->u.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return KM_ERR_SYS;
	}
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	    (address->u.any.sa_family == AF_INET6 &&
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one)) < 0) ||
	    bind(fd, &address->u.any, address->size) < 0 || listen(fd, backlog) < 0) {
		int saved = errno;

		(void)close(fd);
		errno = saved;
		return KM_ERR_SYS;
	}
	*ret_fd = fd;
	return 0;
}

int km_tcp_accept(int listening_fd, int *ret_fd, struct km_address *ret_peer)
{
	struct km_address peer = { .size = sizeof(peer.u) };
	int one = 1;
	int fd = accept4(listening_fd, &peer.u.any, &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		bool is_gone = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ||
			       errno == ECONNABORTED || errno == EPROTO;

		return is_gone ? KM_ERR_AGAIN : KM_ERR_SYS;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	*ret_fd = fd;
	*ret_peer = peer;
	return 0;
}

int km_tcp_local_address(int fd, struct km_address *ret_address)
{
	struct km_address address = { .size = sizeof(address.u) };

	if (getsockname(fd, &address.u.any, &address.size) < 0) {
		return KM_ERR_SYS;
	}
	*ret_address = address;
	return 0;
}

/* The code for what recv or send returned. */
static int result_from(ssize_t got, size_t *ret_count)
{
	if (got > 0) {
		*ret_count = (size_t)got;
		return 0;
	}
	if (got == 0) {
		return KM_ERR_CLOSED;
	}
	return errno == EAGAIN || errno == EWOULDBLOCK ? KM_ERR_AGAIN : KM_ERR_SYS;
}

int km_tcp_read(int fd, void *ret_data, size_t size, size_t *ret_count)
{
	ssize_t got = 0;

	assert(size > 0);
	do {
		got = recv(fd, ret_data, size, MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	return result_from(got, ret_count);
}

int km_tcp_write(int fd, struct km_bytes data, size_t *ret_count)
{
	ssize_t sent = 0;

	assert(data.size > 0);
	do {
		sent = send(fd, data.data, data.size, MSG_DONTWAIT | MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	return result_from(sent, ret_count);
}
