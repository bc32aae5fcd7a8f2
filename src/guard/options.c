#include "guard/options.h"

#include "base/error.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

/* As the file has them: NULL where a key was left out. */
struct raw_options {
#define KM_OPTION_NUMBER(name, unit, default, min, max, text) uint64_t *name;
#define KM_OPTION_TEXT(name, size, default, text)             char *name;
#include "model/options.tbl"
#undef KM_OPTION_NUMBER
#undef KM_OPTION_TEXT
};

#define OPTIONAL_POINTER (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_schema_field_t raw_fields[] = {
#define KM_OPTION_NUMBER(name, unit, default, min, max, text)                                      \
	CYAML_FIELD_UINT_PTR(#name, OPTIONAL_POINTER, struct raw_options, name),
#define KM_OPTION_TEXT(name, size, default, text)                                                  \
	CYAML_FIELD_STRING_PTR(#name, OPTIONAL_POINTER, struct raw_options, name, 0, (size)-1),
#include "model/options.tbl"
#undef KM_OPTION_NUMBER
#undef KM_OPTION_TEXT
	CYAML_FIELD_END
};

static const cyaml_schema_value_t raw_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct raw_options, raw_fields),
};

void km_options_init(struct km_options *options)
{
	*options = (struct km_options){
#define KM_OPTION_NUMBER(name, unit, default, min, max, text) .name = (default),
#define KM_OPTION_TEXT(name, size, default, text)             .name = default,
#include "model/options.tbl"
#undef KM_OPTION_NUMBER
#undef KM_OPTION_TEXT
	};
}

/* libcyaml tells what is wrong, with line and column, through its log. */
static void on_log(cyaml_log_t level, void *context, const char *format, va_list args)
{
	struct km_buf *error = context;
	char line[512];

	(void)level;
	if (vsnprintf(line, sizeof(line), format, args) > 0) {
		km_buf_add_text(error, line);
	}
}

static int take_number(const char *name, const uint64_t *raw, uint64_t min, uint64_t max,
    uint64_t *ret_value, struct km_buf *ret_error)
{
	if (raw == NULL) {
		return 0;
	}
	if (*raw < min || *raw > max) {
		km_buf_add_format(ret_error, "%s: %llu is out of range; %llu to %llu is right\n",
		    name, (unsigned long long)*raw, (unsigned long long)min,
		    (unsigned long long)max);
		return KM_ERR_CONFIG;
	}
	*ret_value = *raw;
	return 0;
}

static int take_text(const char *raw, char *ret_text, size_t size)
{
	return raw == NULL ? 0 : km_bytes_copy_text(km_bytes_text(raw), ret_text, size);
}

static int take_all(
    const struct raw_options *raw, struct km_options *options, struct km_buf *ret_error)
{
	int err = 0;

#define KM_OPTION_NUMBER(name, unit, default, min, max, text)                                      \
	if (take_number(#name, raw->name, min, max, &options->name, ret_error) < 0) {              \
		err = KM_ERR_CONFIG;                                                               \
	}
#define KM_OPTION_TEXT(name, size, default, text)                                                  \
	if (take_text(raw->name, options->name, size) < 0) {                                       \
		err = KM_ERR_CONFIG;                                                               \
	}
/* Zero is the least of some rows, where the comparison is always false. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtype-limits"
#include "model/options.tbl"
#pragma GCC diagnostic pop
#undef KM_OPTION_NUMBER
#undef KM_OPTION_TEXT
	return err;
}

int km_options_load(const char *path, struct km_options *ret_options, struct km_buf *ret_error)
{
	cyaml_config_t config = {
		.log_fn = on_log,
		.log_ctx = ret_error,
		.log_level = CYAML_LOG_WARNING,
		.mem_fn = cyaml_mem,
		.flags = CYAML_CFG_DEFAULT,
	};
	struct raw_options *raw = NULL;
	struct km_options options;
	cyaml_err_t status = CYAML_OK;
	int err = 0;

	km_buf_clear(ret_error);
	km_options_init(&options);
	if (access(path, R_OK) < 0) {
		if (errno != ENOENT) {
			return KM_ERR_SYS;
		}
		*ret_options = options;
		return 0;
	}
	km_buf_add_format(ret_error, "%s: ", path);
	status = cyaml_load_file(path, &config, &raw_schema, (cyaml_data_t **)&raw, NULL);
	if (status != CYAML_OK) {
		km_buf_add_text(ret_error, cyaml_strerror(status));
		err = KM_ERR_CONFIG;
	} else if (raw != NULL) { /* an empty file is fine */
		err = take_all(raw, &options, ret_error);
	}
	(void)cyaml_free(&config, &raw_schema, raw, 0);
	if (err == 0) {
		km_buf_clear(ret_error);
		*ret_options = options;
	}
	return err;
}

void km_options_write(const struct km_options *options, struct km_buf *buf)
{
#define KM_OPTION_NUMBER(name, unit, default, min, max, text)                                      \
	km_buf_add_format(                                                                         \
	    buf, "# %s (%s)\n" #name ": %llu\n\n", text, unit, (unsigned long long)options->name);
#define KM_OPTION_TEXT(name, size, default, text)                                                  \
	km_buf_add_format(buf, "# %s\n" #name ": \"%s\"\n\n", text, options->name);
#include "model/options.tbl"
#undef KM_OPTION_NUMBER
#undef KM_OPTION_TEXT
}
