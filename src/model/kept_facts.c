#include "model/kept_facts.h"

#include "model/states.h"

static const struct km_kept_fact rows[] = {
#define KM_KEPT_FACT(KIND, THEME, compared, LOOKED)                                                \
	{ KM_FACT_##KIND, KM_THEME_##THEME, KM_KEPT_##compared, KM_FACT_##LOOKED },
#include "model/kept_facts.tbl"
#undef KM_KEPT_FACT
};

const struct km_kept_fact *km_kept_facts_find(unsigned kind)
{
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		if (rows[i].kind == kind) {
			return &rows[i];
		}
	}
	return NULL;
}

bool km_kept_facts_is_kept(const struct km_fact *fact)
{
	return (fact->source == KM_FROM_ONVIF || fact->source == KM_FROM_PROBE) &&
	       km_kept_facts_find(fact->kind) != NULL;
}
