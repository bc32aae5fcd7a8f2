/* sources: auditor/sweep.c auditor/egress.c io/address.c io/clock.c io/tcp.c io/loop.c base/bytes.c base/error.c base/time.c base/text.c base/buf.c base/reader.c */
/* libraries: uv */
#include "auditor/sweep.h"

#include "io/clock.h"
#include "io/tcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#define PORTS 8

struct fixture {
	struct km_egress_budget budget;
	atomic_bool is_cancelled;
	struct km_egress egress;
	struct km_sweep sweep;
	int listening[PORTS];
	uint16_t open[PORTS];
	unsigned results[4];
	bool is_open_seen[UINT16_MAX + 1];
	unsigned cancel_after; /* ports; 0: never */
};

static void on_port(void *context, uint16_t port, enum km_sweep_result result)
{
	struct fixture *fixture = context;
	unsigned total = 0;

	fixture->results[result]++;
	fixture->is_open_seen[port] = result == KM_SWEEP_OPEN;
	for (size_t i = 0; i < KM_COUNT(fixture->results); i++) {
		total += fixture->results[i];
	}
	if (fixture->cancel_after > 0 && total >= fixture->cancel_after) {
		atomic_store(&fixture->is_cancelled, true);
	}
}

static int set_up(void **state)
{
	static struct fixture fixture;
	struct km_address address = { 0 };

	fixture = (struct fixture){ 0 };
	if (km_address_parse(KM_BYTES("127.0.0.77"), 0, &address) < 0) {
		return -1;
	}
	km_egress_init(&fixture.egress, &fixture.budget, &fixture.is_cancelled);
	if (km_egress_allow(&fixture.egress, &address) < 0) {
		return -1;
	}
	for (size_t i = 0; i < PORTS; i++) {
		struct km_address local = { 0 };

		if (km_tcp_listen(&address, 8, &fixture.listening[i]) < 0 ||
		    km_tcp_local_address(fixture.listening[i], &local) < 0) {
			return -1;
		}
		fixture.open[i] = km_address_port(&local);
	}
	fixture.sweep = (struct km_sweep){
		.egress = &fixture.egress,
		.address = address,
		.patience_us = 500000,
		.on_port = on_port,
		.context = &fixture,
	};
	*state = &fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	for (size_t i = 0; i < PORTS; i++) {
		(void)close(fixture->listening[i]);
	}
	return 0;
}

/* Open and closed ones are told apart, at the pace of the gate. */
static void test_open_and_closed(void **state)
{
	struct fixture *fixture = *state;
	uint16_t ports[PORTS + 24];
	int64_t start_us = km_clock_monotonic_us();

	for (size_t i = 0; i < KM_COUNT(ports); i++) {
		ports[i] = i < PORTS ? fixture->open[i] : (uint16_t)(1 + i);
	}
	assert_int_equal(km_sweep_run(&fixture->sweep, ports, KM_COUNT(ports)), 0);
	assert_int_equal(fixture->results[KM_SWEEP_OPEN], PORTS);
	assert_int_equal(fixture->results[KM_SWEEP_CLOSED], 24);
	for (size_t i = 0; i < PORTS; i++) {
		assert_true(fixture->is_open_seen[fixture->open[i]]);
	}
	assert_int_equal(fixture->egress.sent, KM_COUNT(ports));
	assert_true(km_clock_monotonic_us() - start_us >=
		    (int64_t)(KM_COUNT(ports) - 1) * 1000000 / KM_EGRESS_PACE);
}

static void test_it_ends_when_cancelled(void **state)
{
	struct fixture *fixture = *state;
	uint16_t ports[2000];

	for (size_t i = 0; i < KM_COUNT(ports); i++) {
		ports[i] = (uint16_t)(1 + i);
	}
	fixture->cancel_after = 10;
	assert_int_equal(km_sweep_run(&fixture->sweep, ports, KM_COUNT(ports)), KM_ERR_CLOSED);
	assert_true(fixture->egress.sent < 100);
}

static void test_other_hosts_are_refused(void **state)
{
	struct fixture *fixture = *state;
	const uint16_t port = 80;

	assert_int_equal(km_address_parse(KM_BYTES("127.0.0.78"), 0, &fixture->sweep.address), 0);
	assert_int_equal(km_sweep_run(&fixture->sweep, &port, 1), KM_ERR_DENIED);
	assert_int_equal(fixture->egress.sent, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open_and_closed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_it_ends_when_cancelled, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_other_hosts_are_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
