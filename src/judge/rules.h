/*
 * The rules (rules.tbl): each looks at the facts that its row names and weighs them. Private to
 * judge/. Those of cameras are in camera_*.c, those of the recorder and the site in system_*.c.
 */
#ifndef KM_JUDGE_RULES_H
#define KM_JUDGE_RULES_H

#include "judge/judging.h"

#define KM_RULE(NAME, per, function, sureness, facts, text_en, text_ja)                            \
	void km_##function(struct km_judging *judging);
#include "judge/rules.tbl"
#undef KM_RULE

#endif
