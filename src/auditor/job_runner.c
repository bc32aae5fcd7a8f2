#include "auditor/job_runner.h"

#include "auditor/job.h"
#include "auditor/remedy_job.h"
#include "auditor/stages.h"
#include "model/states.h"
#include "priv/channel.h"
#include "proto/url.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define WAITING_MAX 256 /* messages that were not yet taken away */
#define SLOTS_MAX   (KM_JOB_RUNNER_JOBS_MAX + KM_JOB_RUNNER_PREVIEWS_MAX)

struct note {
	struct note *next;
	struct km_buf packed;
};

/* A job and its thread. What both threads touch is under the runner's lock. */
struct slot {
	struct km_job_runner *runner;
	bool is_used; /* the rest stands for a job */
	bool is_preview;
	bool has_ended; /* its thread waits to be joined */
	pthread_t thread;
	int64_t audit;
	atomic_bool is_cancelled;
	bool is_asking; /* a try, and the answer is not there */
	int answer;
	struct km_message_job_begin begin;
	struct km_message_remedy_begin *remedy; /* NULL: it is an audit */
	int file_fd;                            /* of its firmware; -1: none */
	struct km_job job;                      /* the thread's own */
	/* Its last words, said when the slot is free again: the guard may then begin the next one,
	 * and no want of memory keeps them back. */
	enum km_message_kind end_kind;
	union {
		struct km_message_job_ended job;
		struct km_message_remedy_done remedy;
	} end;
};

struct km_job_runner {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* an answer came, notes were taken, or a job is to end */
	int wake_fd;
	struct km_watch *watch;
	void (*on_message)(void *context, struct km_bytes packed);
	void *context;
	struct km_egress_budget budget;
	struct note *first;
	struct note **last;
	size_t waiting;
	size_t jobs_max; /* besides previews */
	struct slot slots[SLOTS_MAX];
};

/* --- from a job's thread --- */

static void wake(const struct km_job_runner *runner)
{
	uint64_t one = 1;

	/* It can only fail where the counter is full, and then the loop wakes anyway. */
	if (write(runner->wake_fd, &one, sizeof(one)) < 0) {
		return;
	}
}

/* False for want of memory. */
static bool say(struct slot *slot, enum km_message_kind kind, const void *message)
{
	struct km_job_runner *runner = slot->runner;
	struct note *note = calloc(1, sizeof(*note));

	if (note == NULL) {
		return false;
	}
	km_buf_init(&note->packed, KM_CHANNEL_MESSAGE_MAX);
	if (km_messages_pack(kind, message, &note->packed) < 0) {
		km_buf_finish(&note->packed);
		free(note);
		return false;
	}
	(void)pthread_mutex_lock(&runner->lock);
	while (runner->waiting >= WAITING_MAX && !atomic_load(&slot->is_cancelled)) {
		(void)pthread_cond_wait(&runner->changed, &runner->lock);
	}
	*runner->last = note;
	runner->last = &note->next;
	runner->waiting++;
	(void)pthread_mutex_unlock(&runner->lock);
	wake(runner);
	return true;
}

static void on_fact(void *context, const struct km_fact *fact)
{
	struct slot *slot = context;
	struct km_message_job_fact said = {
		.audit = slot->audit,
		.kind = fact->kind,
		.source = fact->source,
		.is_known = fact->is_known,
		.proof_size = fact->has_proof ? sizeof(fact->proof) : 0,
		.observed_unix_us = fact->observed_unix_us,
	};

	memcpy(said.subject, fact->subject, sizeof(said.subject));
	memcpy(said.value, fact->value, sizeof(said.value));
	memcpy(said.detail, fact->detail, sizeof(said.detail));
	memcpy(said.proof, fact->proof, sizeof(said.proof));
	(void)say(slot, KM_MESSAGE_job_fact, &said);
}

static void on_progress(void *context, const char *stage, uint32_t done, uint32_t total)
{
	struct slot *slot = context;
	struct km_message_job_progress progress = {
		.audit = slot->audit, .done = done, .total = total
	};

	(void)snprintf(progress.stage, sizeof(progress.stage), "%s", stage);
	(void)say(slot, KM_MESSAGE_job_progress, &progress);
}

static int on_try(void *context, const char *service, const char *account, uint32_t pair)
{
	struct slot *slot = context;
	struct km_job_runner *runner = slot->runner;
	struct km_message_try_ask ask = { .audit = slot->audit, .pair = pair };
	int err = 0;

	(void)snprintf(ask.service, sizeof(ask.service), "%s", service);
	(void)snprintf(ask.account, sizeof(ask.account), "%s", account);
	(void)pthread_mutex_lock(&runner->lock);
	slot->is_asking = true;
	(void)pthread_mutex_unlock(&runner->lock);
	if (!say(slot, KM_MESSAGE_try_ask, &ask)) {
		return KM_ERR_MEMORY;
	}
	(void)pthread_mutex_lock(&runner->lock);
	while (slot->is_asking && !atomic_load(&slot->is_cancelled)) {
		(void)pthread_cond_wait(&runner->changed, &runner->lock);
	}
	err = slot->is_asking ? KM_ERR_CLOSED : slot->answer;
	slot->is_asking = false;
	(void)pthread_mutex_unlock(&runner->lock);
	return err;
}

static void on_lock(void *context, const char *service, const char *account)
{
	struct slot *slot = context;
	struct km_message_try_locked locked = { .audit = slot->audit };

	(void)snprintf(locked.service, sizeof(locked.service), "%s", service);
	(void)snprintf(locked.account, sizeof(locked.account), "%s", account);
	(void)say(slot, KM_MESSAGE_try_locked, &locked);
}

static const struct km_job_events job_events = {
	.on_fact = on_fact,
	.on_progress = on_progress,
	.on_try = on_try,
	.on_lock = on_lock,
};

static int set_up(struct slot *slot, char text[static 256])
{
	const struct km_message_job_begin *begin = &slot->begin;
	struct km_job *job = &slot->job;
	struct km_url url;
	struct km_fault fault = { 0 };
	int err = km_url_parse(km_bytes_text(begin->rtsp_url), &url, &fault);

	if (err == 0) {
		err = km_bytes_copy_text(url.host, job->host, sizeof(job->host));
	}
	if (err < 0) {
		(void)snprintf(text, 256, "the URL in its entry is not right");
		return err;
	}
	if (begin->second_source[0] != '\0' &&
	    km_address_parse(km_bytes_text(begin->second_source), 0, &job->second) < 0) {
		(void)snprintf(text, 256, "audit_second_source: %s is not an address in digits",
		    begin->second_source);
		return KM_ERR_CONFIG;
	}
	/* The only addresses that anything is sent to. */
	return km_egress_allow_host(&job->egress, job->host, text, 256);
}

static void prepare(struct slot *slot)
{
	const struct km_message_job_begin *begin = &slot->begin;
	struct km_job *job = &slot->job;

	*job = (struct km_job){
		.camera = begin->camera,
		.has_pin = begin->pin_size == sizeof(job->pin),
		.is_thorough = begin->is_thorough != 0,
		.may_try_factory = begin->may_try_factory != 0,
		.events = &job_events,
		.context = slot,
	};
	km_egress_init(&job->egress, &slot->runner->budget, &slot->is_cancelled);
	if (begin->pace >= 1 && begin->pace <= KM_EGRESS_PACE) {
		job->egress.pace = begin->pace;
	}
	memcpy(job->rtsp_url, begin->rtsp_url, sizeof(job->rtsp_url));
	memcpy(job->onvif_url, begin->onvif_url, sizeof(job->onvif_url));
	memcpy(job->user, begin->user, sizeof(job->user));
	memcpy(job->password, begin->password, sizeof(job->password));
	memcpy(job->pin, begin->pin, sizeof(job->pin));
}

static void on_said(void *context, struct km_message_remedy_said *said)
{
	struct slot *slot = context;

	said->audit = slot->audit;
	(void)say(slot, KM_MESSAGE_remedy_said, said);
}

/* The order is wiped with its passwords. */
static void run_remedy(struct slot *slot)
{
	struct km_message_remedy_done *done = &slot->end.remedy;
	char text[256] = "";
	int err = set_up(slot, text);

	slot->end_kind = KM_MESSAGE_remedy_done;
	*done = (struct km_message_remedy_done){ 0 };
	if (err == 0) {
		km_remedy_job_run(&slot->job, slot->remedy, slot->file_fd, on_said, slot, done);
	} else {
		done->err = err;
		memcpy(done->text, text, sizeof(done->text));
	}
	done->audit = slot->audit;
	if (slot->file_fd >= 0) {
		(void)close(slot->file_fd);
	}
	km_messages_wipe(KM_MESSAGE_remedy_begin, slot->remedy);
	free(slot->remedy);
	slot->remedy = NULL;
}

static void run_audit(struct slot *slot)
{
	struct km_message_job_ended *ended = &slot->end.job;

	slot->end_kind = KM_MESSAGE_job_ended;
	*ended = (struct km_message_job_ended){ .audit = slot->audit };
	ended->err = set_up(slot, ended->text);
	if (ended->err == 0) {
		ended->err = km_stages_run(&slot->job);
	}
	if (ended->err < 0 && ended->text[0] == '\0') {
		(void)snprintf(ended->text, sizeof(ended->text), "%s", km_error_text(ended->err));
	}
	ended->packets = slot->job.egress.sent;
}

static void *run(void *context)
{
	struct slot *slot = context;

	prepare(slot);
	if (slot->remedy != NULL) {
		run_remedy(slot);
	} else {
		run_audit(slot);
	}
	km_job_wipe(&slot->job);
	km_messages_wipe(KM_MESSAGE_job_begin, &slot->begin);
	(void)pthread_mutex_lock(&slot->runner->lock);
	slot->has_ended = true;
	(void)pthread_mutex_unlock(&slot->runner->lock);
	wake(slot->runner);
	return NULL;
}

/* --- from the loop's thread --- */

static struct note *take_notes(struct km_job_runner *runner)
{
	struct note *notes = NULL;

	(void)pthread_mutex_lock(&runner->lock);
	notes = runner->first;
	runner->first = NULL;
	runner->last = &runner->first;
	runner->waiting = 0;
	(void)pthread_cond_broadcast(&runner->changed);
	(void)pthread_mutex_unlock(&runner->lock);
	return notes;
}

static void deliver(struct km_job_runner *runner)
{
	for (struct note *note = take_notes(runner); note != NULL;) {
		struct note *next = note->next;

		if (runner->on_message != NULL) {
			runner->on_message(runner->context, km_buf_view(&note->packed));
		}
		km_buf_finish(&note->packed);
		free(note);
		note = next;
	}
}

static void say_end(struct slot *slot)
{
	uint8_t storage[1024];
	struct km_buf packed;

	km_buf_init_fixed(&packed, storage, sizeof(storage));
	if (km_messages_pack(slot->end_kind, &slot->end, &packed) == 0) {
		slot->runner->on_message(slot->runner->context, km_buf_view(&packed));
	}
}

/* Everything that was said, and then the ends of the jobs that had ended before. */
static void settle(struct km_job_runner *runner)
{
	bool has_ended[SLOTS_MAX] = { false };

	(void)pthread_mutex_lock(&runner->lock);
	for (size_t i = 0; i < SLOTS_MAX; i++) {
		has_ended[i] = runner->slots[i].is_used && runner->slots[i].has_ended;
	}
	(void)pthread_mutex_unlock(&runner->lock);
	deliver(runner);
	for (size_t i = 0; i < SLOTS_MAX; i++) {
		if (has_ended[i]) {
			(void)pthread_join(runner->slots[i].thread, NULL);
			runner->slots[i].is_used = false;
			say_end(&runner->slots[i]);
		}
	}
}

static void on_wake(void *context, unsigned events)
{
	struct km_job_runner *runner = context;
	uint64_t count = 0;

	(void)events;
	if (read(runner->wake_fd, &count, sizeof(count)) < 0) {
		return;
	}
	settle(runner);
}

int km_job_runner_create(struct km_loop *loop, size_t jobs_max,
    void (*on_message)(void *context, struct km_bytes packed), void *context,
    struct km_job_runner **ret_runner)
{
	struct km_job_runner *runner = calloc(1, sizeof(*runner));
	int err = 0;

	if (runner == NULL) {
		return KM_ERR_MEMORY;
	}
	runner->on_message = on_message;
	runner->context = context;
	runner->last = &runner->first;
	runner->jobs_max = jobs_max < KM_JOB_RUNNER_JOBS_MAX ? jobs_max : KM_JOB_RUNNER_JOBS_MAX;
	(void)pthread_mutex_init(&runner->lock, NULL);
	(void)pthread_cond_init(&runner->changed, NULL);
	for (size_t i = 0; i < SLOTS_MAX; i++) {
		runner->slots[i].runner = runner;
	}
	runner->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = runner->wake_fd < 0
		  ? KM_ERR_SYS
		  : km_watch_create(loop, runner->wake_fd, on_wake, runner, &runner->watch);
	if (err < 0) {
		km_job_runner_destroy(runner);
		return err;
	}
	km_watch_set(runner->watch, KM_LOOP_READ);
	*ret_runner = runner;
	return 0;
}

static struct slot *find(struct km_job_runner *runner, int64_t audit)
{
	for (size_t i = 0; i < SLOTS_MAX; i++) {
		if (runner->slots[i].is_used && runner->slots[i].audit == audit) {
			return &runner->slots[i];
		}
	}
	return NULL;
}

/* Signals are the loop's alone. */
static int start_thread(struct slot *slot)
{
	sigset_t all;
	sigset_t before;
	int why = 0;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	why = pthread_create(&slot->thread, NULL, run, slot);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return why == 0 ? 0 : KM_ERR_SYS;
}

static bool is_full(const struct km_job_runner *runner, bool is_preview)
{
	size_t max = is_preview ? KM_JOB_RUNNER_PREVIEWS_MAX : runner->jobs_max;
	size_t count = 0;

	for (size_t i = 0; i < SLOTS_MAX; i++) {
		const struct slot *slot = &runner->slots[i];

		count += slot->is_used && slot->is_preview == is_preview;
	}
	return count >= max;
}

/* A free slot for this number. */
static int find_free(
    struct km_job_runner *runner, int64_t audit, bool is_preview, struct slot **ret_slot)
{
	if (find(runner, audit) != NULL) {
		return KM_ERR_EXISTS;
	}
	if (is_full(runner, is_preview)) {
		return KM_ERR_LIMIT;
	}
	for (size_t i = 0; i < SLOTS_MAX; i++) {
		struct slot *slot = &runner->slots[i];

		if (!slot->is_used) {
			slot->audit = audit;
			slot->is_preview = is_preview;
			slot->remedy = NULL;
			slot->file_fd = -1;
			slot->has_ended = false;
			slot->is_asking = false;
			atomic_store(&slot->is_cancelled, false);
			*ret_slot = slot;
			return 0;
		}
	}
	return KM_ERR_LIMIT;
}

int km_job_runner_begin(struct km_job_runner *runner, const struct km_message_job_begin *begin)
{
	struct slot *slot = NULL;
	int err = find_free(runner, begin->audit, false, &slot);

	if (err < 0) {
		return err;
	}
	slot->begin = *begin;
	err = start_thread(slot);
	slot->is_used = err == 0;
	if (err < 0) {
		explicit_bzero(&slot->begin, sizeof(slot->begin));
	}
	return err;
}

int km_job_runner_begin_remedy(
    struct km_job_runner *runner, const struct km_message_remedy_begin *begin, int file_fd)
{
	struct slot *slot = NULL;
	int err = find_free(runner, begin->audit, begin->mode == KM_MODE_PREVIEW, &slot);

	if (err < 0) {
		return err;
	}
	slot->remedy = malloc(sizeof(*slot->remedy));
	if (slot->remedy == NULL) {
		return KM_ERR_MEMORY;
	}
	*slot->remedy = *begin;
	slot->begin = (struct km_message_job_begin){
		.camera = begin->camera,
		.pin_size = begin->pin_size,
		.pace = begin->pace,
	};
	memcpy(slot->begin.rtsp_url, begin->rtsp_url, sizeof(slot->begin.rtsp_url));
	memcpy(slot->begin.onvif_url, begin->onvif_url, sizeof(slot->begin.onvif_url));
	memcpy(slot->begin.user, begin->user, sizeof(slot->begin.user));
	memcpy(slot->begin.password, begin->password, sizeof(slot->begin.password));
	memcpy(slot->begin.pin, begin->pin, sizeof(slot->begin.pin));
	slot->file_fd = file_fd;
	err = start_thread(slot);
	slot->is_used = err == 0;
	if (err < 0) {
		explicit_bzero(&slot->begin, sizeof(slot->begin));
		km_messages_wipe(KM_MESSAGE_remedy_begin, slot->remedy);
		free(slot->remedy);
		slot->remedy = NULL;
		slot->file_fd = -1;
	}
	return err;
}

static void cancel(struct slot *slot)
{
	(void)pthread_mutex_lock(&slot->runner->lock);
	atomic_store(&slot->is_cancelled, true);
	(void)pthread_cond_broadcast(&slot->runner->changed);
	(void)pthread_mutex_unlock(&slot->runner->lock);
}

void km_job_runner_stop(struct km_job_runner *runner, int64_t audit)
{
	struct slot *slot = find(runner, audit);

	if (slot != NULL) {
		cancel(slot);
	}
}

void km_job_runner_answer(struct km_job_runner *runner, const struct km_message_try_answer *answer)
{
	struct slot *slot = find(runner, answer->audit);

	if (slot == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&runner->lock);
	slot->answer = answer->err;
	slot->is_asking = false;
	(void)pthread_cond_broadcast(&runner->changed);
	(void)pthread_mutex_unlock(&runner->lock);
}

void km_job_runner_destroy(struct km_job_runner *runner)
{
	if (runner == NULL) {
		return;
	}
	for (size_t i = 0; i < SLOTS_MAX; i++) {
		if (runner->slots[i].is_used) {
			cancel(&runner->slots[i]);
		}
	}
	for (size_t i = 0; i < SLOTS_MAX; i++) {
		if (runner->slots[i].is_used) {
			(void)pthread_join(runner->slots[i].thread, NULL);
		}
	}
	runner->on_message = NULL;
	deliver(runner);
	km_watch_destroy(runner->watch);
	if (runner->wake_fd >= 0) {
		(void)close(runner->wake_fd);
	}
	(void)pthread_cond_destroy(&runner->changed);
	(void)pthread_mutex_destroy(&runner->lock);
	free(runner);
}
