#include "web/web.h"

#include "web/body_json.h"
#include "web/gate.h"
#include "web/live.h"
#include "web/server_tls.h"

#include <stdalign.h>
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

static int send_packed(void *context, struct km_bytes packed)
{
	struct km_web *web = context;

	return km_role_process_send_packed(web->process, packed);
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

/* What is served now; err: why something else is not. */
static void send_taken(struct km_web *web, int taken_err)
{
	struct km_message_identity_taken taken = { .err = taken_err,
		.sha256_size = sizeof(taken.sha256) };

	km_server_tls_fingerprint(web->tls, taken.sha256);
	km_role_process_send(web->process, KM_MESSAGE_identity_taken, &taken);
}

static void on_identity(struct km_web *web, const struct km_message_identity_put *put)
{
	int err = web->server == NULL ? KM_ERR_STATE
				      : km_server_tls_replace(web->tls,
					    km_bytes_from(put->certificate, put->certificate_size),
					    km_bytes_text(put->private_key));

	if (web->server != NULL) {
		send_taken(web, err);
	}
}

static int serve(struct km_web *web, const struct km_message_web_start *start)
{
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
	int err = km_cidr_parse_list(km_bytes_text(start->allow_from), &allow_from, NULL);

	if (err < 0) {
		return km_role_process_fail(web->process, "unreadable-allow-from", err);
	}
	err = km_archive_pool_create(start->root, start->index, &web->archives);
	if (err == 0) {
		err = km_live_create(web, &web->live);
	}
	if (err < 0) {
		return km_role_process_fail(web->process, "could-not-start", err);
	}
	err = km_server_tls_create(config.certificate_pem, config.private_key_pem, &web->tls);
	if (err == 0) {
		config.tls = web->tls;
		err = km_server_create(web->loop, &config, &server_events, web, &web->server);
	}
	return err < 0 ? km_role_process_fail(web->process, "could-not-listen-for-https", err) : 0;
}

static void on_start(struct role *role, const struct km_message_web_start *start)
{
	struct km_web *web = &role->web;
	struct km_sandbox_result walls = { 0 };
	int err = 0;

	if (role->is_started) {
		(void)km_role_process_fail(web->process, "second-start", KM_ERR_STATE);
		return;
	}
	role->is_started = true;
	if (serve(web, start) < 0) {
		return;
	}
	err = shut_in(start, &walls);
	if (err < 0) {
		(void)km_role_process_fail(web->process, "could-not-enter-the-sandbox", err);
		return;
	}
	km_role_process_ready(web->process, &walls);
	send_taken(web, 0);
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
	case KM_MESSAGE_session_ended:
		km_keys_forget(web->keys, km_bytes_from(ended->session, ended->session_size));
		if (web->live != NULL) {
			km_live_end_session(
			    web->live, km_bytes_from(ended->session, ended->session_size));
		}
		break;
	case KM_MESSAGE_rights_changed:
		if (web->live != NULL) {
			km_live_on_rights(web->live);
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

static int on_message(
    void *context, enum km_message_kind kind, struct km_bytes packed, int *fds, size_t fd_count)
{
	struct role *role = context;
	int err = km_messages_struct_bytes(kind) > sizeof(role->message) ? KM_ERR_LIMIT : 0;

	if (err == 0) {
		err = km_messages_unpack(kind, packed, role->message);
	}
	if (err == 0) {
		on_known_message(role, kind, fds, fd_count);
		km_messages_wipe(kind, role->message);
	}
	return err;
}

/* --- life --- */

static int on_begin(void *context, struct km_role_process *process)
{
	struct role *role = context;
	struct km_web *web = &role->web;
	int err = 0;

	web->process = process;
	web->loop = km_role_process_loop(process);
	err = km_ask_create(web->loop, send_packed, web, &web->ask);
	return err < 0 ? err : km_keys_create(web->loop, web->ask, &web->keys);
}

/* What disk jobs still use is left to the kernel, but the keys are wiped. */
static void on_end(void *context)
{
	struct role *role = context;

	km_server_destroy(role->web.server);
	km_server_tls_destroy(role->web.tls);
	km_keys_destroy(role->web.keys);
}

int km_web_run(void)
{
	static const struct km_role_process_options options = {
		.role = KM_ROLE_WEB,
		.senders = KM_ROLE_GUARD,
		.limits = { .descriptors = DESCRIPTORS_MAX },
		.leaves_rest = true,
		.on_begin = on_begin,
		.on_message = on_message,
		.on_end = on_end,
	};
	struct role *role = calloc(1, sizeof(*role));

	if (role == NULL) {
		return EXIT_FAILURE;
	}
	km_body_json_wipe_memory();
	return km_role_process_run(&options, role);
}
