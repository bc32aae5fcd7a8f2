/*
 * The parameter sets of a stream that are in force: a small bounded store, keyed by NAL unit type
 * and by the set's own id, as H.264 and H.265 activate them.
 *
 * A plain value without pointers. The bytes are NAL units with their headers, as received.
 */
#ifndef KM_PROTO_PARAMETER_SETS_H
#define KM_PROTO_PARAMETER_SETS_H

#include "base/bytes.h"
#include "base/error.h"

/* Sets of all types together, and their bytes: this leaves room for avcC or hvcC around them. */
#define KM_PARAMETER_SETS_MAX       8
#define KM_PARAMETER_SETS_BYTES_MAX 960

struct km_parameter_sets {
	uint8_t count;
	struct {
		uint8_t type; /* NAL unit type */
		uint8_t id;
		uint16_t size;
	} set[KM_PARAMETER_SETS_MAX];
	uint8_t data[KM_PARAMETER_SETS_BYTES_MAX]; /* the sets one after the other */
};

/*
 * Hold this set, instead of one of the same type and id. Returns 1 if that changed anything, 0 if
 * the very same bytes were held already, or KM_ERR_LIMIT, which changes nothing.
 */
KM_MUST_USE int km_parameter_sets_put(
    struct km_parameter_sets *sets, uint8_t type, uint8_t id, struct km_bytes nal);

/* Put all sets of `from`. Returns 0, or KM_ERR_LIMIT if some had no room. */
KM_MUST_USE int km_parameter_sets_merge(
    struct km_parameter_sets *sets, const struct km_parameter_sets *from);

bool km_parameter_sets_is_equal(
    const struct km_parameter_sets *a, const struct km_parameter_sets *b);

/*
 * Views of all sets of a type, lowest id first; they hold until the next change. Returns how many
 * there are.
 */
size_t km_parameter_sets_list(const struct km_parameter_sets *sets, uint8_t type,
    struct km_bytes ret_nals[static KM_PARAMETER_SETS_MAX]);

#endif
