/* sources: base/error.c base/bytes.c base/buf.c io/ring.c */
/*
 * The ring, seen through a second map as in another process: properties under random sizes, a
 * racing producer thread, and what attach refuses.
 */
#include "base/error.h"
#include "io/ring.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define RING_BYTES 65536

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* Each word of a payload tells its serial, so a torn one shows. */
static void fill(uint8_t *to, size_t size, uint64_t serial)
{
	for (size_t i = 0; i < size; i++) {
		to[i] = (uint8_t)(serial * 31 + i / 8);
	}
}

static bool is_filled(struct km_bytes payload, uint64_t serial)
{
	for (size_t i = 0; i < payload.size; i++) {
		if (payload.data[i] != (uint8_t)(serial * 31 + i / 8)) {
			return false;
		}
	}
	return true;
}

static struct km_ring_entry sample(uint64_t serial)
{
	return (struct km_ring_entry){
		.kind = KM_RING_SAMPLE,
		.track = 1,
		.flags = KM_RING_KEY,
		.ticks = (int64_t)serial * 3600 - 7,
		.decode_offset_ticks = -(int32_t)(serial % 1000),
		.lost = (uint32_t)serial,
		.unix_us = INT64_MIN + (int64_t)serial,
	};
}

static struct km_ring *create(size_t bytes)
{
	struct km_ring *ring = NULL;

	assert_int_equal(km_ring_create(bytes, &ring), 0);
	return ring;
}

static struct km_ring *attach(const struct km_ring *producer)
{
	struct km_ring *reader = NULL;

	assert_int_equal(km_ring_attach(dup(km_ring_memory_fd(producer)),
			     dup(km_ring_event_fd(producer)), &reader),
	    0);
	return reader;
}

static void put(struct km_ring *ring, uint64_t serial, size_t size)
{
	struct km_ring_entry entry = sample(serial);
	uint8_t *to = km_ring_reserve(ring, size);

	assert_non_null(to);
	fill(to, size, serial);
	km_ring_commit(ring, &entry, size);
}

static void entry_comes_back_whole(void **state)
{
	struct km_ring *ring = create(RING_BYTES);
	struct km_ring *reader = attach(ring);
	struct km_ring_cursor cursor = km_ring_oldest(reader);
	struct km_ring_entry entry;
	struct km_ring_entry wrote = sample(0);

	(void)state;
	assert_int_equal(km_ring_next(reader, &cursor, &entry), KM_ERR_AGAIN);
	put(ring, 0, 1234);
	assert_int_equal(km_ring_next(reader, &cursor, &entry), 0);
	assert_int_equal(entry.position, 0);
	assert_int_equal(entry.serial, 0);
	assert_int_equal(entry.kind, wrote.kind);
	assert_int_equal(entry.track, wrote.track);
	assert_int_equal(entry.flags, wrote.flags);
	assert_true(entry.ticks == wrote.ticks);
	assert_int_equal(entry.decode_offset_ticks, wrote.decode_offset_ticks);
	assert_int_equal(entry.lost, wrote.lost);
	assert_true(entry.unix_us == wrote.unix_us);
	assert_int_equal(entry.payload.size, 1234);
	assert_true(is_filled(entry.payload, 0));
	assert_true(km_ring_is_valid(reader, entry.position));
	assert_int_equal(km_ring_next(reader, &cursor, &entry), KM_ERR_AGAIN);
	assert_int_equal(km_ring_capacity(reader), km_ring_capacity(ring));
	km_ring_destroy(reader);
	km_ring_destroy(ring);
}

static void growing_keeps_the_address(void **state)
{
	struct km_ring *ring = create(RING_BYTES);
	struct km_ring *reader = attach(ring);
	struct km_ring_cursor cursor = km_ring_oldest(reader);
	struct km_ring_entry entry = sample(0);
	uint8_t *to = km_ring_reserve(ring, 10);

	(void)state;
	for (size_t size = 20; size <= 30000; size += 1000) {
		assert_ptr_equal(km_ring_reserve(ring, size), to);
		fill(to, size, 0);
	}
	/* Reserving less than before takes nothing back. */
	assert_ptr_equal(km_ring_reserve(ring, 5), to);
	assert_null(km_ring_reserve(ring, RING_BYTES / 2));
	km_ring_commit(ring, &entry, 19020);
	assert_int_equal(km_ring_next(reader, &cursor, &entry), 0);
	assert_int_equal(entry.payload.size, 19020);
	assert_true(is_filled(entry.payload, 0));
	km_ring_destroy(reader);
	km_ring_destroy(ring);
}

static void too_large_is_refused(void **state)
{
	struct km_ring *ring = create(RING_BYTES);
	struct km_ring_entry entry = sample(0);
	static uint8_t big[RING_BYTES];

	(void)state;
	assert_null(km_ring_reserve(ring, SIZE_MAX));
	assert_null(km_ring_reserve(ring, RING_BYTES / 2));
	assert_int_equal(
	    km_ring_write(ring, &entry, km_bytes_from(big, sizeof(big))), KM_ERR_LIMIT);
	assert_int_equal(km_ring_write(ring, &entry, km_bytes_from(NULL, 0)), 0);
	km_ring_destroy(ring);
}

/*
 * Random sizes, a reader that keeps up by chance: every entry read is whole, serials rise, and
 * every serial is either read or counted as missed.
 */
static void random_traffic_adds_up(void **state)
{
	struct km_ring *ring = create(RING_BYTES);
	struct km_ring *reader = attach(ring);
	struct km_ring_cursor cursor = km_ring_oldest(reader);
	uint64_t random = 88172645463325252u;
	uint64_t serial = 0;
	uint64_t expected = 0;
	uint64_t read = 0;
	uint64_t missed = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		uint64_t writes = next_random(&random) % 12;
		uint64_t reads = next_random(&random) % 12;

		for (uint64_t i = 0; i < writes; i++) {
			size_t size = next_random(&random) % (i == 0 ? 30000 : 900);

			put(ring, serial++, size);
		}
		for (uint64_t i = 0; i < reads; i++) {
			struct km_ring_entry entry;
			int err = km_ring_next(reader, &cursor, &entry);

			if (err == KM_ERR_AGAIN) {
				break;
			}
			if (err == KM_ERR_STALE) {
				continue;
			}
			assert_int_equal(err, 0);
			assert_true(entry.serial >= expected);
			missed += entry.serial - expected;
			expected = entry.serial + 1;
			read++;
			assert_true(entry.ticks == sample(entry.serial).ticks);
			assert_true(is_filled(entry.payload, entry.serial));
			assert_true(km_ring_is_valid(reader, entry.position));
		}
	}
	assert_int_equal(read + missed, expected);
	assert_true(read > 1000 && missed > 1000);
	km_ring_destroy(reader);
	km_ring_destroy(ring);
}

static void oldest_is_as_old_as_fits(void **state)
{
	struct km_ring *ring = create(RING_BYTES);
	struct km_ring *reader = attach(ring);
	struct km_ring_cursor cursor;
	struct km_ring_entry entry;
	unsigned count = 0;

	(void)state;
	for (uint64_t i = 0; i < 1000; i++) {
		put(ring, i, 1000);
	}
	cursor = km_ring_oldest(reader);
	assert_true(km_ring_is_valid(reader, cursor.position));
	while (km_ring_next(reader, &cursor, &entry) == 0) {
		count++;
	}
	/* 40 bytes of header each: 63 of 1040 fit into 65536. */
	assert_int_equal(count, 63);
	assert_int_equal(entry.serial, 999);

	cursor = km_ring_newest(reader);
	assert_int_equal(cursor.serial, 1000);
	assert_int_equal(km_ring_next(reader, &cursor, &entry), KM_ERR_AGAIN);
	put(ring, 1000, 8);
	assert_int_equal(km_ring_next(reader, &cursor, &entry), 0);
	assert_int_equal(entry.serial, 1000);
	km_ring_destroy(reader);
	km_ring_destroy(ring);
}

static void slow_reader_is_told(void **state)
{
	struct km_ring *ring = create(RING_BYTES);
	struct km_ring *reader = attach(ring);
	struct km_ring_cursor cursor = km_ring_oldest(reader);
	struct km_ring_entry entry;
	struct km_ring_entry next;

	(void)state;
	put(ring, 0, 1000);
	assert_int_equal(km_ring_next(reader, &cursor, &entry), 0);
	for (uint64_t i = 1; i <= 100; i++) {
		put(ring, i, 1000);
	}
	assert_false(km_ring_is_valid(reader, entry.position));
	assert_int_equal(km_ring_next(reader, &cursor, &next), KM_ERR_STALE);
	assert_int_equal(km_ring_next(reader, &cursor, &next), 0);
	assert_int_equal(next.serial, 38);
	/* Reserving alone makes old entries invalid too. */
	assert_true(km_ring_is_valid(reader, next.position));
	assert_non_null(km_ring_reserve(ring, 20000));
	assert_false(km_ring_is_valid(reader, next.position));
	km_ring_destroy(reader);
	km_ring_destroy(ring);
}

struct race {
	struct km_ring *ring;
	uint64_t count;
	_Atomic bool is_done;
};

static void *race_producer(void *argument)
{
	struct race *race = argument;
	uint64_t random = 0x9e3779b97f4a7c15u;

	for (uint64_t serial = 0; serial < race->count; serial++) {
		put(race->ring, serial, 64 + next_random(&random) % 4000);
	}
	atomic_store(&race->is_done, true);
	return NULL;
}

/* What is_valid vouches for is whole, however hard the producer laps us. */
static void racing_thread_never_tears_unnoticed(void **state)
{
	struct race race = { .ring = create(RING_BYTES), .count = 300000 };
	struct km_ring *reader = attach(race.ring);
	struct km_ring_cursor cursor = km_ring_oldest(reader);
	pthread_t thread;
	uint64_t whole = 0;
	uint64_t dropped = 0;
	uint64_t stale = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, race_producer, &race), 0);
	for (;;) {
		struct km_ring_entry entry;
		bool was_done = atomic_load(&race.is_done);
		int err = km_ring_next(reader, &cursor, &entry);
		static uint8_t copy[4096];

		if (err == KM_ERR_AGAIN && was_done) {
			break;
		}
		if (err == KM_ERR_AGAIN) {
			continue;
		}
		if (err == KM_ERR_STALE) {
			stale++;
			continue;
		}
		assert_int_equal(err, 0);
		assert_true(entry.payload.size <= sizeof(copy));
		memcpy(copy, entry.payload.data, entry.payload.size);
		if (!km_ring_is_valid(reader, entry.position)) {
			dropped++;
			continue;
		}
		assert_true(is_filled(km_bytes_from(copy, entry.payload.size), entry.serial));
		assert_true(entry.ticks == sample(entry.serial).ticks);
		whole++;
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(whole > 0);
	print_message("whole %llu, torn and noticed %llu, stale %llu\n", (unsigned long long)whole,
	    (unsigned long long)dropped, (unsigned long long)stale);
	km_ring_destroy(reader);
	km_ring_destroy(race.ring);
}

static void eventfd_only_while_watched(void **state)
{
	struct km_ring *ring = create(RING_BYTES);
	struct km_ring *reader = attach(ring);
	struct pollfd ready = { .fd = km_ring_event_fd(reader), .events = POLLIN };
	uint64_t signals = 0;

	(void)state;
	put(ring, 0, 10);
	assert_int_equal(poll(&ready, 1, 0), 0);
	km_ring_set_watched(ring, true);
	put(ring, 1, 10);
	put(ring, 2, 10);
	assert_int_equal(poll(&ready, 1, 0), 1);
	assert_int_equal(read(ready.fd, &signals, sizeof(signals)), sizeof(signals));
	assert_int_equal(signals, 2);
	km_ring_set_watched(ring, false);
	put(ring, 3, 10);
	assert_int_equal(poll(&ready, 1, 0), 0);
	km_ring_destroy(reader);
	km_ring_destroy(ring);
}

static void readers_cannot_write(void **state)
{
	struct km_ring *ring = create(RING_BYTES);
	int fd = km_ring_memory_fd(ring);
	char byte = 1;

	(void)state;
	assert_ptr_equal(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(pwrite(fd, &byte, 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
	km_ring_destroy(ring);
}

static void attach_refuses(void **state)
{
	struct km_ring *reader = NULL;
	int pipe_fds[2];
	int unsealed = memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;
	int event = eventfd(0, EFD_CLOEXEC);
	int small = memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	int zero = memfd_create("test", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	(void)state;
	assert_int_equal(km_ring_attach(-1, event, &reader), KM_ERR_FORMAT);
	assert_int_equal(pipe(pipe_fds), 0);
	assert_int_equal(km_ring_attach(pipe_fds[0], event, &reader), KM_ERR_FORMAT);
	assert_int_equal(ftruncate(unsealed, 4096 + RING_BYTES), 0);
	assert_int_equal(km_ring_attach(unsealed, event, &reader), KM_ERR_FORMAT);
	assert_int_equal(ftruncate(small, 4096), 0);
	assert_int_equal(fcntl(small, F_ADD_SEALS, seals), 0);
	assert_int_equal(km_ring_attach(small, event, &reader), KM_ERR_RANGE);
	assert_int_equal(ftruncate(zero, 4096 + RING_BYTES), 0);
	assert_int_equal(fcntl(zero, F_ADD_SEALS, seals), 0);
	assert_int_equal(km_ring_attach(zero, event, &reader), KM_ERR_FORMAT);
	assert_null(reader);
	/* What was refused stays ours. */
	assert_int_equal(close(zero), 0);
	assert_int_equal(close(small), 0);
	assert_int_equal(close(unsealed), 0);
	assert_int_equal(close(event), 0);
	assert_int_equal(close(pipe_fds[0]), 0);
	assert_int_equal(close(pipe_fds[1]), 0);
	assert_int_equal(km_ring_create(1000, &reader), KM_ERR_RANGE);
	assert_int_equal(km_ring_create(SIZE_MAX, &reader), KM_ERR_RANGE);
	km_ring_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entry_comes_back_whole),
		cmocka_unit_test(growing_keeps_the_address),
		cmocka_unit_test(too_large_is_refused),
		cmocka_unit_test(random_traffic_adds_up),
		cmocka_unit_test(oldest_is_as_old_as_fits),
		cmocka_unit_test(slow_reader_is_told),
		cmocka_unit_test(racing_thread_never_tears_unnoticed),
		cmocka_unit_test(eventfd_only_while_watched),
		cmocka_unit_test(readers_cannot_write),
		cmocka_unit_test(attach_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
