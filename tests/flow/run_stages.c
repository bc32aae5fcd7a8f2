/*
 * Runs stages of the auditor on one address, and prints what they find as JSON lines:
 *
 *     run_stages ADDRESS [NAME=VALUE...]
 *
 * stages=ports,services,...  (all of the table)   rtsp=URL  user=NAME  password=TEXT  maker=NAME
 * factory=yes: documented pairs may be tried      second=ADDRESS      thorough=yes  pace=N
 * ports=80,554: taken as open, instead of the stage `ports`
 * cancel=MS: cancelled by then
 *
 * Facts as {"fact","subject","source","known","value","detail"}; tries and locks as {"try"},
 * {"lock"}; at the end {"end","sent","ms"}.
 */
#include "auditor/stages.h"
#include "base/json.h"
#include "base/time.h"
#include "io/clock.h"
#include "model/states.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 8192

struct run {
	struct km_job job;
	const char *stages;
	atomic_bool is_cancelled;
	struct km_egress_budget budget;
	int64_t cancel_us;
};

static void print_line(struct km_json *line)
{
	km_json_close(line, '}');
	if (km_buf_error(&line->buf) == 0) {
		(void)printf("%.*s\n", (int)line->buf.size, (const char *)line->buf.data);
		(void)fflush(stdout);
	}
	km_json_finish(line);
}

static void open_line(struct km_json *line)
{
	km_json_init(line, LINE_MAX_BYTES);
	km_json_open(line, NULL, '{');
}

static void on_fact(void *context, const struct km_fact *fact)
{
	struct km_json line;

	(void)context;
	open_line(&line);
	km_json_text(&line, "fact", km_facts_name(fact->kind));
	km_json_text(&line, "subject", fact->subject);
	km_json_text(&line, "source", km_states_name("fact_source", fact->source));
	km_json_bool(&line, "known", fact->is_known);
	km_json_text(&line, "value", fact->value);
	km_json_text(&line, "detail", fact->detail);
	print_line(&line);
}

static void on_progress(void *context, const char *stage, uint32_t done, uint32_t total)
{
	struct run *run = context;

	(void)stage;
	(void)done;
	(void)total;
	if (run->cancel_us > 0 && km_clock_monotonic_us() > run->cancel_us) {
		atomic_store(&run->is_cancelled, true);
	}
}

static int on_try(void *context, const char *service, const char *account, uint32_t pair)
{
	struct km_json line;

	(void)context;
	open_line(&line);
	km_json_text(&line, "try", account);
	km_json_text(&line, "service", service);
	km_json_u64(&line, "pair", pair);
	print_line(&line);
	return 0;
}

static void on_lock(void *context, const char *service, const char *account)
{
	struct km_json line;

	(void)context;
	open_line(&line);
	km_json_text(&line, "lock", account);
	km_json_text(&line, "service", service);
	print_line(&line);
}

static const struct km_job_events events = {
	.on_fact = on_fact,
	.on_progress = on_progress,
	.on_try = on_try,
	.on_lock = on_lock,
};

static void add_ports(struct run *run, struct km_bytes list)
{
	while (list.size > 0) {
		uint32_t port = 0;

		if (km_bytes_parse_u32(km_bytes_split(&list, ','), UINT16_MAX, &port) < 0 ||
		    km_sightings_add_port(&run->job.seen, (uint16_t)port) < 0) {
			(void)fprintf(stderr, "run_stages: ports=80,554 is right\n");
			exit(2);
		}
	}
}

static void set(struct run *run, struct km_bytes name, struct km_bytes value)
{
	struct km_job *job = &run->job;
	uint32_t number = 0;
	int err = 0;

	if (km_bytes_is_equal(name, KM_BYTES("stages"))) {
		run->stages = (const char *)value.data;
	} else if (km_bytes_is_equal(name, KM_BYTES("rtsp"))) {
		err = km_bytes_copy_text(value, job->rtsp_url, sizeof(job->rtsp_url));
	} else if (km_bytes_is_equal(name, KM_BYTES("user"))) {
		err = km_bytes_copy_text(value, job->user, sizeof(job->user));
	} else if (km_bytes_is_equal(name, KM_BYTES("password"))) {
		err = km_bytes_copy_text(value, job->password, sizeof(job->password));
	} else if (km_bytes_is_equal(name, KM_BYTES("maker"))) {
		err = km_bytes_copy_text(value, job->maker, sizeof(job->maker));
	} else if (km_bytes_is_equal(name, KM_BYTES("factory"))) {
		job->may_try_factory = true;
	} else if (km_bytes_is_equal(name, KM_BYTES("thorough"))) {
		job->is_thorough = true;
	} else if (km_bytes_is_equal(name, KM_BYTES("second"))) {
		err = km_address_parse(value, 0, &job->second);
	} else if (km_bytes_is_equal(name, KM_BYTES("ports"))) {
		add_ports(run, value);
	} else if (km_bytes_is_equal(name, KM_BYTES("pace"))) {
		err = km_bytes_parse_u32(value, KM_EGRESS_PACE, &number);
		job->egress.pace = number;
	} else if (km_bytes_is_equal(name, KM_BYTES("cancel"))) {
		err = km_bytes_parse_u32(value, UINT32_MAX, &number);
		run->cancel_us = km_clock_monotonic_us() + (int64_t)number * 1000;
	} else {
		err = KM_ERR_NOT_FOUND;
	}
	if (err < 0) {
		(void)fprintf(stderr, "run_stages: %.*s: %s\n", (int)name.size,
		    (const char *)name.data, km_error_text(err));
		exit(2);
	}
}

static bool is_wanted(const struct run *run, const char *stage)
{
	struct km_bytes rest = km_bytes_text(run->stages);

	while (rest.size > 0) {
		if (km_bytes_is_equal(km_bytes_split(&rest, ','), km_bytes_text(stage))) {
			return true;
		}
	}
	return run->stages == NULL;
}

static int run_all(struct run *run)
{
	static const struct {
		const char *name;
		int (*run)(struct km_job *job);
	} stages[] = {
#define KM_STAGE(stage, text) { .name = #stage, .run = km_stage_##stage##_run },
#include "auditor/stages.tbl"
#undef KM_STAGE
	};
	int err = 0;

	for (size_t i = 0; i < KM_COUNT(stages) && err == 0; i++) {
		if (is_wanted(run, stages[i].name)) {
			err = stages[i].run(&run->job);
		}
	}
	return err;
}

int main(int count, char **arguments)
{
	static struct run run;
	struct km_address address = { 0 };
	struct km_json line;
	int64_t start_us = km_clock_monotonic_us();
	int err = 0;

	km_egress_init(&run.job.egress, &run.budget, &run.is_cancelled);
	run.job.events = &events;
	run.job.context = &run;
	if (count < 2 || km_address_parse(km_bytes_text(arguments[1]), 0, &address) < 0 ||
	    km_egress_allow(&run.job.egress, &address) < 0) {
		(void)fprintf(stderr, "usage: run_stages ADDRESS [NAME=VALUE...]\n");
		return 2;
	}
	(void)snprintf(run.job.host, sizeof(run.job.host), "%s", arguments[1]);
	for (int i = 2; i < count; i++) {
		struct km_bytes value = km_bytes_text(arguments[i]);
		struct km_bytes name = km_bytes_split(&value, '=');

		set(&run, name, value);
	}
	err = run_all(&run);
	open_line(&line);
	km_json_text(&line, "end", err == 0 ? "ok" : km_error_text(err));
	km_json_u64(&line, "sent", run.job.egress.sent);
	km_json_i64(&line, "ms", (km_clock_monotonic_us() - start_us) / 1000);
	print_line(&line);
	return 0;
}
