#include "io/work.h"

#include "base/error.h"

#include <stdlib.h>
#include <uv.h>

struct job {
	uv_work_t work;
	void (*run)(void *context);
	void (*done)(void *context);
	void *context;
};

static void on_run(uv_work_t *work)
{
	struct job *job = work->data;

	job->run(job->context);
}

static void on_done(uv_work_t *work, int status)
{
	struct job *job = work->data;

	(void)status; /* nobody cancels */
	job->done(job->context);
	free(job);
}

int km_work_submit(
    struct km_loop *loop, void (*run)(void *context), void (*done)(void *context), void *context)
{
	struct job *job = calloc(1, sizeof(*job));

	if (job == NULL) {
		return KM_ERR_MEMORY;
	}
	job->run = run;
	job->done = done;
	job->context = context;
	job->work.data = job;
	if (uv_queue_work(km_loop_uv(loop), &job->work, on_run, on_done) < 0) {
		free(job);
		return KM_ERR_SYS;
	}
	return 0;
}
