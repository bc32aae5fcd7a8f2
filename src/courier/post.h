/*
 * What the parts of this role hand each other: a delivery, and what became of it.
 */
#ifndef KM_COURIER_POST_H
#define KM_COURIER_POST_H

#include "model/messages.h"

#define KM_POST_NOTICES_MAX 100 /* of one delivery */

/* The notices of a delivery, in order. */
struct km_post {
	struct km_uuid id; /* the same whenever it is tried again */
	size_t count;      /* > 0 */
	const struct km_message_courier_notice *notices;
	const struct km_message_courier_destination *to;
	const char *host_name; /* of this recorder */
};

struct km_post_outcome {
	int err;
	bool is_final; /* this very content is refused: in vain again */
	char text[512];
};

/* "camera_put"; of an alarm, its kind; "test" for a test message. Static. */
const char *km_post_event_name(const struct km_message_courier_notice *notice);

/* A name for places that take letters, digits, '.' and '-' only; "komainu" if nothing is left. */
void km_post_write_host(const char *host_name, char *ret_text, size_t size);

/* The text in the destination's language; both are joined by " / ". */
void km_post_write_text(
    const struct km_message_courier_notice *notice, unsigned language, char *ret_text, size_t size);

/* An outcome in words; cut if too long. */
void km_post_say(struct km_post_outcome *outcome, int err, bool is_final, const char *format, ...)
    KM_PRINTF(4, 5);

#endif
