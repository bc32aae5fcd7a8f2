/*
 * MQTT 3.1.1 over TLS, over libmosquitto: a connection that stays, so that the broker can tell
 * others when this recorder has gone (its last will), and that is made anew with back-off.
 */
#ifndef KM_COURIER_MQTT_LINK_H
#define KM_COURIER_MQTT_LINK_H

#include "courier/discovery.h"
#include "courier/post.h"
#include "io/loop.h"

struct km_mqtt_link;

struct km_mqtt_link_events {
	/* Connected, perhaps again: tell it the state of everything. */
	void (*on_connected)(void *context);
	/* What became of km_mqtt_link_send. */
	void (*on_done)(void *context, const struct km_post_outcome *outcome);
};

/* Before the sandbox, once per process. 0 or KM_ERR_CRYPTO. */
KM_MUST_USE int km_mqtt_link_prepare(void);

/* Begin to connect. All pointers are borrowed for the link's life. */
KM_MUST_USE int km_mqtt_link_create(struct km_loop *loop,
    const struct km_message_courier_destination *to, const char *host_name,
    const struct km_mqtt_link_events *events, void *context, struct km_mqtt_link **ret_link);

/* Without a goodbye, so that the broker tells the last will. NULL is fine. */
void km_mqtt_link_destroy(struct km_mqtt_link *link);

/*
 * Publish a notice, now or as soon as it is connected; on_done follows from the loop when the
 * broker has all of it, or it took too long. One at a time.
 */
void km_mqtt_link_send(struct km_mqtt_link *link, const struct km_post *post);

/* Publish a camera's state; dropped while not connected. */
void km_mqtt_link_tell_camera(
    struct km_mqtt_link *link, const struct km_message_courier_camera *camera);

#endif
