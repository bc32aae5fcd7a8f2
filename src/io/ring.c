#include "io/ring.h"

#include "base/checked.h"
#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC        UINT64_C(0x31676e69726d6b0a) /* "\nkmring1", little-endian */
#define CAPACITY_MIN ((size_t)64 * 1024)
#define CAPACITY_MAX ((size_t)1024 * 1024 * 1024)
#define ENTRY_ALIGN  8
#define NEEDED_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL)
#define TRIES        64 /* bound on rereading what the producer changes meanwhile */
#define CACHE_LINE   64

static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "processes share these atomics");

/*
 * The header page. Only magic and capacity are constant; the rest is stored by the producer and
 * loaded by readers, once for each decision.
 *
 * `begun` and `done` count entries; a commit moves begun, head, done in this order, so that a
 * reader that finds begun == done around its load of head has a matching pair.
 */
struct shared {
	_Atomic uint64_t magic;
	_Atomic uint64_t capacity;
	_Alignas(CACHE_LINE) _Atomic uint64_t reserved;
	_Atomic uint64_t head;
	_Atomic uint64_t tail; /* the oldest entry; stored before `reserved` */
	_Atomic uint64_t begun;
	_Atomic uint64_t done;
};

/*
 * In front of each payload, as five words so that both sides can move it with atomic accesses.
 * Entries begin at multiples of ENTRY_ALIGN.
 */
enum word {
	WORD_SERIAL,
	WORD_TICKS,
	WORD_UNIX_US,
	WORD_SIZE_AND_KIND,   /* size 0..31, kind 32..39, track 40..47, flags 48..63 */
	WORD_OFFSET_AND_LOST, /* decode_offset_ticks 0..31, lost 32..63 */
	WORD_COUNT,
};

#define ENTRY_HEADER (WORD_COUNT * sizeof(uint64_t))

struct km_ring {
	struct shared *shared; /* the whole map: header page, data, data again */
	uint8_t *data;
	size_t header_bytes;
	size_t capacity;
	int memory_fd;
	int event_fd;
	bool is_producer;
	/* The producer's own books: it never reads them back from shared memory. */
	bool is_begun;
	bool is_watched;
	size_t begun_bytes; /* payload room of the entry begun */
	uint64_t head;
	uint64_t tail;
	uint64_t reserved;
	uint64_t serial;
};

static size_t page_bytes(void)
{
	long bytes = sysconf(_SC_PAGESIZE);

	assert(bytes >= 4096);
	return (size_t)bytes;
}

/* Bytes of an entry with its header and padding. The caller has bounded payload_bytes. */
static size_t entry_bytes(size_t payload_bytes)
{
	return (ENTRY_HEADER + payload_bytes + ENTRY_ALIGN - 1) & ~(size_t)(ENTRY_ALIGN - 1);
}

/* Where a position lies. Because data is mapped twice, capacity bytes from here are contiguous. */
static uint8_t *data_at(const struct km_ring *ring, uint64_t position)
{
	return ring->data + position % ring->capacity;
}

static _Atomic uint64_t *words_at(const struct km_ring *ring, uint64_t position)
{
	return (_Atomic uint64_t *)(void *)data_at(ring, position);
}

/* Map the header page and the data area twice in a row. */
static int map_twice(struct km_ring *ring, int protection)
{
	size_t first = ring->header_bytes + ring->capacity;
	size_t whole = first + ring->capacity;
	uint8_t *base = mmap(NULL, whole, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED) {
		return KM_ERR_SYS;
	}
	if (mmap(base, first, protection, MAP_SHARED | MAP_FIXED, ring->memory_fd, 0) ==
		MAP_FAILED ||
	    mmap(base + first, ring->capacity, protection, MAP_SHARED | MAP_FIXED, ring->memory_fd,
		(off_t)ring->header_bytes) == MAP_FAILED) {
		int saved = errno;

		(void)munmap(base, whole);
		errno = saved;
		return KM_ERR_SYS;
	}
	ring->shared = (struct shared *)(void *)base;
	ring->data = base + ring->header_bytes;
	return 0;
}

static struct km_ring *new_ring(size_t capacity)
{
	struct km_ring *ring = calloc(1, sizeof(*ring));

	if (ring != NULL) {
		ring->header_bytes = page_bytes();
		ring->capacity = capacity;
		ring->memory_fd = -1;
		ring->event_fd = -1;
	}
	return ring;
}

int km_ring_create(size_t bytes, struct km_ring **ret_ring)
{
	size_t page = page_bytes();
	struct km_ring *ring = NULL;
	int err = KM_ERR_SYS;

	if (bytes < CAPACITY_MIN || bytes > CAPACITY_MAX) {
		return KM_ERR_RANGE;
	}
	ring = new_ring((bytes + page - 1) & ~(page - 1));
	if (ring == NULL) {
		return KM_ERR_MEMORY;
	}
	ring->is_producer = true;
	ring->memory_fd = memfd_create("km-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ring->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (ring->memory_fd < 0 || ring->event_fd < 0 ||
	    ftruncate(ring->memory_fd, (off_t)(ring->header_bytes + ring->capacity)) < 0) {
		goto out;
	}
	err = map_twice(ring, PROT_READ | PROT_WRITE);
	if (err < 0) {
		goto out;
	}
	atomic_store_explicit(&ring->shared->capacity, ring->capacity, memory_order_relaxed);
	atomic_store_explicit(&ring->shared->magic, MAGIC, memory_order_release);
	/* Only now: our own map must be writable, all later ones must not. */
	if (fcntl(ring->memory_fd, F_ADD_SEALS, NEEDED_SEALS) < 0) {
		err = KM_ERR_SYS;
		goto out;
	}
	*ret_ring = ring;
	ring = NULL;
out:
	km_ring_destroy(ring);
	return err;
}

/* Move the tail past every entry that room up to `reserved` would overwrite. */
static void drop_oldest(struct km_ring *ring, uint64_t reserved)
{
	while (ring->tail < ring->head && reserved - ring->tail > ring->capacity) {
		uint64_t word = atomic_load_explicit(
		    &words_at(ring, ring->tail)[WORD_SIZE_AND_KIND], memory_order_relaxed);

		ring->tail += entry_bytes((uint32_t)word);
	}
}

uint8_t *km_ring_reserve(struct km_ring *ring, size_t bytes)
{
	uint64_t reserved = 0;

	assert(ring->is_producer);
	if (bytes > ring->capacity / 2 - ENTRY_HEADER - ENTRY_ALIGN) {
		return NULL;
	}
	if (!ring->is_begun || bytes > ring->begun_bytes) {
		ring->begun_bytes = bytes;
	}
	ring->is_begun = true;
	reserved = ring->head + entry_bytes(bytes);
	if (reserved > ring->reserved) {
		drop_oldest(ring, reserved);
		ring->reserved = reserved;
		atomic_store_explicit(&ring->shared->tail, ring->tail, memory_order_relaxed);
		atomic_store_explicit(&ring->shared->reserved, reserved, memory_order_release);
		/* No byte of the entry may become visible before `reserved` does: this pairs with
		 * the acquire fence in km_ring_is_valid. */
		atomic_thread_fence(memory_order_release);
	}
	return data_at(ring, ring->head) + ENTRY_HEADER;
}

void km_ring_commit(struct km_ring *ring, const struct km_ring_entry *entry, size_t size)
{
	struct shared *shared = ring->shared;
	_Atomic uint64_t *words = words_at(ring, ring->head);
	uint64_t values[WORD_COUNT] = {
		[WORD_SERIAL] = ring->serial,
		[WORD_TICKS] = (uint64_t)entry->ticks,
		[WORD_UNIX_US] = (uint64_t)entry->unix_us,
		[WORD_SIZE_AND_KIND] = (uint64_t)size | (uint64_t)(uint8_t)entry->kind << 32 |
				       (uint64_t)entry->track << 40 | (uint64_t)entry->flags << 48,
		[WORD_OFFSET_AND_LOST] =
		    (uint64_t)(uint32_t)entry->decode_offset_ticks | (uint64_t)entry->lost << 32,
	};

	assert(ring->is_begun && size <= ring->begun_bytes);
	for (size_t i = 0; i < WORD_COUNT; i++) {
		atomic_store_explicit(&words[i], values[i], memory_order_relaxed);
	}
	ring->is_begun = false;
	ring->begun_bytes = 0;
	ring->head += entry_bytes(size);
	ring->serial++;
	atomic_store_explicit(&shared->begun, ring->serial, memory_order_relaxed);
	atomic_store_explicit(&shared->head, ring->head, memory_order_release);
	atomic_store_explicit(&shared->done, ring->serial, memory_order_release);
	if (ring->is_watched) {
		uint64_t one = 1;

		/* EAGAIN: somebody has filled the counter; its readers then look on their timers.
		 */
		(void)!write(ring->event_fd, &one, sizeof(one));
	}
}

int km_ring_write(struct km_ring *ring, const struct km_ring_entry *entry, struct km_bytes payload)
{
	uint8_t *to = km_ring_reserve(ring, payload.size);

	if (to == NULL) {
		return KM_ERR_LIMIT;
	}
	if (payload.size > 0) {
		memcpy(to, payload.data, payload.size);
	}
	km_ring_commit(ring, entry, payload.size);
	return 0;
}

void km_ring_set_watched(struct km_ring *ring, bool is_watched)
{
	assert(ring->is_producer);
	ring->is_watched = is_watched;
}

/* The size of the data area that the file and its header agree on. */
static int check_memory(int memory_fd, size_t *ret_capacity)
{
	size_t page = page_bytes();
	struct stat status;
	int seals = fcntl(memory_fd, F_GET_SEALS);

	/* Without the seals on size, the producer could shrink the file under the map: SIGBUS. */
	if (seals < 0 || (seals & NEEDED_SEALS) != NEEDED_SEALS) {
		return KM_ERR_FORMAT;
	}
	if (fstat(memory_fd, &status) < 0) {
		return KM_ERR_SYS;
	}
	if (status.st_size < (off_t)(page + CAPACITY_MIN) ||
	    status.st_size > (off_t)(page + CAPACITY_MAX) || (size_t)status.st_size % page != 0) {
		return KM_ERR_RANGE;
	}
	*ret_capacity = (size_t)status.st_size - page;
	return 0;
}

int km_ring_attach(int memory_fd, int event_fd, struct km_ring **ret_ring)
{
	struct km_ring *ring = NULL;
	size_t capacity = 0;
	int err = check_memory(memory_fd, &capacity);

	if (err < 0) {
		return err;
	}
	ring = new_ring(capacity);
	if (ring == NULL) {
		return KM_ERR_MEMORY;
	}
	ring->memory_fd = memory_fd;
	err = map_twice(ring, PROT_READ);
	if (err < 0) {
		goto out;
	}
	if (atomic_load_explicit(&ring->shared->magic, memory_order_acquire) != MAGIC ||
	    atomic_load_explicit(&ring->shared->capacity, memory_order_relaxed) != capacity) {
		err = KM_ERR_FORMAT;
		goto out;
	}
	ring->event_fd = event_fd;
	*ret_ring = ring;
	return 0;
out:
	ring->memory_fd = -1; /* stays the caller's */
	km_ring_destroy(ring);
	return err;
}

bool km_ring_is_valid(const struct km_ring *ring, uint64_t position)
{
	uint64_t reserved = 0;

	/* Every load of the entry before this call comes before the load of `reserved`. */
	atomic_thread_fence(memory_order_acquire);
	reserved = atomic_load_explicit(&ring->shared->reserved, memory_order_acquire);
	/* A `reserved` below position wraps to a huge difference, and is refused with it. */
	return reserved - position <= ring->capacity;
}

struct km_ring_cursor km_ring_newest(const struct km_ring *ring)
{
	struct shared *shared = ring->shared;
	struct km_ring_cursor cursor = { 0 };

	for (int i = 0; i < TRIES; i++) {
		uint64_t begun = 0;

		cursor.serial = atomic_load_explicit(&shared->done, memory_order_acquire);
		cursor.position = atomic_load_explicit(&shared->head, memory_order_acquire);
		begun = atomic_load_explicit(&shared->begun, memory_order_relaxed);
		if (begun == cursor.serial) {
			break;
		}
		/* Else a commit is going on, or the producer died in one; then serial is at most
		 * that of the next entry, which only looks like a jump. */
	}
	return cursor;
}

struct km_ring_cursor km_ring_oldest(const struct km_ring *ring)
{
	for (int i = 0; i < TRIES; i++) {
		uint64_t tail = atomic_load_explicit(&ring->shared->tail, memory_order_acquire);
		uint64_t head = atomic_load_explicit(&ring->shared->head, memory_order_acquire);
		uint64_t serial = 0;

		if (head - tail < ENTRY_HEADER || head - tail > ring->capacity ||
		    tail % ENTRY_ALIGN != 0) {
			break; /* empty, or nonsense */
		}
		serial =
		    atomic_load_explicit(&words_at(ring, tail)[WORD_SERIAL], memory_order_relaxed);
		if (km_ring_is_valid(ring, tail)) {
			return (struct km_ring_cursor){ .position = tail, .serial = serial };
		}
	}
	return km_ring_newest(ring);
}

static struct km_ring_entry entry_from(const uint64_t values[static WORD_COUNT])
{
	uint64_t kind_word = values[WORD_SIZE_AND_KIND];
	uint64_t lost_word = values[WORD_OFFSET_AND_LOST];

	return (struct km_ring_entry){
		.serial = values[WORD_SERIAL],
		.ticks = (int64_t)values[WORD_TICKS],
		.unix_us = (int64_t)values[WORD_UNIX_US],
		.payload.size = (uint32_t)kind_word,
		.kind = (enum km_ring_kind)((kind_word >> 32) & 0xff),
		.track = (uint8_t)(kind_word >> 40),
		.flags = (uint16_t)(kind_word >> 48),
		.decode_offset_ticks = (int32_t)(uint32_t)lost_word,
		.lost = (uint32_t)(lost_word >> 32),
	};
}

int km_ring_next(
    const struct km_ring *ring, struct km_ring_cursor *cursor, struct km_ring_entry *ret_entry)
{
	uint64_t position = cursor->position;
	uint64_t head = atomic_load_explicit(&ring->shared->head, memory_order_acquire);
	uint64_t distance = head - position; /* huge if head went backwards */
	uint64_t values[WORD_COUNT];
	struct km_ring_entry entry;

	if (distance == 0) {
		return KM_ERR_AGAIN;
	}
	if (distance > INT64_MAX || distance % ENTRY_ALIGN != 0 || position % ENTRY_ALIGN != 0) {
		return KM_ERR_FORMAT;
	}
	if (!km_ring_is_valid(ring, position)) {
		*cursor = km_ring_oldest(ring);
		return KM_ERR_STALE;
	}
	if (distance < ENTRY_HEADER || distance > ring->capacity) {
		return KM_ERR_FORMAT;
	}
	for (size_t i = 0; i < WORD_COUNT; i++) {
		values[i] =
		    atomic_load_explicit(&words_at(ring, position)[i], memory_order_relaxed);
	}
	/* A header that was overwritten under our hands says nothing about its writer. */
	if (!km_ring_is_valid(ring, position)) {
		*cursor = km_ring_oldest(ring);
		return KM_ERR_STALE;
	}
	entry = entry_from(values);
	if (entry.payload.size > ring->capacity / 2 || entry_bytes(entry.payload.size) > distance ||
	    entry.kind < KM_RING_TRACKS || entry.kind > KM_RING_END ||
	    entry.serial < cursor->serial) {
		return KM_ERR_FORMAT;
	}
	entry.position = position;
	entry.payload.data = data_at(ring, position) + ENTRY_HEADER;
	cursor->position = position + entry_bytes(entry.payload.size);
	cursor->serial = entry.serial + 1;
	*ret_entry = entry;
	return 0;
}

size_t km_ring_capacity(const struct km_ring *ring)
{
	return ring->capacity;
}

int km_ring_memory_fd(const struct km_ring *ring)
{
	return ring->memory_fd;
}

int km_ring_event_fd(const struct km_ring *ring)
{
	return ring->event_fd;
}

void km_ring_destroy(struct km_ring *ring)
{
	int saved = errno;

	if (ring == NULL) {
		return;
	}
	if (ring->shared != NULL) {
		(void)munmap(ring->shared, ring->header_bytes + 2 * ring->capacity);
	}
	if (ring->memory_fd >= 0) {
		(void)close(ring->memory_fd);
	}
	if (ring->event_fd >= 0) {
		(void)close(ring->event_fd);
	}
	free(ring);
	errno = saved;
}
