#include "courier/notice_json.h"

#include "base/text.h"
#include "base/time.h"
#include "crypto/digest.h"
#include "model/states.h"

#include <stdio.h>
#include <string.h>

static void write_text_or_null(struct km_json *json, const char *key, const char *text)
{
	if (text[0] == '\0') {
		km_json_null(json, key);
	} else {
		km_json_text(json, key, text);
	}
}

static void write_camera(struct km_json *json, const struct km_message_courier_notice *notice)
{
	if (km_uuid_is_nil(&notice->camera)) {
		km_json_null(json, "camera");
		return;
	}
	km_json_open(json, "camera", '{');
	km_json_uuid(json, "id", &notice->camera);
	km_json_text(json, "name", notice->camera_name);
	km_json_close(json, '}');
}

int km_notice_json_write(
    const struct km_message_courier_notice *notice, const char *host_name, struct km_json *json)
{
	char time[KM_TIME_TEXT_SIZE];

	km_time_write(notice->unix_us, time);
	km_json_open(json, NULL, '{');
	km_json_i64(json, "version", 1);
	km_json_uuid(json, "id", &notice->notice);
	km_json_text(json, "recorder", host_name);
	km_json_text(json, "time", time);
	km_json_text(json, "event", km_post_event_name(notice));
	km_json_text(json, "severity", km_states_name("severity", notice->severity));
	km_json_text(json, "phase", km_states_name("notice_phase", notice->phase));
	if (notice->alarm == 0) {
		km_json_null(json, "alarm");
	} else {
		km_json_i64(json, "alarm", notice->alarm);
	}
	write_camera(json, notice);
	write_text_or_null(json, "account", notice->account_name);
	km_json_open(json, "text", '{');
	km_json_text(json, "en", notice->text_en);
	km_json_text(json, "ja", notice->text_ja);
	km_json_close(json, '}');
	km_json_close(json, '}');
	return km_buf_error(&json->buf);
}

int km_notice_json_sign(struct km_bytes key, int64_t unix_s, struct km_bytes body,
    char ret_text[static KM_NOTICE_JSON_SIGNATURE_SIZE])
{
	uint8_t storage[KM_NOTICE_JSON_MAX + 32];
	uint8_t hash[KM_DIGEST_SHA256_BYTES];
	char digits[2 * KM_DIGEST_SHA256_BYTES + 1];
	struct km_buf signed_text;
	int err = 0;

	km_buf_init_fixed(&signed_text, storage, sizeof(storage));
	km_buf_add_format(&signed_text, "%lld.", (long long)unix_s);
	km_buf_add(&signed_text, body);
	err = km_buf_error(&signed_text);
	if (err == 0) {
		err = km_digest_hmac_sha256(key, km_buf_view(&signed_text), hash);
	}
	if (err == 0) {
		err = km_text_write_hex(KM_BYTES_OF(hash), digits, sizeof(digits));
	}
	if (err == 0) {
		(void)snprintf(ret_text, KM_NOTICE_JSON_SIGNATURE_SIZE, "sha256=%s", digits);
	}
	return err;
}
