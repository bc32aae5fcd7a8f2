#include "web/server_tls.h"

#include "base/error.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

/*
 * AES-GCM with ephemeral key exchange. ChaCha20-Poly1305 is left out: hardware of this kind has AES
 * instructions, and one family of suites is easier to keep an eye on. [CRYPTREC LS-0001-2022]
 */
#define SUITES_TLS12                                                                               \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                               \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"
#define SUITES_TLS13 "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256"
/* 128 bits of security and more, which is what is asked for beyond 2030 [CRYPTREC LS-0003]. */
#define GROUPS "X25519:P-256:P-384"
/* SHA-2 only [CRYPTREC LS-0001-2022]; OpenSSL would take SHA-1 of a TLS 1.2 client. */
#define SIGNATURES                                                                                 \
	"ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"     \
	"RSA+SHA256:RSA+SHA384:RSA+SHA512"
#define CHAIN_MAX 8

struct identity {
	X509 *certificate;
	EVP_PKEY *key;
	STACK_OF(X509) * chain;
};

struct km_server_tls {
	struct identity identity;
};

static void free_identity(struct identity *identity)
{
	X509_free(identity->certificate);
	EVP_PKEY_free(identity->key);
	sk_X509_pop_free(identity->chain, X509_free);
	*identity = (struct identity){ 0 };
}

static int read_chain(BIO *pem, struct identity *identity)
{
	X509 *issuer = NULL;

	identity->certificate = PEM_read_bio_X509(pem, NULL, NULL, NULL);
	identity->chain = sk_X509_new_null();
	if (identity->certificate == NULL || identity->chain == NULL) {
		return KM_ERR_CONFIG;
	}
	for (int i = 0; i < CHAIN_MAX; i++) {
		issuer = PEM_read_bio_X509(pem, NULL, NULL, NULL);
		if (issuer == NULL) {
			break; /* the end of the text */
		}
		if (sk_X509_push(identity->chain, issuer) <= 0) {
			X509_free(issuer);
			return KM_ERR_MEMORY;
		}
	}
	return 0;
}

/* Whether OpenSSL would serve it, tried on a context that is thrown away. */
static int try_identity(const struct identity *identity)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	int err = KM_ERR_CONFIG;

	if (context != NULL && SSL_CTX_use_cert_and_key(context, identity->certificate,
				   identity->key, identity->chain, 1) == 1) {
		err = 0;
	}
	SSL_CTX_free(context);
	return err;
}

static int read_identity(
    struct km_bytes certificate_pem, struct km_bytes private_key_pem, struct identity *ret_identity)
{
	BIO *chain = BIO_new_mem_buf(certificate_pem.data, (int)certificate_pem.size);
	BIO *key = BIO_new_mem_buf(private_key_pem.data, (int)private_key_pem.size);
	struct identity identity = { 0 };
	int err = chain == NULL || key == NULL ? KM_ERR_CONFIG : read_chain(chain, &identity);

	if (err == 0) {
		identity.key = PEM_read_bio_PrivateKey(key, NULL, NULL, "");
		err = identity.key == NULL ? KM_ERR_CONFIG : try_identity(&identity);
	}
	ERR_clear_error();
	BIO_free(chain);
	BIO_free(key);
	if (err < 0) {
		free_identity(&identity);
		return err;
	}
	*ret_identity = identity;
	return 0;
}

int km_server_tls_create(struct km_bytes certificate_pem, struct km_bytes private_key_pem,
    struct km_server_tls **ret_tls)
{
	struct km_server_tls *tls = calloc(1, sizeof(*tls));
	int err = KM_ERR_MEMORY;

	if (tls == NULL) {
		return err;
	}
	err = read_identity(certificate_pem, private_key_pem, &tls->identity);
	if (err < 0) {
		free(tls);
		return err;
	}
	*ret_tls = tls;
	return 0;
}

void km_server_tls_destroy(struct km_server_tls *tls)
{
	if (tls != NULL) {
		free_identity(&tls->identity);
		free(tls);
	}
}

int km_server_tls_replace(
    struct km_server_tls *tls, struct km_bytes certificate_pem, struct km_bytes private_key_pem)
{
	struct identity identity = { 0 };
	int err = read_identity(certificate_pem, private_key_pem, &identity);

	if (err == 0) {
		free_identity(&tls->identity);
		tls->identity = identity;
	}
	return err;
}

void km_server_tls_fingerprint(
    const struct km_server_tls *tls, uint8_t ret_sha256[static KM_SERVER_TLS_SHA256_BYTES])
{
	unsigned size = 0;

	if (X509_digest(tls->identity.certificate, EVP_sha256(), ret_sha256, &size) != 1) {
		memset(ret_sha256, 0, KM_SERVER_TLS_SHA256_BYTES);
	}
}

/*
 * At the beginning of each handshake. What the context itself holds is cleared first: an RSA and an
 * EC certificate have places of their own, and an old one of the other kind would be served too.
 */
static int choose_identity(SSL *ssl, void *context)
{
	const struct km_server_tls *tls = context;

	SSL_certs_clear(ssl);
	return SSL_use_cert_and_key(
		   ssl, tls->identity.certificate, tls->identity.key, tls->identity.chain, 1) == 1
		   ? 1
		   : 0;
}

int km_server_tls_configure(struct km_server_tls *tls, SSL_CTX *context)
{
	if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(context, SUITES_TLS12) != 1 ||
	    SSL_CTX_set_ciphersuites(context, SUITES_TLS13) != 1 ||
	    SSL_CTX_set1_groups_list(context, GROUPS) != 1 ||
	    SSL_CTX_set1_sigalgs_list(context, SIGNATURES) != 1 ||
	    SSL_CTX_set_num_tickets(context, 0) != 1) {
		return KM_ERR_CONFIG;
	}
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_TICKET);
	/* A picture of several records is one call, not one per turn of the loop. */
	SSL_CTX_clear_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_cert_cb(context, choose_identity, tls);
	return 0;
}
