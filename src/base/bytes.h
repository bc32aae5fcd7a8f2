/*
 * A view of bytes that somebody else owns: how everything from outside is passed around.
 *
 * A view is two words and is passed by value. It never owns, never ends with a NUL that one may
 * rely on, and is valid only as long as what it points into. data may be NULL when size is 0.
 */
#ifndef KM_BASE_BYTES_H
#define KM_BASE_BYTES_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct km_bytes {
	const uint8_t *data;
	size_t size;
};

/* A view of a string literal, without its NUL. */
#define KM_BYTES(literal)                                                                          \
	((struct km_bytes){ .data = (const uint8_t *)("" literal), .size = sizeof(literal) - 1 })

/* A view of an array. */
#define KM_BYTES_OF(array)                                                                         \
	((struct km_bytes){ .data = (const uint8_t *)(array), .size = sizeof(array) })

static inline struct km_bytes km_bytes_from(const void *data, size_t size)
{
	return (struct km_bytes){ .data = (const uint8_t *)data, .size = size };
}

/* A view of a string without its NUL; text may be NULL (an empty view). */
struct km_bytes km_bytes_text(const char *text);

/* Everything from offset on; empty if offset is past the end. */
static inline struct km_bytes km_bytes_after(struct km_bytes view, size_t offset)
{
	if (offset >= view.size) {
		return (struct km_bytes){ .data = NULL, .size = 0 };
	}
	return km_bytes_from(view.data + offset, view.size - offset);
}

/* At most count bytes from offset on; shorter (or empty) where the view ends: never fails. */
static inline struct km_bytes km_bytes_slice(struct km_bytes view, size_t offset, size_t count)
{
	struct km_bytes rest = km_bytes_after(view, offset);

	rest.size = rest.size > count ? count : rest.size;
	return rest;
}

bool km_bytes_is_equal(struct km_bytes a, struct km_bytes b);

/* The same, with ASCII letters of either case alike. */
bool km_bytes_is_equal_nocase(struct km_bytes a, struct km_bytes b);

bool km_bytes_has_prefix(struct km_bytes view, struct km_bytes prefix);
bool km_bytes_has_prefix_nocase(struct km_bytes view, struct km_bytes prefix);

/* Find a byte or a sequence. Returns its offset, or view.size if it is not there. */
size_t km_bytes_find(struct km_bytes view, uint8_t byte);
size_t km_bytes_find_seq(struct km_bytes view, struct km_bytes sequence);

/* Without the spaces, tabs, CRs and LFs at both ends. */
struct km_bytes km_bytes_trim(struct km_bytes view);

/*
 * Cut off what stands before the first `separator`, and move *rest behind it. Without a separator
 * the whole rest is returned and *rest becomes empty. Loop: while (rest.size > 0) { ... }.
 */
struct km_bytes km_bytes_split(struct km_bytes *rest, uint8_t separator);

/* The next line without its CRLF or LF; *rest moves behind it. */
struct km_bytes km_bytes_line(struct km_bytes *rest);

/*
 * A whole decimal number, digits only (no sign, no space), at most max.
 * Returns 0, KM_ERR_FORMAT (empty or another character) or KM_ERR_RANGE.
 */
KM_MUST_USE int km_bytes_parse_u64(struct km_bytes view, uint64_t max, uint64_t *ret_value);
KM_MUST_USE int km_bytes_parse_u32(struct km_bytes view, uint32_t max, uint32_t *ret_value);

/* A whole hexadecimal number without 0x, at most max. Errors as above. */
KM_MUST_USE int km_bytes_parse_hex(struct km_bytes view, uint64_t max, uint64_t *ret_value);

/*
 * Copy into a string of `size` bytes, NUL added. Returns 0, KM_ERR_LIMIT if it does not fit (then
 * ret_text is the empty string), or KM_ERR_FORMAT if a NUL stands in the view.
 */
int km_bytes_copy_text(struct km_bytes view, char *ret_text, size_t size);

#endif
