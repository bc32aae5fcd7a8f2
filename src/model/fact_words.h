/*
 * Facts by a few words for people, in both languages (fact_words.tbl).
 */
#ifndef KM_MODEL_FACT_WORDS_H
#define KM_MODEL_FACT_WORDS_H

#include <stdbool.h>

/* "open port"; the kind's name where there are no words. Static. */
const char *km_fact_words_of(unsigned kind, bool is_japanese);

#endif
