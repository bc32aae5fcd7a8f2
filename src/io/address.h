/*
 * An IP address with a port: a plain value for sockets, never a name.
 */
#ifndef KM_IO_ADDRESS_H
#define KM_IO_ADDRESS_H

#include "base/bytes.h"

#include <netinet/in.h>
#include <sys/socket.h>

#define KM_ADDRESS_TEXT_SIZE 80 /* "[v6%scope]:port" and the NUL */

struct km_address {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} u;
	socklen_t size;
};

/*
 * An address in digits: IPv4 in four parts, or IPv6 with or without brackets, with %interface if
 * link-local. Returns 0 or KM_ERR_FORMAT (it may be a name).
 */
KM_MUST_USE int km_address_parse(
    struct km_bytes text, uint16_t port, struct km_address *ret_address);

/* From what a socket call gave. KM_ERR_UNSUPPORTED for families other than IPv4 and IPv6. */
KM_MUST_USE int km_address_from(
    const struct sockaddr *any, socklen_t size, struct km_address *ret_address);

uint16_t km_address_port(const struct km_address *address);
void km_address_set_port(struct km_address *address, uint16_t port);

/* "192.0.2.1:554", "[2001:db8::1]:554". */
void km_address_write(const struct km_address *address, char ret_text[static KM_ADDRESS_TEXT_SIZE]);

/* The same without the port and brackets. */
void km_address_write_host(
    const struct km_address *address, char ret_text[static KM_ADDRESS_TEXT_SIZE]);

/* The same host, whatever the ports; an IPv4 address mapped into IPv6 equals itself. */
bool km_address_is_same_host(const struct km_address *a, const struct km_address *b);

#endif
