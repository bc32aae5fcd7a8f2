/* The stage `ports`: what is open, from here and from the owner's second source. [IPA a11-1] */
#include "auditor/port_list.h"
#include "auditor/stages.h"
#include "auditor/sweep.h"
#include "auditor/udp_survey.h"
#include "base/time.h"
#include "crypto/random.h"
#include "model/states.h"

#include <stdio.h>
#include <stdlib.h>

#define PATIENCE_US    (1500 * (KM_TIME_SECOND_US / 1000))
#define CONTROL_PORTS  6 /* random ones, where nothing is expected */
#define CONTROL_OPEN   4 /* that so many of them answer, is no chance */
#define CONTROL_LOWEST 52000
#define CONTROL_SPAN   8000
#define PORT_COUNT     65536
#define PROGRESS_STEP  256

struct scan {
	struct km_job *job;
	uint8_t result[PORT_COUNT]; /* enum km_sweep_result of the last try */
	uint16_t port[PORT_COUNT];  /* the list of one round */
	size_t count;
	uint32_t done;
	uint32_t total;
};

static void on_port(void *context, uint16_t port, enum km_sweep_result result)
{
	struct scan *scan = context;

	scan->result[port] = (uint8_t)result;
	scan->done++;
	if (scan->done % PROGRESS_STEP == 0) {
		km_job_progress(scan->job, "ports", scan->done, scan->total);
	}
}

/* One round over the ports of the list. */
static int sweep(struct scan *scan, struct km_egress *egress)
{
	struct km_sweep one = {
		.egress = egress,
		.address = egress->addresses[0],
		.patience_us = PATIENCE_US,
		.on_port = on_port,
		.context = scan,
	};

	return km_sweep_run(&one, scan->port, scan->count);
}

/* The list of the next round: those of the first one that ended so. */
static void select_ports(struct scan *scan, const bool *is_tried, enum km_sweep_result result)
{
	scan->count = 0;
	for (uint32_t port = 1; port < PORT_COUNT; port++) {
		if (is_tried[port] && scan->result[port] == result) {
			scan->port[scan->count++] = (uint16_t)port;
		}
	}
}

/* Something in between may answer for all ports: then ports say nothing about the camera. */
static int try_controls(struct scan *scan)
{
	uint16_t draws[CONTROL_PORTS] = { 0 };
	size_t open = 0;
	int err = km_random_fill(draws, sizeof(draws));

	scan->count = 0;
	for (size_t i = 0; i < CONTROL_PORTS; i++) {
		/* In slices of their own, so that none comes twice. */
		scan->port[scan->count++] =
		    (uint16_t)(CONTROL_LOWEST + i * (CONTROL_SPAN / CONTROL_PORTS) +
			       draws[i] % (CONTROL_SPAN / CONTROL_PORTS));
	}
	if (err == 0) {
		err = sweep(scan, &scan->job->egress);
	}
	if (err < 0) {
		return err;
	}
	for (size_t i = 0; i < CONTROL_PORTS; i++) {
		open += scan->result[scan->port[i]] == KM_SWEEP_OPEN;
	}
	scan->job->seen.answers_all = open >= CONTROL_OPEN;
	km_job_give_yes_no(scan->job, KM_FACT_ANSWERS_ALL, KM_FROM_PROBE, "",
	    scan->job->seen.answers_all, "6 random high ports were tried", NULL);
	return 0;
}

/* The port that a URL of the camera's entry names; 0 if it names none. */
static uint16_t port_of(const char *url)
{
	struct km_bytes rest = km_bytes_text(url);
	struct km_bytes authority = { 0 };
	uint32_t port = 0;
	size_t digits = 0;

	rest = km_bytes_after(rest, km_bytes_find_seq(rest, KM_BYTES("://")) + 3);
	authority = km_bytes_split(&rest, '/');
	while (digits < authority.size && authority.data[authority.size - 1 - digits] >= '0' &&
	       authority.data[authority.size - 1 - digits] <= '9') {
		digits++;
	}
	if (digits == authority.size || authority.data[authority.size - 1 - digits] != ':' ||
	    km_bytes_parse_u32(
		km_bytes_after(authority, authority.size - digits), UINT16_MAX, &port) < 0) {
		return 0;
	}
	return (uint16_t)port;
}

static void choose_ports(const struct scan *scan, bool *ret_is_tried)
{
	size_t count = 0;
	const struct km_port_list_row *rows = km_port_list_rows(&count);

	for (uint32_t port = 1; port < PORT_COUNT; port++) {
		ret_is_tried[port] = scan->job->is_thorough && !scan->job->seen.answers_all;
	}
	for (size_t i = 0; i < count; i++) {
		ret_is_tried[rows[i].number] = !scan->job->seen.answers_all || rows[i].is_camera;
	}
	ret_is_tried[port_of(scan->job->rtsp_url)] = true;
	ret_is_tried[port_of(scan->job->onvif_url)] = true;
	ret_is_tried[0] = false;
}

static size_t count_results(
    const struct scan *scan, const bool *is_tried, enum km_sweep_result result)
{
	size_t count = 0;

	for (uint32_t port = 1; port < PORT_COUNT; port++) {
		count += is_tried[port] && scan->result[port] == result;
	}
	return count;
}

/* What all ports told is not replaced by the look at a few that comes every day. */
static const char *tried_subject(const struct km_job *job)
{
	return job->is_thorough ? "tcp" : "tcp telling";
}

static void tell_tried(struct scan *scan, const bool *is_tried)
{
	size_t open = count_results(scan, is_tried, KM_SWEEP_OPEN);
	size_t closed = count_results(scan, is_tried, KM_SWEEP_CLOSED);
	size_t silent = count_results(scan, is_tried, KM_SWEEP_SILENT);
	char list[KM_FACT_VALUE_SIZE];
	char detail[KM_FACT_DETAIL_SIZE];
	struct km_buf text;

	scan->count = 0;
	for (uint32_t port = 1; port < PORT_COUNT; port++) {
		if (is_tried[port]) {
			scan->port[scan->count++] = (uint16_t)port;
		}
	}
	km_buf_init_fixed(&text, list, sizeof(list) - 1);
	km_port_list_write(scan->port, scan->count, &text);
	list[text.size] = '\0';
	(void)snprintf(detail, sizeof(detail),
	    "%zu open, %zu refused, %zu without an answer in 2 tries, of %zu", open, closed, silent,
	    scan->count);
	km_job_give(scan->job, KM_FACT_PORTS_TRIED, KM_FROM_PROBE, tried_subject(scan->job), list,
	    detail, NULL);
}

/* Everything once; what was silent, a second time; what was open, again to be sure. */
static int scan_tcp(struct scan *scan, const bool *is_tried)
{
	int err = 0;

	for (uint32_t port = 1; port < PORT_COUNT; port++) {
		scan->result[port] = KM_SWEEP_CLOSED;
		if (is_tried[port]) {
			scan->port[scan->count++] = (uint16_t)port;
		}
	}
	scan->done = 0;
	scan->total = (uint32_t)scan->count;
	err = sweep(scan, &scan->job->egress);
	if (err == 0) {
		select_ports(scan, is_tried, KM_SWEEP_SILENT);
		scan->total += (uint32_t)scan->count;
		err = sweep(scan, &scan->job->egress);
	}
	if (err == 0) {
		select_ports(scan, is_tried, KM_SWEEP_OPEN);
		scan->total += (uint32_t)scan->count;
		err = sweep(scan, &scan->job->egress);
	}
	return err;
}

static void keep_open(struct scan *scan, const bool *is_tried)
{
	select_ports(scan, is_tried, KM_SWEEP_OPEN);
	for (size_t i = 0; i < scan->count; i++) {
		if (km_sightings_add_port(&scan->job->seen, scan->port[i]) < 0) {
			char why[64];

			(void)snprintf(
			    why, sizeof(why), "%zu ports are open; 64 were looked at", scan->count);
			km_job_give_unknown(
			    scan->job, KM_FACT_PORT_OPEN, KM_FROM_PROBE, "tcp", why);
			scan->count = i;
		}
	}
}

static void give_second(struct scan *scan, uint16_t port)
{
	static const char *const details[] = {
		[KM_SWEEP_SILENT] = "no answer to the second source address, but to the first",
		[KM_SWEEP_CLOSED] = "it refused the second source address, but not the first",
		[KM_SWEEP_OPEN] = "it took a connection from the second source address",
		[KM_SWEEP_UNREACHABLE] = "the network has no way there from the second address",
	};
	enum km_sweep_result result = (enum km_sweep_result)scan->result[port];
	char subject[16];

	(void)snprintf(subject, sizeof(subject), "tcp/%u", port);
	if (result == KM_SWEEP_UNREACHABLE) {
		km_job_give_unknown(
		    scan->job, KM_FACT_SECOND_SOURCE, KM_FROM_PROBE, subject, details[result]);
	} else {
		km_job_give_yes_no(scan->job, KM_FACT_SECOND_SOURCE, KM_FROM_PROBE, subject,
		    result == KM_SWEEP_OPEN, details[result], NULL);
	}
}

/* The same ports from the owner's second address, which should not be served. [IPA a11-2] */
static int try_second(struct scan *scan)
{
	struct km_egress second = scan->job->egress;
	int err = 0;

	if (scan->job->second.size == 0 || scan->count == 0) {
		return 0;
	}
	second.source = scan->job->second;
	km_address_set_port(&second.source, 0);
	err = sweep(scan, &second);
	scan->job->egress.next_us = second.next_us;
	scan->job->egress.sent = second.sent;
	if (err == KM_ERR_SYS) {
		km_job_give_unknown(scan->job, KM_FACT_SECOND_SOURCE, KM_FROM_PROBE, "tcp",
		    "the second source address is not one of this machine");
		return 0;
	}
	for (size_t i = 0; i < scan->count && err == 0; i++) {
		give_second(scan, scan->port[i]);
	}
	return err;
}

int km_stage_ports_run(struct km_job *job)
{
	struct scan *scan = calloc(1, sizeof(*scan));
	bool *is_tried = calloc(PORT_COUNT, sizeof(*is_tried));
	int err = scan == NULL || is_tried == NULL ? KM_ERR_MEMORY : 0;

	if (err == 0) {
		scan->job = job;
		err = try_controls(scan);
	}
	if (err == 0) {
		scan->count = 0;
		choose_ports(scan, is_tried);
		err = scan_tcp(scan, is_tried);
	}
	if (err == 0) {
		tell_tried(scan, is_tried);
		keep_open(scan, is_tried);
		err = try_second(scan);
	}
	if (err == 0) {
		err = km_udp_survey_run(job);
	}
	free(is_tried);
	free(scan);
	if (err == 0 || err == KM_ERR_CLOSED || err == KM_ERR_MEMORY) {
		return err;
	}
	km_job_give_unknown(
	    job, KM_FACT_PORTS_TRIED, KM_FROM_PROBE, tried_subject(job), km_error_text(err));
	return 0;
}
