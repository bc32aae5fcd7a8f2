/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/uuid.c crypto/aead.c crypto/box.c crypto/random.c crypto/password.c proto/url.c guard/database.c guard/schema.c guard/vault.c guard/cameras.c ../tests/unit/guard_stage.c */
/* libraries: crypto sodium sqlite3 */
#include "guard/cameras.h"

#include "base/time.h"
#include "guard_stage.h"
#include "model/states.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct km_camera make(const char *name)
{
	struct km_camera camera = { .url = "rtsp://192.0.2.1/stream",
		.user = "viewer",
		.transport = KM_TRANSPORT_TCP,
		.allows_basic = true,
		.has_pin = true,
		.pin = { 1, 2, 3 },
		.retain_us = 7 * KM_TIME_DAY_US,
		.retain_bytes = UINT64_MAX,
		.is_enabled = true };

	(void)snprintf(camera.name, sizeof(camera.name), "%s", name);
	return camera;
}

static int set_up(void **state)
{
	int err = guard_stage_set_up(state);

	guard_stage_open_vault(*state);
	return err;
}

static void test_judge(void **state)
{
	static const char *const bad_urls[] = { "", "http://192.0.2.1/", "192.0.2.1", "rtsp://",
		"rtsp://user:secret@192.0.2.1/", "rtsp://192.0.2.1:0/", "rtsp://192.0.2.1:65536/",
		"rtsp://192.0.2.1/a b", "rtsp://192.0.2.1/\r\nX: y" };
	static const char *const bad_names[] = { "", ".", "..", "Front", "a/b", "-a", "a b" };
	struct km_camera camera = make("front");

	(void)state;
	assert_null(km_cameras_judge(&camera));
	for (size_t i = 0; i < KM_COUNT(bad_urls); i++) {
		camera = make("front");
		(void)snprintf(camera.url, sizeof(camera.url), "%s", bad_urls[i]);
		assert_non_null(km_cameras_judge(&camera));
	}
	for (size_t i = 0; i < KM_COUNT(bad_names); i++) {
		camera = make(bad_names[i]);
		assert_non_null(km_cameras_judge(&camera));
	}
	camera = make("front");
	camera.transport = 3;
	assert_non_null(km_cameras_judge(&camera));
	camera = make("front");
	camera.retain_us = -1;
	assert_non_null(km_cameras_judge(&camera));
	camera.retain_us = 36500 * KM_TIME_DAY_US + 1;
	assert_non_null(km_cameras_judge(&camera));
	camera = make("front");
	(void)snprintf(camera.user, sizeof(camera.user), "a\nb");
	assert_non_null(km_cameras_judge(&camera));
}

static void test_round_trip(void **state)
{
	struct guard_stage *stage = *state;
	struct km_camera camera = make("front");
	struct km_camera found = { 0 };
	struct km_uuid id = { 0 };

	assert_int_equal(km_cameras_put(stage->database, stage->vault, &camera, NULL, 77, &id), 0);
	assert_false(km_uuid_is_nil(&id));
	guard_stage_reopen(stage);
	assert_int_equal(km_cameras_find_name(stage->database, KM_BYTES("front"), &found), 0);
	camera.id = id;
	camera.created_us = 77;
	assert_true(km_uuid_is_equal(&found.id, &id));
	assert_string_equal(found.name, camera.name);
	assert_string_equal(found.url, camera.url);
	assert_string_equal(found.user, camera.user);
	assert_int_equal(found.transport, camera.transport);
	assert_true(found.allows_basic && found.has_pin && found.is_enabled);
	assert_memory_equal(found.pin, camera.pin, sizeof(found.pin));
	assert_true(found.retain_us == camera.retain_us);
	assert_true(found.retain_bytes == UINT64_MAX);
	assert_true(found.created_us == 77);
	found.has_pin = false;
	found.allows_basic = false;
	assert_int_equal(km_cameras_put(stage->database, stage->vault, &found, NULL, 99, &id), 0);
	assert_int_equal(km_cameras_find(stage->database, &id, &found), 0);
	assert_false(found.has_pin || found.allows_basic);
	assert_true(found.created_us == 77);
	assert_int_equal(guard_stage_number(stage, "SELECT count(*) FROM camera"), 1);
}

static void test_names(void **state)
{
	struct guard_stage *stage = *state;
	struct km_camera camera = make("front");
	struct km_camera found = { 0 };
	struct km_uuid id = { 0 };
	struct km_uuid other = { 0 };

	assert_int_equal(km_cameras_put(stage->database, stage->vault, &camera, NULL, 1, &id), 0);
	assert_int_equal(
	    km_cameras_put(stage->database, stage->vault, &camera, NULL, 1, &other), KM_ERR_EXISTS);
	camera.id = (struct km_uuid){ .bytes = { 9 } };
	assert_int_equal(km_cameras_put(stage->database, stage->vault, &camera, NULL, 1, &other),
	    KM_ERR_NOT_FOUND);
	camera.id = id;
	camera.url[0] = 'x';
	assert_int_equal(
	    km_cameras_put(stage->database, stage->vault, &camera, NULL, 1, &other), KM_ERR_FORMAT);
	assert_true(km_uuid_is_nil(&other));
	/* The name is free again once the entry was dropped; its recordings keep the old id. */
	assert_int_equal(km_cameras_drop(stage->database, &id, 5), 0);
	assert_int_equal(km_cameras_drop(stage->database, &id, 6), KM_ERR_NOT_FOUND);
	assert_int_equal(
	    km_cameras_find_name(stage->database, KM_BYTES("front"), &found), KM_ERR_NOT_FOUND);
	assert_int_equal(km_cameras_find(stage->database, &id, &found), KM_ERR_NOT_FOUND);
	assert_int_equal(km_cameras_find_name_ever(stage->database, KM_BYTES("front"), &found), 0);
	assert_true(km_uuid_is_equal(&found.id, &id));
	camera = make("front");
	assert_int_equal(
	    km_cameras_put(stage->database, stage->vault, &camera, NULL, 1, &other), 0);
	assert_int_equal(km_cameras_find_name_ever(stage->database, KM_BYTES("front"), &found), 0);
	assert_true(km_uuid_is_equal(&found.id, &other));
}

static int on_camera(void *context, const struct km_camera *camera)
{
	km_buf_add_format(context, "%s ", camera->name);
	return 0;
}

static void test_each(void **state)
{
	static const char *const names[] = { "yard", "door", "gate" };
	struct guard_stage *stage = *state;
	struct km_uuid ids[3];
	struct km_buf list;

	for (size_t i = 0; i < 3; i++) {
		struct km_camera camera = make(names[i]);

		assert_int_equal(
		    km_cameras_put(stage->database, stage->vault, &camera, NULL, 1, &ids[i]), 0);
	}
	assert_int_equal(km_cameras_drop(stage->database, &ids[2], 5), 0);
	km_buf_init(&list, 100);
	assert_int_equal(km_cameras_each(stage->database, on_camera, &list), 0);
	assert_true(km_bytes_is_equal(km_buf_view(&list), KM_BYTES("door yard ")));
	km_buf_finish(&list);
}

static void test_password(void **state)
{
	struct guard_stage *stage = *state;
	struct km_camera camera = make("front");
	struct km_bytes secret = KM_BYTES("s3same open");
	struct km_bytes empty = KM_BYTES("");
	char long_one[KM_CAMERA_PASSWORD_SIZE];
	struct km_bytes longest = { (const uint8_t *)long_one, sizeof(long_one) - 1 };
	struct km_bytes too_long = KM_BYTES_OF(long_one);
	char password[KM_CAMERA_PASSWORD_SIZE] = "before";

	memset(long_one, 'x', sizeof(long_one));
	assert_int_equal(
	    km_cameras_put(stage->database, stage->vault, &camera, &secret, 1, &camera.id), 0);
	/* It is sealed: the clear text is in no file. */
	assert_int_equal(
	    guard_stage_number(stage, "SELECT instr(password, CAST('s3same' AS BLOB)) FROM camera"),
	    0);
	guard_stage_reopen(stage);
	assert_int_equal(
	    km_cameras_put(stage->database, stage->vault, &camera, NULL, 1, &camera.id), 0);
	assert_int_equal(
	    km_cameras_password(stage->database, stage->vault, &camera.id, password), 0);
	assert_string_equal(password, "s3same open");
	assert_int_equal(
	    km_cameras_put(stage->database, stage->vault, &camera, &too_long, 1, &camera.id),
	    KM_ERR_LIMIT);
	assert_int_equal(
	    km_cameras_put(stage->database, stage->vault, &camera, &longest, 1, &camera.id), 0);
	assert_int_equal(
	    km_cameras_password(stage->database, stage->vault, &camera.id, password), 0);
	assert_int_equal(strlen(password), KM_CAMERA_PASSWORD_SIZE - 1);
	assert_int_equal(
	    km_cameras_put(stage->database, stage->vault, &camera, &empty, 1, &camera.id), 0);
	assert_int_equal(
	    km_cameras_password(stage->database, stage->vault, &camera.id, password), 0);
	assert_string_equal(password, "");
}

/* A sealed password that was moved to another camera opens nothing; dropping wipes it. */
static void test_password_stays(void **state)
{
	struct guard_stage *stage = *state;
	struct km_camera front = make("front");
	struct km_camera back = make("back");
	struct km_bytes secret = KM_BYTES("s3same open");
	char password[KM_CAMERA_PASSWORD_SIZE] = "before";

	assert_int_equal(
	    km_cameras_put(stage->database, stage->vault, &front, &secret, 1, &front.id), 0);
	assert_int_equal(
	    km_cameras_put(stage->database, stage->vault, &back, NULL, 1, &back.id), 0);
	assert_int_equal(km_database_exec(stage->database,
			     "UPDATE camera SET password = (SELECT password FROM camera WHERE "
			     "name = 'front')"),
	    0);
	assert_int_equal(
	    km_cameras_password(stage->database, stage->vault, &back.id, password), KM_ERR_AUTH);
	assert_string_equal(password, "before");
	assert_int_equal(km_cameras_drop(stage->database, &front.id, 1), 0);
	assert_int_equal(
	    guard_stage_number(
		stage, "SELECT count(*) FROM camera WHERE name = 'front' AND password IS NULL"),
	    1);
}

#define GUARD_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, guard_stage_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_judge),
		GUARD_TEST(test_round_trip),
		GUARD_TEST(test_names),
		GUARD_TEST(test_each),
		GUARD_TEST(test_password),
		GUARD_TEST(test_password_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
