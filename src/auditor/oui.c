#include "auditor/oui.h"

#include "base/text.h"

#include <stdio.h>

#define LINE_SIZE   2048
#define PATH_SIZE   256
#define LOCAL_BIT   0x02 /* of the first byte: not given out by IEEE */
#define GROUP_BIT   0x01
#define PREFIX_SIZE 10 /* 36 bits and the NUL */

int km_oui_parse_mac(struct km_bytes text, uint8_t ret_mac[static 6])
{
	uint8_t mac[6] = { 0 };

	if (text.size != 17) {
		return KM_ERR_FORMAT;
	}
	for (size_t i = 0; i < 6; i++) {
		uint64_t byte = 0;
		uint8_t separator = i < 5 ? text.data[3 * i + 2] : ':';

		if ((separator != ':' && separator != '-') ||
		    km_bytes_parse_hex(km_bytes_slice(text, 3 * i, 2), UINT8_MAX, &byte) < 0) {
			return KM_ERR_FORMAT;
		}
		mac[i] = (uint8_t)byte;
	}
	for (size_t i = 0; i < 6; i++) {
		ret_mac[i] = mac[i];
	}
	return 0;
}

/* A field of CSV [RFC 4180]; doubled quotes inside one are left as they are. */
static struct km_bytes next_field(struct km_bytes *rest)
{
	struct km_bytes field = { 0 };
	size_t end = 0;

	if (!km_bytes_has_prefix(*rest, KM_BYTES("\""))) {
		return km_bytes_split(rest, ',');
	}
	*rest = km_bytes_after(*rest, 1);
	while (end < rest->size) {
		if (rest->data[end] != '"') {
			end++;
		} else if (end + 1 < rest->size && rest->data[end + 1] == '"') {
			end += 2;
		} else {
			break;
		}
	}
	field = km_bytes_slice(*rest, 0, end);
	*rest = km_bytes_after(*rest, end + 1);
	(void)km_bytes_split(rest, ',');
	return field;
}

int km_oui_match_line(
    struct km_bytes line, const char *prefix, char ret_name[static KM_OUI_NAME_SIZE])
{
	struct km_bytes rest = line;
	struct km_bytes name = { 0 };

	(void)next_field(&rest);
	if (!km_bytes_is_equal(next_field(&rest), km_bytes_text(prefix))) {
		return KM_ERR_NOT_FOUND;
	}
	name = km_bytes_trim(next_field(&rest));
	if (name.size == 0 || name.size >= KM_OUI_NAME_SIZE || !km_text_is_clean_utf8(name)) {
		return KM_ERR_NOT_FOUND;
	}
	return km_bytes_copy_text(name, ret_name, KM_OUI_NAME_SIZE);
}

static int find_in(const char *directory, const char *file, const char *prefix,
    char ret_name[static KM_OUI_NAME_SIZE])
{
	char path[PATH_SIZE];
	char line[LINE_SIZE];
	int size = snprintf(path, sizeof(path), "%s/%s", directory, file);
	FILE *registry = NULL;
	int err = KM_ERR_NOT_FOUND;

	if (size < 0 || (size_t)size >= sizeof(path)) {
		return KM_ERR_SYS;
	}
	registry = fopen(path, "re");
	if (registry == NULL) {
		return KM_ERR_SYS;
	}
	while (err == KM_ERR_NOT_FOUND && fgets(line, sizeof(line), registry) != NULL) {
		err = km_oui_match_line(km_bytes_trim(km_bytes_text(line)), prefix, ret_name);
	}
	(void)fclose(registry);
	return err;
}

int km_oui_find(
    const char *directory, const uint8_t mac[static 6], char ret_name[static KM_OUI_NAME_SIZE])
{
	static const struct {
		const char *file;
		size_t digits;
	} registries[] = { { "oui36.csv", 9 }, { "mam.csv", 7 }, { "oui.csv", 6 } };
	char all[16];
	char prefix[PREFIX_SIZE];
	int err = KM_ERR_NOT_FOUND;
	bool has_read = false;

	if ((mac[0] & (LOCAL_BIT | GROUP_BIT)) != 0) {
		return KM_ERR_NOT_FOUND;
	}
	(void)snprintf(all, sizeof(all), "%02X%02X%02X%02X%02X%02X", mac[0], mac[1], mac[2], mac[3],
	    mac[4], mac[5]);
	for (size_t i = 0; i < KM_COUNT(registries) && err < 0; i++) {
		(void)snprintf(prefix, sizeof(prefix), "%.*s", (int)registries[i].digits, all);
		err = find_in(directory, registries[i].file, prefix, ret_name);
		has_read = has_read || err != KM_ERR_SYS;
	}
	return err == KM_ERR_SYS && has_read ? KM_ERR_NOT_FOUND : err;
}
