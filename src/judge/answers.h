/*
 * Answers to the requirements of the checklist, out of facts, statements of people, waivers and
 * the deployment profile. Pure: nothing is read, sent or remembered; the same input gives the same
 * answers.
 *
 * Every answer is met, not met, unknown or not applicable, with the evidence that decided it, its
 * age, and the day from which it is worth nothing any more: then it is unknown.
 */
#ifndef KM_JUDGE_ANSWERS_H
#define KM_JUDGE_ANSWERS_H

#include "base/uuid.h"
#include "model/facts.h"
#include "model/requirements.h"
#include "model/states.h"

#define KM_ANSWER_EVIDENCE_MAX 32 /* facts that one answer shows */
#define KM_ANSWER_SUBJECT_SIZE 160
#define KM_ANSWER_REASON_SIZE  512

/* What a person says about a requirement. */
struct km_attestation {
	int64_t number;
	uint8_t requirement;   /* enum km_requirement_name */
	struct km_uuid camera; /* nil: of the recorder and the site, or of all cameras */
	uint8_t state;         /* answer_state: met, not met or not applicable */
	int64_t made_unix_us;
	int64_t until_unix_us; /* worth nothing from then on */
	bool is_withdrawn;
};

/*
 * Somebody lives for a time with a requirement that is not met. It never changes an answer: it is
 * shown beside it.
 */
struct km_waiver {
	int64_t number;
	uint8_t requirement;
	struct km_uuid camera; /* nil: for the requirement as a whole */
	int64_t made_unix_us;
	int64_t until_unix_us;
	bool is_withdrawn;
};

/* Against what is judged. All of it is borrowed. */
struct km_judge_case {
	const struct km_attestation *attestations; /* in the order of their numbers */
	size_t attestation_count;
	const struct km_waiver *waivers;
	size_t waiver_count;
	uint32_t profile; /* bits 1 << enum km_profile_part */
	int64_t now_unix_us;
};

/* Why. */
enum km_reason {
#define KM_REASON(NAME, name, text_en, text_ja) KM_REASON_##NAME,
#include "judge/reasons.tbl"
#undef KM_REASON
};

struct km_answer {
	uint8_t requirement; /* enum km_requirement_name */
	uint8_t level;       /* answer_level in states.tbl: the whole is what the checklist shows */
	struct km_uuid camera; /* level CAMERA; else nil */
	uint8_t state;         /* answer_state in states.tbl */
	unsigned kinds;        /* set of enum km_answer_kind: by which it was decided */
	enum km_reason reason;
	char subject[KM_ANSWER_SUBJECT_SIZE]; /* what the reason is about; may be empty */
	const struct km_fact *evidence[KM_ANSWER_EVIDENCE_MAX];
	size_t evidence_count;
	size_t evidence_left_out;                 /* more than fit */
	const struct km_attestation *attestation; /* that decided it, or that ran out; or NULL */
	const struct km_waiver *waiver;           /* that is in force; or NULL */
	bool disagrees;           /* two sources contradict each other: see km_disagreement */
	int64_t observed_unix_us; /* the oldest evidence that it needs; 0: none */
	int64_t due_unix_us;      /* when it has to be looked at again; 0: no date */
	/* Level ALL: how the cameras stand. */
	uint32_t cameras_met;
	uint32_t cameras_not_met;
	uint32_t cameras_unknown;
	uint32_t cameras_not_applicable;
};

/* Two sources say different things of one camera: a finding of its own. */
struct km_disagreement {
	struct km_uuid camera;
	uint8_t requirement; /* the first that leans on it */
	enum km_reason reason;
	char subject[KM_ANSWER_SUBJECT_SIZE];
	const struct km_fact *said;
	const struct km_fact *seen;
};

/* Both are valid during the call; a negative result ends the judging. */
struct km_answers_events {
	int (*on_answer)(void *context, const struct km_answer *answer);
	int (*on_disagreement)(void *context, const struct km_disagreement *disagreement);
};

/*
 * Camera after camera, then the rest, so that the facts of one camera at a time are in memory:
 * create, camera..., finish, destroy. on_disagreement may be NULL. KM_ERR_MEMORY.
 */
struct km_answers;
KM_MUST_USE int km_answers_create(const struct km_judge_case *judged,
    const struct km_answers_events *events, void *context, struct km_answers **ret_answers);
void km_answers_destroy(struct km_answers *answers);

/*
 * A camera and what is known of it, in any order; `self` are those of the recorder. Gives its
 * answers (level CAMERA) in the order of the table. Returns 0 or what a callback returned.
 */
KM_MUST_USE int km_answers_judge_camera(struct km_answers *answers, const struct km_uuid *camera,
    const char *name, const struct km_fact *facts, size_t count, const struct km_fact *self,
    size_t self_count);

/*
 * The recorder and the whole: for each requirement the answer of the system, if it has one, then
 * that of all; then the audit points (level ALL). Evidence of the whole is that of its worst
 * parts. Returns as above.
 */
KM_MUST_USE int km_answers_judge_rest(
    struct km_answers *answers, const struct km_fact *self, size_t self_count);

/* The sentence of a reason, with what it is about. */
void km_answers_write_reason(enum km_reason reason, const char *subject, bool is_japanese,
    char ret_text[static KM_ANSWER_REASON_SIZE]);

/* "aged"; for JSON and filters. Static. */
const char *km_answers_reason_name(enum km_reason reason);

/* How a requirement is answered, of a camera or of the system (rules.tbl). */
struct km_rule_row {
	enum km_requirement_name requirement;
	unsigned per;         /* set of enum km_requirement_per */
	const char *sureness; /* "certain", "seen", "told" or "stated" */
	const char *facts;    /* what it reads: names in facts.tbl, with spaces */
	const char *text_en;  /* what it looks at, and what that is worth */
	const char *text_ja;
};

/* Row by row; NULL past the end. Static. For docs/checklist.md and the reports. */
const struct km_rule_row *km_answers_rule(size_t place);

#endif
