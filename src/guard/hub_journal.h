/*
 * The journal in the running guard. Private to guard/.
 */
#ifndef KM_GUARD_HUB_JOURNAL_H
#define KM_GUARD_HUB_JOURNAL_H

#include "guard/hub.h"

/* Open the key and the queue; what follows needs the loop, the log, the database and the vault. */
KM_MUST_USE int km_hub_journal_open(struct km_hub *hub);

/* Verify what came after the last checkpoint, and sign. Logs what fails; the recorder goes on. */
void km_hub_journal_start(struct km_hub *hub);

/* Write what waits, and sign. Logs what fails. */
void km_hub_journal_sign(struct km_hub *hub);

/* After the last entry. Nothing was opened: fine. */
void km_hub_journal_close(struct km_hub *hub);

/* How it does, for the status. */
void km_hub_journal_look(const struct km_hub *hub, struct km_message_status_system *status);

#endif
