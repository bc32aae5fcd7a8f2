/* sources: auditor/job_runner.c auditor/egress.c auditor/job.c crypto/digest.c io/address.c io/clock.c io/loop.c model/facts.c model/messages.c model/states.c proto/url.c base/buf.c base/bytes.c base/error.c base/reader.c base/text.c base/time.c base/uuid.c */
/* libraries: crypto uv threads */
/*
 * How many jobs run at once, of audits, changes and previews; the jobs themselves are made of
 * cardboard, and last until they are told to end.
 */
#include "auditor/job_runner.h"
#include "auditor/remedy_job.h"
#include "auditor/stages.h"
#include "model/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define JOBS_MAX 2

static void last(const struct km_job *job)
{
	const struct timespec pause = { .tv_nsec = 1000000L };

	while (!km_job_is_cancelled(job)) {
		(void)nanosleep(&pause, NULL);
	}
}

int km_stages_run(struct km_job *job)
{
	last(job);
	return 0;
}

void km_remedy_job_run(struct km_job *job, const struct km_message_remedy_begin *order, int file_fd,
    void (*on_said)(void *context, struct km_message_remedy_said *said), void *context,
    struct km_message_remedy_done *ret_done)
{
	(void)order;
	(void)file_fd;
	(void)on_said;
	(void)context;
	*ret_done = (struct km_message_remedy_done){ 0 };
	last(job);
}

static void on_message(void *context, struct km_bytes packed)
{
	(void)context;
	(void)packed;
}

static int begin_audit(struct km_job_runner *runner, int64_t number)
{
	struct km_message_job_begin begin = { .audit = number, .rtsp_url = "rtsp://127.0.0.1/" };

	return km_job_runner_begin(runner, &begin);
}

static int begin_remedy(struct km_job_runner *runner, int64_t number, unsigned mode)
{
	static struct km_message_remedy_begin begin;

	begin = (struct km_message_remedy_begin){
		.audit = number, .mode = (uint8_t)mode, .rtsp_url = "rtsp://127.0.0.1/"
	};
	return km_job_runner_begin_remedy(runner, &begin, -1);
}

static void test_previews_keep_no_other_job_waiting(void **state)
{
	struct km_job_runner *runner = NULL;
	struct km_loop *loop = NULL;

	(void)state;
	assert_int_equal(km_loop_create(&loop), 0);
	assert_int_equal(km_job_runner_create(loop, JOBS_MAX, on_message, NULL, &runner), 0);
	for (int64_t i = 0; i < KM_JOB_RUNNER_PREVIEWS_MAX; i++) {
		assert_int_equal(begin_remedy(runner, -1 - i, KM_MODE_PREVIEW), 0);
	}
	assert_int_equal(begin_remedy(runner, -100, KM_MODE_PREVIEW), KM_ERR_LIMIT);
	assert_int_equal(begin_remedy(runner, -200, KM_MODE_RUN), 0);
	assert_int_equal(begin_audit(runner, 1), 0);
	assert_int_equal(begin_audit(runner, 1), KM_ERR_EXISTS);
	assert_int_equal(begin_audit(runner, 2), KM_ERR_LIMIT);
	km_job_runner_destroy(runner);
	km_loop_destroy(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_previews_keep_no_other_job_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
