/*
 * The settings file, komainu.yaml (model/options.tbl).
 */
#ifndef KM_GUARD_OPTIONS_H
#define KM_GUARD_OPTIONS_H

#include "base/buf.h"

struct km_options {
#define KM_OPTION_NUMBER(name, unit, default, min, max, text) uint64_t name;
#define KM_OPTION_TEXT(name, size, default, text)             char name[size];
#include "model/options.tbl"
#undef KM_OPTION_NUMBER
#undef KM_OPTION_TEXT
};

/* All defaults. */
void km_options_init(struct km_options *options);

/*
 * Read a settings file. A file that does not exist means all defaults; keys that are left out too.
 * On failure ret_error (cleared first) says file, line, key and what would be right.
 * Returns 0, KM_ERR_CONFIG, KM_ERR_SYS or KM_ERR_MEMORY; ret_options is untouched on failure.
 */
KM_MUST_USE int km_options_load(
    const char *path, struct km_options *ret_options, struct km_buf *ret_error);

/* Append the settings as YAML, with a comment above each that says what it means. */
void km_options_write(const struct km_options *options, struct km_buf *buf);

#endif
