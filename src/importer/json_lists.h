/*
 * Records of the lists that are written in JSON, recognised by what they hold: NVD (API and feeds
 * 2.0), CVE List v5, CISA's KEV. Pure but for jansson's memory.
 */
#ifndef KM_IMPORTER_JSON_LISTS_H
#define KM_IMPORTER_JSON_LISTS_H

#include "base/error.h"
#include "model/weakness.h"

/*
 * Parse one record (proto/json_split.h). weakness: emptied first. One that was withdrawn, or
 * names no product, has no ranges. Returns 0, KM_ERR_NOT_FOUND (no record of these lists),
 * KM_ERR_FORMAT (of which not even the id can be read, or no JSON).
 */
KM_MUST_USE int km_json_lists_parse(struct km_bytes record, struct km_weakness *weakness);

#endif
