/*
 * A font of 5 x 7 dots, enough for a clock and a camera's title.
 */
#ifndef KM_LAB_FONT_H
#define KM_LAB_FONT_H

#include <stdint.h>

#define KM_LAB_FONT_WIDTH  5
#define KM_LAB_FONT_HEIGHT 7

/* The rows of a sign, top first, the leftmost dot in bit 4. NULL if the font does not have it. */
const uint8_t *km_lab_font_find(char sign);

#endif
