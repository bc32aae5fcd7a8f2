#include "guard/cameras.h"

#include "base/text.h"
#include "base/time.h"
#include "crypto/random.h"
#include "model/states.h"
#include "proto/url.h"

#include <string.h>

#define COLUMNS                                                                                    \
	"id, name, url, user, transport, allows_basic, pin, retain_us, retain_bytes, is_enabled,"  \
	" created_us, onvif_url"

#define BOX_MAX          (KM_CAMERA_PASSWORD_SIZE + 64)
#define PASSWORD_PURPOSE "camera password "

/* Empty, or where a device service may be; the auditor takes it apart. */
static bool is_onvif_url(struct km_bytes url)
{
	bool is_web = km_bytes_has_prefix(url, KM_BYTES("http://")) ||
		      km_bytes_has_prefix(url, KM_BYTES("https://"));

	return url.size == 0 ||
	       (is_web && km_text_is_clean_utf8(url) && km_bytes_find(url, '@') == url.size &&
		   km_bytes_find(url, ' ') == url.size);
}

const char *km_cameras_judge(const struct km_camera *camera)
{
	struct km_url url;
	struct km_fault fault = { 0 };

	if (!km_text_is_name(km_bytes_text(camera->name))) {
		return "name: 1 to 63 of a-z, 0-9, '-', '_' and '.', beginning with a letter or "
		       "digit, "
		       "is right";
	}
	if (km_url_parse(km_bytes_text(camera->url), &url, &fault) < 0) {
		return fault.text != NULL ? fault.text : "url: rtsp://HOST[:PORT]/PATH is right";
	}
	if (!is_onvif_url(km_bytes_text(camera->onvif_url))) {
		return "onvif_url: http://HOST[:PORT]/PATH or https:// is right, without a user "
		       "name";
	}
	if (!km_text_is_clean_utf8(km_bytes_text(camera->user))) {
		return "user: printable text is right";
	}
	if (camera->transport > KM_TRANSPORT_UDP) {
		return "transport: auto, tcp or udp is right";
	}
	if (camera->retain_us < 0 || camera->retain_us > 36500 * KM_TIME_DAY_US) {
		return "retain: 0 (no limit of its own) to 36500 days is right";
	}
	return NULL;
}

void km_cameras_describe(const struct km_camera *camera, char ret_text[static KM_CAMERA_PLACE_SIZE])
{
	struct km_url url;
	struct km_fault fault = { 0 };
	struct km_buf text;

	km_buf_init_fixed(&text, ret_text, KM_CAMERA_PLACE_SIZE - 1);
	km_buf_add_text(&text, camera->name);
	if (km_url_parse(km_bytes_text(camera->url), &url, &fault) == 0) {
		url.path = km_bytes_from(NULL, 0);
		km_buf_add_text(&text, " at ");
		km_url_write(&url, &text);
	}
	ret_text[text.size] = '\0';
}

static int read_camera(sqlite3_stmt *row, struct km_camera *ret_camera)
{
	struct km_camera camera = {
		.id = km_database_uuid(row, 0),
		.transport = (uint8_t)sqlite3_column_int(row, 4),
		.allows_basic = sqlite3_column_int(row, 5) != 0,
		.retain_us = sqlite3_column_int64(row, 7),
		.retain_bytes = (uint64_t)sqlite3_column_int64(row, 8),
		.is_enabled = sqlite3_column_int(row, 9) != 0,
		.created_us = sqlite3_column_int64(row, 10),
	};
	struct km_bytes pin = km_database_blob(row, 6);

	if (km_bytes_copy_text(km_database_text(row, 1), camera.name, sizeof(camera.name)) < 0 ||
	    km_bytes_copy_text(km_database_text(row, 2), camera.url, sizeof(camera.url)) < 0 ||
	    km_bytes_copy_text(km_database_text(row, 3), camera.user, sizeof(camera.user)) < 0 ||
	    km_bytes_copy_text(
		km_database_text(row, 11), camera.onvif_url, sizeof(camera.onvif_url)) < 0) {
		return KM_ERR_DATABASE;
	}
	if (pin.size == sizeof(camera.pin)) {
		camera.has_pin = true;
		memcpy(camera.pin, pin.data, sizeof(camera.pin));
	}
	*ret_camera = camera;
	return 0;
}

struct listing {
	int (*on_camera)(void *context, const struct km_camera *camera);
	void *context;
};

static int on_listed(void *context, sqlite3_stmt *row)
{
	struct listing *listing = context;
	struct km_camera camera;
	int err = read_camera(row, &camera);

	return err < 0 ? err : listing->on_camera(listing->context, &camera);
}

int km_cameras_each(struct km_database *database,
    int (*on_camera)(void *context, const struct km_camera *camera), void *context)
{
	struct listing listing = { .on_camera = on_camera, .context = context };

	return km_database_run(database,
	    "SELECT " COLUMNS " FROM camera WHERE dropped_us IS NULL ORDER BY name", NULL, 0,
	    on_listed, &listing);
}

struct finding {
	struct km_camera *ret_camera;
	bool is_found;
};

static int on_found(void *context, sqlite3_stmt *row)
{
	struct finding *finding = context;

	finding->is_found = true;
	return read_camera(row, finding->ret_camera);
}

static int find(struct km_database *database, const char *sql, struct km_database_value value,
    struct km_camera *ret_camera)
{
	struct finding finding = { .ret_camera = ret_camera };
	int err = km_database_run(database, sql, &value, 1, on_found, &finding);

	return err < 0 || finding.is_found ? err : KM_ERR_NOT_FOUND;
}

int km_cameras_find(
    struct km_database *database, const struct km_uuid *id, struct km_camera *ret_camera)
{
	return find(database, "SELECT " COLUMNS " FROM camera WHERE id = ?1 AND dropped_us IS NULL",
	    KM_UUID_DATA(id), ret_camera);
}

int km_cameras_find_name(
    struct km_database *database, struct km_bytes name, struct km_camera *ret_camera)
{
	struct km_database_value value = { .kind = KM_VALUE_TEXT, .bytes = name };

	return find(database,
	    "SELECT " COLUMNS " FROM camera WHERE name = ?1 AND dropped_us IS NULL", value,
	    ret_camera);
}

int km_cameras_find_name_ever(
    struct km_database *database, struct km_bytes name, struct km_camera *ret_camera)
{
	struct km_database_value value = { .kind = KM_VALUE_TEXT, .bytes = name };

	return find(database,
	    "SELECT " COLUMNS " FROM camera WHERE name = ?1"
	    " ORDER BY dropped_us IS NULL DESC, dropped_us DESC LIMIT 1",
	    value, ret_camera);
}

/* A box belongs to its camera: it cannot be moved to another entry. */
static void write_purpose(const struct km_uuid *id, char *text, size_t size)
{
	char id_text[KM_UUID_TEXT_SIZE];

	km_uuid_write(id, id_text);
	(void)snprintf(text, size, PASSWORD_PURPOSE "%s", id_text);
}

static int put_password(struct km_database *database, struct km_vault *vault,
    const struct km_uuid *id, struct km_bytes password)
{
	uint8_t storage[BOX_MAX];
	char purpose[80];
	struct km_buf box;
	int err = 0;

	if (password.size >= KM_CAMERA_PASSWORD_SIZE) {
		return KM_ERR_LIMIT;
	}
	km_buf_init_fixed(&box, storage, sizeof(storage));
	write_purpose(id, purpose, sizeof(purpose));
	err = km_vault_seal(vault, purpose, password, &box);
	if (err < 0) {
		return err;
	}
	return km_database_run(database, "UPDATE camera SET password = ?2 WHERE id = ?1",
	    KM_VALUES(KM_UUID_DATA(id), KM_DATA(km_buf_view(&box))), NULL, NULL);
}

static int put_row(struct km_database *database, const struct km_camera *camera, int64_t now_us)
{
	int err = km_database_run(database,
	    "INSERT INTO camera (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
	    " ?12)"
	    " ON CONFLICT (id) DO UPDATE SET name = excluded.name, url = excluded.url,"
	    " user = excluded.user, transport = excluded.transport,"
	    " allows_basic = excluded.allows_basic, pin = excluded.pin,"
	    " retain_us = excluded.retain_us, retain_bytes = excluded.retain_bytes,"
	    " is_enabled = excluded.is_enabled, onvif_url = excluded.onvif_url",
	    KM_VALUES(KM_UUID_DATA(&camera->id), KM_WORDS(camera->name), KM_WORDS(camera->url),
		KM_WORDS(camera->user), KM_NUMBER(camera->transport),
		KM_NUMBER(camera->allows_basic),
		camera->has_pin ? KM_DATA(km_bytes_from(camera->pin, sizeof(camera->pin)))
				: KM_NULL,
		KM_NUMBER(camera->retain_us), KM_NUMBER(camera->retain_bytes),
		KM_NUMBER(camera->is_enabled), KM_NUMBER(now_us), KM_WORDS(camera->onvif_url)),
	    NULL, NULL);

	return err;
}

int km_cameras_put(struct km_database *database, struct km_vault *vault,
    const struct km_camera *camera, const struct km_bytes *password, int64_t now_us,
    struct km_uuid *ret_id)
{
	struct km_camera row = *camera;
	struct km_camera old;
	int err = 0;

	if (km_cameras_judge(camera) != NULL) {
		return KM_ERR_FORMAT;
	}
	err = km_uuid_is_nil(&row.id) ? km_random_uuid(&row.id)
				      : km_cameras_find(database, &row.id, &old);
	if (err < 0) {
		return err;
	}
	err = km_database_exec(database, "BEGIN IMMEDIATE");
	if (err < 0) {
		return err;
	}
	err = put_row(database, &row, now_us);
	if (err == 0 && password != NULL) {
		err = put_password(database, vault, &row.id, *password);
	}
	if (err == 0) {
		err = km_database_exec(database, "COMMIT");
	}
	if (err < 0) {
		km_database_undo(database);
		return err;
	}
	*ret_id = row.id;
	return 0;
}

int km_cameras_drop(struct km_database *database, const struct km_uuid *id, int64_t now_us)
{
	int err = km_database_run(database,
	    "UPDATE camera SET dropped_us = ?2, password = NULL, is_enabled = 0"
	    " WHERE id = ?1 AND dropped_us IS NULL",
	    KM_VALUES(KM_UUID_DATA(id), KM_NUMBER(now_us)), NULL, NULL);

	return err == 0 && km_database_changes(database) == 0 ? KM_ERR_NOT_FOUND : err;
}

static int on_box(void *context, sqlite3_stmt *row)
{
	km_buf_add(context, km_database_blob(row, 0));
	return km_buf_error(context);
}

int km_cameras_password(struct km_database *database, struct km_vault *vault,
    const struct km_uuid *id, char ret_password[static KM_CAMERA_PASSWORD_SIZE])
{
	uint8_t storage[BOX_MAX];
	char clear[KM_CAMERA_PASSWORD_SIZE] = { 0 };
	char purpose[80];
	struct km_buf box;
	struct km_buf password;
	int err = 0;

	km_buf_init_fixed(&box, storage, sizeof(storage));
	km_buf_init_fixed(&password, clear, sizeof(clear) - 1);
	write_purpose(id, purpose, sizeof(purpose));
	err = km_database_run(database, "SELECT password FROM camera WHERE id = ?1",
	    KM_VALUES(KM_UUID_DATA(id)), on_box, &box);
	if (err == 0 && box.size > 0) {
		err = km_vault_unseal(vault, purpose, km_buf_view(&box), &password);
	}
	if (err == 0) {
		memcpy(ret_password, clear, sizeof(clear));
	}
	explicit_bzero(clear, sizeof(clear));
	return err;
}
