#include "cmd/role_asking.h"

#include "base/time.h"
#include "cmd/programs.h"
#include "guard/users.h"
#include "io/clock.h"
#include "priv/channel.h"
#include "priv/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int send_message(int fd, enum km_message_kind kind, const void *message)
{
	uint8_t storage[8192];
	struct km_buf buf;
	int err = 0;

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	err = km_messages_pack(kind, message, &buf);
	if (err == 0 && send(fd, buf.data, buf.size, MSG_NOSIGNAL) != (ssize_t)buf.size) {
		err = KM_ERR_SYS;
	}
	explicit_bzero(storage, sizeof(storage));
	return err;
}

static int wait_readable(int fd, int64_t end_us)
{
	for (;;) {
		int64_t left_us = end_us - km_clock_monotonic_us();
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		int count = left_us <= 0 ? 0 : poll(&ready, 1, (int)(left_us / 1000) + 1);

		if (count != 0) {
			if (count > 0) {
				return 0;
			}
			if (errno != EINTR) {
				return KM_ERR_SYS;
			}
		} else {
			return KM_ERR_TIMEOUT;
		}
	}
}

static int listen_for(int fd, int64_t end_us,
    bool (*on_message)(void *context, enum km_message_kind kind, struct km_bytes packed),
    void *context)
{
	uint8_t storage[KM_CHANNEL_MESSAGE_MAX];
	enum km_message_kind kind = KM_MESSAGE_ready;
	int err = 0;

	for (;;) {
		ssize_t size = 0;
		struct km_bytes packed;

		err = wait_readable(fd, end_us);
		if (err < 0) {
			return err;
		}
		size = recv(fd, storage, sizeof(storage), 0);
		if (size <= 0) {
			return size == 0 ? KM_ERR_CLOSED : KM_ERR_SYS;
		}
		packed = km_bytes_from(storage, (size_t)size);
		if (km_messages_kind(packed, &kind) == 0 && on_message(context, kind, packed)) {
			return 0;
		}
	}
}

static int ask(const struct km_role_asking *asking, int fd,
    bool (*on_message)(void *context, enum km_message_kind kind, struct km_bytes packed),
    void *context)
{
	int err = 0;

	(void)fcntl(fd, F_SETFL, 0); /* this side may block */
	err = send_message(fd, asking->start_kind, asking->start);
	if (err == 0) {
		err = send_message(fd, asking->kind, asking->message);
	}
	return err < 0 ? err
		       : listen_for(fd, km_clock_monotonic_us() + asking->patience_us, on_message,
			     context);
}

int km_role_asking_run(const struct km_role_asking *asking,
    bool (*on_message)(void *context, enum km_message_kind kind, struct km_bytes packed),
    void *context)
{
	char programs[KM_PROGRAMS_PATH_SIZE];
	char path[KM_PROGRAMS_PATH_SIZE + 32];
	char name[32];
	const char *const names[] = { name, NULL };
	struct km_child child;
	struct km_child_start how = { .path = path, .arguments = names, .umask = 077 };
	int fds[2] = { -1, -1 };
	int err = km_programs_find(programs);

	if (err == 0) {
		err = km_channel_pair(fds);
	}
	if (err < 0) {
		return err;
	}
	(void)snprintf(name, sizeof(name), "komainu-%s", km_roles_name(asking->role));
	(void)snprintf(path, sizeof(path), "%s/%s", programs, name);
	how.channel_fd = fds[1];
	km_users_of(asking->role, &how.uid, &how.gid);
	err = km_child_start(&how, &child);
	(void)close(fds[1]);
	if (err == 0) {
		err = ask(asking, fds[0], on_message, context);
		km_child_kill(&child);
	}
	(void)close(fds[0]);
	return err;
}

int km_role_asking_auditor(enum km_message_kind kind, const void *message, int64_t patience_us,
    bool (*on_message)(void *context, enum km_message_kind kind, struct km_bytes packed),
    void *context)
{
	static const struct km_message_auditor_start start = { .jobs_max = 1 };
	const struct km_role_asking asking = {
		.role = KM_ROLE_AUDITOR,
		.start_kind = KM_MESSAGE_auditor_start,
		.start = &start,
		.kind = kind,
		.message = message,
		.patience_us = patience_us,
	};

	return km_role_asking_run(&asking, on_message, context);
}
