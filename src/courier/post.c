#include "courier/post.h"

#include "base/text.h"
#include "model/events.h"
#include "model/states.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *km_post_event_name(const struct km_message_courier_notice *notice)
{
	if (notice->phase == KM_PHASE_TEST) {
		return "test";
	}
	return notice->alarm == 0 ? km_events_name(notice->event)
				  : km_states_name("alarm_kind", notice->alarm_kind);
}

void km_post_write_host(const char *host_name, char *ret_text, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; host_name[i] != '\0' && used + 1 < size; i++) {
		char byte = host_name[i];

		if ((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
		    (byte >= 'A' && byte <= 'Z') || byte == '-' || (byte == '.' && used > 0)) {
			ret_text[used++] = byte;
		}
	}
	ret_text[used] = '\0';
	if (used == 0) {
		(void)snprintf(ret_text, size, "komainu");
	}
}

void km_post_write_text(
    const struct km_message_courier_notice *notice, unsigned language, char *ret_text, size_t size)
{
	switch (language) {
	case KM_LANGUAGE_JA:
		(void)snprintf(ret_text, size, "%s", notice->text_ja);
		break;
	case KM_LANGUAGE_EN:
		(void)snprintf(ret_text, size, "%s", notice->text_en);
		break;
	default:
		(void)snprintf(ret_text, size, "%s / %s", notice->text_ja, notice->text_en);
		break;
	}
}

void km_post_say(struct km_post_outcome *outcome, int err, bool is_final, const char *format, ...)
{
	char line[sizeof(outcome->text)];
	struct km_buf text;
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	outcome->err = err;
	outcome->is_final = is_final;
	/* What the other side said is foreign: it goes to logs and the journal. */
	km_buf_init_fixed(&text, outcome->text, sizeof(outcome->text) - 1);
	if (km_text_is_clean_utf8(km_bytes_text(line))) {
		km_buf_add_text(&text, line);
	} else {
		km_text_add_escaped(&text, km_bytes_text(line), 120);
	}
	outcome->text[text.size] = '\0';
}
