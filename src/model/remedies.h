/*
 * What can be put right on a camera (remedies.tbl).
 */
#ifndef KM_MODEL_REMEDIES_H
#define KM_MODEL_REMEDIES_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>

enum km_remedy {
#define KM_REMEDY(number, NAME, name, explains, aid, text, risk) KM_REMEDY_##NAME = (number),
#include "model/remedies.tbl"
#undef KM_REMEDY
};

/* The step of a plan that names the file which is sent after the message. */
#define KM_REMEDIES_FILE_STEP "file"

/* "password"; "unknown" for no kind of ours. Static. */
const char *km_remedies_name(unsigned kind);

/* The sentence of the table. Static. */
const char *km_remedies_text(unsigned kind);

/* What cannot be undone, or may happen. Static. */
const char *km_remedies_risk(unsigned kind);

/* Which step of first aid it is; 0: none. */
#define KM_REMEDIES_AID_AUDIT 5
unsigned km_remedies_aid(unsigned kind);

/* What the ledger of tried logins counts apart when a password is changed: the one before, and the
 * new one. */
#define KM_REMEDIES_LEDGER_OLD "onvif"
#define KM_REMEDIES_LEDGER_NEW "onvif, new password"

/* Returns 0 or KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_remedies_find(struct km_bytes name, enum km_remedy *ret_kind);

/* Whether a difference of this theme (kept_theme in states.tbl) is its doing. */
bool km_remedies_explains(unsigned kind, unsigned theme);

#endif
