#include "proto/http_reply.h"

#include "base/time.h"

#include <stdio.h>

#define TITLE_MAX 256 /* longer ones are no titles */

static int parse_status_line(struct km_bytes line, struct km_http_reply *reply)
{
	struct km_bytes version = km_bytes_split(&line, ' ');
	struct km_bytes status = { 0 };
	uint32_t value = 0;

	if (!km_bytes_has_prefix(version, KM_BYTES("HTTP/"))) {
		return KM_ERR_FORMAT;
	}
	line = km_bytes_trim(line);
	status = km_bytes_split(&line, ' ');
	if (km_bytes_parse_u32(status, 999, &value) < 0 || value < 100) {
		return KM_ERR_FORMAT;
	}
	reply->status = (uint16_t)value;
	reply->reason = km_bytes_trim(line);
	return 0;
}

static void keep_header(struct km_bytes line, struct km_http_reply *reply)
{
	size_t colon = km_bytes_find(line, ':');

	if (colon == 0 || colon == line.size || reply->header_count == KM_HTTP_REPLY_HEADERS_MAX) {
		return;
	}
	reply->header[reply->header_count++] = (struct km_http_reply_header){
		.name = km_bytes_trim(km_bytes_slice(line, 0, colon)),
		.value = km_bytes_trim(km_bytes_after(line, colon + 1)),
	};
}

int km_http_reply_parse(struct km_bytes input, struct km_http_reply *ret_reply)
{
	struct km_http_reply reply = { 0 };
	struct km_bytes head = km_bytes_slice(input, 0, KM_HTTP_REPLY_HEAD_MAX);
	struct km_bytes rest = head;
	size_t used = 0;
	int err = 0;

	if (input.size >= 5 && !km_bytes_has_prefix(input, KM_BYTES("HTTP/"))) {
		return KM_ERR_FORMAT;
	}
	for (bool is_first = true; km_bytes_find(rest, '\n') < rest.size; is_first = false) {
		struct km_bytes line = km_bytes_line(&rest);

		if (is_first) {
			err = parse_status_line(line, &reply);
			if (err < 0) {
				return err;
			}
		} else if (line.size == 0) {
			/* By sizes: nothing is left behind an end that is the input's own. */
			used = head.size - rest.size;
			reply.body = km_bytes_from(input.data + used, input.size - used);
			*ret_reply = reply;
			return 0;
		} else {
			keep_header(line, &reply);
		}
	}
	return input.size >= KM_HTTP_REPLY_HEAD_MAX ? KM_ERR_LIMIT : KM_ERR_SHORT;
}

struct km_bytes km_http_reply_find(
    const struct km_http_reply *reply, const char *name, unsigned nth)
{
	for (size_t i = 0; i < reply->header_count; i++) {
		if (km_bytes_is_equal_nocase(reply->header[i].name, km_bytes_text(name)) &&
		    nth-- == 0) {
			return reply->header[i].value;
		}
	}
	return (struct km_bytes){ 0 };
}

/* Where the sequence begins, letters of either case alike; view.size if it is not there. */
static size_t find_nocase(struct km_bytes view, struct km_bytes sequence)
{
	for (size_t at = 0; at + sequence.size <= view.size; at++) {
		if (km_bytes_is_equal_nocase(km_bytes_slice(view, at, sequence.size), sequence)) {
			return at;
		}
	}
	return view.size;
}

struct km_bytes km_http_reply_title(struct km_bytes body)
{
	struct km_bytes rest = km_bytes_after(body, find_nocase(body, KM_BYTES("<title")));
	size_t start = km_bytes_find(rest, '>');
	size_t end = 0;

	rest = km_bytes_after(rest, start + 1);
	end = find_nocase(rest, KM_BYTES("</title"));
	if (end == rest.size || end > TITLE_MAX) {
		return (struct km_bytes){ 0 };
	}
	return km_bytes_trim(km_bytes_slice(rest, 0, end));
}

/* --- Date --- */

struct date {
	uint32_t year;
	uint32_t month; /* 1 to 12 */
	uint32_t day;
	struct km_bytes time; /* "08:49:37" */
};

static uint32_t month_of(struct km_bytes name)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (uint32_t i = 0; i < 12; i++) {
		if (km_bytes_is_equal(name, km_bytes_from(months + 3 * (size_t)i, 3))) {
			return i + 1;
		}
	}
	return 0;
}

static struct km_bytes next_word(struct km_bytes *rest)
{
	*rest = km_bytes_trim(*rest);
	return km_bytes_split(rest, ' ');
}

/* Behind the comma: "06 Nov 1994 08:49:37 GMT" or "06-Nov-94 08:49:37 GMT". */
static bool read_after_comma(struct km_bytes rest, struct date *date)
{
	struct km_bytes first = next_word(&rest);
	bool is_dashed = km_bytes_find(first, '-') < first.size;
	struct km_bytes day = is_dashed ? km_bytes_split(&first, '-') : first;
	struct km_bytes month = is_dashed ? km_bytes_split(&first, '-') : next_word(&rest);
	struct km_bytes year = is_dashed ? first : next_word(&rest);

	date->month = month_of(month);
	date->time = next_word(&rest);
	if (km_bytes_parse_u32(day, 31, &date->day) < 0 ||
	    km_bytes_parse_u32(year, 9999, &date->year) < 0) {
		return false;
	}
	if (year.size == 2) {
		date->year += date->year < 70 ? 2000 : 1900;
	}
	return true;
}

/* "Sun Nov  6 08:49:37 1994" */
static bool read_asctime(struct km_bytes rest, struct date *date)
{
	(void)next_word(&rest);
	date->month = month_of(next_word(&rest));
	if (km_bytes_parse_u32(next_word(&rest), 31, &date->day) < 0) {
		return false;
	}
	date->time = next_word(&rest);
	return km_bytes_parse_u32(next_word(&rest), 9999, &date->year) == 0;
}

int km_http_reply_date(struct km_bytes text, int64_t *ret_unix_us)
{
	size_t comma = km_bytes_find(text, ',');
	struct date date = { 0 };
	char iso[32] = "";
	int size = 0;

	if (comma < text.size ? !read_after_comma(km_bytes_after(text, comma + 1), &date)
			      : !read_asctime(text, &date)) {
		return KM_ERR_FORMAT;
	}
	if (date.month == 0 || date.time.size != 8) {
		return KM_ERR_FORMAT;
	}
	size = snprintf(iso, sizeof(iso), "%04u-%02u-%02uT%.8sZ", date.year, date.month, date.day,
	    (const char *)date.time.data);
	if (size <= 0 || (size_t)size >= sizeof(iso)) {
		return KM_ERR_FORMAT;
	}
	return km_time_parse(km_bytes_from(iso, (size_t)size), INT64_MIN, ret_unix_us);
}
