#include "auditor/auditor.h"

#include "auditor/job_runner.h"
#include "auditor/lookout.h"
#include "auditor/soap_link.h"
#include "priv/role_process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DESCRIPTORS_MAX 2048
#define REMEDIES_MAX    4 /* at once, besides audits */

struct auditor {
	struct km_role_process *process;
	struct km_job_runner *runner; /* once it is started */
	atomic_bool is_ending;
	struct km_lookout_events inquiry;
	int64_t file_job; /* the remedy that file_fd is for */
	int file_fd;      /* -1: none */
};

static void send_packed(void *context, struct km_bytes packed)
{
	struct auditor *auditor = context;

	if (auditor->process == NULL) {
		return; /* an inquiry may end after everything else */
	}
	(void)km_role_process_send_packed(auditor->process, packed);
}

/* --- the start --- */

/*
 * What looking up names needs, the list of makers, and the neighbours' hardware addresses. A file
 * in /proc gets another inode with each look, so that a rule for arp alone would not hold.
 */
static int enter_sandbox(struct km_sandbox_result *ret_walls)
{
	static const char *const readable[] = { "/etc/resolv.conf", "/etc/hosts",
		"/etc/nsswitch.conf", "/etc/gai.conf", "/etc/host.conf", "/etc/services",
		"/usr/share/ieee-data", "/proc/self/net", "/etc/ssl/certs",
		"/usr/share/ca-certificates", "/usr/local/share/ca-certificates", NULL };
	const struct km_sandbox_rules rules = {
		.profiles = KM_SANDBOX_BASE | KM_SANDBOX_NET_CLIENT | KM_SANDBOX_FILES,
		.read_paths = readable,
		.may_choose_source = true,
	};

	return km_sandbox_apply(&rules, ret_walls);
}

static int on_start(struct auditor *auditor, struct km_bytes packed)
{
	struct km_message_auditor_start start;
	struct km_sandbox_result walls = { 0 };
	int err = km_messages_unpack_auditor_start(packed, &start);

	if (err < 0 || auditor->runner != NULL) {
		return err < 0 ? err : KM_ERR_STATE;
	}
	err = km_soap_link_prepare();
	if (err == 0) {
		err = enter_sandbox(&walls);
	}
	if (err == 0) {
		err = km_job_runner_create(km_role_process_loop(auditor->process),
		    start.jobs_max + REMEDIES_MAX, send_packed, auditor, &auditor->runner);
	}
	if (err == 0) {
		km_role_process_ready(auditor->process, &walls);
	}
	return err;
}

/* --- messages --- */

static int on_job_begin(struct auditor *auditor, struct km_bytes packed)
{
	struct km_message_job_begin begin;
	struct km_message_job_ended ended = { 0 };
	int err = km_messages_unpack_job_begin(packed, &begin);

	if (err < 0) {
		return err;
	}
	err = km_job_runner_begin(auditor->runner, &begin);
	if (err < 0) {
		ended.audit = begin.audit;
		ended.err = err;
		(void)snprintf(ended.text, sizeof(ended.text), "%s", km_error_text(err));
		km_role_process_send(auditor->process, KM_MESSAGE_job_ended, &ended);
	}
	explicit_bzero(&begin, sizeof(begin));
	return 0;
}

static int on_job_stop(struct auditor *auditor, struct km_bytes packed)
{
	struct km_message_job_stop message;
	int err = km_messages_unpack_job_stop(packed, &message);

	if (err == 0) {
		km_job_runner_stop(auditor->runner, message.audit);
	}
	return err;
}

static int on_try_answer(struct auditor *auditor, struct km_bytes packed)
{
	struct km_message_try_answer answer;
	int err = km_messages_unpack_try_answer(packed, &answer);

	if (err == 0) {
		km_job_runner_answer(auditor->runner, &answer);
	}
	return err;
}

static void drop_file(struct auditor *auditor)
{
	if (auditor->file_fd >= 0) {
		(void)close(auditor->file_fd);
	}
	auditor->file_fd = -1;
}

static int on_remedy_file(struct auditor *auditor, struct km_bytes packed, int *fd)
{
	struct km_message_remedy_file file;
	int err = km_messages_unpack_remedy_file(packed, &file);

	if (err == 0) {
		drop_file(auditor);
		auditor->file_job = file.audit;
		auditor->file_fd = *fd;
		*fd = -1;
	}
	return err;
}

static int on_remedy_begin(struct auditor *auditor, struct km_bytes packed)
{
	struct km_message_remedy_begin begin;
	struct km_message_remedy_done done = { 0 };
	int err = km_messages_unpack_remedy_begin(packed, &begin);

	if (err < 0) {
		return err;
	}
	if (auditor->file_fd >= 0 && auditor->file_job != begin.audit) {
		drop_file(auditor);
	}
	err = km_job_runner_begin_remedy(auditor->runner, &begin, auditor->file_fd);
	if (err == 0) {
		auditor->file_fd = -1;
	} else {
		drop_file(auditor);
		done.audit = begin.audit;
		done.err = err;
		(void)snprintf(done.text, sizeof(done.text), "%s", km_error_text(err));
		km_role_process_send(auditor->process, KM_MESSAGE_remedy_done, &done);
	}
	explicit_bzero(&begin, sizeof(begin));
	return 0;
}

static int on_search_begin(struct auditor *auditor, struct km_bytes packed)
{
	struct km_message_search_begin begin;
	int err = km_messages_unpack_search_begin(packed, &begin);

	return err < 0 ? err
		       : km_lookout_search(
			     km_role_process_loop(auditor->process), &begin, &auditor->inquiry);
}

static int on_offer_ask(struct auditor *auditor, struct km_bytes packed)
{
	struct km_message_offer_ask ask;
	int err = km_messages_unpack_offer_ask(packed, &ask);

	if (err == 0) {
		err = km_lookout_offer(
		    km_role_process_loop(auditor->process), &ask, &auditor->inquiry);
	}
	km_messages_wipe(KM_MESSAGE_offer_ask, &ask);
	return err;
}

static int on_message(
    void *context, enum km_message_kind kind, struct km_bytes packed, int *fds, size_t fd_count)
{
	struct auditor *auditor = context;

	(void)fd_count;
	if (kind == KM_MESSAGE_auditor_start) {
		return on_start(auditor, packed);
	}
	if (auditor->runner == NULL) {
		return KM_ERR_STATE;
	}
	switch (kind) {
	case KM_MESSAGE_job_begin:
		return on_job_begin(auditor, packed);
	case KM_MESSAGE_job_stop:
		return on_job_stop(auditor, packed);
	case KM_MESSAGE_try_answer:
		return on_try_answer(auditor, packed);
	case KM_MESSAGE_remedy_file:
		return on_remedy_file(auditor, packed, &fds[0]);
	case KM_MESSAGE_remedy_begin:
		return on_remedy_begin(auditor, packed);
	case KM_MESSAGE_search_begin:
		return on_search_begin(auditor, packed);
	case KM_MESSAGE_offer_ask:
		return on_offer_ask(auditor, packed);
	default:
		return KM_ERR_UNSUPPORTED;
	}
}

/* --- life --- */

static int on_begin(void *context, struct km_role_process *process)
{
	struct auditor *auditor = context;

	auditor->process = process;
	auditor->inquiry = (struct km_lookout_events){
		.on_message = send_packed, .context = auditor, .is_cancelled = &auditor->is_ending
	};
	return 0;
}

static void on_end(void *context)
{
	struct auditor *auditor = context;

	atomic_store(&auditor->is_ending, true);
	auditor->process = NULL;
	km_job_runner_destroy(auditor->runner);
	drop_file(auditor);
}

int km_auditor_run(void)
{
	static const struct km_role_process_options options = {
		.role = KM_ROLE_AUDITOR,
		.senders = KM_ROLE_GUARD,
		.limits = { .descriptors = DESCRIPTORS_MAX },
		.on_begin = on_begin,
		.on_message = on_message,
		.on_end = on_end,
	};
	struct auditor auditor = { .file_fd = -1 };

	return km_role_process_run(&options, &auditor);
}
