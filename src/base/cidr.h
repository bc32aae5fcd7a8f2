/*
 * Internet addresses and blocks of them as values: "192.0.2.0/24", "2001:db8::/32" [RFC 4632 3.1,
 * RFC 4291 2.3]. For lists of who may come. [IPA a02-2]
 *
 * Addresses are 16 bytes; IPv4 is kept as mapped into IPv6 [RFC 4291 2.5.5.2], so that a client
 * that comes through a socket of both families is the same client.
 */
#ifndef KM_BASE_CIDR_H
#define KM_BASE_CIDR_H

#include "base/buf.h"

#define KM_CIDR_ADDRESS_BYTES 16
#define KM_CIDR_LIST_MAX      64 /* blocks of one list */
#define KM_CIDR_TEXT_SIZE     56 /* "v6/128" and the NUL */

struct km_cidr {
	uint8_t address[KM_CIDR_ADDRESS_BYTES];
	uint8_t bits; /* that count, 0 to 128; those of an IPv4 block: 96 more than written */
};

/* A list with is_any holds every address; one without blocks holds none. */
struct km_cidr_list {
	struct km_cidr blocks[KM_CIDR_LIST_MAX];
	size_t count;
	bool is_any;
};

/*
 * An address in digits, IPv4 or IPv6, without brackets and scope. Returns 0 or KM_ERR_FORMAT.
 */
KM_MUST_USE int km_cidr_parse_address(
    struct km_bytes text, uint8_t ret_address[static KM_CIDR_ADDRESS_BYTES]);

/*
 * A block; an address alone is a block of one. Bits behind the prefix must be zero, as otherwise it
 * is not clear what was meant. KM_ERR_FORMAT with ret_fault (static text) that says what would be
 * right; ret_fault may be NULL.
 */
KM_MUST_USE int km_cidr_parse(
    struct km_bytes text, struct km_cidr *ret_cidr, const char **ret_fault);

/*
 * A list: blocks separated by commas or spaces, or the word "any". An empty text is an empty list.
 * On KM_ERR_FORMAT and KM_ERR_LIMIT `error` (may be NULL) gets a sentence that names the block.
 */
KM_MUST_USE int km_cidr_parse_list(
    struct km_bytes text, struct km_cidr_list *ret_list, struct km_buf *error);

/* As it is written usually: "192.0.2.0/24", without the prefix for a block of one. */
void km_cidr_write(const struct km_cidr *cidr, char ret_text[static KM_CIDR_TEXT_SIZE]);

/*
 * Whether the block, or one of the list, holds the address. A block of IPv6 never holds an IPv4
 * address, whatever its size: "::/0" is all of IPv6.
 */
bool km_cidr_has(const struct km_cidr *cidr, const uint8_t address[static KM_CIDR_ADDRESS_BYTES]);
bool km_cidr_list_has(
    const struct km_cidr_list *list, const uint8_t address[static KM_CIDR_ADDRESS_BYTES]);

/* 127.0.0.0/8 and ::1: this machine itself. */
bool km_cidr_is_loopback(const uint8_t address[static KM_CIDR_ADDRESS_BYTES]);

/*
 * The network that one subscriber has, to count tries by: an IPv4 address as it is, of an IPv6
 * address the first 64 bits, since everybody has 2^64 addresses to come from. [RFC 6177 2]
 */
void km_cidr_subscriber(const uint8_t address[static KM_CIDR_ADDRESS_BYTES],
    uint8_t ret_network[static KM_CIDR_ADDRESS_BYTES]);

#endif
