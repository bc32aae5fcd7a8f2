/*
 * How a role logs: one line per event to standard error, for journald or a terminal.
 *
 *      <4>receiver: camera-lost camera=front-door reason=refused wait_us=4000000
 *      <4>{"role":"receiver","level":"warning","event":"camera-lost","camera":"front-door"}
 *
 * The event is a word of ours that can be searched for; what varies goes into fields. Foreign text
 * is escaped and cut. A secret is never a field: there is no kind for it. Each place in the source
 * may log KM_LOG_BURST lines in KM_LOG_WINDOW_US; what is more is counted, and told by the next
 * line of that place that gets through (`repeated=N`) or by km_log_flush.
 *
 * Roles log, libraries do not.
 */
#ifndef KM_PRIV_LOG_H
#define KM_PRIV_LOG_H

#include "base/bytes.h"

#define KM_LOG_BURST      5
#define KM_LOG_WINDOW_US  INT64_C(10000000)
#define KM_LOG_PLACES_MAX 64   /* places limited at a time; the one quiet longest is forgotten */
#define KM_LOG_LINE_MAX   2048 /* bytes; longer lines lose their last fields and say cut=1 */
#define KM_LOG_TEXT_MAX   256  /* bytes of one foreign text */

/* As in syslog [RFC 5424 6.2.1]. */
enum km_log_level {
	KM_LOG_ERROR = 3,   /* somebody must act */
	KM_LOG_WARNING = 4, /* something is lost or was refused */
	KM_LOG_NOTICE = 5,  /* rare and normal: started, stopped, changed */
	KM_LOG_INFO = 6,
	KM_LOG_DEBUG = 7,
};

enum km_log_kind {
	KM_LOG_KIND_NONE = 0, /* the field is left out */
	KM_LOG_KIND_TEXT,
	KM_LOG_KIND_NUMBER,
	KM_LOG_KIND_ERROR,
};

struct km_log_field {
	const char *name; /* a word of ours: a-z, 0-9, '_' */
	enum km_log_kind kind;
	struct km_bytes text;
	int64_t number;
	int system_errno;
};

/* Text, ours or foreign; NULL counts as empty. Borrowed until the line is written. */
struct km_log_field km_log_text(const char *name, const char *text);
struct km_log_field km_log_bytes(const char *name, struct km_bytes text);
struct km_log_field km_log_number(const char *name, int64_t number);

/* A KM_ERR_* as its name, for KM_ERR_SYS with errno as it is now. */
struct km_log_field km_log_error(const char *name, int err);

struct km_log_options {
	const char *role;        /* borrowed for the log's life */
	int fd;                  /* usually STDERR_FILENO; borrowed */
	enum km_log_level level; /* what is less urgent is left out */
	bool is_json;
	int64_t (*clock_us)(void); /* monotonic: km_clock_monotonic_us */
};

struct km_log;

KM_MUST_USE int km_log_create(const struct km_log_options *options, struct km_log **ret_log);

/* Tells what was suppressed, then frees. NULL is fine. */
void km_log_destroy(struct km_log *log);

void km_log_set_level(struct km_log *log, enum km_log_level level);

/*
 * KM_LOG(log, KM_LOG_WARNING, "camera-lost", km_log_text("camera", name), km_log_error("why",
 * err)); At least one field. Keeps errno. A line that cannot be written is lost.
 */
#define KM_LOG(log, level, event, ...)                                                             \
	km_log_write((log), __FILE__, __LINE__, (level), (event),                                  \
	    (const struct km_log_field[]){ __VA_ARGS__ },                                          \
	    sizeof((const struct km_log_field[]){ __VA_ARGS__ }) / sizeof(struct km_log_field))

/* The same without fields. */
#define KM_LOG_EVENT(log, level, event)                                                            \
	km_log_write((log), __FILE__, __LINE__, (level), (event), NULL, 0)

/* What the macros call. file and event are string literals: the log keeps them. */
void km_log_write(struct km_log *log, const char *file, int line, enum km_log_level level,
    const char *event, const struct km_log_field *fields, size_t count);

/* Write a line for each place whose window is over and that has suppressed some: from a timer. */
void km_log_flush(struct km_log *log);

#endif
