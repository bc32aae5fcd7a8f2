/*
 * TLS as a client, over a connected non-blocking socket: TLS 1.2 or 1.3, never less.
 *
 * Who the other side is gets decided in one of two ways: by a certificate authority (the name or
 * address must match), or by a pin: the SHA-256 of the certificate that an administrator has seen
 * and confirmed. Cameras mostly have self-signed certificates, so pins are the usual case; a pin
 * asks for nothing else, neither name nor dates.
 */
#ifndef KM_IO_TLS_H
#define KM_IO_TLS_H

#include "base/bytes.h"

#define KM_TLS_FINGERPRINT_BYTES 32
#define KM_TLS_NAME_SIZE         128
#define KM_TLS_FAILURE_SIZE      640

/* What many connections share: the trusted authorities. One per process. */
struct km_tls_roots;

/*
 * ca_file: PEM with the trusted authorities; NULL for the system's store (read now, so call this
 * before the sandbox closes the file system). Without any, only pins work.
 * Returns 0, KM_ERR_MEMORY, KM_ERR_CRYPTO, or KM_ERR_CONFIG (ca_file cannot be read).
 */
KM_MUST_USE int km_tls_roots_create(const char *ca_file, struct km_tls_roots **ret_roots);

/* The same from PEM text in memory: these authorities and no others. KM_ERR_CONFIG: none in it. */
KM_MUST_USE int km_tls_roots_create_from(struct km_bytes pem, struct km_tls_roots **ret_roots);

/* Add the certificates of a PEM text to an OpenSSL store (X509_STORE *). Errors as above. */
KM_MUST_USE int km_tls_roots_add(struct km_bytes pem, void *store);

void km_tls_roots_destroy(struct km_tls_roots *roots);

struct km_tls;

/* What the other side showed. Foreign text: not printable bytes are escaped already. */
struct km_tls_peer {
	uint8_t sha256[KM_TLS_FINGERPRINT_BYTES]; /* of its certificate (DER): what can be pinned */
	char subject[KM_TLS_NAME_SIZE];
	char issuer[KM_TLS_NAME_SIZE];
	int64_t not_before_unix_us;
	int64_t not_after_unix_us;
	const char *version; /* "TLSv1.3"; static; NULL before the end of the handshake */
	const char *cipher;  /* static; NULL before the end of the handshake */
};

/*
 * A connection over fd, which stays the caller's and must outlive it.
 *
 * host    what was asked for, a name or an address in digits: for SNI (names only) and, without a
 *         pin, for checking the certificate
 * pin     the SHA-256 of the only certificate that is right, or NULL; copied
 *
 * Returns 0, KM_ERR_RANGE (host), KM_ERR_MEMORY or KM_ERR_CRYPTO. roots must outlive it.
 */
KM_MUST_USE int km_tls_create(struct km_tls_roots *roots, int fd, const char *host,
    const uint8_t *pin, struct km_tls **ret_tls);

/*
 * Go on with the handshake. Returns 0 (done), KM_ERR_AGAIN (see km_tls_wants), KM_ERR_AUTH (the
 * certificate is not right: km_tls_failure), KM_ERR_CLOSED, KM_ERR_SYS, or KM_ERR_CRYPTO (the two
 * sides found no common TLS, or the other one does not speak it: km_tls_failure).
 */
KM_MUST_USE int km_tls_handshake(struct km_tls *tls);

/*
 * Read what is there. 0 with *ret_count > 0, KM_ERR_AGAIN, KM_ERR_CLOSED, KM_ERR_SYS or
 * KM_ERR_CRYPTO. Bytes may wait inside after the socket has run dry: read until KM_ERR_AGAIN.
 */
KM_MUST_USE int km_tls_read(struct km_tls *tls, void *ret_data, size_t size, size_t *ret_count);

/* Write what goes now; the same results. After KM_ERR_AGAIN the same bytes must come again first
 * (at any address). */
KM_MUST_USE int km_tls_write(struct km_tls *tls, struct km_bytes data, size_t *ret_count);

/* Which readiness (enum km_loop_event) the last call that gave KM_ERR_AGAIN waits for. */
unsigned km_tls_wants(const struct km_tls *tls);

/* Whether a certificate came; then fills ret_peer. Also after a failed handshake. */
bool km_tls_peer(const struct km_tls *tls, struct km_tls_peer *ret_peer);

/*
 * Why the last call failed, for people: what came, what would be right, and the SHA-256 to pin.
 * "" if nothing did. Lives as long as tls. Its foreign parts are escaped.
 */
const char *km_tls_failure(const struct km_tls *tls);

/*
 * Say that nothing more will be written; reading goes on. Once everything is written.
 * Returns 0, KM_ERR_AGAIN (call again when km_tls_wants) or an error as of km_tls_write.
 */
KM_MUST_USE int km_tls_end_writing(struct km_tls *tls);

/* Say goodbye as far as that goes without waiting, and free. NULL is fine. */
void km_tls_destroy(struct km_tls *tls);

#endif
