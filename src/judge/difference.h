/*
 * What differs between two snapshots of a camera's facts: settings that change by themselves are a
 * sign of a takeover, and after maintenance they must be what they were before. [IPA h01-1]
 *
 * Pure. Only facts that snapshots keep (model/kept_facts) are looked at; others may be there.
 */
#ifndef KM_JUDGE_DIFFERENCE_H
#define KM_JUDGE_DIFFERENCE_H

#include "model/facts.h"

#include <stddef.h>

/* Of one camera; what is more is refused. Room for all that the guard keeps from an audit. */
#define KM_DIFFERENCE_FACTS_MAX 2048

struct km_difference {
	unsigned change;              /* difference_change in states.tbl */
	unsigned theme;               /* kept_theme in states.tbl */
	const struct km_fact *before; /* NULL: added */
	const struct km_fact *after;  /* NULL: removed */
	int64_t since_us;             /* UTC: when it was last seen to be as before */
};

/*
 * Each difference, in the order of `after`, then what was removed. What one of them does not know,
 * for its list was not read or its port was not tried, is none. A negative result of on_difference
 * ends the walk and is returned.
 */
KM_MUST_USE int km_difference_each(const struct km_fact *before, size_t before_count,
    const struct km_fact *after, size_t after_count,
    int (*on_difference)(void *context, const struct km_difference *difference), void *context);

/*
 * What is known after an audit: what it saw, and from the snapshot before what it did not look at,
 * so that a change is found however many audits could not see it. ret_facts has room for
 * KM_DIFFERENCE_FACTS_MAX: if that is too little, of the snapshot before is forgotten what comes
 * last, and will be new when it is seen again. Returns 0, or KM_ERR_LIMIT: too much was seen.
 */
KM_MUST_USE int km_difference_settle(const struct km_fact *before, size_t before_count,
    const struct km_fact *seen, size_t seen_count, struct km_fact *ret_facts, size_t *ret_count);

/* Whether both hold the same kinds, sources, subjects and values, whenever they were seen. */
bool km_difference_is_none(const struct km_fact *before, size_t before_count,
    const struct km_fact *after, size_t after_count);

/*
 * A difference in a few words, as "account intruder added: administrator"; shortened to the size.
 */
#define KM_DIFFERENCE_TEXT_SIZE 256
void km_difference_say(
    const struct km_difference *difference, char ret_text[static KM_DIFFERENCE_TEXT_SIZE]);

#endif
