/*
 * Arithmetic on numbers that came from outside: each returns false instead of wrapping round,
 * and leaves *ret alone then.
 */
#ifndef KM_BASE_CHECKED_H
#define KM_BASE_CHECKED_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

KM_MUST_USE static inline bool km_checked_add_size(size_t a, size_t b, size_t *ret)
{
	size_t sum = 0;

	if (__builtin_add_overflow(a, b, &sum)) {
		return false;
	}
	*ret = sum;
	return true;
}

KM_MUST_USE static inline bool km_checked_mul_size(size_t a, size_t b, size_t *ret)
{
	size_t product = 0;

	if (__builtin_mul_overflow(a, b, &product)) {
		return false;
	}
	*ret = product;
	return true;
}

KM_MUST_USE static inline bool km_checked_add_i64(int64_t a, int64_t b, int64_t *ret)
{
	int64_t sum = 0;

	if (__builtin_add_overflow(a, b, &sum)) {
		return false;
	}
	*ret = sum;
	return true;
}

KM_MUST_USE static inline bool km_checked_mul_i64(int64_t a, int64_t b, int64_t *ret)
{
	int64_t product = 0;

	if (__builtin_mul_overflow(a, b, &product)) {
		return false;
	}
	*ret = product;
	return true;
}

/*
 * value * numerator / denominator without overflow in between, rounded towards zero; saturates at
 * the ends of int64_t. denominator > 0. For changes of time scale.
 */
static inline int64_t km_checked_scale_i64(int64_t value, int64_t numerator, int64_t denominator)
{
	__extension__ typedef __int128 wide;
	wide scaled = (wide)value * numerator / denominator;

	if (scaled > INT64_MAX) {
		return INT64_MAX;
	}
	if (scaled < INT64_MIN) {
		return INT64_MIN;
	}
	return (int64_t)scaled;
}

#endif
