#include "importer/range_words.h"

#include "proto/version_text.h"

#include <stdio.h>
#include <string.h>

enum meaning { BEFORE, UP_TO, FROM, ABOVE, ANY };

/* Longer words before those that they contain. Japanese words stand behind the version. */
static const struct {
	const char *word;
	bool is_behind; /* the version stands before the word */
	enum meaning meaning;
} words_known[] = {
	{ "all versions", false, ANY },
	{ "any version", false, ANY },
	{ "すべて", false, ANY },
	{ "全て", false, ANY },
	{ "全バージョン", false, ANY },
	{ "<=", false, UP_TO },
	{ "<", false, BEFORE },
	{ ">=", false, FROM },
	{ ">", false, ABOVE },
	{ "and prior", true, UP_TO },
	{ "and earlier", true, UP_TO },
	{ "or earlier", true, UP_TO },
	{ "and below", true, UP_TO },
	{ "and lower", true, UP_TO },
	{ "and before", true, UP_TO },
	{ "およびそれ以前", true, UP_TO },
	{ "及びそれ以前", true, UP_TO },
	{ "以前", true, UP_TO },
	{ "以下", true, UP_TO },
	{ "より前", true, BEFORE },
	{ "未満", true, BEFORE },
	{ "以上", true, FROM },
	{ "以降", true, FROM },
	{ "prior to", false, BEFORE },
	{ "earlier than", false, BEFORE },
	{ "lower than", false, BEFORE },
	{ "before", false, BEFORE },
	{ "up to", false, UP_TO },
	{ "through", false, UP_TO },
	{ "from", false, FROM },
};

static size_t find_nocase(struct km_bytes view, const char *word)
{
	struct km_bytes wanted = km_bytes_text(word);

	for (size_t i = 0; i + wanted.size <= view.size; i++) {
		if (km_bytes_has_prefix_nocase(km_bytes_after(view, i), wanted)) {
			return i;
		}
	}
	return view.size;
}

static void set(struct km_weakness_range *range, enum meaning meaning, struct km_bytes version)
{
	char text[KM_WEAKNESS_VERSION_SIZE];
	struct km_version_text parsed;

	km_weakness_copy(version, text, sizeof(text));
	if (meaning == ANY) {
		return;
	}
	if (km_version_text_parse(text, &parsed) < 0) {
		range->flags |= KM_WEAKNESS_UNCLEAR;
		return;
	}
	if (meaning == UP_TO || meaning == BEFORE) {
		memcpy(range->end, text, sizeof(range->end));
		range->flags |= meaning == UP_TO ? KM_WEAKNESS_END_INCLUDED : 0;
	} else {
		memcpy(range->start, text, sizeof(range->start));
		range->flags |= meaning == ABOVE ? KM_WEAKNESS_START_EXCLUDED : 0;
	}
}

/* One bound: a word and the version on its side. */
static bool take_bound(struct km_bytes words, struct km_weakness_range *range)
{
	for (size_t i = 0; i < KM_COUNT(words_known); i++) {
		size_t at = find_nocase(words, words_known[i].word);

		if (at < words.size) {
			set(range, words_known[i].meaning,
			    words_known[i].is_behind
				? km_bytes_slice(words, 0, at)
				: km_bytes_after(words, at + strlen(words_known[i].word)));
			return true;
		}
	}
	return false;
}

static bool says_nothing(struct km_bytes words)
{
	return words.size == 0 || km_bytes_is_equal(words, KM_BYTES("*")) ||
	       km_bytes_is_equal(words, KM_BYTES("-")) ||
	       km_bytes_is_equal_nocase(words, KM_BYTES("n/a")) ||
	       km_bytes_is_equal_nocase(words, KM_BYTES("unspecified")) ||
	       km_bytes_is_equal_nocase(words, KM_BYTES("all")) ||
	       km_bytes_is_equal_nocase(words, KM_BYTES("unknown"));
}

void km_range_words_take(struct km_bytes words, struct km_weakness_range *range)
{
	struct km_version_text parsed;
	bool has_bound = false;

	words = km_bytes_trim(words);
	if (says_nothing(words)) {
		return;
	}
	/* "1.0 から 2.0", ">= 1.0, < 2.0": two bounds. */
	for (struct km_bytes rest = words; rest.size > 0;) {
		has_bound =
		    take_bound(km_bytes_trim(km_bytes_split(&rest, ',')), range) || has_bound;
	}
	if (has_bound) {
		return;
	}
	km_weakness_copy(words, range->version, sizeof(range->version));
	if (words.size >= sizeof(range->version) ||
	    km_bytes_find_seq(words, KM_BYTES("から")) < words.size ||
	    km_version_text_parse(range->version, &parsed) < 0) {
		range->version[0] = '\0';
		range->flags |= KM_WEAKNESS_UNCLEAR;
	}
}
