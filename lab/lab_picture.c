#include "lab_picture.h"

#include "lab_font.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define WHITE        235
#define BLACK        16
#define GREY_CHROMA  128
#define BAR_COUNT    8
#define TEXT_SIGNS   27 /* a line of text is as wide as the picture with this many signs */
#define STAMP_BITS   32
#define FIRST_BIT    4 /* column of the highest bit; before it a white and a black block */
#define PARITY_COL   (FIRST_BIT + STAMP_BITS)
#define NUMBER_ROW   1
#define WALL_ROW     2
#define TITLE_ROW    3
#define CLOCK_ROW    5
#define BAR_SPEED_MS 4000 /* the moving bar crosses the picture in this time */

struct rect {
	int x;
	int y;
	int width;
	int height;
};

/* Colour bars at 75 %: Y, U, V [ITU-R BT.601]. */
static const uint8_t bars[BAR_COUNT][3] = {
	{ 180, 128, 128 },
	{ 162, 44, 142 },
	{ 131, 156, 44 },
	{ 112, 72, 58 },
	{ 84, 184, 198 },
	{ 65, 100, 212 },
	{ 35, 212, 114 },
	{ 100, 128, 128 },
};

static void fill_plane(
    const struct km_lab_canvas *canvas, int plane, struct rect area, uint8_t value)
{
	for (int y = 0; y < area.height; y++) {
		uint8_t *row = canvas->planes[plane] +
			       (ptrdiff_t)(area.y + y) * canvas->strides[plane] + area.x;

		memset(row, value, (size_t)area.width);
	}
}

/* Fill an area of the picture; its chroma is rounded outwards to whole samples. */
static void fill(const struct km_lab_canvas *canvas, struct rect area, const uint8_t colour[3])
{
	struct rect half = {
		.x = area.x / 2,
		.y = area.y / 2,
		.width = (area.x + area.width + 1) / 2 - area.x / 2,
		.height = (area.y + area.height + 1) / 2 - area.y / 2,
	};

	fill_plane(canvas, 0, area, colour[0]);
	fill_plane(canvas, 1, half, colour[1]);
	fill_plane(canvas, 2, half, colour[2]);
}

static void fill_grey(const struct km_lab_canvas *canvas, struct rect area, uint8_t luma)
{
	const uint8_t colour[3] = { luma, GREY_CHROMA, GREY_CHROMA };

	fill(canvas, area, colour);
}

/* The cell of the block grid; neighbours touch whatever the picture's size is. */
static struct rect cell(const struct km_lab_canvas *canvas, int column, int row)
{
	int left = canvas->width * column / KM_LAB_PICTURE_COLUMNS;
	int right = canvas->width * (column + 1) / KM_LAB_PICTURE_COLUMNS;
	int top = canvas->height * row / KM_LAB_PICTURE_ROWS;
	int bottom = canvas->height * (row + 1) / KM_LAB_PICTURE_ROWS;

	return (struct rect){ .x = left, .y = top, .width = right - left, .height = bottom - top };
}

static void draw_bit(const struct km_lab_canvas *canvas, int column, int row, bool is_white)
{
	fill_grey(canvas, cell(canvas, column, row), is_white ? WHITE : BLACK);
}

/* white black, 32 bits from the highest, even parity, black white. */
static void draw_blocks(const struct km_lab_canvas *canvas, int row, uint32_t value)
{
	draw_bit(canvas, FIRST_BIT - 2, row, true);
	draw_bit(canvas, FIRST_BIT - 1, row, false);
	for (int i = 0; i < STAMP_BITS; i++) {
		draw_bit(canvas, FIRST_BIT + i, row, (value >> (STAMP_BITS - 1 - i)) & 1U);
	}
	draw_bit(canvas, PARITY_COL, row, __builtin_parity(value) != 0);
	draw_bit(canvas, PARITY_COL + 1, row, false);
	draw_bit(canvas, PARITY_COL + 2, row, true);
}

static void draw_sign(const struct km_lab_canvas *canvas, int x, int y, int dot, char sign)
{
	const uint8_t *rows = km_lab_font_find(sign);

	for (int row = 0; rows && row < KM_LAB_FONT_HEIGHT; row++) {
		for (int column = 0; column < KM_LAB_FONT_WIDTH; column++) {
			if ((rows[row] >> (KM_LAB_FONT_WIDTH - 1 - column)) & 1) {
				fill_plane(canvas, 0,
				    (struct rect){ x + column * dot, y + row * dot, dot, dot },
				    WHITE);
			}
		}
	}
}

/* A line of text in the band of two rows of the grid that begins at `row`. */
static void draw_text(const struct km_lab_canvas *canvas, int row, const char *text)
{
	int dot = canvas->width / (TEXT_SIGNS * (KM_LAB_FONT_WIDTH + 1));
	int top = canvas->height * row / KM_LAB_PICTURE_ROWS;
	int bottom = canvas->height * (row + 2) / KM_LAB_PICTURE_ROWS;
	int advance = 0;
	int x = 0;

	dot = dot > 0 ? dot : 1;
	if (dot * (KM_LAB_FONT_HEIGHT + 2) > bottom - top) {
		dot = (bottom - top) / (KM_LAB_FONT_HEIGHT + 2);
	}
	dot = dot > 0 ? dot : 1;
	advance = dot * (KM_LAB_FONT_WIDTH + 1);
	fill_grey(canvas, (struct rect){ 0, top, canvas->width, bottom - top }, BLACK);
	for (x = advance; *text && x + advance <= canvas->width; text++, x += advance) {
		draw_sign(canvas, x, top + dot, dot, *text);
	}
}

static void draw_background(const struct km_lab_canvas *canvas)
{
	for (int i = 0; i < BAR_COUNT; i++) {
		int left = canvas->width * i / BAR_COUNT;
		int right = canvas->width * (i + 1) / BAR_COUNT;

		fill(canvas, (struct rect){ left, 0, right - left, canvas->height }, bars[i]);
	}
}

static void draw_moving_bar(const struct km_lab_canvas *canvas, int64_t wall_unix_us)
{
	int64_t phase_ms = wall_unix_us / 1000 % BAR_SPEED_MS;
	int width = canvas->width / 10;
	int x = (int)((canvas->width - width) * phase_ms / BAR_SPEED_MS);
	int top = canvas->height / 2;

	fill_grey(canvas, (struct rect){ x, top, width, canvas->height - top }, WHITE);
}

/* Noise of a film-like strength over the lower half, from one xorshift state. */
static void draw_noise(struct km_lab_picture *picture, const struct km_lab_canvas *canvas)
{
	uint32_t state = picture->noise;

	for (int y = canvas->height / 2; y < canvas->height; y++) {
		uint8_t *row = canvas->planes[0] + (ptrdiff_t)y * canvas->strides[0];

		for (int x = 0; x < canvas->width; x++) {
			state ^= state << 13;
			state ^= state >> 17;
			state ^= state << 5;
			row[x] = (uint8_t)(row[x] + (state & 15U));
		}
	}
	picture->noise = state;
}

static void draw_stamp(const struct km_lab_canvas *canvas, const struct km_lab_stamp *stamp)
{
	time_t seconds = (time_t)(stamp->wall_unix_us / 1000000);
	int milliseconds = (int)(stamp->wall_unix_us / 1000 % 1000);
	struct tm utc = { 0 };
	char day[32] = "";
	char line[96] = "";

	draw_blocks(canvas, NUMBER_ROW, stamp->number);
	draw_blocks(canvas, WALL_ROW, (uint32_t)(uint64_t)(stamp->wall_unix_us / 1000));
	gmtime_r(&seconds, &utc);
	strftime(day, sizeof(day), "%Y-%m-%d %H:%M:%S", &utc);
	snprintf(line, sizeof(line), "%s #%" PRIu32, stamp->title, stamp->number);
	draw_text(canvas, TITLE_ROW, line);
	snprintf(line, sizeof(line), "%s.%03dZ", day, milliseconds);
	draw_text(canvas, CLOCK_ROW, line);
}

void km_lab_picture_init(struct km_lab_picture *picture, enum km_lab_pattern pattern, uint32_t seed)
{
	*picture = (struct km_lab_picture){ .pattern = pattern, .noise = seed * 2654435761U | 1U };
}

void km_lab_picture_set_pattern(struct km_lab_picture *picture, enum km_lab_pattern pattern)
{
	picture->pattern = pattern;
}

void km_lab_picture_draw(struct km_lab_picture *picture, const struct km_lab_canvas *canvas,
    const struct km_lab_stamp *stamp)
{
	const struct rect whole = { 0, 0, canvas->width, canvas->height };

	if (picture->pattern == KM_LAB_PATTERN_BLACK) {
		fill_grey(canvas, whole, BLACK);
		return;
	}
	if (!picture->has_frozen || picture->pattern != KM_LAB_PATTERN_FROZEN) {
		picture->frozen = *stamp;
		picture->has_frozen = true;
	}
	draw_background(canvas);
	draw_moving_bar(canvas, picture->frozen.wall_unix_us);
	if (picture->pattern == KM_LAB_PATTERN_NOISE) {
		draw_noise(picture, canvas);
	}
	draw_stamp(canvas, &picture->frozen);
}
