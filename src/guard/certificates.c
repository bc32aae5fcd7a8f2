#include "guard/certificates.h"

#include "base/error.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "crypto/certificate_check.h"
#include "model/states.h"

#include <stdio.h>
#include <string.h>

#define SEALED_MAX        (KM_CERTIFICATES_PEM_MAX + 64)
#define DEVICE_DAYS       398
#define RENEW_DAYS_MAX    60
#define LOCAL_NAMES       "localhost,127.0.0.1,::1"
#define PURPOSE_KEY       "tls key" /* what the sealed keys are for */
#define PURPOSE_AUTHORITY "authority key"

/* Database names. A change moves the first four to their _before. */
static const char *const served[] = { "tls_certificate", "tls_key", "tls_origin", "tls_names" };

static int put_text(struct km_database *database, const char *name, const char *text)
{
	return km_database_put(database, name, km_bytes_text(text));
}

static int get_text(struct km_database *database, const char *name, char *ret_text, size_t size)
{
	uint8_t storage[KM_CERTIFICATE_NAMES_SIZE];
	struct km_buf buf;
	int err = 0;

	km_buf_init_fixed(&buf, storage, sizeof(storage));
	err = km_database_get(database, name, &buf);
	return err < 0 ? err : km_bytes_copy_text(km_buf_view(&buf), ret_text, size);
}

static bool has(struct km_database *database, const char *name)
{
	struct km_buf buf;
	bool is_there = false;

	km_buf_init(&buf, SEALED_MAX);
	is_there = km_database_get(database, name, &buf) == 0;
	km_buf_finish(&buf);
	return is_there;
}

static int put_sealed(struct km_database *database, struct km_vault *vault, const char *name,
    const char *purpose, struct km_bytes secret)
{
	struct km_buf box;
	int err = 0;

	km_buf_init(&box, SEALED_MAX);
	err = km_vault_seal(vault, purpose, secret, &box);
	if (err == 0) {
		err = km_database_put(database, name, km_buf_view(&box));
	}
	km_buf_finish(&box);
	return err;
}

static int get_sealed(struct km_database *database, struct km_vault *vault, const char *name,
    const char *purpose, struct km_buf *secret)
{
	struct km_buf box;
	int err = 0;

	km_buf_init(&box, SEALED_MAX);
	err = km_database_get(database, name, &box);
	if (err == 0) {
		err = km_vault_unseal(vault, purpose, km_buf_view(&box), secret);
	}
	km_buf_finish(&box);
	return err;
}

/* Copy a value, also when there is none to copy: then the other one goes. */
static int move(struct km_database *database, const char *from, const char *to)
{
	struct km_buf buf;
	int err = 0;

	km_buf_init(&buf, SEALED_MAX);
	err = km_database_get(database, from, &buf);
	if (err == 0) {
		err = km_database_put(database, to, km_buf_view(&buf));
	} else if (err == KM_ERR_NOT_FOUND) {
		err = km_database_forget(database, to);
		err = err == KM_ERR_NOT_FOUND ? 0 : err;
	}
	km_buf_finish(&buf);
	return err;
}

static int forget(struct km_database *database, const char *name)
{
	int err = km_database_forget(database, name);

	return err == KM_ERR_NOT_FOUND ? 0 : err;
}

static int end_transaction(struct km_database *database, int err)
{
	if (err == 0) {
		err = km_database_exec(database, "COMMIT");
	}
	if (err < 0) {
		km_database_undo(database);
	}
	return err;
}

/* What is served from now on. */
struct change {
	struct km_bytes certificate_pem;
	struct km_bytes key_pem;
	unsigned origin;
	const char *names;
	bool ends_request;
};

static int serve(struct km_database *database, struct km_vault *vault, const struct change *change)
{
	char name[64];
	char origin[8];
	int err = km_database_exec(database, "BEGIN IMMEDIATE");

	if (err < 0) {
		return err;
	}
	for (size_t i = 0; err == 0 && i < KM_COUNT(served); i++) {
		(void)snprintf(name, sizeof(name), "%s_before", served[i]);
		err = move(database, served[i], name);
	}
	if (err == 0) {
		err = km_database_put(database, "tls_certificate", change->certificate_pem);
	}
	if (err == 0) {
		err = put_sealed(database, vault, "tls_key", PURPOSE_KEY, change->key_pem);
	}
	(void)snprintf(origin, sizeof(origin), "%u", change->origin);
	if (err == 0) {
		err = put_text(database, "tls_origin", origin);
	}
	if (err == 0) {
		err = put_text(database, "tls_names", change->names);
	}
	if (err == 0 && change->ends_request) {
		err = forget(database, "tls_request_key");
	}
	return end_transaction(database, err);
}

static int fail(struct km_buf *ret_error, int err, const char *what)
{
	if (ret_error->size == 0) {
		km_buf_add_format(ret_error, "%s: %s", what, km_error_text(err));
	}
	return err;
}

/* By which names people reach the recorder: those given, else those noted, else the certificate's.
 */
static int find_names(struct km_database *database, const char *given,
    char ret_names[static KM_CERTIFICATE_NAMES_SIZE], struct km_buf *ret_error)
{
	struct km_certificate_facts facts;
	struct km_buf pem;
	int err = 0;

	if (given != NULL) {
		err = km_certificate_names_check(given, ret_error);
		return err < 0 ? err
			       : km_bytes_copy_text(
				     km_bytes_text(given), ret_names, KM_CERTIFICATE_NAMES_SIZE);
	}
	if (get_text(database, "tls_names", ret_names, KM_CERTIFICATE_NAMES_SIZE) == 0) {
		return 0;
	}
	km_buf_init(&pem, KM_CERTIFICATES_PEM_MAX);
	err = km_certificates_read(database, &pem);
	if (err == 0) {
		err = km_certificate_facts_read(km_buf_view(&pem), &facts);
	}
	if (err == 0) {
		memcpy(ret_names, facts.names, sizeof(facts.names));
	}
	km_buf_finish(&pem);
	return err < 0 ? fail(ret_error, err, "the names of the certificate are not known") : 0;
}

/* --- reading --- */

int km_certificates_read(struct km_database *database, struct km_buf *pem)
{
	return km_database_get(database, "tls_certificate", pem);
}

int km_certificates_read_authority(struct km_database *database, struct km_buf *pem)
{
	return km_database_get(database, "ca_certificate", pem);
}

int km_certificates_read_key(
    struct km_database *database, struct km_vault *vault, struct km_buf *pem)
{
	return get_sealed(database, vault, "tls_key", PURPOSE_KEY, pem);
}

int km_certificates_view(struct km_database *database, struct km_certificates_view *ret_view)
{
	char origin[8] = "";
	uint32_t number = 0;
	struct km_buf pem;
	int err = 0;

	memset(ret_view, 0, sizeof(*ret_view));
	km_buf_init(&pem, KM_CERTIFICATES_PEM_MAX);
	err = km_certificates_read(database, &pem);
	if (err == 0) {
		err = km_certificate_facts_read(km_buf_view(&pem), &ret_view->facts);
	}
	/* A recorder of an earlier version knows only self-signed ones. */
	if (err == 0 && get_text(database, "tls_origin", origin, sizeof(origin)) == 0 &&
	    km_bytes_parse_u32(km_bytes_text(origin), 255, &number) == 0) {
		ret_view->origin = number;
	}
	if (err == 0 &&
	    get_text(database, "tls_names", ret_view->names, sizeof(ret_view->names)) < 0) {
		memcpy(ret_view->names, ret_view->facts.names, sizeof(ret_view->names));
	}
	km_buf_clear(&pem);
	if (err == 0 && km_certificates_read_authority(database, &pem) == 0) {
		ret_view->has_authority =
		    km_certificate_facts_read(km_buf_view(&pem), &ret_view->authority) == 0;
	}
	ret_view->has_request = has(database, "tls_request_key");
	km_buf_finish(&pem);
	return err;
}

/* --- making --- */

struct pair {
	struct km_buf certificate;
	struct km_buf key;
};

static void init_pair(struct pair *pair)
{
	km_buf_init(&pair->certificate, KM_CERTIFICATES_PEM_MAX);
	km_buf_init(&pair->key, KM_CERTIFICATES_PEM_MAX);
}

static void finish_pair(struct pair *pair)
{
	km_buf_finish(&pair->certificate);
	km_buf_wipe(&pair->key);
}

static int read_authority(
    struct km_database *database, struct km_vault *vault, struct pair *ret_authority)
{
	int err = km_certificates_read_authority(database, &ret_authority->certificate);

	return err < 0
		   ? err
		   : get_sealed(database, vault, "ca_key", PURPOSE_AUTHORITY, &ret_authority->key);
}

static struct km_certificate_authority view_authority(const struct pair *authority)
{
	return (struct km_certificate_authority){
		.certificate_pem = km_buf_view(&authority->certificate),
		.key_pem = km_buf_view(&authority->key),
	};
}

/* The recorder itself asks by these, whatever people use. */
static int with_local_names(const char *names, char ret_names[static KM_CERTIFICATE_NAMES_SIZE])
{
	(void)km_bytes_copy_text(km_bytes_text(names), ret_names, KM_CERTIFICATE_NAMES_SIZE);
	return km_certificate_names_add(ret_names, LOCAL_NAMES);
}

int km_certificates_make(struct km_database *database, struct km_vault *vault, const char *names,
    int64_t now_unix_us, struct km_buf *ret_error)
{
	char all[KM_CERTIFICATE_NAMES_SIZE];
	struct change change = { .origin = KM_CERTIFICATE_SELF_SIGNED, .names = names };
	struct pair pair;
	int err = km_certificate_names_check(names, ret_error);

	init_pair(&pair);
	if (err == 0) {
		err = with_local_names(names, all);
	}
	if (err == 0) {
		err = km_certificate_make(
		    all, now_unix_us, KM_CERTIFICATES_DAYS, &pair.certificate, &pair.key);
	}
	if (err == 0) {
		change.certificate_pem = km_buf_view(&pair.certificate);
		change.key_pem = km_buf_view(&pair.key);
		err = serve(database, vault, &change);
	}
	finish_pair(&pair);
	return err < 0 ? fail(ret_error, err, "cannot make the certificate") : 0;
}

static int issue(
    struct km_database *database, struct km_vault *vault, const char *names, int64_t now_unix_us)
{
	char all[KM_CERTIFICATE_NAMES_SIZE];
	struct change change = { .origin = KM_CERTIFICATE_OWN_AUTHORITY, .names = names };
	struct km_certificate_authority view;
	struct pair authority;
	struct pair pair;
	int err = 0;

	init_pair(&authority);
	init_pair(&pair);
	err = read_authority(database, vault, &authority);
	if (err == 0) {
		err = with_local_names(names, all);
	}
	if (err == 0) {
		view = view_authority(&authority);
		err = km_certificate_issue(
		    &view, all, now_unix_us, KM_CERTIFICATES_DAYS, &pair.certificate, &pair.key);
	}
	if (err == 0) {
		change.certificate_pem = km_buf_view(&pair.certificate);
		change.key_pem = km_buf_view(&pair.key);
		err = serve(database, vault, &change);
	}
	finish_pair(&pair);
	finish_pair(&authority);
	return err;
}

int km_certificates_renew(struct km_database *database, struct km_vault *vault, const char *names,
    int64_t now_unix_us, struct km_buf *ret_error)
{
	char found[KM_CERTIFICATE_NAMES_SIZE];
	int err = find_names(database, names, found, ret_error);

	if (err < 0) {
		return err;
	}
	if (!has(database, "ca_certificate")) {
		return km_certificates_make(database, vault, found, now_unix_us, ret_error);
	}
	err = issue(database, vault, found, now_unix_us);
	return err < 0 ? fail(ret_error, err, "the own authority cannot issue a certificate") : 0;
}

int km_certificates_install(struct km_database *database, struct km_vault *vault,
    struct km_bytes certificate_pem, struct km_bytes key_pem, struct km_bytes chain_pem,
    const char *names, int64_t now_unix_us, struct km_buf *ret_error)
{
	char found[KM_CERTIFICATE_NAMES_SIZE] = "";
	struct change change = { .origin = KM_CERTIFICATE_INSTALLED, .names = found };
	struct km_certificate_offer offer = {
		.certificate_pem = certificate_pem,
		.chain_pem = chain_pem,
		.key_pem = key_pem,
		.names = found,
		.now_unix_us = now_unix_us,
	};
	struct km_buf waiting;
	struct pair pair;
	int err = find_names(database, names, found, ret_error);

	km_buf_init(&waiting, KM_CERTIFICATES_PEM_MAX);
	init_pair(&pair);
	if (err == 0 && key_pem.size == 0) {
		err = get_sealed(database, vault, "tls_request_key", PURPOSE_KEY, &waiting);
		offer.key_pem = km_buf_view(&waiting);
		change.ends_request = true;
		if (err < 0) {
			km_buf_add_text(ret_error, "no request was made here, so the certificate's "
						   "key must be given too");
		}
	}
	if (err == 0) {
		err = km_certificate_check_offer(&offer, &pair.certificate, &pair.key, ret_error);
	}
	if (err == 0) {
		change.certificate_pem = km_buf_view(&pair.certificate);
		change.key_pem = km_buf_view(&pair.key);
		err = serve(database, vault, &change);
	}
	finish_pair(&pair);
	km_buf_wipe(&waiting);
	return err < 0 ? fail(ret_error, err, "cannot install the certificate") : 0;
}

int km_certificates_request(struct km_database *database, struct km_vault *vault, const char *names,
    struct km_buf *request_pem, struct km_buf *ret_error)
{
	char found[KM_CERTIFICATE_NAMES_SIZE];
	struct km_buf key;
	int err = find_names(database, names, found, ret_error);

	km_buf_init(&key, KM_CERTIFICATES_PEM_MAX);
	if (err == 0) {
		err = km_certificate_request(found, request_pem, &key);
	}
	if (err == 0) {
		err =
		    put_sealed(database, vault, "tls_request_key", PURPOSE_KEY, km_buf_view(&key));
	}
	km_buf_wipe(&key);
	return err < 0 ? fail(ret_error, err, "cannot make the request") : 0;
}

int km_certificates_make_authority(struct km_database *database, struct km_vault *vault,
    const char *name, bool replaces, int64_t now_unix_us, struct km_buf *ret_error)
{
	struct pair pair;
	int err = 0;

	if (!replaces && has(database, "ca_certificate")) {
		km_buf_add_text(ret_error, "there is an authority already, which browsers and "
					   "cameras may trust (--replace makes a new one)");
		return KM_ERR_EXISTS;
	}
	init_pair(&pair);
	err = km_certificate_make_authority(
	    name, now_unix_us, KM_CERTIFICATES_AUTHORITY_DAYS, &pair.certificate, &pair.key);
	if (err == KM_ERR_FORMAT) {
		km_buf_add_text(ret_error, "name: 1 to 64 bytes of text are right");
	}
	if (err == 0) {
		err = km_database_exec(database, "BEGIN IMMEDIATE");
	}
	if (err == 0) {
		err = km_database_put(database, "ca_certificate", km_buf_view(&pair.certificate));
		if (err == 0) {
			err = put_sealed(
			    database, vault, "ca_key", PURPOSE_AUTHORITY, km_buf_view(&pair.key));
		}
		err = end_transaction(database, err);
	}
	finish_pair(&pair);
	return err < 0 ? fail(ret_error, err, "cannot make the authority") : 0;
}

int km_certificates_sign(struct km_database *database, struct km_vault *vault,
    struct km_bytes request_pem, const char *names, int64_t now_unix_us,
    struct km_buf *certificate_pem, struct km_buf *ret_error)
{
	struct km_certificate_authority view;
	struct pair authority;
	int err = 0;

	init_pair(&authority);
	err = read_authority(database, vault, &authority);
	if (err == KM_ERR_NOT_FOUND) {
		km_buf_add_text(ret_error, "there is no authority here: `komainu certificate ca "
					   "init` makes one");
	}
	if (err == 0) {
		view = view_authority(&authority);
		err = km_certificate_sign_request(&view, request_pem, names, now_unix_us,
		    DEVICE_DAYS, certificate_pem, ret_error);
	}
	finish_pair(&authority);
	return err < 0 ? fail(ret_error, err, "cannot sign the request") : 0;
}

int km_certificates_restore(struct km_database *database)
{
	char name[64];
	int err = has(database, "tls_certificate_before") ? 0 : KM_ERR_NOT_FOUND;

	if (err == 0) {
		err = km_database_exec(database, "BEGIN IMMEDIATE");
	}
	if (err < 0) {
		return err;
	}
	for (size_t i = 0; err == 0 && i < KM_COUNT(served); i++) {
		(void)snprintf(name, sizeof(name), "%s_before", served[i]);
		err = move(database, name, served[i]);
		if (err == 0) {
			err = forget(database, name);
		}
	}
	return end_transaction(database, err);
}

/* --- time --- */

bool km_certificates_is_due(const struct km_certificates_view *view, int64_t now_unix_us)
{
	int64_t left_us = view->facts.until_unix_us - now_unix_us;
	int64_t life_us = view->facts.until_unix_us - view->facts.from_unix_us;

	/* Its authority ends with it: a new one would end at the same time. */
	if (view->origin == KM_CERTIFICATE_OWN_AUTHORITY && view->has_authority &&
	    view->facts.until_unix_us >= view->authority.until_unix_us) {
		return false;
	}
	return view->origin != KM_CERTIFICATE_INSTALLED && left_us < life_us / 3 &&
	       left_us < RENEW_DAYS_MAX * KM_TIME_DAY_US;
}

bool km_certificates_must_tell(struct km_database *database,
    const struct km_certificate_facts *facts, int64_t now_unix_us, int64_t *ret_days)
{
	static const int64_t steps[] = { 0, 1, 7, 14, 30 };
	int64_t left_us = facts->until_unix_us - now_unix_us;
	char told[64] = "";
	char now_told[64];
	size_t step = 0;

	while (step < KM_COUNT(steps) && left_us > steps[step] * KM_TIME_DAY_US) {
		step++;
	}
	if (step == KM_COUNT(steps)) {
		return false;
	}
	/* Which step of which certificate was told last. */
	(void)snprintf(now_told, sizeof(now_told), "%lld %lld", (long long)facts->until_unix_us,
	    (long long)steps[step]);
	(void)get_text(database, "tls_told", told, sizeof(told));
	if (strcmp(told, now_told) == 0 || put_text(database, "tls_told", now_told) < 0) {
		return false;
	}
	*ret_days = left_us < 0 ? 0 : left_us / KM_TIME_DAY_US;
	return true;
}
