/*
 * A throw-away certificate for the virtual camera's TLS, as vendors ship them: self-signed.
 */
#ifndef KM_LAB_CERTIFICATE_H
#define KM_LAB_CERTIFICATE_H

#include <stddef.h>

#define KM_LAB_CERTIFICATE_PEM_MAX  8192
#define KM_LAB_CERTIFICATE_HEX_SIZE 65 /* SHA-256 in lower-case hexadecimal and the NUL */

/*
 * Make a P-256 key and a certificate for localhost, 127.0.0.1 and ::1, valid for 30 days. Writes
 * the certificate and then the key as PEM with a NUL. Returns 0 or -1 (OpenSSL refused).
 */
int km_lab_certificate_make(char ret_pem[static KM_LAB_CERTIFICATE_PEM_MAX]);

/* The SHA-256 fingerprint of the first certificate in the PEM text. Returns 0 or -1. */
int km_lab_certificate_print(const char *pem, char ret_hex[static KM_LAB_CERTIFICATE_HEX_SIZE]);

#endif
