#include "model/makers.h"

#include "proto/cpe.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	const char *others;
} makers[] = {
#define KM_MAKER(name, others) { name, others },
#include "model/makers.tbl"
#undef KM_MAKER
};

/* Short names stand for themselves alone: "ui" is no beginning of "uiuc". */
static bool is_begin(const char *folded, const char *name, size_t size)
{
	return strncmp(folded, name, size) == 0 && (size >= 4 || folded[size] == '\0');
}

/* How many letters of the folded name are this maker's; 0: it is another one. */
static size_t fits(const char *folded, const char *name, const char *others)
{
	struct km_bytes rest = km_bytes_text(others);
	size_t best = is_begin(folded, name, strlen(name)) ? strlen(name) : 0;

	while (rest.size > 0) {
		struct km_bytes other = km_bytes_split(&rest, ' ');

		if (other.size > best && is_begin(folded, (const char *)other.data, other.size)) {
			best = other.size;
		}
	}
	return best;
}

bool km_makers_find(const char *text, char ret_name[static KM_MAKERS_NAME_SIZE])
{
	char folded[KM_MAKERS_NAME_SIZE];
	const char *name = folded;
	size_t best = 0;

	(void)km_cpe_fold(text, folded, sizeof(folded));
	for (size_t i = 0; i < KM_COUNT(makers); i++) {
		size_t fit = fits(folded, makers[i].name, makers[i].others);

		if (fit > best) {
			best = fit;
			name = makers[i].name;
		}
	}
	(void)snprintf(ret_name, KM_MAKERS_NAME_SIZE, "%s", name);
	return best > 0;
}
