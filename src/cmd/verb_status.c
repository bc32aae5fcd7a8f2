#include "cmd/verbs.h"

#include "base/time.h"
#include "cmd/status_json.h"
#include "guard/control.h"
#include "io/clock.h"
#include "model/messages.h"
#include "model/states.h"

#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_MAX    65536
#define ANSWER_WAIT_S 10

/* Everything is in order: what the exit status says. */
struct health {
	bool is_recording; /* each enabled camera streams and is stored */
	bool is_storage_fine;
	bool is_journal_fine;
};

static enum km_exit ask(int fd)
{
	struct km_message_status_get get = { .request = 1 };
	uint8_t storage[256];
	struct km_buf buf;

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	if (km_messages_pack_status_get(&get, &buf) < 0 ||
	    send(fd, buf.data, buf.size, MSG_NOSIGNAL) != (ssize_t)buf.size) {
		return km_verb_fail("the recorder cannot be asked");
	}
	return KM_EXIT_DONE;
}

static void print_camera(const struct km_message_status_camera *camera)
{
	(void)printf("%-20s %-10s received %llu  stored %llu frames  gaps %llu  lost %llu %s%s\n",
	    camera->name, km_states_camera_state(camera->state),
	    (unsigned long long)camera->frames_received, (unsigned long long)camera->frames_stored,
	    (unsigned long long)camera->gaps, (unsigned long long)camera->lost,
	    camera->error[0] == '\0' ? "" : "- ", camera->error);
}

static void print_system(const struct km_message_status_system *system)
{
	(void)printf("Komainu %s, storage %s, %llu MiB free%s%s\n", system->version,
	    km_states_storage_state(system->storage),
	    (unsigned long long)(system->free_bytes >> 20),
	    system->storage_error[0] == '\0' ? "" : ": ", system->storage_error);
	if (system->journal != KM_JOURNAL_OK) {
		(void)printf("journal %s: %s\n", km_states_name("journal_state", system->journal),
		    system->journal_error);
	}
}

/* One message of the answer. Returns whether more will come. */
static bool take(struct km_bytes message, json_t *root, struct health *health, int *ret_err)
{
	struct km_message_status_system system;
	struct km_message_status_camera camera;
	struct km_message_status_role role;

	if (km_messages_unpack_status_system(message, &system) == 0) {
		health->is_storage_fine = system.storage == KM_STORAGE_OK;
		health->is_journal_fine = system.journal == KM_JOURNAL_OK;
		if (root == NULL) {
			print_system(&system);
		} else {
			*ret_err = km_status_json_system(root, &system);
		}
	} else if (km_messages_unpack_status_camera(message, &camera) == 0) {
		health->is_recording = health->is_recording &&
				       (!camera.is_enabled || camera.state == KM_CAMERA_STREAMING);
		if (root == NULL) {
			print_camera(&camera);
		} else {
			*ret_err = km_status_json_camera(root, &camera);
		}
	} else if (km_messages_unpack_status_role(message, &role) == 0) {
		if (root != NULL) {
			*ret_err = km_status_json_role(root, &role);
		}
	} else {
		return false;
	}
	return *ret_err == 0;
}

static enum km_exit read_answer(int fd, json_t *root, struct health *health)
{
	static const struct timeval patience = { .tv_sec = ANSWER_WAIT_S };
	uint8_t storage[ANSWER_MAX];
	struct km_message_done done;
	struct km_bytes message;
	int err = 0;

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	do {
		ssize_t size = recv(fd, storage, sizeof(storage), 0);

		if (size <= 0) {
			return km_verb_fail("the recorder did not answer in %d s", ANSWER_WAIT_S);
		}
		message = km_bytes_from(storage, (size_t)size);
	} while (take(message, root, health, &err));
	if (err == 0) {
		err = km_messages_unpack_done(message, &done);
	}
	return err < 0 ? km_verb_fail("the answer is not understood: %s", km_error_text(err))
		       : KM_EXIT_DONE;
}

static enum km_exit run_status(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	json_t *root = context->wants_json ? km_status_json_begin() : NULL;
	struct health health = { .is_recording = true };
	enum km_exit result = KM_EXIT_DONE;
	int fd = km_control_connect(context->state_directory);

	(void)arguments;
	if (fd < 0) {
		(void)km_verb_fail("%s: %s", context->state_directory,
		    fd == KM_ERR_CLOSED ? "no recorder runs here"
					: (fd == KM_ERR_SYS ? strerror(errno) : km_error_text(fd)));
		json_decref(root);
		return fd == KM_ERR_CLOSED ? KM_EXIT_ABSENT : KM_EXIT_FAILED;
	}
	result = ask(fd);
	if (result == KM_EXIT_DONE) {
		result = read_answer(fd, root, &health);
	}
	(void)close(fd);
	if (result == KM_EXIT_DONE && root != NULL) {
		(void)json_dumpf(root, stdout, JSON_INDENT(2));
		(void)fputs("\n", stdout);
	}
	json_decref(root);
	if (result == KM_EXIT_DONE &&
	    (!health.is_recording || !health.is_storage_fine || !health.is_journal_fine)) {
		return KM_EXIT_FOUND;
	}
	return result;
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

const struct km_verb km_verb_status = {
	.name = "status",
	.usage = "",
	.text = "how the running recorder does (exit status 3: something is not in order)",
	.arguments = no_arguments,
	.run = run_status,
};
