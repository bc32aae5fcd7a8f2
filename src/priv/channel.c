#include "priv/channel.h"

#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A process that has just begun does not read yet: all that it is told about 4096 cameras fits. */
#define QUEUE_BYTES_MAX    ((size_t)64 * 1024 * 1024)
#define QUEUE_MESSAGES_MAX 65536
#define BATCH              32 /* messages read before others on the loop get their turn */
#define SOCKET_BUFFER      (4 * KM_CHANNEL_MESSAGE_MAX)

struct pending {
	struct pending *next;
	size_t size;
	size_t fd_count;
	int fds[KM_CHANNEL_FDS_MAX];
	uint8_t data[];
};

struct km_channel {
	int fd;
	struct km_watch *watch;
	struct km_timer *closing; /* reports, from the loop, what was found out while sending */
	const struct km_channel_events *events;
	void *context;
	struct pending *first;
	struct pending **last;
	size_t queued_bytes;
	size_t queued_messages;
	int send_err;   /* 0, or why nothing can be sent any more */
	bool is_closed; /* on_closed was called, or the owner has destroyed it */
	bool is_in_callback;
	bool is_destroyed;
	uint8_t buffer[KM_CHANNEL_MESSAGE_MAX];
};

union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int) * KM_CHANNEL_FDS_MAX)];
};

static void close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		(void)close(fds[i]);
	}
}

int km_channel_pair(int ret_fds[static 2])
{
	int fds[2];
	int size = SOCKET_BUFFER;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) < 0) {
		return KM_ERR_SYS;
	}
	/* Where the system allows less, more waits in our queue instead. */
	(void)setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	(void)setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	ret_fds[0] = fds[0];
	ret_fds[1] = fds[1];
	return 0;
}

static void free_pending(struct pending *pending)
{
	if (pending != NULL) {
		close_all(pending->fds, pending->fd_count);
		explicit_bzero(pending->data, pending->size); /* keys and passwords go this way */
		free(pending);
	}
}

static void drop_queue(struct km_channel *channel)
{
	while (channel->first != NULL) {
		struct pending *pending = channel->first;

		channel->first = pending->next;
		free_pending(pending);
	}
	channel->last = &channel->first;
	channel->queued_bytes = 0;
	channel->queued_messages = 0;
}

static void free_channel(struct km_channel *channel)
{
	drop_queue(channel);
	km_timer_destroy(channel->closing);
	km_watch_destroy(channel->watch);
	(void)close(channel->fd);
	free(channel);
}

void km_channel_destroy(struct km_channel *channel)
{
	if (channel == NULL) {
		return;
	}
	channel->is_destroyed = true;
	channel->is_closed = true;
	if (!channel->is_in_callback) {
		free_channel(channel);
	}
}

/* Say that it is over, once. The channel may be gone afterwards unless a callback is going on. */
static void report_closed(struct km_channel *channel, int err)
{
	if (channel->is_closed) {
		return;
	}
	channel->is_closed = true;
	channel->send_err = err;
	km_watch_set(channel->watch, 0);
	km_timer_stop(channel->closing);
	channel->events->on_closed(channel->context, err);
}

static void on_closing(void *context)
{
	struct km_channel *channel = context;

	channel->is_in_callback = true;
	report_closed(channel, channel->send_err);
	channel->is_in_callback = false;
	if (channel->is_destroyed) {
		free_channel(channel);
	}
}

/* Collect the descriptors of a message. Returns 0, or KM_ERR_FORMAT after closing them. */
static int take_fds(
    struct msghdr *header, int ret_fds[static KM_CHANNEL_FDS_MAX], size_t *ret_count)
{
	size_t count = 0;
	int err = (header->msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0 ? KM_ERR_FORMAT : 0;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part != NULL;
	     part = CMSG_NXTHDR(header, part)) {
		size_t bytes = part->cmsg_len - CMSG_LEN(0);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) {
			continue;
		}
		for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int)) {
			int fd = -1;

			memcpy(&fd, CMSG_DATA(part) + at, sizeof(fd));
			if (count < KM_CHANNEL_FDS_MAX) {
				ret_fds[count++] = fd;
			} else {
				(void)close(fd);
				err = KM_ERR_FORMAT;
			}
		}
	}
	if (err < 0) {
		close_all(ret_fds, count);
		return err;
	}
	*ret_count = count;
	return 0;
}

/* Returns 1 after a message, 0 if there is none now, or why the channel ends. */
static int receive_one(struct km_channel *channel)
{
	union control control;
	struct iovec part = { .iov_base = channel->buffer, .iov_len = sizeof(channel->buffer) };
	struct msghdr header = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	int fds[KM_CHANNEL_FDS_MAX] = { -1, -1, -1, -1 };
	size_t fd_count = 0;
	ssize_t got = 0;
	int err = 0;

	do {
		got = recvmsg(channel->fd, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	} while (got < 0 && errno == EINTR);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
		return 0;
	}
	if (got < 0) {
		return errno == ECONNRESET ? KM_ERR_CLOSED : KM_ERR_SYS;
	}
	err = take_fds(&header, fds, &fd_count);
	if (err < 0) {
		return err;
	}
	if (got == 0) {
		/* The end. An empty message looks the same and is never sent. */
		close_all(fds, fd_count);
		return KM_ERR_CLOSED;
	}
	channel->events->on_message(
	    channel->context, km_bytes_from(channel->buffer, (size_t)got), fds, fd_count);
	explicit_bzero(channel->buffer, (size_t)got);
	return 1;
}

static void receive(struct km_channel *channel)
{
	bool was_reset = false;

	for (int i = 0; i < BATCH && !channel->is_closed; i++) {
		int err = receive_one(channel);

		if (err == 0) {
			return;
		}
		if (err == KM_ERR_CLOSED && !was_reset) {
			/* A peer that dies with our messages unread gives ECONNRESET before its own
			 * last messages: look once more. After a true end this is the end again. */
			was_reset = true;
			continue;
		}
		if (err < 0) {
			report_closed(channel, err);
			return;
		}
	}
}

/* Returns 0, KM_ERR_AGAIN, KM_ERR_CLOSED or KM_ERR_SYS. */
static int send_now(int to, const void *data, size_t size, const int *fds, size_t fd_count)
{
	union control control;
	struct iovec part = { .iov_base = (void *)(uintptr_t)data, .iov_len = size };
	struct msghdr header = { .msg_iov = &part, .msg_iovlen = 1 };
	ssize_t sent = 0;

	memset(&control, 0, sizeof(control));
	if (fd_count > 0) {
		struct cmsghdr *rights = NULL;

		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * fd_count);
		rights = CMSG_FIRSTHDR(&header);
		rights->cmsg_level = SOL_SOCKET;
		rights->cmsg_type = SCM_RIGHTS;
		rights->cmsg_len = CMSG_LEN(sizeof(int) * fd_count);
		memcpy(CMSG_DATA(rights), fds, sizeof(int) * fd_count);
	}
	do {
		sent = sendmsg(to, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
	} while (sent < 0 && errno == EINTR);
	if (sent >= 0) {
		return 0;
	}
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
		return KM_ERR_AGAIN;
	}
	return errno == EPIPE || errno == ECONNRESET ? KM_ERR_CLOSED : KM_ERR_SYS;
}

static void set_events(struct km_channel *channel)
{
	if (!channel->is_closed) {
		km_watch_set(channel->watch,
		    channel->first != NULL ? KM_LOOP_READ | KM_LOOP_WRITE : KM_LOOP_READ);
	}
}

/*
 * Nothing goes out any more. A peer that has gone may have left messages: then reading comes to
 * the end by itself and reports it; else it is reported soon.
 */
static void give_up_sending(struct km_channel *channel, int err)
{
	channel->send_err = err;
	drop_queue(channel);
	if (err != KM_ERR_CLOSED) {
		km_timer_start(channel->closing, 0, 0);
	}
}

static void flush(struct km_channel *channel)
{
	while (channel->first != NULL) {
		struct pending *pending = channel->first;
		int err = send_now(
		    channel->fd, pending->data, pending->size, pending->fds, pending->fd_count);

		if (err == KM_ERR_AGAIN) {
			break;
		}
		if (err < 0) {
			give_up_sending(channel, err);
			break;
		}
		channel->first = pending->next;
		if (channel->first == NULL) {
			channel->last = &channel->first;
		}
		channel->queued_bytes -= pending->size;
		channel->queued_messages--;
		free_pending(pending);
	}
}

static void on_ready(void *context, unsigned events)
{
	struct km_channel *channel = context;

	channel->is_in_callback = true;
	if ((events & KM_LOOP_WRITE) != 0) {
		flush(channel);
	}
	if ((events & KM_LOOP_READ) != 0) {
		receive(channel);
	}
	set_events(channel);
	channel->is_in_callback = false;
	if (channel->is_destroyed) {
		free_channel(channel);
	}
}

int km_channel_create(struct km_loop *loop, int fd, const struct km_channel_events *events,
    void *context, struct km_channel **ret_channel)
{
	struct km_channel *channel = calloc(1, sizeof(*channel));
	int err = 0;

	if (channel == NULL) {
		return KM_ERR_MEMORY;
	}
	channel->fd = fd;
	channel->events = events;
	channel->context = context;
	channel->last = &channel->first;
	err = km_timer_create(loop, on_closing, channel, &channel->closing);
	if (err < 0) {
		goto out;
	}
	err = km_watch_create(loop, fd, on_ready, channel, &channel->watch);
	if (err < 0) {
		goto out;
	}
	set_events(channel);
	*ret_channel = channel;
	return 0;
out:
	km_timer_destroy(channel->closing);
	free(channel);
	return err;
}

static int queue(
    struct km_channel *channel, struct km_bytes message, const int *fds, size_t fd_count)
{
	struct pending *pending = NULL;

	if (channel->queued_messages >= QUEUE_MESSAGES_MAX ||
	    channel->queued_bytes + message.size > QUEUE_BYTES_MAX) {
		give_up_sending(channel, KM_ERR_LIMIT);
		return KM_ERR_CLOSED;
	}
	pending = calloc(1, sizeof(*pending) + message.size);
	if (pending == NULL) {
		return KM_ERR_MEMORY;
	}
	memcpy(pending->data, message.data, message.size);
	pending->size = message.size;
	for (size_t i = 0; i < fd_count; i++) {
		int copy = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);

		if (copy < 0) {
			free_pending(pending);
			return KM_ERR_MEMORY;
		}
		pending->fds[pending->fd_count++] = copy;
	}
	*channel->last = pending;
	channel->last = &pending->next;
	channel->queued_bytes += message.size;
	channel->queued_messages++;
	set_events(channel);
	return 0;
}

int km_channel_send(
    struct km_channel *channel, struct km_bytes message, const int *fds, size_t fd_count)
{
	int err = 0;

	assert(message.size > 0 && fd_count <= KM_CHANNEL_FDS_MAX);
	if (message.size > KM_CHANNEL_MESSAGE_MAX) {
		return KM_ERR_LIMIT;
	}
	if (channel->send_err < 0 || channel->is_closed) {
		return KM_ERR_CLOSED;
	}
	if (channel->first != NULL) {
		return queue(channel, message, fds, fd_count); /* order is kept */
	}
	err = send_now(channel->fd, message.data, message.size, fds, fd_count);
	if (err == KM_ERR_AGAIN) {
		return queue(channel, message, fds, fd_count);
	}
	if (err < 0) {
		give_up_sending(channel, err);
		return KM_ERR_CLOSED;
	}
	return 0;
}

unsigned km_channel_fill_percent(const struct km_channel *channel)
{
	size_t by_messages = channel->queued_messages * 100 / QUEUE_MESSAGES_MAX;
	size_t by_bytes = channel->queued_bytes / (QUEUE_BYTES_MAX / 100);

	return (unsigned)(by_messages > by_bytes ? by_messages : by_bytes);
}
