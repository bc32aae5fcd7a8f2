/* sources: base/error.c base/bytes.c base/buf.c base/text.c proto/cpe.c proto/version_text.c model/weakness.c model/makers.c model/known_cases.c model/own_products.c judge/weakness_match.c */
#include "judge/weakness_match.h"
#include "model/known_cases.h"
#include "model/makers.h"
#include "model/own_products.h"
#include "proto/cpe.h"
#include "proto/version_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum km_version_order compare(const char *a, const char *b)
{
	struct km_version_text left;
	struct km_version_text right;

	assert_int_equal(km_version_text_parse(a, &left), 0);
	assert_int_equal(km_version_text_parse(b, &right), 0);
	return km_version_text_compare(&left, &right);
}

static void test_versions(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		enum km_version_order order;
	} rows[] = {
		{ "V5.5.0 build 170123", "5.5.0", KM_VERSION_ALIKE },
		{ "V5.5.0 build 170123", "5.5.0_build_170124", KM_VERSION_LESS },
		{ "V5.5.0 build 170123", "5.4.9", KM_VERSION_GREATER },
		{ "V5.5.82_build_190220", "build 210625", KM_VERSION_LESS },
		{ "V5.7.3 build 220112", "210625", KM_VERSION_GREATER },
		{ "5.5.0", "build 210625", KM_VERSION_UNSURE },
		{ "2.800.0000000.16.R", "2.800.0000000.29.r.210630", KM_VERSION_LESS },
		{ "2.800.0000000.29.R", "2.800.0000000.29.r.210630", KM_VERSION_ALIKE },
		{ "2.800.0000000.29.R, Build Date: 2021-07-01", "2.800.0000000.29.r.210630",
		    KM_VERSION_GREATER },
		{ "2.622.0000000.18.R, build: 2017-07-10", "2.622.0000000.18.R.20170711",
		    KM_VERSION_LESS },
		{ "1.06.01 Hotfix", "1.06.01", KM_VERSION_EQUAL },
		{ "1.10", "1.9", KM_VERSION_GREATER },
		{ "1.0", "1", KM_VERSION_EQUAL },
		{ "1.0.2k", "1.0.2", KM_VERSION_GREATER },
		{ "1.0.2k", "1.0.2l", KM_VERSION_LESS },
		{ "v3.0.0.136_20121102", "3.0.0.136_20121103", KM_VERSION_LESS },
		{ "1.04B02", "1.04B03", KM_VERSION_LESS },
		{ "99999999999999999999", "4294967295", KM_VERSION_EQUAL },
	};
	struct km_version_text version;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		if (compare(rows[i].a, rows[i].b) != rows[i].order) {
			fail_msg("%s against %s: %d", rows[i].a, rows[i].b,
			    (int)compare(rows[i].a, rows[i].b));
		}
	}
	assert_int_equal(km_version_text_parse("", &version), KM_ERR_FORMAT);
	assert_int_equal(km_version_text_parse("unknown", &version), KM_ERR_FORMAT);
}

static void test_cpe(void **state)
{
	struct km_cpe cpe;
	char folded[KM_CPE_PRODUCT_SIZE];

	(void)state;
	assert_int_equal(
	    km_cpe_parse(
		KM_BYTES(
		    "cpe:2.3:o:hikvision:ds-2cd2\\/x\\:y_firmware:5.2.0:build_140721:*:*:*:*:*:*"),
		&cpe),
	    0);
	assert_int_equal(cpe.part, 'o');
	assert_string_equal(cpe.product, "ds-2cd2/x:y_firmware");
	assert_string_equal(cpe.version, "5.2.0 build_140721");
	assert_int_equal(km_cpe_parse(KM_BYTES("cpe:/h:d-link:dcs-2530l"), &cpe), 0);
	assert_string_equal(cpe.vendor, "d-link");
	assert_string_equal(cpe.version, "*");
	assert_int_equal(km_cpe_parse(KM_BYTES("cpe:/a:x:y%2b"), &cpe), 0);
	assert_string_equal(cpe.product, "y+");
	assert_int_equal(km_cpe_parse(KM_BYTES("cpe:2.3:o"), &cpe), KM_ERR_FORMAT);
	assert_int_equal(km_cpe_parse(KM_BYTES("cpe:2.3:z:a:b:c"), &cpe), KM_ERR_FORMAT);
	assert_int_equal(km_cpe_parse(KM_BYTES("axis"), &cpe), KM_ERR_FORMAT);
	assert_int_equal(km_cpe_fold("DS-2CD2032-I_Firmware", folded, sizeof(folded)), 10);
	assert_string_equal(folded, "ds2cd2032i");
	assert_int_equal(km_cpe_fold("firmware", folded, sizeof(folded)), 8);
}

static void test_makers(void **state)
{
	char name[KM_MAKERS_NAME_SIZE];

	(void)state;
	assert_true(km_makers_find("Hangzhou Hikvision Digital Technology Co., Ltd.", name));
	assert_string_equal(name, "hikvision");
	assert_true(km_makers_find("Axis Communications AB", name));
	assert_string_equal(name, "axis");
	assert_true(km_makers_find("TP-Link Systems", name));
	assert_string_equal(name, "tplink");
	assert_true(km_makers_find("ui", name));
	assert_false(km_makers_find("uiuc", name));
	assert_false(km_makers_find("WordPress", name));
	assert_string_equal(name, "wordpress");
}

/* --- the matcher --- */

struct stage {
	struct km_weakness_range ranges[8];
	struct km_weakness weakness;
};

static struct km_weakness_range *begin(struct stage *stage, const char *vendor, const char *product)
{
	struct km_weakness_range *range = NULL;

	memset(stage, 0, sizeof(*stage));
	stage->weakness.ranges = stage->ranges;
	stage->weakness.range_capacity = KM_COUNT(stage->ranges);
	stage->weakness.source = KM_WEAKNESS_NVD;
	range = km_weakness_add(&stage->weakness);
	range->part = 'o';
	range->flags = KM_WEAKNESS_VULNERABLE;
	(void)snprintf(range->vendor, sizeof(range->vendor), "%s", vendor);
	(void)snprintf(range->product, sizeof(range->product), "%s", product);
	return range;
}

static int confidence(
    const struct stage *stage, const char *maker, const char *model, const char *firmware)
{
	const struct km_weakness_device device = {
		.maker = maker, .model = model, .firmware = firmware
	};
	struct km_weakness_hit hit = { 0 };

	return km_weakness_match_device(&device, &stage->weakness, &hit) ? hit.confidence : 0;
}

static void test_names(void **state)
{
	struct stage stage;

	(void)state;
	(void)begin(&stage, "hikvision", "ds-2cd2032-i_firmware");
	assert_int_equal(confidence(&stage, "HIKVISION", "DS-2CD2032-I", "V5.4.0"), 80);
	assert_int_equal(confidence(&stage, "HIKVISION", "DS-2CD2132-I", "V5.4.0"), 0);
	assert_int_equal(confidence(&stage, "Dahua", "DS-2CD2032-I", "V5.4.0"), 0);
	assert_int_equal(confidence(&stage, "", "DS-2CD2032-I", "V5.4.0"), 0);
	assert_int_equal(confidence(&stage, "HIKVISION", "", "V5.4.0"), 0);
	(void)begin(&stage, "hikvision", "*");
	assert_int_equal(confidence(&stage, "HIKVISION", "", ""), 25);
	(void)begin(&stage, "dahuasecurity", "ipc-hx5xxx_firmware");
	assert_int_equal(confidence(&stage, "Dahua", "IPC-HFW5442E-ZE", "2.8"), 70);
	assert_int_equal(confidence(&stage, "Dahua", "IPC-HDBW5831E", "2.8"), 70);
	assert_int_equal(confidence(&stage, "Dahua", "IPC-HFW2431S", "2.8"), 0);
	(void)begin(&stage, "axis", "axis_os");
	assert_int_equal(confidence(&stage, "AXIS", "P3225-LV", "9.80"), 70);
	(void)begin(&stage, "axis", "axis p3225-lv");
	assert_int_equal(confidence(&stage, "AXIS", "AXIS P3225-LV", "9.80"), 80);
	(void)begin(&stage, "vivotek", "fd8369a_series");
	assert_int_equal(confidence(&stage, "VIVOTEK", "FD8369A-V", "0100"), 60);
}

static void test_ranges(void **state)
{
	struct stage stage;
	struct km_weakness_range *range = begin(&stage, "tp-link", "tapo_c200_firmware");

	(void)state;
	(void)snprintf(range->end, sizeof(range->end), "1.1.16");
	assert_int_equal(confidence(&stage, "TP-Link", "Tapo C200", "1.1.15 Build 210101"), 95);
	assert_int_equal(confidence(&stage, "TP-Link", "Tapo C200", "1.1.16"), 0);
	assert_int_equal(confidence(&stage, "TP-Link", "Tapo C200", "1.1.16 Build 211209"), 0);
	/* Not knowing the version is no all-clear, and no alarm. */
	assert_in_range(confidence(&stage, "TP-Link", "Tapo C200", ""), 1, 69);
	assert_in_range(confidence(&stage, "TP-Link", "Tapo C200", "factory"), 1, 69);
	range->flags |= KM_WEAKNESS_END_INCLUDED;
	assert_int_equal(confidence(&stage, "TP-Link", "Tapo C200", "1.1.16"), 95);
	(void)snprintf(range->start, sizeof(range->start), "1.1.0");
	assert_int_equal(confidence(&stage, "TP-Link", "Tapo C200", "1.0.9"), 0);
	assert_int_equal(confidence(&stage, "TP-Link", "Tapo C200", "1.1.0"), 95);
	range->flags |= KM_WEAKNESS_START_EXCLUDED;
	assert_int_equal(confidence(&stage, "TP-Link", "Tapo C200", "1.1.0"), 0);
	range->flags |= KM_WEAKNESS_UNCLEAR;
	assert_in_range(confidence(&stage, "TP-Link", "Tapo C200", "1.1.0"), 1, 69);
}

/* A limit with a build, and a device that tells none: it may be either. */
static void test_build_not_told(void **state)
{
	struct stage stage;
	struct km_weakness_range *range = begin(&stage, "hikvision", "ds-2cd2032-i");

	(void)state;
	(void)snprintf(range->end, sizeof(range->end), "5.4.5 build 170124");
	assert_int_equal(confidence(&stage, "HIKVISION", "DS-2CD2032-I", "V5.4.5"), 83);
	assert_int_equal(confidence(&stage, "HIKVISION", "DS-2CD2032-I", "V5.4.5 build 170124"), 0);
}

static void test_firmware_and_hardware(void **state)
{
	struct stage stage;
	struct km_weakness_range *range = begin(&stage, "hikvision", "ds-2cd2032-i_firmware");

	(void)state;
	range->flags |= KM_WEAKNESS_ALL_NODES;
	range = km_weakness_add(&stage.weakness);
	*range = stage.ranges[0];
	range->node = 1;
	range->part = 'h';
	range->flags = KM_WEAKNESS_ALL_NODES;
	(void)snprintf(range->product, sizeof(range->product), "ds-2cd2032-i");
	assert_int_equal(confidence(&stage, "HIKVISION", "DS-2CD2032-I", "5"), 80);
	(void)snprintf(range->product, sizeof(range->product), "ds-7604");
	assert_int_equal(confidence(&stage, "HIKVISION", "DS-2CD2032-I", "5"), 0);
}

static void test_repaired(void **state)
{
	struct stage stage;
	struct km_weakness_range *range = NULL;

	(void)state;
	(void)begin(&stage, "axis", "axis_os");
	range = km_weakness_add(&stage.weakness);
	*range = stage.ranges[0];
	range->flags = KM_WEAKNESS_UNAFFECTED;
	(void)snprintf(range->version, sizeof(range->version), "9.80.49");
	assert_int_equal(confidence(&stage, "AXIS", "P3225-LV", "9.80.49"), 0);
	assert_int_equal(confidence(&stage, "AXIS", "P3225-LV", "9.80.48"), 70);
}

struct known {
	const struct km_weakness_device *device;
	char ids[256];
};

static int on_known(void *context, const struct km_weakness *weakness)
{
	struct known *known = context;
	struct km_weakness_hit hit;

	assert_true(km_weakness_is_id(km_bytes_text(weakness->id)));
	assert_true(weakness->range_count > 0 && !weakness->is_cut);
	assert_int_equal(strncmp(weakness->url, "https://", 8), 0);
	for (size_t i = 0; i < weakness->range_count; i++) {
		char maker[KM_MAKERS_NAME_SIZE];
		struct km_version_text version;

		assert_true(km_makers_find(weakness->ranges[i].vendor, maker));
		assert_true(weakness->ranges[i].end[0] == '\0' ||
			    km_version_text_parse(weakness->ranges[i].end, &version) == 0);
	}
	if (km_weakness_match_device(known->device, weakness, &hit) &&
	    hit.confidence >= KM_WEAKNESS_MATCH_SHOWN) {
		size_t length = strlen(known->ids);

		(void)snprintf(
		    known->ids + length, sizeof(known->ids) - length, "%s ", weakness->id);
	}
	return 0;
}

static void test_known_cases(void **state)
{
	static const struct {
		struct km_weakness_device device;
		const char *ids;
	} rows[] = {
		{ { .maker = "HIKVISION",
		      .model = "DS-2CD2042FWD-I",
		      .firmware = "V5.4.1 build 160525" },
		    "CVE-2017-7921 CVE-2021-36260 " },
		{ { .maker = "HIKVISION",
		      .model = "DS-2CD2042FWD-I",
		      .firmware = "V5.5.5 build 180101" },
		    "CVE-2021-36260 " },
		{ { .maker = "HIKVISION",
		      .model = "DS-2CD2143G0-I",
		      .firmware = "V5.7.3 build 220112" },
		    "" },
		{ { .maker = "Dahua",
		      .model = "IPC-HFW5442E-ZE",
		      .firmware = "2.800.0000000.16.R" },
		    "CVE-2021-33044 " },
		{ { .maker = "Dahua",
		      .model = "IPC-HFW5442E-ZE",
		      .firmware = "2.840.0000000.6.R.220301" },
		    "" },
		{ { .maker = "D-Link", .model = "DCS-2530L", .firmware = "1.05.05" },
		    "CVE-2020-25078 CVE-2020-25079 " },
		{ { .maker = "Edimax", .model = "IC-7100", .firmware = "3.0" }, "CVE-2025-1316 " },
		{ { .maker = "AXIS", .model = "P3225-LV", .firmware = "9.80.1" }, "" },
	};
	struct km_weakness_range ranges[16];

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		struct km_weakness weakness = { .ranges = ranges, .range_capacity = 16 };
		struct known known = { .device = &rows[i].device };

		assert_int_equal(km_known_cases_each(&weakness, on_known, &known), 0);
		assert_string_equal(known.ids, rows[i].ids);
	}
}

static void test_own_products(void **state)
{
	size_t count = 0;
	const struct km_own_product *products = km_own_products(&count);
	size_t hits = 0;

	(void)state;
	for (size_t i = 0; i < count; i++) {
		hits += km_own_products_is_package(&products[i], "libssl3") ? 1 : 0;
		assert_true(km_own_products_has(products[i].vendor, products[i].product));
		assert_false(km_own_products_is_package(&products[i], "libssl-dev"));
	}
	assert_int_equal(hits, 1);
	assert_false(km_own_products_has("wordpress", "wordpress"));
}

static void test_copy(void **state)
{
	char text[8];

	(void)state;
	km_weakness_copy(KM_BYTES("  a\x01z\xff "), text, sizeof(text));
	assert_string_equal(text, "a z?");
	km_weakness_copy(KM_BYTES("狛犬狛犬"), text, sizeof(text));
	assert_string_equal(text, "狛犬");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_versions),
		cmocka_unit_test(test_cpe),
		cmocka_unit_test(test_makers),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_ranges),
		cmocka_unit_test(test_build_not_told),
		cmocka_unit_test(test_firmware_and_hardware),
		cmocka_unit_test(test_repaired),
		cmocka_unit_test(test_known_cases),
		cmocka_unit_test(test_own_products),
		cmocka_unit_test(test_copy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
