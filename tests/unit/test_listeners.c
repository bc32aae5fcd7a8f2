/* sources: base/error.c base/bytes.c base/buf.c base/text.c guard/listeners.c */
/* libraries: */
#include "guard/listeners.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void test_tcp(void **state)
{
	struct km_listener listener;

	(void)state;
	assert_int_equal(
	    km_listeners_parse(KM_LISTENERS_TCP,
		KM_BYTES("   0: 0100007F:20FB 00000000:0000 0A 00000000:00000000 00:00000000 "
			 "00000000  1000        0 12345 1 0000000000000000 100 0 0 10 0"),
		&listener),
	    0);
	assert_string_equal(listener.address, "127.0.0.1:8443");
	assert_string_equal(listener.host, "127.0.0.1");
	assert_int_equal(listener.port, 8443);
	assert_int_equal(listener.uid, 1000);
	assert_int_equal(listener.inode, 12345);
	/* Established; and the heading. */
	assert_int_equal(
	    km_listeners_parse(KM_LISTENERS_TCP,
		KM_BYTES("   1: 0100007F:20FB 0100007F:0050 01 00000000:00000000 00:00000000 "
			 "00000000  1000        0 12345 1"),
		&listener),
	    KM_ERR_NOT_FOUND);
	assert_int_equal(km_listeners_parse(KM_LISTENERS_TCP,
			     KM_BYTES("  sl  local_address rem_address   st tx_queue rx_queue tr "
				      "tm->when retrnsmt   uid  timeout inode"),
			     &listener),
	    KM_ERR_FORMAT);
}

static void test_v6_and_udp(void **state)
{
	struct km_listener listener;

	(void)state;
	assert_int_equal(
	    km_listeners_parse(KM_LISTENERS_TCP6,
		KM_BYTES("   0: 00000000000000000000000001000000:0050 "
			 "00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 "
			 "00000000     0        0 7 1"),
		&listener),
	    0);
	assert_string_equal(listener.address, "[::1]:80");
	assert_int_equal(
	    km_listeners_parse(KM_LISTENERS_UDP,
		KM_BYTES(" 9: 00000000:9C40 00000000:0000 07 00000000:00000000 00:00000000 "
			 "00000000   993        0 8 2 0000000000000000 0"),
		&listener),
	    0);
	assert_string_equal(listener.address, "0.0.0.0:40000");
	assert_int_equal(
	    km_listeners_parse(KM_LISTENERS_UDP,
		KM_BYTES(" 9: 00000000:9C40 0100007F:0035 01 00000000:00000000 00:00000000 "
			 "00000000   993        0 8 2 0000000000000000 0"),
		&listener),
	    KM_ERR_NOT_FOUND);
}

static void test_unix(void **state)
{
	struct km_listener listener;

	(void)state;
	assert_int_equal(km_listeners_parse(KM_LISTENERS_UNIX,
			     KM_BYTES("0000000000000000: 00000002 00000000 00010000 0005 01 4711 "
				      "/var/lib/komainu/control.sock"),
			     &listener),
	    0);
	assert_string_equal(listener.address, "/var/lib/komainu/control.sock");
	assert_int_equal(listener.inode, 4711);
	assert_false(listener.has_uid);
	assert_int_equal(
	    km_listeners_parse(KM_LISTENERS_UNIX,
		KM_BYTES("0000000000000000: 00000003 00000000 00000000 0001 03 4712"), &listener),
	    KM_ERR_NOT_FOUND);
}

static void test_link(void **state)
{
	uint64_t inode = 0;

	(void)state;
	assert_int_equal(km_listeners_parse_link(KM_BYTES("socket:[123]"), &inode), 0);
	assert_int_equal(inode, 123);
	assert_int_equal(km_listeners_parse_link(KM_BYTES("socket:[]"), &inode), KM_ERR_FORMAT);
	assert_int_equal(km_listeners_parse_link(KM_BYTES("socket:["), &inode), KM_ERR_FORMAT);
	assert_int_equal(km_listeners_parse_link(KM_BYTES("pipe:[123]"), &inode), KM_ERR_FORMAT);
	assert_int_equal(km_listeners_parse_link(KM_BYTES(""), &inode), KM_ERR_FORMAT);
}

/* The kernel's own table has a socket that we open, under our inode. */
static void test_kernel(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof(address);
	struct km_listener listener;
	struct stat info;
	char line[512];
	bool is_found = false;
	FILE *file = NULL;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	(void)state;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(fstat(fd, &info), 0);
	file = fopen("/proc/self/net/tcp", "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (km_listeners_parse(KM_LISTENERS_TCP, km_bytes_text(line), &listener) == 0 &&
		    listener.inode == info.st_ino) {
			is_found = true;
			assert_int_equal(listener.port, ntohs(address.sin_port));
			assert_int_equal(listener.uid, geteuid());
		}
	}
	assert_true(is_found);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(close(fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_v6_and_udp),
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_kernel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
