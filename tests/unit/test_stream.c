/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/time.c crypto/certificate.c crypto/certificate_check.c crypto/certificate_facts.c crypto/certificate_names.c crypto/certificate_pem.c */
/* sources: io/address.c io/clock.c io/loop.c io/tcp.c io/tls.c io/stream.c */
/* libraries: crypto ssl uv threads */
/*
 * Streams against servers on loopback: TCP and TLS, and every way in which they fail.
 */
#include "base/error.h"
#include "base/text.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "io/clock.h"
#include "io/stream.h"
#include "io/tcp.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ECHO_BYTES 300000

enum behaviour { ECHO, SILENT, RESET, CLOSE };

struct server {
	int fd;
	uint16_t port;
	SSL_CTX *context; /* NULL: plain */
	int max_version;
	enum behaviour behaviour;
	size_t echo_bytes;
	pthread_t thread;
};

struct fixture {
	struct km_loop *loop;
	struct km_stream *stream;
	struct km_tls_roots *roots;
	char ca_path[64];
	uint8_t fingerprint[32];
	SSL_CTX *server_context;
	unsigned opened;
	unsigned failed;
	size_t received;
	bool is_echo_right;
	int read_err;
};

static void serve_tls(struct server *server, int fd)
{
	SSL *ssl = SSL_new(server->context);
	static char buffer[16384];
	size_t echoed = 0;
	size_t count = 0;

	assert_non_null(ssl);
	if (server->max_version != 0) {
		(void)SSL_set_min_proto_version(ssl, TLS1_VERSION);
		(void)SSL_set_max_proto_version(ssl, server->max_version);
	}
	(void)SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1) {
		while (echoed < server->echo_bytes &&
		       SSL_read_ex(ssl, buffer, sizeof(buffer), &count) == 1) {
			size_t written = 0;

			(void)SSL_write_ex(ssl, buffer, count, &written);
			echoed += written;
		}
		(void)SSL_shutdown(ssl);
	}
	SSL_free(ssl);
}

static void serve_plain(struct server *server, int fd)
{
	static char buffer[16384];
	size_t echoed = 0;
	ssize_t count = 0;

	while (echoed < server->echo_bytes && (count = read(fd, buffer, sizeof(buffer))) > 0) {
		if (write(fd, buffer, (size_t)count) != count) {
			break;
		}
		echoed += (size_t)count;
	}
}

static void *run_server(void *argument)
{
	struct server *server = argument;
	struct pollfd waiting = { .fd = server->fd, .events = POLLIN };
	struct linger linger = { .l_onoff = 1 };
	int fd = -1;

	if (poll(&waiting, 1, 5000) == 1) {
		fd = accept(server->fd, NULL, NULL);
	}
	if (fd < 0) {
		return NULL;
	}
	switch (server->behaviour) {
	case ECHO:
		if (server->context != NULL) {
			serve_tls(server, fd);
		} else {
			serve_plain(server, fd);
		}
		break;
	case SILENT:
		waiting.fd = fd;
		waiting.events = POLLRDHUP;
		(void)poll(&waiting, 1, 5000);
		break;
	case RESET:
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
		break;
	case CLOSE:
		break;
	}
	(void)close(fd);
	return NULL;
}

static void start_server(struct server *server)
{
	struct km_address address;

	assert_int_equal(km_address_parse(KM_BYTES("127.0.0.1"), 0, &address), 0);
	assert_int_equal(km_tcp_listen(&address, 8, &server->fd), 0);
	assert_int_equal(km_tcp_local_address(server->fd, &address), 0);
	server->port = km_address_port(&address);
	assert_int_equal(pthread_create(&server->thread, NULL, run_server, server), 0);
}

static void stop_server(struct server *server)
{
	(void)pthread_join(server->thread, NULL);
	(void)close(server->fd);
}

static void make_certificate(struct fixture *fixture)
{
	struct km_buf certificate;
	struct km_buf key;
	BIO *bio = NULL;
	X509 *x509 = NULL;
	EVP_PKEY *pkey = NULL;
	int fd = -1;

	km_buf_init(&certificate, 65536);
	km_buf_init(&key, 65536);
	assert_int_equal(km_certificate_make(
			     "localhost,127.0.0.1,::1", km_clock_unix_us(), 30, &certificate, &key),
	    0);
	assert_int_equal(
	    km_certificate_fingerprint(km_buf_view(&certificate), fixture->fingerprint), 0);
	assert_int_equal(km_bytes_copy_text(KM_BYTES("/tmp/km-test-stream-XXXXXX"),
			     fixture->ca_path, sizeof(fixture->ca_path)),
	    0);
	fd = mkstemp(fixture->ca_path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, certificate.data, certificate.size), (ssize_t)certificate.size);
	(void)close(fd);
	fixture->server_context = SSL_CTX_new(TLS_server_method());
	bio = BIO_new_mem_buf(certificate.data, (int)certificate.size);
	x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
	BIO_free(bio);
	bio = BIO_new_mem_buf(key.data, (int)key.size);
	pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIO_free(bio);
	assert_int_equal(SSL_CTX_use_certificate(fixture->server_context, x509), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(fixture->server_context, pkey), 1);
	X509_free(x509);
	EVP_PKEY_free(pkey);
	km_buf_finish(&certificate);
	km_buf_wipe(&key);
}

static int set_up_group(void **state)
{
	static struct fixture fixture;

	(void)signal(SIGPIPE, SIG_IGN); /* for the servers in this test alone */
	make_certificate(&fixture);
	assert_int_equal(km_tls_roots_create(fixture.ca_path, &fixture.roots), 0);
	*state = &fixture;
	return 0;
}

static int tear_down_group(void **state)
{
	struct fixture *fixture = *state;

	km_tls_roots_destroy(fixture->roots);
	SSL_CTX_free(fixture->server_context);
	(void)unlink(fixture->ca_path);
	return 0;
}

static int set_up(void **state)
{
	struct fixture *fixture = *state;

	fixture->stream = NULL;
	fixture->opened = 0;
	fixture->failed = 0;
	fixture->received = 0;
	fixture->is_echo_right = true;
	fixture->read_err = 0;
	assert_int_equal(km_loop_create(&fixture->loop), 0);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	km_stream_destroy(fixture->stream);
	km_loop_destroy(fixture->loop);
	return 0;
}

static void on_open(void *context)
{
	struct fixture *fixture = context;

	fixture->opened++;
	km_loop_stop(fixture->loop);
}

static void on_failed(void *context)
{
	struct fixture *fixture = context;

	fixture->failed++;
	km_loop_stop(fixture->loop);
}

static void on_readable(void *context)
{
	struct fixture *fixture = context;
	uint8_t buffer[5000];
	size_t count = 0;
	int err = 0;

	while ((err = km_stream_read(fixture->stream, buffer, sizeof(buffer), &count)) == 0) {
		for (size_t i = 0; i < count; i++) {
			if (buffer[i] != (uint8_t)((fixture->received + i) * 7)) {
				fixture->is_echo_right = false;
			}
		}
		fixture->received += count;
	}
	if (err != KM_ERR_AGAIN) {
		fixture->read_err = err;
		km_loop_stop(fixture->loop);
	}
}

static const struct km_stream_events events = { on_open, on_failed, on_readable };

static struct km_stream_options options_for(uint16_t port)
{
	return (struct km_stream_options){
		.host = "127.0.0.1",
		.port = port,
		.timeout_us = 3 * KM_TIME_SECOND_US,
		.write_max_bytes = 1 << 20,
		.receive_buffer_bytes = 1 << 18,
	};
}

/* Open, and run until on_open or on_failed. */
static void connect_with(struct fixture *fixture, const struct km_stream_options *options)
{
	assert_int_equal(
	    km_stream_create(fixture->loop, options, &events, fixture, &fixture->stream), 0);
	assert_int_equal(fixture->opened + fixture->failed, 0);
	km_loop_run(fixture->loop);
	assert_int_equal(fixture->opened + fixture->failed, 1);
}

static void exchange(struct fixture *fixture)
{
	static uint8_t data[ECHO_BYTES];
	struct km_address local;
	struct km_address peer;

	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] = (uint8_t)(i * 7);
	}
	assert_int_equal(fixture->opened, 1);
	assert_true(km_stream_fd(fixture->stream) >= 0);
	assert_int_equal(km_stream_addresses(fixture->stream, &local, &peer), 0);
	assert_true(km_address_is_same_host(&local, &peer));
	for (size_t at = 0; at < sizeof(data); at += 30000) {
		assert_int_equal(
		    km_stream_write(fixture->stream, km_bytes_from(data + at, 30000)), 0);
	}
	km_stream_set_reading(fixture->stream, true);
	km_loop_run(fixture->loop);
	assert_int_equal(fixture->received, sizeof(data));
	assert_true(fixture->is_echo_right);
	assert_int_equal(fixture->read_err, KM_ERR_CLOSED);
	assert_int_equal(km_stream_failure(fixture->stream)->reason, KM_STREAM_CLOSED);
	assert_int_equal(km_stream_queued_bytes(fixture->stream), 0);
	assert_int_equal(fixture->failed, 0);
}

static void plain_echo(void **state)
{
	struct fixture *fixture = *state;
	struct server server = { .echo_bytes = ECHO_BYTES };
	struct km_stream_options options;
	struct km_tls_peer peer;

	start_server(&server);
	options = options_for(server.port);
	connect_with(fixture, &options);
	exchange(fixture);
	assert_false(km_stream_tls_peer(fixture->stream, &peer));
	stop_server(&server);
}

static void name_is_looked_up(void **state)
{
	struct fixture *fixture = *state;
	struct server server = { .echo_bytes = ECHO_BYTES };
	struct km_stream_options options;

	start_server(&server);
	options = options_for(server.port);
	options.host = "localhost";
	connect_with(fixture, &options);
	exchange(fixture);
	stop_server(&server);
}

static void lookup_may_be_abandoned(void **state)
{
	struct fixture *fixture = *state;
	struct km_stream_options options = options_for(1);

	options.host = "localhost";
	assert_int_equal(
	    km_stream_create(fixture->loop, &options, &events, fixture, &fixture->stream), 0);
	km_stream_destroy(fixture->stream);
	fixture->stream = NULL;
	options.host = "";
	assert_int_equal(
	    km_stream_create(fixture->loop, &options, &events, fixture, &fixture->stream),
	    KM_ERR_RANGE);
}

static void tls_echo(struct fixture *fixture, const char *host, const uint8_t *pin, int version)
{
	struct server server = {
		.echo_bytes = ECHO_BYTES, .context = fixture->server_context, .max_version = version
	};
	struct km_stream_options options;
	struct km_tls_peer peer;

	start_server(&server);
	options = options_for(server.port);
	options.host = host;
	options.tls_roots = fixture->roots;
	options.pin = pin;
	connect_with(fixture, &options);
	exchange(fixture);
	assert_true(km_stream_tls_peer(fixture->stream, &peer));
	assert_memory_equal(peer.sha256, fixture->fingerprint, 32);
	assert_string_equal(peer.version, version == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
	assert_non_null(strstr(peer.subject, "localhost"));
	assert_true(peer.not_before_unix_us <= km_clock_unix_us());
	assert_true(peer.not_after_unix_us > km_clock_unix_us() + 28 * KM_TIME_DAY_US);
	stop_server(&server);
}

static void tls_pinned(void **state)
{
	struct fixture *fixture = *state;

	tls_echo(fixture, "127.0.0.1", fixture->fingerprint, 0);
}

static void tls_pinned_1_2(void **state)
{
	struct fixture *fixture = *state;

	tls_echo(fixture, "127.0.0.1", fixture->fingerprint, TLS1_2_VERSION);
}

static void tls_trusted_name(void **state)
{
	tls_echo(*state, "localhost", NULL, 0);
}

static void tls_trusted_address(void **state)
{
	tls_echo(*state, "127.0.0.1", NULL, 0);
}

static void expect_failure(struct fixture *fixture, struct server *server,
    const struct km_stream_options *options, enum km_stream_reason reason, const char *in_text)
{
	const struct km_stream_failure *failure = NULL;

	connect_with(fixture, options);
	failure = km_stream_failure(fixture->stream);
	print_message("%s: %s\n", km_stream_reason_name(failure->reason), failure->text);
	assert_int_equal(fixture->failed, 1);
	assert_int_equal(failure->reason, reason);
	assert_non_null(strstr(failure->text, in_text));
	if (server != NULL) {
		km_stream_destroy(fixture->stream);
		fixture->stream = NULL;
		stop_server(server);
	}
}

static void tls_wrong_pin(void **state)
{
	struct fixture *fixture = *state;
	struct server server = { .context = fixture->server_context };
	struct km_stream_options options;
	uint8_t wrong[32] = { 1, 2, 3 };
	char came[65];

	start_server(&server);
	options = options_for(server.port);
	options.tls_roots = fixture->roots;
	options.pin = wrong;
	assert_int_equal(km_text_write_hex(KM_BYTES_OF(fixture->fingerprint), came, 65), 0);
	expect_failure(fixture, &server, &options, KM_STREAM_TLS_VERIFY, came);
}

static void tls_untrusted(void **state)
{
	struct fixture *fixture = *state;
	struct server server = { .context = fixture->server_context };
	struct km_tls_roots *system_roots = NULL;
	struct km_stream_options options;

	assert_int_equal(km_tls_roots_create(NULL, &system_roots), 0);
	start_server(&server);
	options = options_for(server.port);
	options.tls_roots = system_roots;
	expect_failure(fixture, &server, &options, KM_STREAM_TLS_VERIFY, "pin");
	km_tls_roots_destroy(system_roots);
	assert_int_equal(km_tls_roots_create("/nonexistent", &system_roots), KM_ERR_CONFIG);
}

static void tls_other_address(void **state)
{
	struct fixture *fixture = *state;
	struct server server = { .context = fixture->server_context };
	struct km_tls_roots *roots = fixture->roots;
	struct km_stream_options options;

	/* 127.0.0.0/8 is all loopback, but the certificate names only its first address. */
	start_server(&server);
	(void)close(server.fd);
	(void)pthread_join(server.thread, NULL);
	{
		struct km_address any;

		assert_int_equal(km_address_parse(KM_BYTES("127.0.0.3"), 0, &any), 0);
		assert_int_equal(km_tcp_listen(&any, 8, &server.fd), 0);
		assert_int_equal(km_tcp_local_address(server.fd, &any), 0);
		server.port = km_address_port(&any);
		assert_int_equal(pthread_create(&server.thread, NULL, run_server, &server), 0);
	}
	options = options_for(server.port);
	options.host = "127.0.0.3";
	options.tls_roots = roots;
	expect_failure(fixture, &server, &options, KM_STREAM_TLS_VERIFY, "another name");
}

static void tls_too_old(void **state)
{
	struct fixture *fixture = *state;
	struct server server = { .context = fixture->server_context,
		.max_version = TLS1_1_VERSION };
	struct km_stream_options options;

	start_server(&server);
	options = options_for(server.port);
	options.tls_roots = fixture->roots;
	expect_failure(fixture, &server, &options, KM_STREAM_TLS_PROTOCOL, "1.2 or newer");
}

static void tls_to_a_plain_server(void **state)
{
	struct fixture *fixture = *state;
	struct server server = { .echo_bytes = ECHO_BYTES };
	struct km_stream_options options;

	start_server(&server);
	options = options_for(server.port);
	options.tls_roots = fixture->roots;
	expect_failure(fixture, &server, &options, KM_STREAM_TLS_PROTOCOL, "no TLS connection");
}

static void tls_silence_times_out(void **state)
{
	struct fixture *fixture = *state;
	struct server server = { .behaviour = SILENT };
	struct km_stream_options options;

	start_server(&server);
	options = options_for(server.port);
	options.tls_roots = fixture->roots;
	options.timeout_us = 100000;
	expect_failure(fixture, &server, &options, KM_STREAM_TIMEOUT, "127.0.0.1:");
}

static void tls_reset(void **state)
{
	struct fixture *fixture = *state;
	struct server server = { .behaviour = RESET };
	struct km_stream_options options;

	start_server(&server);
	options = options_for(server.port);
	options.tls_roots = fixture->roots;
	expect_failure(fixture, &server, &options, KM_STREAM_RESET, "reset");
}

static void refused(void **state)
{
	struct fixture *fixture = *state;
	struct km_address address;
	struct km_stream_options options;
	int fd = -1;

	/* Bound but not listening: refused, and nobody else can take the port. */
	assert_int_equal(km_address_parse(KM_BYTES("127.0.0.1"), 0, &address), 0);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, &address.u.any, address.size), 0);
	assert_int_equal(km_tcp_local_address(fd, &address), 0);
	options = options_for(km_address_port(&address));
	expect_failure(fixture, NULL, &options, KM_STREAM_REFUSED, "refused");
	assert_int_equal(km_stream_write(fixture->stream, KM_BYTES("x")), KM_ERR_CLOSED);
	(void)close(fd);
}

/* A listener whose queue is full drops SYNs, as a filtered port does. */
static void connect_times_out(void **state)
{
	struct fixture *fixture = *state;
	struct km_address address;
	struct km_stream_options options;
	int fillers[8];
	int fd = -1;

	assert_int_equal(km_address_parse(KM_BYTES("127.0.0.1"), 0, &address), 0);
	assert_int_equal(km_tcp_listen(&address, 0, &fd), 0);
	assert_int_equal(km_tcp_local_address(fd, &address), 0);
	for (size_t i = 0; i < 8; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)connect(fillers[i], &address.u.any, address.size);
	}
	options = options_for(km_address_port(&address));
	options.timeout_us = 150000;
	expect_failure(fixture, NULL, &options, KM_STREAM_TIMEOUT, "127.0.0.1:");
	for (size_t i = 0; i < 8; i++) {
		(void)close(fillers[i]);
	}
	(void)close(fd);
}

static void full_queue_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct server server = { .behaviour = SILENT };
	struct km_stream_options options;
	static uint8_t data[65536];
	int err = 0;

	start_server(&server);
	options = options_for(server.port);
	connect_with(fixture, &options);
	for (int i = 0; i < 1000 && err == 0; i++) {
		err = km_stream_write(fixture->stream, KM_BYTES_OF(data));
		assert_true(km_stream_queued_bytes(fixture->stream) <= options.write_max_bytes);
	}
	assert_int_equal(err, KM_ERR_LIMIT);
	km_stream_destroy(fixture->stream);
	fixture->stream = NULL;
	stop_server(&server);
}

static void reset_is_told_to_the_reader(void **state)
{
	struct fixture *fixture = *state;
	struct server server = { .behaviour = RESET };
	struct km_stream_options options;

	start_server(&server);
	options = options_for(server.port);
	connect_with(fixture, &options);
	if (fixture->failed ==
	    0) { /* on a busy machine the reset may come before the opening is seen */
		km_stream_set_reading(fixture->stream, true);
		km_loop_run(fixture->loop);
		assert_int_equal(fixture->read_err, KM_ERR_SYS);
	}
	assert_int_equal(km_stream_failure(fixture->stream)->reason, KM_STREAM_RESET);
	assert_int_equal(km_stream_failure(fixture->stream)->system_errno, ECONNRESET);
	stop_server(&server);
}

#define STREAM_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STREAM_TEST(plain_echo),
		STREAM_TEST(name_is_looked_up),
		STREAM_TEST(lookup_may_be_abandoned),
		STREAM_TEST(tls_pinned),
		STREAM_TEST(tls_pinned_1_2),
		STREAM_TEST(tls_trusted_name),
		STREAM_TEST(tls_trusted_address),
		STREAM_TEST(tls_wrong_pin),
		STREAM_TEST(tls_untrusted),
		STREAM_TEST(tls_other_address),
		STREAM_TEST(tls_too_old),
		STREAM_TEST(tls_to_a_plain_server),
		STREAM_TEST(tls_silence_times_out),
		STREAM_TEST(tls_reset),
		STREAM_TEST(refused),
		STREAM_TEST(connect_times_out),
		STREAM_TEST(full_queue_is_told),
		STREAM_TEST(reset_is_told_to_the_reader),
	};

	return cmocka_run_group_tests(tests, set_up_group, tear_down_group);
}
