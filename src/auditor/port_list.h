/*
 * The ports of ports.tbl, and lists of ports as text.
 */
#ifndef KM_AUDITOR_PORT_LIST_H
#define KM_AUDITOR_PORT_LIST_H

#include "base/buf.h"
#include "proto/recognise.h"

struct km_port_list_row {
	uint16_t number;
	bool is_camera; /* usual for cameras */
	bool is_silent; /* nothing is ever sent to it */
	enum km_question hint;
};

/* The row; NULL for ports that are not in the table. Static. */
const struct km_port_list_row *km_port_list_find(uint16_t number);

/* The table, by number. Static. */
const struct km_port_list_row *km_port_list_rows(size_t *ret_count);

/* Append numbers that go up as "21-23,80"; ends in ",..." if it would not fit. */
void km_port_list_write(const uint16_t *ports, size_t count, struct km_buf *buf);

#endif
