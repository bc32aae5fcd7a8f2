/* sources: auditor/likeness.c auditor/sightings.c auditor/oui.c auditor/neighbour.c auditor/port_list.c proto/recognise.c io/address.c base/bytes.c base/buf.c base/error.c base/text.c */
/* libraries: */
#include "auditor/likeness.h"
#include "auditor/neighbour.h"
#include "auditor/oui.h"
#include "auditor/port_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct km_sightings seen;

static int set_up(void **state)
{
	(void)state;
	seen = (struct km_sightings){ 0 };
	return 0;
}

static void see(enum km_sighting_place place, const char *text)
{
	km_sightings_add_text(&seen, place, km_bytes_text(text));
}

static struct km_likeness weigh(void)
{
	struct km_likeness likeness;

	km_likeness_weigh(&seen, &likeness);
	return likeness;
}

static void test_nothing_seen_nothing_said(void **state)
{
	struct km_likeness likeness = weigh();

	(void)state;
	assert_null(likeness.maker);
	assert_string_not_equal(likeness.reason, "");
	see(KM_SIGHTING_SERVER, "nginx");
	see(KM_SIGHTING_TITLE, "WEB SERVICE");
	assert_null(weigh().maker);
}

static void test_a_realm_names_maker_and_model(void **state)
{
	struct km_likeness likeness;

	(void)state;
	see(KM_SIGHTING_REALM, "Sony Network Camera SNC-DH140");
	likeness = weigh();
	assert_string_equal(likeness.maker, "Sony");
	assert_string_equal(likeness.model, "SNC-DH140");
	assert_non_null(strstr(likeness.reason, "login realm"));
}

static void test_signs_of_two_makers_say_nothing(void **state)
{
	(void)state;
	see(KM_SIGHTING_REALM, "Login to 3C00");
	see(KM_SIGHTING_SERVER, "App-webs/");
	assert_null(weigh().maker);
	assert_non_null(strstr(weigh().reason, "both"));
	see(KM_SIGHTING_MAC, "Zhejiang Dahua Technology Co., Ltd.");
	assert_string_equal(weigh().maker, "Dahua");
}

static void test_a_sign_counts_in_its_place_alone(void **state)
{
	(void)state;
	see(KM_SIGHTING_TITLE, "SADP of Hikvision");
	assert_null(weigh().maker);
}

static void test_claims_are_named_as_in_the_table(void **state)
{
	(void)state;
	assert_string_equal(km_likeness_name("HIKVISION"), "Hikvision");
	assert_string_equal(km_likeness_name("AXIS Communications AB"), "Axis");
	assert_string_equal(km_likeness_name("Interacti, by ACTi-Corp"), "ACTi");
	assert_null(km_likeness_name("Interactive Cameras"));
	assert_null(km_likeness_name("Sony2"));
	assert_null(km_likeness_name("Nobody"));
	assert_null(km_likeness_name(""));
}

static void test_texts_are_kept_clean_and_bounded(void **state)
{
	static char text[500];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[0] = '\n';
	for (size_t i = 0; i < 2 * KM_SIGHTINGS_TEXTS_MAX; i++) {
		text[1] = (char)('a' + i % 26);
		text[2] = (char)('a' + i / 26);
		see(KM_SIGHTING_TITLE, text);
		see(KM_SIGHTING_TITLE, text);
	}
	assert_int_equal(seen.text_count, KM_SIGHTINGS_TEXTS_MAX);
	assert_int_equal(seen.text[0].text[0], '?');
	assert_int_equal(strlen(seen.text[0].text), KM_SIGHTINGS_TEXT_SIZE - 1);
	for (size_t i = 0; i < KM_SIGHTINGS_PORTS_MAX; i++) {
		assert_int_equal(km_sightings_add_port(&seen, 80), 0);
	}
	assert_int_equal(km_sightings_add_port(&seen, 80), KM_ERR_LIMIT);
}

static void test_registries(void **state)
{
	char name[KM_OUI_NAME_SIZE] = "";
	uint8_t mac[6] = { 0 };

	(void)state;
	assert_int_equal(
	    km_oui_match_line(KM_BYTES("MA-L,00408C,AXIS COMMUNICATIONS AB,Lund"), "00408C", name),
	    0);
	assert_string_equal(name, "AXIS COMMUNICATIONS AB");
	assert_int_equal(
	    km_oui_match_line(
		KM_BYTES("MA-L,F84DFC,\"Hangzhou Hikvision, \"\"Co\"\".,Ltd.\",x"), "F84DFC", name),
	    0);
	assert_string_equal(name, "Hangzhou Hikvision, \"\"Co\"\".,Ltd.");
	assert_int_equal(
	    km_oui_match_line(KM_BYTES("MA-L,00408C"), "00408C", name), KM_ERR_NOT_FOUND);
	assert_int_equal(km_oui_match_line(KM_BYTES("\"open"), "00408C", name), KM_ERR_NOT_FOUND);
	assert_int_equal(km_oui_parse_mac(KM_BYTES("00-40-8c-01-02-fF"), mac), 0);
	assert_int_equal(mac[5], 0xff);
	assert_int_equal(km_oui_parse_mac(KM_BYTES("00-40-8c-01-02"), mac), KM_ERR_FORMAT);
	assert_int_equal(km_oui_parse_mac(KM_BYTES("00-40-8c-01-02-fg"), mac), KM_ERR_FORMAT);
	assert_int_equal(km_oui_find("/nonexistent", mac, name), KM_ERR_SYS);
	/* Made up by its user: the registries are not asked. */
	mac[0] = 0x02;
	assert_int_equal(km_oui_find("/nonexistent", mac, name), KM_ERR_NOT_FOUND);
}

static void test_neighbours(void **state)
{
	const struct km_bytes table = KM_BYTES(
	    "IP address       HW type     Flags       HW address            Mask     Device\n"
	    "192.0.2.7        0x1         0x0         00:00:00:00:00:00     *        eth0\n"
	    "192.0.2.8        0x1         0x2         ac:cc:8e:01:02:03     *        eth0\n");
	struct km_address address = { 0 };
	uint8_t mac[6] = { 0 };

	(void)state;
	assert_int_equal(km_address_parse(KM_BYTES("192.0.2.8"), 80, &address), 0);
	assert_int_equal(km_neighbour_parse(table, &address, mac), 0);
	assert_int_equal(mac[0], 0xac);
	assert_int_equal(mac[5], 3);
	assert_int_equal(km_address_parse(KM_BYTES("192.0.2.7"), 80, &address), 0);
	assert_int_equal(km_neighbour_parse(table, &address, mac), KM_ERR_NOT_FOUND);
	assert_int_equal(km_neighbour_find("/nonexistent", &address, mac), KM_ERR_SYS);
}

static void test_lists_of_ports(void **state)
{
	static const uint16_t ports[] = { 21, 22, 23, 80, 554, 555 };
	uint16_t many[200];
	char text[64];
	struct km_buf buf;
	size_t count = 0;
	const struct km_port_list_row *rows = km_port_list_rows(&count);

	(void)state;
	km_buf_init_fixed(&buf, text, sizeof(text));
	km_port_list_write(ports, KM_COUNT(ports), &buf);
	assert_true(km_bytes_is_equal(km_buf_view(&buf), KM_BYTES("21-23,80,554-555")));
	for (size_t i = 0; i < KM_COUNT(many); i++) {
		many[i] = (uint16_t)(2 * i + 1);
	}
	km_buf_init_fixed(&buf, text, sizeof(text));
	km_port_list_write(many, KM_COUNT(many), &buf);
	assert_int_equal(km_buf_error(&buf), 0);
	assert_int_equal(text[buf.size - 1], '.');
	for (size_t i = 1; i < count; i++) {
		assert_true(rows[i].number > rows[i - 1].number);
	}
	assert_true(km_port_list_find(9100)->is_silent);
	assert_true(km_port_list_find(554)->is_camera);
	assert_null(km_port_list_find(1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_nothing_seen_nothing_said, set_up),
		cmocka_unit_test_setup(test_a_realm_names_maker_and_model, set_up),
		cmocka_unit_test_setup(test_signs_of_two_makers_say_nothing, set_up),
		cmocka_unit_test_setup(test_a_sign_counts_in_its_place_alone, set_up),
		cmocka_unit_test(test_claims_are_named_as_in_the_table),
		cmocka_unit_test_setup(test_texts_are_kept_clean_and_bounded, set_up),
		cmocka_unit_test(test_registries),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_lists_of_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
