/* sources: base/error.c base/bytes.c model/events.c model/requests.c model/rights.c model/roles.c model/states.c */
/*
 * The small tables: rights, states, roles, events.
 */
#include "base/compiler.h"
#include "model/events.h"
#include "model/rights.h"
#include "model/roles.h"
#include "model/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Who has what, once more and by hand: a change of the table must be meant. [IPA a03-2] */
static void test_rights(void **state)
{
	static const struct {
		enum km_right right;
		bool administrator;
		bool user;
		bool maintenance;
		bool per_camera;
	} rows[] = {
		{ KM_RIGHT_SESSION, true, true, true, false },
		{ KM_RIGHT_LIVE, true, true, false, true },
		{ KM_RIGHT_PLAYBACK, true, true, false, true },
		{ KM_RIGHT_EXPORT, true, true, false, true },
		{ KM_RIGHT_STATUS, true, true, true, false },
		{ KM_RIGHT_CAMERAS, true, false, false, false },
		{ KM_RIGHT_ACCOUNTS, true, false, false, false },
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		enum km_right right = rows[i].right;

		assert_int_equal(
		    km_rights_has(KM_ACCOUNT_ADMINISTRATOR, right), rows[i].administrator);
		assert_int_equal(km_rights_has(KM_ACCOUNT_USER, right), rows[i].user);
		assert_int_equal(km_rights_has(KM_ACCOUNT_MAINTENANCE, right), rows[i].maintenance);
		assert_int_equal(km_rights_is_per_camera(right), rows[i].per_camera);
		assert_string_not_equal(km_rights_name(right), "unknown");
	}
}

static void test_rights_unknown(void **state)
{
	static const unsigned roles[] = { KM_ACCOUNT_NONE, 4, 31, 32, 33, 255, UINT32_MAX };

	(void)state;
	for (unsigned right = 0; right < 300; right++) {
		for (size_t i = 0; i < KM_COUNT(roles); i++) {
			assert_false(
			    km_rights_has((enum km_account_role)roles[i], (enum km_right)right));
		}
	}
	assert_false(km_rights_has(KM_ACCOUNT_ADMINISTRATOR, (enum km_right)0));
	assert_false(km_rights_has(KM_ACCOUNT_ADMINISTRATOR, (enum km_right)255));
	assert_true(km_rights_is_per_camera((enum km_right)255));
	assert_string_equal(km_rights_name((enum km_right)255), "unknown");
	assert_string_equal(km_rights_name(KM_RIGHT_LIVE), "live");
	assert_string_equal(km_rights_role_name(KM_ACCOUNT_NONE), "none");
	assert_string_equal(km_rights_role_name((enum km_account_role)77), "none");
	assert_string_equal(km_rights_role_name(KM_ACCOUNT_MAINTENANCE), "maintenance");
}

static void test_states(void **state)
{
	(void)state;
	assert_string_equal(km_states_camera_state(KM_CAMERA_STREAMING), "streaming");
	assert_string_equal(km_states_storage_state(KM_STORAGE_FULL), "full");
	assert_string_equal(km_states_camera_transport(KM_TRANSPORT_UDP), "udp");
	assert_string_equal(km_states_gap_reason(KM_GAP_DISK_SLOW), "disk_slow");
	assert_string_equal(km_states_camera_state(5), "unknown");
	assert_string_equal(km_states_storage_state(5), "unknown");
	assert_string_equal(km_states_camera_transport(3), "unknown");
	assert_string_equal(km_states_gap_reason(UINT32_MAX), "unknown");
}

static void test_roles(void **state)
{
	(void)state;
	assert_string_equal(km_roles_name(KM_ROLE_GUARD), "guard");
	assert_string_equal(km_roles_name(KM_ROLE_COMMAND), "command");
	assert_string_equal(km_roles_name((enum km_role)0), "unknown");
	assert_string_equal(km_roles_name((enum km_role)(KM_ROLE_WEB | KM_ROLE_GUARD)), "unknown");
}

static void test_events(void **state)
{
	static const struct {
		unsigned number;
		const char *name;
		const char *text;
	} rows[] = {
#define KM_EVENT(number, NAME, name, from, text) { KM_EVENT_##NAME, #name, text },
#include "model/events.tbl"
#undef KM_EVENT
	};

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		assert_string_equal(km_events_name(rows[i].number), rows[i].name);
		assert_string_equal(km_events_text(rows[i].number), rows[i].text);
		assert_true(i == 0 || rows[i].number > rows[i - 1].number);
	}
	assert_string_equal(km_events_name(0), "unknown");
	assert_string_equal(km_events_name(UINT32_MAX), "unknown");
	assert_non_null(km_events_text(UINT32_MAX));
	assert_true(km_events_may_report(KM_EVENT_EXPORTED, KM_ROLE_WEB));
	assert_false(km_events_may_report(KM_EVENT_EXPORTED, KM_ROLE_RECEIVER));
	assert_false(km_events_may_report(KM_EVENT_LOGIN, KM_ROLE_WEB));
	assert_false(km_events_may_report(0, KM_ROLE_WEB));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rights),
		cmocka_unit_test(test_rights_unknown),
		cmocka_unit_test(test_states),
		cmocka_unit_test(test_roles),
		cmocka_unit_test(test_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
