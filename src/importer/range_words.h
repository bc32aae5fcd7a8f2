/*
 * Which versions a list means where it says so in words: "< 1.2", ">= 1.0, < 2.0", "before 5.5",
 * "3.8.0 and prior", "Ver.1.10 より前", "1.0 およびそれ以前", "all versions". Pure.
 */
#ifndef KM_IMPORTER_RANGE_WORDS_H
#define KM_IMPORTER_RANGE_WORDS_H

#include "model/weakness.h"

/* Set version, start, end and their flags; KM_WEAKNESS_UNCLEAR if the words are not understood. */
void km_range_words_take(struct km_bytes words, struct km_weakness_range *range);

#endif
