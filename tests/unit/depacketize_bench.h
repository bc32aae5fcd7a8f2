/*
 * What the tests of proto/depacketize share: packets to send, and what came out.
 */
#ifndef KM_TESTS_DEPACKETIZE_BENCH_H
#define KM_TESTS_DEPACKETIZE_BENCH_H

#include "proto/depacketize.h"

#define BENCH_PACKETS_MAX 4000
#define BENCH_STORE_BYTES (1 << 20)
#define BENCH_UNITS_MAX   256
#define BENCH_UNIT_BYTES  (256 * 1024)

/* One case: what is sent, and what came out. Too large for the stack of a sanitizer build. */
struct depacketize_bench {
	uint8_t store[BENCH_STORE_BYTES]; /* payloads and expected units */
	size_t used;
	struct km_rtp_packet packet[BENCH_PACKETS_MAX];
	size_t packet_count;
	struct km_bytes sent[BENCH_UNITS_MAX];
	uint32_t sent_timestamp[BENCH_UNITS_MAX];
	bool sent_key[BENCH_UNITS_MAX];
	size_t sent_count;
	uint8_t unit[2][BENCH_UNIT_BYTES]; /* moves from one to the other and back */
	unsigned unit_index;
	uint8_t received_store[BENCH_STORE_BYTES];
	size_t received_used;
	struct km_bytes received[BENCH_UNITS_MAX];
	struct km_depacketizer_unit info[BENCH_UNITS_MAX];
	size_t received_count;
	unsigned changes;
	int last_error;
	unsigned errors;
	struct km_depacketizer d;
	uint32_t random;
};

extern struct depacketize_bench bench;

/* A new case: a depacketizer for this codec, and random numbers that begin with the seed. */
void bench_begin(enum km_codec codec, uint32_t seed);

uint32_t bench_random(uint32_t limit);

/* Memory that lasts as long as the case. */
uint8_t *bench_take(size_t size);

/* Put a copy of this payload in line. */
void bench_send(const void *payload, size_t size, uint32_t timestamp, bool marker);

/* Push all that was sent, without those that drop() chooses (NULL: all). */
void bench_run(bool (*drop)(size_t index));

#endif
