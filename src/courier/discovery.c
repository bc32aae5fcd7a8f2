#include "courier/discovery.h"

#include "base/text.h"
#include "courier/notice_json.h"
#include "model/states.h"

#include <stdio.h>

#define CONFIG_MAX 4096
#define HEX_SIZE   (2 * KM_UUID_BYTES + 1)

/* What differs between sensors. */
struct sensor {
	const char *node;   /* of the discovery topic: letters, digits, '_' and '-' */
	const char *object; /* the same */
	const char *name;   /* for people */
	const char *device_class;
	const char *state_topic;
};

void km_discovery_write_availability_topic(
    const struct km_message_courier_destination *to, char ret_topic[static KM_DISCOVERY_TOPIC_SIZE])
{
	(void)snprintf(ret_topic, KM_DISCOVERY_TOPIC_SIZE, "%s/availability", to->topic);
}

static void write_device(const struct km_discovery *discovery, struct km_json *json)
{
	char hex[HEX_SIZE];
	char id[HEX_SIZE + 16];

	(void)km_text_write_hex(km_uuid_view(&discovery->to->destination), hex, sizeof(hex));
	(void)snprintf(id, sizeof(id), "komainu_%s", hex);
	km_json_open(json, "device", '{');
	km_json_open(json, "identifiers", '[');
	km_json_text(json, NULL, id);
	km_json_close(json, ']');
	km_json_text(json, "name", discovery->host_name);
	km_json_text(json, "manufacturer", "Komainu");
	km_json_text(json, "model", "network camera recorder");
	km_json_text(json, "sw_version", KM_VERSION);
	km_json_close(json, '}');
}

static void write_config(
    const struct km_discovery *discovery, const struct sensor *sensor, struct km_json *json)
{
	char topic[KM_DISCOVERY_TOPIC_SIZE];
	char id[KM_DISCOVERY_TOPIC_SIZE];

	(void)snprintf(id, sizeof(id), "%s_%s", sensor->node, sensor->object);
	km_json_open(json, NULL, '{');
	km_json_text(json, "name", sensor->name);
	km_json_text(json, "unique_id", id);
	km_json_text(json, "device_class", sensor->device_class);
	km_json_text(json, "state_topic", sensor->state_topic);
	km_json_text(json, "payload_on", "ON");
	km_json_text(json, "payload_off", "OFF");
	km_discovery_write_availability_topic(discovery->to, topic);
	km_json_text(json, "availability_topic", topic);
	write_device(discovery, json);
	km_json_close(json, '}');
}

/* [Home Assistant, MQTT discovery] PREFIX/binary_sensor/NODE/OBJECT/config, retained. */
static int tell_config(
    const struct km_discovery *discovery, const struct sensor *sensor, bool is_gone)
{
	char topic[KM_DISCOVERY_TOPIC_SIZE];
	struct km_json json;
	int err = 0;

	if (discovery->to->discovery[0] == '\0') {
		return 0;
	}
	(void)snprintf(topic, sizeof(topic), "%s/binary_sensor/%s/%s/config",
	    discovery->to->discovery, sensor->node, sensor->object);
	if (is_gone) {
		return discovery->publish(discovery->context, topic, km_bytes_from(NULL, 0), true);
	}
	km_json_init(&json, CONFIG_MAX);
	write_config(discovery, sensor, &json);
	err = km_buf_error(&json.buf);
	if (err == 0) {
		err = discovery->publish(discovery->context, topic, km_buf_view(&json.buf), true);
	}
	km_json_finish(&json);
	return err;
}

static int tell_state(
    const struct km_discovery *discovery, const char *topic, bool is_on, bool is_gone)
{
	struct km_bytes payload =
	    is_gone ? km_bytes_from(NULL, 0) : km_bytes_text(is_on ? "ON" : "OFF");

	return discovery->publish(discovery->context, topic, payload, true);
}

int km_discovery_tell_camera(
    const struct km_discovery *discovery, const struct km_message_courier_camera *camera)
{
	char topic[KM_DISCOVERY_TOPIC_SIZE];
	char id[KM_UUID_TEXT_SIZE];
	char hex[HEX_SIZE];
	char node[HEX_SIZE + 16];
	struct sensor sensor = {
		.node = node,
		.object = "connectivity",
		.name = camera->name,
		.device_class = "connectivity",
		.state_topic = topic,
	};
	int err = 0;

	km_uuid_write(&camera->camera, id);
	(void)km_text_write_hex(km_uuid_view(&camera->camera), hex, sizeof(hex));
	(void)snprintf(node, sizeof(node), "komainu_%s", hex);
	(void)snprintf(topic, sizeof(topic), "%s/camera/%s/connectivity", discovery->to->topic, id);
	err = tell_config(discovery, &sensor, camera->is_gone != 0);
	return err < 0
		   ? err
		   : tell_state(discovery, topic, camera->is_connected != 0, camera->is_gone != 0);
}

static int tell_alarm(
    const struct km_discovery *discovery, const struct km_message_courier_notice *notice)
{
	char topic[KM_DISCOVERY_TOPIC_SIZE];
	char hex[HEX_SIZE];
	char node[HEX_SIZE + 16];
	char object[32];
	bool is_over = notice->phase == KM_PHASE_CLEARED;
	struct sensor sensor = {
		.node = node,
		.object = object,
		.name =
		    discovery->to->language == KM_LANGUAGE_JA ? notice->text_ja : notice->text_en,
		.device_class = "problem",
		.state_topic = topic,
	};
	int err = 0;

	/* Alarms are numbered per recorder, so the destination's id makes them unique. */
	(void)km_text_write_hex(km_uuid_view(&discovery->to->destination), hex, sizeof(hex));
	(void)snprintf(node, sizeof(node), "komainu_%s", hex);
	(void)snprintf(object, sizeof(object), "alarm_%lld", (long long)notice->alarm);
	(void)snprintf(
	    topic, sizeof(topic), "%s/alarm/%lld", discovery->to->topic, (long long)notice->alarm);
	err = tell_config(discovery, &sensor, is_over);
	return err < 0 ? err : tell_state(discovery, topic, true, is_over);
}

int km_discovery_tell_notice(
    const struct km_discovery *discovery, const struct km_message_courier_notice *notice)
{
	char topic[KM_DISCOVERY_TOPIC_SIZE];
	struct km_json json;
	int err = 0;

	(void)snprintf(topic, sizeof(topic), "%s/notice", discovery->to->topic);
	km_json_init(&json, KM_NOTICE_JSON_MAX);
	err = km_notice_json_write(notice, discovery->host_name, &json);
	if (err == 0) {
		err = discovery->publish(discovery->context, topic, km_buf_view(&json.buf), false);
	}
	km_json_finish(&json);
	if (err == 0 && notice->alarm != 0 &&
	    (notice->phase == KM_PHASE_OPENED || notice->phase == KM_PHASE_CLEARED)) {
		err = tell_alarm(discovery, notice);
	}
	return err;
}
