/*
 * The requests about certificates (model/requests.tbl) answered by the command line itself, while
 * no guard runs: by the same handlers, on the state directory.
 */
#ifndef KM_GUARD_CERTIFICATES_OFFLINE_H
#define KM_GUARD_CERTIFICATES_OFFLINE_H

#include "guard/state.h"
#include "model/messages.h"

/*
 * state is unlocked, and the caller holds guard/control_lock. message: certificate_list,
 * certificate_install or certificate_make. Records go to on_record. Returns what `done` would say,
 * and its text.
 */
KM_MUST_USE int km_certificates_offline_ask(struct km_state *state, enum km_message_kind kind,
    void *message, void (*on_record)(void *context, enum km_message_kind kind, const void *record),
    void *context, char ret_text[static 512]);

#endif
