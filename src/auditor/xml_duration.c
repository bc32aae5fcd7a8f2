#include "auditor/xml_duration.h"

#include "base/time.h"

#define NUMBER_MAX 100000 /* of a unit; larger ones make no sense */

static int64_t unit_us(uint8_t sign)
{
	switch (sign) {
	case 'H':
		return KM_TIME_HOUR_US;
	case 'M':
		return KM_TIME_MINUTE_US;
	case 'S':
	case '.':
		return KM_TIME_SECOND_US;
	default:
		return 0;
	}
}

int64_t km_xml_duration_parse(struct km_bytes text)
{
	static const char signs[] = "HMS";
	size_t next = 0; /* each unit once, in this order */
	int64_t total_us = 0;

	if (!km_bytes_has_prefix(text, KM_BYTES("PT"))) {
		return 0;
	}
	text = km_bytes_after(text, 2);
	while (text.size > 0) {
		size_t digits = 0;
		uint32_t number = 0;
		uint8_t sign = 0;

		while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9') {
			digits++;
		}
		sign = digits < text.size ? text.data[digits] : 0;
		if (km_bytes_parse_u32(km_bytes_slice(text, 0, digits), NUMBER_MAX, &number) < 0 ||
		    unit_us(sign) == 0) {
			return 0;
		}
		while (next < 3 && signs[next] != (sign == '.' ? 'S' : (char)sign)) {
			next++;
		}
		if (next++ == 3) {
			return 0;
		}
		total_us += number * unit_us(sign);
		text = sign == '.' ? KM_BYTES("") : km_bytes_after(text, digits + 1);
	}
	return total_us;
}
