#include "model/roles.h"

const char *km_roles_name(enum km_role role)
{
	switch (role) {
#define KM_ROLE(NAME, name, bit, work)                                                             \
	case KM_ROLE_##NAME:                                                                       \
		return #name;
#include "model/roles.tbl"
#undef KM_ROLE
	}
	return "unknown";
}
