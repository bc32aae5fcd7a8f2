#include "priv/log.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAIL_BYTES 16 /* kept free for what ends a line */

struct place {
	const char *file; /* NULL: free */
	int line;
	enum km_log_level level;
	const char *event;
	int64_t window_us; /* when it began */
	unsigned written;
	unsigned suppressed;
};

struct km_log {
	struct km_log_options options;
	struct place places[KM_LOG_PLACES_MAX];
};

struct km_log_field km_log_bytes(const char *name, struct km_bytes text)
{
	return (struct km_log_field){ .name = name, .kind = KM_LOG_KIND_TEXT, .text = text };
}

struct km_log_field km_log_text(const char *name, const char *text)
{
	return km_log_bytes(name, km_bytes_text(text));
}

struct km_log_field km_log_number(const char *name, int64_t number)
{
	return (struct km_log_field){ .name = name, .kind = KM_LOG_KIND_NUMBER, .number = number };
}

struct km_log_field km_log_error(const char *name, int err)
{
	return (struct km_log_field){
		.name = name,
		.kind = KM_LOG_KIND_ERROR,
		.number = err,
		.system_errno = err == KM_ERR_SYS ? errno : 0,
	};
}

int km_log_create(const struct km_log_options *options, struct km_log **ret_log)
{
	struct km_log *log = calloc(1, sizeof(*log));

	if (log == NULL) {
		return KM_ERR_MEMORY;
	}
	log->options = *options;
	*ret_log = log;
	return 0;
}

void km_log_set_level(struct km_log *log, enum km_log_level level)
{
	log->options.level = level;
}

static const char *level_name(enum km_log_level level)
{
	switch (level) {
	case KM_LOG_ERROR:
		return "error";
	case KM_LOG_WARNING:
		return "warning";
	case KM_LOG_NOTICE:
		return "notice";
	case KM_LOG_INFO:
		return "info";
	case KM_LOG_DEBUG:
		return "debug";
	}
	return "unknown";
}

/* The place's slot; a new one takes the slot that has been quiet longest, which it may have to
 * tell about first. */
static struct place *place_for(struct km_log *log, const char *file, int line)
{
	struct place *oldest = &log->places[0];

	for (size_t i = 0; i < KM_LOG_PLACES_MAX; i++) {
		struct place *place = &log->places[i];

		if (place->line == line && place->file != NULL &&
		    (place->file == file || strcmp(place->file, file) == 0)) {
			return place;
		}
		if (place->file == NULL ||
		    (oldest->file != NULL && place->window_us < oldest->window_us)) {
			oldest = place;
		}
	}
	return oldest;
}

/* Text that needs no quotes in key=value form. */
static bool is_plain(struct km_bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];

		if (byte <= ' ' || byte >= 127 || byte == '"' || byte == '=' || byte == '\\') {
			return false;
		}
	}
	return text.size > 0 && text.size <= KM_LOG_TEXT_MAX;
}

/*
 * Foreign text between quotes. km_text_add_escaped leaves printable ASCII as it is but for the
 * backslash; so a quote is written as a byte too, and in JSON, which knows no \x, each backslash is
 * doubled.
 */
static void add_quoted(struct km_buf *line, struct km_bytes text, bool is_json)
{
	uint8_t storage[4 * KM_LOG_TEXT_MAX + 4];
	struct km_buf escaped;

	km_buf_init_fixed(&escaped, storage, sizeof(storage));
	km_text_add_escaped(&escaped, text, KM_LOG_TEXT_MAX);
	km_buf_add_u8(line, '"');
	for (size_t i = 0; i < escaped.size; i++) {
		if (escaped.data[i] == '"') {
			km_buf_add_text(line, is_json ? "\\\"" : "\\x22");
		} else if (escaped.data[i] == '\\' && is_json) {
			km_buf_add_text(line, "\\\\");
		} else {
			km_buf_add_u8(line, escaped.data[i]);
		}
	}
	km_buf_add_u8(line, '"');
}

static void add_value(struct km_buf *line, const struct km_log_field *field, bool is_json)
{
	switch (field->kind) {
	case KM_LOG_KIND_NUMBER:
		km_buf_add_format(line, "%lld", (long long)field->number);
		break;
	case KM_LOG_KIND_ERROR: {
		const char *why =
		    field->system_errno == 0 ? NULL : strerrorname_np(field->system_errno);
		const char *name = why == NULL ? km_error_name((int)field->number) : why;

		km_buf_add_format(line, is_json ? "\"%s\"" : "%s", name);
		break;
	}
	case KM_LOG_KIND_TEXT:
		if (!is_json && is_plain(field->text)) {
			km_buf_add(line, field->text);
		} else {
			add_quoted(line, field->text, is_json);
		}
		break;
	case KM_LOG_KIND_NONE:
		break;
	}
}

/* Append a field, or nothing at all if it does not fit. Returns whether it did. */
static bool add_field(struct km_buf *line, const struct km_log_field *field, bool is_json)
{
	size_t before = line->size;

	if (field->kind == KM_LOG_KIND_NONE) {
		return true;
	}
	km_buf_add_format(line, is_json ? ",\"%s\":" : " %s=", field->name);
	add_value(line, field, is_json);
	if (km_buf_error(line) < 0) {
		line->size = before;
		line->err = 0;
		return false;
	}
	return true;
}

static void write_line(
    struct km_log *log, const struct place *place, const struct km_log_field *fields, size_t count)
{
	uint8_t storage[KM_LOG_LINE_MAX];
	struct km_buf line;
	bool is_json = log->options.is_json;
	bool is_cut = false;
	struct km_log_field repeated = km_log_number("repeated", place->suppressed);

	km_buf_init_fixed(&line, storage, sizeof(storage) - TAIL_BYTES);
	km_buf_add_format(&line,
	    is_json ? "<%d>{\"role\":\"%s\",\"level\":\"%s\",\"event\":\"%s\"" : "<%d>%s: %.0s%s",
	    (int)place->level, log->options.role, level_name(place->level), place->event);
	if (place->suppressed > 0) {
		is_cut = !add_field(&line, &repeated, is_json);
	}
	for (size_t i = 0; i < count && !is_cut; i++) {
		is_cut = !add_field(&line, &fields[i], is_json);
	}
	line.max = sizeof(storage);
	line.capacity = sizeof(storage);
	if (is_cut) {
		km_buf_add_text(&line, is_json ? ",\"cut\":1" : " cut=1");
	}
	km_buf_add_text(&line, is_json ? "}\n" : "\n");
	/* One write, so that lines of several processes do not mix. */
	(void)!write(log->options.fd, line.data, line.size);
}

/* Tell what was suppressed, if there was any. */
static void tell_suppressed(struct km_log *log, struct place *place)
{
	if (place->file != NULL && place->suppressed > 0) {
		write_line(log, place, NULL, 0);
		place->suppressed = 0;
	}
}

void km_log_write(struct km_log *log, const char *file, int line, enum km_log_level level,
    const char *event, const struct km_log_field *fields, size_t count)
{
	int saved = errno;
	int64_t now_us = 0;
	struct place *place = NULL;

	if (level > log->options.level) {
		return;
	}
	now_us = log->options.clock_us();
	place = place_for(log, file, line);
	if (place->file == NULL || place->line != line || strcmp(place->file, file) != 0) {
		tell_suppressed(log, place);
		*place = (struct place){ .file = file, .line = line, .window_us = now_us };
	} else if (now_us - place->window_us >= KM_LOG_WINDOW_US) {
		place->window_us = now_us;
		place->written = 0;
	}
	place->level = level;
	place->event = event;
	if (place->written >= KM_LOG_BURST) {
		place->suppressed++;
	} else {
		place->written++;
		write_line(log, place, fields, count);
		place->suppressed = 0;
	}
	errno = saved;
}

void km_log_flush(struct km_log *log)
{
	int64_t now_us = log->options.clock_us();

	for (size_t i = 0; i < KM_LOG_PLACES_MAX; i++) {
		struct place *place = &log->places[i];

		if (now_us - place->window_us >= KM_LOG_WINDOW_US) {
			tell_suppressed(log, place);
		}
	}
}

void km_log_destroy(struct km_log *log)
{
	if (log == NULL) {
		return;
	}
	for (size_t i = 0; i < KM_LOG_PLACES_MAX; i++) {
		tell_suppressed(log, &log->places[i]);
	}
	free(log);
}
