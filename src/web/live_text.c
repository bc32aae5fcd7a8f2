#include "web/live_text.h"

#include "base/json.h"
#include "store/clip.h"

#include <string.h>

#define TEXT_MAX 2048

static struct km_parcel *finish(struct km_json *json)
{
	struct km_parcel *parcel = NULL;

	if (km_buf_error(&json->buf) == 0) {
		parcel = km_parcel_create(json->buf.size, true);
	}
	if (parcel != NULL) {
		memcpy(parcel->data, json->buf.data, json->buf.size);
		parcel->size = json->buf.size;
	}
	km_json_finish(json);
	return parcel;
}

static void begin_text(struct km_json *json, const char *kind)
{
	km_json_init(json, TEXT_MAX);
	km_json_open(json, NULL, '{');
	km_json_text(json, "kind", kind);
}

struct km_parcel *km_live_text_waiting(const char *state, const char *error)
{
	struct km_json json;

	begin_text(&json, "waiting");
	km_json_text(&json, "state", state);
	km_json_text(&json, "error", error);
	km_json_close(&json, '}');
	return finish(&json);
}

struct km_parcel *km_live_text_label(int64_t unix_us, int64_t media_us)
{
	struct km_json json;

	begin_text(&json, "label");
	km_json_i64(&json, "unix_us", unix_us);
	km_json_i64(&json, "media_us", media_us);
	km_json_close(&json, '}');
	return finish(&json);
}

struct km_parcel *km_live_text_skipped(uint64_t frames)
{
	struct km_json json;

	begin_text(&json, "skipped");
	km_json_u64(&json, "frames", frames);
	km_json_close(&json, '}');
	return finish(&json);
}

struct km_parcel *km_live_text_init(const struct km_tracks *tracks)
{
	struct km_json json;
	struct km_buf mime;

	km_buf_init(&mime, 512);
	if (km_clip_write_mime(tracks, &mime) < 0) {
		km_buf_clear(&mime);
	}
	km_buf_add_u8(&mime, '\0');
	begin_text(&json, "init");
	km_json_text(&json, "mime", (const char *)mime.data);
	km_json_i64(&json, "width", tracks->track[0].width);
	km_json_i64(&json, "height", tracks->track[0].height);
	km_json_text(
	    &json, "supported_hint", tracks->track[0].codec == KM_CODEC_H265 ? "h265" : "h264");
	km_json_close(&json, '}');
	km_buf_finish(&mime);
	return finish(&json);
}
