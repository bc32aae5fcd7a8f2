#include "base/text.h"
#include "cmd/verbs.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "guard/hub_metrics.h"

#include <stdio.h>
#include <string.h>

#define TOKEN_BYTES 32
#define TOKEN_SIZE  64

static enum km_exit drop(struct km_state *state)
{
	if (km_database_forget(state->database, KM_HUB_METRICS_SETTING) < 0) {
		return km_verb_fail("the token cannot be taken back");
	}
	return km_verb_note(
	    state, KM_EVENT_METRICS_TOKEN, NULL, NULL, "%s", "taken back (command line)");
}

static int make_token(char ret_token[static TOKEN_SIZE])
{
	uint8_t random[TOKEN_BYTES];
	struct km_buf text;
	int err = km_random_fill(random, sizeof(random));

	km_buf_init_fixed(&text, ret_token, TOKEN_SIZE - 1);
	km_text_add_base64url(&text, KM_BYTES_OF(random));
	ret_token[text.size] = '\0';
	explicit_bzero(random, sizeof(random));
	return err < 0 ? err : km_buf_error(&text);
}

static enum km_exit make(const struct km_verb_context *context, struct km_state *state)
{
	char token[TOKEN_SIZE] = "";
	uint8_t hash[KM_DIGEST_SHA256_BYTES];
	enum km_exit result = KM_EXIT_DONE;
	int err = make_token(token);

	if (err == 0) {
		err = km_digest_sha256(km_bytes_text(token), hash);
	}
	if (err == 0) {
		err = km_database_put(state->database, KM_HUB_METRICS_SETTING, KM_BYTES_OF(hash));
	}
	if (err < 0) {
		return km_verb_fail("no token was made: %s", km_error_text(err));
	}
	result =
	    km_verb_note(state, KM_EVENT_METRICS_TOKEN, NULL, NULL, "%s", "made (command line)");
	(void)printf(context->wants_json ? "{\"token\": \"%s\"}\n" : "%s\n", token);
	explicit_bzero(token, sizeof(token));
	return result;
}

static enum km_exit run_token(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_state state = { 0 };
	enum km_exit result = km_verb_open(context, &state);

	if (result == KM_EXIT_DONE) {
		result =
		    km_arguments_has(arguments, "--drop") ? drop(&state) : make(context, &state);
	}
	km_state_close(&state);
	return result;
}

static const struct km_argument token_arguments[] = {
	{ "--drop", NULL, "take the token back: nobody reads metrics any more" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_metrics_token = {
	.name = "metrics token",
	.usage = "[--drop]",
	.text = "make the token with which /metrics is read, in place of an earlier one",
	.arguments = token_arguments,
	.run = run_token,
};
