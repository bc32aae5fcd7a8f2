/*
 * One answer in the making: a rule weighs one observation after the other, and the worst decides.
 * Private to judge/.
 *
 * Not met weighs more than unknown, and unknown more than met: nothing is met while a fact that it
 * needs is missing, and what was seen to be wrong is wrong whatever else is not known. An
 * observation that is too old weighs as unknown, whatever it says.
 */
#ifndef KM_JUDGE_JUDGING_H
#define KM_JUDGE_JUDGING_H

#include "base/time.h"
#include "judge/answers.h"

/* From here on a match with a list of weaknesses counts as one that the device has. */
#define KM_JUDGING_SURE 70
/* A clock that is off by more is not right. */
#define KM_JUDGING_CLOCK_MS 5000
/* "about 3 times", with room for typing errors. [IPA a03-4] */
#define KM_JUDGING_TRIES_MAX 5
#define KM_JUDGING_PASSWORD  8
/* A fact may be observed "later than now" by so much: clocks are set. */
#define KM_JUDGING_EARLY_US KM_TIME_HOUR_US
/* How long an alarm may wait for somebody, and a comparison after work on a camera. */
#define KM_JUDGING_PATIENCE_US (3 * KM_TIME_DAY_US)
/* How long what a person entered about a device counts. */
#define KM_JUDGING_ENTERED_US (1826 * KM_TIME_DAY_US)

struct km_judging {
	const struct km_fact *facts; /* of the camera; of the recorder where the system is judged */
	size_t count;
	const struct km_fact *self; /* of the recorder */
	size_t self_count;
	uint32_t profile;
	int64_t now_us;
	int64_t fresh_us;
	bool cameras_watch; /* every camera can tell of tampering */
	unsigned weight;    /* of what has decided so far; 0: nothing yet */
	struct km_answer *answer;
};

/* The next fact of the kind behind `after` (NULL: the first); NULL when there are no more. */
const struct km_fact *km_judging_next(
    const struct km_judging *judging, enum km_fact_kind kind, const struct km_fact *after);
const struct km_fact *km_judging_next_self(
    const struct km_judging *judging, enum km_fact_kind kind, const struct km_fact *after);

/* Known, and not too old. */
bool km_judging_is_usable(const struct km_judging *judging, const struct km_fact *fact);

/*
 * An observation that speaks for this state (answer_state). subject: what the reason is about;
 * NULL: nothing. fact: NULL if there is none to show. One that is too old, or not known, weighs as
 * unknown with a reason of its own.
 */
void km_judging_weigh(struct km_judging *judging, unsigned state, enum km_reason reason,
    const char *subject, const struct km_fact *fact);

/* A fact that is needed is not there. */
void km_judging_lack(struct km_judging *judging, enum km_fact_kind kind);

/*
 * Weigh all facts of a YES_NO kind: those that say `is_yes` are met for the reason `good`, the
 * others not met for `bad`; subject of the reason: that of the fact. Returns how many usable ones
 * there were.
 */
unsigned km_judging_weigh_all(struct km_judging *judging, enum km_fact_kind kind, bool is_yes,
    enum km_reason good, enum km_reason bad);

/* The same, and a lack if there was no fact at all. */
void km_judging_need_all(struct km_judging *judging, enum km_fact_kind kind, bool is_yes,
    enum km_reason good, enum km_reason bad);

/* Whether a usable fact of the kind says so. */
bool km_judging_has(const struct km_judging *judging, enum km_fact_kind kind, bool is_yes);

/* Show a fact that did not decide, if there is room. Its age counts if the answer is met. */
void km_judging_show(struct km_judging *judging, const struct km_fact *fact);

/* The recorder makes it so: its version is the evidence. */
void km_judging_weigh_built_in(struct km_judging *judging, enum km_reason reason);

/* A fact of the recorder about the camera that is judged; NULL: there is none. */
const struct km_fact *km_judging_of_camera(
    const struct km_judging *judging, enum km_fact_kind kind);

/* Weigh the offset of the camera's clock; a lack if there is none. */
void km_judging_weigh_clock(struct km_judging *judging);

/* Weigh each known weakness by its confidence: VULNERABILITY of a camera, SELF_VULNERABILITY. */
void km_judging_weigh_weaknesses(struct km_judging *judging, enum km_fact_kind kind);

#endif
