/*
 * The parts list as CycloneDX 1.5 JSON: each program of the recorder, each library, and which
 * program runs with which library. [CycloneDX 1.5] [IPA a22-2]
 */
#ifndef KM_MODEL_CYCLONEDX_H
#define KM_MODEL_CYCLONEDX_H

#include "base/json.h"
#include "model/messages.h"

/*
 * Write the document. serial: of this document; unix_us: when it was made. A part whose name is its
 * program's is the program itself.
 */
void km_cyclonedx_write(struct km_json *json, const struct km_message_part *parts, size_t count,
    const struct km_uuid *serial, int64_t unix_us);

#endif
