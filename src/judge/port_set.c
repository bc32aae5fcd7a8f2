#include "judge/port_set.h"

#define PORT_MAX 65535

bool km_port_set_has(const struct km_port_set *set, unsigned port)
{
	return port <= PORT_MAX && (set->bits[port / 8] >> (port % 8) & 1) != 0;
}

static int add_range(struct km_port_set *set, struct km_bytes text)
{
	struct km_bytes last = text;
	struct km_bytes first = km_bytes_split(&last, '-');
	bool is_range = first.size < text.size;
	uint64_t from = 0;
	uint64_t to = 0;

	if (km_bytes_parse_u64(first, PORT_MAX, &from) < 0) {
		return KM_ERR_FORMAT;
	}
	to = from;
	if (is_range && (km_bytes_parse_u64(last, PORT_MAX, &to) < 0 || to < from)) {
		return KM_ERR_FORMAT;
	}
	for (uint64_t port = from; port <= to; port++) {
		set->bits[port / 8] = (uint8_t)(set->bits[port / 8] | 1 << (port % 8));
	}
	return 0;
}

int km_port_set_add(struct km_port_set *set, struct km_bytes text)
{
	int err = 0;

	while (err == 0 && text.size > 0) {
		size_t size = 0;

		while (size < text.size && text.data[size] != ',' && text.data[size] != ' ') {
			size++;
		}
		if (size > 0) {
			err = add_range(set, km_bytes_slice(text, 0, size));
		}
		text = km_bytes_after(text, size < text.size ? size + 1 : size);
	}
	return err;
}

void km_port_set_write(const struct km_port_set *set, struct km_buf *text)
{
	bool is_first = true;

	for (unsigned port = 0; port <= PORT_MAX; port++) {
		unsigned last = port;

		if (!km_port_set_has(set, port)) {
			continue;
		}
		while (km_port_set_has(set, last + 1)) {
			last++;
		}
		km_buf_add_format(text, "%s%u", is_first ? "" : ",", port);
		if (last > port) {
			km_buf_add_format(text, "-%u", last);
		}
		is_first = false;
		port = last;
	}
}
