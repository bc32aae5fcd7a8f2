/*
 * The processes of the system (roles.tbl), as a set of bits.
 */
#ifndef KM_MODEL_ROLES_H
#define KM_MODEL_ROLES_H

enum km_role {
#define KM_ROLE(NAME, name, bit, work) KM_ROLE_##NAME = 1 << (bit),
#include "model/roles.tbl"
#undef KM_ROLE
};

/* "receiver"; static; "unknown" for what is not one role. */
const char *km_roles_name(enum km_role role);

#endif
