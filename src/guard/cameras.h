/*
 * The cameras' entries: where, how, how long their recordings are kept. Passwords are sealed.
 */
#ifndef KM_GUARD_CAMERAS_H
#define KM_GUARD_CAMERAS_H

#include "guard/database.h"
#include "guard/vault.h"

#define KM_CAMERA_NAME_SIZE     64
#define KM_CAMERA_URL_SIZE      512
#define KM_CAMERA_USER_SIZE     128
#define KM_CAMERA_PASSWORD_SIZE 256
#define KM_CAMERA_PIN_BYTES     32

struct km_camera {
	struct km_uuid id;
	char name[KM_CAMERA_NAME_SIZE];     /* km_text_is_name; unique among living entries */
	char url[KM_CAMERA_URL_SIZE];       /* rtsp:// or rtsps://, without credentials */
	char onvif_url[KM_CAMERA_URL_SIZE]; /* http:// or https://, of its device service; may be
					       empty */
	char user[KM_CAMERA_USER_SIZE];
	uint8_t transport; /* camera_transport in states.tbl */
	bool allows_basic; /* Basic authentication in the clear */
	bool has_pin;
	uint8_t pin[KM_CAMERA_PIN_BYTES]; /* SHA-256 of the camera's certificate */
	int64_t retain_us;                /* 0: as the recorder's setting says */
	uint64_t retain_bytes;            /* 0: without limit */
	bool is_enabled;
	int64_t created_us;
};

/*
 * What is wrong with an entry, in words for whoever typed it; NULL if nothing. Static.
 * Checks the name, the URL and the ranges.
 */
const char *km_cameras_judge(const struct km_camera *camera);

/*
 * Its name and the place that it is at, for the journal: without path and query of the URL, where
 * some makers want the password. "front at rtsp://192.0.2.10"
 */
#define KM_CAMERA_PLACE_SIZE 400
void km_cameras_describe(
    const struct km_camera *camera, char ret_text[static KM_CAMERA_PLACE_SIZE]);

KM_MUST_USE int km_cameras_each(struct km_database *database,
    int (*on_camera)(void *context, const struct km_camera *camera), void *context);
KM_MUST_USE int km_cameras_find(
    struct km_database *database, const struct km_uuid *id, struct km_camera *ret_camera);
KM_MUST_USE int km_cameras_find_name(
    struct km_database *database, struct km_bytes name, struct km_camera *ret_camera);

/* Also among entries that were dropped, whose recordings may still be there. */
KM_MUST_USE int km_cameras_find_name_ever(
    struct km_database *database, struct km_bytes name, struct km_camera *ret_camera);

/*
 * Store an entry: a new one if its id is nil (ret_id tells the id given), else a change.
 * password: NULL keeps what is there. Returns 0, KM_ERR_FORMAT (see km_cameras_judge),
 * KM_ERR_EXISTS (the name), KM_ERR_NOT_FOUND, ...
 */
KM_MUST_USE int km_cameras_put(struct km_database *database, struct km_vault *vault,
    const struct km_camera *camera, const struct km_bytes *password, int64_t now_us,
    struct km_uuid *ret_id);

/* Forget settings and credentials; recordings stay. */
KM_MUST_USE int km_cameras_drop(
    struct km_database *database, const struct km_uuid *id, int64_t now_us);

/* The password in the clear, NUL-terminated; empty if there is none. Wipe it. */
KM_MUST_USE int km_cameras_password(struct km_database *database, struct km_vault *vault,
    const struct km_uuid *id, char ret_password[static KM_CAMERA_PASSWORD_SIZE]);

#endif
