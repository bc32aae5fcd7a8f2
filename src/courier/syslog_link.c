#include "courier/syslog_link.h"

#include "base/time.h"
#include "courier/syslog_line.h"
#include "io/clock.h"
#include "io/stream.h"
#include "proto/service_url.h"

#include <stdlib.h>
#include <string.h>

#define CONNECT_US (20 * KM_TIME_SECOND_US)
#define WHOLE_US   (60 * KM_TIME_SECOND_US)
#define LOOK_US    INT64_C(50000)
#define LINES_MAX  ((size_t)KM_POST_NOTICES_MAX * (KM_SYSLOG_LINE_MAX + 8))

struct km_syslog_link {
	struct km_tls_roots *roots;
	struct km_stream *stream;
	struct km_timer *timer; /* looks whether all is sent, and whether it takes too long */
	struct km_buf lines;
	size_t count;
	int64_t deadline_us;
	bool has_ended; /* our side */
	void (*on_done)(void *context, const struct km_post_outcome *outcome);
	void *context;
};

static void finish(struct km_syslog_link *link, const struct km_post_outcome *outcome)
{
	void (*on_done)(void *context, const struct km_post_outcome *outcome) = link->on_done;
	void *context = link->context;

	km_syslog_link_cancel(link);
	on_done(context, outcome);
}

static void fail(struct km_syslog_link *link, int err, const char *text)
{
	struct km_post_outcome outcome = { 0 };

	km_post_say(&outcome, err, false, "%s", text);
	finish(link, &outcome);
}

static void on_failed(void *context)
{
	struct km_syslog_link *link = context;

	fail(link, km_stream_failure(link->stream)->err, km_stream_failure(link->stream)->text);
}

/* Say that we have ended, once everything has gone. */
static void go_on(struct km_syslog_link *link)
{
	int err = 0;

	if (!link->has_ended && km_stream_queued_bytes(link->stream) == 0) {
		err = km_stream_end_writing(link->stream);
		link->has_ended = err == 0;
	}
	if (err < 0 && err != KM_ERR_AGAIN) {
		on_failed(link);
	}
}

static void on_open(void *context)
{
	struct km_syslog_link *link = context;

	km_stream_set_reading(link->stream, true);
	if (km_stream_write(link->stream, km_buf_view(&link->lines)) < 0) {
		on_failed(link);
		return;
	}
	go_on(link);
}

static void on_readable(void *context)
{
	struct km_syslog_link *link = context;
	struct km_post_outcome outcome = { 0 };
	uint8_t answer[512];
	size_t count = 0;
	int err = 0;

	do {
		err = km_stream_read(link->stream, answer, sizeof(answer), &count);
	} while (err == 0); /* nothing is said in this direction; whatever it is, it is dropped */
	if (err == KM_ERR_AGAIN) {
		return;
	}
	if (err == KM_ERR_CLOSED && link->has_ended) {
		km_post_say(
		    &outcome, 0, false, "the collector read %zu messages to the end", link->count);
		finish(link, &outcome);
	} else {
		fail(link, err,
		    err == KM_ERR_CLOSED ? "the collector closed before it had all"
					 : km_stream_failure(link->stream)->text);
	}
}

static void on_timer(void *context)
{
	struct km_syslog_link *link = context;

	if (km_clock_monotonic_us() > link->deadline_us) {
		fail(link, KM_ERR_TIMEOUT,
		    link->has_ended ? "the collector did not end the connection after all was sent"
				    : "the collector takes nothing");
		return;
	}
	if (km_stream_fd(link->stream) >= 0) {
		go_on(link);
	}
}

static const struct km_stream_events stream_events = {
	.on_open = on_open,
	.on_failed = on_failed,
	.on_readable = on_readable,
};

static int connect_to(struct km_syslog_link *link, struct km_loop *loop,
    const struct km_message_courier_destination *to)
{
	struct km_service_url url;
	struct km_stream_options options = {
		.timeout_us = CONNECT_US,
		.write_max_bytes = LINES_MAX,
		.pin = to->pin_size == sizeof(to->pin) ? to->pin : NULL,
	};
	int err = km_service_url_parse(km_bytes_text(to->url), &url, NULL);

	if (err == 0) {
		err = to->ca_size > 0 ? km_tls_roots_create_from(
					    km_bytes_from(to->ca, to->ca_size), &link->roots)
				      : km_tls_roots_create(NULL, &link->roots);
	}
	if (err < 0) {
		return err;
	}
	options.host = url.host;
	options.port = url.port;
	options.tls_roots = link->roots;
	return km_stream_create(loop, &options, &stream_events, link, &link->stream);
}

int km_syslog_link_start(struct km_loop *loop, const struct km_post *post,
    void (*on_done)(void *context, const struct km_post_outcome *outcome), void *context,
    struct km_syslog_link **ret_link)
{
	struct km_syslog_link *link = calloc(1, sizeof(*link));
	int err = 0;

	if (link == NULL) {
		return KM_ERR_MEMORY;
	}
	link->on_done = on_done;
	link->context = context;
	link->count = post->count;
	link->deadline_us = km_clock_monotonic_us() + WHOLE_US;
	km_buf_init(&link->lines, LINES_MAX);
	for (size_t i = 0; err == 0 && i < post->count; i++) {
		err = km_syslog_line_write(
		    &post->notices[i], post->to->language, post->host_name, &link->lines);
	}
	if (err == 0) {
		err = km_timer_create(loop, on_timer, link, &link->timer);
	}
	if (err == 0) {
		err = connect_to(link, loop, post->to);
	}
	if (err < 0) {
		km_syslog_link_cancel(link);
		return err;
	}
	km_timer_start(link->timer, LOOK_US, LOOK_US);
	*ret_link = link;
	return 0;
}

void km_syslog_link_cancel(struct km_syslog_link *link)
{
	if (link == NULL) {
		return;
	}
	km_stream_destroy(link->stream);
	km_tls_roots_destroy(link->roots);
	if (link->timer != NULL) {
		km_timer_destroy(link->timer);
	}
	km_buf_finish(&link->lines);
	free(link);
}
