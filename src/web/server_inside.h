/*
 * What the HTTP server is inside: for server.c, which speaks HTTP, and server_socket.c, which
 * speaks WebSocket. Nobody else.
 */
#ifndef KM_WEB_SERVER_INSIDE_H
#define KM_WEB_SERVER_INSIDE_H

#include "io/loop.h"
#include "web/server.h"
#include "web/server_listen.h"

#include <libwebsockets.h>

/* Bytes handed to TLS at a time. */
#define KM_SERVER_SLICE_MAX 65536

/* No byte of what is to be sent could be sent for so long: the connection is cut. */
#define KM_SERVER_PROGRESS_US (30 * INT64_C(1000000))

/* A slot of the table; lives as long as its TCP connection. */
struct km_connection {
	struct km_server *server;
	struct lws *wsi;
	bool is_used;
	bool is_doomed; /* to be closed at its next event */
	char peer[KM_SERVER_PEER_SIZE];
	int64_t deadline_us; /* on the loop's clock; INT64_MAX: none */
	struct km_exchange *exchange;
	struct km_socket *socket;
};

struct km_server {
	struct km_loop *loop;
	const struct km_server_events *events;
	void *context;
	struct lws_context *lws;
	struct lws_vhost *vhost;
	int listen_fd;
	struct km_watch *watch;
	struct km_timer *sweep;
	size_t per_peer_max;
	struct km_cidr_list allow_from;
	struct km_connection *connections;
	size_t connection_count;
	struct km_server_tls *tls;
	uint8_t slice[LWS_PRE + KM_SERVER_SLICE_MAX];
};

/* On the loop's clock. */
int64_t km_server_now_us(const struct km_server *server);

/* From now on; the sweep cuts connections that are behind their deadline. */
void km_server_set_deadline(struct km_connection *connection, int64_t span_us);

/* --- server_socket.c: events of a connection that is a WebSocket, with their results --- */

/* Begin. Returns 0 or -1: no memory. */
int km_server_socket_create(struct km_connection *connection);

/* The library lets us write. Returns what the callback must return. */
int km_server_socket_on_writable(struct km_connection *connection);

/*
 * Say goodbye [RFC 6455 5.5.1]; the client closes then, or the sweep does. By hand, because the
 * library's own close cuts the connection before its frame has left.
 */
int km_server_socket_write_close(struct km_connection *connection);

/* The connection has gone: tell the owner, and free. */
void km_server_socket_destroy(struct km_connection *connection);

#endif
