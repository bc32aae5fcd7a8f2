#include "web/server_inside.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define CLOSE_US (3 * INT64_C(1000000)) /* after our goodbye */

/* Of lws_write; its header leaves this value out. */
#define WRITE_CLOSE ((enum lws_write_protocol)4)

static_assert(KM_PARCEL_HEADROOM >= LWS_PRE, "the library writes the framing there");

struct km_socket {
	struct km_connection *connection;
	struct km_parcel_queue queue;
	bool is_closing;
	bool is_close_sent;
	unsigned close_status;
	char close_reason[64];
	void *owner;
	void (*on_gone)(void *context);
};

int km_server_socket_create(struct km_connection *connection)
{
	struct km_socket *socket = calloc(1, sizeof(*socket));

	if (socket == NULL) {
		return -1;
	}
	socket->connection = connection;
	connection->socket = socket;
	return 0;
}

void km_server_socket_destroy(struct km_connection *connection)
{
	struct km_socket *socket = connection->socket;

	if (socket == NULL) {
		return;
	}
	connection->socket = NULL;
	if (socket->on_gone != NULL) {
		socket->on_gone(socket->owner);
	}
	for (struct km_parcel *parcel = km_parcel_queue_take(&socket->queue); parcel != NULL;
	     parcel = km_parcel_queue_take(&socket->queue)) {
		km_parcel_unref(parcel);
	}
	free(socket);
}

int km_server_socket_write_close(struct km_connection *connection)
{
	struct km_socket *socket = connection->socket;
	uint8_t *to = connection->server->slice + LWS_PRE;
	struct km_buf frame;

	if (socket->is_close_sent) {
		return 0;
	}
	socket->is_close_sent = true;
	km_buf_init_fixed(&frame, to, 2 + sizeof(socket->close_reason));
	km_buf_add_u16(&frame, socket->is_closing ? socket->close_status : 1000);
	km_buf_add_text(&frame, socket->close_reason);
	km_server_set_deadline(connection, CLOSE_US);
	return lws_write(connection->wsi, to, frame.size, WRITE_CLOSE) < 0 ? -1 : 0;
}

/* What the kernel does not take, the library keeps and sends by itself. */
static int write_parcel(struct km_connection *connection, const struct km_parcel *parcel)
{
	return lws_write(connection->wsi, parcel->data, parcel->size,
	    parcel->is_text ? LWS_WRITE_TEXT : LWS_WRITE_BINARY);
}

int km_server_socket_on_writable(struct km_connection *connection)
{
	struct km_socket *socket = connection->socket;
	struct km_parcel *parcel = NULL;
	int written = 0;

	if (socket == NULL) {
		return -1;
	}
	parcel = km_parcel_queue_take(&socket->queue);
	if (parcel == NULL) {
		connection->deadline_us = INT64_MAX;
		return socket->is_closing ? km_server_socket_write_close(connection) : 0;
	}
	written = write_parcel(connection, parcel);
	km_parcel_unref(parcel);
	if (written < 0) {
		return -1;
	}
	km_server_set_deadline(connection, KM_SERVER_PROGRESS_US);
	lws_callback_on_writable(connection->wsi);
	return 0;
}

void km_server_socket_set_owner(
    struct km_socket *socket, void *context, void (*on_gone)(void *context))
{
	socket->owner = context;
	socket->on_gone = on_gone;
}

/*
 * Nothing waits: write now. Asking the library for its callback first would cost a turn of the loop
 * and some calls of epoll_ctl for each picture.
 */
static void send_now(struct km_connection *connection, const struct km_parcel *parcel)
{
	if (write_parcel(connection, parcel) < 0) {
		connection->is_doomed = true; /* it cannot be closed outside of its callbacks */
		lws_callback_on_writable(connection->wsi);
	} else if (lws_partial_buffered(connection->wsi)) {
		km_server_set_deadline(connection, KM_SERVER_PROGRESS_US);
	}
}

int km_server_socket_send(struct km_socket *socket, struct km_parcel *parcel)
{
	struct km_connection *connection = socket->connection;
	bool is_idle = socket->queue.count == 0;
	int err = 0;

	if (socket->is_closing) {
		return KM_ERR_LIMIT;
	}
	if (is_idle && !connection->is_doomed && !lws_partial_buffered(connection->wsi)) {
		send_now(connection, parcel);
		return 0;
	}
	err = km_parcel_queue_put(&socket->queue, parcel);
	if (err < 0) {
		return err;
	}
	if (is_idle) {
		km_server_set_deadline(connection, KM_SERVER_PROGRESS_US);
	}
	lws_callback_on_writable(connection->wsi);
	return 0;
}

size_t km_server_socket_queued(const struct km_socket *socket)
{
	return socket->queue.count;
}

void km_server_socket_close(struct km_socket *socket, unsigned status, const char *reason)
{
	if (socket->is_closing) {
		return;
	}
	socket->is_closing = true;
	socket->close_status = status;
	(void)snprintf(socket->close_reason, sizeof(socket->close_reason), "%s", reason);
	lws_callback_on_writable(socket->connection->wsi);
}
