#include "cmd/verbs.h"

#include "base/error.h"
#include "base/time.h"
#include "cmd/verb.h"
#include "guard/control.h"
#include "model/messages.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

const struct km_verb *const km_verbs[] = {
	&km_verb_init,
	&km_verb_run,
	&km_verb_status,
	&km_verb_camera_add,
	&km_verb_camera_set,
	&km_verb_camera_list,
	&km_verb_camera_remove,
	&km_verb_camera_password,
	&km_verb_camera_test,
	&km_verb_camera_discover,
	&km_verb_user_add,
	&km_verb_user_list,
	&km_verb_user_password,
	&km_verb_user_disable,
	&km_verb_user_enable,
	&km_verb_user_grant,
	&km_verb_user_revoke,
	&km_verb_user_set,
	&km_verb_user_unlock,
	&km_verb_user_totp,
	&km_verb_session_list,
	&km_verb_session_end,
	&km_verb_token_list,
	&km_verb_token_add,
	&km_verb_token_revoke,
	&km_verb_alarm_list,
	&km_verb_alarm_acknowledge,
	&km_verb_incident_list,
	&km_verb_incident_show,
	&km_verb_incident_open,
	&km_verb_incident_work,
	&km_verb_incident_end,
	&km_verb_duty_list,
	&km_verb_duty_add,
	&km_verb_duty_set,
	&km_verb_duty_remove,
	&km_verb_duty_done,
	&km_verb_duty_history,
	&km_verb_maintenance_list,
	&km_verb_maintenance_begin,
	&km_verb_maintenance_end,
	&km_verb_vuln_import,
	&km_verb_vuln_list,
	&km_verb_vuln_show,
	&km_verb_vuln_status,
	&km_verb_camera_fact,
	&km_verb_audit_list, /* the longer names first: a camera may not be called so */
	&km_verb_audit_facts,
	&km_verb_audit_stop,
	&km_verb_audit,
	&km_verb_checklist_report,
	&km_verb_checklist_show,
	&km_verb_checklist_profile,
	&km_verb_checklist,
	&km_verb_attest_list,
	&km_verb_attest_withdraw,
	&km_verb_attest,
	&km_verb_waive_list,
	&km_verb_waive_end,
	&km_verb_waive,
	&km_verb_spec,
	&km_verb_snapshot_list,
	&km_verb_snapshot_take,
	&km_verb_diff,
	&km_verb_camera_fix,
	&km_verb_camera_fixes,
	&km_verb_camera_aid,
	&km_verb_export,
	&km_verb_verify,
	&km_verb_journal_show,
	&km_verb_journal_verify,
	&km_verb_journal_export,
	&km_verb_journal_review,
	&km_verb_journal_state,
	&km_verb_certificate_show,
	&km_verb_certificate_install,
	&km_verb_certificate_renew,
	&km_verb_certificate_request,
	&km_verb_certificate_ca_init,
	&km_verb_certificate_ca_export,
	&km_verb_certificate_ca_issue,
	&km_verb_parts,
	&km_verb_destination_add,
	&km_verb_destination_set,
	&km_verb_destination_list,
	&km_verb_destination_test,
	&km_verb_destination_remove,
	&km_verb_notice_list,
	&km_verb_metrics_token,
	&km_verb_version,
	NULL,
};

enum km_exit km_verb_fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fputs("komainu: ", stderr);
	(void)vfprintf(stderr, format, args);
	(void)fputs("\n", stderr);
	va_end(args);
	return KM_EXIT_FAILED;
}

static enum km_exit report(int err, const struct km_buf *error)
{
	(void)km_verb_fail("%.*s", (int)error->size, (const char *)error->data);
	return err == KM_ERR_NOT_FOUND ? KM_EXIT_ABSENT : KM_EXIT_FAILED;
}

static enum km_exit open_state(
    const struct km_verb_context *context, bool unlocks, struct km_state *ret_state)
{
	struct km_state state = { 0 };
	struct km_buf error;
	enum km_exit result = KM_EXIT_DONE;
	int err = 0;

	km_buf_init(&error, 8192);
	err = km_state_open(context->state_directory, &state, &error);
	if (err == 0 && unlocks) {
		err = km_state_unlock(&state, &context->key, &error);
	}
	if (err < 0) {
		result = report(err, &error);
		km_state_close(&state);
	} else {
		*ret_state = state;
	}
	km_buf_finish(&error);
	return result;
}

enum km_exit km_verb_open(const struct km_verb_context *context, struct km_state *ret_state)
{
	return open_state(context, false, ret_state);
}

enum km_exit km_verb_unlock(const struct km_verb_context *context, struct km_state *ret_state)
{
	return open_state(context, true, ret_state);
}

enum km_exit km_verb_note(const struct km_state *state, enum km_event event,
    const struct km_uuid *camera, const struct km_uuid *account, const char *text, ...)
{
	char line[KM_JOURNAL_TEXT_SIZE];
	va_list args;
	int err = 0;

	va_start(args, text);
	(void)vsnprintf(line, sizeof(line), text, args);
	va_end(args);
	err = km_journal_note(state->database, event, camera, account, "%s", line);
	return err < 0 ? km_verb_fail("it was done, but the journal could not be written: %s (%s)",
			     km_error_text(err), line)
		       : KM_EXIT_DONE;
}

enum km_exit km_verb_reload(const struct km_state *state)
{
	struct km_message_reload reload = { .request = 1 };
	struct km_message_done done = { 0 };
	uint8_t storage[2048];
	struct km_buf buf;
	ssize_t size = 0;
	int fd = km_control_connect(state->directory);
	int err = 0;

	if (fd == KM_ERR_CLOSED) {
		return KM_EXIT_DONE;
	}
	if (fd < 0) {
		return km_verb_fail("stored, but the running recorder cannot be told: %s",
		    fd == KM_ERR_SYS ? strerror(errno) : km_error_text(fd));
	}
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	err = km_messages_pack_reload(&reload, &buf);
	if (err == 0 && send(fd, buf.data, buf.size, MSG_NOSIGNAL) == (ssize_t)buf.size) {
		size = recv(fd, storage, sizeof(storage), 0);
	}
	if (size <= 0 || km_messages_unpack_done(km_bytes_from(storage, (size_t)size), &done) < 0) {
		done.err = KM_ERR_CLOSED;
	}
	(void)close(fd);
	return done.err == 0 ? KM_EXIT_DONE
			     : km_verb_fail("stored, but the running recorder did not take it: %s",
				   km_error_text(done.err));
}

/* Local time's distance from UTC, for times that were given without one. */
static int64_t local_offset_us(void)
{
	time_t now = time(NULL);
	struct tm local = { 0 };

	return localtime_r(&now, &local) == NULL ? 0 : (int64_t)local.tm_gmtoff * KM_TIME_SECOND_US;
}

enum km_exit km_verb_take_time(
    const struct km_arguments *arguments, const char *option, int64_t *ret_unix_us)
{
	const char *text = km_arguments_get(arguments, option);

	if (text == NULL) {
		(void)km_verb_fail("%s TIME is wanted", option);
		return KM_EXIT_USAGE;
	}
	if (km_time_parse(km_bytes_text(text), local_offset_us(), ret_unix_us) < 0) {
		(void)km_verb_fail(
		    "%s %s: 2026-11-22T08:30:00 (local time), ...Z, ...+09:00 or @SECONDS "
		    "is right",
		    option, text);
		return KM_EXIT_USAGE;
	}
	return KM_EXIT_DONE;
}

enum km_exit km_verb_read_secret(const char *path, char *ret_text, size_t size)
{
	bool is_input = strcmp(path, "-") == 0;
	int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	char buffer[1024];
	size_t count = 0;
	ssize_t got = fd < 0 ? -1 : 1;
	struct km_bytes rest;
	enum km_exit result = KM_EXIT_DONE;

	while (got > 0 && count < sizeof(buffer)) {
		got = read(fd, buffer + count, sizeof(buffer) - count);
		count += got > 0 ? (size_t)got : 0;
	}
	if (got < 0) {
		result = km_verb_fail("%s: %s", path, strerror(errno));
	}
	if (fd >= 0 && !is_input) {
		(void)close(fd);
	}
	rest = km_bytes_from(buffer, count);
	if (result == KM_EXIT_DONE &&
	    km_bytes_copy_text(km_bytes_line(&rest), ret_text, size) < 0) {
		result = km_verb_fail(
		    "%s: one line of text with at most %zu bytes is right", path, size - 1);
	}
	explicit_bzero(buffer, sizeof(buffer));
	return result;
}

enum km_exit km_verb_write_text(const char *path, mode_t mode, const char *text)
{
	size_t size = strlen(text);
	bool is_output = strcmp(path, "-") == 0;
	int fd = is_output ? STDOUT_FILENO
			   : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	enum km_exit result = KM_EXIT_DONE;

	if (fd < 0 || write(fd, text, size) != (ssize_t)size) {
		result = km_verb_fail("%s: %s", is_output ? "standard output" : path,
		    errno == EEXIST ? "exists already" : strerror(errno));
	}
	if (fd >= 0 && !is_output) {
		(void)close(fd);
	}
	return result;
}
