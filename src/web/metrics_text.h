/*
 * Figures in the text format of Prometheus, version 0.0.4.
 */
#ifndef KM_WEB_METRICS_TEXT_H
#define KM_WEB_METRICS_TEXT_H

#include "model/messages.h"

#define KM_METRICS_TEXT_CAMERAS_MAX      4096
#define KM_METRICS_TEXT_ROLES_MAX        256
#define KM_METRICS_TEXT_DESTINATIONS_MAX 64

/* What was gathered; arrays are the caller's. */
struct km_metrics_text {
	const struct km_message_status_system *system;
	const struct km_message_status_camera *const *cameras;
	size_t camera_count;
	const struct km_message_status_role *roles;
	size_t role_count;
	const struct km_message_metrics_destination *destinations;
	size_t destination_count;
	uint64_t journal_entries;
};

/* Append all of it: each family once, with its help and type. */
void km_metrics_text_write(const struct km_metrics_text *text, struct km_buf *buf);

/* Append a label's value, with '\', '"' and line ends escaped. */
void km_metrics_text_add_value(struct km_buf *buf, const char *value);

#endif
