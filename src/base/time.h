/*
 * Times as numbers and as text. Nothing here reads a clock: that is io/clock.
 *
 * Wall time is microseconds since 1970-01-01T00:00:00Z without leap seconds ("unix_us"); it labels.
 * Waiting is done in monotonic microseconds. Text is RFC 3339 in UTC.
 */
#ifndef KM_BASE_TIME_H
#define KM_BASE_TIME_H

#include "base/bytes.h"

#define KM_TIME_SECOND_US INT64_C(1000000)
#define KM_TIME_MINUTE_US (60 * KM_TIME_SECOND_US)
#define KM_TIME_HOUR_US   (60 * KM_TIME_MINUTE_US)
#define KM_TIME_DAY_US    (24 * KM_TIME_HOUR_US)

#define KM_TIME_TEXT_SIZE 28 /* "2026-11-22T01:02:03.000004Z" and the NUL */

/* RFC 3339 with microseconds, UTC. Years 0001 to 9999; what is outside is shown as the nearest. */
void km_time_write(int64_t unix_us, char ret_text[static KM_TIME_TEXT_SIZE]);

/*
 * RFC 3339: date, 'T' or a space, time, an optional fraction, 'Z' or an offset. The offset may be
 * left out only if default_offset_us is not INT64_MIN (then it counts as that many microseconds
 * east of UTC). "@" and a decimal number of seconds is taken too. Returns 0 or KM_ERR_FORMAT.
 */
KM_MUST_USE int km_time_parse(
    struct km_bytes text, int64_t default_offset_us, int64_t *ret_unix_us);

/*
 * A length of time: a decimal number and one of us ms s min h d w ("30d", "1.5h" is not one).
 * Returns 0, KM_ERR_FORMAT or KM_ERR_RANGE.
 */
KM_MUST_USE int km_time_parse_span(struct km_bytes text, int64_t *ret_us);

/* The UTC day number since 1970-01-01 (floor). */
int32_t km_time_day(int64_t unix_us);

#endif
