/*
 * Sockets that listen, from the kernel's tables: /proc/net/{tcp,tcp6,udp,udp6,unix} [proc(5)]. Pure
 * reading of their lines; who owns the sockets is guard/hub_listeners' work. [IPA a22-2]
 */
#ifndef KM_GUARD_LISTENERS_H
#define KM_GUARD_LISTENERS_H

#include "base/bytes.h"
#include "base/error.h"

#define KM_LISTENERS_ADDRESS_SIZE 448 /* a path of 107 bytes, all of them escaped */

enum km_listeners_table {
	KM_LISTENERS_TCP,
	KM_LISTENERS_TCP6,
	KM_LISTENERS_UDP,
	KM_LISTENERS_UDP6,
	KM_LISTENERS_UNIX,
	KM_LISTENERS_TABLES,
};

struct km_listener {
	enum km_listeners_table table;
	char host[64];                           /* without brackets; "" for unix */
	uint16_t port;                           /* 0 for unix */
	char address[KM_LISTENERS_ADDRESS_SIZE]; /* "127.0.0.1:8443", "[::]:8443", or the path */
	bool has_uid;                            /* the table of unix sockets tells none */
	uint32_t uid;
	uint64_t inode;
};

/* "tcp6"; static. The file is /proc/net/ and this. */
const char *km_listeners_name(enum km_listeners_table table);

/*
 * One line of a table. Returns 0; KM_ERR_NOT_FOUND: a socket that does not listen (of UDP: one that
 * is connected, which takes from its peer only); KM_ERR_FORMAT: the heading, or nothing known.
 */
KM_MUST_USE int km_listeners_parse(
    enum km_listeners_table table, struct km_bytes line, struct km_listener *ret_listener);

/* The number in what a descriptor in /proc/PID/fd points to, "socket:[123]". KM_ERR_FORMAT. */
KM_MUST_USE int km_listeners_parse_link(struct km_bytes link, uint64_t *ret_inode);

#endif
