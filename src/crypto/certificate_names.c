#include "crypto/certificate_names.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#define LABEL_MAX 63
#define HOST_MAX  253

bool km_certificate_names_next(
    struct km_bytes *rest, char ret_name[static KM_CERTIFICATE_NAME_SIZE])
{
	if (rest->size == 0) {
		return false;
	}
	(void)km_bytes_copy_text(
	    km_bytes_trim(km_bytes_split(rest, ',')), ret_name, KM_CERTIFICATE_NAME_SIZE);
	return true;
}

bool km_certificate_names_is_address(const char *name)
{
	uint8_t address[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1;
}

static bool is_label(struct km_bytes label)
{
	if (label.size == 0 || label.size > LABEL_MAX || label.data[0] == '-' ||
	    label.data[label.size - 1] == '-') {
		return false;
	}
	for (size_t i = 0; i < label.size; i++) {
		if (label.data[i] >= 0x80 || (!isalnum(label.data[i]) && label.data[i] != '-')) {
			return false;
		}
	}
	return true;
}

static bool is_host(const char *name)
{
	struct km_bytes rest = km_bytes_text(name);

	if (rest.size > HOST_MAX || rest.size == 0 || rest.data[rest.size - 1] == '.') {
		return false;
	}
	if (km_bytes_has_prefix(rest, KM_BYTES("*."))) {
		rest = km_bytes_after(rest, 2);
	}
	while (rest.size > 0) {
		if (!is_label(km_bytes_split(&rest, '.'))) {
			return false;
		}
	}
	/* Digits and dots alone would be an address, and a wrong one. */
	return strspn(name, "0123456789.") < strlen(name);
}

int km_certificate_names_check(const char *names, struct km_buf *ret_error)
{
	struct km_bytes rest = km_bytes_text(names);
	char name[KM_CERTIFICATE_NAME_SIZE];
	size_t count = 0;

	if (rest.size >= KM_CERTIFICATE_NAMES_SIZE || rest.size == 0 ||
	    rest.data[rest.size - 1] == ',') {
		km_buf_add_format(ret_error,
		    "names: host names and addresses joined by commas are right, at most %d bytes",
		    KM_CERTIFICATE_NAMES_SIZE - 1);
		return KM_ERR_FORMAT;
	}
	while (km_certificate_names_next(&rest, name)) {
		if (!km_certificate_names_is_address(name) && !is_host(name)) {
			km_buf_add_format(ret_error,
			    "names: \"%s\" is neither a host name (letters, digits and hyphens in "
			    "parts of at most 63, xn-- for others) nor an address",
			    name);
			return KM_ERR_FORMAT;
		}
		if (++count > KM_CERTIFICATE_NAMES_MAX) {
			km_buf_add_format(
			    ret_error, "names: at most %d are right", KM_CERTIFICATE_NAMES_MAX);
			return KM_ERR_FORMAT;
		}
	}
	return 0;
}

static bool has_name(const char *names, const char *wanted)
{
	struct km_bytes rest = km_bytes_text(names);
	char name[KM_CERTIFICATE_NAME_SIZE];

	while (km_certificate_names_next(&rest, name)) {
		if (strcasecmp(name, wanted) == 0) {
			return true;
		}
	}
	return false;
}

int km_certificate_names_add(char names[static KM_CERTIFICATE_NAMES_SIZE], const char *further)
{
	struct km_bytes rest = km_bytes_text(further);
	char name[KM_CERTIFICATE_NAME_SIZE];

	while (km_certificate_names_next(&rest, name)) {
		size_t used = strlen(names);
		size_t length = strlen(name);

		if (length == 0 || has_name(names, name)) {
			continue;
		}
		if (used + 1 + length + 1 > KM_CERTIFICATE_NAMES_SIZE) {
			return KM_ERR_LIMIT;
		}
		if (used > 0) {
			names[used++] = ',';
		}
		memcpy(names + used, name, length + 1);
	}
	return 0;
}
