/*
 * The pictures of the virtual camera: I420, with a frame number and the wall clock burnt in as
 * blocks that a program can read back. The layout is in lab/README.md; check-picture.py reads it.
 *
 * Pure: draws into memory of the caller, reads no clock, allocates only in init.
 */
#ifndef KM_LAB_PICTURE_H
#define KM_LAB_PICTURE_H

#include <stdbool.h>
#include <stdint.h>

/* The grid that the blocks stand in, as parts of the picture's width and height. */
#define KM_LAB_PICTURE_COLUMNS 40
#define KM_LAB_PICTURE_ROWS    16

enum km_lab_pattern {
	KM_LAB_PATTERN_BARS,   /* colour bars, a moving bar */
	KM_LAB_PATTERN_NOISE,  /* the same with noise in the lower half: costs bits */
	KM_LAB_PATTERN_BLACK,  /* all black, nothing burnt in: a covered lens */
	KM_LAB_PATTERN_FROZEN, /* the same picture again and again, counters too */
};

/* The three planes of one picture: Y at full size, U and V at half of it each way. */
struct km_lab_canvas {
	uint8_t *planes[3];
	int strides[3];
	int width; /* even, 160 to 7680 */
	int height;
};

struct km_lab_stamp {
	uint32_t number;      /* the frame's, from 0 */
	int64_t wall_unix_us; /* when the frame was made */
	const char *title;    /* A-Z 0-9 and some signs; others are shown as a space */
};

struct km_lab_picture {
	enum km_lab_pattern pattern;
	uint32_t noise; /* state of the generator, not 0 */
	bool has_frozen;
	struct km_lab_stamp frozen; /* what KM_LAB_PATTERN_FROZEN shows for ever */
};

void km_lab_picture_init(
    struct km_lab_picture *picture, enum km_lab_pattern pattern, uint32_t seed);

/* Another pattern from the next picture on. */
void km_lab_picture_set_pattern(struct km_lab_picture *picture, enum km_lab_pattern pattern);

/* Draw all of one picture. */
void km_lab_picture_draw(struct km_lab_picture *picture, const struct km_lab_canvas *canvas,
    const struct km_lab_stamp *stamp);

#endif
