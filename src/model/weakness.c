#include "model/weakness.h"

#include "base/text.h"

#include <ctype.h>
#include <string.h>

const char *km_weakness_source_name(unsigned source)
{
	static const char *const names[] = { "unknown", "nvd", "cve", "kev", "jvn", "known" };

	return names[source < KM_COUNT(names) ? source : 0];
}

void km_weakness_clear(struct km_weakness *weakness)
{
	*weakness = (struct km_weakness){
		.ranges = weakness->ranges,
		.range_capacity = weakness->range_capacity,
	};
}

struct km_weakness_range *km_weakness_add(struct km_weakness *weakness)
{
	struct km_weakness_range *range = NULL;

	if (weakness->range_count == weakness->range_capacity) {
		weakness->is_cut = true;
		return NULL;
	}
	range = &weakness->ranges[weakness->range_count++];
	memset(range, 0, sizeof(*range));
	return range;
}

bool km_weakness_is_id(struct km_bytes text)
{
	if (text.size < 5 || text.size >= KM_WEAKNESS_ID_SIZE || !isupper(text.data[0])) {
		return false;
	}
	for (size_t i = 0; i < text.size; i++) {
		if (!isupper(text.data[i]) && !isdigit(text.data[i]) && text.data[i] != '-') {
			return false;
		}
	}
	return true;
}

/* Bytes of the character that begins the text, if it is whole and clean; else 0. */
static size_t character(struct km_bytes text)
{
	size_t size = text.data[0] < 0x80   ? 1
		      : text.data[0] < 0xe0 ? 2
		      : text.data[0] < 0xf0 ? 3
					    : 4;

	return size <= text.size && km_text_is_clean_utf8(km_bytes_slice(text, 0, size)) ? size : 0;
}

void km_weakness_copy(struct km_bytes text, char *ret_text, size_t size)
{
	size_t length = 0;

	text = km_bytes_trim(text);
	while (text.size > 0) {
		size_t step = character(text);

		if (length + (step > 0 ? step : 1) >= size) {
			break;
		}
		if (step == 0 || text.data[0] == '\t') {
			const char *instead = text.data[0] < ' ' ? " " : "?";

			ret_text[length++] = instead[0];
			step = 1;
		} else {
			memcpy(ret_text + length, text.data, step);
			length += step;
		}
		text = km_bytes_after(text, step);
	}
	ret_text[length] = '\0';
}
