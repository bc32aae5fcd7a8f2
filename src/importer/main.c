/*
 * komainu-importer NEW EARLIER loud|quiet PATH...: reads foreign lists of weaknesses into the file
 * NEW, which begins with what EARLIER holds. Started by `komainu vuln import`, which puts the
 * result in its place. It opens what it writes, then shuts itself in, then reads the first foreign
 * byte. What is wrong goes to standard error, for people; the counts are in the file.
 */
#include "importer/importing.h"
#include "io/clock.h"
#include "priv/sandbox.h"

#include <inttypes.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define MEMORY_MAX ((rlim_t)512 * 1024 * 1024)

static void on_progress(void *context, const char *path, const struct km_importing *importing)
{
	const bool *is_loud = context;

	(void)path;
	if (*is_loud) {
		(void)fprintf(stderr, "\r%" PRIu64 " MiB  %" PRIu64 " records  %" PRIu64 " kept   ",
		    importing->counts.bytes >> 20, importing->counts.records,
		    importing->counts.kept);
	}
}

static void on_fault(void *context, const char *path, const char *text)
{
	(void)context;
	(void)fprintf(stderr, "komainu: %s: %s\n", path, text);
}

static int shut_in(char *const paths[], int count)
{
	const char *read_paths[KM_SANDBOX_PATHS_MAX + 1] = { NULL };
	const struct km_sandbox_rules rules = {
		.profiles = KM_SANDBOX_FILES | KM_SANDBOX_DISK,
		.read_paths = read_paths,
	};
	const struct rlimit memory = { MEMORY_MAX, MEMORY_MAX };
	struct km_sandbox_result result;

	for (int i = 0; i < count; i++) {
		read_paths[i] = paths[i];
	}
	/* A sanitizer maps far more than it uses. */
	if (!km_sandbox_is_relaxed() && setrlimit(RLIMIT_AS, &memory) < 0) {
		return KM_ERR_SYS;
	}
	return km_sandbox_apply(&rules, &result);
}

static int import(struct km_importing *importing, char *const paths[], int count)
{
	int err = km_importing_init(importing);

	for (int i = 0; err == 0 && i < count; i++) {
		uint64_t before = importing->counts.records;

		err = km_importing_read(importing, paths[i]);
		if (err == 0 && importing->counts.records == before) {
			on_fault(NULL, paths[i],
			    "there is no record of NVD, the CVE List, KEV or MyJVN in it");
			err = KM_ERR_FORMAT;
		}
	}
	importing->counts.unix_us = km_clock_unix_us();
	if (err == 0) {
		err = km_weakness_file_commit(importing->file, &importing->counts);
	}
	km_importing_finish(importing);
	return err;
}

int main(int argc, char *argv[])
{
	bool is_loud = argc > 3 && strcmp(argv[3], "loud") == 0;
	struct km_importing importing = {
		.on_progress = on_progress,
		.on_fault = on_fault,
		.context = &is_loud,
	};
	int err = 0;

	if (argc < 5 || argc - 4 > KM_SANDBOX_PATHS_MAX) {
		(void)fprintf(stderr, "komainu-importer: komainu vuln import starts this\n");
		return EXIT_FAILURE;
	}
	xmlInitParser();
	err = km_weakness_file_make(argv[1], argv[2], &importing.file);
	if (err == 0) {
		err = shut_in(argv + 4, argc - 4);
	}
	if (err == 0) {
		err = import(&importing, argv + 4, argc - 4);
	}
	if (is_loud) {
		(void)fputs("\n", stderr);
	}
	if (err < 0 && err != KM_ERR_FORMAT) {
		(void)fprintf(stderr, "komainu: the import failed: %s\n", km_error_text(err));
	}
	km_weakness_file_close(importing.file);
	return err == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
