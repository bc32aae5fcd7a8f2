#include "model/remedies.h"

#include "model/states.h"

enum {
	D = 1 << KM_THEME_DEVICE,
	F = 1 << KM_THEME_FIRMWARE,
	S = 1 << KM_THEME_SETTINGS,
	A = 1 << KM_THEME_ACCOUNTS,
	P = 1 << KM_THEME_SERVICES,
};

static const struct row {
	enum km_remedy kind;
	unsigned explains;
	unsigned aid;
	const char *name;
	const char *text;
	const char *risk;
} rows[] = {
#define KM_REMEDY(number, NAME, name, explains, aid, text, risk)                                   \
	{ KM_REMEDY_##NAME, (explains), (aid), #name, (text), (risk) },
#include "model/remedies.tbl"
#undef KM_REMEDY
};

static const struct row *find(unsigned kind)
{
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		if (rows[i].kind == kind) {
			return &rows[i];
		}
	}
	return NULL;
}

const char *km_remedies_name(unsigned kind)
{
	const struct row *row = find(kind);

	return row == NULL ? "unknown" : row->name;
}

const char *km_remedies_text(unsigned kind)
{
	const struct row *row = find(kind);

	return row == NULL ? "" : row->text;
}

const char *km_remedies_risk(unsigned kind)
{
	const struct row *row = find(kind);

	return row == NULL ? "" : row->risk;
}

unsigned km_remedies_aid(unsigned kind)
{
	const struct row *row = find(kind);

	return row == NULL ? 0 : row->aid;
}

int km_remedies_find(struct km_bytes name, enum km_remedy *ret_kind)
{
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		if (km_bytes_is_equal(km_bytes_text(rows[i].name), name)) {
			*ret_kind = rows[i].kind;
			return 0;
		}
	}
	return KM_ERR_NOT_FOUND;
}

bool km_remedies_explains(unsigned kind, unsigned theme)
{
	const struct row *row = find(kind);

	return row != NULL && theme < 8 && (row->explains & 1U << theme) != 0;
}
