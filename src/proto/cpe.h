/*
 * Names of products: CPE 2.3 formatted strings and CPE 2.2 URIs [NISTIR 7695 6.1, 6.2], and the
 * folded form in which names of makers and models are compared.
 */
#ifndef KM_PROTO_CPE_H
#define KM_PROTO_CPE_H

#include "base/bytes.h"
#include "base/error.h"

#define KM_CPE_VENDOR_SIZE  64
#define KM_CPE_PRODUCT_SIZE 128
#define KM_CPE_VERSION_SIZE 64

struct km_cpe {
	char part; /* 'a' program, 'o' operating system or firmware, 'h' hardware, '*' any */
	char vendor[KM_CPE_VENDOR_SIZE];   /* without escapes; "*" any, "-" none */
	char product[KM_CPE_PRODUCT_SIZE]; /* the same */
	char version[KM_CPE_VERSION_SIZE]; /* the same, with the update: "5.2.0 build 140721" */
};

/*
 * Parse either form; what follows the version is passed over. Returns 0, KM_ERR_FORMAT, or
 * KM_ERR_LIMIT (a name does not fit).
 */
KM_MUST_USE int km_cpe_parse(struct km_bytes text, struct km_cpe *ret_cpe);

/*
 * Letters and digits alone, in lower case, without the word "firmware" at the end: "DS-2CD2032-I"
 * and "ds-2cd2032-i_firmware" become "ds2cd2032i". Letters beyond ASCII stay as they are. What
 * does not fit is cut. Returns the length.
 */
size_t km_cpe_fold(const char *text, char *ret_text, size_t size);

#endif
