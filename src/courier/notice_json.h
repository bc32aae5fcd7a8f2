/*
 * A notice as JSON, for webhooks and MQTT, and the signature of a webhook (docs/notices.md).
 */
#ifndef KM_COURIER_NOTICE_JSON_H
#define KM_COURIER_NOTICE_JSON_H

#include "base/json.h"
#include "courier/post.h"

#define KM_NOTICE_JSON_MAX            8192
#define KM_NOTICE_JSON_SIGNATURE_SIZE 72 /* "sha256=", 64 digits and the NUL */

/* Write it as one object, into a writer that was made with at least KM_NOTICE_JSON_MAX. */
KM_MUST_USE int km_notice_json_write(
    const struct km_message_courier_notice *notice, const char *host_name, struct km_json *json);

/*
 * HMAC-SHA256 [RFC 2104] over "TIMESTAMP.BODY", TIMESTAMP being the seconds that the header beside
 * it says. Returns 0 or an error of crypto/digest.
 */
KM_MUST_USE int km_notice_json_sign(struct km_bytes key, int64_t unix_s, struct km_bytes body,
    char ret_text[static KM_NOTICE_JSON_SIGNATURE_SIZE]);

#endif
