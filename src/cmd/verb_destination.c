#include "base/text.h"
#include "cmd/asking.h"
#include "cmd/verbs.h"
#include "model/states.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TEST_LOOK_MS 200
#define TEST_LOOKS   500 /* longer than the courier's own time limits */
#define SETTINGS                                                                                   \
	{ "--user", "NAME", "user name at the mail server or broker" },                            \
	    { "--password-file", "FILE",                                                           \
		    "its password; of a webhook, the key that signs (\"-\": standard input)" },    \
	    { "--from", "ADDRESS", "mail: the sender's address" },                                 \
	    { "--to", "ADDRESSES", "mail: the recipients' addresses, with commas between" },       \
	    { "--topic", "TOPIC", "MQTT: what topics begin with (default: komainu)" },             \
	    { "--discovery", "PREFIX", "MQTT: Home Assistant's prefix, as homeassistant" },        \
	    { "--language", "both|ja|en", "of texts" },                                            \
	    { "--minimum", "info|warning|critical", "send what is at least so severe" },           \
	    { "--ca-file", "FILE", "trust the authorities of this PEM file, not the system's" },   \
	    { "--pin", "SHA256", "trust exactly this certificate" },                               \
	    { "--disable", NULL, "send nothing there" }, { "--enable", NULL, "send" },

static const struct km_argument add_arguments[] = { SETTINGS{ NULL, NULL, NULL } };

static const struct km_argument set_arguments[] = {
	SETTINGS{ "--name", "NAME", "another name" },
	{ "--url", "URL", "another address" },
	{ NULL, NULL, NULL },
};

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

/* --- options --- */

static enum km_exit take_text(const char *option, const char *value, char *ret_text, size_t size)
{
	if (value != NULL && km_bytes_copy_text(km_bytes_text(value), ret_text, size) < 0) {
		return km_verb_fail("%s: at most %zu bytes are right", option, size - 1);
	}
	return KM_EXIT_DONE;
}

static enum km_exit take_state(
    const char *option, const char *set, const char *value, uint8_t *ret_state)
{
	unsigned state = 0;

	if (value == NULL) {
		return KM_EXIT_DONE;
	}
	if (km_states_find(set, km_bytes_text(value), &state) < 0) {
		(void)km_verb_fail("%s %s: no such word here", option, value);
		return KM_EXIT_USAGE;
	}
	*ret_state = (uint8_t)state;
	return KM_EXIT_DONE;
}

static enum km_exit take_ca(const char *path, struct km_message_destination_put *put)
{
	int fd = path == NULL ? -1 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t count = 0;
	ssize_t got = 1;

	if (path == NULL) {
		return KM_EXIT_DONE;
	}
	if (path[0] == '\0') { /* back to the system's */
		memset(put->ca, 0, sizeof(put->ca));
		return KM_EXIT_DONE;
	}
	while (fd >= 0 && got > 0 && count < sizeof(put->ca)) {
		got = read(fd, put->ca + count, sizeof(put->ca) - count);
		count += got > 0 ? (size_t)got : 0;
	}
	if (fd < 0 || got < 0) {
		return km_verb_fail("--ca-file %s: %s", path, strerror(errno));
	}
	(void)close(fd);
	if (count >= sizeof(put->ca) || memchr(put->ca, '\0', count) != NULL) {
		return km_verb_fail("--ca-file %s: certificates in PEM with at most %zu bytes are "
				    "right",
		    path, sizeof(put->ca) - 1);
	}
	memset(put->ca + count, 0, sizeof(put->ca) - count);
	return KM_EXIT_DONE;
}

static enum km_exit take_pin(const char *pin, struct km_message_destination_put *put)
{
	if (pin == NULL) {
		return KM_EXIT_DONE;
	}
	put->pin_size = pin[0] == '\0' ? 0 : sizeof(put->pin);
	if (put->pin_size > 0 &&
	    km_text_parse_hex(km_bytes_text(pin), put->pin, sizeof(put->pin)) < 0) {
		return km_verb_fail("--pin: the 64 hexadecimal digits of a SHA-256 are right");
	}
	return KM_EXIT_DONE;
}

static enum km_exit take_password(
    const struct km_arguments *arguments, struct km_message_destination_put *put)
{
	const char *path = km_arguments_get(arguments, "--password-file");

	if (path == NULL) {
		return KM_EXIT_DONE;
	}
	put->has_password = true;
	return km_verb_read_secret(path, put->password, sizeof(put->password));
}

static enum km_exit take_texts(
    const struct km_arguments *arguments, struct km_message_destination_put *put)
{
	const struct {
		const char *option;
		char *text;
		size_t size;
	} texts[] = {
		{ "--user", put->user, sizeof(put->user) },
		{ "--from", put->sender, sizeof(put->sender) },
		{ "--to", put->recipients, sizeof(put->recipients) },
		{ "--topic", put->topic, sizeof(put->topic) },
		{ "--discovery", put->discovery, sizeof(put->discovery) },
	};
	enum km_exit result = KM_EXIT_DONE;

	for (size_t i = 0; result == KM_EXIT_DONE && i < KM_COUNT(texts); i++) {
		result = take_text(texts[i].option, km_arguments_get(arguments, texts[i].option),
		    texts[i].text, texts[i].size);
	}
	return result;
}

static enum km_exit take_options(
    const struct km_arguments *arguments, struct km_message_destination_put *put)
{
	enum km_exit result = take_texts(arguments, put);

	if (result == KM_EXIT_DONE) {
		result = take_state("--language", "notice_language",
		    km_arguments_get(arguments, "--language"), &put->language);
	}
	if (result == KM_EXIT_DONE) {
		result = take_state("--minimum", "severity",
		    km_arguments_get(arguments, "--minimum"), &put->minimum);
	}
	if (result == KM_EXIT_DONE) {
		result = take_ca(km_arguments_get(arguments, "--ca-file"), put);
	}
	if (result == KM_EXIT_DONE) {
		result = take_pin(km_arguments_get(arguments, "--pin"), put);
	}
	if (result == KM_EXIT_DONE) {
		result = take_password(arguments, put);
	}
	if (km_arguments_has(arguments, "--disable")) {
		put->is_enabled = false;
	}
	if (km_arguments_has(arguments, "--enable")) {
		put->is_enabled = true;
	}
	return result;
}

static enum km_exit send_put(
    const struct km_verb_context *context, struct km_message_destination_put *put)
{
	static const struct km_asking_view view = { .record = KM_MESSAGE_destination };
	enum km_exit result = km_asking_show(context, KM_MESSAGE_destination_put, put, &view);

	explicit_bzero(put, sizeof(*put));
	return result;
}

static enum km_exit run_add(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_destination_put put = { .is_enabled = true };
	enum km_exit result =
	    take_state("KIND", "destination_kind", arguments->words[0], &put.kind);

	if (result == KM_EXIT_DONE) {
		result = take_text("NAME", arguments->words[1], put.name, sizeof(put.name));
	}
	if (result == KM_EXIT_DONE) {
		result = take_text("URL", arguments->words[2], put.url, sizeof(put.url));
	}
	if (result == KM_EXIT_DONE) {
		result = take_options(arguments, &put);
	}
	return result == KM_EXIT_DONE ? send_put(context, &put) : result;
}

/* --- one that is there --- */

struct finding {
	const char *name; /* NULL: by id */
	struct km_uuid id;
	bool is_found;
	struct km_message_destination found;
};

static void on_record(void *context, enum km_message_kind kind, const void *record)
{
	struct finding *finding = context;
	const struct km_message_destination *destination = record;

	if (kind == KM_MESSAGE_destination &&
	    (finding->name == NULL ? km_uuid_is_equal(&destination->destination, &finding->id)
				   : strcmp(destination->name, finding->name) == 0)) {
		finding->is_found = true;
		finding->found = *destination;
	}
}

static enum km_exit find(const struct km_verb_context *context, struct finding *finding)
{
	struct km_message_destination_list list = { 0 };
	enum km_exit result = KM_EXIT_DONE;

	finding->is_found = false;
	result =
	    km_asking_each(context, KM_MESSAGE_destination_list, &list, on_record, finding, NULL);
	if (result == KM_EXIT_DONE && !finding->is_found) {
		(void)km_verb_fail("%s: no destination has this name",
		    finding->name == NULL ? "it is gone" : finding->name);
		result = KM_EXIT_ABSENT;
	}
	return result;
}

static void fill_put(
    const struct km_message_destination *found, struct km_message_destination_put *put)
{
	put->destination = found->destination;
	put->kind = found->kind;
	put->language = found->language;
	put->minimum = found->minimum;
	put->is_enabled = found->is_enabled;
	put->pin_size = found->pin_size;
	memcpy(put->pin, found->pin, sizeof(put->pin));
	memcpy(put->name, found->name, sizeof(put->name));
	memcpy(put->url, found->url, sizeof(put->url));
	memcpy(put->user, found->user, sizeof(put->user));
	memcpy(put->sender, found->sender, sizeof(put->sender));
	memcpy(put->recipients, found->recipients, sizeof(put->recipients));
	memcpy(put->topic, found->topic, sizeof(put->topic));
	memcpy(put->discovery, found->discovery, sizeof(put->discovery));
	memcpy(put->ca, found->ca, sizeof(put->ca));
}

static enum km_exit run_set(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct finding finding = { .name = arguments->words[0] };
	struct km_message_destination_put put = { 0 };
	enum km_exit result = find(context, &finding);

	if (result == KM_EXIT_DONE) {
		fill_put(&finding.found, &put);
		result = take_text(
		    "--name", km_arguments_get(arguments, "--name"), put.name, sizeof(put.name));
	}
	if (result == KM_EXIT_DONE) {
		result = take_text(
		    "--url", km_arguments_get(arguments, "--url"), put.url, sizeof(put.url));
	}
	if (result == KM_EXIT_DONE) {
		result = take_options(arguments, &put);
	}
	return result == KM_EXIT_DONE ? send_put(context, &put) : result;
}

static enum km_exit run_list(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_column columns[] = {
		{ "name", "name" },
		{ "kind", "kind" },
		{ "is_enabled", "enabled" },
		{ "minimum", "minimum" },
		{ "waiting", "waiting" },
		{ "delivered", "delivered" },
		{ "given_up", "given up" },
		{ "url", "url" },
		{ "error", "error" },
		{ NULL, NULL },
	};
	static const struct km_asking_view view = {
		.record = KM_MESSAGE_destination, .columns = columns, .none = "no destinations"
	};
	struct km_message_destination_list list = { 0 };

	(void)arguments;
	return km_asking_show(context, KM_MESSAGE_destination_list, &list, &view);
}

static enum km_exit run_remove(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_view view = { .record = KM_MESSAGE_destination };
	struct finding finding = { .name = arguments->words[0] };
	struct km_message_destination_drop drop = { 0 };
	enum km_exit result = find(context, &finding);

	if (result != KM_EXIT_DONE) {
		return result;
	}
	drop.destination = finding.found.destination;
	return km_asking_show(context, KM_MESSAGE_destination_drop, &drop, &view);
}

static enum km_exit show_test(
    const struct km_verb_context *context, const struct km_message_destination *tested)
{
	char id[KM_UUID_TEXT_SIZE];

	km_uuid_write(&tested->test, id);
	if (context->wants_json) {
		struct km_json json;

		km_json_init(&json, 4096);
		km_json_open(&json, NULL, '{');
		km_json_text(&json, "id", id);
		km_json_text(&json, "destination", tested->name);
		km_json_bool(&json, "is_delivered", tested->is_test_good != 0);
		km_json_text(&json, "text", tested->test_text);
		km_json_close(&json, '}');
		(void)printf("%.*s\n", (int)json.buf.size, (const char *)json.buf.data);
		km_json_finish(&json);
	} else {
		(void)printf("%s: %s: %s\n", tested->name,
		    tested->is_test_good ? "delivered" : "not delivered", tested->test_text);
	}
	return tested->is_test_good ? KM_EXIT_DONE : KM_EXIT_FOUND;
}

static enum km_exit run_test(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct timespec pause = { .tv_nsec = TEST_LOOK_MS * 1000000L };
	struct finding finding = { .name = arguments->words[0] };
	struct km_message_destination_test test = { 0 };
	enum km_exit result = find(context, &finding);

	if (result == KM_EXIT_DONE) {
		test.destination = finding.found.destination;
		result =
		    km_asking_each(context, KM_MESSAGE_destination_test, &test, NULL, NULL, NULL);
	}
	finding.name = NULL;
	finding.id = test.destination;
	for (int i = 0; result == KM_EXIT_DONE && i < TEST_LOOKS; i++) {
		(void)nanosleep(&pause, NULL);
		result = find(context, &finding);
		if (result == KM_EXIT_DONE && !finding.found.is_testing) {
			return show_test(context, &finding.found);
		}
	}
	return result == KM_EXIT_DONE ? km_verb_fail("no answer came") : result;
}

static enum km_exit run_notices(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_column columns[] = {
		{ "number", "number" },
		{ "destination_name", "destination" },
		{ "state", "state" },
		{ "severity", "severity" },
		{ "happened_unix_us", "when" },
		{ "tries", "tries" },
		{ "text_en", "text" },
		{ "error", "error" },
		{ NULL, NULL },
	};
	static const struct km_asking_view view = {
		.record = KM_MESSAGE_notice, .columns = columns, .none = "no messages"
	};
	struct km_message_notice_list list = {
		.is_waiting = !km_arguments_has(arguments, "--all"),
		.limit = 1000,
	};

	return km_asking_show(context, KM_MESSAGE_notice_list, &list, &view);
}

static const struct km_argument notices_arguments[] = {
	{ "--all", NULL, "also those that were delivered or given up in the last days" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_destination_add = {
	.name = "destination add",
	.usage = "mail|webhook|mqtt|syslog NAME URL [options]",
	.text = "send messages there",
	.words_min = 3,
	.words_max = 3,
	.arguments = add_arguments,
	.run = run_add,
};

const struct km_verb km_verb_destination_set = {
	.name = "destination set",
	.usage = "NAME [options]",
	.text = "change a destination of messages",
	.words_min = 1,
	.words_max = 1,
	.arguments = set_arguments,
	.run = run_set,
};

const struct km_verb km_verb_destination_list = {
	.name = "destination list",
	.usage = "",
	.text = "where messages go, and what waits",
	.arguments = no_arguments,
	.run = run_list,
};

const struct km_verb km_verb_destination_test = {
	.name = "destination test",
	.usage = "NAME",
	.text = "send a test message and say what happened",
	.words_min = 1,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_test,
};

const struct km_verb km_verb_destination_remove = {
	.name = "destination remove",
	.usage = "NAME",
	.text = "send no messages there any more; what waits for it is dropped",
	.words_min = 1,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_remove,
};

const struct km_verb km_verb_notice_list = {
	.name = "notice list",
	.usage = "[--all]",
	.text = "messages that wait to be sent",
	.arguments = notices_arguments,
	.run = run_notices,
};
