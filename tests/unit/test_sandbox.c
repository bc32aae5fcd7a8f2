/* sources: base/error.c base/bytes.c base/buf.c base/text.c io/address.c io/clock.c io/loop.c */
/* sources: io/ring.c io/tcp.c io/tls.c io/stream.c priv/sandbox.c */
/* libraries: uv seccomp sqlite3 crypto ssl threads */
/*
 * Children shut themselves in and then do their work, or try what is forbidden: each must come out
 * with its exit code, or be killed by SIGSYS.
 */
#include "base/error.h"
#include "io/address.h"
#include "io/loop.h"
#include "io/ring.h"
#include "io/stream.h"
#include "io/tcp.h"
#include "priv/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#define DIED_OF_SIGSYS 1000
#define OTHER_END      2000

static char folder[] = "/tmp/km-test-sandbox-XXXXXX";

/* Run `work` in a child under the rules. Its exit code, or DIED_OF_SIGSYS. */
static int run_shut_in(const struct km_sandbox_rules *rules, int (*work)(void))
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		struct km_sandbox_result result;

		if (km_sandbox_apply(rules, &result) < 0) {
			_exit(99);
		}
		_exit(work());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status)) {
		return WEXITSTATUS(status);
	}
	return WTERMSIG(status) == SIGSYS ? DIED_OF_SIGSYS : OTHER_END + WTERMSIG(status);
}

static const struct km_sandbox_rules receiver = { .profiles = KM_SANDBOX_NET_CLIENT };
static const char *const write_paths[] = { folder, NULL };
static const struct km_sandbox_rules writer = { .profiles = KM_SANDBOX_DISK,
	.write_paths = write_paths };
static const struct km_sandbox_rules web = { .profiles = KM_SANDBOX_NET_SERVER | KM_SANDBOX_FILES,
	.read_paths = write_paths };
static const struct km_sandbox_rules bare = { 0 };

/* --- what must not work --- */

static int open_passwd(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? 50 : 0;
}

static int write_elsewhere(void)
{
	return open("/tmp/km-test-elsewhere", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 ? 50 : 0;
}

static int make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? 50 : 0;
}

static int make_raw_socket(void)
{
	return socket(AF_INET, SOCK_RAW, 1) < 0 ? 50 : 0;
}

static int make_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EAFNOSUPPORT ? 50 : 0;
}

static int make_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) < 0 ? 50 : 0;
}

static int execute(void)
{
	(void)execl("/bin/true", "true", (char *)NULL);
	return 0;
}

static int make_process(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		_exit(0);
	}
	return 0;
}

static int make_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED) {
		return 1;
	}
	return mprotect(page, 4096, PROT_READ | PROT_EXEC) < 0 &&
		       mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
		   ? 50
		   : 0;
}

static int kill_parent(void)
{
	return kill(getppid(), 0) < 0 ? 50 : 0;
}

static int trace_parent(void)
{
	return (int)syscall(101 /* x86-64: ptrace */, 16, getppid(), 0, 0) < 0 ? 50 : 0;
}

static int load_filter_off(void)
{
	return prctl(PR_SET_SECCOMP, 0, 0, 0, 0) < 0 ? 50 : 0;
}

static int listen_as_client(void)
{
	struct km_address any;
	int fd = -1;

	return km_address_parse(KM_BYTES("127.0.0.1"), 0, &any) == 0 &&
		       km_tcp_listen(&any, 1, &fd) == 0
		   ? 0
		   : 50;
}

static void forbidden_things_fail(void **state)
{
	(void)state;
	assert_int_equal(run_shut_in(&bare, open_passwd), 50);
	assert_int_equal(run_shut_in(&receiver, open_passwd), 50);
	assert_int_equal(run_shut_in(&writer, open_passwd), 50);
	assert_int_equal(run_shut_in(&web, open_passwd), 50);
	assert_int_equal(run_shut_in(&writer, write_elsewhere), 50);
	assert_int_equal(run_shut_in(&web, write_elsewhere), 50);
	assert_int_equal(run_shut_in(&bare, make_socket), DIED_OF_SIGSYS);
	assert_int_equal(run_shut_in(&writer, make_socket), DIED_OF_SIGSYS);
	assert_int_equal(run_shut_in(&receiver, make_raw_socket), DIED_OF_SIGSYS);
	assert_int_equal(run_shut_in(&receiver, make_packet_socket), DIED_OF_SIGSYS);
	assert_int_equal(run_shut_in(&receiver, make_unix_socket), 50);
	assert_int_equal(run_shut_in(&receiver, execute), DIED_OF_SIGSYS);
	assert_int_equal(run_shut_in(&writer, execute), DIED_OF_SIGSYS);
	assert_int_equal(run_shut_in(&web, execute), DIED_OF_SIGSYS);
	assert_int_equal(run_shut_in(&web, make_code), 50);
	if (!km_sandbox_is_relaxed()) {
		assert_int_equal(run_shut_in(&web, make_process), DIED_OF_SIGSYS);
		assert_int_equal(run_shut_in(&web, kill_parent), DIED_OF_SIGSYS);
		assert_int_equal(run_shut_in(&web, load_filter_off), DIED_OF_SIGSYS);
#ifdef __x86_64__
		assert_int_equal(run_shut_in(&web, trace_parent), DIED_OF_SIGSYS);
#endif
	}
	assert_int_not_equal(run_shut_in(&receiver, listen_as_client), 0);
}

/* --- what must work --- */

static void *thread_body(void *argument)
{
	void *memory = malloc(300000);

	free(memory);
	return argument;
}

static void on_pool_work(uv_work_t *work);
static void on_pool_done(uv_work_t *work, int status);

static int use_threads_and_loop(void)
{
	struct km_loop *loop = NULL;
	pthread_t thread;
	uv_work_t work = { 0 };
	bool is_worked = false;

	if (pthread_create(&thread, NULL, thread_body, NULL) != 0 ||
	    pthread_join(thread, NULL) != 0 || km_loop_create(&loop) < 0) {
		return 1;
	}
	work.data = &is_worked;
	if (uv_queue_work(km_loop_uv(loop), &work, on_pool_work, on_pool_done) < 0) {
		return 2;
	}
	(void)uv_run(km_loop_uv(loop), UV_RUN_ONCE);
	for (int i = 0; i < 100 && !is_worked; i++) {
		(void)uv_run(km_loop_uv(loop), UV_RUN_ONCE);
	}
	km_loop_destroy(loop);
	return is_worked ? 0 : 3;
}

static void on_pool_work(uv_work_t *work)
{
	(void)thread_body(work);
}

static void on_pool_done(uv_work_t *work, int status)
{
	(void)status;
	*(bool *)work->data = true;
}

static int pass_through_a_ring(void)
{
	struct km_ring *ring = NULL;
	struct km_ring *reader = NULL;
	struct km_ring_entry entry = { .kind = KM_RING_END };
	struct km_ring_cursor cursor;

	if (km_ring_create(65536, &ring) < 0) {
		return 10;
	}
	km_ring_set_watched(ring, true);
	if (km_ring_attach(dup(km_ring_memory_fd(ring)), dup(km_ring_event_fd(ring)), &reader) <
	    0) {
		return 11;
	}
	cursor = km_ring_oldest(reader);
	if (km_ring_write(ring, &entry, KM_BYTES("x")) < 0 ||
	    km_ring_next(reader, &cursor, &entry) < 0) {
		return 12;
	}
	km_ring_destroy(reader);
	km_ring_destroy(ring);
	return 0;
}

/* Connect through the loop to a port where nobody listens, by address and by name. */
static struct km_loop *client_loop;

static void on_any(void *context)
{
	(void)context;
	km_loop_stop(client_loop);
}

static int try_stream(const char *host)
{
	static const struct km_stream_events events = { on_any, on_any, on_any };
	struct km_stream_options options = { .host = host,
		.port = 1,
		.timeout_us = 2000000,
		.receive_buffer_bytes = 262144,
		.write_max_bytes = 1000 };
	struct km_stream *stream = NULL;
	enum km_stream_reason reason = KM_STREAM_NO_REASON;

	if (km_loop_create(&client_loop) < 0 ||
	    km_stream_create(client_loop, &options, &events, NULL, &stream) < 0) {
		return -1;
	}
	km_loop_run(client_loop);
	reason = km_stream_failure(stream)->reason;
	km_stream_destroy(stream);
	km_loop_destroy(client_loop);
	return (int)reason;
}

static int work_as_receiver(void)
{
	int err = use_threads_and_loop();

	if (err == 0) {
		err = pass_through_a_ring();
	}
	if (err == 0 && try_stream("127.0.0.1") != KM_STREAM_REFUSED) {
		err = 20;
	}
	/* Without files there is no /etc/hosts; but asking must end in order. */
	if (err == 0 && try_stream("camera.invalid") == -1) {
		err = 21;
	}
	return err;
}

static int run_sql(sqlite3 *database, const char *sql)
{
	return sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

static int work_as_writer(void)
{
	char path[128];
	char other[128];
	sqlite3 *database = NULL;
	uint8_t *map = NULL;
	int err = use_threads_and_loop();
	int fd = -1;

	if (err != 0) {
		return err;
	}
	(void)snprintf(path, sizeof(path), "%s/segment", folder);
	(void)snprintf(other, sizeof(other), "%s/sub", folder);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fallocate(fd, 0, 0, 65536) < 0 || write(fd, "x", 1) != 1 ||
	    pwrite(fd, "y", 1, 9) != 1 || fdatasync(fd) < 0 || mkdir(other, 0700) < 0) {
		return 30;
	}
	map = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED || msync(map, 65536, MS_SYNC) < 0) {
		return 31;
	}
	(void)snprintf(other, sizeof(other), "%s/sub/moved", folder);
	if (rename(path, other) < 0 || unlink(other) < 0) {
		return 32;
	}
	(void)snprintf(path, sizeof(path), "%s/index.db", folder);
	if (sqlite3_open(path, &database) != SQLITE_OK ||
	    run_sql(database, "pragma journal_mode=wal") < 0 ||
	    run_sql(database, "create table t (a); insert into t values (1), (2)") < 0 ||
	    run_sql(database, "pragma wal_checkpoint(truncate); vacuum") < 0) {
		return 33;
	}
	/* Left in WAL mode, as a running writer leaves it for web. */
	return sqlite3_close(database) == SQLITE_OK ? 0 : 34;
}

static int work_as_web(void)
{
	char path[128];
	sqlite3 *database = NULL;
	SSL_CTX *context = NULL;
	struct km_address peer;
	int fd = -1;
	int err = use_threads_and_loop();

	if (err != 0) {
		return err;
	}
	(void)snprintf(path, sizeof(path), "file:%s/index.db", folder);
	if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, NULL) !=
		SQLITE_OK ||
	    run_sql(database, "select sum(a) from t") < 0 || sqlite3_close(database) != SQLITE_OK) {
		return 40;
	}
	context = SSL_CTX_new(TLS_server_method());
	if (context == NULL) {
		return 41;
	}
	SSL_CTX_free(context);
	return km_tcp_accept(100, &fd, &peer) < 0 ? 42 : 0;
}

static void receiver_works(void **state)
{
	(void)state;
	assert_int_equal(run_shut_in(&receiver, work_as_receiver), 0);
}

static void writer_works_then_web(void **state)
{
	struct km_address any;
	int listening = -1;
	int client = -1;
	char path[128];
	sqlite3 *database = NULL;

	(void)state;
	assert_int_equal(run_shut_in(&writer, work_as_writer), 0);
	/* A writer that goes on in WAL mode: web reads beside it, without rights to write. */
	(void)snprintf(path, sizeof(path), "%s/index.db", folder);
	assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
	assert_int_equal(run_sql(database, "insert into t values (3)"), 0);
	/* Web's listening socket is open before it is shut in, as descriptor 100 here. */
	assert_int_equal(km_address_parse(KM_BYTES("127.0.0.1"), 0, &any), 0);
	assert_int_equal(km_tcp_listen(&any, 4, &listening), 0);
	assert_int_equal(km_tcp_local_address(listening, &any), 0);
	assert_int_equal(dup2(listening, 100), 100);
	client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(client, &any.u.any, any.size), 0);
	assert_int_equal(run_shut_in(&web, work_as_web), 0);
	(void)sqlite3_close(database);
	(void)close(100);
	(void)close(listening);
	(void)close(client);
}

static int connect_somewhere(void)
{
	int reason = try_stream("127.0.0.1");

	return reason == KM_STREAM_UNREACHABLE ? 50 : 0; /* EACCES from Landlock, not refused */
}

static void ports_are_restricted(void **state)
{
	static const uint16_t ports[] = { 554, 0 };
	struct km_sandbox_rules rules = { .profiles = KM_SANDBOX_NET_CLIENT,
		.connect_ports = ports };
	struct km_sandbox_result result = { 0 };
	pid_t pid = 0;
	int status = 0;

	(void)state;
	pid = fork();
	if (pid == 0) {
		if (km_sandbox_apply(&rules, &result) < 0) {
			_exit(99);
		}
		_exit(result.has_ports ? connect_somewhere() : 50);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 50);
}

static int debug_work(void)
{
	errno = 0;
	return socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM ? 50 : 0;
}

static void debug_tells_and_goes_on(void **state)
{
	struct km_sandbox_rules rules = { .is_debug = true };

	(void)state;
	assert_int_equal(run_shut_in(&rules, debug_work), 50);
}

static void limits_are_kept(void **state)
{
	static const char *many[KM_SANDBOX_PATHS_MAX + 2];
	struct km_sandbox_rules rules = { .read_paths = many };

	(void)state;
	for (size_t i = 0; i <= KM_SANDBOX_PATHS_MAX; i++) {
		many[i] = "/nonexistent";
	}
	assert_int_equal(run_shut_in(&rules, open_passwd), 99);
}

static void clean_up(void)
{
	char path[128];
	const char *const names[] = { "sub", "index.db", "index.db-wal", "index.db-shm",
		"segment" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		(void)remove(path);
	}
	(void)rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forbidden_things_fail),
		cmocka_unit_test(receiver_works),
		cmocka_unit_test(writer_works_then_web),
		cmocka_unit_test(ports_are_restricted),
		cmocka_unit_test(debug_tells_and_goes_on),
		cmocka_unit_test(limits_are_kept),
	};
	int failed = 0;

	if (mkdtemp(folder) == NULL) {
		return 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	clean_up();
	return failed;
}
