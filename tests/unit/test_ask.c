/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/time.c base/uuid.c crypto/secret.c crypto/random.c io/loop.c io/clock.c model/messages.c model/record.c model/states.c base/json.c web/ask.c web/keys.c */
/* libraries: uv crypto */
/*
 * Questions to guard are answered once, by their own number or by the clock, and keys that it
 * released are kept for their session only.
 */
#include "web/ask.h"
#include "web/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct stage {
	struct km_loop *loop;
	struct km_ask *ask;
	unsigned sent;
	uint32_t request; /* of the last message */
	int send_err;
	unsigned answers;
	unsigned last_answers;
	int err;
	/* keys */
	unsigned keys;
	int key_err;
	uint8_t first_byte;
};

static int on_send(void *context, struct km_bytes packed)
{
	struct stage *stage = context;

	stage->sent++;
	if (packed.size >= 6) {
		stage->request = (uint32_t)packed.data[2] << 24 | (uint32_t)packed.data[3] << 16 |
				 (uint32_t)packed.data[4] << 8 | packed.data[5];
	}
	return stage->send_err;
}

static void on_answer(void *context, const struct km_ask_answer *answer)
{
	struct stage *stage = context;

	stage->answers++;
	stage->last_answers += answer->is_last ? 1 : 0;
	stage->err = answer->err;
	if (answer->is_last && answer->err == KM_ERR_TIMEOUT) {
		km_loop_stop(stage->loop);
	}
}

static void begin(struct stage *stage)
{
	*stage = (struct stage){ 0 };
	assert_int_equal(km_loop_create(&stage->loop), 0);
	assert_int_equal(km_ask_create(stage->loop, on_send, stage, &stage->ask), 0);
}

static void end(struct stage *stage)
{
	km_ask_destroy(stage->ask);
	km_loop_destroy(stage->loop);
}

static void an_answer_finds_its_question(void **state)
{
	struct km_message_status_get get = { 0 };
	struct km_message_status_system part = { 0 };
	struct km_message_done done = { 0 };
	struct stage stage;

	(void)state;
	begin(&stage);
	assert_int_equal(km_ask_put(stage.ask, KM_MESSAGE_status_get, &get, on_answer, &stage), 0);
	assert_int_equal(stage.sent, 1);
	assert_int_not_equal(stage.request, 0);
	assert_int_equal(get.request, stage.request);
	part.request = get.request;
	assert_true(km_ask_take(stage.ask, KM_MESSAGE_status_system, &part, NULL, 0));
	assert_int_equal(stage.last_answers, 0);
	done.request = get.request + 256;
	assert_false(km_ask_take(stage.ask, KM_MESSAGE_done, &done, NULL, 0));
	done.request = 0;
	assert_false(km_ask_take(stage.ask, KM_MESSAGE_done, &done, NULL, 0));
	done.request = get.request;
	assert_true(km_ask_take(stage.ask, KM_MESSAGE_done, &done, NULL, 0));
	assert_int_equal(stage.last_answers, 1);
	assert_false(km_ask_take(stage.ask, KM_MESSAGE_done, &done, NULL, 0));
	end(&stage);
}

static void questions_are_bounded_and_time_out(void **state)
{
	struct km_message_status_get get = { 0 };
	struct stage stage;
	unsigned asked = 0;

	(void)state;
	begin(&stage);
	stage.send_err = KM_ERR_CLOSED;
	assert_int_equal(
	    km_ask_put(stage.ask, KM_MESSAGE_status_get, &get, on_answer, &stage), KM_ERR_CLOSED);
	stage.send_err = 0;
	while (asked < 1000 &&
	       km_ask_put(stage.ask, KM_MESSAGE_status_get, &get, on_answer, &stage) == 0) {
		asked++;
	}
	assert_int_equal(asked, 256);
	km_loop_run(stage.loop); /* until the first time-out */
	assert_true(stage.answers > 0);
	assert_int_equal(stage.err, KM_ERR_TIMEOUT);
	end(&stage);
}

static void on_key(void *context, int err, const struct km_secret *secret)
{
	struct stage *stage = context;

	stage->keys++;
	stage->key_err = err;
	stage->first_byte = secret != NULL ? secret->bytes[0] : 0;
}

static struct km_message_key_reply reply_to(
    const struct stage *stage, const struct km_uuid *key, const struct km_uuid *camera)
{
	struct km_message_key_reply reply = {
		.request = stage->request, .key = *key, .camera = *camera
	};

	memset(reply.material, 'a', 64);
	return reply;
}

static void a_key_is_kept_for_its_session(void **state)
{
	const struct km_uuid key = { .bytes = { 1 } };
	const struct km_uuid camera = { .bytes = { 2 } };
	const struct km_uuid other_camera = { .bytes = { 3 } };
	const uint8_t session[KM_SECRET_BYTES] = { 4 };
	const uint8_t other[KM_SECRET_BYTES] = { 5 };
	struct km_message_key_reply reply;
	struct km_keys *keys = NULL;
	struct stage stage;

	(void)state;
	begin(&stage);
	assert_int_equal(km_keys_create(stage.loop, stage.ask, &keys), 0);
	assert_int_equal(km_keys_get(keys, session, &key, &camera, on_key, &stage), 0);
	assert_int_equal(stage.keys, 0);
	reply = reply_to(&stage, &key, &camera);
	assert_true(km_ask_take(stage.ask, KM_MESSAGE_key_reply, &reply, NULL, 0));
	assert_int_equal(stage.keys, 1);
	assert_int_equal(stage.key_err, 0);
	assert_int_equal(stage.first_byte, 0xaa);
	/* Again: without asking. For another camera: no. */
	assert_int_equal(km_keys_get(keys, session, &key, &camera, on_key, &stage), 0);
	assert_int_equal(stage.keys, 2);
	assert_int_equal(stage.sent, 1);
	assert_int_equal(km_keys_get(keys, session, &key, &other_camera, on_key, &stage), 0);
	assert_int_equal(stage.key_err, KM_ERR_DENIED);
	/* Another session, and the same after its end, ask. */
	assert_int_equal(km_keys_get(keys, other, &key, &camera, on_key, &stage), 0);
	assert_int_equal(stage.sent, 2);
	reply = reply_to(&stage, &key, &other_camera);
	assert_true(km_ask_take(stage.ask, KM_MESSAGE_key_reply, &reply, NULL, 0));
	assert_int_equal(stage.key_err, KM_ERR_DENIED);
	km_keys_forget(keys, KM_BYTES_OF(session));
	assert_int_equal(km_keys_get(keys, session, &key, &camera, on_key, &stage), 0);
	assert_int_equal(stage.sent, 3);
	reply = reply_to(&stage, &key, &camera);
	reply.err = KM_ERR_AUTH;
	assert_true(km_ask_take(stage.ask, KM_MESSAGE_key_reply, &reply, NULL, 0));
	assert_int_equal(stage.key_err, KM_ERR_AUTH);
	km_keys_destroy(keys);
	end(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_finds_its_question),
		cmocka_unit_test(questions_are_bounded_and_time_out),
		cmocka_unit_test(a_key_is_kept_for_its_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
