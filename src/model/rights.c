#include "model/rights.h"

#include "base/compiler.h"

#include <stddef.h>

enum {
	A = 1 << KM_ACCOUNT_ADMINISTRATOR,
	U = 1 << KM_ACCOUNT_USER,
	M = 1 << KM_ACCOUNT_MAINTENANCE,
};

static const struct right {
	enum km_right right;
	const char *name;
	bool is_per_camera;
	unsigned roles;
} rights[] = {
#define KM_RIGHT(number, NAME, name, per_camera, roles, text)                                      \
	{ KM_RIGHT_##NAME, #name, (per_camera) != 0, (roles) },
#include "model/rights.tbl"
#undef KM_RIGHT
};

static const struct right *find_right(enum km_right right)
{
	for (size_t i = 0; i < KM_COUNT(rights); i++) {
		if (rights[i].right == right) {
			return &rights[i];
		}
	}
	return NULL;
}

bool km_rights_has(enum km_account_role role, enum km_right right)
{
	const struct right *row = find_right(right);

	if (row == NULL || role <= KM_ACCOUNT_NONE || role > KM_ACCOUNT_MAINTENANCE) {
		return false;
	}
	return (row->roles & 1U << role) != 0;
}

bool km_rights_is_per_camera(enum km_right right)
{
	const struct right *row = find_right(right);

	return row == NULL || row->is_per_camera;
}

const char *km_rights_role_name(enum km_account_role role)
{
	switch (role) {
	case KM_ACCOUNT_ADMINISTRATOR:
		return "administrator";
	case KM_ACCOUNT_USER:
		return "user";
	case KM_ACCOUNT_MAINTENANCE:
		return "maintenance";
	case KM_ACCOUNT_NONE:
		break;
	}
	return "none";
}

const char *km_rights_name(enum km_right right)
{
	const struct right *row = find_right(right);

	return row == NULL ? "unknown" : row->name;
}
