/*
 * One destination: its settings, the delivery that is being sent, and the connection if one stays.
 */
#ifndef KM_COURIER_OUTLET_H
#define KM_COURIER_OUTLET_H

#include "courier/post.h"
#include "courier/transfer.h"
#include "io/loop.h"

#define KM_OUTLET_CAMERAS_MAX 4096

/* What all outlets of the process share. */
struct km_outlet_shared {
	struct km_loop *loop;
	struct km_transfers *transfers;
	char host_name[254]; /* of this recorder */
	struct km_message_courier_camera *cameras;
	size_t camera_count;
	void (*on_done)(void *context, const struct km_message_courier_done *done);
	void *context;
};

struct km_outlet;

/* settings are copied. Returns 0, KM_ERR_MEMORY or KM_ERR_RANGE (an unknown kind). */
KM_MUST_USE int km_outlet_create(struct km_outlet_shared *shared,
    const struct km_message_courier_destination *settings, struct km_outlet **ret_outlet);

/* Drop what is being sent, without on_done, and wipe what opens the service. NULL is fine. */
void km_outlet_destroy(struct km_outlet *outlet);

const struct km_uuid *km_outlet_id(const struct km_outlet *outlet);

/*
 * A notice of a delivery; with the last one it is sent, and on_done follows, perhaps before this
 * returns. Returns 0, or KM_ERR_STATE or KM_ERR_LIMIT if guard broke the order.
 */
KM_MUST_USE int km_outlet_take(
    struct km_outlet *outlet, const struct km_message_courier_notice *notice);

/* Other settings: as destroy and create, but what was being sent is answered (KM_ERR_AGAIN). */
KM_MUST_USE int km_outlet_change(
    struct km_outlet *outlet, const struct km_message_courier_destination *settings);

/* A camera's state has changed (it is in shared->cameras already). */
void km_outlet_tell_camera(
    struct km_outlet *outlet, const struct km_message_courier_camera *camera);

#endif
