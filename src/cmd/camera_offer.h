/*
 * What a camera offers over ONVIF, for `camera add NAME onvif://...`: its streams are filled in.
 */
#ifndef KM_CMD_CAMERA_OFFER_H
#define KM_CMD_CAMERA_OFFER_H

#include "cmd/verb.h"
#include "guard/cameras.h"

/* Whether a URL names a device service: onvif:// (HTTP) or onvifs:// (HTTP over TLS). */
bool km_camera_offer_is_url(const char *url);

/*
 * Ask the camera at `url` with the entry's user and pin, and set the entry's url and onvif_url;
 * tell on standard error what was found. wanted: the token of a profile; NULL: the best one. Exit
 * status, and 0 for done.
 */
enum km_exit km_camera_offer_fill(
    const char *url, const char *password, const char *wanted, struct km_camera *camera);

#endif
