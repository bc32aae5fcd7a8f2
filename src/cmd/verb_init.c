#include "cmd/verbs.h"

#include "base/text.h"
#include "crypto/certificate.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define HOST_NAME_SIZE   256
#define CERTIFICATE_MAX  16384
#define FINGERPRINT_SIZE (2 * KM_CERTIFICATE_FINGERPRINT_BYTES + 1)

static int read_fingerprint(const struct km_state *state, char ret_text[static FINGERPRINT_SIZE])
{
	uint8_t sha256[KM_CERTIFICATE_FINGERPRINT_BYTES];
	struct km_buf certificate;
	int err = 0;

	km_buf_init(&certificate, CERTIFICATE_MAX);
	err = km_database_get(state->database, "tls_certificate", &certificate);
	if (err == 0) {
		err = km_certificate_fingerprint(km_buf_view(&certificate), sha256);
	}
	if (err == 0) {
		err = km_text_write_hex(KM_BYTES_OF(sha256), ret_text, FINGERPRINT_SIZE);
	}
	km_buf_finish(&certificate);
	return err;
}

static void print_made(
    const struct km_verb_context *context, const struct km_state *state, const char *fingerprint)
{
	if (context->wants_json) {
		json_t *root =
		    json_pack("{s:s, s:s, s:b}", "state", state->directory, "certificate_sha256",
			fingerprint, "passphrase", context->key.passphrase_file != NULL);

		(void)json_dumpf(root, stdout, JSON_INDENT(2));
		(void)fputs("\n", stdout);
		json_decref(root);
		return;
	}
	(void)printf("A recorder was set up in %s\n"
		     "certificate (SHA-256): %s\n",
	    state->directory, fingerprint);
	if (context->key.passphrase_file == NULL && context->key.key_file == NULL) {
		(void)printf(
		    "\n%s/root.key opens all recordings. Whoever takes the disk with this file\n"
		    "on it can read them: keep the file on another medium (--key-file), or use\n"
		    "--passphrase-file. Without it the recordings are lost: keep a copy safe.\n",
		    state->directory);
	}
}

static enum km_exit run_init(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	char host_name[HOST_NAME_SIZE] = "komainu";
	char fingerprint[FINGERPRINT_SIZE] = "";
	const char *wished = km_arguments_get(arguments, "--host-name");
	struct km_state state = { 0 };
	struct km_buf error;
	enum km_exit result = KM_EXIT_DONE;
	int err = 0;

	if (wished == NULL) {
		(void)gethostname(host_name, sizeof(host_name) - 1);
		wished = host_name;
	}
	km_buf_init(&error, 8192);
	err = km_state_make(context->state_directory, &context->key, wished, &error);
	if (err < 0) {
		result = km_verb_fail("%.*s", (int)error.size, (const char *)error.data);
	}
	km_buf_finish(&error);
	if (result == KM_EXIT_DONE) {
		result = km_verb_open(context, &state);
	}
	if (result == KM_EXIT_DONE) {
		if (read_fingerprint(&state, fingerprint) < 0) {
			result = km_verb_fail("the certificate cannot be read back");
		} else {
			print_made(context, &state, fingerprint);
		}
	}
	km_state_close(&state);
	return result;
}

static const struct km_argument init_arguments[] = {
	{ "--host-name", "NAME", "name in the certificate (default: this machine's)" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_init = {
	.name = "init",
	.usage = "[--host-name NAME]",
	.text = "set up a recorder in the state directory",
	.arguments = init_arguments,
	.run = run_init,
};

static enum km_exit run_version(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	(void)arguments;
	(void)printf(context->wants_json ? "{\"product\": \"komainu\", \"version\": \"%s\"}\n"
					 : "komainu %s\n",
	    KM_VERSION);
	return KM_EXIT_DONE;
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

const struct km_verb km_verb_version = {
	.name = "version",
	.usage = "",
	.text = "print the version",
	.arguments = no_arguments,
	.run = run_version,
};
