#include "guard/hub_requests.h"

#include "model/requests.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What all requests begin with (messages.tbl); a static assertion each holds them to it. */
struct front {
	uint32_t request;
	uint32_t session_size;
	uint8_t session[32];
};

#define KM_REQUEST(message, RIGHT, text)                                                           \
	_Static_assert(                                                                            \
	    offsetof(struct km_message_##message, request) == 0 &&                                 \
		offsetof(struct km_message_##message, session) == offsetof(struct front, session), \
	    #message " begins with request and session");
#include "model/requests.tbl"
#undef KM_REQUEST

int km_hub_requests_answer(struct km_hub_asking *asking, enum km_message_kind kind, void *record)
{
	const struct km_hub_asker *asker = asking->asker;

	if (asking->is_too_much || asking->answered == KM_HUB_REQUESTS_RECORDS_MAX ||
	    asker->fill_percent(asker->context) >= KM_HUB_REQUESTS_FULL_PERCENT) {
		asking->is_too_much = true;
		return KM_ERR_LIMIT;
	}
	asking->answered++;
	memcpy(record, &asking->request, sizeof(asking->request));
	asker->send(asker->context, kind, record);
	return 0;
}

int km_hub_requests_fail(struct km_hub_asking *asking, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(asking->text, sizeof(asking->text), format, args);
	va_end(args);
	return err;
}

const char *km_hub_requests_who(const struct km_hub_asking *asking)
{
	return asking->account == NULL             ? "command line"
	       : asking->account->token[0] != '\0' ? asking->account->token
						   : asking->account->name;
}

static int call_handler(struct km_hub_asking *asking, enum km_message_kind kind, void *message)
{
	switch ((int)kind) {
#define KM_REQUEST(message_name, RIGHT, text)                                                      \
	case KM_MESSAGE_##message_name:                                                            \
		return km_hub_request_##message_name(asking, message);
#include "model/requests.tbl"
#undef KM_REQUEST
	default:
		return KM_ERR_NOT_FOUND;
	}
}

static void finish(struct km_hub_asking *asking, int err)
{
	struct km_message_done done = {
		.request = asking->request, .err = err, .camera = asking->id
	};

	if (err == KM_HUB_REQUESTS_LATER) {
		return;
	}
	if (asking->is_too_much && (err == 0 || err == KM_ERR_LIMIT)) {
		done.err = km_hub_requests_fail(asking, KM_ERR_LIMIT,
		    "more than can be answered at once: ask for less, as for one camera");
	}
	memcpy(done.text, asking->text, sizeof(done.text));
	asking->asker->send(asking->asker->context, KM_MESSAGE_done, &done);
}

void km_hub_requests_finish(
    struct km_hub *hub, uint32_t request, int err, const struct km_uuid *id, const char *text)
{
	struct km_message_done done = { .request = request, .err = err, .camera = *id };

	(void)km_bytes_copy_text(km_bytes_text(text), done.text, sizeof(done.text));
	km_hub_send(hub->web, KM_MESSAGE_done, &done);
}

/* Unpack; NULL if it does not. To be freed. */
static struct front *unpack(enum km_message_kind kind, struct km_bytes packed)
{
	size_t size = km_messages_struct_bytes(kind);
	struct front *front = calloc(1, size < sizeof(*front) ? sizeof(*front) : size);

	if (front != NULL && km_messages_unpack(kind, packed, front) < 0) {
		free(front);
		return NULL;
	}
	return front;
}

static void release(enum km_message_kind kind, struct front *front)
{
	explicit_bzero(front, km_messages_struct_bytes(kind));
	free(front);
}

static void send_to_web(void *context, enum km_message_kind kind, const void *message)
{
	struct km_hub *hub = context;

	km_hub_send(hub->web, kind, message);
}

static unsigned fill_of_web(void *context)
{
	const struct km_hub *hub = context;

	return km_children_fill_percent(hub->web);
}

bool km_hub_requests_is_busy(const struct km_hub *hub)
{
	return km_children_fill_percent(hub->web) > KM_HUB_REQUESTS_BUSY_PERCENT;
}

bool km_hub_requests_from_web(
    struct km_hub *hub, enum km_message_kind kind, struct km_bytes packed, int *ret_err)
{
	static const struct km_uuid no_camera;
	const struct km_hub_asker asker = { send_to_web, fill_of_web, hub };
	struct km_hub_asking asking = { .hub = hub, .asker = &asker };
	struct km_account account = { 0 };
	enum km_right right = KM_RIGHT_SESSION;
	struct front *front = NULL;
	int err = km_requests_right(kind, &right);

	if (err < 0) {
		return false;
	}
	front = unpack(kind, packed);
	if (front == NULL) {
		*ret_err = KM_ERR_FORMAT;
		return true;
	}
	asking.request = front->request;
	asking.session = km_bytes_from(front->session, front->session_size);
	err = km_hub_requests_is_busy(hub)
		  ? km_hub_requests_fail(&asking, KM_ERR_AGAIN, "the recorder is busy: try again")
		  : km_hub_check(hub, asking.session, right, &no_camera, &account);
	if (err == 0) {
		asking.account = &account;
		err = call_handler(&asking, kind, front);
	}
	finish(&asking, err);
	explicit_bzero(&account, sizeof(account));
	release(kind, front);
	*ret_err = 0;
	return true;
}

bool km_hub_requests_from_command(struct km_hub *hub, enum km_message_kind kind,
    struct km_bytes packed, const struct km_hub_asker *asker, int *ret_err)
{
	struct km_hub_asking asking = { .hub = hub, .asker = asker };
	enum km_right right = KM_RIGHT_SESSION;
	struct front *front = NULL;

	if (km_requests_right(kind, &right) < 0) {
		return false;
	}
	front = unpack(kind, packed);
	if (front == NULL) {
		*ret_err = KM_ERR_FORMAT;
		return true;
	}
	asking.request = front->request;
	finish(&asking, call_handler(&asking, kind, front));
	release(kind, front);
	*ret_err = 0;
	return true;
}
