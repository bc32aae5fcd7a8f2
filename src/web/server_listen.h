/*
 * The listening socket of the server, and who connects to it.
 */
#ifndef KM_WEB_SERVER_LISTEN_H
#define KM_WEB_SERVER_LISTEN_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KM_SERVER_PEER_SIZE 64

/*
 * Listen on a numeric address ("::" takes IPv4 too). Returns 0,
 * KM_ERR_CONFIG (the address) or KM_ERR_SYS (errno: socket, bind or listen).
 */
KM_MUST_USE int km_server_listen_open(const char *address, uint16_t port, int *ret_fd);

/*
 * Accept one connection, non-blocking and without delay of small writes; ret_peer is the client's
 * address without its port. Returns 0, KM_ERR_AGAIN (nobody waits) or KM_ERR_SYS.
 */
KM_MUST_USE int km_server_listen_accept(
    int listen_fd, int *ret_fd, char ret_peer[static KM_SERVER_PEER_SIZE]);

/* Whether the client of a connection has closed its side, also behind input that nobody reads. */
bool km_server_listen_has_hung_up(int fd);

#endif
