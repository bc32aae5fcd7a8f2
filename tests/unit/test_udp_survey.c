/* sources: auditor/udp_survey.c auditor/egress.c auditor/job.c auditor/sightings.c proto/http_reply.c proto/inquiry.c proto/mdns_reply.c proto/recognise.c proto/snmp_engine.c crypto/digest.c crypto/random.c io/address.c io/clock.c model/facts.c model/states.c base/buf.c base/bytes.c base/error.c base/reader.c base/text.c base/time.c base/uuid.c */
/* libraries: crypto */
/*
 * The survey of a host whose network gives errors of all kinds: recvfrom is this test's own, and
 * says what it is told to. Nothing is sent but to the loopback.
 */
#include "auditor/udp_survey.h"
#include "model/facts.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#define ASKS_MAX 16 /* more than there are rows in udp_asks.tbl */

static int errors[2]; /* of the first readings, and of those after them; 0: the real one */
static unsigned firsts = ASKS_MAX;
static unsigned readings;
static unsigned unknown;
static unsigned unasked;
static struct km_fact failed; /* a port that could not be asked */
static struct km_fact tried;

ssize_t recvfrom(int fd, void *ret_data, size_t size, int flags, struct sockaddr *ret_from,
    socklen_t *ret_from_size)
{
	struct iovec data = { .iov_base = ret_data, .iov_len = size };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	int why = errors[readings++ >= firsts];

	(void)ret_from;
	(void)ret_from_size;
	if (why != 0) {
		/* The one that the socket holds was told, as the kernel does it. */
		(void)recvmsg(fd, &message, flags);
		errno = why;
		return -1;
	}
	return recvmsg(fd, &message, flags);
}

static void on_fact(void *context, const struct km_fact *fact)
{
	(void)context;
	unknown += !fact->is_known;
	if (fact->kind == KM_FACT_PORTS_TRIED) {
		tried = *fact;
	} else if (!fact->is_known && strcmp(fact->detail, "it could not be asked") == 0) {
		failed = *fact;
		unasked++;
	}
}

static int survey(void)
{
	static const struct km_job_events events = { .on_fact = on_fact };
	static struct km_egress_budget budget;
	static const atomic_bool never;
	static struct km_job job;
	struct km_address address;

	job = (struct km_job){ .events = &events };
	readings = 0;
	unknown = 0;
	unasked = 0;
	km_egress_init(&job.egress, &budget, &never);
	assert_int_equal(km_address_parse(KM_BYTES("127.0.0.77"), 0, &address), 0);
	assert_int_equal(km_egress_allow(&job.egress, &address), 0);
	return km_udp_survey_run(&job);
}

static void test_an_unreachable_host_is_not_waited_for(void **state)
{
	(void)state;
	errors[0] = EHOSTUNREACH;
	errors[1] = EHOSTUNREACH;
	assert_int_equal(survey(), 0);
	assert_in_range(readings, 1, ASKS_MAX);
	assert_true(unknown > 0);
	assert_false(tried.is_known);
	assert_true(tried.detail[0] != '\0');
}

static void test_what_was_not_asked_was_not_tried(void **state)
{
	struct km_bytes ports;
	unsigned count = 0;

	(void)state;
	errors[0] = EHOSTUNREACH;
	errors[1] = 0;
	firsts = 1;
	assert_int_equal(survey(), 0);
	firsts = ASKS_MAX;
	assert_int_equal(unasked, 1);
	assert_true(tried.is_known);
	for (ports = km_bytes_text(tried.value); ports.size > 0; count++) {
		struct km_bytes port = km_bytes_split(&ports, ',');

		assert_true(port.size > 0);
		assert_false(
		    km_bytes_is_equal(port, km_bytes_text(failed.subject + strlen("udp/"))));
	}
	assert_true(count > 1);
}

static void test_a_kept_error_does_not_keep_it_busy(void **state)
{
	(void)state;
	errors[0] = EAGAIN;
	errors[1] = EAGAIN;
	assert_int_equal(survey(), 0);
	assert_in_range(readings, 1, 2 * ASKS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_unreachable_host_is_not_waited_for),
		cmocka_unit_test(test_what_was_not_asked_was_not_tried),
		cmocka_unit_test(test_a_kept_error_does_not_keep_it_busy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
