/*
 * Durations as devices write them: "PT1M30S" [XML Schema part 2, 3.2.6]. Pure.
 */
#ifndef KM_AUDITOR_XML_DURATION_H
#define KM_AUDITOR_XML_DURATION_H

#include "base/bytes.h"

/*
 * Hours, minutes and seconds, without the parts of seconds: none is longer than it takes a device
 * to start again. In microseconds; 0: it is nothing of that kind, or it holds days.
 */
int64_t km_xml_duration_parse(struct km_bytes text);

#endif
