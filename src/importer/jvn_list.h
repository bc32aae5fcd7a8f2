/*
 * What MyJVN gives: VULDEF documents (getVulnDetailInfo, yearly detail feeds) and overview lists
 * (getVulnOverviewList, JVNRSS), read as they arrive. No document type, no entities, no network.
 */
#ifndef KM_IMPORTER_JVN_LIST_H
#define KM_IMPORTER_JVN_LIST_H

#include "base/error.h"
#include "model/weakness.h"

/*
 * Read a whole document. `read` gives the next bytes (0: end; negative: error). on_weakness gets
 * one for each CVE of an entry, or for the JVN iPedia number where it has none. weakness: the
 * caller's, used for all. Returns 0, KM_ERR_FORMAT (ret_error says where), KM_ERR_MEMORY, or what
 * on_weakness returned.
 */
KM_MUST_USE int km_jvn_list_read(int (*read)(void *context, char *ret_data, int size),
    int (*on_weakness)(void *context, struct km_weakness *weakness), void *context,
    struct km_weakness *weakness, char *ret_error, size_t error_size);

#endif
