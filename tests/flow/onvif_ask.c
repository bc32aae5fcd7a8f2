/*
 * The ONVIF stage and changes without a recorder around them, for tests/flow/onvif.py:
 *
 *     onvif_ask audit HOST URL USER [PIN]
 *     onvif_ask change HOST URL USER KIND [WORD ...]
 *     onvif_ask guess HOST URL USER KIND [WORD ...]   with a login that a person brought
 *     onvif_ask login HOST URL USER
 *
 * The password is the first line of standard input; "" for none. Facts come as JSON lines.
 */
#include "auditor/onvif_change.h"
#include "auditor/soap_link.h"
#include "auditor/stages.h"
#include "base/json.h"
#include "base/text.h"
#include "model/states.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ALLOWED "allowed" /* what the ledger lets pass */

static void on_fact(void *context, const struct km_fact *fact)
{
	struct km_json json;

	(void)context;
	km_json_init(&json, 8192);
	km_json_open(&json, NULL, '{');
	km_json_text(&json, "kind", km_facts_name(fact->kind));
	km_json_text(&json, "subject", fact->subject);
	km_json_text(&json, "value", fact->value);
	km_json_text(&json, "detail", fact->detail);
	km_json_bool(&json, "known", fact->is_known);
	km_json_bool(&json, "proof", fact->has_proof);
	km_json_close(&json, '}');
	(void)printf("%.*s\n", (int)json.buf.size, (const char *)json.buf.data);
	km_json_finish(&json);
}

static void on_progress(void *context, const char *stage, uint32_t done, uint32_t total)
{
	(void)context;
	(void)fprintf(stderr, "%s %u/%u\n", stage, (unsigned)done, (unsigned)total);
}

static int on_try(void *context, const char *service, const char *account, uint32_t pair)
{
	(void)context;
	(void)fprintf(stderr, "try %s %s %u\n", service, account, (unsigned)pair);
	return strcmp(service, ALLOWED) == 0 ? 0 : KM_ERR_DENIED;
}

static void on_lock(void *context, const char *service, const char *account)
{
	(void)context;
	(void)fprintf(stderr, "lock %s %s\n", service, account);
}

static const struct km_job_events events = {
	.on_fact = on_fact,
	.on_progress = on_progress,
	.on_try = on_try,
	.on_lock = on_lock,
};

static int report(const char *operation, int err, const struct km_onvif_outcome *outcome)
{
	struct km_json json;

	km_json_init(&json, 4096);
	km_json_open(&json, NULL, '{');
	km_json_text(&json, "operation", operation);
	km_json_text(&json, "err", err == 0 ? "OK" : km_error_name(err));
	km_json_text(&json, "text", outcome->text);
	km_json_i64(&json, "down_time_us", outcome->down_time_us);
	km_json_close(&json, '}');
	(void)printf("%.*s\n", (int)json.buf.size, (const char *)json.buf.data);
	km_json_finish(&json);
	return 0;
}

static void copy(const char *text, char *ret_text, size_t size)
{
	if (km_bytes_copy_text(km_bytes_text(text), ret_text, size) < 0) {
		(void)fprintf(stderr, "too long: %s\n", text);
		exit(2);
	}
}

static void take_filter(struct km_onvif_change *change, int count, char *words[])
{
	if (count > 0 && km_address_parse(km_bytes_text(words[0]), 0, &change->keep) < 0) {
		exit(2);
	}
	for (int i = 1; i < count; i++) {
		struct km_onvif_change_address *one = &change->addresses[change->address_count++];

		if (km_address_parse(km_bytes_text(words[i]), 0, &one->address) < 0) {
			exit(2);
		}
		one->prefix = 32;
	}
}

static void take_firmware(struct km_onvif_change *change, const char *path)
{
	struct stat status;

	change->firmware_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (change->firmware_fd < 0 || fstat(change->firmware_fd, &status) < 0) {
		exit(2);
	}
	change->firmware_size = (uint64_t)status.st_size;
}

static void take_change(struct km_onvif_change *change, int count, char *words[])
{
	const char *kind = words[0];
	const char *word = count > 1 ? words[1] : "";

	if (strcmp(kind, "password") == 0) {
		change->kind = KM_ONVIF_CHANGE_PASSWORD;
		copy(word, change->account, sizeof(change->account));
		copy("administrator", change->level, sizeof(change->level));
		copy(count > 2 ? words[2] : "", change->password, sizeof(change->password));
		change->allows_clear = count > 3;
	} else if (strcmp(kind, "services") == 0) {
		change->kind = KM_ONVIF_CHANGE_SERVICES;
		change->service_count = 1;
		copy(word, change->services[0].name, sizeof(change->services[0].name));
		change->services[0].port_count = 1;
		change->services[0].ports[0] = 80;
	} else if (strcmp(kind, "ntp") == 0) {
		change->kind = KM_ONVIF_CHANGE_NTP;
		for (int i = 1; i < count; i++) {
			copy(words[i], change->servers[change->server_count++],
			    sizeof(change->servers[0]));
		}
	} else if (strcmp(kind, "filter") == 0) {
		change->kind = KM_ONVIF_CHANGE_FILTER;
		take_filter(change, count - 1, words + 1);
	} else if (strcmp(kind, "host_name") == 0) {
		change->kind = KM_ONVIF_CHANGE_HOST_NAME;
		copy(word, change->host_name, sizeof(change->host_name));
	} else if (strcmp(kind, "scopes") == 0) {
		change->kind = KM_ONVIF_CHANGE_SCOPES;
		change->scope_count = 1;
		copy(word, change->scopes[0], sizeof(change->scopes[0]));
	} else if (strcmp(kind, "discovery") == 0) {
		change->kind = KM_ONVIF_CHANGE_DISCOVERY;
	} else if (strcmp(kind, "restart") == 0) {
		change->kind = KM_ONVIF_CHANGE_RESTART;
	} else if (strcmp(kind, "factory_default") == 0) {
		change->kind = KM_ONVIF_CHANGE_FACTORY_DEFAULT;
		change->is_hard = strcmp(word, "hard") == 0;
	} else if (strcmp(kind, "firmware") == 0) {
		change->kind = KM_ONVIF_CHANGE_FIRMWARE;
		take_firmware(change, word);
	} else {
		exit(2);
	}
}

static int run_change(struct km_job *job, const char *guess, int count, char *words[])
{
	static struct km_onvif_change change;
	struct km_onvif_outcome outcome = { 0 };
	struct km_buf preview;
	int err = 0;

	take_change(&change, count, words);
	km_buf_init(&preview, KM_ONVIF_CHANGE_TEXT_MAX);
	err = km_onvif_change_preview(&change, &preview);
	(void)printf(
	    "%.*s\n", (int)preview.size, preview.size == 0 ? "" : (const char *)preview.data);
	km_buf_finish(&preview);
	if (err == 0) {
		err = km_onvif_change_apply(job, &change, guess, &outcome);
	}
	return report(km_onvif_change_operation(change.kind), err, &outcome);
}

static int run(struct km_job *job, const char *verb, int count, char *words[])
{
	struct km_onvif_outcome outcome = { 0 };
	int err = 0;

	if (strcmp(verb, "audit") == 0) {
		err = count > 0
			  ? km_text_parse_hex(km_bytes_text(words[0]), job->pin, sizeof(job->pin))
			  : 0;
		job->has_pin = count > 0;
		return err == 0 ? km_stage_onvif_run(job) : err;
	}
	if (strcmp(verb, "change") == 0 && count > 0) {
		return run_change(job, NULL, count, words);
	}
	if (strcmp(verb, "guess") == 0 && count > 0) {
		return run_change(job, ALLOWED, count, words);
	}
	if (strcmp(verb, "login") == 0) {
		const struct km_onvif_change_login login = { .user = job->user,
			.password = job->password,
			.ledger = "test",
			.is_own = true };

		err = km_onvif_change_try_login(job, &login, &outcome);
		return report("login", err, &outcome);
	}
	return KM_ERR_UNSUPPORTED;
}

int main(int argc, char *argv[])
{
	static struct km_egress_budget budget;
	static atomic_bool is_cancelled;
	static struct km_job job = { .events = &events };
	char line[KM_JOB_PASSWORD_SIZE] = "";
	struct km_address address;
	int err = 0;

	if (argc < 5) {
		return 2;
	}
	if (fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
	}
	copy(line, job.password, sizeof(job.password));
	copy(argv[2], job.host, sizeof(job.host));
	copy(argv[3], job.onvif_url, sizeof(job.onvif_url));
	copy(argv[4], job.user, sizeof(job.user));
	km_egress_init(&job.egress, &budget, &is_cancelled);
	err = km_address_parse(km_bytes_text(job.host), 0, &address);
	if (err == 0) {
		err = km_egress_allow(&job.egress, &address);
	}
	if (err == 0) {
		err = km_soap_link_prepare();
	}
	if (err == 0) {
		err = run(&job, argv[1], argc - 5, argv + 5);
	}
	(void)fprintf(stderr, "packets %llu\n", (unsigned long long)job.egress.sent);
	if (err < 0) {
		(void)fprintf(stderr, "onvif_ask: %s\n", km_error_text(err));
	}
	return err < 0 ? 1 : 0;
}
