/*
 * The names that a certificate is made out to: host names and addresses as one text with commas,
 * "recorder.example,192.0.2.7,2001:db8::7". [RFC 5280 4.2.1.6]
 */
#ifndef KM_CRYPTO_CERTIFICATE_NAMES_H
#define KM_CRYPTO_CERTIFICATE_NAMES_H

#include "base/buf.h"

#define KM_CERTIFICATE_NAMES_SIZE 2048 /* of the text, with its NUL */
#define KM_CERTIFICATE_NAMES_MAX  32
#define KM_CERTIFICATE_NAME_SIZE  256

/*
 * Take the first name off the text; ret_name gets it without white space. Returns false at the end.
 * A name that does not fit comes out empty.
 */
bool km_certificate_names_next(
    struct km_bytes *rest, char ret_name[static KM_CERTIFICATE_NAME_SIZE]);

/* Whether it is an address in digits (not a host name). */
bool km_certificate_names_is_address(const char *name);

/*
 * Check the whole text: 1 to 32 host names [RFC 1123 2.1] (a first label "*" is allowed) or
 * addresses. Returns 0, or KM_ERR_FORMAT with which one is wrong and what would be right.
 */
KM_MUST_USE int km_certificate_names_check(const char *names, struct km_buf *ret_error);

/* Append to a text of names what is not in it yet. KM_ERR_LIMIT: too many, or too long. */
KM_MUST_USE int km_certificate_names_add(
    char names[static KM_CERTIFICATE_NAMES_SIZE], const char *further);

#endif
