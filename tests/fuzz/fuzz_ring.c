/* sources: base/error.c io/ring.c */
/*
 * A ring that a taken-over producer filled: the input is laid over the header page and the data
 * area of a sealed memfd, and read as a reader does. Between steps the input changes the header
 * words again. Every payload handed out must lie in the map (each byte is touched under ASan;
 * outside the map is a fault), and cursors must not run backwards except to the oldest entry.
 */
#include "base/error.h"
#include "io/ring.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define DATA_BYTES   65536
#define HEADER_BYTES 4096
#define STEPS        200

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile uint8_t sink;

static void read_all(const struct km_ring *ring, struct km_ring_cursor cursor, uint8_t *shared,
    const uint8_t *changes, size_t change_count)
{
	for (size_t step = 0; step < STEPS; step++) {
		struct km_ring_entry entry;
		struct km_ring_cursor before = cursor;
		int err = km_ring_next(ring, &cursor, &entry);

		if (err == KM_ERR_AGAIN || err == KM_ERR_FORMAT) {
			break;
		}
		if (err == 0) {
			if (cursor.position <= before.position ||
			    entry.payload.size > DATA_BYTES / 2) {
				__builtin_trap();
			}
			for (size_t i = 0; i < entry.payload.size; i += 61) {
				sink = entry.payload.data[i];
			}
			if (entry.payload.size > 0) {
				sink = entry.payload.data[entry.payload.size - 1];
			}
			(void)km_ring_is_valid(ring, entry.position);
		}
		if (step < change_count) {
			/* One byte of the five words reserved, head, tail, begun, done. */
			shared[64 + changes[step] % 40] ^= changes[change_count - 1 - step];
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_ring *producer = NULL;
	struct km_ring *reader = NULL;
	uint8_t *shared = NULL;
	size_t header = size < 64 ? size : 64;
	int memory_fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	/* Magic and capacity from a true ring, so that attach lets most inputs pass. */
	if (memory_fd < 0 || event_fd < 0 || ftruncate(memory_fd, HEADER_BYTES + DATA_BYTES) < 0 ||
	    km_ring_create(DATA_BYTES, &producer) < 0) {
		__builtin_trap();
	}
	shared =
	    mmap(NULL, HEADER_BYTES + DATA_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0);
	if (shared == MAP_FAILED || pread(km_ring_memory_fd(producer), shared, 64, 0) != 64) {
		__builtin_trap();
	}
	if (size > 0) {
		memcpy(shared + 64, data, header);
		memcpy(shared + HEADER_BYTES, data + header,
		    size - header < DATA_BYTES ? size - header : DATA_BYTES);
	}
	(void)fcntl(memory_fd, F_ADD_SEALS,
	    F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL);
	if (km_ring_attach(memory_fd, event_fd, &reader) < 0) {
		__builtin_trap();
	}
	read_all(reader, km_ring_oldest(reader), shared, data, size < 32 ? size : 32);
	read_all(reader, km_ring_newest(reader), shared, data, size < 8 ? size : 8);
	read_all(reader, (struct km_ring_cursor){ 0 }, shared, data, 0);
	(void)munmap(shared, HEADER_BYTES + DATA_BYTES);
	km_ring_destroy(reader);
	km_ring_destroy(producer);
	return 0;
}
