/*
 * Whom a hardware address was given to, from the registries of IEEE as Debian's package ieee-data
 * installs them (oui.csv, mam.csv, oui36.csv). The longest prefix wins: 36, 28, then 24 bits.
 */
#ifndef KM_AUDITOR_OUI_H
#define KM_AUDITOR_OUI_H

#include "base/bytes.h"
#include "base/error.h"

#define KM_OUI_DIRECTORY "/usr/share/ieee-data"
#define KM_OUI_NAME_SIZE 128

/* "00:11:22:33:44:55" or with '-', digits of either case. Returns 0 or KM_ERR_FORMAT. */
KM_MUST_USE int km_oui_parse_mac(struct km_bytes text, uint8_t ret_mac[static 6]);

/*
 * Returns 0, KM_ERR_NOT_FOUND (not in the registries, or an address that its user made up, which
 * says nothing of a maker), or KM_ERR_SYS (no registry could be read).
 */
KM_MUST_USE int km_oui_find(
    const char *directory, const uint8_t mac[static 6], char ret_name[static KM_OUI_NAME_SIZE]);

/*
 * One line of a registry: "MA-L,001122,\"Name, Ltd\",address". 0 with the name if its prefix is
 * `prefix` (hexadecimal, capitals); else KM_ERR_NOT_FOUND.
 */
KM_MUST_USE int km_oui_match_line(
    struct km_bytes line, const char *prefix, char ret_name[static KM_OUI_NAME_SIZE]);

#endif
