/* sources: base/error.c base/bytes.c base/cidr.c base/buf.c base/reader.c base/text.c base/uuid.c model/remedies.c guard/remedy_orders.c */
/* libraries: */
/*
 * From what a person asks for to an order, and whether it still is one for the camera that the
 * entry names by now. [IPA a12-3]
 */
#include "guard/remedy_orders.h"
#include "guard/snapshots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* Of each account that is asked for, the camera says that it is an administrator's. */
int km_snapshots_value(struct km_database *database, const struct km_uuid *camera,
    enum km_fact_kind kind, const char *subject, char *ret_value, size_t size)
{
	(void)database;
	(void)camera;
	(void)subject;
	if (kind != KM_FACT_ACCOUNT) {
		return KM_ERR_NOT_FOUND;
	}
	(void)snprintf(ret_value, size, "administrator");
	return 0;
}

static struct km_camera make_entry(void)
{
	return (struct km_camera){
		.id = { .bytes = { 1 } },
		.url = "rtsp://192.0.2.10/main",
		.onvif_url = "http://192.0.2.10/onvif/device_service",
		.user = "recorder",
		.has_pin = true,
		.pin = { 7 },
	};
}

static struct km_message_remedy_begin make(
    const struct km_camera *entry, const struct km_message_remedy_plan *ask)
{
	struct km_message_remedy_begin order = { 0 };
	char text[KM_REMEDY_ORDERS_TEXT_SIZE] = "";

	assert_int_equal(km_remedy_orders_make(NULL, entry, ask, &order, text), 0);
	return order;
}

static void test_entry_changes(void **state)
{
	const struct km_message_remedy_plan ask = { .remedy = "reboot" };
	struct km_camera entry = make_entry();
	const struct km_message_remedy_begin order = make(&entry, &ask);

	(void)state;
	assert_false(order.is_guess);
	assert_true(km_remedy_orders_is_of(&order, &entry));
	/* What nothing is sent to may change. */
	(void)snprintf(entry.name, sizeof(entry.name), "gate");
	assert_true(km_remedy_orders_is_of(&order, &entry));
	(void)snprintf(entry.url, sizeof(entry.url), "rtsp://192.0.2.11/main");
	assert_false(km_remedy_orders_is_of(&order, &entry));
	entry = make_entry();
	entry.onvif_url[0] = '\0';
	assert_false(km_remedy_orders_is_of(&order, &entry));
	entry = make_entry();
	(void)snprintf(entry.user, sizeof(entry.user), "viewer");
	assert_false(km_remedy_orders_is_of(&order, &entry));
	entry = make_entry();
	entry.pin[31] = 1;
	assert_false(km_remedy_orders_is_of(&order, &entry));
	entry = make_entry();
	entry.has_pin = false;
	assert_false(km_remedy_orders_is_of(&order, &entry));
}

/* With a login of its own, the entry's is of no matter. */
static void test_own_login(void **state)
{
	const struct km_message_remedy_plan ask = {
		.remedy = "password", .account = "admin", .current = "as it came"
	};
	struct km_camera entry = make_entry();
	const struct km_message_remedy_begin order = make(&entry, &ask);

	(void)state;
	assert_string_equal(order.user, "admin");
	assert_string_equal(order.password, "as it came");
	assert_true(order.is_guess);
	assert_true(km_remedy_orders_is_of(&order, &entry));
	(void)snprintf(entry.user, sizeof(entry.user), "viewer");
	assert_true(km_remedy_orders_is_of(&order, &entry));
	(void)snprintf(entry.url, sizeof(entry.url), "rtsp://192.0.2.11/main");
	assert_false(km_remedy_orders_is_of(&order, &entry));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_entry_changes),
		cmocka_unit_test(test_own_login),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
