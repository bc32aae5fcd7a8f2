#include "base/text.h"
#include "base/time.h"
#include "cmd/asking.h"
#include "cmd/verbs.h"
#include "guard/certificates_offline.h"
#include "guard/control_lock.h"
#include "io/clock.h"
#include "model/states.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define JSON_MAX       ((size_t)256 * 1024)
#define SERVED_WAIT_MS 5000
#define SERVED_STEP_MS 50

/* What came as the answer: the recorder's, and the authority's. */
struct answer {
	struct km_message_certificate records[2];
	size_t count;
};

static void on_record(void *context, enum km_message_kind kind, const void *record)
{
	struct answer *answer = context;

	if (kind == KM_MESSAGE_certificate && answer->count < KM_COUNT(answer->records)) {
		memcpy(&answer->records[answer->count++], record, sizeof(answer->records[0]));
	}
}

/* --- asking --- */

static enum km_exit ask_offline(const struct km_verb_context *context, enum km_message_kind kind,
    void *message, struct answer *ret_answer)
{
	struct km_state state = { 0 };
	char text[512] = "";
	enum km_exit result = km_verb_unlock(context, &state);
	int err = 0;

	if (result != KM_EXIT_DONE) {
		return result;
	}
	err = km_certificates_offline_ask(&state, kind, message, on_record, ret_answer, text);
	km_state_close(&state);
	return err < 0 ? km_verb_fail("%s", text[0] != '\0' ? text : km_error_text(err))
		       : KM_EXIT_DONE;
}

/*
 * The running guard does it; if none runs, this process does, with the guard's lock. ret_is_running
 * says which.
 */
static enum km_exit ask(const struct km_verb_context *context, enum km_message_kind kind,
    void *message, struct answer *ret_answer, bool *ret_is_running)
{
	enum km_exit result = KM_EXIT_DONE;
	int fd = -1;
	int err = km_control_lock_take(context->state_directory, &fd);

	*ret_is_running = err == KM_ERR_EXISTS;
	if (err == KM_ERR_EXISTS) {
		return km_asking_each(context, kind, message, on_record, ret_answer, NULL);
	}
	if (err < 0 && errno == ENOENT) {
		return km_verb_open(context, &(struct km_state){ 0 }); /* it says what is missing */
	}
	if (err < 0) {
		return km_verb_fail("%s: %s", context->state_directory, strerror(errno));
	}
	result = ask_offline(context, kind, message, ret_answer);
	(void)close(fd);
	return result;
}

/* Until the running recorder serves what was just made, or says that it does not. */
static enum km_exit wait_served(const struct km_verb_context *context, struct answer *ret_answer)
{
	static const struct timespec step = { .tv_nsec = SERVED_STEP_MS * 1000000L };
	const struct km_message_certificate wished = ret_answer->records[0];
	enum km_exit result = KM_EXIT_DONE;

	for (int waited = 0; waited < SERVED_WAIT_MS; waited += SERVED_STEP_MS) {
		struct km_message_certificate_list list = { 0 };

		*ret_answer = (struct answer){ 0 };
		result = km_asking_each(
		    context, KM_MESSAGE_certificate_list, &list, on_record, ret_answer, NULL);
		if (result != KM_EXIT_DONE || ret_answer->count == 0) {
			return result;
		}
		if (memcmp(ret_answer->records[0].sha256, wished.sha256, sizeof(wished.sha256)) !=
		    0) {
			return km_verb_fail("the recorder could not serve it; the one before goes "
					    "on (its log says why)");
		}
		if (ret_answer->records[0].is_served) {
			return KM_EXIT_DONE;
		}
		(void)nanosleep(&step, NULL);
	}
	return km_verb_fail(
	    "stored, but the recorder has not served it within %d s", SERVED_WAIT_MS / 1000);
}

/* --- showing --- */

static void print_names(const char *names)
{
	struct km_bytes rest = km_bytes_text(names);
	const char *before = "  names        ";

	while (rest.size > 0) {
		struct km_bytes name = km_bytes_split(&rest, ',');

		(void)printf("%s%.*s", before, (int)name.size, (const char *)name.data);
		before = ", ";
	}
	if (names[0] != '\0') {
		(void)printf("\n");
	}
}

static void print_certificate(const struct km_message_certificate *record)
{
	char from[KM_TIME_TEXT_SIZE];
	char until[KM_TIME_TEXT_SIZE];
	char sha256[2 * sizeof(record->sha256) + 1] = "";
	int64_t days = (record->until_unix_us - km_clock_unix_us()) / KM_TIME_DAY_US;

	km_time_write(record->from_unix_us, from);
	km_time_write(record->until_unix_us, until);
	(void)km_text_write_hex(
	    km_bytes_from(record->sha256, record->sha256_size), sha256, sizeof(sha256));
	(void)printf(
	    "%s\n", record->use == KM_CERTIFICATE_OF_RECORDER ? "The recorder's certificate"
		    : record->use == KM_CERTIFICATE_OF_DEVICE ? "A device's certificate"
							      : "The recorder's own authority");
	(void)printf("  subject      %s\n", record->subject);
	(void)printf("  issuer       %s\n", record->issuer);
	print_names(record->names);
	(void)printf("  valid        %.10s to %.10s (%lld days left)\n", from, until,
	    (long long)(days < 0 ? 0 : days));
	(void)printf("  key          %s, signed with %s\n", record->key, record->signature);
	(void)printf("  SHA-256      %s\n", sha256);
	if (record->use == KM_CERTIFICATE_OF_RECORDER) {
		(void)printf("  made         %s%s\n",
		    km_states_name("certificate_origin", record->origin),
		    record->is_renewed ? ", renewed by itself" : "");
	}
}

static enum km_exit show(const struct km_verb_context *context, const struct answer *answer)
{
	struct km_json json;

	if (!context->wants_json) {
		for (size_t i = 0; i < answer->count; i++) {
			print_certificate(&answer->records[i]);
		}
		return KM_EXIT_DONE;
	}
	km_json_init(&json, JSON_MAX);
	km_json_open(&json, NULL, '{');
	km_json_open(&json, "certificates", '[');
	for (size_t i = 0; i < answer->count; i++) {
		km_record_write(&json, NULL, KM_MESSAGE_certificate, &answer->records[i]);
	}
	km_json_close(&json, ']');
	km_json_close(&json, '}');
	(void)printf("%.*s\n", (int)json.buf.size, (const char *)json.buf.data);
	km_json_finish(&json);
	return KM_EXIT_DONE;
}

/* A PEM text. */
static enum km_exit put_text(const char *path, const char *text)
{
	return km_verb_write_text(path == NULL ? "-" : path, 0644, text);
}

static enum km_exit read_text(const char *path, char *ret_text, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t count = 0;
	ssize_t got = fd < 0 ? -1 : 1;

	while (got > 0 && count < size) {
		got = read(fd, ret_text + count, size - count);
		count += got > 0 ? (size_t)got : 0;
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	if (got < 0) {
		return km_verb_fail("%s: %s", path, strerror(errno));
	}
	if (count >= size || memchr(ret_text, '\0', count) != NULL) {
		memset(ret_text, 0, size);
		return km_verb_fail(
		    "%s: text in PEM form of at most %zu bytes is right", path, size - 1);
	}
	ret_text[count] = '\0';
	return KM_EXIT_DONE;
}

static enum km_exit put_names(const struct km_arguments *arguments, char *ret_names, size_t size)
{
	const char *names = km_arguments_get(arguments, "--names");

	return km_bytes_copy_text(km_bytes_text(names), ret_names, size) < 0
		   ? km_verb_fail("--names: at most %zu bytes are right", size - 1)
		   : KM_EXIT_DONE;
}

/* --- the verbs --- */

static enum km_exit run_show(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_certificate_list list = { 0 };
	struct answer answer = { 0 };
	bool is_running = false;
	enum km_exit result =
	    ask(context, KM_MESSAGE_certificate_list, &list, &answer, &is_running);

	if (result != KM_EXIT_DONE || answer.count == 0) {
		return result;
	}
	if (km_arguments_has(arguments, "--pem")) {
		return put_text(NULL, answer.records[0].pem);
	}
	return show(context, &answer);
}

/* Something that changes what is served. */
static enum km_exit change(
    const struct km_verb_context *context, enum km_message_kind kind, void *message)
{
	struct answer answer = { 0 };
	bool is_running = false;
	enum km_exit result = ask(context, kind, message, &answer, &is_running);

	if (result == KM_EXIT_DONE && is_running && answer.count > 0) {
		result = wait_served(context, &answer);
	}
	if (answer.count > 0) {
		answer.count = 1;
	}
	return result == KM_EXIT_DONE ? show(context, &answer) : result;
}

static enum km_exit run_install(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_certificate_install install = { 0 };
	const char *chain = km_arguments_get(arguments, "--chain");
	enum km_exit result = put_names(arguments, install.names, sizeof(install.names));

	if (result == KM_EXIT_DONE) {
		result = read_text(
		    arguments->words[0], install.certificate_pem, sizeof(install.certificate_pem));
	}
	if (result == KM_EXIT_DONE && chain != NULL) {
		result = read_text(chain, install.chain_pem, sizeof(install.chain_pem));
	}
	if (result == KM_EXIT_DONE && arguments->word_count > 1) {
		result = read_text(arguments->words[1], install.key_pem, sizeof(install.key_pem));
	}
	if (result == KM_EXIT_DONE) {
		result = change(context, KM_MESSAGE_certificate_install, &install);
	}
	explicit_bzero(&install, sizeof(install));
	return result;
}

static enum km_exit run_renew(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_certificate_make make = { .work = KM_CERTIFICATE_MAKE_RENEW };
	enum km_exit result = put_names(arguments, make.names, sizeof(make.names));

	return result == KM_EXIT_DONE ? change(context, KM_MESSAGE_certificate_make, &make)
				      : result;
}

/* Something whose result is a text, as JSON or into a file. */
static enum km_exit make_text(const struct km_verb_context *context,
    const struct km_arguments *arguments, struct km_message_certificate_make *make)
{
	const char *path = km_arguments_get(arguments, "-o");
	struct answer answer = { 0 };
	bool is_running = false;
	enum km_exit result = ask(context, KM_MESSAGE_certificate_make, make, &answer, &is_running);

	if (result != KM_EXIT_DONE || answer.count == 0) {
		return result;
	}
	if (path != NULL) {
		result = put_text(path, answer.records[0].pem);
	}
	if (result == KM_EXIT_DONE && context->wants_json) {
		return show(context, &answer);
	}
	return result == KM_EXIT_DONE && path == NULL ? put_text(NULL, answer.records[0].pem)
						      : result;
}

static enum km_exit run_request(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_certificate_make make = { .work = KM_CERTIFICATE_MAKE_REQUEST };
	enum km_exit result = put_names(arguments, make.names, sizeof(make.names));

	return result == KM_EXIT_DONE ? make_text(context, arguments, &make) : result;
}

static enum km_exit run_ca_init(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_certificate_make make = {
		.work = KM_CERTIFICATE_MAKE_AUTHORITY,
		.is_replacing = km_arguments_has(arguments, "--replace"),
	};
	const char *title = km_arguments_get(arguments, "--title");
	char host[HOST_NAME_MAX + 1] = "recorder";
	struct answer answer = { 0 };
	bool is_running = false;
	enum km_exit result = KM_EXIT_DONE;

	if (title == NULL) {
		(void)gethostname(host, sizeof(host) - 1);
		(void)snprintf(make.title, sizeof(make.title), "Komainu CA of %.50s", host);
	} else if (km_bytes_copy_text(km_bytes_text(title), make.title, sizeof(make.title)) < 0) {
		return km_verb_fail("--title: at most %zu bytes are right", sizeof(make.title) - 1);
	}
	result = ask(context, KM_MESSAGE_certificate_make, &make, &answer, &is_running);
	return result == KM_EXIT_DONE ? show(context, &answer) : result;
}

static enum km_exit run_ca_export(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_certificate_list list = { 0 };
	struct answer answer = { 0 };
	bool is_running = false;
	enum km_exit result =
	    ask(context, KM_MESSAGE_certificate_list, &list, &answer, &is_running);

	if (result == KM_EXIT_DONE && answer.count < 2) {
		return km_verb_fail(
		    "there is no authority here: `komainu certificate ca init` makes one");
	}
	return result == KM_EXIT_DONE
		   ? put_text(km_arguments_get(arguments, "-o"), answer.records[1].pem)
		   : result;
}

static enum km_exit run_ca_issue(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_certificate_make make = { .work = KM_CERTIFICATE_MAKE_DEVICE };
	struct km_message_certificate_list list = { 0 };
	struct answer answer = { 0 };
	const char *csr = km_arguments_get(arguments, "--csr");
	bool is_running = false;
	enum km_exit result = put_names(arguments, make.names, sizeof(make.names));

	if (result == KM_EXIT_DONE && csr != NULL) {
		result = read_text(csr, make.request_pem, sizeof(make.request_pem));
		return result == KM_EXIT_DONE ? make_text(context, arguments, &make) : result;
	}
	if (result == KM_EXIT_DONE) {
		result = ask(context, KM_MESSAGE_certificate_list, &list, &answer, &is_running);
	}
	/* Renewing would make a self-signed one, which is not what was asked for. */
	if (result == KM_EXIT_DONE && answer.count < 2) {
		return km_verb_fail(
		    "there is no authority here: `komainu certificate ca init` makes one");
	}
	make.work = KM_CERTIFICATE_MAKE_RENEW;
	return result == KM_EXIT_DONE ? change(context, KM_MESSAGE_certificate_make, &make)
				      : result;
}

#define NAMES                                                                                      \
	{                                                                                          \
		"--names", "NAMES",                                                                \
		    "host names and addresses by which people reach it, joined by commas"          \
	}

static const struct km_argument show_arguments[] = {
	{ "--pem", NULL, "print the certificate itself" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_certificate_show = {
	.name = "certificate show",
	.usage = "[--pem]",
	.text = "the certificate that is served, and the own authority",
	.arguments = show_arguments,
	.run = run_show,
};

static const struct km_argument install_arguments[] = {
	{ "--chain", "FILE", "certificates of its issuers, in order" },
	NAMES,
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_certificate_install = {
	.name = "certificate install",
	.usage = "CERT.pem [KEY.pem] [--chain FILE] [--names NAMES]",
	.text = "check and serve a certificate (without KEY.pem: for the last request)",
	.words_min = 1,
	.words_max = 2,
	.arguments = install_arguments,
	.run = run_install,
};

static const struct km_argument names_arguments[] = { NAMES, { NULL, NULL, NULL } };

const struct km_verb km_verb_certificate_renew = {
	.name = "certificate renew",
	.usage = "[--names NAMES]",
	.text = "make a new one, by the own authority if there is one, else self-signed",
	.arguments = names_arguments,
	.run = run_renew,
};

static const struct km_argument request_arguments[] = {
	NAMES,
	{ "-o", "FILE", "write it there (default: standard output)" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_certificate_request = {
	.name = "certificate request",
	.usage = "[--names NAMES] [-o FILE]",
	.text = "make a request (CSR) for somebody else's authority; its key stays here",
	.arguments = request_arguments,
	.run = run_request,
};

static const struct km_argument ca_init_arguments[] = {
	{ "--title", "TEXT", "what people see where they trust it" },
	{ "--replace", NULL, "although there is one: all who trust it must trust the new one" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_certificate_ca_init = {
	.name = "certificate ca init",
	.usage = "[--title TEXT] [--replace]",
	.text = "make a certificate authority of the recorder's own",
	.arguments = ca_init_arguments,
	.run = run_ca_init,
};

static const struct km_argument ca_export_arguments[] = {
	{ "-o", "FILE", "write it there (default: standard output)" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_certificate_ca_export = {
	.name = "certificate ca export",
	.usage = "[-o FILE]",
	.text = "the authority's certificate, for browsers and cameras to trust",
	.arguments = ca_export_arguments,
	.run = run_ca_export,
};

static const struct km_argument ca_issue_arguments[] = {
	NAMES,
	{ "--csr", "FILE", "sign this request of a device instead" },
	{ "-o", "FILE", "write the device's certificate there (default: standard output)" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_certificate_ca_issue = {
	.name = "certificate ca issue",
	.usage = "[--names NAMES] [--csr FILE [-o FILE]]",
	.text = "issue and serve a certificate by the own authority, or sign a device's request",
	.arguments = ca_issue_arguments,
	.run = run_ca_issue,
};
