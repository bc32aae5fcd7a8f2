/*
 * The certificate while the recorder runs: handed to web, put back if web cannot serve it, renewed
 * before it ends, and people told in time. Private to guard/.
 */
#ifndef KM_GUARD_HUB_CERTIFICATES_H
#define KM_GUARD_HUB_CERTIFICATES_H

#include "guard/hub.h"

struct km_hub_certificates;

/* Looks at the dates now and then each hour. NULL-safe destroy. */
KM_MUST_USE int km_hub_certificates_create(
    struct km_hub *hub, struct km_hub_certificates **ret_certificates);
void km_hub_certificates_destroy(struct km_hub_certificates *certificates);

/* Fill the two fields of web's start. An error is logged: web then says that it cannot start. */
void km_hub_certificates_fill(struct km_hub *hub, struct km_message_web_start *start);

/* It was changed in the database: hand it to web. Nothing happens if web has it. */
void km_hub_certificates_apply(struct km_hub *hub);

/* Web says what it serves, or that it refused. */
void km_hub_certificates_on_taken(
    struct km_hub *hub, const struct km_message_identity_taken *taken);

/* Web has ended: if that was over a certificate that never worked, the one before comes back. */
void km_hub_certificates_on_web_ended(struct km_hub *hub);

/* For status_system. */
void km_hub_certificates_tell(struct km_hub *hub, struct km_message_status_system *status);

#endif
