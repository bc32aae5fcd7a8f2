/* sources: auditor/egress.c io/address.c io/clock.c io/tcp.c io/loop.c base/bytes.c base/error.c base/time.c base/text.c base/buf.c base/reader.c */
/* libraries: uv */
#include "auditor/egress.h"
#include "io/clock.h"
#include "io/tcp.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SECOND_US 1000000

struct fixture {
	struct km_egress_budget budget;
	atomic_bool is_cancelled;
	struct km_egress egress;
	struct km_address address;
	int listening;
};

static struct km_address address_of(const char *text, uint16_t port)
{
	struct km_address address = { 0 };

	assert_int_equal(km_address_parse(km_bytes_text(text), port, &address), 0);
	return address;
}

static int set_up(void **state)
{
	static struct fixture fixture;

	fixture = (struct fixture){ .address = address_of("127.0.0.1", 0) };
	km_egress_init(&fixture.egress, &fixture.budget, &fixture.is_cancelled);
	assert_int_equal(km_tcp_listen(&fixture.address, 8, &fixture.listening), 0);
	assert_int_equal(km_tcp_local_address(fixture.listening, &fixture.address), 0);
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	(void)close(fixture->listening);
	return 0;
}

static int connect_to(struct fixture *fixture, const struct km_address *address, int *ret_fd)
{
	return km_egress_connect(
	    &fixture->egress, address, km_clock_monotonic_us() + SECOND_US, ret_fd);
}

static void test_a_host_is_all_of_its_addresses(void **state)
{
	struct fixture *fixture = *state;
	char text[64] = "";

	assert_int_equal(
	    km_egress_allow_host(&fixture->egress, "127.0.0.9", text, sizeof(text)), 0);
	assert_int_equal(fixture->egress.address_count, 1);
	assert_int_equal(km_egress_allow_host(&fixture->egress, "::1", text, sizeof(text)), 0);
	assert_int_equal(fixture->egress.address_count, 2);
	assert_string_equal(text, "");
	assert_int_equal(
	    km_egress_allow_host(&fixture->egress, "239.255.255.250", text, sizeof(text)),
	    KM_ERR_DENIED);
	assert_non_null(strstr(text, "239.255.255.250: not an address"));
	assert_int_equal(km_egress_allow_host(&fixture->egress, "no..host", text, sizeof(text)),
	    KM_ERR_NOT_FOUND);
	assert_non_null(strstr(text, "no..host: "));
	assert_int_equal(fixture->egress.address_count, 2);
}

static void test_nothing_passes_unless_it_is_allowed(void **state)
{
	struct fixture *fixture = *state;
	int fd = -1;

	assert_int_equal(connect_to(fixture, &fixture->address, &fd), KM_ERR_DENIED);
	assert_int_equal(fixture->egress.sent, 0);
	assert_int_equal(km_egress_allow(&fixture->egress, &fixture->address), 0);
	assert_int_equal(connect_to(fixture, &fixture->address, &fd), 0);
	(void)close(fd);
	fixture->address = address_of("127.0.0.2", km_address_port(&fixture->address));
	assert_int_equal(connect_to(fixture, &fixture->address, &fd), KM_ERR_DENIED);
}

static void test_many_hosts_at_once_are_never_allowed(void **state)
{
	static const char *const many[] = { "0.0.0.0", "255.255.255.255", "224.0.0.1",
		"239.255.255.250", "::", "ff02::1" };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < KM_COUNT(many); i++) {
		struct km_address address = address_of(many[i], 80);

		assert_int_equal(km_egress_allow(&fixture->egress, &address), KM_ERR_DENIED);
	}
	assert_int_equal(fixture->egress.address_count, 0);
}

static void test_pace_is_kept(void **state)
{
	struct fixture *fixture = *state;
	int64_t began_us = km_clock_monotonic_us();

	for (unsigned i = 0; i <= KM_EGRESS_PACE / 2; i++) {
		assert_int_equal(km_egress_wait(&fixture->egress), 0);
	}
	assert_true(km_clock_monotonic_us() - began_us >= SECOND_US / 2);
}

static void test_gates_share_the_budget(void **state)
{
	struct fixture *fixture = *state;
	int64_t began_us = km_clock_monotonic_us();

	for (unsigned i = 0; i <= KM_EGRESS_PACE_ALL / 10; i++) {
		struct km_egress other;

		km_egress_init(&other, &fixture->budget, &fixture->is_cancelled);
		assert_int_equal(km_egress_wait(&other), 0);
	}
	assert_true(km_clock_monotonic_us() - began_us >= SECOND_US / 10);
}

static void test_a_refusal_is_told(void **state)
{
	struct fixture *fixture = *state;
	int fd = -1;

	assert_int_equal(km_egress_allow(&fixture->egress, &fixture->address), 0);
	(void)close(fixture->listening);
	assert_int_equal(connect_to(fixture, &fixture->address, &fd), KM_ERR_SYS);
	assert_int_equal(errno, ECONNREFUSED);
	fixture->listening = dup(STDERR_FILENO);
}

static void test_silence_ends_at_the_deadline_and_cancelling_at_once(void **state)
{
	struct fixture *fixture = *state;
	uint8_t data[8];
	size_t count = 0;
	int fd = -1;
	int64_t began_us = 0;

	assert_int_equal(km_egress_allow(&fixture->egress, &fixture->address), 0);
	assert_int_equal(connect_to(fixture, &fixture->address, &fd), 0);
	began_us = km_clock_monotonic_us();
	assert_int_equal(km_egress_receive(&fixture->egress, fd, data, sizeof(data),
			     began_us + SECOND_US / 5, &count),
	    KM_ERR_TIMEOUT);
	assert_true(km_clock_monotonic_us() - began_us >= SECOND_US / 5);
	atomic_store(&fixture->is_cancelled, true);
	assert_int_equal(km_egress_receive(&fixture->egress, fd, data, sizeof(data),
			     km_clock_monotonic_us() + 60 * SECOND_US, &count),
	    KM_ERR_CLOSED);
	(void)close(fd);
	assert_int_equal(connect_to(fixture, &fixture->address, &fd), KM_ERR_CLOSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_nothing_passes_unless_it_is_allowed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_many_hosts_at_once_are_never_allowed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_a_host_is_all_of_its_addresses, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_pace_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_gates_share_the_budget, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_refusal_is_told, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
		    test_silence_ends_at_the_deadline_and_cancelling_at_once, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
