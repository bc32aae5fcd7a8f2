/*
 * The one table of error codes (error.tbl).
 *
 * Functions that can fail return 0 or one of these. Results go through ret_ parameters, which are
 * left alone on failure. KM_ERR_SYS means: errno says more, and is still the one of the call.
 */
#ifndef KM_BASE_ERROR_H
#define KM_BASE_ERROR_H

#include <stddef.h>

enum km_error {
#define KM_ERROR(name, number, text) KM_ERR_##name = (number),
#include "base/error.tbl"
#undef KM_ERROR
};

/*
 * What a parser says about bad input besides the code. All strings are static.
 */
struct km_fault {
	size_t offset;      /* bytes from the start of the input */
	const char *clause; /* what was broken, e.g. "RFC 3550 5.1" */
	const char *text;   /* what was found and what would be right */
};

/* The text of a code; static, never NULL, also for numbers that are not in the table. */
const char *km_error_text(int code);

/* The code's name, "SHORT" for KM_ERR_SHORT: for logs and JSON. Static, never NULL. */
const char *km_error_name(int code);

/* Fill ret_fault if it is not NULL, and return code: `return km_fault_set(f, at, "...", "...", c)`.
 */
int km_fault_set(
    struct km_fault *ret_fault, size_t offset, const char *clause, const char *text, int code);

#endif
