/*
 * Requests to the guard (model/requests.tbl): one handler each, called when the right was checked.
 * Private to guard/.
 */
#ifndef KM_GUARD_HUB_REQUESTS_H
#define KM_GUARD_HUB_REQUESTS_H

#include "guard/hub.h"

/*
 * Answers wait in the channel to who asks, which must not overflow: a new request of web is taken
 * only while little waits, and an answer that would fill the rest ends as too large.
 */
#define KM_HUB_REQUESTS_BUSY_PERCENT 25
#define KM_HUB_REQUESTS_FULL_PERCENT 90
#define KM_HUB_REQUESTS_RECORDS_MAX  49152

/* Where answers go. */
struct km_hub_asker {
	void (*send)(void *context, enum km_message_kind kind, const void *message);
	unsigned (*fill_percent)(void *context); /* of the channel: km_channel_fill_percent */
	void *context;
};

/* A request on its way; lives as long as the handler's call. */
struct km_hub_asking {
	struct km_hub *hub;
	uint32_t request;
	const struct km_account *account; /* who asks; NULL: the command line */
	struct km_bytes session;          /* the token of who asks; empty: the command line */
	size_t answered; /* records that were sent; KM_HUB_REQUESTS_RECORDS_MAX at most */
	bool is_too_much;
	/* What goes into `done`: the id of what was made, and on failure what would be right. */
	struct km_uuid id;
	char text[512];
	const struct km_hub_asker *asker;
};

/*
 * The handlers: `message` is a struct of that kind, wiped afterwards. Returns 0 or a KM_ERR_ code
 * for `done`; records are sent by km_hub_requests_answer before that.
 */
#define KM_REQUEST(message, RIGHT, text)                                                           \
	int km_hub_request_##message(                                                              \
	    struct km_hub_asking *asking, struct km_message_##message *message);
#include "model/requests.tbl"
#undef KM_REQUEST

/*
 * Send a record; sets its `request`, which must be its first field. KM_ERR_LIMIT: the answer is too
 * large, for which `done` has the words; whoever answers many rows ends there.
 */
int km_hub_requests_answer(struct km_hub_asking *asking, enum km_message_kind kind, void *record);

/*
 * What a handler returns that answers later: it keeps `request`, sends its records to web, and ends
 * with km_hub_requests_finish. Not for requests of the command line.
 */
#define KM_HUB_REQUESTS_LATER 1
void km_hub_requests_finish(
    struct km_hub *hub, uint32_t request, int err, const struct km_uuid *id, const char *text);

/* Set the text, for people; returns err. */
int km_hub_requests_fail(struct km_hub_asking *asking, int err, const char *format, ...)
    KM_PRINTF(3, 4);

/* "command line", or the name of the account (or of its token); for records and the journal. */
const char *km_hub_requests_who(const struct km_hub_asking *asking);

/* Whether so much waits for web that it is to ask again later (KM_ERR_AGAIN). */
bool km_hub_requests_is_busy(const struct km_hub *hub);

/*
 * Whether the kind is a request. Then ret_err is KM_ERR_FORMAT if it did not unpack (whoever sent
 * it is broken), else 0: it was answered, if only by a refusal.
 */
bool km_hub_requests_from_web(
    struct km_hub *hub, enum km_message_kind kind, struct km_bytes packed, int *ret_err);
bool km_hub_requests_from_command(struct km_hub *hub, enum km_message_kind kind,
    struct km_bytes packed, const struct km_hub_asker *asker, int *ret_err);

#endif
