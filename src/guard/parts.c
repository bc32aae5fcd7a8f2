#include "guard/parts.h"

#include "base/compiler.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Those whose package has another name than the rule gives. */
static const struct {
	const char *object;
	const char *package;
} exceptions[] = {
	{ "libcrypto.so.3", "libssl3" },
	{ "libz.so.1", "zlib1g" },
	{ "libnss_systemd.so.2", "libnss-systemd" },
	{ "libm.so.6", "libc6" },
	{ "libdl.so.2", "libc6" },
	{ "libpthread.so.0", "libc6" },
	{ "librt.so.1", "libc6" },
	{ "libresolv.so.2", "libc6" },
	{ "libwebsockets-evlib_uv.so", "libwebsockets-evlib-uv" },
	{ "libevent_core-2.1.so.7", "libevent-core-2.1-7" },
};

void km_parts_guess(const char *object, char ret_package[static KM_PARTS_NAME_SIZE])
{
	const char *so = strstr(object, ".so.");
	size_t length = so == NULL ? 0 : (size_t)(so - object);
	bool ends_in_digit = false;

	ret_package[0] = '\0';
	for (size_t i = 0; i < KM_COUNT(exceptions); i++) {
		if (strcmp(object, exceptions[i].object) == 0) {
			(void)snprintf(
			    ret_package, KM_PARTS_NAME_SIZE, "%s", exceptions[i].package);
			return;
		}
	}
	if (strncmp(object, "ld-linux", 8) == 0) {
		(void)snprintf(ret_package, KM_PARTS_NAME_SIZE, "libc6");
		return;
	}
	if (length == 0 || strncmp(object, "lib", 3) != 0 || length + 16 > KM_PARTS_NAME_SIZE) {
		return;
	}
	ends_in_digit = isdigit((unsigned char)object[length - 1]) != 0;
	(void)snprintf(ret_package, KM_PARTS_NAME_SIZE, "%.*s%s%.12s", (int)length, object,
	    ends_in_digit ? "-" : "", so + 4);
	for (char *at = ret_package; *at != '\0'; at++) {
		if (*at == '_') {
			*at = '-';
		} else if (*at >= 'A' && *at <= 'Z') {
			*at |= 0x20;
		}
	}
}

struct stanza {
	struct km_bytes package;
	struct km_bytes status;
	struct km_bytes version;
	struct km_bytes architecture;
};

/* "libssl3" or, since Debian's change to 64-bit times, "libssl3t64". */
static bool is_package(struct km_bytes package, const char *guess)
{
	struct km_bytes wanted = km_bytes_text(guess);

	return km_bytes_has_prefix(package, wanted) &&
	       (package.size == wanted.size ||
		   km_bytes_is_equal(km_bytes_after(package, wanted.size), KM_BYTES("t64")));
}

static void match(const struct stanza *stanza, struct km_part *parts, size_t count)
{
	char guess[KM_PARTS_NAME_SIZE];

	if (!km_bytes_is_equal(stanza->status, KM_BYTES("install ok installed"))) {
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct km_part *part = &parts[i];

		km_parts_guess(part->name, guess);
		/* On a machine with several architectures the first entry is as good as another. */
		if (guess[0] == '\0' || part->package[0] != '\0' ||
		    !is_package(stanza->package, guess)) {
			continue;
		}
		(void)km_bytes_copy_text(stanza->package, part->package, sizeof(part->package));
		(void)km_bytes_copy_text(stanza->version, part->version, sizeof(part->version));
		(void)km_bytes_copy_text(
		    stanza->architecture, part->architecture, sizeof(part->architecture));
	}
}

static void take_field(struct stanza *stanza, struct km_bytes line)
{
	const struct {
		struct km_bytes name;
		struct km_bytes *value;
	} fields[] = {
		{ KM_BYTES("Package:"), &stanza->package },
		{ KM_BYTES("Status:"), &stanza->status },
		{ KM_BYTES("Version:"), &stanza->version },
		{ KM_BYTES("Architecture:"), &stanza->architecture },
	};

	for (size_t i = 0; i < KM_COUNT(fields); i++) {
		if (km_bytes_has_prefix_nocase(line, fields[i].name)) {
			*fields[i].value = km_bytes_trim(km_bytes_after(line, fields[i].name.size));
			return;
		}
	}
}

void km_parts_find(struct km_bytes status, struct km_part *parts, size_t count)
{
	struct stanza stanza = { 0 };

	while (status.size > 0) {
		struct km_bytes line = km_bytes_line(&status);

		if (line.size == 0) {
			match(&stanza, parts, count);
			stanza = (struct stanza){ 0 };
		} else {
			take_field(&stanza, line);
		}
	}
	match(&stanza, parts, count);
}
