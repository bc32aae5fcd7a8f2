#include "guard/certificates_offline.h"

#include "guard/hub_requests.h"
#include "guard/journal.h"

#include <stdlib.h>
#include <string.h>

/* What cannot be written to the journal waits for the end, where it is told. */
static unsigned never_full(void *context)
{
	(void)context;
	return 0;
}

static void on_waiting(void *context)
{
	(void)context;
}

int km_certificates_offline_ask(struct km_state *state, enum km_message_kind kind, void *message,
    void (*on_record)(void *context, enum km_message_kind kind, const void *record), void *context,
    char ret_text[static 512])
{
	/* A hub of which nothing runs: the handlers find neither web nor a log. */
	struct km_hub *hub = calloc(1, sizeof(*hub));
	const struct km_hub_asker asker = { on_record, never_full, context };
	struct km_hub_asking asking = { .hub = hub, .asker = &asker };
	int err = KM_ERR_UNSUPPORTED;

	if (hub == NULL ||
	    km_journal_open_queue(state->database, km_bytes_from(NULL, 0), on_waiting, NULL) < 0) {
		free(hub);
		return KM_ERR_MEMORY;
	}
	hub->database = state->database;
	hub->vault = state->vault;
	if (kind == KM_MESSAGE_certificate_list) {
		err = km_hub_request_certificate_list(&asking, message);
	} else if (kind == KM_MESSAGE_certificate_install) {
		err = km_hub_request_certificate_install(&asking, message);
	} else if (kind == KM_MESSAGE_certificate_make) {
		err = km_hub_request_certificate_make(&asking, message);
	}
	if (km_journal_close_queue(state->database) < 0 && err == 0) {
		err = km_hub_requests_fail(
		    &asking, KM_ERR_DATABASE, "it was done, but the journal could not be written");
	}
	memcpy(ret_text, asking.text, sizeof(asking.text));
	free(hub);
	return err;
}
