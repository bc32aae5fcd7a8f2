/*
 * Questions of the command line to an auditor of its own, as `camera discover` and `camera add` ask
 * them: this process parses nothing that a camera sends.
 */
#ifndef KM_CMD_AUDITOR_ASKING_H
#define KM_CMD_AUDITOR_ASKING_H

#include "model/messages.h"

/*
 * Start komainu-auditor, send it one message, and give what it answers to on_message until that
 * returns true or patience_us is over; then it is ended. 0, KM_ERR_TIMEOUT, KM_ERR_CLOSED (it ended
 * before), KM_ERR_NOT_FOUND (the program), KM_ERR_SYS, ...
 */
KM_MUST_USE int km_auditor_asking_run(enum km_message_kind kind, const void *message,
    int64_t patience_us,
    bool (*on_message)(void *context, enum km_message_kind kind, struct km_bytes packed),
    void *context);

#endif
