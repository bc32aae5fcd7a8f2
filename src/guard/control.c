#include "guard/control.h"

#include "guard/control_lock.h"
#include "guard/hub_requests.h"
#include "priv/channel.h"
#include "priv/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define VISITORS_MAX 16

struct visitor {
	struct km_control *control;
	struct km_channel *channel; /* NULL: a free place */
};

struct km_control {
	struct km_hub *hub;
	int lock_fd; /* whoever has it owns the name of the socket */
	int fd;
	struct km_watch *watch;
	struct sockaddr_un address;
	struct visitor visitors[VISITORS_MAX];
};

static int write_address(const char *state_directory, struct sockaddr_un *ret_address)
{
	int length = 0;

	*ret_address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	length = snprintf(ret_address->sun_path, sizeof(ret_address->sun_path), "%s/control.sock",
	    state_directory);
	return length < 0 || (size_t)length >= sizeof(ret_address->sun_path) ? KM_ERR_LIMIT : 0;
}

int km_control_connect(const char *state_directory)
{
	struct sockaddr_un address;
	int fd = -1;
	int err = write_address(state_directory, &address);

	if (err < 0) {
		return err;
	}
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return KM_ERR_SYS;
	}
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		err = errno == ENOENT || errno == ECONNREFUSED ? KM_ERR_CLOSED : KM_ERR_SYS;
		(void)close(fd);
		return err;
	}
	return fd;
}

static void send_to_visitor(void *context, enum km_message_kind kind, const void *message)
{
	struct visitor *visitor = context;
	uint8_t storage[KM_CHANNEL_MESSAGE_MAX];
	struct km_buf buf;
	int err = 0;

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	err = km_messages_pack(kind, message, &buf);
	if (err == 0) {
		err = km_channel_send(visitor->channel, km_buf_view(&buf), NULL, 0);
	}
	if (err < 0) {
		KM_LOG(visitor->control->hub->log, KM_LOG_WARNING, "command-unanswered",
		    km_log_error("why", err));
	}
}

static unsigned fill_of_visitor(void *context)
{
	const struct visitor *visitor = context;

	return km_channel_fill_percent(visitor->channel);
}

static void leave(struct visitor *visitor)
{
	km_channel_destroy(visitor->channel);
	visitor->channel = NULL;
}

static void on_message(void *context, struct km_bytes message, int *fds, size_t fd_count)
{
	struct visitor *visitor = context;
	struct km_hub *hub = visitor->control->hub;
	const struct km_hub_asker asker = { send_to_visitor, fill_of_visitor, visitor };
	struct km_message_done done = { 0 };
	struct km_message_status_get get;
	struct km_message_reload reload;
	enum km_message_kind kind = KM_MESSAGE_done;
	int err = 0;

	for (size_t i = 0; i < fd_count; i++) {
		(void)close(fds[i]);
	}
	if (km_messages_kind(message, &kind) < 0 ||
	    !km_messages_may_send(kind, KM_ROLE_COMMAND, KM_ROLE_GUARD, fd_count)) {
		leave(visitor);
		return;
	}
	if (km_hub_requests_from_command(hub, kind, message, &asker, &err)) {
		if (err < 0) {
			leave(visitor);
		}
		return;
	}
	if (kind == KM_MESSAGE_status_get && km_messages_unpack_status_get(message, &get) == 0) {
		km_hub_tell_status(hub, get.request, send_to_visitor, NULL, visitor);
		done.request = get.request;
	} else if (kind == KM_MESSAGE_reload && km_messages_unpack_reload(message, &reload) == 0) {
		done.request = reload.request;
		done.err = km_hub_reload(hub);
	} else {
		leave(visitor);
		return;
	}
	send_to_visitor(visitor, KM_MESSAGE_done, &done);
}

static void on_closed(void *context, int err)
{
	(void)err;
	leave(context);
}

static const struct km_channel_events visitor_events = {
	.on_message = on_message,
	.on_closed = on_closed,
};

static bool is_welcome(int fd)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       (peer.uid == 0 || peer.uid == geteuid());
}

static struct visitor *find_place(struct km_control *control)
{
	for (size_t i = 0; i < VISITORS_MAX; i++) {
		if (control->visitors[i].channel == NULL) {
			return &control->visitors[i];
		}
	}
	return NULL;
}

static void on_knock(void *context, unsigned events)
{
	struct km_control *control = context;
	struct visitor *visitor = find_place(control);
	int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0) {
		return;
	}
	if (visitor == NULL || !is_welcome(fd) ||
	    km_channel_create(control->hub->loop, fd, &visitor_events, visitor, &visitor->channel) <
		0) {
		(void)close(fd);
		return;
	}
	visitor->control = control;
}

static int start_listening(struct km_control *control)
{
	mode_t mask = umask(0177);
	int status =
	    bind(control->fd, (const struct sockaddr *)&control->address, sizeof(control->address));

	(void)umask(mask);
	if (status < 0 || listen(control->fd, VISITORS_MAX) < 0) {
		return KM_ERR_SYS;
	}
	return km_watch_create(control->hub->loop, control->fd, on_knock, control, &control->watch);
}

int km_control_create(struct km_hub *hub, struct km_control **ret_control)
{
	struct km_control *control = calloc(1, sizeof(*control));
	int err = 0;

	if (control == NULL) {
		return KM_ERR_MEMORY;
	}
	control->hub = hub;
	control->fd = -1;
	control->lock_fd = -1;
	err = write_address(hub->state_directory, &control->address);
	if (err < 0) {
		goto out;
	}
	err = km_control_lock_take(hub->state_directory, &control->lock_fd);
	if (err < 0) {
		goto out;
	}
	/* What is there now was left by one that was killed. */
	(void)unlink(control->address.sun_path);
	control->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	err = control->fd < 0 ? KM_ERR_SYS : start_listening(control);
	if (err < 0) {
		goto out;
	}
	km_watch_set(control->watch, KM_LOOP_READ);
	*ret_control = control;
	control = NULL;
out:
	km_control_destroy(control);
	return err;
}

void km_control_destroy(struct km_control *control)
{
	if (control == NULL) {
		return;
	}
	for (size_t i = 0; i < VISITORS_MAX; i++) {
		leave(&control->visitors[i]);
	}
	km_watch_destroy(control->watch);
	if (control->fd >= 0) {
		(void)close(control->fd);
	}
	if (control->watch != NULL) {
		(void)unlink(control->address.sun_path);
	}
	if (control->lock_fd >= 0) {
		(void)close(control->lock_fd); /* last: the name is free from here on */
	}
	free(control);
}
