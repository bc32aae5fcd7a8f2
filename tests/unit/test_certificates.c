/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/aead.c crypto/box.c crypto/certificate.c crypto/certificate_check.c crypto/certificate_facts.c crypto/certificate_names.c crypto/certificate_pem.c crypto/random.c crypto/password.c guard/database.c guard/schema.c guard/vault.c guard/certificates.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 */
#include "guard/certificates.h"

#include "base/error.h"
#include "base/time.h"
#include "guard_stage.h"
#include "model/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US GUARD_STAGE_NOW_US

static struct guard_stage *open_stage(void **state, struct km_buf *error)
{
	struct guard_stage *stage = *state;

	guard_stage_open_vault(stage);
	km_buf_init(error, 4096);
	assert_int_equal(
	    km_certificates_make(stage->database, stage->vault, "rec.example", NOW_US, error), 0);
	return stage;
}

static struct km_certificates_view view(struct guard_stage *stage)
{
	struct km_certificates_view view;

	assert_int_equal(km_certificates_view(stage->database, &view), 0);
	return view;
}

static void test_make(void **state)
{
	struct km_buf error;
	struct km_buf key;
	struct guard_stage *stage = open_stage(state, &error);
	struct km_certificates_view now = view(stage);

	assert_int_equal(now.origin, KM_CERTIFICATE_SELF_SIGNED);
	assert_string_equal(now.names, "rec.example");
	assert_string_equal(now.facts.names, "rec.example,localhost,127.0.0.1,::1");
	assert_false(now.has_authority);
	km_buf_init(&key, KM_CERTIFICATES_PEM_MAX);
	assert_int_equal(km_certificates_read_key(stage->database, stage->vault, &key), 0);
	assert_true(km_bytes_has_prefix(km_buf_view(&key), KM_BYTES("-----BEGIN")));
	/* In the database it is sealed. */
	km_buf_clear(&key);
	assert_int_equal(km_database_get(stage->database, "tls_key", &key), 0);
	assert_int_equal(km_bytes_find_seq(km_buf_view(&key), KM_BYTES("BEGIN")), key.size);
	km_buf_wipe(&key);
	assert_int_equal(
	    km_certificates_make(stage->database, stage->vault, "not a name", NOW_US, &error),
	    KM_ERR_FORMAT);
	assert_memory_equal(view(stage).facts.sha256, now.facts.sha256, 32);
	km_buf_finish(&error);
}

static void test_authority(void **state)
{
	struct km_buf error;
	struct guard_stage *stage = open_stage(state, &error);
	struct km_certificates_view first = view(stage);
	struct km_certificates_view second;

	assert_int_equal(km_certificates_make_authority(
			     stage->database, stage->vault, "Ours", false, NOW_US, &error),
	    0);
	assert_int_equal(km_certificates_make_authority(
			     stage->database, stage->vault, "Ours", false, NOW_US, &error),
	    KM_ERR_EXISTS);
	assert_int_equal(km_certificates_renew(stage->database, stage->vault,
			     "rec.example,192.0.2.7", NOW_US, &error),
	    0);
	second = view(stage);
	assert_int_equal(second.origin, KM_CERTIFICATE_OWN_AUTHORITY);
	assert_true(second.has_authority);
	assert_string_equal(second.facts.issuer, second.authority.subject);
	assert_string_equal(second.names, "rec.example,192.0.2.7");
	/* The one before comes back, once. */
	assert_int_equal(km_certificates_restore(stage->database), 0);
	assert_memory_equal(view(stage).facts.sha256, first.facts.sha256, 32);
	assert_int_equal(view(stage).origin, KM_CERTIFICATE_SELF_SIGNED);
	assert_int_equal(km_certificates_restore(stage->database), KM_ERR_NOT_FOUND);
	km_buf_finish(&error);
}

static void test_request(void **state)
{
	struct km_buf error;
	struct km_buf request;
	struct km_buf signed_pem;
	struct guard_stage *stage = open_stage(state, &error);

	km_buf_init(&request, 16384);
	km_buf_init(&signed_pem, 16384);
	assert_int_equal(km_certificates_install(stage->database, stage->vault, KM_BYTES("x"),
			     KM_BYTES(""), KM_BYTES(""), NULL, NOW_US, &error),
	    KM_ERR_NOT_FOUND);
	assert_int_equal(
	    km_certificates_request(stage->database, stage->vault, NULL, &request, &error), 0);
	assert_true(view(stage).has_request);
	assert_int_equal(km_certificates_sign(stage->database, stage->vault, km_buf_view(&request),
			     NULL, NOW_US, &signed_pem, &error),
	    KM_ERR_NOT_FOUND);
	assert_int_equal(km_certificates_make_authority(
			     stage->database, stage->vault, "Ours", false, NOW_US, &error),
	    0);
	assert_int_equal(km_certificates_sign(stage->database, stage->vault, km_buf_view(&request),
			     NULL, NOW_US, &signed_pem, &error),
	    0);
	assert_int_equal(
	    km_certificates_install(stage->database, stage->vault, km_buf_view(&signed_pem),
		KM_BYTES(""), KM_BYTES(""), NULL, NOW_US, &error),
	    0);
	assert_int_equal(view(stage).origin, KM_CERTIFICATE_INSTALLED);
	assert_false(view(stage).has_request);
	km_buf_finish(&signed_pem);
	km_buf_finish(&request);
	km_buf_finish(&error);
}

/* Nothing is touched by what is refused. */
static void test_refused(void **state)
{
	struct km_buf error;
	struct km_buf pem;
	struct guard_stage *stage = open_stage(state, &error);
	struct km_certificates_view before = view(stage);

	km_buf_init(&pem, 16384);
	assert_int_equal(km_certificates_read(stage->database, &pem), 0);
	assert_int_equal(km_certificates_install(stage->database, stage->vault, km_buf_view(&pem),
			     KM_BYTES("no key"), KM_BYTES(""), NULL, NOW_US, &error),
	    KM_ERR_FORMAT);
	assert_memory_equal(view(stage).facts.sha256, before.facts.sha256, 32);
	assert_int_equal(km_certificates_restore(stage->database), KM_ERR_NOT_FOUND);
	km_buf_finish(&pem);
	km_buf_finish(&error);
}

static void test_due(void **state)
{
	struct km_buf error;
	struct guard_stage *stage = open_stage(state, &error);
	struct km_certificates_view now = view(stage);
	int64_t end = now.facts.until_unix_us;

	assert_false(km_certificates_is_due(&now, NOW_US));
	assert_false(km_certificates_is_due(&now, end - 61 * KM_TIME_DAY_US));
	assert_true(km_certificates_is_due(&now, end - 59 * KM_TIME_DAY_US));
	assert_true(km_certificates_is_due(&now, end + KM_TIME_DAY_US));
	now.origin = KM_CERTIFICATE_INSTALLED;
	assert_false(km_certificates_is_due(&now, end - KM_TIME_DAY_US));
	now.origin = KM_CERTIFICATE_OWN_AUTHORITY;
	now.has_authority = true;
	now.authority.until_unix_us = end;
	assert_false(km_certificates_is_due(&now, end - KM_TIME_DAY_US));
	km_buf_finish(&error);
}

static void test_tell(void **state)
{
	struct km_buf error;
	struct guard_stage *stage = open_stage(state, &error);
	struct km_certificate_facts facts = view(stage).facts;
	int64_t end = facts.until_unix_us;
	int64_t days = 0;
	size_t told = 0;

	/* Looked at each hour of the last 40 days and some after: five times. */
	for (int64_t at = end - 40 * KM_TIME_DAY_US; at < end + 5 * KM_TIME_DAY_US;
	     at += KM_TIME_HOUR_US) {
		static const int64_t wanted[] = { 30, 14, 7, 1, 0 };

		if (km_certificates_must_tell(stage->database, &facts, at, &days)) {
			assert_true(told < KM_COUNT(wanted));
			assert_int_equal(days, wanted[told]);
			told++;
		}
	}
	assert_int_equal(told, 5);
	/* Another one begins anew. */
	facts.until_unix_us += 1000000;
	assert_true(km_certificates_must_tell(stage->database, &facts, end, &days));
	km_buf_finish(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    test_make, guard_stage_set_up, guard_stage_tear_down),
		cmocka_unit_test_setup_teardown(
		    test_authority, guard_stage_set_up, guard_stage_tear_down),
		cmocka_unit_test_setup_teardown(
		    test_request, guard_stage_set_up, guard_stage_tear_down),
		cmocka_unit_test_setup_teardown(
		    test_refused, guard_stage_set_up, guard_stage_tear_down),
		cmocka_unit_test_setup_teardown(
		    test_due, guard_stage_set_up, guard_stage_tear_down),
		cmocka_unit_test_setup_teardown(
		    test_tell, guard_stage_set_up, guard_stage_tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
