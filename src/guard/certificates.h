/*
 * The recorder's certificate, the one before it, and the recorder's own authority, as they are kept
 * in the database: certificates as PEM, keys sealed by the vault. [IPA b02-1, b24-1]
 *
 * A change keeps what was served before, so that km_certificates_restore can put it back when web
 * cannot serve the new one. Functions with ret_error append a sentence that says what is wrong and
 * what would be right; each is one transaction.
 */
#ifndef KM_GUARD_CERTIFICATES_H
#define KM_GUARD_CERTIFICATES_H

#include "crypto/certificate_facts.h"
#include "guard/vault.h"

#define KM_CERTIFICATES_DAYS           820
#define KM_CERTIFICATES_AUTHORITY_DAYS 3650
#define KM_CERTIFICATES_PEM_MAX        16384 /* of a certificate with its chain, and of a key */

/* What is served: a PEM chain, and the key. Wipe the key's buffer. */
struct km_certificates_identity {
	struct km_buf certificate_pem;
	struct km_buf key_pem;
};

/* Everything but keys. */
struct km_certificates_view {
	unsigned origin; /* certificate_origin */
	struct km_certificate_facts facts;
	char names[KM_CERTIFICATE_NAMES_SIZE]; /* by which people reach the recorder */
	bool has_authority;
	struct km_certificate_facts authority;
	bool has_request; /* a request was made whose certificate has not come yet */
};

/* The first one, self-signed. */
KM_MUST_USE int km_certificates_make(struct km_database *database, struct km_vault *vault,
    const char *names, int64_t now_unix_us, struct km_buf *ret_error);

/* Append the certificate's chain, or the authority's certificate. KM_ERR_NOT_FOUND: there is none.
 */
KM_MUST_USE int km_certificates_read(struct km_database *database, struct km_buf *pem);
KM_MUST_USE int km_certificates_read_authority(struct km_database *database, struct km_buf *pem);

/* Append the key of the certificate; wipe the buffer. */
KM_MUST_USE int km_certificates_read_key(
    struct km_database *database, struct km_vault *vault, struct km_buf *pem);

KM_MUST_USE int km_certificates_view(
    struct km_database *database, struct km_certificates_view *ret_view);

/*
 * Check (crypto/certificate_check) and take what somebody else's authority issued. key_pem empty:
 * the key of the last request. names NULL: as before.
 */
KM_MUST_USE int km_certificates_install(struct km_database *database, struct km_vault *vault,
    struct km_bytes certificate_pem, struct km_bytes key_pem, struct km_bytes chain_pem,
    const char *names, int64_t now_unix_us, struct km_buf *ret_error);

/*
 * Make a new one: by the own authority if there is one, else self-signed. names NULL: as before.
 */
KM_MUST_USE int km_certificates_renew(struct km_database *database, struct km_vault *vault,
    const char *names, int64_t now_unix_us, struct km_buf *ret_error);

/* Make a key, kept until its certificate is installed, and append the request for it. */
KM_MUST_USE int km_certificates_request(struct km_database *database, struct km_vault *vault,
    const char *names, struct km_buf *request_pem, struct km_buf *ret_error);

/* Make the own authority. KM_ERR_EXISTS: there is one (`replaces` makes a new one in any case). */
KM_MUST_USE int km_certificates_make_authority(struct km_database *database, struct km_vault *vault,
    const char *name, bool replaces, int64_t now_unix_us, struct km_buf *ret_error);

/* Sign a device's request with the own authority. names NULL: those in the request. */
KM_MUST_USE int km_certificates_sign(struct km_database *database, struct km_vault *vault,
    struct km_bytes request_pem, const char *names, int64_t now_unix_us,
    struct km_buf *certificate_pem, struct km_buf *ret_error);

/* Put back what was served before the last change. KM_ERR_NOT_FOUND: there is none. */
KM_MUST_USE int km_certificates_restore(struct km_database *database);

/*
 * Whether it is time to renew by ourselves: one that we made, in the last third of its life but at
 * most 60 days before its end.
 */
bool km_certificates_is_due(const struct km_certificates_view *view, int64_t now_unix_us);

/*
 * Whether people are to be told now that the certificate ends, once each at 30, 14, 7 and 1 days
 * and after the end: notes that they were. Returns whether; ret_days is what is left, rounded down.
 */
bool km_certificates_must_tell(struct km_database *database,
    const struct km_certificate_facts *facts, int64_t now_unix_us, int64_t *ret_days);

#endif
