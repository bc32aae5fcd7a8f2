/*
 * A byte stream to a server, over TCP or TLS, so that a session above need not care which.
 *
 * Connecting and the TLS handshake run by themselves and end in on_open or on_failed. Reading is
 * by the caller's hand, into the caller's buffer: on its own tick (nothing wakes up for arriving
 * data), or on on_readable while km_stream_set_reading is on. Writing goes through a bounded queue
 * that is sent by itself.
 */
#ifndef KM_IO_STREAM_H
#define KM_IO_STREAM_H

#include "io/address.h"
#include "io/loop.h"
#include "io/tls.h"

/* Why a stream ended or did not come about: what people can act on. */
enum km_stream_reason {
	KM_STREAM_NO_REASON = 0,
	KM_STREAM_NO_SUCH_HOST,
	KM_STREAM_REFUSED,     /* the host is there, nothing listens on the port */
	KM_STREAM_UNREACHABLE, /* no route, host or network down, or a local rule forbids it */
	KM_STREAM_TIMEOUT,
	KM_STREAM_RESET,
	KM_STREAM_CLOSED,       /* the other side ended it in order */
	KM_STREAM_TLS_PROTOCOL, /* it speaks no TLS, or too old a one */
	KM_STREAM_TLS_VERIFY,   /* the certificate is not right */
	KM_STREAM_SLOW,         /* it takes nothing: the write queue is full */
	KM_STREAM_SYSTEM,       /* something on this side */
};

struct km_stream_failure {
	enum km_stream_reason reason;
	int err;          /* KM_ERR_* */
	int system_errno; /* 0 if none */
	/* For people, with the foreign parts escaped; for TLS_VERIFY also the SHA-256 to pin. */
	char text[KM_TLS_FAILURE_SIZE];
};

struct km_stream_options {
	const char *host; /* a name or an address in digits; borrowed for the call */
	uint16_t port;
	struct km_tls_roots *tls_roots; /* NULL: plain TCP */
	const uint8_t *pin;             /* SHA-256 of the only right certificate, or NULL */
	int64_t timeout_us;             /* for look-up, connecting and handshake together */
	int receive_buffer_bytes;       /* of the socket; 0: the system's */
	size_t write_max_bytes;         /* of the queue */
};

struct km_stream_events {
	/* Ready for reading and writing. */
	void (*on_open)(void *context);
	/* It did not come about, or sending failed. Once; see km_stream_failure. */
	void (*on_failed)(void *context);
	/* Only while km_stream_set_reading is on: read until KM_ERR_AGAIN. */
	void (*on_readable)(void *context);
};

struct km_stream;

/*
 * Begin to connect. Callbacks come from the loop, never from a call of ours; each may destroy the
 * stream. events, context and tls_roots must outlive it.
 * Returns 0, KM_ERR_RANGE (host), KM_ERR_MEMORY or KM_ERR_SYS.
 */
KM_MUST_USE int km_stream_create(struct km_loop *loop, const struct km_stream_options *options,
    const struct km_stream_events *events, void *context, struct km_stream **ret_stream);

/* Close without waiting; what is still queued is lost. NULL is fine. */
void km_stream_destroy(struct km_stream *stream);

/*
 * Read what is there, without blocking. Returns 0 with *ret_count > 0; KM_ERR_AGAIN (also before
 * on_open); or, for good, KM_ERR_CLOSED, KM_ERR_SYS or KM_ERR_CRYPTO (km_stream_failure tells
 * more). on_failed is not called for what a read has told.
 */
KM_MUST_USE int km_stream_read(
    struct km_stream *stream, void *ret_data, size_t size, size_t *ret_count);

/*
 * Send all of it, now or later. Returns 0; KM_ERR_LIMIT (more than the queue takes: nothing of it
 * was sent, and the stream should be given up); KM_ERR_MEMORY; KM_ERR_STATE (not open) or
 * KM_ERR_CLOSED (it has failed).
 */
KM_MUST_USE int km_stream_write(struct km_stream *stream, struct km_bytes data);

/*
 * Say that nothing more will be written; reading goes on, up to the other side's end. Only over
 * TLS, and only when the queue is empty (else KM_ERR_STATE). Other results as of a write.
 */
KM_MUST_USE int km_stream_end_writing(struct km_stream *stream);

/* Bytes that wait in the queue. */
size_t km_stream_queued_bytes(const struct km_stream *stream);

/* Whether arriving data calls on_readable; off at first. */
void km_stream_set_reading(struct km_stream *stream, bool is_reading);

/* The socket, borrowed, for options and counters: the stream watches it itself. -1 before open. */
int km_stream_fd(const struct km_stream *stream);

/* Both ends of the connection, once open; else the result is KM_ERR_STATE. */
KM_MUST_USE int km_stream_addresses(
    const struct km_stream *stream, struct km_address *ret_local, struct km_address *ret_peer);

/* As km_tls_peer; false without TLS. Also in on_failed, for a certificate that was refused. */
bool km_stream_tls_peer(const struct km_stream *stream, struct km_tls_peer *ret_peer);

/* The last failure; reason is KM_STREAM_NO_REASON if there was none. Lives as long as stream. */
const struct km_stream_failure *km_stream_failure(const struct km_stream *stream);

/* "refused", "tls-verify", ...: for JSON and logs. Static. */
const char *km_stream_reason_name(enum km_stream_reason reason);

#endif
