/*
 * Messages to the world outside: the queue against the process that sends them. Private to guard/.
 *
 * The process is started when the first destination is there. One delivery is under way per
 * destination; what becomes of it is written down before the next one goes.
 */
#ifndef KM_GUARD_HUB_COURIER_H
#define KM_GUARD_HUB_COURIER_H

#include "guard/hub.h"

KM_MUST_USE int km_hub_courier_create(struct km_hub *hub);
void km_hub_courier_destroy(struct km_hub *hub); /* if it was created */

/* The process runs; said something; has ended. */
void km_hub_courier_start(struct km_hub *hub, struct km_process *child);
void km_hub_courier_on_message(struct km_hub *hub, struct km_process *child,
    enum km_message_kind kind, struct km_bytes message);
void km_hub_courier_end(struct km_hub *hub);

/* A camera's entry is going. */
void km_hub_courier_forget_camera(struct km_hub *hub, const struct km_hub_camera *camera);

/* Bring the process in line with the destinations in the database. */
KM_MUST_USE int km_hub_courier_reload(struct km_hub *hub);

/* The last test message to a destination. */
struct km_hub_courier_test {
	struct km_uuid id; /* nil: none */
	bool is_wanted;    /* not sent yet */
	bool is_running;
	bool is_good;
	char text[512];
};

/* Send one; what becomes of it is told by find_test. KM_ERR_NOT_FOUND, KM_ERR_STATE (disabled). */
KM_MUST_USE int km_hub_courier_test(
    struct km_hub *hub, const struct km_uuid *destination, struct km_uuid *ret_id);

/* Zeros if there was none. */
void km_hub_courier_find_test(
    struct km_hub *hub, const struct km_uuid *destination, struct km_hub_courier_test *ret_test);

#endif
