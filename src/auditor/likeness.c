#include "auditor/likeness.h"

#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#define LEAST 2 /* the weight that is more than a hint */

enum rule {
	RULE_NONE,
	RULE_WORD,
	RULE_BEHIND,
};

struct sign {
	const char *maker;
	enum km_sighting_place place;
	unsigned weight;
	enum rule rule;
	const char *piece;
};

static const struct sign signs[] = {
#define KM_MAKER(name, PLACE, number, RULE, text)                                                  \
	{ .maker = (name),                                                                         \
		.place = KM_SIGHTING_##PLACE,                                                      \
		.weight = (number),                                                                \
		.rule = RULE_##RULE,                                                               \
		.piece = (text) },
#include "auditor/makers.tbl"
#undef KM_MAKER
};

/* Where the piece begins in the text; NULL if it does not stand in it. */
static const char *find_sign(const struct km_sightings *sightings, const struct sign *sign)
{
	for (size_t i = 0; i < sightings->text_count; i++) {
		const char *found = NULL;

		if (sightings->text[i].place == sign->place) {
			found = strcasestr(sightings->text[i].text, sign->piece);
		}
		if (found != NULL) {
			return found;
		}
	}
	return NULL;
}

static unsigned weigh_maker(const struct km_sightings *sightings, const char *maker)
{
	unsigned weight = 0;

	for (size_t i = 0; i < KM_COUNT(signs); i++) {
		if (strcmp(signs[i].maker, maker) == 0 && find_sign(sightings, &signs[i]) != NULL) {
			weight += signs[i].weight;
		}
	}
	return weight;
}

static void copy_model(const char *start, size_t size, struct km_likeness *likeness)
{
	struct km_bytes model = km_bytes_trim(km_bytes_from(start, size));

	if (likeness->model[0] == '\0' && model.size > 0) {
		(void)km_bytes_copy_text(model, likeness->model, sizeof(likeness->model));
	}
}

static void read_model(const char *found, const struct sign *sign, struct km_likeness *likeness)
{
	if (sign->rule == RULE_WORD) {
		copy_model(found, strcspn(found, " \t,;()[]\"'"), likeness);
	} else if (sign->rule == RULE_BEHIND) {
		found += strlen(sign->piece);
		copy_model(found, strcspn(found, "()[]\"'"), likeness);
	}
}

static void give_reason(const struct km_sightings *sightings, struct km_likeness *likeness)
{
	struct km_buf reason;

	km_buf_init_fixed(&reason, likeness->reason, sizeof(likeness->reason) - 1);
	for (size_t i = 0; i < KM_COUNT(signs); i++) {
		const char *found = NULL;

		if (strcmp(signs[i].maker, likeness->maker) != 0) {
			continue;
		}
		found = find_sign(sightings, &signs[i]);
		if (found != NULL) {
			read_model(found, &signs[i], likeness);
			km_buf_add_format(&reason, "%s'%s' in the %s", reason.size > 0 ? ", " : "",
			    signs[i].piece, km_sightings_place_text(signs[i].place));
		}
	}
	likeness->reason[reason.size] = '\0';
}

void km_likeness_weigh(const struct km_sightings *sightings, struct km_likeness *ret_likeness)
{
	struct km_likeness likeness = { 0 };
	const char *rival = NULL;
	unsigned rival_weight = 0;

	for (size_t i = 0; i < KM_COUNT(signs); i++) {
		unsigned weight = 0;

		if (i > 0 && strcmp(signs[i].maker, signs[i - 1].maker) == 0) {
			continue; /* rows of one maker stand together */
		}
		weight = weigh_maker(sightings, signs[i].maker);
		if (weight > likeness.weight) {
			rival = likeness.maker;
			rival_weight = likeness.weight;
			likeness.maker = signs[i].maker;
			likeness.weight = weight;
		} else if (weight > rival_weight) {
			rival = signs[i].maker;
			rival_weight = weight;
		}
	}
	if (likeness.weight < LEAST) {
		(void)snprintf(likeness.reason, sizeof(likeness.reason), "%s",
		    likeness.maker == NULL ? "nothing that it shows names a maker"
					   : "too little that it shows names a maker");
		likeness.maker = NULL;
	} else if (rival_weight >= LEAST && likeness.weight - rival_weight < LEAST) {
		(void)snprintf(likeness.reason, sizeof(likeness.reason), "signs of both %s and %s",
		    likeness.maker, rival);
		likeness.maker = NULL;
	} else {
		give_reason(sightings, &likeness);
	}
	*ret_likeness = likeness;
}

static bool is_letter_or_digit(char sign)
{
	return (sign >= '0' && sign <= '9') || (sign >= 'a' && sign <= 'z') ||
	       (sign >= 'A' && sign <= 'Z');
}

static bool has_word(const char *text, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = strcasestr(text, word); at != NULL; at = strcasestr(at + 1, word)) {
		if ((at == text || !is_letter_or_digit(at[-1])) && !is_letter_or_digit(at[size])) {
			return true;
		}
	}
	return false;
}

const char *km_likeness_name(const char *claimed)
{
	for (size_t i = 0; i < KM_COUNT(signs); i++) {
		if (has_word(claimed, signs[i].maker)) {
			return signs[i].maker;
		}
	}
	return NULL;
}
