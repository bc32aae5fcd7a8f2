#include "io/stream.h"

#include "base/buf.h"
#include "base/error.h"
#include "io/clock.h"
#include "io/tcp.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum state {
	STATE_DIALLING,
	STATE_HANDSHAKING,
	STATE_OPEN,
	STATE_FAILED,
};

struct km_stream {
	struct km_loop *loop;
	const struct km_stream_events *events;
	void *context;
	enum state state;
	struct km_tcp_dial *dial;
	struct km_watch *watch;
	struct km_timer *timer; /* the handshake's limit; then: report a failed write */
	struct km_tls_roots *tls_roots;
	struct km_tls *tls;
	int fd;
	bool is_reading;
	bool read_wants_write; /* TLS needs to write before it can read on */
	int64_t deadline_us;
	struct km_buf queue;
	struct km_stream_failure failure;
	struct km_address peer;
	char host[KM_TCP_HOST_MAX + 1];
	bool is_pinned;
	uint8_t pin[KM_TLS_FINGERPRINT_BYTES];
};

static enum km_stream_reason reason_from(int err, int system_errno)
{
	switch (err) {
	case KM_ERR_NOT_FOUND:
		return KM_STREAM_NO_SUCH_HOST;
	case KM_ERR_TIMEOUT:
		return KM_STREAM_TIMEOUT;
	case KM_ERR_CLOSED:
		return KM_STREAM_CLOSED;
	case KM_ERR_AUTH:
		return KM_STREAM_TLS_VERIFY;
	case KM_ERR_CRYPTO:
		return KM_STREAM_TLS_PROTOCOL;
	case KM_ERR_LIMIT:
		return KM_STREAM_SLOW;
	case KM_ERR_SYS:
		break;
	default:
		return KM_STREAM_SYSTEM;
	}
	switch (system_errno) {
	case ECONNREFUSED:
		return KM_STREAM_REFUSED;
	case ECONNRESET:
	case EPIPE:
	case ECONNABORTED:
		return KM_STREAM_RESET;
	case ETIMEDOUT:
		return KM_STREAM_TIMEOUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
	case EACCES:
	case EPERM:
	case EADDRNOTAVAIL:
		return KM_STREAM_UNREACHABLE;
	default:
		return KM_STREAM_SYSTEM;
	}
}

const char *km_stream_reason_name(enum km_stream_reason reason)
{
	switch (reason) {
	case KM_STREAM_NO_REASON:
		return "none";
	case KM_STREAM_NO_SUCH_HOST:
		return "no-such-host";
	case KM_STREAM_REFUSED:
		return "refused";
	case KM_STREAM_UNREACHABLE:
		return "unreachable";
	case KM_STREAM_TIMEOUT:
		return "timeout";
	case KM_STREAM_RESET:
		return "reset";
	case KM_STREAM_CLOSED:
		return "closed";
	case KM_STREAM_TLS_PROTOCOL:
		return "tls-protocol";
	case KM_STREAM_TLS_VERIFY:
		return "tls-verify";
	case KM_STREAM_SLOW:
		return "slow";
	case KM_STREAM_SYSTEM:
		return "system";
	}
	return "unknown";
}

/* Keep why it failed. errno belongs to err if that is KM_ERR_SYS. Returns err. */
static int note_failure(struct km_stream *stream, int err)
{
	struct km_stream_failure *failure = &stream->failure;
	int system_errno = err == KM_ERR_SYS ? errno : 0;
	const char *why = err == KM_ERR_SYS ? strerrordesc_np(system_errno) : km_error_text(err);
	char where[KM_ADDRESS_TEXT_SIZE] = "";
	struct km_buf text;

	stream->state = STATE_FAILED;
	failure->err = err;
	failure->system_errno = system_errno;
	failure->reason = reason_from(err, system_errno);
	if (stream->peer.size > 0) {
		km_address_write(&stream->peer, where);
	}
	if (stream->tls != NULL && km_tls_failure(stream->tls)[0] != '\0') {
		why = km_tls_failure(stream->tls);
	}
	km_buf_init_fixed(&text, failure->text, sizeof(failure->text) - 1);
	km_buf_add_format(&text, "%s: ", where[0] == '\0' ? stream->host : where);
	/* Cut, not left out, if it is too long. */
	km_buf_add(&text,
	    km_bytes_slice(km_bytes_text(why == NULL ? "unknown" : why), 0, text.max - text.size));
	failure->text[text.size] = '\0';
	return err;
}

/* Fail, from the loop. The stream may be gone afterwards. */
static void fail(struct km_stream *stream, int err)
{
	(void)note_failure(stream, err);
	km_timer_stop(stream->timer);
	if (stream->watch != NULL) {
		km_watch_set(stream->watch, 0);
	}
	stream->events->on_failed(stream->context);
}

static void update_watch(struct km_stream *stream)
{
	unsigned events = 0;

	if (stream->state == STATE_HANDSHAKING) {
		events = km_tls_wants(stream->tls);
	} else if (stream->state == STATE_OPEN) {
		events = (stream->is_reading ? KM_LOOP_READ : 0U) |
			 (stream->queue.size > 0 || stream->read_wants_write ? KM_LOOP_WRITE : 0U);
	}
	km_watch_set(stream->watch, events);
}

static void become_open(struct km_stream *stream)
{
	km_timer_stop(stream->timer);
	stream->state = STATE_OPEN;
	update_watch(stream);
	stream->events->on_open(stream->context);
}

static void shake_hands(struct km_stream *stream)
{
	int err = km_tls_handshake(stream->tls);

	if (err == 0) {
		become_open(stream);
	} else if (err == KM_ERR_AGAIN) {
		update_watch(stream);
	} else {
		fail(stream, err);
	}
}

static int write_now(struct km_stream *stream, struct km_bytes data, size_t *ret_count)
{
	return stream->tls != NULL ? km_tls_write(stream->tls, data, ret_count)
				   : km_tcp_write(stream->fd, data, ret_count);
}

/* Send from the queue. Returns 0 (also if some is left) or the error. */
static int flush(struct km_stream *stream)
{
	size_t sent = 0;
	int err = 0;

	while (sent < stream->queue.size) {
		size_t count = 0;

		err = write_now(stream, km_bytes_after(km_buf_view(&stream->queue), sent), &count);
		if (err < 0) {
			break;
		}
		sent += count;
	}
	km_buf_consume(&stream->queue, sent);
	return err == KM_ERR_AGAIN ? 0 : err;
}

static void on_ready(void *context, unsigned events)
{
	struct km_stream *stream = context;

	if (stream->state == STATE_HANDSHAKING) {
		shake_hands(stream);
		return;
	}
	if (stream->state != STATE_OPEN) {
		return;
	}
	if ((events & KM_LOOP_WRITE) != 0) {
		int err = flush(stream);

		if (err < 0) {
			fail(stream, err);
			return;
		}
		if (stream->read_wants_write) {
			stream->read_wants_write = false;
			events |= KM_LOOP_READ;
		}
		update_watch(stream);
	}
	if ((events & KM_LOOP_READ) != 0 && stream->is_reading) {
		stream->events->on_readable(stream->context);
	}
}

static void on_timer(void *context)
{
	struct km_stream *stream = context;

	if (stream->state == STATE_HANDSHAKING) {
		fail(stream, KM_ERR_TIMEOUT);
	} else if (stream->state == STATE_FAILED) {
		stream->events->on_failed(stream->context);
	}
}

static int start_tls(struct km_stream *stream)
{
	int64_t left_us = stream->deadline_us - km_clock_monotonic_us();
	int err = km_tls_create(stream->tls_roots, stream->fd, stream->host,
	    stream->is_pinned ? stream->pin : NULL, &stream->tls);

	if (err < 0) {
		return err;
	}
	km_timer_start(stream->timer, left_us, 0);
	stream->state = STATE_HANDSHAKING;
	return 0;
}

static void on_dialled(void *context, int err, int fd, const struct km_address *address)
{
	struct km_stream *stream = context;
	int saved = errno;

	if (address != NULL) {
		stream->peer = *address;
	}
	km_tcp_dial_destroy(stream->dial);
	stream->dial = NULL;
	if (err == 0) {
		stream->fd = fd;
		err = km_watch_create(stream->loop, fd, on_ready, stream, &stream->watch);
		saved = errno;
	}
	if (err == 0 && stream->tls_roots != NULL) {
		err = start_tls(stream);
	}
	if (err < 0) {
		errno = saved;
		fail(stream, err);
	} else if (stream->tls != NULL) {
		shake_hands(stream);
	} else {
		become_open(stream);
	}
}

int km_stream_create(struct km_loop *loop, const struct km_stream_options *options,
    const struct km_stream_events *events, void *context, struct km_stream **ret_stream)
{
	struct km_tcp_options tcp_options = {
		.receive_buffer_bytes = options->receive_buffer_bytes,
		.timeout_us = options->timeout_us,
	};
	struct km_stream *stream = calloc(1, sizeof(*stream));
	int err = 0;

	if (stream == NULL) {
		return KM_ERR_MEMORY;
	}
	stream->loop = loop;
	stream->events = events;
	stream->context = context;
	stream->fd = -1;
	stream->tls_roots = options->tls_roots;
	stream->deadline_us = km_clock_monotonic_us() + options->timeout_us;
	km_buf_init(&stream->queue, options->write_max_bytes);
	if (options->pin != NULL) {
		stream->is_pinned = true;
		memcpy(stream->pin, options->pin, sizeof(stream->pin));
	}
	if (km_bytes_copy_text(km_bytes_text(options->host), stream->host, sizeof(stream->host)) <
	    0) {
		err = KM_ERR_RANGE;
		goto out;
	}
	err = km_timer_create(loop, on_timer, stream, &stream->timer);
	if (err < 0) {
		goto out;
	}
	err = km_tcp_dial_create(
	    loop, stream->host, options->port, &tcp_options, on_dialled, stream, &stream->dial);
	if (err < 0) {
		goto out;
	}
	*ret_stream = stream;
	return 0;
out:
	km_stream_destroy(stream);
	return err;
}

void km_stream_destroy(struct km_stream *stream)
{
	if (stream == NULL) {
		return;
	}
	km_tcp_dial_destroy(stream->dial);
	km_watch_destroy(stream->watch);
	km_timer_destroy(stream->timer);
	km_tls_destroy(stream->tls);
	if (stream->fd >= 0) {
		(void)close(stream->fd);
	}
	/* Requests may carry credentials. */
	km_buf_wipe(&stream->queue);
	free(stream);
}

int km_stream_read(struct km_stream *stream, void *ret_data, size_t size, size_t *ret_count)
{
	int err = 0;

	if (stream->state == STATE_FAILED) {
		return KM_ERR_CLOSED;
	}
	if (stream->state != STATE_OPEN) {
		return KM_ERR_AGAIN;
	}
	err = stream->tls != NULL ? km_tls_read(stream->tls, ret_data, size, ret_count)
				  : km_tcp_read(stream->fd, ret_data, size, ret_count);
	if (err == KM_ERR_AGAIN) {
		bool wants_write =
		    stream->tls != NULL && (km_tls_wants(stream->tls) & KM_LOOP_WRITE) != 0;

		if (wants_write != stream->read_wants_write) {
			stream->read_wants_write = wants_write;
			update_watch(stream);
		}
		return err;
	}
	if (err < 0) {
		(void)note_failure(stream, err);
		km_watch_set(stream->watch, 0);
	}
	return err;
}

int km_stream_write(struct km_stream *stream, struct km_bytes data)
{
	int err = 0;

	if (stream->state == STATE_FAILED) {
		return KM_ERR_CLOSED;
	}
	if (stream->state != STATE_OPEN) {
		return KM_ERR_STATE;
	}
	km_buf_add(&stream->queue, data);
	err = km_buf_error(&stream->queue);
	if (err < 0) {
		stream->queue.err = 0; /* what was queued before is still whole */
		return err;
	}
	err = flush(stream);
	if (err < 0) {
		(void)note_failure(stream, err);
		km_watch_set(stream->watch, 0);
		km_timer_start(stream->timer, 0, 0);
		return KM_ERR_CLOSED;
	}
	update_watch(stream);
	return 0;
}

int km_stream_end_writing(struct km_stream *stream)
{
	int err = 0;

	if (stream->state == STATE_FAILED) {
		return KM_ERR_CLOSED;
	}
	if (stream->state != STATE_OPEN || stream->tls == NULL || stream->queue.size > 0) {
		return KM_ERR_STATE;
	}
	err = km_tls_end_writing(stream->tls);
	if (err < 0 && err != KM_ERR_AGAIN) {
		(void)note_failure(stream, err);
		km_watch_set(stream->watch, 0);
		return KM_ERR_CLOSED;
	}
	return err;
}

size_t km_stream_queued_bytes(const struct km_stream *stream)
{
	return stream->queue.size;
}

void km_stream_set_reading(struct km_stream *stream, bool is_reading)
{
	stream->is_reading = is_reading;
	if (stream->state == STATE_OPEN) {
		update_watch(stream);
	}
}

int km_stream_fd(const struct km_stream *stream)
{
	return stream->state == STATE_OPEN ? stream->fd : -1;
}

int km_stream_addresses(
    const struct km_stream *stream, struct km_address *ret_local, struct km_address *ret_peer)
{
	struct km_address local;

	if (stream->state != STATE_OPEN) {
		return KM_ERR_STATE;
	}
	if (km_tcp_local_address(stream->fd, &local) < 0) {
		return KM_ERR_SYS;
	}
	*ret_local = local;
	*ret_peer = stream->peer;
	return 0;
}

bool km_stream_tls_peer(const struct km_stream *stream, struct km_tls_peer *ret_peer)
{
	return stream->tls != NULL && km_tls_peer(stream->tls, ret_peer);
}

const struct km_stream_failure *km_stream_failure(const struct km_stream *stream)
{
	return &stream->failure;
}
