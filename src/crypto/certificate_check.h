/*
 * Whether a certificate, its chain and its key may be served: everything is checked before anything
 * is touched. [IPA b02-1] [CRYPTREC LS-0001, LS-0003]
 */
#ifndef KM_CRYPTO_CERTIFICATE_CHECK_H
#define KM_CRYPTO_CERTIFICATE_CHECK_H

#include "crypto/certificate_names.h"

#include <openssl/evp.h>

struct km_certificate_offer {
	struct km_bytes certificate_pem; /* the certificate first, then perhaps its chain */
	struct km_bytes chain_pem;       /* further certificates; may be empty */
	struct km_bytes key_pem;
	const char *names; /* what it must be made out to; "" for nothing in particular */
	int64_t now_unix_us;
};

/*
 * Check: the key is the certificate's and not encrypted; RSA of 2048 bits or EC of 256 and more;
 * SHA-2 signatures; each certificate signed by the next one; dates; a server's certificate; names.
 * Appends the chain in order (without a self-signed root at its end, which no client takes from
 * the server) and the key. ret_error says which of them is wrong, and what would be right.
 * Returns 0, KM_ERR_FORMAT, KM_ERR_AUTH, KM_ERR_RANGE, KM_ERR_LIMIT or KM_ERR_CRYPTO.
 */
KM_MUST_USE int km_certificate_check_offer(const struct km_certificate_offer *offer,
    struct km_buf *certificate_pem, struct km_buf *key_pem, struct km_buf *ret_error);

/* The part about the strength of a key; `whose` begins the error's sentence. */
KM_MUST_USE int km_certificate_check_key(
    EVP_PKEY *key, const char *whose, struct km_buf *ret_error);

#endif
