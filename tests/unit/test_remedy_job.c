/* sources: auditor/remedy_job.c auditor/egress.c auditor/job.c base/bytes.c base/buf.c base/error.c base/text.c base/uuid.c base/reader.c crypto/digest.c io/address.c io/clock.c model/facts.c model/messages.c model/remedies.c model/states.c */
/* libraries: crypto */
/*
 * The steps of putting a camera right, and their order, with a camera made of cardboard: what it
 * answers to each change and each login is set beforehand.
 */
#include "auditor/onvif_change.h"
#include "auditor/remedy_job.h"
#include "model/remedies.h"
#include "model/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct cardboard {
	int change_err;
	bool is_unsent;       /* it fails before anything leaves */
	bool is_refusal;      /* the camera says that it refuses */
	const char *password; /* that it has; NULL: it does not answer */
	bool takes;           /* the new password */
	int ledger_err;
	int file_fd;
	char log[2000]; /* what came, in its order */
	char said[4000];
} camera;

/* As if it were cancelled: nothing is waited for. */
static atomic_bool is_hurried;

static void write_log(const char *what, const char *more)
{
	size_t size = strlen(camera.log);

	(void)snprintf(camera.log + size, sizeof(camera.log) - size, "%s %s; ", what, more);
}

const char *km_onvif_change_operation(enum km_onvif_change_kind kind)
{
	static const char *const names[] = { "", "SetUser", "SetNetworkProtocols", "SetNTP",
		"SetIPAddressFilter", "SetHostname", "SetScopes", "SetDiscoveryMode",
		"SystemReboot", "SetSystemFactoryDefault", "StartFirmwareUpgrade" };

	return names[kind];
}

int km_onvif_change_preview(const struct km_onvif_change *change, struct km_buf *buf)
{
	km_buf_add_format(buf, "<%s/>", km_onvif_change_operation(change->kind));
	return 0;
}

int km_onvif_change_apply(struct km_job *job, const struct km_onvif_change *change,
    const char *guess, struct km_onvif_outcome *ret_outcome)
{
	static char taken[KM_JOB_PASSWORD_SIZE];

	(void)job;
	if (guess != NULL) {
		write_log("guess", guess);
	}
	write_log(km_onvif_change_operation(change->kind), change->password);
	(void)snprintf(ret_outcome->text, sizeof(ret_outcome->text), "%s",
	    camera.change_err == 0 ? "taken" : "not taken");
	ret_outcome->was_sent = !camera.is_unsent;
	ret_outcome->is_refused = camera.is_refusal;
	if (camera.takes && change->kind == KM_ONVIF_CHANGE_PASSWORD) {
		(void)snprintf(taken, sizeof(taken), "%s", change->password);
		camera.password = taken;
	}
	return camera.change_err;
}

int km_onvif_change_try_login(struct km_job *job, const struct km_onvif_change_login *login,
    struct km_onvif_outcome *ret_outcome)
{
	int err = 0;

	ret_outcome->text[0] = '\0';
	if (camera.password == NULL) {
		return KM_ERR_TIMEOUT;
	}
	err = job->events->on_try(job->context, login->ledger, login->user, 0);
	if (err < 0 && !login->is_own) {
		return err;
	}
	write_log(login->user, login->password);
	return strcmp(camera.password, login->password) == 0 ? 0 : KM_ERR_AUTH;
}

static int on_try(void *context, const char *service, const char *account, uint32_t pair)
{
	(void)context;
	(void)account;
	(void)pair;
	write_log("ledger", service);
	return camera.ledger_err;
}

static const struct km_job_events events = { .on_try = on_try };

static void on_said(void *context, struct km_message_remedy_said *said)
{
	size_t size = strlen(camera.said);

	(void)context;
	(void)snprintf(camera.said + size, sizeof(camera.said) - size, "%s %s: %.500s; ",
	    km_states_name("step_kind", said->does), said->operation, said->parameters);
}

static struct km_message_remedy_done run(struct km_message_remedy_begin *order)
{
	static struct km_egress_budget budget;
	struct km_job job = { .events = &events };
	struct km_address address;
	struct km_message_remedy_done done;

	km_egress_init(&job.egress, &budget, &is_hurried);
	assert_int_equal(km_address_parse(KM_BYTES("127.0.0.1"), 0, &address), 0);
	assert_int_equal(km_egress_allow(&job.egress, &address), 0);
	camera.log[0] = '\0';
	camera.said[0] = '\0';
	km_remedy_job_run(&job, order, camera.file_fd, on_said, NULL, &done);
	return done;
}

static struct km_message_remedy_begin password_order(unsigned mode)
{
	struct km_message_remedy_begin order = {
		.mode = (uint8_t)mode,
		.kind = KM_REMEDY_PASSWORD,
		.account = "admin",
		.level = "administrator",
		.password = "old",
		.wanted = "new",
	};

	return order;
}

static void a_preview_sends_nothing_and_holds_no_secret(void **state)
{
	struct km_message_remedy_begin order = password_order(KM_MODE_PREVIEW);
	struct km_message_remedy_done done;

	(void)state;
	camera = (struct cardboard){ .password = "old" };
	done = run(&order);
	assert_int_equal(done.err, 0);
	assert_string_equal(camera.log, "");
	assert_string_equal(camera.said,
	    "send SetUser: <SetUser/>; try login: the new password: must be let in; "
	    "try login: the old password: must be refused; ");
}

static void a_password_is_verified_both_ways(void **state)
{
	struct km_message_remedy_begin order = password_order(KM_MODE_RUN);
	struct km_message_remedy_done done;

	(void)state;
	camera = (struct cardboard){ .password = "old", .takes = true };
	done = run(&order);
	assert_int_equal(done.err, 0);
	assert_int_equal(done.wanted, KM_LOGIN_IS_TAKEN);
	assert_int_equal(done.earlier, KM_LOGIN_IS_REFUSED);
	assert_string_equal(camera.log,
	    "SetUser new; ledger onvif, new password; admin new; ledger onvif; admin old; ");
	assert_null(strstr(camera.said, "new;"));
}

/* What a person brought may be wrong: the ledger knows it before the camera. */
static void a_guess_is_no_login_of_the_recorder(void **state)
{
	struct km_message_remedy_begin order = password_order(KM_MODE_RUN);
	struct km_message_remedy_done done;

	(void)state;
	order.is_guess = true;
	camera =
	    (struct cardboard){ .password = "old", .change_err = KM_ERR_AUTH, .is_unsent = true };
	done = run(&order);
	assert_int_equal(done.err, KM_ERR_AUTH);
	assert_string_equal(camera.log, "guess onvif; SetUser new; ");
}

static void one_that_is_refused_changes_nothing(void **state)
{
	struct km_message_remedy_begin order = password_order(KM_MODE_RUN);
	struct km_message_remedy_done done;

	(void)state;
	camera =
	    (struct cardboard){ .password = "old", .change_err = KM_ERR_AUTH, .is_refusal = true };
	done = run(&order);
	assert_int_equal(done.err, KM_ERR_AUTH);
	assert_int_equal(done.may_be_taken, 0);
	assert_int_equal(done.wanted, KM_LOGIN_IS_UNTRIED);
	assert_int_equal(done.earlier, KM_LOGIN_IS_TAKEN);
	assert_string_equal(camera.log, "SetUser new; ledger onvif; admin old; ");
}

static void what_never_left_costs_no_login(void **state)
{
	struct km_message_remedy_begin order = password_order(KM_MODE_RUN);
	struct km_message_remedy_done done;

	(void)state;
	camera =
	    (struct cardboard){ .password = "old", .change_err = KM_ERR_DENIED, .is_unsent = true };
	done = run(&order);
	assert_int_equal(done.err, KM_ERR_DENIED);
	assert_int_equal(done.may_be_taken, 0);
	assert_int_equal(done.wanted, KM_LOGIN_IS_UNTRIED);
	assert_int_equal(done.earlier, KM_LOGIN_IS_UNTRIED);
	assert_string_equal(camera.log, "SetUser new; ");
}

/* One that took it, and says that it refused. */
static void a_refusal_is_not_believed_if_the_old_one_is_refused(void **state)
{
	struct km_message_remedy_begin order = password_order(KM_MODE_RUN);
	struct km_message_remedy_done done;

	(void)state;
	camera =
	    (struct cardboard){ .takes = true, .change_err = KM_ERR_STATE, .is_refusal = true };
	done = run(&order);
	assert_int_equal(done.err, 0);
	assert_int_equal(done.wanted, KM_LOGIN_IS_TAKEN);
	assert_int_equal(done.earlier, KM_LOGIN_IS_REFUSED);
	assert_string_equal(camera.log,
	    "SetUser new; ledger onvif; admin old; ledger onvif, new password; admin new; ");
}

/* Whatever makes the answer unreadable: what left may have been taken. */
static void an_answer_that_cannot_be_read_is_none(void **state)
{
	static const int errors[] = { KM_ERR_FORMAT, KM_ERR_LIMIT, KM_ERR_UNSUPPORTED,
		KM_ERR_DENIED, KM_ERR_AUTH, KM_ERR_MEMORY, KM_ERR_CLOSED, KM_ERR_SYS };
	struct km_message_remedy_begin order = password_order(KM_MODE_RUN);

	(void)state;
	is_hurried = true;
	for (size_t i = 0; i < KM_COUNT(errors); i++) {
		struct km_message_remedy_done done;

		camera = (struct cardboard){ .change_err = errors[i] };
		done = run(&order);
		assert_int_equal(done.may_be_taken, 1);
		assert_int_equal(done.wanted, KM_LOGIN_IS_NO_ANSWER);
	}
	is_hurried = false;
}

static void without_an_answer_the_login_tells(void **state)
{
	struct km_message_remedy_begin order = password_order(KM_MODE_RUN);
	struct km_message_remedy_done done;

	(void)state;
	camera = (struct cardboard){ .takes = true, .change_err = KM_ERR_TIMEOUT };
	done = run(&order);
	assert_int_equal(done.err, 0);
	assert_int_equal(done.wanted, KM_LOGIN_IS_TAKEN);
	camera = (struct cardboard){ .password = "old", .change_err = KM_ERR_TIMEOUT };
	done = run(&order);
	assert_int_equal(done.err, KM_ERR_TIMEOUT);
	assert_int_equal(done.may_be_taken, 1);
	assert_int_equal(done.wanted, KM_LOGIN_IS_REFUSED);
	assert_int_equal(done.earlier, KM_LOGIN_IS_TAKEN);
	camera = (struct cardboard){ .change_err = KM_ERR_TIMEOUT };
	done = run(&order);
	assert_int_equal(done.wanted, KM_LOGIN_IS_NO_ANSWER);
	assert_int_equal(done.earlier, KM_LOGIN_IS_UNTRIED);
}

static void the_ledger_may_refuse_the_old_one(void **state)
{
	struct km_message_remedy_begin order = password_order(KM_MODE_RUN);
	struct km_message_remedy_done done;

	(void)state;
	camera =
	    (struct cardboard){ .password = "old", .takes = true, .ledger_err = KM_ERR_DENIED };
	done = run(&order);
	assert_int_equal(done.wanted, KM_LOGIN_IS_TAKEN);
	assert_int_equal(done.earlier, KM_LOGIN_IS_UNTRIED);
}

static void what_the_ledger_refuses_is_not_tried(void **state)
{
	struct km_message_remedy_begin order = password_order(KM_MODE_RUN);
	struct km_message_remedy_done done;

	(void)state;
	/* It says that it took it, and did not: one login, and none after that. */
	camera = (struct cardboard){ .password = "old", .ledger_err = KM_ERR_DENIED };
	done = run(&order);
	assert_int_equal(done.wanted, KM_LOGIN_IS_REFUSED);
	assert_int_equal(done.earlier, KM_LOGIN_IS_UNTRIED);
	assert_string_equal(camera.log,
	    "SetUser new; ledger onvif, new password; admin new; ledger onvif, new password; "
	    "ledger onvif; ");
	/* Nobody knows whether it took it: none. */
	camera.change_err = KM_ERR_TIMEOUT;
	done = run(&order);
	assert_int_equal(done.wanted, KM_LOGIN_IS_UNTRIED);
	assert_int_equal(done.may_be_taken, 1);
	assert_string_equal(camera.log, "SetUser new; ledger onvif, new password; ");
	order = password_order(KM_MODE_SETTLE);
	done = run(&order);
	assert_int_equal(done.err, 0);
	assert_int_equal(done.wanted, KM_LOGIN_IS_UNTRIED);
	assert_string_equal(camera.log, "ledger onvif, new password; ");
}

static void settling_tries_two_logins_at_most(void **state)
{
	struct km_message_remedy_begin order = password_order(KM_MODE_SETTLE);
	struct km_message_remedy_done done;

	(void)state;
	camera = (struct cardboard){ .password = "new" };
	done = run(&order);
	assert_int_equal(done.wanted, KM_LOGIN_IS_TAKEN);
	assert_string_equal(camera.log, "ledger onvif, new password; admin new; ");
	camera = (struct cardboard){ .password = "old" };
	done = run(&order);
	assert_int_equal(done.earlier, KM_LOGIN_IS_TAKEN);
	assert_string_equal(
	    camera.log, "ledger onvif, new password; admin new; ledger onvif; admin old; ");
	camera = (struct cardboard){ .password = NULL };
	done = run(&order);
	assert_int_equal(done.wanted, KM_LOGIN_IS_NO_ANSWER);
	assert_string_equal(camera.log, "");
}

static void services_are_two_changes(void **state)
{
	struct km_message_remedy_begin order = {
		.mode = KM_MODE_RUN,
		.kind = KM_REMEDY_SERVICES,
		.services = "HTTP=80,8080\nDISCOVERY\n",
	};
	struct km_message_remedy_done done;

	(void)state;
	camera = (struct cardboard){ 0 };
	done = run(&order);
	assert_int_equal(done.err, 0);
	assert_string_equal(camera.log, "SetNetworkProtocols ; SetDiscoveryMode ; ");
	camera.change_err = KM_ERR_STATE;
	done = run(&order);
	assert_int_equal(done.err, KM_ERR_STATE);
	assert_string_equal(camera.log, "SetNetworkProtocols ; ");
	(void)snprintf(order.services, sizeof(order.services), "HTTP=eighty\n");
	done = run(&order);
	assert_int_equal(done.err, KM_ERR_FORMAT);
	assert_string_equal(camera.log, "");
}

static void a_filter_always_holds_the_recorder(void **state)
{
	struct km_message_remedy_begin order = {
		.mode = KM_MODE_RUN,
		.kind = KM_REMEDY_FILTER,
		.addresses = "192.0.2.7, 192.0.2.64/28",
	};
	struct km_message_remedy_done done;

	(void)state;
	camera = (struct cardboard){ 0 };
	done = run(&order);
	assert_int_equal(done.err, 0);
	assert_string_equal(camera.log, "SetIPAddressFilter ; ");
	(void)snprintf(order.addresses, sizeof(order.addresses), "192.0.2.7/33");
	done = run(&order);
	assert_true(done.err < 0);
	assert_string_equal(camera.log, "");
}

/* A plan shows the very file that is sent after the message. */
static void test_file(void **state)
{
	struct km_message_remedy_begin order = {
		.mode = KM_MODE_PREVIEW,
		.kind = KM_REMEDY_FIRMWARE,
		.file = "new.bin",
		.file_bytes = 3,
	};
	char path[] = "/tmp/komainu-test-firmware-XXXXXX";
	struct km_message_remedy_done done;
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(write(fd, "abc", 3), 3);
	camera = (struct cardboard){ .file_fd = fd };
	done = run(&order);
	assert_int_equal(done.err, 0);
	assert_string_equal(camera.log, "");
	/* [FIPS 180-4] of "abc" */
	assert_string_equal(camera.said,
	    "send StartFirmwareUpgrade: <StartFirmwareUpgrade/>; "
	    "send file: new.bin: 3 bytes, SHA-256 "
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad; ");
	/* One that became shorter is none that could be shown. */
	order.file_bytes = 4;
	done = run(&order);
	assert_int_equal(done.err, KM_ERR_SHORT);
	assert_non_null(strstr(done.text, "file"));
	assert_int_equal(close(fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_preview_sends_nothing_and_holds_no_secret),
		cmocka_unit_test(a_password_is_verified_both_ways),
		cmocka_unit_test(a_guess_is_no_login_of_the_recorder),
		cmocka_unit_test(one_that_is_refused_changes_nothing),
		cmocka_unit_test(what_never_left_costs_no_login),
		cmocka_unit_test(a_refusal_is_not_believed_if_the_old_one_is_refused),
		cmocka_unit_test(an_answer_that_cannot_be_read_is_none),
		cmocka_unit_test(without_an_answer_the_login_tells),
		cmocka_unit_test(the_ledger_may_refuse_the_old_one),
		cmocka_unit_test(what_the_ledger_refuses_is_not_tried),
		cmocka_unit_test(settling_tries_two_logins_at_most),
		cmocka_unit_test(services_are_two_changes),
		cmocka_unit_test(a_filter_always_holds_the_recorder),
		cmocka_unit_test(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
