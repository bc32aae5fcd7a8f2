#include "courier/trust.h"

#include "base/error.h"
#include "base/text.h"
#include "io/address.h"
#include "io/tls.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define SYSTEM_CA "/etc/ssl/certs/ca-certificates.crt"

static void describe(struct km_trust *trust, const uint8_t *sha256, int verify_error)
{
	char digits[2 * KM_TRUST_PIN_BYTES + 1] = "unknown";

	if (sha256 != NULL) {
		(void)km_text_write_hex(
		    km_bytes_from(sha256, KM_TRUST_PIN_BYTES), digits, sizeof(digits));
	}
	if (trust->is_pinned) {
		(void)snprintf(trust->failure, sizeof(trust->failure),
		    "its certificate, SHA-256 %s, is not the pinned one", digits);
	} else {
		(void)snprintf(trust->failure, sizeof(trust->failure),
		    "its certificate, SHA-256 %s, is not trusted: %s", digits,
		    X509_verify_cert_error_string(verify_error));
	}
}

/* Called by OpenSSL instead of its own check of the chain. Returns 1 if it is right. */
static int check(X509_STORE_CTX *chain, void *context)
{
	struct km_trust *trust = context;
	X509 *certificate = X509_STORE_CTX_get0_cert(chain);
	uint8_t sha256[KM_TRUST_PIN_BYTES];
	unsigned size = 0;
	bool is_known = certificate != NULL &&
			X509_digest(certificate, EVP_sha256(), sha256, &size) == 1 &&
			size == sizeof(sha256);
	bool is_right = false;

	if (trust->is_pinned) {
		is_right = is_known && CRYPTO_memcmp(trust->pin, sha256, sizeof(sha256)) == 0;
		X509_STORE_CTX_set_error(
		    chain, is_right ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
	} else {
		is_right = X509_verify_cert(chain) == 1;
	}
	trust->failure[0] = '\0';
	if (!is_right) {
		describe(trust, is_known ? sha256 : NULL, X509_STORE_CTX_get_error(chain));
	}
	return is_right ? 1 : 0;
}

int km_trust_apply(struct km_trust *trust, SSL_CTX *context)
{
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(context, check, trust);
	return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1 ? 0 : KM_ERR_CRYPTO;
}

static int load_authorities(SSL_CTX *context, struct km_bytes ca_pem)
{
	if (ca_pem.size > 0) {
		return km_tls_roots_add(ca_pem, SSL_CTX_get_cert_store(context));
	}
	/* A system without them is not an error: pins still work. */
	(void)SSL_CTX_load_verify_file(context, SYSTEM_CA);
	ERR_clear_error();
	return 0;
}

static int set_host(SSL_CTX *context, const char *host)
{
	X509_VERIFY_PARAM *wanted = SSL_CTX_get0_param(context);
	struct km_address address;

	if (km_address_parse(km_bytes_text(host), 0, &address) == 0) {
		return X509_VERIFY_PARAM_set1_ip_asc(wanted, host) == 1 ? 0 : KM_ERR_CRYPTO;
	}
	X509_VERIFY_PARAM_set_hostflags(wanted, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(wanted, host, 0) == 1 ? 0 : KM_ERR_CRYPTO;
}

int km_trust_create_context(
    struct km_trust *trust, struct km_bytes ca_pem, const char *host, SSL_CTX **ret_context)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	int err = context == NULL ? KM_ERR_MEMORY : km_trust_apply(trust, context);

	if (err == 0) {
		err = load_authorities(context, ca_pem);
	}
	if (err == 0 && !trust->is_pinned) {
		err = set_host(context, host);
	}
	if (err < 0) {
		SSL_CTX_free(context);
		ERR_clear_error();
		return err;
	}
	*ret_context = context;
	return 0;
}
