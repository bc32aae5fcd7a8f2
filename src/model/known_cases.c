#include "model/known_cases.h"

#include <stdio.h>
#include <string.h>

#define BEFORE 0
#define UP_TO  KM_WEAKNESS_END_INCLUDED
#define NEVER  0

static const struct known_case {
	const char *id;
	const char *vendor;
	const char *product;
	const char *start;
	const char *end;
	unsigned flags;
	uint16_t severity_tenths;
	const char *published;
	const char *title;
	const char *url;
} cases[] = {
#define KM_KNOWN_CASE(id, vendor, product, start, end, END, score, published, title, url)          \
	{ id, vendor, product, start, end, END, score, published, title, url },
#include "model/known_cases.tbl"
#undef KM_KNOWN_CASE
};

static void begin(struct km_weakness *weakness, const struct known_case *from)
{
	km_weakness_clear(weakness);
	weakness->source = KM_WEAKNESS_KNOWN;
	weakness->severity_tenths = from->severity_tenths;
	(void)snprintf(weakness->id, sizeof(weakness->id), "%s", from->id);
	(void)snprintf(weakness->title, sizeof(weakness->title), "%s", from->title);
	(void)snprintf(weakness->url, sizeof(weakness->url), "%s", from->url);
	(void)snprintf(weakness->published, sizeof(weakness->published), "%s", from->published);
}

static void add(struct km_weakness *weakness, const struct known_case *from)
{
	struct km_weakness_range *range = km_weakness_add(weakness);

	if (range != NULL) {
		range->configuration = (uint16_t)weakness->range_count;
		range->part = 'o';
		range->flags = (uint8_t)(KM_WEAKNESS_VULNERABLE | from->flags);
		(void)snprintf(range->vendor, sizeof(range->vendor), "%s", from->vendor);
		(void)snprintf(range->product, sizeof(range->product), "%s", from->product);
		(void)snprintf(range->start, sizeof(range->start), "%s", from->start);
		(void)snprintf(range->end, sizeof(range->end), "%s", from->end);
	}
}

int km_known_cases_each(struct km_weakness *weakness,
    int (*on_weakness)(void *context, const struct km_weakness *weakness), void *context)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < KM_COUNT(cases);) {
		begin(weakness, &cases[i]);
		while (i < KM_COUNT(cases) && strcmp(cases[i].id, weakness->id) == 0) {
			add(weakness, &cases[i++]);
		}
		err = on_weakness(context, weakness);
	}
	return err;
}
