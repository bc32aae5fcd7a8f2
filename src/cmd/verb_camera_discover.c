/*
 * `komainu camera discover`: ask the local networks which cameras are there. The asking is done by
 * an auditor of its own.
 */
#include "cmd/role_asking.h"
#include "cmd/verbs.h"

#include "base/text.h"
#include "base/time.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define SPAN_DEFAULT_US (4 * KM_TIME_SECOND_US)
#define SPAN_MAX_US     (2 * KM_TIME_MINUTE_US)
#define PATIENCE_US     (10 * KM_TIME_SECOND_US)
#define URL_SIZE        600
#define DEVICE_PATH     "/onvif/device_service"

struct discovery {
	json_t *devices; /* NULL: printed as they come */
	unsigned count;
	struct km_message_search_ended ended;
};

/* A name that may be given to it: from what it calls itself, else from its address. */
static void propose_name(const struct km_message_search_found *found, char ret_name[static 64])
{
	const char *from = found->name[0] != '\0' ? found->name : found->address;
	size_t size = 0;

	for (const char *at = from; *at != '\0' && size < 40; at++) {
		char byte = *at;
		bool is_plain = false;

		if (byte >= 'A' && byte <= 'Z') {
			byte = (char)(byte - 'A' + 'a');
		}
		is_plain = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');

		if (is_plain) {
			ret_name[size++] = byte;
		} else if (size > 0 && ret_name[size - 1] != '-') {
			ret_name[size++] = '-';
		}
	}
	while (size > 0 && ret_name[size - 1] == '-') {
		size--;
	}
	ret_name[size] = '\0';
	if (size == 0) {
		(void)snprintf(ret_name, 64, "camera");
	}
}

/* onvif://192.0.2.7/ for http://192.0.2.7/onvif/device_service; always at who answered. */
static void propose_url(const struct km_message_search_found *found, char *ret_url, size_t size)
{
	bool is_tls = strncmp(found->url, "https://", 8) == 0;
	bool is_v6 = strchr(found->address, ':') != NULL;
	const char *rest = found->url + strcspn(found->url, ":");
	const char *path = "/";
	char port[8] = "";

	rest += strncmp(rest, "://", 3) == 0 ? 3 : strlen(rest);
	if (rest[0] != '\0') {
		size_t host = rest[0] == '[' ? strcspn(rest, "]") + 1 : strcspn(rest, ":/");
		const char *after = rest + (host <= strlen(rest) ? host : strlen(rest));

		if (after[0] == ':') {
			(void)snprintf(port, sizeof(port), ":%.*s",
			    (int)strspn(after + 1, "0123456789"), after + 1);
		}
		path = after + strcspn(after, "/");
		path = path[0] == '\0' || strcmp(path, DEVICE_PATH) == 0 ? "/" : path;
	}
	(void)snprintf(ret_url, size, "onvif%s://%s%s%s%s%s", is_tls ? "s" : "", is_v6 ? "[" : "",
	    found->address, is_v6 ? "]" : "", port, path);
}

/* What is copied into a shell must not be anything else than words. */
static bool is_harmless(const char *text)
{
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "-_.:/[]%")] == '\0';
}

static void print_device(const struct km_message_search_found *found, const char *command)
{
	(void)printf("%-16s %-24s %s\n", found->address,
	    found->name[0] != '\0' ? found->name : "(no name told)", found->hardware);
	if (found->location[0] != '\0') {
		(void)printf("%-16s location  %s\n", "", found->location);
	}
	if (found->is_elsewhere != 0) {
		(void)printf(
		    "%-16s it says that it is at %s, which is not where it answered from\n", "",
		    found->url[0] != '\0' ? found->url : "no address");
	}
	(void)printf("%-16s %s\n", "", command);
}

static void take_device(struct discovery *discovery, const struct km_message_search_found *found)
{
	char name[64];
	char url[URL_SIZE];
	char command[URL_SIZE + 160];

	propose_name(found, name);
	propose_url(found, url, sizeof(url));
	(void)snprintf(command, sizeof(command),
	    "komainu camera add %s %s --user USER --password-file FILE", name,
	    is_harmless(url) ? url : "onvif://HOST/");
	discovery->count++;
	if (discovery->devices == NULL) {
		print_device(found, command);
		return;
	}
	(void)json_array_append_new(discovery->devices,
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s}", "address",
		found->address, "url", found->url, "name", found->name, "hardware", found->hardware,
		"location", found->location, "scopes", found->scopes, "endpoint", found->endpoint,
		"proposed_url", url, "elsewhere", (int)found->is_elsewhere, "add", command));
}

static bool on_message(void *context, enum km_message_kind kind, struct km_bytes packed)
{
	struct discovery *discovery = context;
	struct km_message_search_found found;

	if (kind == KM_MESSAGE_search_found &&
	    km_messages_unpack_search_found(packed, &found) == 0) {
		take_device(discovery, &found);
	}
	return kind == KM_MESSAGE_search_ended &&
	       km_messages_unpack_search_ended(packed, &discovery->ended) == 0;
}

static enum km_exit fill(
    const struct km_arguments *arguments, struct km_message_search_begin *begin)
{
	const char *interface = km_arguments_get(arguments, "--interface");
	const char *span = km_arguments_get(arguments, "--timeout");

	*begin = (struct km_message_search_begin){ .request = 1, .span_us = SPAN_DEFAULT_US };
	if (interface != NULL && km_bytes_copy_text(km_bytes_text(interface), begin->interface,
				     sizeof(begin->interface)) < 0) {
		return km_verb_fail("--interface %s: no interface has such a name", interface);
	}
	if (span != NULL && (km_time_parse_span(km_bytes_text(span), &begin->span_us) < 0 ||
				begin->span_us <= 0 || begin->span_us > SPAN_MAX_US)) {
		return km_verb_fail("--timeout %s: 1s to 2min is right", span);
	}
	return KM_EXIT_DONE;
}

static enum km_exit report(const struct km_verb_context *context, struct discovery *discovery)
{
	if (discovery->ended.err < 0) {
		return km_verb_fail("the network cannot be asked: %s",
		    discovery->ended.err == KM_ERR_NOT_FOUND
			? "no interface that is up has an address (see --interface)"
			: km_error_text(discovery->ended.err));
	}
	if (context->wants_json) {
		json_t *root = json_pack("{s:O, s:I, s:I}", "devices", discovery->devices,
		    "interfaces", (json_int_t)discovery->ended.interfaces, "broken",
		    (json_int_t)discovery->ended.broken);

		(void)json_dumpf(root, stdout, JSON_INDENT(2));
		(void)fputs("\n", stdout);
		json_decref(root);
	} else if (discovery->count == 0) {
		(void)printf("No camera answered. Many have WS-Discovery off, which is safer; and "
			     "it does not cross routers.\n");
	}
	return KM_EXIT_DONE;
}

static enum km_exit run_discover(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_search_begin begin;
	struct discovery discovery = { .devices = context->wants_json ? json_array() : NULL };
	enum km_exit result = fill(arguments, &begin);
	int err = 0;

	if (result == KM_EXIT_DONE) {
		err = km_role_asking_auditor(KM_MESSAGE_search_begin, &begin,
		    begin.span_us + PATIENCE_US, on_message, &discovery);
		result = err < 0 ? km_verb_fail("no answer from the auditor: %s",
				       err == KM_ERR_SYS ? strerror(errno) : km_error_text(err))
				 : report(context, &discovery);
	}
	json_decref(discovery.devices);
	return result;
}

static const struct km_argument discover_arguments[] = {
	{ "--interface", "NAME", "ask there alone (default: all but loopback)" },
	{ "--timeout", "TIME", "wait so long for answers (default 4s)" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_camera_discover = {
	.name = "camera discover",
	.usage = "[--interface NAME] [--timeout TIME]",
	.text = "ask the local networks which cameras are there (WS-Discovery)",
	.arguments = discover_arguments,
	.run = run_discover,
};
