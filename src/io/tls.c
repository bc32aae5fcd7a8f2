#include "io/tls.h"

#include "base/error.h"
#include "base/text.h"
#include "base/time.h"
#include "io/loop.h"
#include "io/tcp.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define READ_AHEAD_BYTES 65536 /* some records for one system call */

struct km_tls_roots {
	SSL_CTX *context;
	BIO_METHOD *socket_method;
};

struct km_tls {
	SSL *ssl;
	int fd;
	unsigned wants;
	int socket_errno; /* of the last call on the socket that failed for good */
	bool is_established;
	bool is_broken; /* no goodbye: OpenSSL forbids it after a fatal error */
	bool is_pinned;
	bool has_peer;
	int verify_error; /* X509_V_... */
	uint8_t pin[KM_TLS_FINGERPRINT_BYTES];
	struct km_tls_peer peer;
	char host[KM_TCP_HOST_MAX + 1];
	char failure[KM_TLS_FAILURE_SIZE];
};

/* --- the socket, as OpenSSL sees it: its own would raise SIGPIPE --- */

static int socket_read(BIO *bio, char *ret_data, int size)
{
	struct km_tls *tls = BIO_get_data(bio);
	size_t count = 0;
	int err = size <= 0 ? KM_ERR_CLOSED : km_tcp_read(tls->fd, ret_data, (size_t)size, &count);

	BIO_clear_retry_flags(bio);
	if (err == KM_ERR_AGAIN) {
		BIO_set_retry_read(bio);
	} else if (err == KM_ERR_SYS) {
		tls->socket_errno = errno;
	}
	if (err == KM_ERR_CLOSED) {
		BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
		return 0;
	}
	return err < 0 ? -1 : (int)count;
}

static int socket_write(BIO *bio, const char *data, int size)
{
	struct km_tls *tls = BIO_get_data(bio);
	size_t count = 0;
	int err = size <= 0 ? KM_ERR_CLOSED
			    : km_tcp_write(tls->fd, km_bytes_from(data, (size_t)size), &count);

	BIO_clear_retry_flags(bio);
	if (err == KM_ERR_AGAIN) {
		BIO_set_retry_write(bio);
	} else if (err == KM_ERR_SYS) {
		tls->socket_errno = errno;
	}
	return err < 0 ? -1 : (int)count;
}

static long socket_control(BIO *bio, int command, long number, void *pointer)
{
	(void)number;
	(void)pointer;
	if (command == BIO_CTRL_EOF) {
		return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
	}
	return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static int socket_create(BIO *bio)
{
	BIO_set_init(bio, 1);
	return 1;
}

/* --- who the other side is --- */

static void write_name(const X509_NAME *name, char ret_text[static KM_TLS_NAME_SIZE])
{
	BIO *memory = BIO_new(BIO_s_mem());
	struct km_buf text;
	char *data = NULL;
	long size = 0;

	km_buf_init_fixed(&text, ret_text, KM_TLS_NAME_SIZE - 1);
	if (memory != NULL && X509_NAME_print_ex(memory, name, 0, XN_FLAG_RFC2253) >= 0) {
		size = BIO_get_mem_data(memory, &data);
	}
	if (size > 0) {
		/* What does not fit is left out, never half an escape. */
		km_text_add_escaped(&text, km_bytes_from(data, (size_t)size), KM_TLS_NAME_SIZE);
	}
	ret_text[text.size] = '\0';
	BIO_free(memory);
}

static int64_t unix_us_from(const ASN1_TIME *time)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0;
	int seconds = 0;
	int64_t unix_us = 0;

	if (epoch != NULL && ASN1_TIME_diff(&days, &seconds, epoch, time) == 1) {
		unix_us = (int64_t)days * KM_TIME_DAY_US + (int64_t)seconds * KM_TIME_SECOND_US;
	}
	ASN1_TIME_free(epoch);
	return unix_us;
}

static bool note_peer(struct km_tls *tls, X509 *certificate)
{
	unsigned size = 0;

	if (X509_digest(certificate, EVP_sha256(), tls->peer.sha256, &size) != 1 ||
	    size != KM_TLS_FINGERPRINT_BYTES) {
		return false;
	}
	write_name(X509_get_subject_name(certificate), tls->peer.subject);
	write_name(X509_get_issuer_name(certificate), tls->peer.issuer);
	tls->peer.not_before_unix_us = unix_us_from(X509_get0_notBefore(certificate));
	tls->peer.not_after_unix_us = unix_us_from(X509_get0_notAfter(certificate));
	tls->has_peer = true;
	return true;
}

/* Called by OpenSSL instead of its own check of the chain. Returns 1 if it is right. */
static int check_peer(X509_STORE_CTX *chain, void *unused)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct km_tls *tls = SSL_get_app_data(ssl);
	X509 *certificate = X509_STORE_CTX_get0_cert(chain);

	(void)unused;
	if (certificate == NULL || !note_peer(tls, certificate)) {
		tls->verify_error = X509_V_ERR_UNSPECIFIED;
	} else if (tls->is_pinned) {
		tls->verify_error =
		    CRYPTO_memcmp(tls->pin, tls->peer.sha256, KM_TLS_FINGERPRINT_BYTES) == 0
			? X509_V_OK
			: X509_V_ERR_APPLICATION_VERIFICATION;
	} else if (X509_verify_cert(chain) == 1) {
		tls->verify_error = X509_V_OK;
	} else {
		tls->verify_error = X509_STORE_CTX_get_error(chain);
		if (tls->verify_error == X509_V_OK) {
			tls->verify_error = X509_V_ERR_UNSPECIFIED;
		}
	}
	X509_STORE_CTX_set_error(chain, tls->verify_error);
	return tls->verify_error == X509_V_OK;
}

static const char *advice_for(int verify_error)
{
	switch (verify_error) {
	case X509_V_ERR_HOSTNAME_MISMATCH:
	case X509_V_ERR_IP_ADDRESS_MISMATCH:
		return "it is made out to another name: use that name, or pin the certificate";
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "it has expired: renew it, or pin it";
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return "it is not valid yet: check the clocks, or pin it";
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
		return "it is self-signed: compare its SHA-256 at the device and pin it";
	default:
		return "no trusted authority vouches for it: compare its SHA-256 at the device and "
		       "pin it, or trust its issuer";
	}
}

static void add_fingerprint(struct km_buf *text, const uint8_t sha256[static 32])
{
	char digits[2 * KM_TLS_FINGERPRINT_BYTES + 1];

	if (km_text_write_hex(
		km_bytes_from(sha256, KM_TLS_FINGERPRINT_BYTES), digits, sizeof(digits)) == 0) {
		km_buf_add_text(text, digits);
	}
}

static void describe_verify(struct km_tls *tls, struct km_buf *text)
{
	if (!tls->has_peer) {
		km_buf_add_text(text, "the other side showed no usable certificate");
		return;
	}
	km_buf_add_format(
	    text, "certificate of %s (issuer %s), SHA-256 ", tls->peer.subject, tls->peer.issuer);
	add_fingerprint(text, tls->peer.sha256);
	if (tls->is_pinned) {
		km_buf_add_text(text, ", is not the pinned one, SHA-256 ");
		add_fingerprint(text, tls->pin);
		return;
	}
	km_buf_add_format(text, ": %s (%s)", X509_verify_cert_error_string(tls->verify_error),
	    advice_for(tls->verify_error));
}

/* Keep why it failed, and return err. */
static int fail(struct km_tls *tls, int err)
{
	struct km_buf text;
	unsigned long code = ERR_peek_error();
	const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);

	tls->is_broken = true;
	km_buf_init_fixed(&text, tls->failure, sizeof(tls->failure) - 1);
	if (err == KM_ERR_AUTH) {
		describe_verify(tls, &text);
	} else if (err == KM_ERR_SYS) {
		km_buf_add_text(&text, strerrordesc_np(tls->socket_errno));
	} else if (err == KM_ERR_CRYPTO) {
		km_buf_add_format(&text, "%s: %s",
		    tls->is_established ? "the TLS connection broke"
					: "no TLS connection came about (1.2 or newer is needed)",
		    reason == NULL ? "no reason given" : reason);
	} else {
		km_buf_add_text(&text, km_error_text(err));
	}
	tls->failure[text.size] = '\0';
	ERR_clear_error();
	errno = tls->socket_errno;
	return err;
}

/* The code for what an SSL_ function returned. */
static int result_from(struct km_tls *tls, int result)
{
	switch (SSL_get_error(tls->ssl, result)) {
	case SSL_ERROR_NONE:
		return 0;
	case SSL_ERROR_WANT_READ:
		tls->wants = KM_LOOP_READ;
		return KM_ERR_AGAIN;
	case SSL_ERROR_WANT_WRITE:
		tls->wants = KM_LOOP_WRITE;
		return KM_ERR_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return KM_ERR_CLOSED;
	case SSL_ERROR_SYSCALL:
		return fail(tls, tls->socket_errno != 0 ? KM_ERR_SYS : KM_ERR_CLOSED);
	default:
		if (tls->verify_error != X509_V_OK && !tls->is_established) {
			return fail(tls, KM_ERR_AUTH);
		}
		return fail(tls, KM_ERR_CRYPTO);
	}
}

/* --- the interface --- */

static bool set_up_context(SSL_CTX *context)
{
	(void)SSL_CTX_set_options(context,
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	(void)SSL_CTX_set_mode(
	    context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	(void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(context, check_peer, NULL);
	SSL_CTX_set_read_ahead(context, 1);
	SSL_CTX_set_default_read_buffer_len(context, READ_AHEAD_BYTES);
	return SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1;
}

/* Without any authority. */
static int create_roots(struct km_tls_roots **ret_roots)
{
	struct km_tls_roots *roots = calloc(1, sizeof(*roots));

	if (roots == NULL) {
		return KM_ERR_MEMORY;
	}
	roots->context = SSL_CTX_new(TLS_client_method());
	roots->socket_method =
	    BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "komainu socket");
	if (roots->context == NULL || roots->socket_method == NULL ||
	    !set_up_context(roots->context) ||
	    BIO_meth_set_read(roots->socket_method, socket_read) != 1 ||
	    BIO_meth_set_write(roots->socket_method, socket_write) != 1 ||
	    BIO_meth_set_ctrl(roots->socket_method, socket_control) != 1 ||
	    BIO_meth_set_create(roots->socket_method, socket_create) != 1) {
		ERR_clear_error();
		km_tls_roots_destroy(roots);
		return KM_ERR_CRYPTO;
	}
	*ret_roots = roots;
	return 0;
}

int km_tls_roots_create(const char *ca_file, struct km_tls_roots **ret_roots)
{
	struct km_tls_roots *roots = NULL;
	int err = create_roots(&roots);

	if (err < 0) {
		return err;
	}
	if (ca_file != NULL && SSL_CTX_load_verify_file(roots->context, ca_file) != 1) {
		ERR_clear_error();
		km_tls_roots_destroy(roots);
		return KM_ERR_CONFIG;
	}
	if (ca_file == NULL) {
		/* The file, not the directory, which would be looked into much later. A system
		 * without one is not an error: pins still work. */
		(void)SSL_CTX_load_verify_file(roots->context, X509_get_default_cert_file());
		(void)SSL_CTX_load_verify_file(
		    roots->context, "/etc/ssl/certs/ca-certificates.crt");
	}
	ERR_clear_error();
	*ret_roots = roots;
	return 0;
}

int km_tls_roots_add(struct km_bytes pem, void *store)
{
	BIO *memory = pem.size > INT_MAX ? NULL : BIO_new_mem_buf(pem.data, (int)pem.size);
	X509 *certificate = NULL;
	size_t count = 0;
	int err = memory == NULL ? KM_ERR_MEMORY : 0;

	while (err == 0 && (certificate = PEM_read_bio_X509(memory, NULL, NULL, NULL)) != NULL) {
		err = X509_STORE_add_cert(store, certificate) == 1 ? 0 : KM_ERR_CRYPTO;
		X509_free(certificate);
		count++;
	}
	BIO_free(memory);
	ERR_clear_error();
	return err == 0 && count == 0 ? KM_ERR_CONFIG : err;
}

int km_tls_roots_create_from(struct km_bytes pem, struct km_tls_roots **ret_roots)
{
	struct km_tls_roots *roots = NULL;
	int err = create_roots(&roots);

	if (err == 0) {
		err = km_tls_roots_add(pem, SSL_CTX_get_cert_store(roots->context));
	}
	if (err < 0) {
		km_tls_roots_destroy(roots);
		return err;
	}
	*ret_roots = roots;
	return 0;
}

void km_tls_roots_destroy(struct km_tls_roots *roots)
{
	if (roots != NULL) {
		SSL_CTX_free(roots->context);
		BIO_meth_free(roots->socket_method);
		free(roots);
	}
}

/* What the certificate must be made out to; and SNI, which takes names only [RFC 6066 3]. */
static bool set_host(struct km_tls *tls)
{
	struct km_address address;
	char text[KM_ADDRESS_TEXT_SIZE];

	if (km_address_parse(km_bytes_text(tls->host), 0, &address) == 0) {
		address.u.v6.sin6_scope_id =
		    address.u.any.sa_family == AF_INET6 ? 0 : address.u.v6.sin6_scope_id;
		km_address_write_host(&address, text);
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls->ssl), text) == 1;
	}
	SSL_set_hostflags(tls->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set1_host(tls->ssl, tls->host) == 1 &&
	       SSL_set_tlsext_host_name(tls->ssl, tls->host) == 1;
}

int km_tls_create(struct km_tls_roots *roots, int fd, const char *host, const uint8_t *pin,
    struct km_tls **ret_tls)
{
	struct km_tls *tls = calloc(1, sizeof(*tls));
	BIO *bio = NULL;
	int err = KM_ERR_CRYPTO;

	if (tls == NULL) {
		return KM_ERR_MEMORY;
	}
	tls->fd = fd;
	tls->wants = KM_LOOP_WRITE;
	if (km_bytes_copy_text(km_bytes_text(host), tls->host, sizeof(tls->host)) < 0 ||
	    tls->host[0] == '\0') {
		err = KM_ERR_RANGE;
		goto out;
	}
	if (pin != NULL) {
		tls->is_pinned = true;
		memcpy(tls->pin, pin, sizeof(tls->pin));
	}
	tls->ssl = SSL_new(roots->context);
	bio = BIO_new(roots->socket_method);
	if (tls->ssl == NULL || bio == NULL) {
		BIO_free(bio);
		goto out;
	}
	BIO_set_data(bio, tls);
	SSL_set_bio(tls->ssl, bio, bio); /* takes it */
	if (SSL_set_app_data(tls->ssl, tls) != 1 || !set_host(tls)) {
		goto out;
	}
	SSL_set_connect_state(tls->ssl);
	*ret_tls = tls;
	return 0;
out:
	ERR_clear_error();
	tls->is_broken = true;
	km_tls_destroy(tls);
	return err;
}

int km_tls_handshake(struct km_tls *tls)
{
	int result = 0;
	int err = 0;

	ERR_clear_error();
	result = SSL_do_handshake(tls->ssl);
	if (result != 1) {
		err = result_from(tls, result);
		return err == 0 ? KM_ERR_CRYPTO : err;
	}
	tls->is_established = true;
	tls->peer.version = SSL_get_version(tls->ssl);
	tls->peer.cipher = SSL_get_cipher_name(tls->ssl);
	return 0;
}

int km_tls_read(struct km_tls *tls, void *ret_data, size_t size, size_t *ret_count)
{
	size_t count = 0;
	int result = 0;

	assert(size > 0 && tls->is_established);
	if (tls->is_broken) {
		return KM_ERR_CLOSED;
	}
	ERR_clear_error();
	result = SSL_read_ex(tls->ssl, ret_data, size, &count);
	if (result == 1) {
		*ret_count = count;
		return 0;
	}
	return result_from(tls, result);
}

int km_tls_write(struct km_tls *tls, struct km_bytes data, size_t *ret_count)
{
	size_t count = 0;
	int result = 0;

	assert(data.size > 0 && tls->is_established);
	if (tls->is_broken) {
		return KM_ERR_CLOSED;
	}
	ERR_clear_error();
	result = SSL_write_ex(tls->ssl, data.data, data.size, &count);
	if (result == 1) {
		*ret_count = count;
		return 0;
	}
	return result_from(tls, result);
}

int km_tls_end_writing(struct km_tls *tls)
{
	int result = 0;

	if (tls->is_broken) {
		return KM_ERR_CLOSED;
	}
	ERR_clear_error();
	result = SSL_shutdown(tls->ssl);
	return result >= 0 ? 0 : result_from(tls, result);
}

unsigned km_tls_wants(const struct km_tls *tls)
{
	return tls->wants;
}

bool km_tls_peer(const struct km_tls *tls, struct km_tls_peer *ret_peer)
{
	if (tls->has_peer) {
		*ret_peer = tls->peer;
	}
	return tls->has_peer;
}

const char *km_tls_failure(const struct km_tls *tls)
{
	return tls->failure;
}

void km_tls_destroy(struct km_tls *tls)
{
	if (tls == NULL) {
		return;
	}
	if (tls->is_established && !tls->is_broken) {
		(void)SSL_shutdown(tls->ssl);
		ERR_clear_error();
	}
	SSL_free(tls->ssl);
	free(tls);
}
