#include "auditor/port_list.h"

enum kind {
	KIND_CAMERA,
	KIND_OTHER,
	KIND_PRINTER,
};

static const struct km_port_list_row rows[] = {
#define KM_PORT(port, KIND, HINT, text)                                                            \
	{ .number = (port),                                                                        \
		.is_camera = KIND_##KIND == KIND_CAMERA,                                           \
		.is_silent = KIND_##KIND == KIND_PRINTER,                                          \
		.hint = KM_QUESTION_##HINT },
#include "auditor/ports.tbl"
#undef KM_PORT
};

const struct km_port_list_row *km_port_list_rows(size_t *ret_count)
{
	*ret_count = KM_COUNT(rows);
	return rows;
}

const struct km_port_list_row *km_port_list_find(uint16_t number)
{
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		if (rows[i].number == number) {
			return &rows[i];
		}
	}
	return NULL;
}

#define LONGEST_PIECE 12 /* ",65534-65535" */

void km_port_list_write(const uint16_t *ports, size_t count, struct km_buf *buf)
{
	for (size_t i = 0; i < count;) {
		size_t last = i;
		const char *comma = i > 0 ? "," : "";

		while (last + 1 < count && ports[last + 1] == ports[last] + 1) {
			last++;
		}
		if (buf->max - buf->size < LONGEST_PIECE + sizeof(",...")) {
			km_buf_add_text(buf, ",...");
			return;
		}
		if (last > i) {
			km_buf_add_format(buf, "%s%u-%u", comma, ports[i], ports[last]);
		} else {
			km_buf_add_format(buf, "%s%u", comma, ports[i]);
		}
		i = last + 1;
	}
}
