#include "proto/version_text.h"

#include "base/error.h"

#include <ctype.h>
#include <string.h>

struct walk {
	const char *at;
	bool is_build; /* the word "build" came before */
	bool is_after_space;
};

/* yymmdd of yymmdd, yyyymmdd; 0 if it is no date of the years 2000 to 2099. */
static uint32_t date_of(uint32_t number, size_t digits)
{
	uint32_t day = number % 100;
	uint32_t month = number / 100 % 100;

	if (month < 1 || month > 12 || day < 1 || day > 31) {
		return 0;
	}
	if (digits == 8 && number / 1000000 == 20) {
		return number % 1000000;
	}
	return digits == 6 ? number : 0;
}

static uint32_t take_number(struct walk *walk, size_t *ret_digits)
{
	uint32_t number = 0;
	size_t digits = 0;

	for (; isdigit((unsigned char)*walk->at); walk->at++, digits++) {
		uint32_t digit = (uint32_t)(*walk->at - '0');

		number = number > (UINT32_MAX - digit) / 10 ? UINT32_MAX : number * 10 + digit;
	}
	*ret_digits = digits;
	return number;
}

/* "2017-07-10" behind the word "build"; else 0, and nothing is taken. */
static uint32_t take_long_date(struct walk *walk)
{
	uint32_t number = 0;
	size_t i = 0;

	for (; i < 10; i++) {
		char byte = walk->at[i];

		if (i == 4 || i == 7) {
			if (byte == '\0' || strchr("-./", byte) == NULL) {
				return 0;
			}
		} else if (isdigit((unsigned char)byte)) {
			number = number * 10 + (uint32_t)(byte - '0');
		} else {
			return 0;
		}
	}
	number = date_of(number, 8);
	if (number != 0) {
		walk->at += i;
	}
	return number;
}

/* Letters: the word "build", one letter behind a number ("1.0.2k"), or what says nothing. */
static void take_word(struct walk *walk, struct km_version_text *version)
{
	const char *begin = walk->at;
	bool is_after_digit =
	    version->count > 0 && !walk->is_after_space && begin[-1] >= '0' && begin[-1] <= '9';

	while (isalpha((unsigned char)*walk->at)) {
		walk->at++;
	}
	if (walk->at - begin >= 5 && strncasecmp(begin, "build", 5) == 0) {
		walk->is_build = true;
	} else if (walk->at - begin == 1 && is_after_digit && *walk->at == '\0' &&
		   version->count < KM_VERSION_TEXT_PARTS_MAX && version->build == 0) {
		version->parts[version->count++] =
		    (uint32_t)(tolower((unsigned char)*begin) - 'a') + 1;
	}
}

static void take_digits(struct walk *walk, struct km_version_text *version)
{
	size_t digits = 0;
	uint32_t date = walk->is_build ? take_long_date(walk) : 0;
	uint32_t number = date != 0 ? date : take_number(walk, &digits);

	if (walk->is_build) {
		if (version->build == 0) {
			uint32_t short_date = date != 0 ? date : date_of(number, digits);

			version->build = short_date != 0 ? short_date : number;
		}
	} else if (version->count > 0 && date_of(number, digits) != 0) {
		version->build = date_of(number, digits);
	} else if (version->count == 0 && date_of(number, digits) != 0 && *walk->at == '\0') {
		version->build = date_of(number, digits); /* a build and nothing else */
	} else if (version->count < KM_VERSION_TEXT_PARTS_MAX && version->build == 0 &&
		   !(walk->is_after_space && version->count > 0)) {
		version->parts[version->count++] = number;
	}
	walk->is_after_space = false;
}

int km_version_text_parse(const char *text, struct km_version_text *ret_version)
{
	struct km_version_text version = { 0 };
	struct walk walk = { .at = text };

	while (*walk.at != '\0') {
		if (isdigit((unsigned char)*walk.at)) {
			take_digits(&walk, &version);
		} else if (isalpha((unsigned char)*walk.at)) {
			take_word(&walk, &version);
		} else {
			walk.is_after_space = walk.is_after_space || *walk.at == ' ' ||
					      *walk.at == ',' || *walk.at == ';' || *walk.at == '(';
			walk.at++;
		}
	}
	if (version.count == 0 && version.build == 0) {
		return KM_ERR_FORMAT;
	}
	*ret_version = version;
	return 0;
}

static enum km_version_order order_of(uint32_t a, uint32_t b)
{
	return a < b ? KM_VERSION_LESS : a > b ? KM_VERSION_GREATER : KM_VERSION_EQUAL;
}

enum km_version_order km_version_text_compare(
    const struct km_version_text *a, const struct km_version_text *b)
{
	size_t count = a->count > b->count ? a->count : b->count;

	if (a->count == 0 || b->count == 0) {
		return a->build != 0 && b->build != 0 ? order_of(a->build, b->build)
						      : KM_VERSION_UNSURE;
	}
	for (size_t i = 0; i < count; i++) {
		uint32_t left = i < a->count ? a->parts[i] : 0;
		uint32_t right = i < b->count ? b->parts[i] : 0;

		if (left != right) {
			return order_of(left, right);
		}
	}
	if ((a->build == 0) != (b->build == 0)) {
		return KM_VERSION_ALIKE;
	}
	return order_of(a->build, b->build);
}
