#include "auditor/stages.h"

static const struct stage {
	const char *name;
	int (*run)(struct km_job *job);
} stages[] = {
#define KM_STAGE(name, text) { #name, km_stage_##name##_run },
#include "auditor/stages.tbl"
#undef KM_STAGE
};

int km_stages_run(struct km_job *job)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < KM_COUNT(stages); i++) {
		km_job_progress(job, stages[i].name, 0, 0);
		err = km_job_is_cancelled(job) ? KM_ERR_CLOSED : stages[i].run(job);
	}
	return err;
}
