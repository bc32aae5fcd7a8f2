/* /api/v1/parts.json: the parts list as a CycloneDX document. */
#include "crypto/random.h"
#include "io/clock.h"
#include "model/cyclonedx.h"
#include "web/call.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX ((size_t)4 * 1024 * 1024)
#define PARTS_MAX  512

void km_resource_parts_document(struct km_call *call);

struct collecting {
	struct km_call *call;
	size_t count;
	struct km_message_part parts[PARTS_MAX];
};

static void answer(struct collecting *collecting)
{
	struct km_uuid serial;
	struct km_json json;
	int err = km_random_uuid(&serial);

	if (err < 0) {
		km_call_fail_err(collecting->call, err, NULL);
		return;
	}
	km_json_init(&json, ANSWER_MAX);
	km_cyclonedx_write(
	    &json, collecting->parts, collecting->count, &serial, km_clock_unix_us());
	km_call_answer_json(collecting->call, 200, &json);
}

static void on_answer(void *context, const struct km_ask_answer *given)
{
	struct collecting *collecting = context;
	const struct km_message_done *done = given->message;

	if (given->err == 0 && !given->is_last) {
		if (given->kind == KM_MESSAGE_part && collecting->count < PARTS_MAX) {
			memcpy(&collecting->parts[collecting->count++], given->message,
			    sizeof(struct km_message_part));
		}
		return;
	}
	if (given->err < 0 || given->kind != KM_MESSAGE_done) {
		km_call_fail(collecting->call, 503, "busy", "the recorder is busy: try again");
	} else if (done->err < 0) {
		km_call_fail_err(collecting->call, done->err, done->text);
	} else {
		answer(collecting);
	}
	free(collecting);
}

void km_resource_parts_document(struct km_call *call)
{
	struct km_message_part_list list = { .session_size = KM_SECRET_BYTES };
	struct collecting *collecting = calloc(1, sizeof(*collecting));

	if (collecting == NULL) {
		km_call_fail_err(call, KM_ERR_MEMORY, NULL);
		return;
	}
	collecting->call = call;
	memcpy(list.session, call->session, KM_SECRET_BYTES);
	if (km_call_ask(call, KM_MESSAGE_part_list, &list, on_answer, collecting) < 0) {
		km_call_fail(call, 503, "busy", "the recorder is busy: try again");
		free(collecting);
	}
	explicit_bzero(&list, sizeof(list));
}
