/*
 * Questions of the command line to a role's process of its own, as `camera test`, `camera discover`
 * and `camera add` ask them: this process parses nothing that a camera sends.
 */
#ifndef KM_CMD_ROLE_ASKING_H
#define KM_CMD_ROLE_ASKING_H

#include "model/messages.h"

/* Whom to ask, its first message, and the question. */
struct km_role_asking {
	enum km_role role;
	enum km_message_kind start_kind;
	const void *start;
	enum km_message_kind kind;
	const void *message;
	int64_t patience_us;
};

/*
 * Start the role, send it both messages, and give what it answers to on_message until that returns
 * true or patience_us is over; then it is ended. 0, KM_ERR_TIMEOUT, KM_ERR_CLOSED (it ended
 * before), KM_ERR_NOT_FOUND (the program), KM_ERR_SYS, ...
 */
KM_MUST_USE int km_role_asking_run(const struct km_role_asking *asking,
    bool (*on_message)(void *context, enum km_message_kind kind, struct km_bytes packed),
    void *context);

/* The same of an auditor. */
KM_MUST_USE int km_role_asking_auditor(enum km_message_kind kind, const void *message,
    int64_t patience_us,
    bool (*on_message)(void *context, enum km_message_kind kind, struct km_bytes packed),
    void *context);

#endif
