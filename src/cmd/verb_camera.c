#include "cmd/verbs.h"

#include "base/text.h"
#include "base/time.h"
#include "cmd/camera_offer.h"
#include "guard/cameras.h"
#include "io/clock.h"
#include "model/states.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define CAMERA_ARGUMENTS                                                                           \
	{ "--user", "NAME", "user name at the camera" },                                           \
	    { "--password-file", "FILE",                                                           \
		    "file with the camera's password (\"-\": standard input)" },                   \
	    { "--transport", "auto|tcp|udp", "how media comes (auto: TCP, or TLS for rtsps)" },    \
	    { "--allow-basic", NULL,                                                               \
		    "send the password unprotected if the camera knows nothing better" },          \
	    { "--no-allow-basic", NULL, "do not" },                                                \
	    { "--pin", "SHA256", "trust exactly this certificate (rtsps)" },                       \
	    { "--retain", "TIME", "keep recordings so long, as 30d; 0d: as komainu.yaml says" },   \
	    { "--retain-bytes", "N", "keep at most so many bytes; 0: no limit" },                  \
	    { "--disable", NULL, "do not record it" }, { "--enable", NULL, "record it" },

static const struct km_argument add_arguments[] = {
	CAMERA_ARGUMENTS{ "--profile", "TOKEN", "of onvif://: this profile (default: the best)" },
	{ NULL, NULL, NULL },
};

static const struct km_argument set_arguments[] = {
	CAMERA_ARGUMENTS{ "--name", "NAME", "another name" },
	{ "--url", "URL", "another address" },
	{ "--onvif", "URL",
	    "where its ONVIF service is: http://HOST/PATH; \"\": the usual places" },
	{ NULL, NULL, NULL },
};

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

static enum km_exit take_text(const char *option, const char *value, char *ret_text, size_t size)
{
	if (value != NULL && km_bytes_copy_text(km_bytes_text(value), ret_text, size) < 0) {
		return km_verb_fail("%s: at most %zu bytes are right", option, size - 1);
	}
	return KM_EXIT_DONE;
}

static enum km_exit take_transport(const char *value, uint8_t *ret_transport)
{
	for (unsigned i = 0; value != NULL; i++) {
		const char *name = km_states_camera_transport(i);

		if (strcmp(name, value) == 0) {
			*ret_transport = (uint8_t)i;
			return KM_EXIT_DONE;
		}
		if (strcmp(name, "unknown") == 0) {
			return km_verb_fail("--transport %s: auto, tcp or udp is right", value);
		}
	}
	return KM_EXIT_DONE;
}

static enum km_exit take_limits(const struct km_arguments *arguments, struct km_camera *camera)
{
	const char *retain = km_arguments_get(arguments, "--retain");
	const char *bytes = km_arguments_get(arguments, "--retain-bytes");
	const char *pin = km_arguments_get(arguments, "--pin");

	if (retain != NULL && km_time_parse_span(km_bytes_text(retain), &camera->retain_us) < 0) {
		return km_verb_fail(
		    "--retain %s: a number with s, min, h, d or w is right, as 30d", retain);
	}
	if (bytes != NULL &&
	    km_bytes_parse_u64(km_bytes_text(bytes), INT64_MAX, &camera->retain_bytes) < 0) {
		return km_verb_fail("--retain-bytes %s: a number of bytes is right", bytes);
	}
	if (pin != NULL) {
		camera->has_pin = pin[0] != '\0';
		if (camera->has_pin &&
		    km_text_parse_hex(km_bytes_text(pin), camera->pin, sizeof(camera->pin)) < 0) {
			return km_verb_fail(
			    "--pin: the 64 hexadecimal digits of a SHA-256 are right");
		}
	}
	return KM_EXIT_DONE;
}

static enum km_exit take_options(const struct km_arguments *arguments, struct km_camera *camera)
{
	enum km_exit result = take_text(
	    "--user", km_arguments_get(arguments, "--user"), camera->user, sizeof(camera->user));

	if (result == KM_EXIT_DONE) {
		result =
		    take_transport(km_arguments_get(arguments, "--transport"), &camera->transport);
	}
	if (result == KM_EXIT_DONE) {
		result = take_limits(arguments, camera);
	}
	if (km_arguments_has(arguments, "--allow-basic")) {
		camera->allows_basic = true;
	}
	if (km_arguments_has(arguments, "--no-allow-basic")) {
		camera->allows_basic = false;
	}
	if (km_arguments_has(arguments, "--disable")) {
		camera->is_enabled = false;
	}
	if (km_arguments_has(arguments, "--enable")) {
		camera->is_enabled = true;
	}
	return result;
}

/* Store the entry, with the password if one was given. */
static enum km_exit put_with(struct km_state *state, const struct km_verb_context *context,
    const struct km_camera *camera, const char *text)
{
	const char *flaw = km_cameras_judge(camera);
	char id_text[KM_UUID_TEXT_SIZE];
	char place[KM_CAMERA_PLACE_SIZE];
	struct km_bytes password = km_bytes_text(text);
	struct km_uuid id = { 0 };
	enum km_exit result = KM_EXIT_DONE;
	enum km_exit reloaded = KM_EXIT_DONE;
	int err = 0;

	if (flaw != NULL) {
		return km_verb_fail("%s", flaw);
	}
	err = km_cameras_put(state->database, state->vault, camera, text == NULL ? NULL : &password,
	    km_clock_unix_us(), &id);
	if (err < 0) {
		return km_verb_fail("%s: %s", camera->name,
		    err == KM_ERR_EXISTS ? "another camera has this name" : km_error_text(err));
	}
	km_cameras_describe(camera, place);
	result = km_verb_note(state, KM_EVENT_CAMERA_PUT, &id, NULL, "%s (command line)", place);
	km_uuid_write(&id, id_text);
	if (context->wants_json) {
		(void)printf("{\"id\": \"%s\", \"name\": \"%s\"}\n", id_text, camera->name);
	}
	reloaded = km_verb_reload(state);
	return result == KM_EXIT_DONE ? reloaded : result;
}

/* The same; at an ONVIF address, the camera is asked for its streams before. */
static enum km_exit put(struct km_state *state, const struct km_verb_context *context,
    const struct km_arguments *arguments, struct km_camera *camera, const char *onvif)
{
	const char *path = km_arguments_get(arguments, "--password-file");
	char text[KM_CAMERA_PASSWORD_SIZE] = "";
	enum km_exit result = KM_EXIT_DONE;

	if (path != NULL) {
		result = km_verb_read_secret(path, text, sizeof(text));
	}
	if (result == KM_EXIT_DONE && onvif != NULL) {
		result = km_camera_offer_fill(
		    onvif, text, km_arguments_get(arguments, "--profile"), camera);
	}
	if (result == KM_EXIT_DONE) {
		result = put_with(state, context, camera, path == NULL ? NULL : text);
	}
	explicit_bzero(text, sizeof(text));
	return result;
}

static enum km_exit run_add(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_state state = { 0 };
	struct km_camera camera = { .is_enabled = true };
	const char *onvif =
	    km_camera_offer_is_url(arguments->words[1]) ? arguments->words[1] : NULL;
	enum km_exit result =
	    take_text("NAME", arguments->words[0], camera.name, sizeof(camera.name));

	if (result == KM_EXIT_DONE && onvif == NULL && km_arguments_has(arguments, "--profile")) {
		result = km_verb_fail("--profile: goes with onvif://HOST/");
	}
	if (result == KM_EXIT_DONE && onvif == NULL) {
		result = take_text("URL", arguments->words[1], camera.url, sizeof(camera.url));
	}
	if (result == KM_EXIT_DONE) {
		result = take_options(arguments, &camera);
	}
	if (result == KM_EXIT_DONE) {
		result = km_verb_unlock(context, &state);
	}
	if (result == KM_EXIT_DONE) {
		result = put(&state, context, arguments, &camera, onvif);
	}
	km_state_close(&state);
	return result;
}

static enum km_exit find_camera(
    struct km_state *state, const char *name, struct km_camera *ret_camera)
{
	int err = km_cameras_find_name(state->database, km_bytes_text(name), ret_camera);

	return err < 0
		   ? km_verb_fail("%s: %s", name,
			 err == KM_ERR_NOT_FOUND ? "no camera has this name" : km_error_text(err))
		   : KM_EXIT_DONE;
}

static enum km_exit run_set(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_state state = { 0 };
	struct km_camera camera = { 0 };
	enum km_exit result = km_verb_unlock(context, &state);

	if (result == KM_EXIT_DONE) {
		result = find_camera(&state, arguments->words[0], &camera);
	}
	if (result == KM_EXIT_DONE) {
		result = take_text("--name", km_arguments_get(arguments, "--name"), camera.name,
		    sizeof(camera.name));
	}
	if (result == KM_EXIT_DONE) {
		result = take_text(
		    "--url", km_arguments_get(arguments, "--url"), camera.url, sizeof(camera.url));
	}
	if (result == KM_EXIT_DONE) {
		result = take_text("--onvif", km_arguments_get(arguments, "--onvif"),
		    camera.onvif_url, sizeof(camera.onvif_url));
	}
	if (result == KM_EXIT_DONE) {
		result = take_options(arguments, &camera);
	}
	if (result == KM_EXIT_DONE) {
		result = put(&state, context, arguments, &camera, NULL);
	}
	km_state_close(&state);
	return result;
}

static enum km_exit run_remove(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_state state = { 0 };
	struct km_camera camera = { 0 };
	enum km_exit result = km_verb_open(context, &state);

	if (result == KM_EXIT_DONE) {
		result = find_camera(&state, arguments->words[0], &camera);
	}
	if (result == KM_EXIT_DONE &&
	    km_cameras_drop(state.database, &camera.id, km_clock_unix_us()) < 0) {
		result = km_verb_fail("%s: cannot be removed", camera.name);
	}
	if (result == KM_EXIT_DONE) {
		enum km_exit reloaded = km_verb_reload(&state);

		result = km_verb_note(&state, KM_EVENT_CAMERA_DROPPED, &camera.id, NULL,
		    "%s (command line)", camera.name);
		result = result == KM_EXIT_DONE ? reloaded : result;
	}
	km_state_close(&state);
	return result;
}

static int on_listed(void *context, const struct km_camera *camera)
{
	json_t *list = context;
	char id_text[KM_UUID_TEXT_SIZE];
	char pin[2 * KM_CAMERA_PIN_BYTES + 1] = "";

	km_uuid_write(&camera->id, id_text);
	if (list == NULL) {
		(void)printf("%-20s %-9s %s\n", camera->name,
		    camera->is_enabled ? "enabled" : "disabled", camera->url);
		return 0;
	}
	if (camera->has_pin) {
		(void)km_text_write_hex(KM_BYTES_OF(camera->pin), pin, sizeof(pin));
	}
	return json_array_append_new(list,
		   json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:s, s:I, s:I, s:b}", "id",
		       id_text, "name", camera->name, "url", camera->url, "onvif_url",
		       camera->onvif_url, "user", camera->user, "transport",
		       km_states_camera_transport(camera->transport), "allow_basic",
		       (int)camera->allows_basic, "pin", pin, "retain_us",
		       (json_int_t)camera->retain_us, "retain_bytes",
		       (json_int_t)camera->retain_bytes, "enabled", (int)camera->is_enabled)) < 0
		   ? KM_ERR_MEMORY
		   : 0;
}

static enum km_exit run_list(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_state state = { 0 };
	json_t *list = context->wants_json ? json_array() : NULL;
	enum km_exit result = km_verb_open(context, &state);

	(void)arguments;
	if (result == KM_EXIT_DONE && km_cameras_each(state.database, on_listed, list) < 0) {
		result = km_verb_fail("the cameras cannot be read");
	}
	if (result == KM_EXIT_DONE && list != NULL) {
		(void)json_dumpf(list, stdout, JSON_INDENT(2));
		(void)fputs("\n", stdout);
	}
	json_decref(list);
	km_state_close(&state);
	return result;
}

const struct km_verb km_verb_camera_add = {
	.name = "camera add",
	.usage = "NAME URL [--user NAME --password-file FILE] ...",
	.text = "record a camera (rtsp://, rtsps://, or onvif:// that fills in the rest)",
	.words_min = 2,
	.words_max = 2,
	.arguments = add_arguments,
	.run = run_add,
};

const struct km_verb km_verb_camera_set = {
	.name = "camera set",
	.usage = "NAME ...",
	.text = "change a camera's entry",
	.words_min = 1,
	.words_max = 1,
	.arguments = set_arguments,
	.run = run_set,
};

const struct km_verb km_verb_camera_list = {
	.name = "camera list",
	.usage = "",
	.text = "list the cameras",
	.arguments = no_arguments,
	.run = run_list,
};

const struct km_verb km_verb_camera_remove = {
	.name = "camera remove",
	.usage = "NAME",
	.text = "stop recording a camera and forget its settings; recordings stay",
	.words_min = 1,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_remove,
};
