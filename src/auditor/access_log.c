#include "auditor/access_log.h"

#include "base/text.h"

#include <string.h>

#define SECRET_MIN 5
#define CODED_SIZE 768
#define LINE_LOOK  400 /* bytes of a line that are looked at */
#define LINES_MAX  20000

static bool has_word(struct km_bytes line, struct km_bytes word)
{
	for (size_t at = 0; at + word.size <= line.size; at++) {
		if (km_bytes_is_equal_nocase(km_bytes_slice(line, at, word.size), word)) {
			return true;
		}
	}
	return false;
}

static bool has_any(struct km_bytes line, const struct km_bytes *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (has_word(line, words[i])) {
			return true;
		}
	}
	return false;
}

static bool is_about_login(struct km_bytes line)
{
	static const struct km_bytes words[] = { KM_BYTES("login"), KM_BYTES("log in"),
		KM_BYTES("logged in"), KM_BYTES("logon"), KM_BYTES("authenticat"),
		KM_BYTES("authoriz"), KM_BYTES("signed in"),
		KM_BYTES("\xe3\x83\xad\xe3\x82\xb0\xe3"
			 "\x82\xa4\xe3\x83\xb3"),
		KM_BYTES("\xe8\xaa\x8d\xe8\xa8\xbc") };

	return has_any(line, words, KM_COUNT(words));
}

static bool is_failure(struct km_bytes line)
{
	static const struct km_bytes words[] = { KM_BYTES("fail"), KM_BYTES("denied"),
		KM_BYTES("invalid"), KM_BYTES("illegal"), KM_BYTES("wrong"), KM_BYTES("rejected"),
		KM_BYTES("unauthor"), KM_BYTES("refused"), KM_BYTES("error"), KM_BYTES("401"),
		KM_BYTES("\xe5\xa4\xb1\xe6\x95\x97") };

	return has_any(line, words, KM_COUNT(words));
}

static bool is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

/* As pattern: '9' stands for a digit, all else for itself. */
static bool fits(struct km_bytes text, const char *pattern)
{
	size_t size = strlen(pattern);

	if (text.size < size) {
		return false;
	}
	for (size_t i = 0; i < size; i++) {
		if (pattern[i] == '9' ? !is_digit(text.data[i])
				      : text.data[i] != (uint8_t)pattern[i]) {
			return false;
		}
	}
	return true;
}

static bool has_pattern(struct km_bytes line, const char *const *patterns, size_t count)
{
	for (size_t at = 0; at < line.size; at++) {
		for (size_t i = 0; i < count; i++) {
			if (fits(km_bytes_after(line, at), patterns[i])) {
				return true;
			}
		}
	}
	return false;
}

/* "Nov 22", "Nov  2": as syslog writes it [RFC 3164 4.1.2]. */
static bool has_month(struct km_bytes line)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (size_t at = 0; at + 6 <= line.size; at++) {
		for (size_t i = 0; i < 12; i++) {
			if (memcmp(line.data + at, months + 3 * i, 3) == 0 &&
			    line.data[at + 3] == ' ' && is_digit(line.data[at + 5])) {
				return true;
			}
		}
	}
	return false;
}

static bool has_time(struct km_bytes line)
{
	static const char *const dates[] = { "9999-99-99", "9999/99/99", "99/99/9999", "99-99-9999",
		"99.99.9999", "99999999T", "9999-9-9", "9999/9/9" };
	static const char *const times[] = { "99:99:99", "T999999", "9:99:99" };

	return (has_pattern(line, dates, KM_COUNT(dates)) || has_month(line)) &&
	       has_pattern(line, times, KM_COUNT(times));
}

static bool has_secret(struct km_bytes text, struct km_bytes password)
{
	uint8_t storage[CODED_SIZE];
	char hex[CODED_SIZE];
	struct km_buf coded;
	bool is_there = km_bytes_find_seq(text, password) < text.size;

	km_buf_init_fixed(&coded, storage, sizeof(storage));
	km_text_add_base64(&coded, password);
	if (!is_there && km_buf_error(&coded) == 0) {
		is_there = km_bytes_find_seq(text, km_buf_view(&coded)) < text.size;
	}
	if (!is_there && km_text_write_hex(password, hex, sizeof(hex)) == 0) {
		is_there = km_bytes_find_seq(text, km_bytes_text(hex)) < text.size;
	}
	explicit_bzero(storage, sizeof(storage));
	explicit_bzero(hex, sizeof(hex));
	return is_there;
}

struct km_access_log km_access_log_read(struct km_bytes text, struct km_bytes password)
{
	struct km_access_log log = { 0 };
	struct km_bytes rest = text;

	while (rest.size > 0 && log.lines < LINES_MAX) {
		struct km_bytes line =
		    km_bytes_slice(km_bytes_trim(km_bytes_line(&rest)), 0, LINE_LOOK);

		if (line.size == 0) {
			continue;
		}
		log.lines++;
		log.timed_lines += has_time(line) ? 1 : 0;
		if (is_about_login(line)) {
			if (is_failure(line)) {
				log.has_failure = true;
			} else {
				log.has_login = true;
			}
		}
	}
	log.has_secret = password.size >= SECRET_MIN && has_secret(text, password);
	return log;
}
