#include "courier/outlet.h"

#include "courier/mqtt_link.h"
#include "courier/syslog_link.h"
#include "model/states.h"

#include <stdlib.h>
#include <string.h>

struct km_outlet {
	struct km_outlet_shared *shared;
	struct km_message_courier_destination settings;
	bool is_sending;
	struct km_uuid delivery;
	size_t count; /* notices gathered of it */
	struct km_message_courier_notice *notices;
	struct km_transfer *transfer; /* whichever sends it */
	struct km_syslog_link *syslog;
	struct km_mqtt_link *mqtt; /* stays */
};

static void forget_delivery(struct km_outlet *outlet)
{
	free(outlet->notices);
	outlet->notices = NULL;
	outlet->count = 0;
	outlet->is_sending = false;
	outlet->transfer = NULL;
	outlet->syslog = NULL;
}

static void on_done(void *context, const struct km_post_outcome *outcome)
{
	struct km_outlet *outlet = context;
	struct km_message_courier_done done = {
		.destination = outlet->settings.destination,
		.delivery = outlet->delivery,
		.err = outcome->err,
		.is_final = outcome->is_final,
	};

	memcpy(done.text, outcome->text, sizeof(done.text));
	forget_delivery(outlet);
	outlet->shared->on_done(outlet->shared->context, &done);
}

static void on_connected(void *context)
{
	struct km_outlet *outlet = context;

	for (size_t i = 0; i < outlet->shared->camera_count; i++) {
		km_mqtt_link_tell_camera(outlet->mqtt, &outlet->shared->cameras[i]);
	}
}

static const struct km_mqtt_link_events mqtt_events = {
	.on_connected = on_connected,
	.on_done = on_done,
};

static int open_link(struct km_outlet *outlet)
{
	struct km_outlet_shared *shared = outlet->shared;

	switch (outlet->settings.kind) {
	case KM_DESTINATION_MQTT:
		return km_mqtt_link_create(shared->loop, &outlet->settings, shared->host_name,
		    &mqtt_events, outlet, &outlet->mqtt);
	case KM_DESTINATION_MAIL:
	case KM_DESTINATION_WEBHOOK:
	case KM_DESTINATION_SYSLOG:
		return 0;
	default:
		return KM_ERR_RANGE;
	}
}

int km_outlet_create(struct km_outlet_shared *shared,
    const struct km_message_courier_destination *settings, struct km_outlet **ret_outlet)
{
	struct km_outlet *outlet = calloc(1, sizeof(*outlet));
	int err = 0;

	if (outlet == NULL) {
		return KM_ERR_MEMORY;
	}
	outlet->shared = shared;
	outlet->settings = *settings;
	err = open_link(outlet);
	if (err < 0) {
		km_outlet_destroy(outlet);
		return err;
	}
	*ret_outlet = outlet;
	return 0;
}

static void close_links(struct km_outlet *outlet)
{
	km_transfer_cancel(outlet->transfer);
	km_syslog_link_cancel(outlet->syslog);
	km_mqtt_link_destroy(outlet->mqtt);
	outlet->mqtt = NULL;
	forget_delivery(outlet);
}

void km_outlet_destroy(struct km_outlet *outlet)
{
	if (outlet != NULL) {
		close_links(outlet);
		explicit_bzero(outlet, sizeof(*outlet));
		free(outlet);
	}
}

const struct km_uuid *km_outlet_id(const struct km_outlet *outlet)
{
	return &outlet->settings.destination;
}

int km_outlet_change(
    struct km_outlet *outlet, const struct km_message_courier_destination *settings)
{
	struct km_post_outcome outcome = { 0 };
	bool was_sending = outlet->is_sending;

	if (memcmp(&outlet->settings, settings, sizeof(*settings)) == 0) {
		return 0;
	}
	close_links(outlet);
	outlet->settings = *settings;
	if (was_sending) {
		km_post_say(&outcome, KM_ERR_AGAIN, false, "the settings were changed meanwhile");
		on_done(outlet, &outcome);
	}
	return open_link(outlet);
}

static void send_delivery(struct km_outlet *outlet)
{
	struct km_outlet_shared *shared = outlet->shared;
	const struct km_post post = {
		.id = outlet->delivery,
		.count = outlet->count,
		.notices = outlet->notices,
		.to = &outlet->settings,
		.host_name = shared->host_name,
	};
	struct km_post_outcome outcome = { 0 };
	int err = 0;

	switch (outlet->settings.kind) {
	case KM_DESTINATION_MQTT:
		km_mqtt_link_send(outlet->mqtt, &post);
		break;
	case KM_DESTINATION_SYSLOG:
		err = km_syslog_link_start(shared->loop, &post, on_done, outlet, &outlet->syslog);
		break;
	default:
		err =
		    km_transfer_start(shared->transfers, &post, on_done, outlet, &outlet->transfer);
		break;
	}
	if (err < 0) {
		km_post_say(&outcome, err, false, "%s",
		    err == KM_ERR_CONFIG ? "ca: no certificate can be read from it"
					 : km_error_text(err));
		on_done(outlet, &outcome);
	}
}

int km_outlet_take(struct km_outlet *outlet, const struct km_message_courier_notice *notice)
{
	size_t whole = (size_t)notice->left + 1;

	if (outlet->is_sending) {
		return KM_ERR_STATE;
	}
	if (outlet->notices == NULL) {
		if (whole > KM_POST_NOTICES_MAX) {
			return KM_ERR_LIMIT;
		}
		outlet->notices = calloc(whole, sizeof(*outlet->notices));
		if (outlet->notices == NULL) {
			return KM_ERR_MEMORY;
		}
		outlet->delivery = notice->delivery;
	} else if (!km_uuid_is_equal(&outlet->delivery, &notice->delivery) ||
		   outlet->notices[outlet->count - 1].left != whole) {
		return KM_ERR_STATE;
	}
	outlet->notices[outlet->count++] = *notice;
	if (notice->left == 0) {
		outlet->is_sending = true;
		send_delivery(outlet);
	}
	return 0;
}

void km_outlet_tell_camera(struct km_outlet *outlet, const struct km_message_courier_camera *camera)
{
	if (outlet->mqtt != NULL) {
		km_mqtt_link_tell_camera(outlet->mqtt, camera);
	}
}
