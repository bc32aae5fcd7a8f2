#include "cmd/verbs.h"

#include "base/json.h"
#include "guard/cameras.h"

#include <stdio.h>
#include <string.h>

#define JSON_MAX 8192

/*
 * What the recorder made for a camera, or was given, for the person who has to log in to the camera
 * himself. It takes the root key, and stands in the journal before it is told. [IPA a03-1]
 */
static enum km_exit tell(const struct km_verb_context *context, const struct km_camera *camera,
    const char *path, const char *password)
{
	bool is_output = strcmp(path, "-") == 0;
	struct km_json json;
	char line[KM_CAMERA_PASSWORD_SIZE + 1];
	enum km_exit result = KM_EXIT_DONE;

	if (!context->wants_json || !is_output) {
		(void)snprintf(line, sizeof(line), "%s\n", password);
		result = km_verb_write_text(path, 0600, line);
		explicit_bzero(line, sizeof(line));
	}
	if (result == KM_EXIT_DONE && context->wants_json) {
		km_json_init(&json, JSON_MAX);
		km_json_open(&json, NULL, '{');
		km_json_text(&json, "name", camera->name);
		km_json_text(&json, "user", camera->user);
		km_json_text(&json, is_output ? "password" : "file", is_output ? password : path);
		km_json_close(&json, '}');
		(void)printf("%.*s\n", (int)json.buf.size, (const char *)json.buf.data);
		explicit_bzero(json.buf.data, json.buf.size);
		km_json_finish(&json);
	}
	return result;
}

static enum km_exit run(const struct km_verb_context *context, const struct km_arguments *arguments)
{
	const char *name = arguments->words[0];
	const char *path = km_arguments_get(arguments, "-o");
	struct km_state state = { 0 };
	struct km_camera camera = { 0 };
	char password[KM_CAMERA_PASSWORD_SIZE] = "";
	enum km_exit result = km_verb_unlock(context, &state);

	if (result == KM_EXIT_DONE &&
	    km_cameras_find_name(state.database, km_bytes_text(name), &camera) < 0) {
		result = km_verb_fail("%s: no camera has this name", name);
	}
	if (result == KM_EXIT_DONE &&
	    km_cameras_password(state.database, state.vault, &camera.id, password) < 0) {
		result = km_verb_fail("%s: its password cannot be read", name);
	}
	if (result == KM_EXIT_DONE && password[0] == '\0') {
		result = km_verb_fail("%s: its entry has no password", name);
	}
	if (result == KM_EXIT_DONE) {
		result = km_verb_note(&state, KM_EVENT_CAMERA_PASSWORD_READ, &camera.id, NULL,
		    "%s (command line)", camera.name);
	}
	if (result == KM_EXIT_DONE) {
		result = tell(context, &camera, path == NULL ? "-" : path, password);
	}
	explicit_bzero(password, sizeof(password));
	km_state_close(&state);
	return result;
}

static const struct km_argument arguments[] = {
	{ "-o", "FILE", "into a new file that only you can read (default \"-\": standard output)" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_camera_password = {
	.name = "camera password",
	.usage = "NAME [-o FILE]",
	.text = "tell the password that the recorder logs in to a camera with; the journal says so",
	.words_min = 1,
	.words_max = 1,
	.arguments = arguments,
	.run = run,
};
