/*
 * What the journal costs: appending and verifying, each beside its floor in the same run, which is
 * SQLite with the same rows and SHA-256 over the same bytes, and nothing else.
 *
 *     komainu-bench-journal [--entries N]
 *
 * Prints one line for each figure; the exit status is 1 if a goal is missed: 1,000,000 entries
 * verified in 5 s (measured on N and scaled), appending in 100 us at the median.
 */
#include "base/bytes.h"
#include "crypto/digest.h"
#include "guard/journal_walk.h"
#include "io/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ENTRIES_DEFAULT 100000
#define SIGN_EVERY      256
#define GROUP           32 /* entries that come within one wait of the journal, on a busy day */
#define ALONE           300
#define VERIFY_GOAL_S   5.0
#define APPEND_GOAL_US  100.0

struct bench {
	char directory[64];
	struct km_database *database;
	struct km_signature_key *key;
	unsigned entries;
	int64_t *times_us;
	bool is_missed;
};

static const struct km_uuid camera = { .bytes = { 7 } };

static void die(const char *what, int err)
{
	(void)fprintf(stderr, "bench/journal: %s: %s\n", what, km_error_text(err));
	exit(2);
}

static void must(const char *what, int err)
{
	if (err < 0) {
		die(what, err);
	}
}

static int compare(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a;
	int64_t right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static double median_us(int64_t *times_us, unsigned count)
{
	qsort(times_us, count, sizeof(*times_us), compare);
	return (double)times_us[count / 2];
}

static void print(const char *what, double value, const char *unit, double floor)
{
	(void)printf("%-48s %10.3f %-4s", what, value, unit);
	if (floor > 0) {
		(void)printf("  floor %10.3f  x %.2f", floor, value / floor);
	}
	(void)printf("\n");
}

static void judge(struct bench *bench, const char *what, double value, double goal)
{
	if (value > goal) {
		(void)printf("GOAL MISSED: %s: %.3f, at most %.3f\n", what, value, goal);
		bench->is_missed = true;
	}
}

static void open_database(struct bench *bench, const char *name)
{
	char path[100];

	(void)snprintf(path, sizeof(path), "%s/%s.db", bench->directory, name);
	must(path, km_database_open(path, true, &bench->database));
}

static void on_first(void *context)
{
	(void)context;
}

/* --- appending --- */

static int note(struct bench *bench, enum km_event event, unsigned number)
{
	return km_journal_note(bench->database, event, &camera, NULL,
	    "front: entry %u from 192.0.2.77, as long as they usually are", number);
}

/* Each on the disk before the next: what a login costs. */
static double append_alone(struct bench *bench)
{
	for (unsigned i = 0; i < ALONE; i++) {
		int64_t began_us = km_clock_monotonic_us();

		must("append", note(bench, KM_EVENT_LOGIN, i));
		bench->times_us[i] = km_clock_monotonic_us() - began_us;
	}
	return median_us(bench->times_us, ALONE);
}

/* As the guard does with what the machine tells. ret_whole_us: with the transactions, per entry. */
static double append_in_groups(struct bench *bench, double *ret_whole_us)
{
	int64_t whole_us = km_clock_monotonic_us();

	must("queue",
	    km_journal_open_queue(bench->database, KM_BYTES("a key of the bench"), on_first, NULL));
	for (unsigned i = 0; i < bench->entries; i++) {
		int64_t began_us = km_clock_monotonic_us();

		must("append", note(bench, KM_EVENT_CAMERA_UP, i));
		bench->times_us[i] = km_clock_monotonic_us() - began_us;
		if (i % GROUP == GROUP - 1) {
			must("flush", km_journal_flush(bench->database));
		}
	}
	must("flush", km_journal_close_queue(bench->database));
	*ret_whole_us = (double)(km_clock_monotonic_us() - whole_us) / (double)bench->entries;
	return median_us(bench->times_us, bench->entries);
}

/* The same rows, in the same groups, with the same hashes, and nothing of ours. */
static double floor_append(struct bench *bench, unsigned count, unsigned group)
{
	uint8_t bytes[160] = { 0 };
	uint8_t hash[KM_DIGEST_SHA256_BYTES] = { 0 };
	int64_t began_us = km_clock_monotonic_us();

	for (unsigned i = 0; i < count; i++) {
		if (i % group == 0) {
			must("floor", km_database_exec(bench->database, "BEGIN IMMEDIATE"));
		}
		must("floor", km_digest_sha256(KM_BYTES_OF(bytes), hash));
		must("floor",
		    km_database_run(bench->database,
			"INSERT INTO journal (number, unix_us, monotonic_us, event, camera,"
			" account, text, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
			KM_VALUES(KM_NUMBER(i + 1), KM_NUMBER(i), KM_NUMBER(i), KM_NUMBER(10),
			    KM_UUID_DATA(&camera), KM_UUID_DATA(&camera),
			    KM_WORDS("front: entry 100 from 192.0.2.77, as long as they are"),
			    KM_DATA(KM_BYTES_OF(hash))),
			NULL, NULL));
		if (i % group == group - 1 || i + 1 == count) {
			must("floor", km_database_exec(bench->database, "COMMIT"));
		}
	}
	return (double)(km_clock_monotonic_us() - began_us) / (double)count;
}

/* --- verifying --- */

static int on_signed(void *context, sqlite3_stmt *row)
{
	struct bench *bench = context;
	struct km_journal_entry entry;
	struct km_journal_checkpoint checkpoint;
	int err = km_journal_read(row, &entry);

	if (err < 0) {
		return err;
	}
	checkpoint =
	    (struct km_journal_checkpoint){ .number = entry.number, .unix_us = entry.unix_us };
	memcpy(checkpoint.hash, entry.hash, sizeof(checkpoint.hash));
	err = km_journal_chain_sign(bench->key, &checkpoint);
	return err < 0 ? err
		       : km_database_run(bench->database,
			     "INSERT INTO journal_checkpoint (number, unix_us, hash, signature)"
			     " VALUES (?1, ?2, ?3, ?4)",
			     KM_VALUES(KM_NUMBER(checkpoint.number), KM_NUMBER(checkpoint.unix_us),
				 KM_DATA(KM_BYTES_OF(checkpoint.hash)),
				 KM_DATA(KM_BYTES_OF(checkpoint.signature))),
			     NULL, NULL);
}

static void sign_all(struct bench *bench)
{
	must("begin", km_database_exec(bench->database, "BEGIN"));
	must("sign", km_database_run(bench->database,
			 "SELECT " KM_JOURNAL_COLUMNS " FROM journal WHERE number % ?1 = 0",
			 KM_VALUES(KM_NUMBER(SIGN_EVERY)), on_signed, bench));
	must("commit", km_database_exec(bench->database, "COMMIT"));
}

static double seconds_since(int64_t began_us)
{
	return (double)(km_clock_monotonic_us() - began_us) / 1e6;
}

static double verify_rows(struct bench *bench)
{
	struct km_journal_chain chain;
	int64_t began_us = km_clock_monotonic_us();

	km_journal_chain_init(&chain, bench->key);
	must("verify", km_journal_walk_database(bench->database, &chain));
	return seconds_since(began_us) * 1e6 / (double)chain.number;
}

static double verify_lines(struct bench *bench)
{
	struct km_journal_chain chain;
	struct km_journal_walk_file file;
	uint8_t public_key[KM_SIGNATURE_PUBLIC_BYTES];
	char path[100];
	int64_t count = 0;
	int64_t began_us = 0;
	int fd = -1;

	(void)snprintf(path, sizeof(path), "%s/export", bench->directory);
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	must("key", km_signature_public(bench->key, public_key));
	must("export",
	    fd < 0 ? KM_ERR_SYS : km_journal_walk_export(bench->database, fd, public_key, &count));
	(void)lseek(fd, 0, SEEK_SET);
	began_us = km_clock_monotonic_us();
	km_journal_chain_init(&chain, bench->key);
	must("verify lines", km_journal_walk_lines(fd, &chain, &file));
	(void)close(fd);
	(void)unlink(path);
	return seconds_since(began_us) * 1e6 / (double)chain.number;
}

static int on_floor(void *context, sqlite3_stmt *row)
{
	uint8_t hash[KM_DIGEST_SHA256_BYTES];
	struct km_bytes text = km_database_text(row, 6);
	uint8_t bytes[700] = { 0 };

	(void)context;
	for (int i = 0; i < KM_JOURNAL_COLUMN_COUNT; i++) {
		(void)sqlite3_column_bytes(row, i);
	}
	return km_digest_sha256(km_bytes_from(bytes, 100 + text.size), hash);
}

static double floor_verify(struct bench *bench)
{
	int64_t began_us = km_clock_monotonic_us();

	must("floor", km_database_run(bench->database,
			  "SELECT " KM_JOURNAL_COLUMNS " FROM journal ORDER BY number", NULL, 0,
			  on_floor, NULL));
	return seconds_since(began_us) * 1e6 / (double)(bench->entries + ALONE);
}

/* --- all of it --- */

static void measure(struct bench *bench)
{
	double floor_us = 0;
	double floor_alone_us = 0;
	double grouped_us = 0;
	double whole_us = 0;
	double alone_us = 0;
	double rows_us = 0;
	double lines_us = 0;

	open_database(bench, "floor_alone");
	floor_alone_us = floor_append(bench, ALONE, 1);
	km_database_close(bench->database);
	open_database(bench, "floor");
	floor_us = floor_append(bench, bench->entries, GROUP);
	km_database_close(bench->database);
	open_database(bench, "journal");
	alone_us = append_alone(bench);
	grouped_us = append_in_groups(bench, &whole_us);
	sign_all(bench);
	floor_us = floor_us > 0 ? floor_us : 1;
	print("append, on the disk before the answer (median)", alone_us, "us", floor_alone_us);
	print("append, the machine's own (median of the call)", grouped_us, "us", 0);
	print("append, the machine's own (all, per entry)", whole_us, "us", floor_us);
	floor_us = floor_verify(bench);
	rows_us = verify_rows(bench);
	lines_us = verify_lines(bench);
	/* Microseconds for one entry are seconds for a million. */
	print("verify 1,000,000 entries of the database", rows_us, "s", floor_us);
	print("verify 1,000,000 entries of an export", lines_us, "s", floor_us);
	judge(bench, "verify the database", rows_us, VERIFY_GOAL_S);
	judge(bench, "verify an export", lines_us, VERIFY_GOAL_S);
	judge(bench, "append", grouped_us, APPEND_GOAL_US);
	km_database_close(bench->database);
}

static void remove_files(struct bench *bench)
{
	static const char *const names[] = { "floor_alone.db", "floor.db", "journal.db" };
	static const char *const ends[] = { "", "-wal", "-shm" };
	char path[120];

	for (size_t i = 0; i < KM_COUNT(names) * KM_COUNT(ends); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s%s", bench->directory,
		    names[i / KM_COUNT(ends)], ends[i % KM_COUNT(ends)]);
		(void)unlink(path);
	}
	(void)rmdir(bench->directory);
}

int main(int argc, char *argv[])
{
	static const uint8_t seed[KM_SIGNATURE_SEED_BYTES] = { 1 };
	struct bench bench = { .entries = ENTRIES_DEFAULT };
	const char *folder = getenv("TMPDIR");

	if (argc == 3 && strcmp(argv[1], "--entries") == 0) {
		uint32_t entries = 0;

		must(argv[2],
		    km_bytes_parse_u32(km_bytes_text(argv[2]), 100 * 1000 * 1000, &entries));
		bench.entries = entries < ALONE ? ALONE : entries;
	} else if (argc != 1) {
		(void)fprintf(stderr, "usage: %s [--entries N]\n", argv[0]);
		return 2;
	}
	(void)snprintf(bench.directory, sizeof(bench.directory), "%.30s/komainu-journal-XXXXXX",
	    folder == NULL ? "/tmp" : folder);
	bench.times_us = calloc(bench.entries, sizeof(*bench.times_us));
	if (bench.times_us == NULL || mkdtemp(bench.directory) == NULL) {
		die(bench.directory, KM_ERR_SYS);
	}
	must("key", km_signature_create(seed, &bench.key));
	measure(&bench);
	remove_files(&bench);
	km_signature_destroy(bench.key);
	free(bench.times_us);
	return bench.is_missed ? 1 : 0;
}
