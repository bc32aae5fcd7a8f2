/*
 * Account roles, rights, and which role has which (rights.tbl). [IPA a03-2]
 */
#ifndef KM_MODEL_RIGHTS_H
#define KM_MODEL_RIGHTS_H

#include <stdbool.h>

enum km_account_role {
	KM_ACCOUNT_NONE = 0, /* a third party: no rights */
	KM_ACCOUNT_ADMINISTRATOR = 1,
	KM_ACCOUNT_USER = 2,
	KM_ACCOUNT_MAINTENANCE = 3,
};

enum km_right {
#define KM_RIGHT(number, NAME, name, per_camera, roles, text) KM_RIGHT_##NAME = (number),
#include "model/rights.tbl"
#undef KM_RIGHT
};

/* Whether the role has the right at all; false for numbers that are in no table. */
bool km_rights_has(enum km_account_role role, enum km_right right);

/* Whether the right is checked on a camera. Unknown rights are, so that they are never granted. */
bool km_rights_is_per_camera(enum km_right right);

/* "administrator", "user", "maintenance", "none"; static. */
const char *km_rights_role_name(enum km_account_role role);

/* "live", ...; "unknown". Static. */
const char *km_rights_name(enum km_right right);

#endif
