/* sources: base/error.c base/bytes.c io/loop.c priv/channel.c */
/* libraries: uv */
#include "base/error.h"
#include "priv/channel.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

struct end {
	struct km_loop *loop;
	struct km_channel *channel;
	unsigned messages;
	unsigned stop_at; /* stop the loop after that many messages */
	size_t bytes;
	bool is_in_order;
	bool is_destroying; /* destroy the channel in on_message */
	int fds[KM_CHANNEL_FDS_MAX];
	size_t fd_count;
	unsigned closed_calls;
	int closed_err;
};

static void on_message(void *context, struct km_bytes message, int *fds, size_t fd_count)
{
	struct end *end = context;

	if (message.data[0] != (uint8_t)end->messages) {
		end->is_in_order = false;
	}
	end->messages++;
	end->bytes += message.size;
	for (size_t i = 0; i < fd_count; i++) {
		end->fds[end->fd_count++] = fds[i];
	}
	if (end->is_destroying) {
		km_channel_destroy(end->channel);
		end->channel = NULL;
	}
	if (end->messages == end->stop_at) {
		km_loop_stop(end->loop);
	}
}

static void on_closed(void *context, int err)
{
	struct end *end = context;

	end->closed_calls++;
	end->closed_err = err;
	km_channel_destroy(end->channel);
	end->channel = NULL;
	km_loop_stop(end->loop);
}

static const struct km_channel_events events = { on_message, on_closed };

struct fixture {
	struct km_loop *loop;
	struct end left;
	struct end right;
	int right_fd; /* before right.channel is made */
};

static int set_up(void **state)
{
	static struct fixture fixture;
	int fds[2];

	fixture = (struct fixture){ 0 };
	assert_int_equal(km_loop_create(&fixture.loop), 0);
	assert_int_equal(km_channel_pair(fds), 0);
	fixture.left = (struct end){ .loop = fixture.loop, .is_in_order = true };
	fixture.right = (struct end){ .loop = fixture.loop, .is_in_order = true };
	assert_int_equal(
	    km_channel_create(fixture.loop, fds[0], &events, &fixture.left, &fixture.left.channel),
	    0);
	fixture.right_fd = fds[1];
	*state = &fixture;
	return 0;
}

static void open_right(struct fixture *fixture)
{
	assert_int_equal(km_channel_create(fixture->loop, fixture->right_fd, &events,
			     &fixture->right, &fixture->right.channel),
	    0);
	fixture->right_fd = -1;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	km_channel_destroy(fixture->left.channel);
	km_channel_destroy(fixture->right.channel);
	if (fixture->right_fd >= 0) {
		(void)close(fixture->right_fd);
	}
	km_loop_destroy(fixture->loop);
	return 0;
}

static void descriptors_are_passed(void **state)
{
	struct fixture *fixture = *state;
	int pipe_fds[2];
	char text[4] = "";

	open_right(fixture);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	fixture->right.stop_at = 1;
	assert_int_equal(
	    km_channel_send(fixture->left.channel, KM_BYTES("\0two pipes"), pipe_fds, 2), 0);
	km_loop_run(fixture->loop);
	assert_int_equal(fixture->right.fd_count, 2);
	assert_int_equal(fcntl(fixture->right.fds[0], F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
	assert_int_equal(write(fixture->right.fds[1], "hey", 3), 3);
	assert_int_equal(read(pipe_fds[0], text, sizeof(text)), 3);
	assert_string_equal(text, "hey");
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
	(void)close(fixture->right.fds[0]);
	(void)close(fixture->right.fds[1]);
}

/* More than the socket holds waits in the queue, keeps its order and its descriptors. */
static void queue_keeps_order(void **state)
{
	struct fixture *fixture = *state;
	static uint8_t message[KM_CHANNEL_MESSAGE_MAX];
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	for (unsigned i = 0; i < 40; i++) {
		message[0] = (uint8_t)i;
		assert_int_equal(km_channel_send(fixture->left.channel, KM_BYTES_OF(message), &fd,
				     i == 39 ? 1 : 0),
		    0);
	}
	(void)close(fd);
	open_right(fixture);
	fixture->right.stop_at = 40;
	km_loop_run(fixture->loop);
	assert_int_equal(fixture->right.messages, 40);
	assert_int_equal(fixture->right.bytes, 40 * sizeof(message));
	assert_true(fixture->right.is_in_order);
	assert_int_equal(fixture->right.fd_count, 1);
	(void)close(fixture->right.fds[0]);
}

static void full_queue_closes(void **state)
{
	struct fixture *fixture = *state;
	static uint8_t message[KM_CHANNEL_MESSAGE_MAX];
	int err = 0;
	unsigned sent = 0;

	for (sent = 0; sent < 2000 && err == 0; sent++) {
		err = km_channel_send(fixture->left.channel, KM_BYTES_OF(message), NULL, 0);
	}
	assert_int_equal(err, KM_ERR_CLOSED);
	assert_in_range(sent, 1024, 1060);               /* 64 MiB and what the socket holds */
	assert_int_equal(fixture->left.closed_calls, 0); /* not from inside send */
	assert_int_equal(
	    km_channel_send(fixture->left.channel, KM_BYTES("x"), NULL, 0), KM_ERR_CLOSED);
	km_loop_run(fixture->loop);
	assert_int_equal(fixture->left.closed_calls, 1);
	assert_int_equal(fixture->left.closed_err, KM_ERR_LIMIT);
}

/* Whoever answers much can ask before it is too much, whether that is messages or bytes. */
static void fill_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct km_channel *channel = fixture->left.channel;
	static uint8_t message[KM_CHANNEL_MESSAGE_MAX];
	unsigned sent = 0;

	assert_int_equal(km_channel_fill_percent(channel), 0);
	while (km_channel_fill_percent(channel) < 50 && sent < 65536) {
		assert_int_equal(km_channel_send(channel, KM_BYTES("x"), NULL, 0), 0);
		sent++;
	}
	assert_in_range(sent, 32768, 40000); /* and what the socket holds */
	for (sent = 0; km_channel_fill_percent(channel) < 90 && sent < 1024; sent++) {
		assert_int_equal(km_channel_send(channel, KM_BYTES_OF(message), NULL, 0), 0);
	}
	assert_in_range(sent, 900, 940);
}

static void oversize_is_refused(void **state)
{
	struct fixture *fixture = *state;
	static uint8_t message[KM_CHANNEL_MESSAGE_MAX + 1];

	assert_int_equal(
	    km_channel_send(fixture->left.channel, KM_BYTES_OF(message), NULL, 0), KM_ERR_LIMIT);
	/* And a peer that sends one all the same has broken the rules. */
	assert_int_equal(
	    send(fixture->right_fd, message, sizeof(message), 0), (ssize_t)sizeof(message));
	km_loop_run(fixture->loop);
	assert_int_equal(fixture->left.messages, 0);
	assert_int_equal(fixture->left.closed_err, KM_ERR_FORMAT);
}

static unsigned open_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 256; fd++) {
		count += fcntl(fd, F_GETFD) >= 0;
	}
	return count;
}

static void too_many_descriptors_close(void **state)
{
	struct fixture *fixture = *state;
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(6 * sizeof(int))];
	} control;
	struct iovec part = { .iov_base = (char[]){ 0 }, .iov_len = 1 };
	struct msghdr header = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes) };
	struct cmsghdr *rights = NULL;
	int fds[6] = { 2, 2, 2, 2, 2, 2 };
	unsigned before = open_descriptors();

	memset(&control, 0, sizeof(control));
	rights = CMSG_FIRSTHDR(&header);
	rights->cmsg_level = SOL_SOCKET;
	rights->cmsg_type = SCM_RIGHTS;
	rights->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(rights), fds, sizeof(fds));
	assert_int_equal(sendmsg(fixture->right_fd, &header, 0), 1);
	km_loop_run(fixture->loop);
	assert_int_equal(fixture->left.messages, 0);
	assert_int_equal(fixture->left.closed_err, KM_ERR_FORMAT);
	assert_int_equal(open_descriptors(), before - 1); /* only the channel itself */
}

/* The last words of a peer that died are heard before its end is reported. */
static void peer_death_after_last_words(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(km_channel_send(fixture->left.channel, KM_BYTES("unread"), NULL, 0), 0);
	assert_int_equal(send(fixture->right_fd, "\0bye", 4, 0), 4);
	assert_int_equal(send(fixture->right_fd, "\1bye", 4, 0), 4);
	(void)close(fixture->right_fd);
	fixture->right_fd = -1;
	assert_int_equal(
	    km_channel_send(fixture->left.channel, KM_BYTES("late"), NULL, 0), KM_ERR_CLOSED);
	km_loop_run(fixture->loop);
	assert_int_equal(fixture->left.messages, 2);
	assert_true(fixture->left.is_in_order);
	assert_int_equal(fixture->left.closed_calls, 1);
	assert_int_equal(fixture->left.closed_err, KM_ERR_CLOSED);
}

static void may_be_destroyed_in_on_message(void **state)
{
	struct fixture *fixture = *state;

	open_right(fixture);
	fixture->right.is_destroying = true;
	fixture->right.stop_at = 1;
	assert_int_equal(km_channel_send(fixture->left.channel, KM_BYTES("\0a"), NULL, 0), 0);
	assert_int_equal(km_channel_send(fixture->left.channel, KM_BYTES("\1b"), NULL, 0), 0);
	km_loop_run(fixture->loop);
	assert_int_equal(fixture->right.messages, 1);
	assert_int_equal(fixture->right.closed_calls, 0);
	km_channel_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(descriptors_are_passed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(queue_keeps_order, set_up, tear_down),
		cmocka_unit_test_setup_teardown(full_queue_closes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(fill_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(oversize_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(too_many_descriptors_close, set_up, tear_down),
		cmocka_unit_test_setup_teardown(peer_death_after_last_words, set_up, tear_down),
		cmocka_unit_test_setup_teardown(may_be_destroyed_in_on_message, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
