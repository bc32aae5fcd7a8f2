/* The first stage: whether the camera answers at all, on the port that it is recorded from. */
#include "auditor/stages.h"

#include "base/time.h"
#include "io/clock.h"
#include "model/states.h"
#include "proto/url.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_US (5 * KM_TIME_SECOND_US)

int km_stage_reach_run(struct km_job *job)
{
	struct km_url url;
	struct km_fault fault = { 0 };
	int fd = -1;
	int err = km_url_parse(km_bytes_text(job->rtsp_url), &url, &fault);

	if (err < 0) {
		return err;
	}
	for (size_t i = 0; i < job->egress.address_count; i++) {
		struct km_address address = job->egress.addresses[i];

		km_address_set_port(&address, url.port);
		err = km_egress_connect(
		    &job->egress, &address, km_clock_monotonic_us() + CONNECT_US, &fd);
		if (err == KM_ERR_CLOSED) {
			return err;
		}
		/* A refusal is an answer, too. */
		if (err == 0 || (err == KM_ERR_SYS && errno == ECONNREFUSED)) {
			km_job_give_yes_no(job, KM_FACT_REACHABLE, KM_FROM_PROBE, "", true,
			    err == 0 ? "it takes connections" : "it refuses connections", NULL);
			if (err == 0) {
				(void)close(fd);
			}
			/* The stages behind this one ask the first address alone. */
			job->egress.addresses[i] = job->egress.addresses[0];
			job->egress.addresses[0] = address;
			return 0;
		}
	}
	km_job_give_yes_no(job, KM_FACT_REACHABLE, KM_FROM_PROBE, "", false,
	    err == KM_ERR_TIMEOUT ? "it does not answer" : strerror(errno), NULL);
	return KM_ERR_TIMEOUT;
}
