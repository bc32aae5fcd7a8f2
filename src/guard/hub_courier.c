#include "guard/hub_courier.h"

#include "crypto/random.h"
#include "guard/destinations.h"
#include "guard/journal.h"
#include "guard/notice_plan.h"
#include "guard/notice_source.h"
#include "guard/notices.h"
#include "io/clock.h"
#include "model/states.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_US        (KM_TIME_SECOND_US / 2)
#define ANSWER_US      (180 * KM_TIME_SECOND_US) /* its own limits are shorter */
#define RETRY_MAX_US   (15 * KM_TIME_MINUTE_US)
#define LIST_US        (7 * KM_TIME_DAY_US) /* what arrived stays in the list so long */
#define FAILING_TRIES  3                    /* before the journal says so */
#define HOST_NAME_SIZE 254

struct outlet {
	struct km_uuid id;
	char name[KM_DESTINATION_NAME_SIZE];
	uint8_t kind;
	bool is_marked; /* still there, while the entries are read again */
	bool is_busy;   /* a delivery or test is under way */
	bool is_failing;
	struct km_uuid delivery;
	int64_t busy_us; /* since, monotonic */
	struct km_hub_courier_test test;
};

struct km_hub_courier {
	struct km_process *process; /* NULL until there is a destination */
	struct km_timer *timer;
	char host_name[HOST_NAME_SIZE];
	struct km_notice_plan_limits limits;
	size_t count;
	struct outlet outlets[KM_DESTINATIONS_MAX];
};

static struct outlet *find_outlet(struct km_hub *hub, const struct km_uuid *id)
{
	struct km_hub_courier *outside = hub->outside;

	for (size_t i = 0; outside != NULL && i < outside->count; i++) {
		if (km_uuid_is_equal(&outside->outlets[i].id, id)) {
			return &outside->outlets[i];
		}
	}
	return NULL;
}

static void log_error(struct km_hub *hub, const char *what, int err)
{
	KM_LOG(
	    hub->log, KM_LOG_ERROR, "notices", km_log_text("what", what), km_log_error("why", err));
}

/* --- destinations --- */

static void tell_destination(struct km_hub *hub, const struct km_destination *entry)
{
	struct km_message_courier_destination message = {
		.destination = entry->id,
		.kind = entry->kind,
		.language = entry->language,
		.ca_size = entry->ca_size,
		.pin_size = entry->pin_size,
	};
	int err = km_destinations_password(hub->database, hub->vault, &entry->id, message.password);

	if (err < 0) {
		log_error(hub, "password unreadable", err);
	}
	memcpy(message.name, entry->name, sizeof(message.name));
	memcpy(message.url, entry->url, sizeof(message.url));
	memcpy(message.user, entry->user, sizeof(message.user));
	memcpy(message.sender, entry->sender, sizeof(message.sender));
	memcpy(message.recipients, entry->recipients, sizeof(message.recipients));
	memcpy(message.topic, entry->topic, sizeof(message.topic));
	memcpy(message.discovery, entry->discovery, sizeof(message.discovery));
	memcpy(message.ca, entry->ca, sizeof(message.ca));
	memcpy(message.pin, entry->pin, sizeof(message.pin));
	km_hub_send(hub->outside->process, KM_MESSAGE_courier_destination, &message);
	explicit_bzero(&message, sizeof(message));
}

static int on_entry(void *context, const struct km_destination *entry)
{
	struct km_hub *hub = context;
	struct km_hub_courier *outside = hub->outside;
	struct outlet *outlet = find_outlet(hub, &entry->id);

	if (!entry->is_enabled) {
		return 0;
	}
	if (outlet == NULL) {
		if (outside->count == KM_DESTINATIONS_MAX) {
			return KM_ERR_LIMIT;
		}
		outlet = &outside->outlets[outside->count++];
		*outlet = (struct outlet){ .id = entry->id };
	}
	outlet->is_marked = true;
	outlet->kind = entry->kind;
	memcpy(outlet->name, entry->name, sizeof(outlet->name));
	tell_destination(hub, entry);
	return 0;
}

static void remove_outlet(struct km_hub *hub, size_t at)
{
	struct km_hub_courier *outside = hub->outside;
	struct km_message_courier_forget forget = { .destination = outside->outlets[at].id };

	km_hub_send(outside->process, KM_MESSAGE_courier_forget, &forget);
	outside->count--;
	memmove(&outside->outlets[at], &outside->outlets[at + 1],
	    (outside->count - at) * sizeof(outside->outlets[0]));
}

static int read_destinations(struct km_hub *hub)
{
	struct km_hub_courier *outside = hub->outside;
	int err = 0;

	for (size_t i = 0; i < outside->count; i++) {
		outside->outlets[i].is_marked = false;
	}
	err = km_destinations_each(hub->database, on_entry, hub);
	for (size_t i = outside->count; err == 0 && i > 0; i--) {
		if (!outside->outlets[i - 1].is_marked) {
			remove_outlet(hub, i - 1);
		}
	}
	return err;
}

int km_hub_courier_reload(struct km_hub *hub)
{
	int err = read_destinations(hub);

	if (err == 0 && hub->outside->count > 0 && hub->outside->process == NULL) {
		/* on_started tells it the destinations. */
		err = km_children_add(hub->children, KM_ROLE_COURIER, 0, &hub->outside->process);
	}
	return err;
}

/* --- sending --- */

static void fill_notice(const struct outlet *outlet, const struct km_uuid *delivery,
    const struct km_notice *notice, struct km_message_courier_notice *message)
{
	*message = (struct km_message_courier_notice){
		.destination = outlet->id,
		.delivery = *delivery,
		.notice = notice->id,
		.event = (uint16_t)notice->event,
		.severity = notice->severity,
		.phase = notice->phase,
		.alarm = notice->alarm,
		.alarm_kind = notice->alarm_kind,
		.unix_us = notice->unix_us,
		.camera = notice->camera,
	};
	memcpy(message->camera_name, notice->camera_name, sizeof(message->camera_name));
	memcpy(message->account_name, notice->account_name, sizeof(message->account_name));
	memcpy(message->text_en, notice->text_en, sizeof(message->text_en));
	memcpy(message->text_ja, notice->text_ja, sizeof(message->text_ja));
}

struct parcel {
	struct km_notice *notices;
	size_t count;
};

static int on_notice(void *context, const struct km_notice *notice)
{
	struct parcel *parcel = context;

	if (parcel->count == KM_NOTICE_PLAN_DIGEST_MAX) {
		return KM_ERR_LIMIT;
	}
	parcel->notices[parcel->count++] = *notice;
	return 0;
}

static int send_delivery(struct km_hub *hub, struct outlet *outlet, size_t count)
{
	struct parcel parcel = {
		.notices = calloc(KM_NOTICE_PLAN_DIGEST_MAX, sizeof(struct km_notice)),
	};
	struct km_uuid delivery = { 0 };
	int err = parcel.notices == NULL ? KM_ERR_MEMORY : 0;

	if (err == 0) {
		err = km_notices_take(
		    hub->database, &outlet->id, count, &delivery, on_notice, &parcel);
	}
	for (size_t i = 0; err == 0 && i < parcel.count; i++) {
		struct km_message_courier_notice message;

		fill_notice(outlet, &delivery, &parcel.notices[i], &message);
		message.left = (uint16_t)(parcel.count - 1 - i);
		km_hub_send(hub->outside->process, KM_MESSAGE_courier_notice, &message);
	}
	if (err == 0) {
		outlet->is_busy = true;
		outlet->busy_us = km_clock_monotonic_us();
		outlet->delivery = delivery;
	}
	free(parcel.notices);
	return err;
}

static void send_test(struct km_hub *hub, struct outlet *outlet)
{
	struct km_notice notice = {
		.id = outlet->test.id,
		.severity = KM_SEVERITY_INFO,
		.phase = KM_PHASE_TEST,
		.unix_us = km_clock_unix_us(),
	};
	struct km_message_courier_notice message;

	(void)snprintf(notice.text_en, sizeof(notice.text_en),
	    "This is a test message of the recorder %s.", hub->outside->host_name);
	(void)snprintf(notice.text_ja, sizeof(notice.text_ja),
	    "これはレコーダー %s からのテスト通知です。", hub->outside->host_name);
	fill_notice(outlet, &notice.id, &notice, &message);
	km_hub_send(hub->outside->process, KM_MESSAGE_courier_notice, &message);
	outlet->test.is_wanted = false;
	outlet->is_busy = true;
	outlet->busy_us = km_clock_monotonic_us();
	outlet->delivery = notice.id;
}

/* Whether a time has come, by a clock that may have been set back meanwhile. */
static bool is_due(int64_t due_us, int64_t now_us)
{
	return due_us <= now_us || due_us - now_us > 2 * RETRY_MAX_US;
}

static int serve(struct km_hub *hub, struct outlet *outlet, int64_t now_us)
{
	const struct km_notice_plan_limits *limits = &hub->outside->limits;
	struct km_notices_queue queue = { 0 };
	struct km_notice_plan_queue plan = { .kind = outlet->kind };
	int64_t from_us = 0;
	size_t count = 0;
	int err = km_notices_look(hub->database, &outlet->id, now_us - limits->span_us, &queue);

	if (err < 0 || queue.waiting == 0 || !is_due(queue.due_us, now_us)) {
		return err;
	}
	plan.waiting = (size_t)queue.waiting;
	plan.sent = (size_t)queue.sent;
	plan.oldest_sent_us = queue.oldest_sent_us;
	/* What was tried before is its own delivery already, whatever came behind it. */
	count = queue.tries > 0 ? 1 : km_notice_plan_next(limits, &plan, now_us, &from_us);
	return count == 0 ? 0 : send_delivery(hub, outlet, count);
}

static void serve_all(struct km_hub *hub)
{
	struct km_hub_courier *outside = hub->outside;
	int64_t now_us = km_clock_unix_us();

	if (outside->process == NULL || !outside->process->is_ready) {
		return;
	}
	for (size_t i = 0; i < outside->count; i++) {
		struct outlet *outlet = &outside->outlets[i];
		int err = 0;

		if (outlet->is_busy) {
			if (km_clock_monotonic_us() - outlet->busy_us > ANSWER_US) {
				km_children_restart(outside->process);
				return;
			}
		} else if (outlet->test.is_wanted) {
			send_test(hub, outlet);
		} else {
			err = serve(hub, outlet, now_us);
		}
		if (err < 0) {
			log_error(hub, "queue unreadable", err);
		}
	}
}

/* --- cameras, for what shows states --- */

static void tell_cameras(struct km_hub *hub)
{
	struct km_process *process = hub->outside->process;

	for (size_t i = 0; process != NULL && process->is_ready && i < hub->camera_count; i++) {
		struct km_hub_camera *camera = hub->cameras[i];
		bool is_connected = camera->received.state == KM_CAMERA_STREAMING;
		struct km_message_courier_camera message = {
			.camera = camera->entry.id,
			.is_connected = is_connected,
		};

		if (camera->is_told && camera->told_connected == is_connected) {
			continue;
		}
		camera->is_told = true;
		camera->told_connected = is_connected;
		memcpy(message.name, camera->entry.name, sizeof(message.name));
		km_hub_send(process, KM_MESSAGE_courier_camera, &message);
	}
}

void km_hub_courier_forget_camera(struct km_hub *hub, const struct km_hub_camera *camera)
{
	struct km_message_courier_camera message = {
		.camera = camera->entry.id,
		.is_gone = true,
	};

	if (hub->outside != NULL && hub->outside->process != NULL) {
		km_hub_send(hub->outside->process, KM_MESSAGE_courier_camera, &message);
	}
}

/* --- what became of a delivery --- */

static void note_success(struct km_hub *hub, struct outlet *outlet)
{
	int64_t now_us = km_clock_unix_us();
	int err = km_notices_note_success(
	    hub->database, &outlet->id, &outlet->delivery, now_us, now_us - LIST_US);

	if (err < 0) {
		log_error(hub, "success not noted", err); /* it will be sent once more */
	}
	if (outlet->is_failing) {
		outlet->is_failing = false;
		km_journal_note(
		    hub->database, KM_EVENT_DESTINATION_OK, NULL, NULL, "%s", outlet->name);
	}
}

static void give_up(struct km_hub *hub, struct outlet *outlet, int64_t before_us, const char *text)
{
	uint64_t count = 0;
	int err = km_notices_give_up(
	    hub->database, &outlet->id, &outlet->delivery, before_us, km_clock_unix_us(), &count);

	if (err < 0) {
		log_error(hub, "not given up", err);
		return;
	}
	km_journal_note(hub->database, KM_EVENT_NOTICE_GIVEN_UP, NULL, NULL,
	    "%s: %llu messages were not delivered: %s", outlet->name, (unsigned long long)count,
	    text);
	KM_LOG(hub->log, KM_LOG_ERROR, "notices-given-up", km_log_text("destination", outlet->name),
	    km_log_number("count", (int64_t)count), km_log_text("why", text));
}

static void note_failing(
    struct km_hub *hub, struct outlet *outlet, unsigned tries, const char *text)
{
	KM_LOG(hub->log, KM_LOG_WARNING, "notice-not-delivered",
	    km_log_text("destination", outlet->name), km_log_number("tries", tries),
	    km_log_text("why", text));
	if (tries >= FAILING_TRIES && !outlet->is_failing) {
		outlet->is_failing = true;
		km_journal_note(hub->database, KM_EVENT_DESTINATION_FAILING, NULL, NULL, "%s: %s",
		    outlet->name, text);
	}
}

static void note_failure(
    struct km_hub *hub, struct outlet *outlet, const struct km_message_courier_done *done)
{
	const struct km_notice_plan_limits *limits = &hub->outside->limits;
	int64_t now_us = km_clock_unix_us();
	struct km_notices_queue queue = { 0 };
	uint32_t random = 0;
	int err = km_notices_look(hub->database, &outlet->id, now_us, &queue);

	if (km_random_fill(&random, sizeof(random)) < 0) {
		random = 0; /* without jitter */
	}
	if (err == 0) {
		err = km_notices_note_failure(hub->database, &outlet->id, &outlet->delivery,
		    now_us + km_notice_plan_delay_us(limits, queue.tries + 1, random), done->text);
	}
	if (err < 0) {
		log_error(hub, "failure not noted", err);
		return;
	}
	note_failing(hub, outlet, queue.tries + 1, done->text);
	if (done->is_final && queue.tries + 1 >= FAILING_TRIES) {
		give_up(hub, outlet, 0, done->text);
	} else if (queue.oldest_us < now_us - limits->keep_us) {
		give_up(hub, outlet, now_us - limits->keep_us, done->text);
	}
}

static void note_test(
    struct km_hub *hub, struct outlet *outlet, const struct km_message_courier_done *done)
{
	outlet->test.is_running = false;
	outlet->test.is_good = done->err == 0;
	memcpy(outlet->test.text, done->text, sizeof(outlet->test.text));
	if (outlet->test.is_good &&
	    km_notices_hurry(hub->database, &outlet->id, km_clock_unix_us()) < 0) {
		log_error(hub, "not hurried", KM_ERR_DATABASE);
	}
}

static void on_done(struct km_hub *hub, struct km_process *child, struct km_bytes message)
{
	struct km_message_courier_done done;
	struct outlet *outlet = NULL;

	if (km_messages_unpack_courier_done(message, &done) < 0) {
		km_children_restart(child);
		return;
	}
	outlet = find_outlet(hub, &done.destination);
	/* Of a destination that was removed meanwhile, or of what was sent before a change. */
	if (outlet == NULL || !outlet->is_busy ||
	    !km_uuid_is_equal(&outlet->delivery, &done.delivery)) {
		return;
	}
	outlet->is_busy = false;
	if (outlet->test.is_running && km_uuid_is_equal(&outlet->test.id, &done.delivery)) {
		note_test(hub, outlet, &done);
	} else if (done.err == 0) {
		note_success(hub, outlet);
	} else {
		note_failure(hub, outlet, &done);
	}
	serve_all(hub);
}

void km_hub_courier_on_message(struct km_hub *hub, struct km_process *child,
    enum km_message_kind kind, struct km_bytes message)
{
	if (km_hub_on_any(hub, child, kind, message)) {
		return;
	}
	if (kind == KM_MESSAGE_courier_done) {
		on_done(hub, child, message);
	}
}

/* --- tests --- */

int km_hub_courier_test(
    struct km_hub *hub, const struct km_uuid *destination, struct km_uuid *ret_id)
{
	struct outlet *outlet = find_outlet(hub, destination);
	struct km_hub_courier_test test = { .is_wanted = true, .is_running = true };
	int err = km_random_uuid(&test.id);

	if (err < 0) {
		return err;
	}
	if (outlet == NULL) {
		return KM_ERR_STATE;
	}
	/* One that runs is answered for both. */
	if (!outlet->test.is_running) {
		outlet->test = test;
	}
	*ret_id = outlet->test.id;
	serve_all(hub);
	return 0;
}

void km_hub_courier_find_test(
    struct km_hub *hub, const struct km_uuid *destination, struct km_hub_courier_test *ret_test)
{
	const struct outlet *outlet = find_outlet(hub, destination);

	*ret_test = outlet == NULL ? (struct km_hub_courier_test){ 0 } : outlet->test;
}

/* --- life --- */

static void on_tick(void *context)
{
	struct km_hub *hub = context;
	size_t count = 0;
	int err = 0;

	if (hub->is_stopping) {
		return;
	}
	err = km_notice_source_run(hub->database, km_clock_unix_us(), &count);
	if (err < 0) {
		log_error(hub, "journal unreadable", err);
	}
	tell_cameras(hub);
	serve_all(hub);
}

int km_hub_courier_create(struct km_hub *hub)
{
	const struct km_options *options = &hub->options;
	struct km_hub_courier *outside = calloc(1, sizeof(*outside));
	int err = 0;

	if (outside == NULL) {
		return KM_ERR_MEMORY;
	}
	hub->outside = outside;
	outside->limits = (struct km_notice_plan_limits){
		.singles = options->notice_singles,
		.span_us = (int64_t)options->notice_digest_minutes * KM_TIME_MINUTE_US,
		.retry_us = (int64_t)options->notice_retry_seconds * KM_TIME_SECOND_US,
		.retry_max_us = RETRY_MAX_US,
		.keep_us = (int64_t)options->notice_keep_days * KM_TIME_DAY_US,
	};
	if (gethostname(outside->host_name, sizeof(outside->host_name) - 1) < 0) {
		(void)snprintf(outside->host_name, sizeof(outside->host_name), "komainu");
	}
	err = km_timer_create(hub->loop, on_tick, hub, &outside->timer);
	if (err == 0) {
		err = km_hub_courier_reload(hub);
	}
	if (err == 0) {
		km_timer_start(outside->timer, TICK_US, TICK_US);
	}
	return err;
}

void km_hub_courier_destroy(struct km_hub *hub)
{
	if (hub->outside != NULL) {
		if (hub->outside->timer != NULL) {
			km_timer_destroy(hub->outside->timer);
		}
		free(hub->outside);
		hub->outside = NULL;
	}
}

void km_hub_courier_start(struct km_hub *hub, struct km_process *child)
{
	struct km_message_courier_start start = { 0 };
	int err = 0;

	hub->outside->process = child;
	memcpy(start.host_name, hub->outside->host_name, sizeof(start.host_name));
	km_hub_send(child, KM_MESSAGE_courier_start, &start);
	err = read_destinations(hub);
	if (err < 0) {
		log_error(hub, "destinations unreadable", err);
	}
	for (size_t i = 0; i < hub->camera_count; i++) {
		hub->cameras[i]->is_told = false;
	}
}

void km_hub_courier_end(struct km_hub *hub)
{
	/* What was under way has perhaps not arrived: it is sent once more. */
	for (size_t i = 0; i < hub->outside->count; i++) {
		struct outlet *outlet = &hub->outside->outlets[i];

		outlet->is_busy = false;
		if (outlet->test.is_running && !outlet->test.is_wanted) {
			outlet->test.is_running = false;
			(void)snprintf(outlet->test.text, sizeof(outlet->test.text),
			    "the sending process ended meanwhile: try again");
		}
	}
}
