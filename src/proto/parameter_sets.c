#include "proto/parameter_sets.h"

#include <string.h>

/* The index of the set, or of the first one behind its place; *ret_offset is where its bytes are.
 */
static size_t find_place(
    const struct km_parameter_sets *sets, uint8_t type, uint8_t id, size_t *ret_offset)
{
	size_t i = 0;
	size_t offset = 0;

	while (i < sets->count &&
	       (sets->set[i].type < type || (sets->set[i].type == type && sets->set[i].id < id))) {
		offset += sets->set[i].size;
		i++;
	}
	*ret_offset = offset;
	return i;
}

static size_t count_bytes(const struct km_parameter_sets *sets)
{
	size_t total = 0;

	for (size_t i = 0; i < sets->count; i++) {
		total += sets->set[i].size;
	}
	return total;
}

static void remove_at(struct km_parameter_sets *sets, size_t index, size_t offset)
{
	size_t size = sets->set[index].size;

	memmove(sets->data + offset, sets->data + offset + size, count_bytes(sets) - offset - size);
	memmove(&sets->set[index], &sets->set[index + 1],
	    (sets->count - index - 1) * sizeof(sets->set[0]));
	sets->count--;
}

int km_parameter_sets_put(
    struct km_parameter_sets *sets, uint8_t type, uint8_t id, struct km_bytes nal)
{
	size_t offset = 0;
	size_t i = find_place(sets, type, id, &offset);
	bool is_held = i < sets->count && sets->set[i].type == type && sets->set[i].id == id;
	size_t total = count_bytes(sets) - (is_held ? sets->set[i].size : 0);

	if (is_held &&
	    km_bytes_is_equal(km_bytes_from(sets->data + offset, sets->set[i].size), nal)) {
		return 0;
	}
	if (nal.size > sizeof(sets->data) - total ||
	    (!is_held && sets->count == KM_PARAMETER_SETS_MAX)) {
		return KM_ERR_LIMIT;
	}
	if (is_held) {
		remove_at(sets, i, offset);
	}
	memmove(sets->data + offset + nal.size, sets->data + offset, total - offset);
	if (nal.size > 0) {
		memcpy(sets->data + offset, nal.data, nal.size);
	}
	memmove(&sets->set[i + 1], &sets->set[i], (sets->count - i) * sizeof(sets->set[0]));
	sets->set[i].type = type;
	sets->set[i].id = id;
	sets->set[i].size = (uint16_t)nal.size;
	sets->count++;
	return 1;
}

int km_parameter_sets_merge(struct km_parameter_sets *sets, const struct km_parameter_sets *from)
{
	size_t offset = 0;
	int result = 0;

	for (size_t i = 0; i < from->count; i++) {
		struct km_bytes nal = km_bytes_from(from->data + offset, from->set[i].size);

		offset += nal.size;
		if (km_parameter_sets_put(sets, from->set[i].type, from->set[i].id, nal) < 0) {
			result = KM_ERR_LIMIT;
		}
	}
	return result;
}

bool km_parameter_sets_is_equal(
    const struct km_parameter_sets *a, const struct km_parameter_sets *b)
{
	if (a->count != b->count) {
		return false;
	}
	for (size_t i = 0; i < a->count; i++) {
		if (a->set[i].type != b->set[i].type || a->set[i].id != b->set[i].id ||
		    a->set[i].size != b->set[i].size) {
			return false;
		}
	}
	return memcmp(a->data, b->data, count_bytes(a)) == 0;
}

size_t km_parameter_sets_list(const struct km_parameter_sets *sets, uint8_t type,
    struct km_bytes ret_nals[static KM_PARAMETER_SETS_MAX])
{
	size_t offset = 0;
	size_t i = find_place(sets, type, 0, &offset);
	size_t count = 0;

	for (; i < sets->count && sets->set[i].type == type; i++) {
		ret_nals[count++] = km_bytes_from(sets->data + offset, sets->set[i].size);
		offset += sets->set[i].size;
	}
	return count;
}
