/* Requests about destinations of messages and about the queue. */
#include "guard/destinations.h"
#include "guard/hub_courier.h"
#include "guard/hub_requests.h"
#include "guard/journal.h"
#include "guard/notices.h"
#include "io/clock.h"
#include "model/states.h"

#include <string.h>

#define LIST_DEFAULT 100
#define LIST_MAX     1000

/* --- the list --- */

static void fill_settings(const struct km_destination *entry, struct km_message_destination *record)
{
	record->destination = entry->id;
	record->kind = entry->kind;
	record->has_password = entry->has_password;
	record->language = entry->language;
	record->minimum = entry->minimum;
	record->is_enabled = entry->is_enabled;
	record->pin_size = entry->pin_size;
	memcpy(record->pin, entry->pin, sizeof(record->pin));
	memcpy(record->name, entry->name, sizeof(record->name));
	memcpy(record->url, entry->url, sizeof(record->url));
	memcpy(record->user, entry->user, sizeof(record->user));
	memcpy(record->sender, entry->sender, sizeof(record->sender));
	memcpy(record->recipients, entry->recipients, sizeof(record->recipients));
	memcpy(record->topic, entry->topic, sizeof(record->topic));
	memcpy(record->discovery, entry->discovery, sizeof(record->discovery));
	(void)km_bytes_copy_text(
	    km_bytes_from(entry->ca, entry->ca_size), record->ca, sizeof(record->ca));
}

static void fill_test(const struct km_hub_courier_test *test, struct km_message_destination *record)
{
	record->test = test->id;
	record->is_testing = test->is_running;
	record->is_test_good = test->is_good;
	memcpy(record->test_text, test->text, sizeof(record->test_text));
}

static int on_destination(void *context, const struct km_destination *entry)
{
	struct km_hub_asking *asking = context;
	struct km_message_destination record = { 0 };
	struct km_notices_queue queue = { 0 };
	struct km_hub_courier_test test;
	int err = km_notices_look(asking->hub->database, &entry->id, INT64_MAX, &queue);

	if (err < 0) {
		return err;
	}
	fill_settings(entry, &record);
	record.waiting = queue.waiting;
	record.oldest_unix_us = queue.oldest_us;
	record.due_unix_us = queue.due_us;
	record.tries = queue.tries;
	record.delivered = queue.delivered;
	record.given_up = queue.given_up;
	(void)km_bytes_copy_text(km_bytes_text(queue.error), record.error, sizeof(record.error));
	km_hub_courier_find_test(asking->hub, &entry->id, &test);
	fill_test(&test, &record);
	return km_hub_requests_answer(asking, KM_MESSAGE_destination, &record);
}

int km_hub_request_destination_list(
    struct km_hub_asking *asking, struct km_message_destination_list *list)
{
	(void)list;
	return km_destinations_each(asking->hub->database, on_destination, asking);
}

/* --- changes --- */

static void fill_entry(const struct km_message_destination_put *put, struct km_destination *entry)
{
	entry->id = put->destination;
	entry->kind = put->kind;
	entry->minimum = put->minimum;
	entry->language = put->language;
	entry->is_enabled = put->is_enabled != 0;
	entry->pin_size = put->pin_size;
	memcpy(entry->pin, put->pin, sizeof(entry->pin));
	memcpy(entry->name, put->name, sizeof(entry->name));
	memcpy(entry->url, put->url, sizeof(entry->url));
	memcpy(entry->user, put->user, sizeof(entry->user));
	memcpy(entry->sender, put->sender, sizeof(entry->sender));
	memcpy(entry->recipients, put->recipients, sizeof(entry->recipients));
	memcpy(entry->topic, put->topic, sizeof(entry->topic));
	memcpy(entry->discovery, put->discovery, sizeof(entry->discovery));
	entry->ca_size = (uint32_t)strlen(put->ca);
	memcpy(entry->ca, put->ca, entry->ca_size);
	km_destinations_complete(entry);
}

static void note_put(const struct km_hub_asking *asking, const struct km_destination *entry)
{
	km_journal_note(asking->hub->database, KM_EVENT_DESTINATION_PUT, NULL,
	    asking->account == NULL ? NULL : &asking->account->id, "%s: %s %s (%s)", entry->name,
	    km_states_name("destination_kind", entry->kind), entry->url,
	    km_hub_requests_who(asking));
}

int km_hub_request_destination_put(
    struct km_hub_asking *asking, struct km_message_destination_put *put)
{
	struct km_hub *hub = asking->hub;
	struct km_destination entry = { 0 };
	struct km_bytes password = km_bytes_text(put->password);
	const struct km_bytes *given = put->has_password ? &password : NULL;
	const char *flaw = NULL;
	int err = 0;

	fill_entry(put, &entry);
	flaw = km_destinations_judge(&entry, given);
	if (flaw != NULL) {
		return km_hub_requests_fail(asking, KM_ERR_FORMAT, "%s", flaw);
	}
	err = km_destinations_put(
	    hub->database, hub->vault, &entry, given, km_clock_unix_us(), &asking->id);
	if (err == KM_ERR_EXISTS) {
		return km_hub_requests_fail(asking, err, "name: another destination has it");
	}
	if (err == KM_ERR_LIMIT) {
		return km_hub_requests_fail(
		    asking, err, "at most %d destinations are right", KM_DESTINATIONS_MAX);
	}
	if (err == 0) {
		note_put(asking, &entry);
		err = km_notices_hurry(hub->database, &asking->id, km_clock_unix_us());
	}
	return err < 0 ? err : km_hub_courier_reload(hub);
}

int km_hub_request_destination_drop(
    struct km_hub_asking *asking, struct km_message_destination_drop *drop)
{
	struct km_hub *hub = asking->hub;
	struct km_destination entry;
	struct km_notices_queue queue = { 0 };
	int err = km_destinations_find(hub->database, &drop->destination, &entry);

	if (err == 0) {
		err = km_notices_look(hub->database, &drop->destination, INT64_MAX, &queue);
	}
	if (err == 0) {
		err = km_destinations_drop(hub->database, &drop->destination);
	}
	if (err < 0) {
		return err;
	}
	km_journal_note(hub->database, KM_EVENT_DESTINATION_DROPPED, NULL,
	    asking->account == NULL ? NULL : &asking->account->id,
	    "%s, with %llu messages that waited (%s)", entry.name,
	    (unsigned long long)queue.waiting, km_hub_requests_who(asking));
	return km_hub_courier_reload(hub);
}

int km_hub_request_destination_test(
    struct km_hub_asking *asking, struct km_message_destination_test *test)
{
	struct km_destination entry;
	int err = km_destinations_find(asking->hub->database, &test->destination, &entry);

	if (err == 0) {
		err = km_hub_courier_test(asking->hub, &test->destination, &asking->id);
	}
	return err == KM_ERR_STATE ? km_hub_requests_fail(
					 asking, err, "%s is disabled: enable it first", entry.name)
				   : err;
}

/* --- the queue --- */

static int on_notice(void *context, const struct km_notices_entry *entry)
{
	const struct km_notice *notice = &entry->notice;
	struct km_message_notice record = {
		.number = entry->number,
		.notice = notice->id,
		.destination = entry->destination,
		.state = entry->state,
		.severity = notice->severity,
		.phase = notice->phase,
		.happened_unix_us = notice->unix_us,
		.due_unix_us = entry->due_us,
		.done_unix_us = entry->done_us,
		.tries = entry->tries,
	};

	memcpy(record.destination_name, entry->destination_name, sizeof(record.destination_name));
	(void)km_bytes_copy_text(
	    km_bytes_text(notice->alarm == 0 ? km_events_name(notice->event)
					     : km_states_name("alarm_kind", notice->alarm_kind)),
	    record.event, sizeof(record.event));
	memcpy(record.camera_name, notice->camera_name, sizeof(record.camera_name));
	memcpy(record.text_en, notice->text_en, sizeof(record.text_en));
	memcpy(record.text_ja, notice->text_ja, sizeof(record.text_ja));
	memcpy(record.error, entry->error, sizeof(record.error));
	return km_hub_requests_answer(context, KM_MESSAGE_notice, &record);
}

int km_hub_request_notice_list(struct km_hub_asking *asking, struct km_message_notice_list *list)
{
	unsigned limit = list->limit == 0 ? LIST_DEFAULT : list->limit;

	return km_notices_each(asking->hub->database, list->is_waiting != 0, list->before_number,
	    limit < LIST_MAX ? limit : LIST_MAX, on_notice, asking);
}
