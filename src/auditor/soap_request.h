/*
 * Requests to cameras: SOAP 1.2 envelopes [SOAP 1.2 part 1, 5], with a login as a digest
 * [WSS UsernameToken 1.1, 3.1] if one is given. Pure: text in, text out.
 */
#ifndef KM_AUDITOR_SOAP_REQUEST_H
#define KM_AUDITOR_SOAP_REQUEST_H

#include "base/buf.h"
#include "base/error.h"

#define KM_SOAP_REQUEST_MAX         ((size_t)32 * 1024) /* bytes that any of ours needs at most */
#define KM_SOAP_REQUEST_NONCE_BYTES 16
#define KM_SOAP_REQUEST_SECRET_MAX  256 /* bytes of a password */

struct km_soap_login {
	struct km_bytes user;
	struct km_bytes password;
	uint8_t nonce[KM_SOAP_REQUEST_NONCE_BYTES]; /* fresh for each request */
	int64_t created_unix_us; /* now by the camera's clock: most allow some seconds only */
};

/*
 * Append an envelope around an operation. body: its elements, written before; namespace: of the
 * operation and, as the default one, of its elements without prefix ("tt:" is the ONVIF schema).
 * login may be NULL. KM_ERR_LIMIT, KM_ERR_MEMORY, KM_ERR_CRYPTO, KM_ERR_FORMAT (the user holds a
 * control character). The buffer then holds what is worth a login for some minutes.
 */
KM_MUST_USE int km_soap_request_write(struct km_buf *buf, const char *name_space,
    const char *operation, struct km_bytes body, const struct km_soap_login *login);

/*
 * "<name>text</name>", the text escaped. What XML cannot hold (control characters) is left out.
 */
void km_soap_request_element(struct km_buf *buf, const char *name, struct km_bytes text);

/* The text alone, escaped for elements and attributes. */
void km_soap_request_text(struct km_buf *buf, struct km_bytes text);

#endif
