#include "judge/disagreements.h"

#include "judge/judging.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Only what is about as old can contradict itself: things change. */
#define APART_US (7 * KM_TIME_DAY_US)

#define SPACED_SIZE (KM_FACT_VALUE_SIZE + 1)

struct search {
	const struct km_uuid *camera;
	const struct km_fact *facts;
	size_t count;
	struct km_disagreement *list;
	size_t found;
};

static bool is_same_time(const struct km_fact *a, const struct km_fact *b)
{
	int64_t first = a->observed_unix_us;
	int64_t second = b->observed_unix_us;

	if (first < 0 || second < 0) {
		return false; /* a fact may carry any number */
	}
	return first >= second ? second >= first - APART_US : first >= second - APART_US;
}

static void add(struct search *search, unsigned requirement, enum km_reason reason,
    const char *subject, const struct km_fact *said, const struct km_fact *seen)
{
	struct km_disagreement *next = NULL;

	if (search->found >= KM_DISAGREEMENTS_MAX || !said->is_known || !seen->is_known ||
	    !is_same_time(said, seen)) {
		return;
	}
	next = &search->list[search->found++];
	*next = (struct km_disagreement){
		.camera = *search->camera,
		.requirement = (uint8_t)requirement,
		.reason = reason,
		.said = said,
		.seen = seen,
	};
	(void)snprintf(next->subject, sizeof(next->subject), "%.150s", subject);
}

/* --- the same thing from two sources --- */

/* A word begins at `at`: "5.4.5" begins in "V5.4.5", but not in "15.4.5" or "2.5.4.5". */
static bool is_front(const char *text, const char *at)
{
	unsigned char before = at == text ? ' ' : (unsigned char)at[-1];

	return (!isalnum(before) && before != '.') ||
	       (isalpha(before) && isdigit((unsigned char)at[0]));
}

static bool has_words(const char *text, const char *words)
{
	size_t size = strlen(words);

	for (const char *at = text; (at = strcasestr(at, words)) != NULL; at++) {
		if (is_front(text, at) && !isalnum((unsigned char)at[size])) {
			return true;
		}
	}
	return false;
}

/* As it is, but "V5.4.0build 160530" [quirk: Hikvision's SADP, where ONVIF says "V5.4.0 build
 * 160530"] with the space that it lacks. */
static void write_spaced(const char *text, char ret_text[static SPACED_SIZE])
{
	const char *build = strcasestr(text, "build");
	bool is_glued = build != NULL && build > text && isdigit((unsigned char)build[-1]);
	size_t size = is_glued ? (size_t)(build - text) : strlen(text);

	(void)snprintf(
	    ret_text, SPACED_SIZE, "%.*s%s%s", (int)size, text, is_glued ? " " : "", text + size);
}

/*
 * "Example Digital" and "EXAMPLE", "5.4.5 build 170124" and "5.4.5" mean the same; "1.2" and "11.2"
 * or "1.20", "P12" and "P123" do not.
 */
static bool is_alike(const char *a, const char *b)
{
	char first[SPACED_SIZE];
	char second[SPACED_SIZE];

	write_spaced(a, first);
	write_spaced(b, second);
	return has_words(first, second) || has_words(second, first);
}

static void find_twice(struct search *search)
{
	static const struct {
		enum km_fact_kind kind;
		enum km_requirement_name requirement;
	} kinds[] = {
		{ KM_FACT_MAKER, KM_REQUIREMENT_A05_1 },
		{ KM_FACT_MODEL, KM_REQUIREMENT_A05_1 },
		{ KM_FACT_FIRMWARE, KM_REQUIREMENT_A05_1 },
		{ KM_FACT_MAC, KM_REQUIREMENT_A05_1 },
		{ KM_FACT_HTTPS, KM_REQUIREMENT_D11_1 },
		{ KM_FACT_WIRELESS, KM_REQUIREMENT_E01_1 },
		{ KM_FACT_ONBOARD_STORAGE, KM_REQUIREMENT_A01_2 },
	};

	for (size_t k = 0; k < KM_COUNT(kinds); k++) {
		for (size_t i = 0; i < search->count; i++) {
			const struct km_fact *first = &search->facts[i];

			for (size_t j = i + 1; first->kind == kinds[k].kind && j < search->count;
			     j++) {
				const struct km_fact *second = &search->facts[j];

				if (second->kind == first->kind &&
				    second->source != first->source &&
				    strcmp(second->subject, first->subject) == 0 &&
				    first->value[0] != '\0' && second->value[0] != '\0' &&
				    !is_alike(first->value, second->value)) {
					add(search, kinds[k].requirement, KM_REASON_SAID_OTHERWISE,
					    km_facts_name(first->kind), first, second);
				}
			}
		}
	}
}

/* --- what it says against what is seen --- */

static const struct km_fact *next(
    const struct search *search, enum km_fact_kind kind, const struct km_fact *after)
{
	for (size_t i = after == NULL ? 0 : (size_t)(after - search->facts) + 1; i < search->count;
	     i++) {
		if (search->facts[i].kind == kind) {
			return &search->facts[i];
		}
	}
	return NULL;
}

static void find_services(struct search *search)
{
	const struct km_fact *said = NULL;

	while ((said = next(search, KM_FACT_SERVICE_SET, said)) != NULL) {
		const struct km_fact *seen = NULL;

		while (said->is_known && said->value[0] == '\0' &&
		       (seen = next(search, KM_FACT_PORT_OPEN, seen)) != NULL) {
			if (strcmp(seen->value, said->subject) == 0) {
				add(search, KM_REQUIREMENT_A02_1, KM_REASON_SAID_OFF_SEEN_OPEN,
				    seen->subject, said, seen);
			}
		}
	}
}

static void find_discovery(struct search *search)
{
	const struct km_fact *said = next(search, KM_FACT_DISCOVERABLE, NULL);
	const struct km_fact *seen = NULL;

	while (said != NULL && km_facts_is_no(said) &&
	       (seen = next(search, KM_FACT_DISCOVERY_ANSWER, seen)) != NULL) {
		if (seen->value[0] != '\0' && strcmp(seen->subject, "ws_discovery") == 0) {
			add(search, KM_REQUIREMENT_A11_3, KM_REASON_SAID_HIDDEN_SEEN, "", said,
			    seen);
		}
	}
}

static void find_filter(struct search *search)
{
	const struct km_fact *said = next(search, KM_FACT_FILTER_KIND, NULL);
	const struct km_fact *seen = NULL;

	while (said != NULL && strcmp(said->value, "allow") == 0 &&
	       (seen = next(search, KM_FACT_SECOND_SOURCE, seen)) != NULL) {
		if (km_facts_is_yes(seen)) {
			add(search, KM_REQUIREMENT_A02_2, KM_REASON_SAID_FILTERED_SEEN_SERVED,
			    seen->subject, said, seen);
		}
	}
}

static void find_clock(struct search *search)
{
	const struct km_fact *said = next(search, KM_FACT_CLOCK_SOURCE, NULL);
	const struct km_fact *seen = NULL;
	int64_t offset_ms = 0;

	while (said != NULL && strcmp(said->value, "ntp") == 0 &&
	       (seen = next(search, KM_FACT_CLOCK_OFFSET, seen)) != NULL) {
		if (km_facts_number(seen, &offset_ms) == 0 &&
		    (offset_ms > KM_JUDGING_CLOCK_MS || offset_ms < -KM_JUDGING_CLOCK_MS)) {
			add(search, KM_REQUIREMENT_A04_4, KM_REASON_SAID_SYNCED_SEEN_OFF,
			    seen->value, said, seen);
		}
	}
}

size_t km_disagreements_find(const struct km_uuid *camera, const struct km_fact *facts,
    size_t count, struct km_disagreement ret_list[static KM_DISAGREEMENTS_MAX])
{
	struct search search = {
		.camera = camera,
		.facts = facts,
		.count = count,
		.list = ret_list,
	};

	find_services(&search);
	find_discovery(&search);
	find_filter(&search);
	find_clock(&search);
	find_twice(&search);
	return search.found;
}
