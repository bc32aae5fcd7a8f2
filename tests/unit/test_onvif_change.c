/* sources: auditor/onvif_change.c auditor/soap_reply.c auditor/soap_request.c auditor/xml_duration.c auditor/egress.c auditor/job.c crypto/digest.c crypto/random.c crypto/secret.c io/address.c io/clock.c model/facts.c model/states.c base/buf.c base/bytes.c base/error.c base/reader.c base/text.c base/time.c base/uuid.c */
/* libraries: crypto xml */
/*
 * What is shown before it is sent, and which logins are shown to the camera: with a client made of
 * cardboard, whose answers are set beforehand.
 */
#include "auditor/onvif_change.h"
#include "auditor/onvif_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* --- the client --- */

static struct cardboard {
	bool is_open;   /* answers without a login */
	int login_err;  /* what it says to a login */
	int ledger_err; /* what the guard says */
	char log[1000]; /* what came, in its order */
} camera;

static void write_log(const char *what, const char *more)
{
	size_t size = strlen(camera.log);

	(void)snprintf(camera.log + size, sizeof(camera.log) - size, "%s %s; ", what, more);
}

int km_onvif_client_create(struct km_job *job, int64_t span_us, struct km_onvif_client **ret_client)
{
	(void)span_us;
	*ret_client = (struct km_onvif_client *)(void *)job;
	return 0;
}

void km_onvif_client_destroy(struct km_onvif_client *client)
{
	(void)client;
}

void km_onvif_client_limit_refusals(struct km_onvif_client *client, unsigned max)
{
	(void)client;
	write_log("limit", max == 1 ? "one" : "more");
}

int km_onvif_client_find(struct km_onvif_client *client, struct km_onvif_answer *ret_answer)
{
	(void)client;
	*ret_answer = (struct km_onvif_answer){ 0 };
	return 0;
}

int km_onvif_client_ask(struct km_onvif_client *client, const struct km_onvif_question *question,
    struct km_onvif_answer *ret_answer)
{
	(void)client;
	*ret_answer = (struct km_onvif_answer){ 0 };
	if (question->is_anonymous) {
		return camera.is_open ? 0 : KM_ERR_AUTH;
	}
	write_log("login", question->operation);
	if (camera.login_err < 0) {
		(void)snprintf(ret_answer->why, sizeof(ret_answer->why), "refused");
	}
	return camera.login_err;
}

int km_onvif_client_upload(struct km_onvif_client *client, const char *url, int fd, uint64_t size,
    struct km_onvif_answer *ret_answer)
{
	(void)client;
	(void)url;
	(void)fd;
	(void)size;
	*ret_answer = (struct km_onvif_answer){ 0 };
	return KM_ERR_UNSUPPORTED;
}

void km_onvif_client_finish(struct km_onvif_answer *answer)
{
	*answer = (struct km_onvif_answer){ 0 };
}

static int on_try(void *context, const char *service, const char *account, uint32_t pair)
{
	(void)context;
	(void)pair;
	write_log(service, account);
	return camera.ledger_err;
}

/* --- what is shown --- */

static struct km_onvif_change_address range(const char *text, uint8_t prefix)
{
	struct km_onvif_change_address range = { .prefix = prefix };

	assert_int_equal(km_address_parse(km_bytes_text(text), 0, &range.address), 0);
	return range;
}

static int preview(const struct km_onvif_change *change, const char *wanted)
{
	uint8_t storage[KM_ONVIF_CHANGE_TEXT_MAX];
	struct km_buf buf;
	int err = 0;

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	err = km_onvif_change_preview(change, &buf);
	if (err == 0 && wanted != NULL) {
		assert_true(km_bytes_is_equal(km_buf_view(&buf), km_bytes_text(wanted)));
	}
	return err;
}

static void test_a_password_is_never_shown(void **state)
{
	struct km_onvif_change change = { .kind = KM_ONVIF_CHANGE_PASSWORD,
		.account = "admin",
		.level = "administrator",
		.password = "swordfish" };

	(void)state;
	assert_int_equal(
	    preview(&change,
		"<SetUser><User><tt:Username>admin</tt:Username><tt:Password>***"
		"</tt:Password><tt:UserLevel>Administrator</tt:UserLevel></User></SetUser>"),
	    0);
	change.level[0] = 'x';
	assert_int_equal(preview(&change, NULL), KM_ERR_FORMAT);
}

static void test_the_recorder_is_not_locked_out(void **state)
{
	struct km_onvif_change change = { .kind = KM_ONVIF_CHANGE_FILTER, .address_count = 1 };

	(void)state;
	change.addresses[0] = range("192.0.2.0", 24);
	assert_int_equal(preview(&change, NULL), KM_ERR_DENIED);
	change.keep = range("192.0.3.1", 32).address;
	assert_int_equal(preview(&change, NULL), KM_ERR_DENIED);
	change.keep = range("192.0.2.1", 32).address;
	assert_int_equal(
	    preview(&change, "<SetIPAddressFilter><IPAddressFilter><tt:Type>Allow</tt:Type>"
			     "<tt:IPv4Address><tt:Address>192.0.2.0</tt:Address><tt:PrefixLength>24"
			     "</tt:PrefixLength></tt:IPv4Address></IPAddressFilter>"
			     "</SetIPAddressFilter>"),
	    0);
	change.addresses[0].prefix = 0;
	assert_int_equal(preview(&change, NULL), KM_ERR_FORMAT);
	change.addresses[0] = range("2001:db8::", 32);
	assert_int_equal(preview(&change, NULL), KM_ERR_DENIED);
	change.keep = range("2001:db8::7", 128).address;
	assert_int_equal(preview(&change, NULL), 0);
}

static void test_time_servers(void **state)
{
	struct km_onvif_change change = { .kind = KM_ONVIF_CHANGE_NTP };

	(void)state;
	assert_int_equal(preview(&change, "<SetNTP><FromDHCP>true</FromDHCP></SetNTP>"), 0);
	change.server_count = 1;
	assert_int_equal(preview(&change, NULL), KM_ERR_FORMAT);
	memcpy(change.servers[0], "a&b", sizeof("a&b"));
	assert_int_equal(
	    preview(&change, "<SetNTP><FromDHCP>false</FromDHCP><NTPManual><tt:Type>DNS</tt:Type>"
			     "<tt:DNSname>a&amp;b</tt:DNSname></NTPManual></SetNTP>"),
	    0);
}

static void test_nonsense_is_refused(void **state)
{
	struct km_onvif_change change = { .kind = KM_ONVIF_CHANGE_SERVICES, .service_count = 1 };

	(void)state;
	assert_int_equal(preview(&change, NULL), KM_ERR_FORMAT);
	change.kind = KM_ONVIF_CHANGE_FIRMWARE;
	assert_int_equal(preview(&change, NULL), KM_ERR_FORMAT);
	change.kind = (enum km_onvif_change_kind)99;
	assert_int_equal(preview(&change, NULL), KM_ERR_FORMAT);
	assert_string_equal(km_onvif_change_operation(change.kind), "unknown");
	change.kind = KM_ONVIF_CHANGE_HOST_NAME;
	memcpy(change.host_name, "-x", sizeof("-x"));
	assert_int_equal(preview(&change, NULL), KM_ERR_FORMAT);
}

/* --- logins --- */

static int apply(const char *guess)
{
	static const struct km_job_events events = { .on_try = on_try };
	static struct km_job job = { .events = &events, .user = "admin", .password = "swordfish" };
	const struct km_onvif_change change = { .kind = KM_ONVIF_CHANGE_RESTART };
	struct km_onvif_outcome outcome;
	int err = 0;

	camera.log[0] = '\0';
	err = km_onvif_change_apply(&job, &change, guess, &outcome);
	assert_true(outcome.text[0] != '\0');
	return err;
}

static void test_the_recorders_login_is_not_counted(void **state)
{
	(void)state;
	camera = (struct cardboard){ .ledger_err = KM_ERR_DENIED };
	assert_int_equal(apply(NULL), 0);
	assert_string_equal(camera.log, "login GetDeviceInformation; login SystemReboot; ");
	camera.is_open = true;
	assert_int_equal(apply(NULL), 0);
	assert_string_equal(camera.log, "login SystemReboot; ");
}

static void test_a_guess_is_counted_first(void **state)
{
	(void)state;
	camera = (struct cardboard){ 0 };
	assert_int_equal(apply("ledger"), 0);
	assert_string_equal(camera.log,
	    "limit one; ledger admin; login GetDeviceInformation; login SystemReboot; ");
	camera.login_err = KM_ERR_AUTH;
	assert_int_equal(apply("ledger"), KM_ERR_AUTH);
	assert_string_equal(camera.log, "limit one; ledger admin; login GetDeviceInformation; ");
	camera.ledger_err = KM_ERR_DENIED;
	assert_int_equal(apply("ledger"), KM_ERR_DENIED);
	assert_string_equal(camera.log, "limit one; ledger admin; ");
	/* One that answers anybody is shown it by the change alone. */
	camera.is_open = true;
	assert_int_equal(apply("ledger"), KM_ERR_DENIED);
	assert_string_equal(camera.log, "limit one; ledger admin; ");
	camera.ledger_err = 0;
	assert_int_equal(apply("ledger"), KM_ERR_AUTH);
	assert_string_equal(camera.log, "limit one; ledger admin; login SystemReboot; ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_password_is_never_shown),
		cmocka_unit_test(test_the_recorder_is_not_locked_out),
		cmocka_unit_test(test_time_servers),
		cmocka_unit_test(test_nonsense_is_refused),
		cmocka_unit_test(test_the_recorders_login_is_not_counted),
		cmocka_unit_test(test_a_guess_is_counted_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
