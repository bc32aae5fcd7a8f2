/*
 * The hardware address of a device on the recorder's own network, from the kernel's table of
 * neighbours (IPv4). Devices behind a router have none there.
 */
#ifndef KM_AUDITOR_NEIGHBOUR_H
#define KM_AUDITOR_NEIGHBOUR_H

#include "io/address.h"

#define KM_NEIGHBOUR_TABLE "/proc/net/arp"

/* KM_ERR_NOT_FOUND, or KM_ERR_SYS (the table cannot be read). */
KM_MUST_USE int km_neighbour_find(
    const char *table, const struct km_address *address, uint8_t ret_mac[static 6]);

/* The same from the table's text. */
KM_MUST_USE int km_neighbour_parse(
    struct km_bytes text, const struct km_address *address, uint8_t ret_mac[static 6]);

#endif
