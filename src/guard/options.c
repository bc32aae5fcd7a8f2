#include "guard/options.h"

#include "base/cidr.h"
#include "base/error.h"

#include <cyaml/cyaml.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX        65536
#define CHUNK_BYTES     4096
#define NUMBER_TEXT_MAX 40

/*
 * As the file has them: NULL where a key was left out. Numbers are text here, because libcyaml
 * takes "100G" for 100 and "-1" for 2^64 - 1.
 */
struct raw_options {
#define KM_OPTION_NUMBER(name, unit, default, min, max, text) char *name;
#define KM_OPTION_TEXT(name, size, default, text)             char *name;
#include "model/options.tbl"
#undef KM_OPTION_NUMBER
#undef KM_OPTION_TEXT
};

#define OPTIONAL_POINTER (CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL)

static const cyaml_schema_field_t raw_fields[] = {
#define KM_OPTION_NUMBER(name, unit, default, min, max, text)                                      \
	CYAML_FIELD_STRING_PTR(                                                                    \
	    #name, OPTIONAL_POINTER, struct raw_options, name, 0, NUMBER_TEXT_MAX),
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

struct loading {
	const char *path;
	struct km_buf text; /* of the file */
	struct km_buf *error;
	bool is_explained; /* nothing need be added to error */
};

/* The line in which a key stands, from 1; 0 if it is not at the front of one. */
static unsigned find_line(struct km_bytes text, const char *key)
{
	unsigned line = 1;

	for (struct km_bytes rest = text; rest.size > 0; line++) {
		struct km_bytes value = km_bytes_line(&rest);
		struct km_bytes name = km_bytes_split(&value, ':');

		if (km_bytes_is_equal(km_bytes_trim(name), km_bytes_text(key))) {
			return line;
		}
	}
	return 0;
}

static void begin_complaint(const struct loading *loading, const char *key)
{
	km_buf_add_format(loading->error, "%s%s:%u: %s: ", loading->error->size > 0 ? "\n" : "",
	    loading->path, find_line(km_buf_view(&loading->text), key), key);
}

/* libcyaml tells what is wrong, with line and column, through its log. */
static void on_log(cyaml_log_t level, void *context, const char *format, va_list args)
{
	struct loading *loading = context;
	struct km_bytes unknown_key = KM_BYTES("Unexpected key: ");
	struct km_bytes said = KM_BYTES("Load: ");
	struct km_bytes text;
	char line[512];
	char key[64];

	(void)level;
	if (vsnprintf(line, sizeof(line), format, args) < 0 || loading->is_explained) {
		return;
	}
	text = km_bytes_text(line);
	text = km_bytes_after(text, km_bytes_has_prefix(text, said) ? said.size : 0);
	if (!km_bytes_has_prefix(text, unknown_key)) {
		km_buf_add(loading->error, text);
		return;
	}
	/* The place that libcyaml gives for these is that of the value before. */
	(void)km_bytes_copy_text(
	    km_bytes_trim(km_bytes_after(text, unknown_key.size)), key, sizeof(key));
	loading->is_explained = true;
	km_buf_clear(loading->error);
	begin_complaint(loading, key);
	km_buf_add_text(loading->error, "there is no such setting");
}

static int take_number(const struct loading *loading, const char *key, const char *raw,
    uint64_t min, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (raw == NULL) {
		return 0;
	}
	if (km_bytes_parse_u64(km_bytes_text(raw), max, &value) < 0 || value < min) {
		begin_complaint(loading, key);
		km_buf_add_format(loading->error,
		    "\"%s\"; a whole number from %llu to %llu is right", raw,
		    (unsigned long long)min, (unsigned long long)max);
		return KM_ERR_CONFIG;
	}
	*ret_value = value;
	return 0;
}

static int take_text(
    const struct loading *loading, const char *key, const char *raw, char *ret_text, size_t size)
{
	if (raw == NULL) {
		return 0;
	}
	if (raw[0] == '\0' || km_bytes_copy_text(km_bytes_text(raw), ret_text, size) < 0) {
		begin_complaint(loading, key);
		km_buf_add_format(
		    loading->error, "1 to %llu bytes are right", (unsigned long long)size - 1);
		return KM_ERR_CONFIG;
	}
	return 0;
}

/* A list that is not understood must not let everybody in, nor keep everybody out. */
static int judge_lists(const struct loading *loading, const struct km_options *options)
{
	struct km_bytes roles = km_bytes_text(options->second_factor_roles);
	struct km_cidr_list list;
	char words[200] = "";
	struct km_buf fault;

	km_buf_init_fixed(&fault, words, sizeof(words) - 1);
	if (km_cidr_parse_list(km_bytes_text(options->allow_from), &list, &fault) < 0) {
		begin_complaint(loading, "allow_from");
		km_buf_add_text(loading->error, words);
		return KM_ERR_CONFIG;
	}
	while (roles.size > 0) {
		struct km_bytes role = km_bytes_trim(km_bytes_split(&roles, ','));

		if (!km_bytes_is_equal(role, KM_BYTES("administrator")) &&
		    !km_bytes_is_equal(role, KM_BYTES("user")) &&
		    !km_bytes_is_equal(role, KM_BYTES("maintenance")) &&
		    !km_bytes_is_equal(role, KM_BYTES("none"))) {
			begin_complaint(loading, "second_factor_roles");
			km_buf_add_text(loading->error, "administrator, user, maintenance, "
							"separated by commas, or none is right");
			return KM_ERR_CONFIG;
		}
	}
	return 0;
}

static int take_all(
    const struct loading *loading, const struct raw_options *raw, struct km_options *options)
{
	int err = 0;

#define KM_OPTION_NUMBER(name, unit, default, min, max, text)                                      \
	if (take_number(loading, #name, raw->name, min, max, &options->name) < 0) {                \
		err = KM_ERR_CONFIG;                                                               \
	}
#define KM_OPTION_TEXT(name, size, default, text)                                                  \
	if (take_text(loading, #name, raw->name, options->name, size) < 0) {                       \
		err = KM_ERR_CONFIG;                                                               \
	}
#include "model/options.tbl"
#undef KM_OPTION_NUMBER
#undef KM_OPTION_TEXT
	return err < 0 ? err : judge_lists(loading, options);
}

static int read_all(int fd, struct km_buf *text)
{
	ssize_t count = 0;

	do {
		int err = km_buf_reserve(text, CHUNK_BYTES);

		if (err < 0) {
			return err;
		}
		count = read(fd, text->data + text->size, CHUNK_BYTES);
		if (count < 0) {
			return KM_ERR_SYS;
		}
		text->size += (size_t)count;
	} while (count > 0);
	return 0;
}

/* Returns 0 (then text is empty if there is no file), KM_ERR_SYS, KM_ERR_LIMIT or KM_ERR_MEMORY. */
static int read_file(const char *path, struct km_buf *text)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int code = 0;
	int err = 0;

	if (fd < 0) {
		return errno == ENOENT ? 0 : KM_ERR_SYS;
	}
	err = read_all(fd, text);
	code = errno;
	(void)close(fd);
	errno = code;
	return err;
}

static int parse(struct loading *loading, struct km_options *options)
{
	cyaml_config_t config = {
		.log_fn = on_log,
		.log_ctx = loading,
		.log_level = CYAML_LOG_WARNING,
		.mem_fn = cyaml_mem,
		.flags = CYAML_CFG_DEFAULT,
	};
	struct raw_options *raw = NULL;
	cyaml_err_t status = CYAML_OK;
	int err = 0;

	km_buf_add_format(loading->error, "%s: ", loading->path);
	status = cyaml_load_data(loading->text.data, loading->text.size, &config, &raw_schema,
	    (cyaml_data_t **)&raw, NULL);
	if (status != CYAML_OK) {
		km_buf_add_text(
		    loading->error, loading->is_explained ? "" : cyaml_strerror(status));
		err = status == CYAML_ERR_OOM ? KM_ERR_MEMORY : KM_ERR_CONFIG;
	} else if (raw != NULL) { /* one without keys is fine */
		km_buf_clear(loading->error);
		err = take_all(loading, raw, options);
	}
	(void)cyaml_free(&config, &raw_schema, raw, 0);
	return err;
}

int km_options_load(const char *path, struct km_options *ret_options, struct km_buf *ret_error)
{
	struct loading loading = { .path = path, .error = ret_error };
	struct km_options options;
	int err = 0;

	km_buf_clear(ret_error);
	km_options_init(&options);
	km_buf_init(&loading.text, FILE_MAX + CHUNK_BYTES);
	err = read_file(path, &loading.text);
	if (err < 0) {
		km_buf_add_format(ret_error, "%s: %s", path,
		    err == KM_ERR_SYS ? strerror(errno) : km_error_text(err));
		err = err == KM_ERR_LIMIT ? KM_ERR_CONFIG : err;
	} else if (loading.text.size > 0) {
		err = parse(&loading, &options);
	}
	km_buf_finish(&loading.text);
	if (err == 0) {
		km_buf_clear(ret_error);
		*ret_options = options;
	}
	return err;
}

/* A text in double quotes [YAML 1.2 7.3.1]. */
static void add_quoted(struct km_buf *buf, const char *text)
{
	km_buf_add_u8(buf, '"');
	for (const char *at = text; *at != '\0'; at++) {
		unsigned char byte = (unsigned char)*at;

		if (byte < 32 || byte == 127) {
			km_buf_add_format(buf, "\\x%02x", byte);
			continue;
		}
		if (byte == '"' || byte == '\\') {
			km_buf_add_u8(buf, '\\');
		}
		km_buf_add_u8(buf, byte);
	}
	km_buf_add_u8(buf, '"');
}

void km_options_write(const struct km_options *options, struct km_buf *buf)
{
#define KM_OPTION_NUMBER(name, unit, default, min, max, text)                                      \
	km_buf_add_format(                                                                         \
	    buf, "# %s (%s)\n" #name ": %llu\n\n", text, unit, (unsigned long long)options->name);
#define KM_OPTION_TEXT(name, size, default, text)                                                  \
	km_buf_add_format(buf, "# %s\n" #name ": ", text);                                         \
	add_quoted(buf, options->name);                                                            \
	km_buf_add_text(buf, "\n\n");
#include "model/options.tbl"
#undef KM_OPTION_NUMBER
#undef KM_OPTION_TEXT
}
