#include "courier/mail_text.h"

#include "base/text.h"
#include "base/time.h"
#include "model/states.h"

#include <stdio.h>
#include <string.h>

#define WORD_BYTES   39 /* of text in an encoded word: with "Subject: " it stays below 76 columns */
#define LINE_BYTES   57 /* of text in a line of base64: 76 columns [RFC 2045 6.8] */
#define SUBJECT_SIZE 700
#define TEXT_SIZE    1100

void km_mail_text_add_date(struct km_buf *buf, int64_t unix_us)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
		"Sep", "Oct", "Nov", "Dec" };
	char text[KM_TIME_TEXT_SIZE];
	int day = ((km_time_day(unix_us) + 4) % 7 + 7) % 7; /* day 0 was a Thursday */
	size_t month = 0;

	km_time_write(unix_us, text);
	month = (size_t)(10 * (text[5] - '0') + (text[6] - '0') - 1) % 12;
	km_buf_add_format(buf, "%s, %.2s %s %.4s %.8s +0000", days[day], text + 8, months[month],
	    text, text + 11);
}

/* How much of the text fits into `most` bytes, ending where a character ends. */
static size_t whole_characters(struct km_bytes text, size_t most)
{
	size_t size = most < text.size ? most : text.size;

	while (size > 0 && size < text.size && (text.data[size] & 0xc0) == 0x80) {
		size--;
	}
	/* Not UTF-8: cut it anywhere. */
	return size == 0 ? (most < text.size ? most : text.size) : size;
}

void km_mail_text_add_header(struct km_buf *buf, const char *name, struct km_bytes text)
{
	const char *separator = " ";

	km_buf_add_format(buf, "%s:", name);
	do {
		size_t size = whole_characters(text, WORD_BYTES);

		km_buf_add_format(buf, "%s=?UTF-8?B?", separator);
		km_text_add_base64(buf, km_bytes_slice(text, 0, size));
		km_buf_add_text(buf, "?=");
		text = km_bytes_after(text, size);
		separator = "\r\n ";
	} while (text.size > 0);
	km_buf_add_text(buf, "\r\n");
}

static void write_subject(const struct km_post *post, char *ret_text, size_t size)
{
	const struct km_message_courier_notice *first = &post->notices[0];
	bool is_english = post->to->language == KM_LANGUAGE_EN;

	if (post->count > 1) {
		(void)snprintf(ret_text, size,
		    is_english ? "[%s] %zu messages" : "[%s] 通知 %zu 件", post->host_name,
		    post->count);
		return;
	}
	(void)snprintf(ret_text, size, "[%s] %s", post->host_name,
	    is_english ? first->text_en : first->text_ja);
}

static const char *severity_ja(unsigned severity)
{
	switch (severity) {
	case KM_SEVERITY_CRITICAL:
		return "重大";
	case KM_SEVERITY_WARNING:
		return "警告";
	default:
		return "情報";
	}
}

static const char *phase_text(unsigned phase, bool is_english)
{
	switch (phase) {
	case KM_PHASE_OPENED:
		return is_english ? ", alarm" : "・警報発生";
	case KM_PHASE_CLEARED:
		return is_english ? ", alarm is over" : "・警報解除";
	case KM_PHASE_ACKNOWLEDGED:
		return is_english ? ", alarm seen" : "・警報確認済み";
	default:
		return "";
	}
}

static void add_notice(
    struct km_buf *body, const struct km_message_courier_notice *notice, bool is_english)
{
	char time[KM_TIME_TEXT_SIZE];

	km_time_write(notice->unix_us, time);
	km_buf_add_format(body, "%.10s %.8s UTC [%s%s]\r\n%s\r\n", time, time + 11,
	    is_english ? km_states_name("severity", notice->severity)
		       : severity_ja(notice->severity),
	    phase_text(notice->phase, is_english), is_english ? notice->text_en : notice->text_ja);
	if (notice->camera_name[0] != '\0') {
		km_buf_add_format(
		    body, is_english ? "Camera: %s\r\n" : "カメラ: %s\r\n", notice->camera_name);
	}
	if (notice->account_name[0] != '\0') {
		km_buf_add_format(
		    body, is_english ? "By: %s\r\n" : "操作した人: %s\r\n", notice->account_name);
	}
	km_buf_add_text(body, "\r\n");
}

static void write_body(const struct km_post *post, struct km_buf *body)
{
	unsigned language = post->to->language;

	for (size_t i = 0; i < post->count && language != KM_LANGUAGE_EN; i++) {
		add_notice(body, &post->notices[i], false);
	}
	if (language == KM_LANGUAGE_BOTH) {
		km_buf_add_text(body, "----\r\n\r\n");
	}
	for (size_t i = 0; i < post->count && language != KM_LANGUAGE_JA; i++) {
		add_notice(body, &post->notices[i], true);
	}
	km_buf_add_format(body, "-- \r\nKomainu %s (%s)\r\n", KM_VERSION, post->host_name);
}

static void add_body(struct km_buf *buf, struct km_bytes body)
{
	while (body.size > 0) {
		km_text_add_base64(buf, km_bytes_slice(body, 0, LINE_BYTES));
		km_buf_add_text(buf, "\r\n");
		body = km_bytes_after(body, LINE_BYTES);
	}
}

/* Guard has checked them; here it is made sure that none ends its line. */
static bool is_in_line(const char *text)
{
	for (size_t i = 0; text[i] != '\0'; i++) {
		if (text[i] < ' ' || text[i] == 0x7f || text[i] == '<' || text[i] == '>') {
			return false;
		}
	}
	return text[0] != '\0';
}

static void add_recipients(struct km_buf *buf, const char *recipients)
{
	struct km_bytes rest = km_bytes_text(recipients);
	const char *separator = "To: ";

	while (rest.size > 0) {
		struct km_bytes one = km_bytes_trim(km_bytes_split(&rest, ','));

		km_buf_add_text(buf, separator);
		km_buf_add_text(buf, "<");
		km_buf_add(buf, one);
		km_buf_add_text(buf, ">");
		separator = ",\r\n ";
	}
	km_buf_add_text(buf, "\r\n");
}

int km_mail_text_write(const struct km_post *post, int64_t now_unix_us, struct km_buf *buf)
{
	char subject[SUBJECT_SIZE];
	char host[256];
	char id[KM_UUID_TEXT_SIZE];
	struct km_buf body;
	int err = 0;

	if (!is_in_line(post->to->sender) || !is_in_line(post->to->recipients)) {
		return KM_ERR_FORMAT;
	}
	km_buf_init(&body, KM_MAIL_TEXT_MAX);
	write_subject(post, subject, sizeof(subject));
	km_post_write_host(post->host_name, host, sizeof(host));
	km_uuid_write(&post->id, id);
	km_buf_add_format(buf, "From: Komainu <%s>\r\n", post->to->sender);
	add_recipients(buf, post->to->recipients);
	km_mail_text_add_header(buf, "Subject", km_bytes_text(subject));
	km_buf_add_text(buf, "Date: ");
	km_mail_text_add_date(buf, now_unix_us);
	km_buf_add_format(buf,
	    "\r\nMessage-ID: <%s@%s>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n",
	    id, host);
	write_body(post, &body);
	add_body(buf, km_buf_view(&body));
	err = km_buf_error(&body);
	km_buf_finish(&body);
	return err < 0 ? err : km_buf_error(buf);
}
