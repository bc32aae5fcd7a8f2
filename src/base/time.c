#include "base/time.h"

#include "base/checked.h"
#include "base/error.h"

#include <stdio.h>

#define FIRST_DAY (-719162) /* 0001-01-01 */
#define LAST_DAY  2932896   /* 9999-12-31 */

struct civil {
	int64_t year;
	unsigned month; /* 1 to 12 */
	unsigned day;   /* 1 to 31 */
};

/* Days count from 0000-03-01, so that the leap day is the last one of a year. */
static int64_t days_from_civil(struct civil date)
{
	int64_t year = date.month <= 2 ? date.year - 1 : date.year;
	int64_t era = (year >= 0 ? year : year - 399) / 400;
	int64_t year_of_era = year - era * 400;
	int64_t month = date.month > 2 ? date.month - 3 : date.month + 9;
	int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

static struct civil civil_from_days(int64_t days)
{
	int64_t shifted = days + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t day_of_era = shifted - era * 146097;
	int64_t year_of_era =
	    (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
	    day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153;
	struct civil date = {
		.year = year_of_era + era * 400 + (month >= 10 ? 1 : 0),
		.month = (unsigned)(month < 10 ? month + 3 : month - 9),
		.day = (unsigned)(day_of_year - (153 * month + 2) / 5 + 1),
	};

	return date;
}

int32_t km_time_day(int64_t unix_us)
{
	int64_t day = unix_us / KM_TIME_DAY_US;

	if (unix_us % KM_TIME_DAY_US < 0) {
		day--;
	}
	return (int32_t)day;
}

void km_time_write(int64_t unix_us, char ret_text[static KM_TIME_TEXT_SIZE])
{
	int64_t low = FIRST_DAY * KM_TIME_DAY_US;
	int64_t high = (LAST_DAY + 1) * KM_TIME_DAY_US - 1;
	int64_t clamped = unix_us < low ? low : unix_us > high ? high : unix_us;
	int64_t day = km_time_day(clamped);
	int64_t rest = clamped - day * KM_TIME_DAY_US;
	struct civil date = civil_from_days(day);

	(void)snprintf(ret_text, KM_TIME_TEXT_SIZE, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
	    (unsigned)date.year % 10000, date.month % 100, date.day % 100,
	    (unsigned)(rest / KM_TIME_HOUR_US) % 100, (unsigned)(rest / KM_TIME_MINUTE_US % 60),
	    (unsigned)(rest / KM_TIME_SECOND_US % 60), (unsigned)(rest % KM_TIME_SECOND_US));
}

/* `digits` digits, then the character `end` (0: none). Moves *rest. */
static bool take_number(
    struct km_bytes *rest, size_t digits, char end, uint32_t most, uint32_t *ret_value)
{
	size_t length = digits + (end != 0 ? 1 : 0);

	if (rest->size < length || (end != 0 && rest->data[digits] != (uint8_t)end) ||
	    km_bytes_parse_u32(km_bytes_slice(*rest, 0, digits), most, ret_value) < 0) {
		return false;
	}
	*rest = km_bytes_after(*rest, length);
	return true;
}

/* An optional fraction of a second, to microseconds; further digits are dropped. */
static bool take_fraction(struct km_bytes *rest, int64_t *ret_us)
{
	int64_t weight = 100000;
	int64_t us = 0;
	size_t count = 0;

	if (rest->size == 0 || rest->data[0] != '.') {
		*ret_us = 0;
		return true;
	}
	*rest = km_bytes_after(*rest, 1);
	while (count < rest->size && rest->data[count] >= '0' && rest->data[count] <= '9') {
		us += (rest->data[count] - '0') * weight;
		weight /= 10;
		count++;
	}
	*rest = km_bytes_after(*rest, count);
	*ret_us = us;
	return count > 0;
}

static bool take_offset(struct km_bytes rest, int64_t default_offset_us, int64_t *ret_us)
{
	uint32_t hours = 0;
	uint32_t minutes = 0;
	bool is_west = rest.size > 0 && rest.data[0] == '-';

	if (rest.size == 0) {
		*ret_us = default_offset_us;
		return default_offset_us != INT64_MIN;
	}
	if (rest.size == 1 && (rest.data[0] == 'Z' || rest.data[0] == 'z')) {
		*ret_us = 0;
		return true;
	}
	if (!is_west && rest.data[0] != '+') {
		return false;
	}
	rest = km_bytes_after(rest, 1);
	if (!take_number(&rest, 2, ':', 23, &hours) || !take_number(&rest, 2, 0, 59, &minutes)) {
		return false;
	}
	*ret_us = (hours * KM_TIME_HOUR_US + minutes * KM_TIME_MINUTE_US) * (is_west ? -1 : 1);
	return rest.size == 0;
}

static unsigned days_in_month(uint32_t year, uint32_t month)
{
	struct civil first = { .year = year, .month = month, .day = 1 };
	struct civil next = {
		.year = month == 12 ? year + 1 : year, .month = month % 12 + 1, .day = 1
	};

	return (unsigned)(days_from_civil(next) - days_from_civil(first));
}

static int parse_seconds(struct km_bytes text, int64_t *ret_unix_us)
{
	struct km_bytes rest = text;
	struct km_bytes whole = km_bytes_slice(text, 0, km_bytes_find(text, '.'));
	uint64_t seconds = 0;
	int64_t us = 0;
	int err = km_bytes_parse_u64(whole, (uint64_t)LAST_DAY * 86400, &seconds);

	rest = km_bytes_after(text, whole.size);
	if (err < 0 || !take_fraction(&rest, &us) || rest.size != 0) {
		return KM_ERR_FORMAT;
	}
	*ret_unix_us = (int64_t)seconds * KM_TIME_SECOND_US + us;
	return 0;
}

int km_time_parse(struct km_bytes text, int64_t default_offset_us, int64_t *ret_unix_us)
{
	struct km_bytes rest = text;
	uint32_t year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
	int64_t us = 0;
	int64_t offset_us = 0;
	struct civil date = { 0 };

	if (text.size > 0 && text.data[0] == '@') {
		return parse_seconds(km_bytes_after(text, 1), ret_unix_us);
	}
	if (!take_number(&rest, 4, '-', 9999, &year) || !take_number(&rest, 2, '-', 12, &month) ||
	    !take_number(&rest, 2, 0, 31, &day) || year == 0 || month == 0 || day == 0 ||
	    day > days_in_month(year, month) || rest.size == 0 ||
	    (rest.data[0] != 'T' && rest.data[0] != 't' && rest.data[0] != ' ')) {
		return KM_ERR_FORMAT;
	}
	rest = km_bytes_after(rest, 1);
	/* 60 is a leap second, which counts as the first of the next minute. */
	if (!take_number(&rest, 2, ':', 23, &hour) || !take_number(&rest, 2, ':', 59, &minute) ||
	    !take_number(&rest, 2, 0, 60, &second) || !take_fraction(&rest, &us) ||
	    !take_offset(rest, default_offset_us, &offset_us)) {
		return KM_ERR_FORMAT;
	}
	date = (struct civil){ .year = year, .month = month, .day = day };
	*ret_unix_us = days_from_civil(date) * KM_TIME_DAY_US + hour * KM_TIME_HOUR_US +
		       minute * KM_TIME_MINUTE_US + second * KM_TIME_SECOND_US + us - offset_us;
	return 0;
}

int km_time_parse_span(struct km_bytes text, int64_t *ret_us)
{
	static const struct {
		const char *name;
		int64_t us;
	} units[] = {
		{ "us", 1 },
		{ "ms", 1000 },
		{ "s", KM_TIME_SECOND_US },
		{ "min", KM_TIME_MINUTE_US },
		{ "h", KM_TIME_HOUR_US },
		{ "d", KM_TIME_DAY_US },
		{ "w", 7 * KM_TIME_DAY_US },
	};
	size_t digits = 0;
	uint64_t count = 0;
	int err = 0;

	while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9') {
		digits++;
	}
	err = km_bytes_parse_u64(km_bytes_slice(text, 0, digits), INT64_MAX, &count);
	if (err < 0) {
		return err;
	}
	for (size_t i = 0; i < KM_COUNT(units); i++) {
		if (km_bytes_is_equal(km_bytes_after(text, digits), km_bytes_text(units[i].name))) {
			return km_checked_mul_i64((int64_t)count, units[i].us, ret_us)
				   ? 0
				   : KM_ERR_RANGE;
		}
	}
	return KM_ERR_FORMAT;
}
