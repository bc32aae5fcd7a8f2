#include "cmd/verbs.h"

#include "base/error.h"
#include "cmd/programs.h"
#include "guard/guard.h"
#include "guard/users.h"

#include <errno.h>
#include <jansson.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Tell the service manager that the service is up: sd_notify's protocol, one datagram. */
static void notify_ready(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = -1;

	if (path == NULL || (path[0] != '/' && path[0] != '@') ||
	    km_bytes_copy_text(km_bytes_text(path), address.sun_path, sizeof(address.sun_path)) <
		0) {
		return;
	}
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return;
	}
	if (address.sun_path[0] == '@') {
		address.sun_path[0] = '\0';
	}
	(void)sendto(fd, "READY=1", 7, MSG_NOSIGNAL, (const struct sockaddr *)&address,
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
	(void)close(fd);
}

static void print_serving(const struct km_state *state, const char *token)
{
	const char *address = state->options.listen_address;
	bool is_any = strcmp(address, "::") == 0 || strcmp(address, "0.0.0.0") == 0;
	bool is_v6 = !is_any && strchr(address, ':') != NULL;

	(void)printf("Komainu %s serves https://%s%s%s:%u/\n", KM_VERSION, is_v6 ? "[" : "",
	    is_any ? "localhost" : address, is_v6 ? "]" : "", (unsigned)state->options.listen_port);
	if (token != NULL) {
		(void)printf("Set-up token (once, until this program ends): %s\n", token);
	}
	(void)fflush(stdout);
}

static void on_serving(void *context, const struct km_state *state, const char *token)
{
	const struct km_verb_context *verb = context;
	json_t *root = NULL;

	if (verb->wants_json) {
		root = json_pack("{s:s, s:s, s:i, s:s?}", "event", "serving", "address",
		    state->options.listen_address, "port", (int)state->options.listen_port,
		    "setup_token", token);
		(void)json_dumpf(root, stdout, JSON_COMPACT);
		(void)fputs("\n", stdout);
		(void)fflush(stdout);
		json_decref(root);
	} else {
		print_serving(state, token);
	}
	notify_ready();
}

static const struct km_guard_events guard_events = { .on_serving = on_serving };

static enum km_exit run_run(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_state state = { 0 };
	char programs[KM_PROGRAMS_PATH_SIZE];
	char obstacle[KM_STATE_PATH_SIZE];
	char index[KM_STATE_PATH_SIZE];
	struct km_verb_context copy = *context;
	enum km_exit result = KM_EXIT_DONE;
	int err = km_programs_find(programs);

	(void)arguments;
	if (err < 0) {
		return km_verb_fail("the programs of the roles are not beside this one");
	}
	result = km_verb_unlock(context, &state);
	if (result != KM_EXIT_DONE) {
		return result;
	}
	memcpy(index, state.index, sizeof(index));
	if (km_users_can_reach(state.recordings, obstacle, sizeof(obstacle)) < 0 ||
	    km_users_can_reach(dirname(index), obstacle, sizeof(obstacle)) < 0) {
		km_state_close(&state);
		return km_verb_fail(
		    "%s: the roles' users cannot go through it; chmod o+x, or another "
		    "--state, is right",
		    obstacle);
	}
	err = km_guard_run(&state, programs, &guard_events, &copy);
	if (err == KM_ERR_EXISTS) {
		result = km_verb_fail("%s: a recorder runs here already", state.directory);
	} else if (err < 0) {
		result = km_verb_fail("%s: %s", state.directory,
		    err == KM_ERR_SYS ? strerror(errno) : km_error_text(err));
	}
	km_state_close(&state);
	return result;
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

const struct km_verb km_verb_run = {
	.name = "run",
	.usage = "",
	.text = "record and serve until interrupted",
	.arguments = no_arguments,
	.run = run_run,
};
