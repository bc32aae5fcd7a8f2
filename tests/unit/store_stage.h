/*
 * What the tests of the store share: a directory, a camera whose pictures can be told apart, a disk
 * that fails when told to, and a reader that checks all that was recorded.
 */
#ifndef KM_TESTS_STORE_STAGE_H
#define KM_TESTS_STORE_STAGE_H

#include "store/recorder.h"

#define STAGE_START_US INT64_C(1700000000000000)
#define STAGE_FRAME_US INT64_C(66667)
#define STAGE_GOP      15
#define STAGE_CHUNK    8 /* frames: about half a second */

struct stage_disk {
	struct km_disk disk;
	unsigned calls;      /* so far */
	unsigned fail_at;    /* number of the call that fails, from 1; 0: none */
	unsigned fail_count; /* how many in a row */
	int error;           /* errno of it; 0: only a part is written */
	bool is_dead;        /* failing calls do nothing at all */
	uint64_t free_bytes; /* what space() says; 0: the truth */
	/* Called in front of each call; may be NULL. */
	void (*on_call)(void *context, const char *name, int fd);
	void *context;
};

struct stage {
	char directory[64];
	char root[80];
	char index[80];
	struct stage_disk disk;
	struct km_recorder *recorder;
	struct km_recorder_stream *stream;
	struct km_uuid camera;
	int64_t now_us; /* monotonic */
	int64_t segment_us;
	bool syncs_aside;
	uint64_t free_bytes_min;
	int64_t retain_us;
	uint64_t retain_bytes;
	unsigned next_frame; /* to be given to the recorder */
	unsigned events[64];
	bool has_keys; /* what find_key says */
};

/* A new directory under /tmp, removed by finish. */
void stage_init(struct stage *stage);
void stage_finish(struct stage *stage);

/* As if the process had been killed: nothing is closed, synced or said any more. */
void stage_abandon(struct stage *stage);

struct km_tracks stage_tracks(void);

/* The bytes of a frame; its label. */
#define STAGE_FRAME_MAX 1400
size_t stage_frame(unsigned number, uint8_t ret_frame[static STAGE_FRAME_MAX]);
int64_t stage_frame_us(unsigned number);

/* Open the recorder, with its camera and a key. Returns what opening returned. */
int stage_open(struct stage *stage);
void stage_close(struct stage *stage);

/*
 * Give frames until `end`, as the writer does: what is refused is given again, what is rewound
 * too. At most `ticks` ticks of 250 ms. Returns how far it came.
 */
unsigned stage_record(struct stage *stage, unsigned end, unsigned ticks);

/* Only ticks. */
void stage_pass(struct stage *stage, unsigned ticks);

struct stage_found {
	unsigned frames;
	unsigned first;
	unsigned last;
	unsigned holes;       /* frame numbers missing in between */
	unsigned duplicates;  /* or out of order */
	unsigned hidden_keys; /* key frames that no chunk begins with */
	unsigned segments;
	unsigned open_segments;
	unsigned gaps;
	unsigned gap_reason; /* of the last one */
	uint64_t bytes;
};

/* Read everything through the archive; every byte is compared. Returns 0 or the first error. */
int stage_check(struct stage *stage, struct stage_found *ret_found);

/* The data key of the stage. */
extern const uint8_t stage_key[KM_SECRET_BYTES];

#endif
