/*
 * What is published over MQTT: notices as JSON, and for Home Assistant a binary sensor per camera
 * (is it connected?) and per open alarm. Topics and payloads only; docs/notices.md lists them.
 */
#ifndef KM_COURIER_DISCOVERY_H
#define KM_COURIER_DISCOVERY_H

#include "courier/post.h"

#define KM_DISCOVERY_TOPIC_SIZE 320

/* Where it goes. */
struct km_discovery {
	const struct km_message_courier_destination *to;
	const char *host_name;
	/* Called for each message; topic and payload are borrowed. An empty retained payload takes
	 * away what was retained. A negative result ends it and is returned. */
	int (*publish)(void *context, const char *topic, struct km_bytes payload, bool is_retained);
	void *context;
};

/* Where "online" and "offline" are told. */
void km_discovery_write_availability_topic(const struct km_message_courier_destination *to,
    char ret_topic[static KM_DISCOVERY_TOPIC_SIZE]);

/* A camera's sensor and state; is_gone takes both away. */
KM_MUST_USE int km_discovery_tell_camera(
    const struct km_discovery *discovery, const struct km_message_courier_camera *camera);

/* A notice; and of an alarm's begin or end its sensor. */
KM_MUST_USE int km_discovery_tell_notice(
    const struct km_discovery *discovery, const struct km_message_courier_notice *notice);

#endif
