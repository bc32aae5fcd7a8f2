/*
 * Bytes that grow at the end, up to a maximum that is given at the start.
 *
 * Two kinds with one interface: on the heap (km_buf_init), or inside storage of the caller
 * (km_buf_init_fixed), which never allocates and is what proto/ writes into.
 *
 * A failed append sets `err` and changes nothing; all later ones do nothing. So a writer may append
 * many times and look at km_buf_error() once. Numbers are big-endian.
 */
#ifndef KM_BASE_BUF_H
#define KM_BASE_BUF_H

#include "base/bytes.h"

struct km_buf {
	uint8_t *data;
	size_t size;
	size_t capacity;
	size_t max;
	bool is_fixed;
	int err; /* 0, KM_ERR_LIMIT or KM_ERR_MEMORY */
};

/* An empty buffer on the heap that may grow to max bytes; allocates nothing yet. */
void km_buf_init(struct km_buf *buf, size_t max);

/* An empty buffer in the caller's storage, which must outlive it. */
void km_buf_init_fixed(struct km_buf *buf, void *storage, size_t size);

/* Free it. A zeroed struct and one already finished are fine. */
void km_buf_finish(struct km_buf *buf);

/* The same for secrets: wiped first. */
void km_buf_wipe(struct km_buf *buf);

/* Empty it, keep the storage, forget the error. */
void km_buf_clear(struct km_buf *buf);

struct km_bytes km_buf_view(const struct km_buf *buf);

/* 0, or the first error since the last clear. */
KM_MUST_USE int km_buf_error(const struct km_buf *buf);

/* Make room for count more bytes at the end. Returns 0 or the error that it also sets. */
int km_buf_reserve(struct km_buf *buf, size_t count);

/* Append count bytes without a value and return where they begin; NULL on failure. */
uint8_t *km_buf_grow(struct km_buf *buf, size_t count);

void km_buf_add(struct km_buf *buf, struct km_bytes view);
void km_buf_add_data(struct km_buf *buf, const void *data, size_t size);
void km_buf_add_text(struct km_buf *buf, const char *text);
void km_buf_add_format(struct km_buf *buf, const char *format, ...) KM_PRINTF(2, 3);
void km_buf_add_u8(struct km_buf *buf, unsigned value);
void km_buf_add_u16(struct km_buf *buf, unsigned value);
void km_buf_add_u24(struct km_buf *buf, uint32_t value);
void km_buf_add_u32(struct km_buf *buf, uint32_t value);
void km_buf_add_u64(struct km_buf *buf, uint64_t value);
void km_buf_add_i64(struct km_buf *buf, int64_t value);
void km_buf_add_varint(struct km_buf *buf, uint64_t value);
void km_buf_add_varint_signed(struct km_buf *buf, int64_t value);

/* Overwrite 4 bytes at offset, which must lie inside: for lengths known only afterwards. */
void km_buf_set_u32(struct km_buf *buf, size_t offset, uint32_t value);

/* Drop count bytes at the front (all, if count is larger). Moves the rest. */
void km_buf_consume(struct km_buf *buf, size_t count);

#endif
