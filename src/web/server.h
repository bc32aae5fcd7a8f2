/*
 * The HTTPS server: TLS, HTTP/1.1 and WebSocket on the process's loop. The only module that knows
 * libwebsockets; what it is for and who may have it is decided elsewhere.
 *
 * TLS 1.2 and 1.3 with the suites that CRYPTREC recommends, ALPN http/1.1 only. Bounded in
 * everything: connections (also per peer), header and body sizes, and time: a connection that is
 * neither answered nor moves bytes for a while is closed. Every answer carries the security
 * headers, none a banner.
 */
#ifndef KM_WEB_SERVER_H
#define KM_WEB_SERVER_H

#include "base/buf.h"
#include "base/cidr.h"
#include "io/loop.h"
#include "web/parcel.h"
#include "web/request.h"

struct km_server;
struct km_server_tls; /* web/server_tls */
struct km_exchange;   /* a request and its answer */
struct km_socket;     /* a WebSocket */

struct km_server_config {
	const char *address; /* numeric, "::" takes IPv4 too */
	uint16_t port;
	const struct km_cidr_list *allow_from; /* copied; others are not answered, nor given TLS */
	struct km_server_tls *tls; /* outlives the server; its certificate may be replaced */
	/* What it has now: the library wants to see one at the start. */
	struct km_bytes certificate_pem;
	struct km_bytes private_key_pem;
	size_t connections_max;
	size_t connections_per_peer_max;
};

struct km_server_events {
	/* A whole request. Answer now or later; see km_server_exchange_answer. */
	void (*on_request)(void *context, struct km_exchange *exchange);
	/* May this handshake open a WebSocket? Returns 0 or the HTTP status of the refusal. */
	unsigned (*on_socket_asked)(void *context, const struct km_request *request);
	/* It is open; `request` is borrowed until return. */
	void (*on_socket_open)(
	    void *context, struct km_socket *socket, const struct km_request *request);
};

/*
 * Listen. `events` and `context` outlive the server; the rest is copied.
 * Returns 0, KM_ERR_CONFIG (address, certificate or key), KM_ERR_MEMORY or KM_ERR_SYS (errno:
 * listening).
 */
KM_MUST_USE int km_server_create(struct km_loop *loop, const struct km_server_config *config,
    const struct km_server_events *events, void *context, struct km_server **ret_server);

/* Close all and free; runs the loop for a moment so that handles can close. NULL is fine. */
void km_server_destroy(struct km_server *server);

/* --- a request and its answer --- */

const struct km_request *km_server_exchange_request(const struct km_exchange *exchange);

/*
 * Whose it is. on_gone is called once when the exchange ends, finished or not; the pointer is
 * invalid from then on.
 */
void km_server_exchange_set_owner(
    struct km_exchange *exchange, void *context, void (*on_gone)(void *context));

#define KM_RESPONSE_HEADERS_MAX 6

struct km_response {
	unsigned status;
	const char *content_type;  /* NULL: none */
	const char *cache_control; /* NULL: no-store */
	struct {
		const char *name; /* lower case, with its colon */
		const char *value;
	} headers[KM_RESPONSE_HEADERS_MAX];
	size_t header_count;
	/* The body, one of: bytes (taken over), static bytes, or `size` bytes that will be pushed.
	 */
	struct km_buf body;
	struct km_bytes fixed;
	bool is_pushed;
	uint64_t size;
	/* is_pushed: another piece is welcome. Called once after each, and at first. */
	void (*on_wanted)(void *context);
	void *on_wanted_context;
};

/* Answer; once. Takes the body. Strings are used up before return. */
void km_server_exchange_answer(struct km_exchange *exchange, struct km_response *response);

/* The next piece of a pushed body. Takes the bytes and leaves piece empty. */
void km_server_exchange_push(struct km_exchange *exchange, struct km_buf *piece);

/* It cannot be finished: cut the connection, so that the client sees that bytes are missing. */
void km_server_exchange_abort(struct km_exchange *exchange);

/* --- WebSocket --- */

/* on_gone as for an exchange. */
void km_server_socket_set_owner(
    struct km_socket *socket, void *context, void (*on_gone)(void *context));

/*
 * Send a message, now or later; takes a reference of its own. Returns 0 or KM_ERR_LIMIT: the queue
 * is full (KM_PARCEL_QUEUE_MAX) or the socket closing, nothing was queued.
 */
KM_MUST_USE int km_server_socket_send(struct km_socket *socket, struct km_parcel *parcel);

/* Messages queued and not yet handed to the kernel. */
size_t km_server_socket_queued(const struct km_socket *socket);

/* Close with a status [RFC 6455 7.4.1] after what is queued; on_gone follows. */
void km_server_socket_close(struct km_socket *socket, unsigned status, const char *reason);

#endif
