#include "web/web.h"

#include "model/messages.h"
#include "priv/child.h"
#include "priv/loaded.h"
#include "priv/sandbox.h"
#include "web/body_json.h"
#include "web/gate.h"
#include "web/live.h"
#include "web/server_tls.h"

#include <errno.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX          512
#define CONNECTIONS_PER_PEER_MAX 128
#define DESCRIPTORS_MAX          2048 /* connections, segment files, rings */
#define MESSAGE_STRUCT_MAX       65536

/* The role's own part of the context. */
struct role {
	struct km_web web;
	bool is_started;
	alignas(max_align_t) uint8_t message[MESSAGE_STRUCT_MAX];
};

static const struct km_server_events server_events = {
	.on_request = km_gate_on_request,
	.on_socket_asked = km_gate_on_socket_asked,
	.on_socket_open = km_live_on_socket_open,
};

static int stop_with(struct km_web *web, const char *what, int err)
{
	(void)fprintf(stderr, "komainu-web: %s: %s%s%s\n", what, km_error_text(err),
	    err == KM_ERR_SYS ? ": " : "", err == KM_ERR_SYS ? strerror(errno) : "");
	web->exit_status = EXIT_FAILURE;
	km_loop_stop(web->loop);
	return err;
}

static int send_packed(void *context, struct km_bytes packed)
{
	struct km_web *web = context;

	return km_channel_send(web->channel, packed, NULL, 0);
}

/* --- start --- */

/* The index as a path of its directory: SQLite's companion files come and go beside it. */
static void directory_of(const char *path, char *ret_directory, size_t size)
{
	char *slash = NULL;

	(void)snprintf(ret_directory, size, "%s", path);
	slash = strrchr(ret_directory, '/');
	if (slash == NULL) {
		(void)snprintf(ret_directory, size, ".");
	} else if (slash != ret_directory) {
		*slash = '\0';
	}
}

static int shut_in(const struct km_message_web_start *start, struct km_sandbox_result *ret_result)
{
	char index_directory[sizeof(start->index)];
	const char *const read_paths[] = { start->root, index_directory, NULL };
	const struct km_sandbox_rules rules = {
		.profiles = KM_SANDBOX_NET_SERVER | KM_SANDBOX_FILES,
		.read_paths = read_paths,
	};

	directory_of(start->index, index_directory, sizeof(index_directory));
	return km_sandbox_apply(&rules, ret_result);
}

static int send_ready(struct km_web *web, const struct km_sandbox_result *walls)
{
	struct km_message_ready message = { 0 };
	uint8_t storage[sizeof(message) + 64];
	struct km_buf packed;
	int err = 0;

	km_loaded_write(message.libraries, sizeof(message.libraries));
	(void)snprintf(message.kernel, sizeof(message.kernel), "landlock %d%s, seccomp%s",
	    walls->landlock_abi, walls->has_files ? "" : " (files not restricted)",
	    walls->is_relaxed ? " (relaxed for the sanitizer)" : "");
	km_buf_init_fixed(&packed, storage, sizeof(storage));
	err = km_messages_pack_ready(&message, &packed);
	return err < 0 ? err : km_channel_send(web->channel, km_buf_view(&packed), NULL, 0);
}

/* What is served now; err: why something else is not. */
static int send_taken(struct km_web *web, int taken_err)
{
	struct km_message_identity_taken taken = { .err = taken_err,
		.sha256_size = sizeof(taken.sha256) };
	uint8_t storage[64];
	struct km_buf packed;
	int err = 0;

	km_server_tls_fingerprint(web->tls, taken.sha256);
	km_buf_init_fixed(&packed, storage, sizeof(storage));
	err = km_messages_pack_identity_taken(&taken, &packed);
	return err < 0 ? err : km_channel_send(web->channel, km_buf_view(&packed), NULL, 0);
}

static void on_identity(struct km_web *web, const struct km_message_identity_put *put)
{
	int err = web->server == NULL ? KM_ERR_STATE
				      : km_server_tls_replace(web->tls,
					    km_bytes_from(put->certificate, put->certificate_size),
					    km_bytes_text(put->private_key));

	if (web->server != NULL) {
		err = send_taken(web, err);
		if (err < 0) {
			(void)stop_with(web, "could not report to guard", err);
		}
	}
}

static void on_start(struct role *role, const struct km_message_web_start *start)
{
	struct km_web *web = &role->web;
	struct km_cidr_list allow_from = { .count = 0 };
	struct km_server_config config = {
		.address = start->address,
		.port = start->port,
		.allow_from = &allow_from,
		.certificate_pem = km_bytes_from(start->certificate, start->certificate_size),
		.private_key_pem = km_bytes_text(start->private_key),
		.connections_max = CONNECTIONS_MAX,
		.connections_per_peer_max = CONNECTIONS_PER_PEER_MAX,
	};
	struct km_sandbox_result walls = { 0 };
	int err = 0;

	if (role->is_started) {
		(void)stop_with(web, "a second start", KM_ERR_STATE);
		return;
	}
	role->is_started = true;
	err = km_cidr_parse_list(km_bytes_text(start->allow_from), &allow_from, NULL);
	if (err < 0) {
		(void)stop_with(web, "could not read who may connect", err);
		return;
	}
	err = km_archive_pool_create(start->root, start->index, &web->archives);
	if (err == 0) {
		err = km_live_create(web, &web->live);
	}
	if (err < 0) {
		(void)stop_with(web, "could not start", err);
		return;
	}
	err = km_server_tls_create(config.certificate_pem, config.private_key_pem, &web->tls);
	if (err == 0) {
		config.tls = web->tls;
		err = km_server_create(web->loop, &config, &server_events, web, &web->server);
	}
	if (err < 0) {
		(void)stop_with(web, "could not listen for HTTPS", err);
		return;
	}
	err = shut_in(start, &walls);
	if (err < 0) {
		(void)stop_with(web, "could not enter the sandbox", err);
		return;
	}
	err = send_ready(web, &walls);
	if (err == 0) {
		err = send_taken(web, 0);
	}
	if (err < 0) {
		(void)stop_with(web, "could not report to guard", err);
	}
}

/* --- messages --- */

static void on_known_message(
    struct role *role, enum km_message_kind kind, int *fds, size_t fd_count)
{
	struct km_web *web = &role->web;
	const struct km_message_session_ended *ended = (const void *)role->message;

	switch ((int)kind) {
	case KM_MESSAGE_web_start:
		on_start(role, (const void *)role->message);
		break;
	case KM_MESSAGE_identity_put:
		on_identity(web, (const void *)role->message);
		break;
	case KM_MESSAGE_stop:
		km_loop_stop(web->loop);
		break;
	case KM_MESSAGE_session_ended:
		km_keys_forget(web->keys, km_bytes_from(ended->session, ended->session_size));
		if (web->live != NULL) {
			km_live_end_session(
			    web->live, km_bytes_from(ended->session, ended->session_size));
		}
		break;
	case KM_MESSAGE_ring_open:
		if (!km_ask_take(web->ask, kind, role->message, fds, fd_count) &&
		    web->live != NULL) {
			km_live_on_ring(web->live, (const void *)role->message, fds, fd_count);
		}
		break;
	default:
		/* An answer that comes too late is nobody's. */
		(void)km_ask_take(web->ask, kind, role->message, fds, fd_count);
		break;
	}
}

static void on_message(void *context, struct km_bytes message, int *fds, size_t fd_count)
{
	struct role *role = context;
	enum km_message_kind kind = 0;
	int err = km_messages_kind(message, &kind);

	if (err == 0 && !km_messages_may_send(kind, KM_ROLE_GUARD, KM_ROLE_WEB, fd_count)) {
		err = KM_ERR_DENIED;
	}
	if (err == 0 && km_messages_struct_bytes(kind) > sizeof(role->message)) {
		err = KM_ERR_LIMIT;
	}
	if (err == 0) {
		err = km_messages_unpack(kind, message, role->message);
	}
	if (err < 0) {
		(void)stop_with(&role->web, "guard sent a message that breaks the rules", err);
	} else {
		on_known_message(role, kind, fds, fd_count);
		km_messages_wipe(kind, role->message);
	}
	for (size_t i = 0; i < fd_count; i++) {
		if (fds[i] >= 0) {
			(void)close(fds[i]);
		}
	}
}

static void on_closed(void *context, int err)
{
	struct role *role = context;

	(void)err; /* guard has gone: so does web */
	km_loop_stop(role->web.loop);
}

static void on_terminate(void *context)
{
	struct km_web *web = context;

	km_loop_stop(web->loop);
}

static const struct km_channel_events channel_events = {
	.on_message = on_message,
	.on_closed = on_closed,
};

static void serve(struct role *role)
{
	struct km_web *web = &role->web;
	struct km_signal *terminate = NULL;
	int err = km_loop_create(&web->loop);

	if (err < 0) {
		(void)fprintf(stderr, "komainu-web: no event loop: %s\n", km_error_text(err));
		web->exit_status = EXIT_FAILURE;
		return;
	}
	err = km_ask_create(web->loop, send_packed, web, &web->ask);
	if (err == 0) {
		err = km_keys_create(web->loop, web->ask, &web->keys);
	}
	if (err == 0) {
		err = km_signal_create(web->loop, SIGTERM, on_terminate, web, &terminate);
	}
	if (err == 0) {
		err = km_channel_create(
		    web->loop, KM_CHILD_CHANNEL_FD, &channel_events, role, &web->channel);
	}
	if (err < 0) {
		(void)stop_with(web, "could not start", err);
	} else {
		km_loop_run(web->loop);
	}
	km_signal_destroy(terminate);
	km_server_destroy(web->server);
	km_server_tls_destroy(web->tls);
}

int km_web_run(void)
{
	const struct km_child_limits limits = { .descriptors = DESCRIPTORS_MAX };
	struct role *role = NULL;
	int status = EXIT_FAILURE;
	int err = km_child_enter("komainu-web", &limits);

	if (err < 0) {
		(void)fprintf(
		    stderr, "komainu-web: started by komainu run only: %s\n", km_error_text(err));
		return EXIT_FAILURE;
	}
	role = calloc(1, sizeof(*role));
	if (role == NULL) {
		return EXIT_FAILURE;
	}
	km_body_json_wipe_memory();
	serve(role);
	status = role->web.exit_status;
	/*
	 * The process ends here: what disk jobs still use is left to the kernel, but the keys are
	 * wiped.
	 */
	km_keys_destroy(role->web.keys);
	return status;
}
