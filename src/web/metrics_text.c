#include "web/metrics_text.h"

#include "model/states.h"

#include <inttypes.h>

void km_metrics_text_add_value(struct km_buf *buf, const char *value)
{
	for (size_t i = 0; value[i] != '\0'; i++) {
		if (value[i] == '\n') {
			km_buf_add_text(buf, "\\n");
			continue;
		}
		if (value[i] == '\\' || value[i] == '"') {
			km_buf_add_u8(buf, '\\');
		}
		km_buf_add_u8(buf, (uint8_t)value[i]);
	}
}

static void begin_family(struct km_buf *buf, const char *name, const char *type, const char *help)
{
	km_buf_add_format(buf, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_label(
    struct km_buf *buf, const char *separator, const char *label, const char *value)
{
	km_buf_add_format(buf, "%s%s=\"", separator, label);
	km_metrics_text_add_value(buf, value);
	km_buf_add_u8(buf, '"');
}

static double seconds(int64_t us)
{
	return (double)us / 1e6;
}

/* --- cameras --- */

static double streaming_of(const struct km_message_status_camera *camera)
{
	return camera->state == KM_CAMERA_STREAMING ? 1 : 0;
}

static double enabled_of(const struct km_message_status_camera *camera)
{
	return camera->is_enabled != 0 ? 1 : 0;
}

static double since_of(const struct km_message_status_camera *camera)
{
	return seconds(camera->since_unix_us);
}

static double newest_of(const struct km_message_status_camera *camera)
{
	return seconds(camera->last_unix_us);
}

static double offset_of(const struct km_message_status_camera *camera)
{
	return camera->clock_offset_us == INT64_MIN ? 0 : seconds(camera->clock_offset_us);
}

#define COUNTER_OF(field)                                                                          \
	static double field##_of(const struct km_message_status_camera *camera)                    \
	{                                                                                          \
		return (double)camera->field;                                                      \
	}
COUNTER_OF(frames_received)
COUNTER_OF(frames_stored)
COUNTER_OF(bytes_received)
COUNTER_OF(bytes_stored)
COUNTER_OF(kept_bytes)
COUNTER_OF(gaps)
COUNTER_OF(lost)
COUNTER_OF(damaged)
COUNTER_OF(reconnects)

static const struct camera_family {
	const char *name;
	const char *type;
	const char *help;
	double (*value)(const struct km_message_status_camera *camera);
} camera_families[] = {
	{ "komainu_camera_enabled", "gauge", "1 if the camera is to be recorded.", enabled_of },
	{ "komainu_camera_streaming", "gauge", "1 while pictures arrive.", streaming_of },
	{ "komainu_camera_state_since_seconds", "gauge", "When its state began, unix time.",
	    since_of },
	{ "komainu_camera_frames_received_total", "counter", "Pictures received.",
	    frames_received_of },
	{ "komainu_camera_frames_stored_total", "counter", "Pictures in segment files.",
	    frames_stored_of },
	{ "komainu_camera_bytes_received_total", "counter", "Media bytes received.",
	    bytes_received_of },
	{ "komainu_camera_bytes_stored_total", "counter", "Bytes written.", bytes_stored_of },
	{ "komainu_camera_kept_bytes", "gauge", "Bytes of its recordings on the disk.",
	    kept_bytes_of },
	{ "komainu_camera_newest_picture_seconds", "gauge",
	    "Label of the newest stored picture, unix time.", newest_of },
	{ "komainu_camera_gaps_total", "counter", "Gaps in the recording.", gaps_of },
	{ "komainu_camera_lost_total", "counter",
	    "Packets lost on the way and pictures not stored.", lost_of },
	{ "komainu_camera_damaged_total", "counter", "Pictures that miss something.", damaged_of },
	{ "komainu_camera_reconnects_total", "counter", "Connections made anew.", reconnects_of },
	{ "komainu_camera_clock_offset_seconds", "gauge",
	    "The camera's clock minus ours; absent while not known.", offset_of },
};

static void write_cameras(const struct km_metrics_text *text, struct km_buf *buf)
{
	for (size_t f = 0; f < KM_COUNT(camera_families); f++) {
		const struct camera_family *family = &camera_families[f];

		begin_family(buf, family->name, family->type, family->help);
		for (size_t i = 0; i < text->camera_count; i++) {
			const struct km_message_status_camera *camera = text->cameras[i];

			if (family->value == offset_of && camera->clock_offset_us == INT64_MIN) {
				continue;
			}
			km_buf_add_text(buf, family->name);
			add_label(buf, "{", "camera", camera->name);
			km_buf_add_format(buf, "} %.17g\n", family->value(camera));
		}
	}
}

/* --- the rest --- */

/* One of them is 1. */
static void write_journal(const struct km_message_status_system *system, struct km_buf *buf)
{
	static const unsigned states[] = { KM_JOURNAL_OK, KM_JOURNAL_CHECKING, KM_JOURNAL_FAILING,
		KM_JOURNAL_BROKEN };

	begin_family(buf, "komainu_journal_state", "gauge",
	    "1 for the journal's state; checking: not all was verified yet since the start.");
	for (size_t i = 0; i < KM_COUNT(states); i++) {
		km_buf_add_text(buf, "komainu_journal_state");
		add_label(buf, "{", "state", km_states_name("journal_state", states[i]));
		km_buf_add_format(buf, "} %d\n", system->journal == states[i] ? 1 : 0);
	}
}

static void write_storage(const struct km_metrics_text *text, struct km_buf *buf)
{
	const struct km_message_status_system *system = text->system;
	const struct {
		const char *name;
		const char *help;
		double value;
	} figures[] = {
		{ "komainu_start_time_seconds", "When the recorder started, unix time.",
		    seconds(system->started_unix_us) },
		{ "komainu_storage_ok", "1 while pictures can be stored.",
		    system->storage == KM_STORAGE_OK || system->storage == KM_STORAGE_TIGHT },
		{ "komainu_storage_total_bytes", "Size of the file system.",
		    (double)system->total_bytes },
		{ "komainu_storage_free_bytes", "Free bytes of it.", (double)system->free_bytes },
		{ "komainu_storage_kept_bytes", "Bytes of all recordings.",
		    (double)system->kept_bytes },
		{ "komainu_journal_entries", "Entries of the journal.",
		    (double)text->journal_entries },
	};

	write_journal(system, buf);
	begin_family(buf, "komainu_info", "gauge", "The version of the recorder.");
	km_buf_add_text(buf, "komainu_info");
	add_label(buf, "{", "version", system->version);
	km_buf_add_text(buf, "} 1\n");
	for (size_t i = 0; i < KM_COUNT(figures); i++) {
		begin_family(buf, figures[i].name, "gauge", figures[i].help);
		km_buf_add_format(buf, "%s %.17g\n", figures[i].name, figures[i].value);
	}
}

static void add_role(
    struct km_buf *buf, const char *name, const struct km_message_status_role *role, uint32_t value)
{
	km_buf_add_text(buf, name);
	add_label(buf, "{", "role", role->role);
	km_buf_add_format(buf, ",instance=\"%" PRIu32 "\"} %" PRIu32 "\n", role->instance, value);
}

static void write_roles(const struct km_metrics_text *text, struct km_buf *buf)
{
	begin_family(buf, "komainu_role_up", "gauge", "1 while the process runs.");
	for (size_t i = 0; i < text->role_count; i++) {
		add_role(buf, "komainu_role_up", &text->roles[i], text->roles[i].is_ready != 0);
	}
	begin_family(buf, "komainu_role_restarts", "counter", "How often it had to be restarted.");
	for (size_t i = 0; i < text->role_count; i++) {
		add_role(buf, "komainu_role_restarts", &text->roles[i], text->roles[i].restarts);
	}
}

static void add_destination(struct km_buf *buf, const char *name,
    const struct km_message_metrics_destination *destination, double value)
{
	km_buf_add_text(buf, name);
	add_label(buf, "{", "destination", destination->name);
	km_buf_add_format(buf, "} %.17g\n", value);
}

static void write_destinations(const struct km_metrics_text *text, struct km_buf *buf)
{
	const struct km_message_metrics_destination *all = text->destinations;

	begin_family(buf, "komainu_notices_waiting", "gauge", "Messages that wait to be sent.");
	for (size_t i = 0; i < text->destination_count; i++) {
		add_destination(buf, "komainu_notices_waiting", &all[i], (double)all[i].waiting);
	}
	begin_family(buf, "komainu_notices_oldest_seconds", "gauge",
	    "When the first that waits was queued, unix time; 0: none waits.");
	for (size_t i = 0; i < text->destination_count; i++) {
		add_destination(
		    buf, "komainu_notices_oldest_seconds", &all[i], seconds(all[i].oldest_unix_us));
	}
	begin_family(
	    buf, "komainu_notices_tries", "gauge", "Failed tries to send the first of them.");
	for (size_t i = 0; i < text->destination_count; i++) {
		add_destination(buf, "komainu_notices_tries", &all[i], all[i].tries);
	}
	begin_family(buf, "komainu_notices_given_up", "gauge",
	    "Messages of the last days that were never delivered.");
	for (size_t i = 0; i < text->destination_count; i++) {
		add_destination(buf, "komainu_notices_given_up", &all[i], (double)all[i].given_up);
	}
}

void km_metrics_text_write(const struct km_metrics_text *text, struct km_buf *buf)
{
	write_storage(text, buf);
	write_cameras(text, buf);
	write_roles(text, buf);
	write_destinations(text, buf);
}
