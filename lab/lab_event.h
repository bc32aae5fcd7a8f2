/*
 * What a lab program tells the test that started it: one JSON object a line on standard output.
 */
#ifndef KM_LAB_EVENT_H
#define KM_LAB_EVENT_H

#include "base/compiler.h"

/*
 * Print {"event":"NAME","wall_ms":N MEMBERS}. The format writes further members, each with a comma
 * in front; texts in it must need no escaping. Whole lines, from any thread.
 */
void km_lab_event_print(const char *name, const char *format, ...) KM_PRINTF(2, 3);

#endif
