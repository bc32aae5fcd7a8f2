#include "priv/loaded.h"

#include "base/compiler.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#define OPENSSL_SHORT_VERSION 7 /* OPENSSL_FULL_VERSION_STRING: "3.0.15" */
#define VERSION_SIZE          64

/* How a library is asked, so that no process is linked with those that it does not use. */
enum asking {
	BY_FUNCTION, /* const char *name(void) */
	BY_NUMBER,   /* const char *name(int) */
	BY_STRUCT,   /* const unsigned *name(void): three numbers */
	BY_PARTS,    /* int name(int *major, int *minor, int *revision) */
	BY_VARIABLE, /* const char *name */
};

static const struct teller {
	const char *object; /* what its file name begins with */
	const char *symbol;
	enum asking asking;
} tellers[] = {
	{ "libcrypto.so", "OpenSSL_version", BY_NUMBER },
	{ "libssl.so", "OpenSSL_version", BY_NUMBER },
	{ "libsqlite3.so", "sqlite3_libversion", BY_FUNCTION },
	{ "libuv.so", "uv_version_string", BY_FUNCTION },
	{ "libsodium.so", "sodium_version_string", BY_FUNCTION },
	{ "libjansson.so", "jansson_version_str", BY_FUNCTION },
	{ "libseccomp.so", "seccomp_version", BY_STRUCT },
	{ "libwebsockets.so", "lws_get_library_version", BY_FUNCTION },
	{ "libcyaml.so", "cyaml_version_str", BY_VARIABLE },
	{ "libyaml-0.so", "yaml_get_version_string", BY_FUNCTION },
	{ "libz.so", "zlibVersion", BY_FUNCTION },
	{ "libxml2.so", "xmlParserVersion", BY_VARIABLE },
	{ "libmosquitto.so", "mosquitto_lib_version", BY_PARTS },
	{ "libcurl.so", "curl_version", BY_FUNCTION },
	{ "libc.so", "gnu_get_libc_version", BY_FUNCTION },
};

/* POSIX lets a function's address come out of dlsym; the language does not convert it. */
union symbol {
	void *address;
	const char *(*by_function)(void);
	const char *(*by_number)(int);
	const unsigned *(*by_struct)(void);
	int (*by_parts)(int *major, int *minor, int *revision);
	const char *const *variable;
};

static void ask(const struct teller *teller, char ret_version[static VERSION_SIZE])
{
	union symbol symbol = { .address = dlsym(RTLD_DEFAULT, teller->symbol) };
	const char *text = NULL;
	const unsigned *numbers = NULL;
	int parts[3] = { 0 };

	if (symbol.address == NULL) {
		return;
	}
	switch (teller->asking) {
	case BY_FUNCTION:
		text = symbol.by_function();
		break;
	case BY_NUMBER:
		text = symbol.by_number(OPENSSL_SHORT_VERSION);
		break;
	case BY_STRUCT:
		numbers = symbol.by_struct();
		if (numbers != NULL) {
			(void)snprintf(ret_version, VERSION_SIZE, "%u.%u.%u", numbers[0],
			    numbers[1], numbers[2]);
		}
		break;
	case BY_PARTS:
		(void)symbol.by_parts(&parts[0], &parts[1], &parts[2]);
		(void)snprintf(ret_version, VERSION_SIZE, "%d.%d.%d", parts[0], parts[1], parts[2]);
		break;
	case BY_VARIABLE:
		text = *symbol.variable;
		break;
	}
	if (text != NULL) {
		const char *slash = strchr(text, '/'); /* "libcurl/7.88.1 OpenSSL/3.0.17" */

		(void)snprintf(ret_version, VERSION_SIZE, "%s", slash == NULL ? text : slash + 1);
		ret_version[strcspn(ret_version, " \n")] = '\0';
	}
}

struct writing {
	char *text;
	size_t size;
	size_t used;
};

static int on_object(struct dl_phdr_info *info, size_t size, void *context)
{
	struct writing *writing = context;
	const char *slash = strrchr(info->dlpi_name, '/');
	char version[VERSION_SIZE] = "";
	char line[256];
	int length = 0;

	(void)size;
	/* The program itself has no name; the kernel's own object has no directory. */
	if (slash == NULL) {
		return 0;
	}
	for (size_t i = 0; i < KM_COUNT(tellers); i++) {
		if (strncmp(slash + 1, tellers[i].object, strlen(tellers[i].object)) == 0) {
			ask(&tellers[i], version);
			break;
		}
	}
	length = snprintf(line, sizeof(line), "%s %s\n", slash + 1, version);
	if (length > 0 && (size_t)length < sizeof(line) &&
	    writing->used + (size_t)length < writing->size) {
		memcpy(writing->text + writing->used, line, (size_t)length + 1);
		writing->used += (size_t)length;
	}
	return 0;
}

void km_loaded_write(char *ret_text, size_t size)
{
	struct writing writing = { .text = ret_text, .size = size };

	ret_text[0] = '\0';
	(void)dl_iterate_phdr(on_object, &writing);
}
