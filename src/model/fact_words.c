#include "model/fact_words.h"

#include "model/facts.h"

const char *km_fact_words_of(unsigned kind, bool is_japanese)
{
	static const struct {
		enum km_fact_kind kind;
		const char *texts[2];
	} words[] = {
#define KM_FACT_WORDS(NAME, text_en, text_ja) { KM_FACT_##NAME, { (text_en), (text_ja) } },
#include "model/fact_words.tbl"
#undef KM_FACT_WORDS
	};

	for (size_t i = 0; i < KM_COUNT(words); i++) {
		if (words[i].kind == kind) {
			return words[i].texts[is_japanese ? 1 : 0];
		}
	}
	return km_facts_name(kind);
}
