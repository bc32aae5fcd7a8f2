#include "courier/syslog_line.h"

#include "base/time.h"
#include "model/states.h"

#include <stdio.h>
#include <string.h>

#define FACILITY  16              /* local0 */
#define SD_ID     "komainu@32473" /* the number that documents use [RFC 5612] */
#define TEXT_SIZE 1100

static unsigned level_of(unsigned severity)
{
	switch (severity) {
	case KM_SEVERITY_CRITICAL:
		return 2;
	case KM_SEVERITY_WARNING:
		return 4;
	default:
		return 6;
	}
}

/* What stands for a byte: a message is one line. */
static uint8_t in_line(uint8_t byte)
{
	return byte < ' ' || byte == 0x7f ? ' ' : byte;
}

void km_syslog_line_add_value(struct km_buf *buf, const char *text)
{
	for (size_t i = 0; text[i] != '\0'; i++) {
		if (text[i] == '"' || text[i] == '\\' || text[i] == ']') {
			km_buf_add_u8(buf, '\\');
		}
		km_buf_add_u8(buf, in_line((uint8_t)text[i]));
	}
}

static void add_param(struct km_buf *buf, const char *name, const char *value)
{
	if (value[0] != '\0') {
		km_buf_add_format(buf, " %s=\"", name);
		km_syslog_line_add_value(buf, value);
		km_buf_add_u8(buf, '"');
	}
}

static void add_head(
    struct km_buf *line, const struct km_message_courier_notice *notice, const char *host_name)
{
	char time[KM_TIME_TEXT_SIZE];
	char host[256];

	km_time_write(notice->unix_us, time);
	km_post_write_host(host_name, host, sizeof(host));
	km_buf_add_format(line, "<%u>1 %s %s komainu - %.32s ",
	    FACILITY * 8 + level_of(notice->severity), time, host, km_post_event_name(notice));
}

static void add_data(struct km_buf *line, const struct km_message_courier_notice *notice)
{
	char id[KM_UUID_TEXT_SIZE];
	char alarm[24] = "";

	km_uuid_write(&notice->notice, id);
	if (notice->alarm != 0) {
		(void)snprintf(alarm, sizeof(alarm), "%lld", (long long)notice->alarm);
	}
	km_buf_add_text(line, "[" SD_ID);
	add_param(line, "id", id);
	add_param(line, "severity", km_states_name("severity", notice->severity));
	add_param(line, "phase", km_states_name("notice_phase", notice->phase));
	add_param(line, "alarm", alarm);
	add_param(line, "camera", notice->camera_name);
	add_param(line, "account", notice->account_name);
	/* The BOM says that what follows is UTF-8 [RFC 5424 6.4]. */
	km_buf_add_text(line, "] \xef\xbb\xbf");
}

static void add_text(struct km_buf *line, const char *text)
{
	size_t size = strlen(text);
	size_t room = line->max - line->size;

	if (size > room) {
		size = room;
		while (size > 0 && ((uint8_t)text[size] & 0xc0) == 0x80) {
			size--;
		}
	}
	for (size_t i = 0; i < size; i++) {
		km_buf_add_u8(line, in_line((uint8_t)text[i]));
	}
}

int km_syslog_line_write(const struct km_message_courier_notice *notice, unsigned language,
    const char *host_name, struct km_buf *buf)
{
	uint8_t storage[KM_SYSLOG_LINE_MAX];
	char text[TEXT_SIZE];
	struct km_buf line;

	km_buf_init_fixed(&line, storage, sizeof(storage));
	add_head(&line, notice, host_name);
	add_data(&line, notice);
	km_post_write_text(notice, language, text, sizeof(text));
	add_text(&line, text);
	km_buf_add_format(buf, "%zu ", line.size);
	km_buf_add(buf, km_buf_view(&line));
	return km_buf_error(&line) < 0 ? km_buf_error(&line) : km_buf_error(buf);
}
