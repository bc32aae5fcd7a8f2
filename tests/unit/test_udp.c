/* sources: base/error.c base/bytes.c io/address.c io/udp.c */
#include "base/error.h"
#include "io/udp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct km_address loopback(const char *text, uint16_t port)
{
	struct km_address address;

	assert_int_equal(km_address_parse(km_bytes_text(text), port, &address), 0);
	return address;
}

static void ports_are_neighbours(void **state)
{
	struct km_address local = loopback("127.0.0.1", 0);
	struct km_udp_pair pairs[8];

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		struct km_address rtcp = { .size = sizeof(rtcp.u) };

		assert_int_equal(km_udp_pair_open(&local, 1 << 20, &pairs[i]), 0);
		assert_int_equal(pairs[i].rtp_port % 2, 0);
		assert_int_equal(getsockname(pairs[i].rtcp_fd, &rtcp.u.any, &rtcp.size), 0);
		assert_int_equal(km_address_port(&rtcp), pairs[i].rtp_port + 1);
	}
	for (size_t i = 0; i < 8; i++) {
		km_udp_pair_close(&pairs[i]);
		km_udp_pair_close(&pairs[i]);
	}
}

static void strangers_are_dropped(void **state)
{
	struct km_address local = loopback("127.0.0.1", 0);
	struct km_address stranger = loopback("127.0.0.2", 0);
	struct km_udp_pair mine;
	struct km_udp_pair camera;
	struct km_udp_pair other;
	struct km_address to;
	struct km_address peer;
	static uint8_t room[8][100];
	struct km_udp_packet packets[8];
	size_t count = 99;
	size_t dropped = 99;
	static const uint8_t big[101];

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		packets[i] = (struct km_udp_packet){ .data = room[i], .capacity = 100 };
	}
	assert_int_equal(km_udp_pair_open(&local, 0, &mine), 0);
	assert_int_equal(km_udp_pair_open(&local, 0, &camera), 0);
	assert_int_equal(km_udp_pair_open(&stranger, 0, &other), 0);
	to = loopback("127.0.0.1", mine.rtp_port);
	peer = loopback("127.0.0.1", 0);
	assert_int_equal(
	    km_udp_receive(mine.rtp_fd, &peer, packets, 8, &count, &dropped), KM_ERR_AGAIN);
	assert_int_equal(count, 99);

	assert_int_equal(km_udp_send(other.rtp_fd, &to, KM_BYTES("bad")), 0);
	assert_int_equal(km_udp_send(camera.rtp_fd, &to, KM_BYTES("one")), 0);
	assert_int_equal(km_udp_send(camera.rtp_fd, &to, KM_BYTES_OF(big)), 0);
	assert_int_equal(km_udp_send(camera.rtcp_fd, &to, KM_BYTES("two")), 0);
	assert_int_equal(km_udp_send(camera.rtp_fd, &to, KM_BYTES("")), 0);
	assert_int_equal(km_udp_receive(mine.rtp_fd, &peer, packets, 8, &count, &dropped), 0);
	assert_int_equal(count, 3);
	assert_int_equal(dropped, 2);
	assert_memory_equal(packets[0].data, "one", 3);
	assert_memory_equal(packets[1].data, "two", 3);
	assert_int_equal(packets[2].size, 0);
	/* Every room is still there once. */
	for (size_t i = 0; i < 8; i++) {
		unsigned seen = 0;

		for (size_t j = 0; j < 8; j++) {
			seen += packets[j].data == room[i];
		}
		assert_int_equal(seen, 1);
	}

	km_address_set_port(&peer, camera.rtp_port);
	assert_int_equal(km_udp_send(camera.rtcp_fd, &to, KM_BYTES("two")), 0);
	assert_int_equal(km_udp_send(camera.rtp_fd, &to, KM_BYTES("three")), 0);
	assert_int_equal(km_udp_receive(mine.rtp_fd, &peer, packets, 8, &count, &dropped), 0);
	assert_int_equal(count, 1);
	assert_int_equal(dropped, 1);
	assert_int_equal(packets[0].size, 5);
	km_udp_pair_close(&mine);
	km_udp_pair_close(&camera);
	km_udp_pair_close(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ports_are_neighbours),
		cmocka_unit_test(strangers_are_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
