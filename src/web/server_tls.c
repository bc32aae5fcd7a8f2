#include "web/server_tls.h"

#include "base/error.h"

#include <openssl/err.h>
#include <openssl/pem.h>

/* [CRYPTREC LS-0001] AES-GCM with ephemeral key exchange; ChaCha20 is not among the choices. */
#define SUITES_TLS12                                                                               \
	"ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"                               \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"
#define SUITES_TLS13 "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256"
#define GROUPS       "X25519:P-256:P-384"

static int load_chain(SSL_CTX *tls, BIO *pem)
{
	X509 *leaf = PEM_read_bio_X509(pem, NULL, NULL, NULL);
	X509 *issuer = NULL;
	int err = 0;

	if (leaf == NULL || SSL_CTX_use_certificate(tls, leaf) != 1) {
		X509_free(leaf);
		return KM_ERR_CONFIG;
	}
	X509_free(leaf);
	SSL_CTX_clear_chain_certs(tls);
	for (int i = 0; err == 0 && i < 8; i++) {
		issuer = PEM_read_bio_X509(pem, NULL, NULL, NULL);
		if (issuer == NULL) {
			ERR_clear_error(); /* the end of the text */
			break;
		}
		if (SSL_CTX_add0_chain_cert(tls, issuer) != 1) {
			X509_free(issuer);
			err = KM_ERR_CONFIG;
		}
	}
	return err;
}

static int load_certificate(
    SSL_CTX *tls, struct km_bytes certificate, struct km_bytes private_key_pem)
{
	BIO *chain = BIO_new_mem_buf(certificate.data, (int)certificate.size);
	BIO *key = BIO_new_mem_buf(private_key_pem.data, (int)private_key_pem.size);
	EVP_PKEY *private_key = NULL;
	int err = KM_ERR_CONFIG;

	if (chain == NULL || key == NULL || load_chain(tls, chain) < 0) {
		goto out;
	}
	private_key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
	if (private_key != NULL && SSL_CTX_use_PrivateKey(tls, private_key) == 1 &&
	    SSL_CTX_check_private_key(tls) == 1) {
		err = 0;
	}
out:
	EVP_PKEY_free(private_key);
	BIO_free(chain);
	BIO_free(key);
	return err;
}

int km_server_tls_configure(
    SSL_CTX *tls, struct km_bytes certificate_pem, struct km_bytes private_key_pem)
{
	if (SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(tls, SUITES_TLS12) != 1 ||
	    SSL_CTX_set_ciphersuites(tls, SUITES_TLS13) != 1 ||
	    SSL_CTX_set1_groups_list(tls, GROUPS) != 1) {
		return KM_ERR_CONFIG;
	}
	SSL_CTX_set_options(
	    tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	/* A picture of several records is one call, not one per turn of the loop. */
	SSL_CTX_clear_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE);
	SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
	return load_certificate(tls, certificate_pem, private_key_pem);
}
