#include "web/server_inside.h"

#include "web/server_body.h"
#include "web/server_head.h"
#include "web/server_listen.h"
#include "web/server_read.h"
#include "web/server_tls.h"

#include <assert.h>
#include <errno.h>
#include <libwebsockets.h>
#include <sys/socket.h>
#include <uv.h>

#define SUBPROTOCOL      "komainu-live"
#define HEADER_MAX       8192                /* bytes of all request headers together */
#define BODY_DROPPED_MAX ((uint64_t)1 << 20) /* too large, but read so that the answer arrives */
#define ACCEPT_BATCH     64                  /* per turn of the loop */
#define RECEIVED_MAX     1024                /* bytes of a WebSocket message; none is expected */
#define PICTURE_MAX      ((size_t)1 << 20)   /* bytes of a WebSocket message that leave at once */

/* Time-outs of a connection, from the last thing that it did for us. */
#define REQUEST_US (15 * INT64_C(1000000))  /* TLS and headers, or idle between requests */
#define BODY_US    (20 * INT64_C(1000000))  /* the whole body */
#define ANSWER_US  (120 * INT64_C(1000000)) /* our own part: a bound, never reached */
#define SWEEP_US   (1 * INT64_C(1000000))

struct km_exchange {
	struct km_connection *connection;
	struct km_request request;
	struct km_buf body;
	uint64_t body_wanted;
	uint64_t body_seen;
	unsigned refused;   /* status to answer with once the body was read and dropped; 0: none */
	bool is_dispatched; /* on_request was called */
	bool is_answered;
	bool is_head;
	bool are_headers_sent;
	bool must_close; /* after the answer */
	struct km_buf headers;
	struct km_server_body answer;
	bool is_wanted; /* on_wanted was called and no piece has come since */
	void (*on_wanted)(void *context);
	void *on_wanted_context;
	void *owner;
	void (*on_gone)(void *context);
};

int64_t km_server_now_us(const struct km_server *server)
{
	return km_loop_now_us(server->loop);
}

void km_server_set_deadline(struct km_connection *connection, int64_t span_us)
{
	connection->deadline_us = km_server_now_us(connection->server) + span_us;
}

/* --- the end of things --- */

static void end_exchange(struct km_connection *connection)
{
	struct km_exchange *exchange = connection->exchange;

	if (exchange == NULL) {
		return;
	}
	connection->exchange = NULL;
	if (exchange->on_gone != NULL) {
		exchange->on_gone(exchange->owner);
	}
	km_server_body_finish(&exchange->answer);
	km_buf_finish(&exchange->headers);
	km_buf_wipe(&exchange->body);
	explicit_bzero(&exchange->request, sizeof(exchange->request));
	free(exchange);
}

static void end_connection(struct km_connection *connection)
{
	end_exchange(connection);
	km_server_socket_destroy(connection);
	connection->wsi = NULL;
	connection->is_used = false;
}

/* --- between request and answer --- */

/*
 * Ask for on_http_writable. While an answer is in the making we do not listen for input: a client
 * that hangs up keeps the socket readable, and the library would come round for it without end. But
 * where it does not listen it does not write either, so input is on while there is something to
 * send; on_sweep looks for clients that have hung up meanwhile.
 */
static void resume_writing(struct km_connection *connection)
{
	lws_rx_flow_control(connection->wsi, 1);
	lws_callback_on_writable(connection->wsi);
}

static void dispatch(struct km_connection *connection)
{
	struct km_server *server = connection->server;
	struct km_exchange *exchange = connection->exchange;

	exchange->is_dispatched = true;
	exchange->request.body = km_buf_view(&exchange->body);
	km_server_set_deadline(connection, ANSWER_US);
	lws_rx_flow_control(connection->wsi, 0);
	server->events->on_request(server->context, exchange);
}

/* --- writing the answer --- */

static int write_headers(struct km_connection *connection)
{
	struct km_exchange *exchange = connection->exchange;
	struct km_server *server = connection->server;
	size_t size = exchange->headers.size;

	memcpy(server->slice + LWS_PRE, exchange->headers.data, size);
	exchange->are_headers_sent = true;
	return lws_write(connection->wsi, server->slice + LWS_PRE, size, LWS_WRITE_HTTP_HEADERS) < 0
		   ? -1
		   : 0;
}

/* Wish for the next piece, if there is room for it and one is to come. */
static void want_piece(struct km_exchange *exchange)
{
	if (exchange->on_wanted != NULL && !exchange->is_wanted &&
	    km_server_body_wants(&exchange->answer)) {
		exchange->is_wanted = true;
		exchange->on_wanted(exchange->on_wanted_context);
	}
}

/* The answer is out: make ready for the next request. Returns what the callback must return. */
static int finish_exchange(struct km_connection *connection)
{
	bool must_close = connection->exchange->must_close;

	end_exchange(connection);
	if (must_close) {
		return -1;
	}
	km_server_set_deadline(connection, REQUEST_US);
	return lws_http_transaction_completed(connection->wsi) != 0 ? -1 : 0;
}

/* Any failure here is -1: another value would leave a dead socket in the loop for ever. */
static int on_http_writable(struct km_connection *connection)
{
	struct km_exchange *exchange = connection->exchange;
	struct km_server *server = connection->server;
	size_t size = 0;

	if (exchange == NULL || !exchange->is_answered) {
		return 0;
	}
	km_server_set_deadline(connection, KM_SERVER_PROGRESS_US);
	if (!exchange->are_headers_sent) {
		if (write_headers(connection) < 0) {
			return -1;
		}
		if (exchange->answer.left == 0) {
			return finish_exchange(connection);
		}
		lws_callback_on_writable(connection->wsi);
		return 0;
	}
	size = km_server_body_take(&exchange->answer, server->slice + LWS_PRE, KM_SERVER_SLICE_MAX);
	if (size == 0) {
		lws_rx_flow_control(connection->wsi, 0);
		km_server_set_deadline(connection, ANSWER_US);
		want_piece(exchange); /* km_server_exchange_push resumes */
		return 0;
	}
	if (lws_write(connection->wsi, server->slice + LWS_PRE, size,
		exchange->answer.left == 0 ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP) < 0) {
		return -1;
	}
	if (exchange->answer.left == 0) {
		return finish_exchange(connection);
	}
	lws_callback_on_writable(connection->wsi);
	want_piece(exchange);
	return 0;
}

const struct km_request *km_server_exchange_request(const struct km_exchange *exchange)
{
	return &exchange->request;
}

void km_server_exchange_set_owner(
    struct km_exchange *exchange, void *context, void (*on_gone)(void *context))
{
	exchange->owner = context;
	exchange->on_gone = on_gone;
}

void km_server_exchange_answer(struct km_exchange *exchange, struct km_response *response)
{
	bool has_no_body = exchange->is_head || response->status == 304;

	assert(!exchange->is_answered);
	if (!response->is_pushed) {
		response->size = response->body.size + response->fixed.size;
	}
	km_buf_init(&exchange->headers, KM_SERVER_SLICE_MAX);
	km_server_head_write(response, exchange->must_close, &exchange->headers);
	exchange->is_answered = true;
	if (km_buf_error(&exchange->headers) < 0) {
		km_buf_finish(&response->body);
		km_server_exchange_abort(exchange);
		return;
	}
	exchange->answer.left = has_no_body ? 0 : response->size;
	exchange->answer.fixed = response->fixed;
	if (response->is_pushed) {
		exchange->on_wanted = response->on_wanted;
		exchange->on_wanted_context = response->on_wanted_context;
	} else if (response->body.size > 0 && !has_no_body) {
		km_server_body_push(&exchange->answer, &response->body);
	}
	km_buf_finish(&response->body);
	resume_writing(exchange->connection);
}

void km_server_exchange_push(struct km_exchange *exchange, struct km_buf *piece)
{
	km_server_body_push(&exchange->answer, piece);
	exchange->is_wanted = false;
	resume_writing(exchange->connection);
}

void km_server_exchange_abort(struct km_exchange *exchange)
{
	exchange->connection->is_doomed = true;
	resume_writing(exchange->connection);
}

/* Refuse at once and close: the rest of the request is not read. */
static int refuse(struct km_connection *connection, unsigned status)
{
	struct km_response response = {
		.status = status,
		.content_type = "application/json",
		.fixed = KM_BYTES("{\"error\":{\"code\":\"invalid\",\"message\":"
				  "\"the request is malformed or too large\"}}"),
	};

	connection->exchange->must_close = true;
	connection->exchange->is_dispatched = true;
	km_server_exchange_answer(connection->exchange, &response);
	if (on_http_writable(connection) == 0 && connection->exchange != NULL) {
		(void)on_http_writable(connection);
	}
	return -1;
}

/* --- callbacks of the library --- */

static struct km_exchange *new_exchange(struct km_connection *connection)
{
	struct km_exchange *exchange = calloc(1, sizeof(*exchange));

	if (exchange != NULL) {
		exchange->connection = connection;
		memcpy(exchange->request.peer, connection->peer, sizeof(connection->peer));
		km_buf_init(&exchange->body, KM_REQUEST_BODY_MAX);
		end_exchange(connection);
		connection->exchange = exchange;
	}
	return exchange;
}

static int on_http(struct lws *wsi, struct km_connection *connection)
{
	struct km_exchange *exchange = new_exchange(connection);
	unsigned status = 0;

	if (exchange == NULL) {
		return -1;
	}
	/* The library's own time-out would cut long downloads; ours looks at progress. */
	lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
	status = km_server_read(wsi, &exchange->request, &exchange->body_wanted);
	exchange->is_head = exchange->request.method == KM_METHOD_HEAD;
	if (status != 0) {
		return refuse(connection, status);
	}
	/* The library tells the end of a POST's body even if it has none, and wants input on then.
	 */
	if (exchange->body_wanted == 0 && exchange->request.method != KM_METHOD_POST) {
		dispatch(connection);
		return 0;
	}
	if (exchange->body_wanted > BODY_DROPPED_MAX) {
		return refuse(connection, HTTP_STATUS_REQ_ENTITY_TOO_LARGE);
	}
	if (exchange->body_wanted > KM_REQUEST_BODY_MAX) {
		exchange->refused = HTTP_STATUS_REQ_ENTITY_TOO_LARGE;
	}
	km_server_set_deadline(connection, BODY_US);
	return 0;
}

static int on_body(struct km_connection *connection, const void *data, size_t size)
{
	struct km_exchange *exchange = connection->exchange;

	if (exchange == NULL || exchange->is_dispatched ||
	    size > exchange->body_wanted - exchange->body_seen) {
		return -1;
	}
	exchange->body_seen += size;
	if (exchange->refused == 0) {
		km_buf_add_data(&exchange->body, data, size);
	}
	if (km_buf_error(&exchange->body) < 0) {
		return -1;
	}
	/* The deadline is for the whole body; the library would renew its own with each byte. */
	lws_set_timeout(connection->wsi, NO_PENDING_TIMEOUT, 0);
	return 0;
}

static int on_body_end(struct km_connection *connection)
{
	struct km_exchange *exchange = connection->exchange;

	if (exchange == NULL || exchange->is_dispatched) {
		return 0;
	}
	if (exchange->body_seen != exchange->body_wanted) {
		return -1;
	}
	lws_set_timeout(connection->wsi, NO_PENDING_TIMEOUT, 0);
	if (exchange->refused != 0) {
		return refuse(connection, exchange->refused);
	}
	dispatch(connection);
	return 0;
}

/* The handshake of a WebSocket is complete; nothing was answered yet. */
static int on_handshake(struct lws *wsi, struct km_connection *connection)
{
	const struct lws_protocols *protocol = lws_get_protocol(wsi);
	struct km_exchange *exchange = new_exchange(connection);
	unsigned status = 0;

	if (exchange == NULL) {
		return -1;
	}
	status = km_server_read(wsi, &exchange->request, &exchange->body_wanted);
	if (status == 0 && (protocol == NULL || strcmp(protocol->name, SUBPROTOCOL) != 0)) {
		status = HTTP_STATUS_BAD_REQUEST;
	}
	if (status == 0) {
		status = connection->server->events->on_socket_asked(
		    connection->server->context, &exchange->request);
	}
	return status != 0 ? refuse(connection, status) : 0;
}

static int on_established(struct km_connection *connection)
{
	struct km_server *server = connection->server;

	if (connection->exchange == NULL || km_server_socket_create(connection) < 0) {
		return -1;
	}
	connection->deadline_us = INT64_MAX;
	server->events->on_socket_open(
	    server->context, connection->socket, &connection->exchange->request);
	end_exchange(connection);
	return 0;
}

static int on_event(struct km_connection *connection, struct lws *wsi,
    enum lws_callback_reasons reason, void *in, size_t size)
{
	switch ((int)reason) {
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return connection->is_doomed ? -1 : on_http_writable(connection);
	case LWS_CALLBACK_HTTP:
		return on_http(wsi, connection);
	case LWS_CALLBACK_HTTP_BODY:
		return on_body(connection, in, size);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return on_body_end(connection);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return in != NULL && strcasecmp(in, "websocket") == 0 ? 0 : -1;
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return on_handshake(wsi, connection);
	case LWS_CALLBACK_ESTABLISHED:
		return on_established(connection);
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return connection->is_doomed ? -1 : km_server_socket_on_writable(connection);
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE: /* the library would answer it twice */
		return connection->socket == NULL ? -1
						  : (km_server_socket_write_close(connection), -1);
	case LWS_CALLBACK_RECEIVE:
		return size > RECEIVED_MAX ? -1 : 0;
	case LWS_CALLBACK_CLOSED:
	case LWS_CALLBACK_CLOSED_HTTP:
		end_exchange(connection);
		km_server_socket_destroy(connection);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		end_connection(connection);
		return 0;
	default:
		return 0;
	}
}

static int on_lws(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t size)
{
	struct km_connection *connection = wsi != NULL ? lws_get_opaque_user_data(wsi) : NULL;

	if (reason == LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS) {
		const struct km_server *server = lws_context_user(lws_get_context(wsi));

		return km_server_tls_configure(server->tls, user) < 0 ? -1 : 0;
	}
	/*
	 * A slot may have a new owner before the library tells the end of the one before, whose
	 * handshake failed while it was adopted.
	 */
	if (connection == NULL || !connection->is_used ||
	    (connection->wsi != NULL && connection->wsi != wsi)) {
		return reason == LWS_CALLBACK_HTTP ? -1 : 0;
	}
	connection->wsi = wsi;
	return on_event(connection, wsi, reason, in, size);
}

/* --- accepting --- */

/* A slot for this peer; NULL if there is none, or it has as many as it may. */
static struct km_connection *find_slot(struct km_server *server, const char *peer)
{
	struct km_connection *free_slot = NULL;
	size_t same = 0;

	for (size_t i = 0; i < server->connection_count; i++) {
		struct km_connection *connection = &server->connections[i];

		if (!connection->is_used) {
			free_slot = connection;
		} else if (strcmp(connection->peer, peer) == 0) {
			same++;
		}
	}
	return same < server->per_peer_max ? free_slot : NULL;
}

/* Takes the descriptor. */
static void adopt(struct km_server *server, int fd, const char *peer)
{
	struct km_connection *connection = find_slot(server, peer);
	lws_adopt_desc_t wish = {
		.vh = server->vhost,
		.type = LWS_ADOPT_SOCKET | LWS_ADOPT_HTTP | LWS_ADOPT_ALLOW_SSL,
		.fd.sockfd = fd,
		.opaque = connection,
	};

	if (connection == NULL) {
		(void)close(fd);
		return;
	}
	*connection = (struct km_connection){ .server = server, .is_used = true };
	(void)snprintf(connection->peer, sizeof(connection->peer), "%s", peer);
	km_server_set_deadline(connection, REQUEST_US);
	connection->wsi = lws_adopt_descriptor_vhost_via_info(&wish);
	if (connection->wsi == NULL) {
		end_connection(connection); /* the library has closed the descriptor */
	}
}

/* [IPA a02-2, b21-2] This machine itself always may: a mistake in the list can be repaired here. */
static bool may_connect(const struct km_server *server, const char *peer)
{
	uint8_t address[KM_CIDR_ADDRESS_BYTES];

	return km_cidr_parse_address(km_bytes_text(peer), address) == 0 &&
	       (km_cidr_is_loopback(address) || km_cidr_list_has(&server->allow_from, address));
}

static void on_connecting(void *context, unsigned events)
{
	struct km_server *server = context;
	char peer[KM_SERVER_PEER_SIZE];
	int fd = -1;

	(void)events;
	for (int i = 0; i < ACCEPT_BATCH; i++) {
		if (km_server_listen_accept(server->listen_fd, &fd, peer) < 0) {
			return;
		}
		if (may_connect(server, peer)) {
			adopt(server, fd, peer);
		} else {
			(void)close(fd);
		}
	}
}

/*
 * Close at once. Without the shutdown the library would first try to send what it has buffered, and
 * come round without end for a client that has hung up.
 */
static void cut(struct km_connection *connection)
{
	connection->deadline_us = INT64_MAX;
	(void)shutdown(lws_get_socket_fd(connection->wsi), SHUT_RDWR);
	lws_set_timeout(connection->wsi, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_SYNC);
}

static void on_sweep(void *context)
{
	struct km_server *server = context;
	int64_t now = km_server_now_us(server);

	for (size_t i = 0; i < server->connection_count; i++) {
		struct km_connection *connection = &server->connections[i];

		if (!connection->is_used || connection->wsi == NULL) {
			continue;
		}
		if (connection->deadline_us <= now ||
		    km_server_listen_has_hung_up(lws_get_socket_fd(connection->wsi))) {
			cut(connection);
		}
	}
}

/*
 * Without tx_packet_size the library would cut what is sent into pieces of the size of its receive
 * buffer, each with a TLS record, a system call and a turn of the loop of its own.
 */
static const struct lws_protocols protocols[] = {
	{ .name = "http", .callback = on_lws, .tx_packet_size = KM_SERVER_SLICE_MAX },
	{ .name = SUBPROTOCOL,
	    .callback = on_lws,
	    .rx_buffer_size = RECEIVED_MAX,
	    .tx_packet_size = PICTURE_MAX },
	{ 0 },
};

/* Live viewers are pinged, so that one whose machine vanished does not hold its slot. */
static const lws_retry_bo_t idle_policy = {
	.secs_since_valid_ping = 20,
	.secs_since_valid_hangup = 40,
};

static int start_library(struct km_server *server, const struct km_server_config *config)
{
	void *loops[1] = { km_loop_uv(server->loop) };
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN_SERVER,
		.protocols = protocols,
		.options = LWS_SERVER_OPTION_LIBUV | LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
			   LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT |
			   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME |
			   LWS_SERVER_OPTION_UV_NO_SIGSEGV_SIGFPE_SPIN,
		.foreign_loops = loops,
		.user = server,
		.gid = -1,
		.uid = -1,
		.max_http_header_data = HEADER_MAX,
		.max_http_header_pool = (unsigned short)server->connection_count,
		.timeout_secs = 15,
		.timeout_secs_ah_idle = 15,
		.keepalive_timeout = 15,
		.fd_limit_per_thread = (unsigned)server->connection_count + 16,
		.alpn = "http/1.1",
		.server_string = "",
		.retry_and_idle_policy = &idle_policy,
		.server_ssl_cert_mem = config->certificate_pem.data,
		.server_ssl_cert_mem_len = (unsigned)config->certificate_pem.size,
		.server_ssl_private_key_mem = config->private_key_pem.data,
		.server_ssl_private_key_mem_len = (unsigned)config->private_key_pem.size,
	};

	lws_set_log_level(0, NULL);
	server->lws = lws_create_context(&info);
	if (server->lws == NULL) {
		return KM_ERR_MEMORY;
	}
	server->vhost = lws_create_vhost(server->lws, &info);
	return server->vhost != NULL ? 0 : KM_ERR_CONFIG;
}

int km_server_create(struct km_loop *loop, const struct km_server_config *config,
    const struct km_server_events *events, void *context, struct km_server **ret_server)
{
	struct km_server *server = calloc(1, sizeof(*server));
	int err = KM_ERR_MEMORY;

	if (server == NULL) {
		return KM_ERR_MEMORY;
	}
	server->loop = loop;
	server->events = events;
	server->context = context;
	server->tls = config->tls;
	server->listen_fd = -1;
	server->per_peer_max = config->connections_per_peer_max;
	server->allow_from = *config->allow_from;
	server->connection_count = config->connections_max;
	server->connections = calloc(config->connections_max, sizeof(*server->connections));
	if (server->connections == NULL) {
		goto out;
	}
	err = start_library(server, config);
	if (err == 0) {
		err = km_timer_create(loop, on_sweep, server, &server->sweep);
	}
	if (err == 0) {
		err = km_server_listen_open(config->address, config->port, &server->listen_fd);
	}
	if (err == 0) {
		err =
		    km_watch_create(loop, server->listen_fd, on_connecting, server, &server->watch);
	}
	if (err == 0) {
		km_watch_set(server->watch, KM_LOOP_READ);
		km_timer_start(server->sweep, SWEEP_US, SWEEP_US);
		*ret_server = server;
		server = NULL;
	}
out:
	km_server_destroy(server);
	return err;
}

void km_server_destroy(struct km_server *server)
{
	int saved = errno;

	if (server == NULL) {
		return;
	}
	km_watch_destroy(server->watch);
	if (server->listen_fd >= 0) {
		(void)close(server->listen_fd);
	}
	if (server->sweep != NULL) {
		km_timer_destroy(server->sweep);
	}
	if (server->lws != NULL) {
		/* In two steps: its handles close on the loop in between. */
		lws_context_destroy(server->lws);
		for (int i = 0; i < 16; i++) {
			(void)uv_run(km_loop_uv(server->loop), UV_RUN_NOWAIT);
		}
	}
	free(server->connections);
	free(server);
	errno = saved;
}
