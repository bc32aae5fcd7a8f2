/*
 * A set of TCP or UDP ports, as facts write it: "1-1024,8080,8443".
 */
#ifndef KM_JUDGE_PORT_SET_H
#define KM_JUDGE_PORT_SET_H

#include "base/buf.h"
#include "base/error.h"

#include <stdbool.h>

struct km_port_set {
	uint8_t bits[65536 / 8];
};

/*
 * Add the ports of the text: numbers and ranges, separated by commas or spaces. What came before a
 * fault has been added. Returns 0 or KM_ERR_FORMAT.
 */
KM_MUST_USE int km_port_set_add(struct km_port_set *set, struct km_bytes text);

bool km_port_set_has(const struct km_port_set *set, unsigned port);

/* As text. The buffer says if it did not fit. */
void km_port_set_write(const struct km_port_set *set, struct km_buf *text);

#endif
