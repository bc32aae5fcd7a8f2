#include "model/facts.h"

#include "base/text.h"
#include "model/states.h"

#include <string.h>

static const struct kind {
	enum km_fact_kind number;
	enum km_fact_shape shape;
	bool is_from_camera;
	const char *name;
	const char *text;
} kinds[] = {
#define FROM_CAMERA true
#define FROM_OTHERS false
#define KM_FACT(number, NAME, name, shape, from, text)                                             \
	{ KM_FACT_##NAME, KM_FACT_SHAPE_##shape, FROM_##from, #name, (text) },
#include "model/facts.tbl"
#undef KM_FACT
#undef FROM_OTHERS
#undef FROM_CAMERA
};

static const struct kind *find(unsigned number)
{
	for (size_t i = 0; i < KM_COUNT(kinds); i++) {
		if (kinds[i].number == number) {
			return &kinds[i];
		}
	}
	return NULL;
}

const char *km_facts_name(unsigned kind)
{
	const struct kind *row = find(kind);

	return row == NULL ? "unknown" : row->name;
}

const char *km_facts_text(unsigned kind)
{
	const struct kind *row = find(kind);

	return row == NULL ? "" : row->text;
}

int km_facts_find(struct km_bytes name, enum km_fact_kind *ret_kind)
{
	for (size_t i = 0; i < KM_COUNT(kinds); i++) {
		if (km_bytes_is_equal(km_bytes_text(kinds[i].name), name)) {
			*ret_kind = kinds[i].number;
			return 0;
		}
	}
	return KM_ERR_NOT_FOUND;
}

bool km_facts_is_from_camera(unsigned kind)
{
	const struct kind *row = find(kind);

	return row != NULL && row->is_from_camera;
}

/* The words stand in the text in front of its colon, if it has one, and its bracket. */
static bool has_word(const char *text, const char *word)
{
	size_t size = strlen(word);
	const char *end = text + strcspn(text, ":[");

	for (const char *at = text; at < end; at += strspn(at, " ")) {
		size_t length = strcspn(at, " :[");

		if (length == size && memcmp(at, word, size) == 0) {
			return true;
		}
		at += length;
	}
	return false;
}

static bool is_clean(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL && km_text_is_clean_utf8(km_bytes_text(text));
}

int km_facts_number(const struct km_fact *fact, int64_t *ret_number)
{
	const char *digits = fact->value;
	bool is_negative = *digits == '-';
	uint64_t number = 0;
	int err = 0;

	if (!fact->is_known) {
		return KM_ERR_STATE;
	}
	if (strcmp(fact->value, "yes") == 0 || strcmp(fact->value, "no") == 0) {
		*ret_number = fact->value[0] == 'y';
		return 0;
	}
	err = km_bytes_parse_u64(km_bytes_text(digits + (is_negative ? 1 : 0)), INT64_MAX, &number);
	if (err < 0) {
		return KM_ERR_FORMAT;
	}
	*ret_number = is_negative ? -(int64_t)number : (int64_t)number;
	return 0;
}

static int check_value(const struct kind *row, const struct km_fact *fact)
{
	int64_t number = 0;

	switch (row->shape) {
	case KM_FACT_SHAPE_YES_NO:
		return km_facts_is_yes(fact) || km_facts_is_no(fact) ? 0 : KM_ERR_FORMAT;
	case KM_FACT_SHAPE_NUMBER:
	case KM_FACT_SHAPE_TIME:
		return km_facts_number(fact, &number);
	case KM_FACT_SHAPE_WORD:
		return has_word(row->text, fact->value) ? 0 : KM_ERR_FORMAT;
	case KM_FACT_SHAPE_TEXT:
		break;
	}
	return 0;
}

int km_facts_check(const struct km_fact *fact)
{
	const struct kind *row = find(fact->kind);

	if (row == NULL) {
		return KM_ERR_NOT_FOUND;
	}
	if (!is_clean(fact->subject, sizeof(fact->subject)) ||
	    !is_clean(fact->value, sizeof(fact->value)) ||
	    !is_clean(fact->detail, sizeof(fact->detail)) ||
	    strcmp(km_states_name("fact_source", fact->source), "unknown") == 0) {
		return KM_ERR_FORMAT;
	}
	if (!fact->is_known) {
		return fact->value[0] == '\0' ? 0 : KM_ERR_FORMAT;
	}
	return check_value(row, fact);
}

bool km_facts_is_yes(const struct km_fact *fact)
{
	return fact->is_known && strcmp(fact->value, "yes") == 0;
}

bool km_facts_is_no(const struct km_fact *fact)
{
	return fact->is_known && strcmp(fact->value, "no") == 0;
}
