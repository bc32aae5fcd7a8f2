/*
 * What people say about the checklist: attestations, waivers, and the deployment profile, each with
 * who and when. Nothing is ever overwritten: a withdrawn statement stays, with who withdrew it.
 */
#ifndef KM_GUARD_STATEMENTS_H
#define KM_GUARD_STATEMENTS_H

#include "guard/database.h"
#include "judge/answers.h"
#include "model/messages.h"

/* The longest that a statement counts, and a waiver; and what a statement counts if nothing is
 * said. */
#define KM_STATEMENTS_DAYS_MAX 1826
#define KM_STATEMENTS_DAYS     365
#define KM_STATEMENTS_MAX      4096 /* of each kind that may be in force */

/*
 * Returns 0; KM_ERR_NOT_FOUND (the requirement, or the camera), KM_ERR_UNSUPPORTED (a statement
 * cannot answer this one), KM_ERR_FORMAT (a document is missing, a camera where none is meant),
 * KM_ERR_RANGE (the end is past, or too far), KM_ERR_LIMIT. ret_text then says what would be right
 * (static).
 */
KM_MUST_USE int km_statements_attest(struct km_database *database,
    const struct km_message_attest *attest, const char *who, int64_t now_us,
    struct km_message_attestation *ret_attestation, const char **ret_text);

/* The same. The reason is wanted, and an end. */
KM_MUST_USE int km_statements_waive(struct km_database *database,
    const struct km_message_waive *waive, const char *who, int64_t now_us,
    struct km_message_waiver *ret_waiver, const char **ret_text);

/* Returns 0, KM_ERR_NOT_FOUND, or KM_ERR_STATE: it was withdrawn already. */
KM_MUST_USE int km_statements_withdraw_attestation(struct km_database *database, int64_t number,
    const char *who, int64_t now_us, struct km_message_attestation *ret_attestation);
KM_MUST_USE int km_statements_withdraw_waiver(struct km_database *database, int64_t number,
    const char *who, int64_t now_us, struct km_message_waiver *ret_waiver);

/* In the order of numbers; requirement NULL: of all. Withdrawn ones too, unless only_counting (not
 * withdrawn). */
KM_MUST_USE int km_statements_each_attestation(struct km_database *database,
    const char *requirement, bool only_counting,
    int (*on_attestation)(void *context, struct km_message_attestation *attestation),
    void *context);
KM_MUST_USE int km_statements_each_waiver(struct km_database *database, const char *requirement,
    bool only_counting, int (*on_waiver)(void *context, struct km_message_waiver *waiver),
    void *context);

/* As the judge reads them: those that were not withdrawn. Both lists are to be freed. */
struct km_statements {
	struct km_attestation *attestations;
	size_t attestation_count;
	struct km_waiver *waivers;
	size_t waiver_count;
};
KM_MUST_USE int km_statements_read(struct km_database *database, struct km_statements *ret_all);
void km_statements_finish(struct km_statements *all);

/* The deployment profile: the last that was set. None was: is_set 0, no parts. */
KM_MUST_USE int km_statements_profile(
    struct km_database *database, struct km_message_profile *ret_profile);

/* parts: as km_requirements_parse_profile takes them. KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_statements_set_profile(struct km_database *database, const char *parts,
    const char *who, int64_t now_us, struct km_message_profile *ret_profile);

#endif
