/* /metrics: figures for Prometheus, for who has an API token with the right for them. */
#include "web/call.h"
#include "web/metrics_text.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX ((size_t)8 * 1024 * 1024)

void km_resource_metrics_show(struct km_call *call);

struct gathering {
	struct km_call *call;
	struct km_message_status_system system;
	uint64_t journal_entries;
	size_t camera_count;
	size_t role_count;
	size_t destination_count;
	struct km_message_status_camera *cameras[KM_METRICS_TEXT_CAMERAS_MAX];
	struct km_message_status_role roles[KM_METRICS_TEXT_ROLES_MAX];
	struct km_message_metrics_destination destinations[KM_METRICS_TEXT_DESTINATIONS_MAX];
};

static void free_gathering(struct gathering *gathering)
{
	for (size_t i = 0; i < gathering->camera_count; i++) {
		free(gathering->cameras[i]);
	}
	free(gathering);
}

static void take_camera(struct gathering *gathering, const struct km_message_status_camera *camera)
{
	struct km_message_status_camera *copy = NULL;

	if (gathering->camera_count < KM_METRICS_TEXT_CAMERAS_MAX) {
		copy = malloc(sizeof(*copy));
	}
	if (copy != NULL) {
		*copy = *camera;
		gathering->cameras[gathering->camera_count++] = copy;
	}
}

static void take(struct gathering *gathering, const struct km_ask_answer *answer)
{
	const struct km_message_metrics_total *total = answer->message;

	switch (answer->kind) {
	case KM_MESSAGE_status_system:
		gathering->system = *(const struct km_message_status_system *)answer->message;
		break;
	case KM_MESSAGE_status_camera:
		take_camera(gathering, answer->message);
		break;
	case KM_MESSAGE_status_role:
		if (gathering->role_count < KM_METRICS_TEXT_ROLES_MAX) {
			gathering->roles[gathering->role_count++] =
			    *(const struct km_message_status_role *)answer->message;
		}
		break;
	case KM_MESSAGE_metrics_destination:
		if (gathering->destination_count < KM_METRICS_TEXT_DESTINATIONS_MAX) {
			gathering->destinations[gathering->destination_count++] =
			    *(const struct km_message_metrics_destination *)answer->message;
		}
		break;
	case KM_MESSAGE_metrics_total:
		gathering->journal_entries = total->journal_entries;
		break;
	default:
		break;
	}
}

static void answer_text(struct gathering *gathering)
{
	struct km_response response = {
		.status = 200,
		.content_type = "text/plain; version=0.0.4; charset=utf-8",
	};
	const struct km_metrics_text text = {
		.system = &gathering->system,
		.cameras = (const struct km_message_status_camera *const *)gathering->cameras,
		.camera_count = gathering->camera_count,
		.roles = gathering->roles,
		.role_count = gathering->role_count,
		.destinations = gathering->destinations,
		.destination_count = gathering->destination_count,
		.journal_entries = gathering->journal_entries,
	};

	km_buf_init(&response.body, ANSWER_MAX);
	km_metrics_text_write(&text, &response.body);
	if (km_buf_error(&response.body) < 0) {
		km_buf_finish(&response.body);
		km_call_fail(gathering->call, 503, "busy", "the answer became too large");
		return;
	}
	km_call_answer(gathering->call, &response);
}

static void refuse(struct km_call *call)
{
	km_call_fail(call, 401, "not_logged_in",
	    "this needs an API token with the right metrics, as Authorization: Bearer TOKEN");
}

static void on_answer(void *context, const struct km_ask_answer *answer)
{
	struct gathering *gathering = context;
	const struct km_message_done *done = answer->message;

	if (answer->err == 0 && !answer->is_last) {
		take(gathering, answer);
		return;
	}
	if (answer->err < 0 || answer->kind != KM_MESSAGE_done) {
		km_call_fail(gathering->call, 503, "busy", "the recorder is busy: try again");
	} else if (done->err == KM_ERR_AUTH) {
		refuse(gathering->call);
	} else if (done->err == KM_ERR_DENIED) {
		km_call_fail(gathering->call, 403, "denied",
		    "the token lacks the right metrics, or is not for this address");
	} else if (done->err < 0) {
		km_call_fail_err(gathering->call, done->err, NULL);
	} else {
		answer_text(gathering);
	}
	free_gathering(gathering);
}

/* The token behind "Bearer " [RFC 6750 2.1]. */
static int read_token(const struct km_request *request, struct km_message_metrics_get *get)
{
	struct km_bytes given = km_bytes_text(request->authorization);

	if (!km_bytes_has_prefix_nocase(given, KM_BYTES("Bearer ")) || given.size == 7) {
		return KM_ERR_AUTH;
	}
	return km_bytes_copy_text(km_bytes_after(given, 7), get->token, sizeof(get->token));
}

void km_resource_metrics_show(struct km_call *call)
{
	struct km_message_metrics_get get = { 0 };
	struct gathering *gathering = NULL;

	if (read_token(km_call_request(call), &get) < 0) {
		refuse(call);
		return;
	}
	(void)snprintf(get.address, sizeof(get.address), "%s", km_call_request(call)->peer);
	gathering = calloc(1, sizeof(*gathering));
	if (gathering == NULL) {
		km_call_fail_err(call, KM_ERR_MEMORY, NULL);
		goto out;
	}
	gathering->call = call;
	if (km_call_ask(call, KM_MESSAGE_metrics_get, &get, on_answer, gathering) < 0) {
		free_gathering(gathering);
		km_call_fail(call, 503, "busy", "the recorder is busy: try again");
	}
out:
	explicit_bzero(&get, sizeof(get));
}
