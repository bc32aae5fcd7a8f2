/*
 * The guard's side of audits: who is audited when, what the auditor says, and the ledger that it
 * asks. Private to guard/.
 */
#ifndef KM_GUARD_HUB_AUDITOR_H
#define KM_GUARD_HUB_AUDITOR_H

#include "guard/hub.h"

struct km_hub_auditor;

KM_MUST_USE int km_hub_auditor_create(struct km_hub *hub);
void km_hub_auditor_destroy(struct km_hub *hub);

/* Its process was started; or ended, and every audit of it with it. */
void km_hub_auditor_start(struct km_hub *hub, struct km_process *child);
void km_hub_auditor_end(struct km_hub *hub);

void km_hub_auditor_on_message(struct km_hub *hub, struct km_process *child,
    enum km_message_kind kind, struct km_bytes message);

/* Queue an audit of a camera and see whether it can begin: reasons are audit_reason, states.tbl. */
KM_MUST_USE int km_hub_auditor_queue(struct km_hub *hub, const struct km_uuid *camera,
    unsigned reason, const char *by, bool is_thorough, int64_t *ret_number);

/* Whether any audit runs now. */
bool km_hub_auditor_is_running(const struct km_hub *hub);

/* The process, which is started if need be; NULL while it does not run: ask again later. */
struct km_process *km_hub_auditor_process(struct km_hub *hub);

#endif
