/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/uuid.c model/messages.c model/requests.c guard/hub_requests.c */
/* libraries: */
/*
 * However much is asked at once, the channel to web does not overflow, which would end it for
 * everybody: an answer that is too large ends, and while much waits nothing more is taken.
 */
#include "guard/hub_requests.h"
#include "model/requests.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define QUEUE_MAX 65536

/* A channel that nobody reads. */
static struct {
	size_t waiting;
	size_t wanted;       /* rows of the next answer */
	size_t rows_at_once; /* what a row counts as; large ones fill it by their bytes */
	size_t tries;        /* rows that the handler wanted to send */
	unsigned handled;
	struct km_message_done done;
} channel;

void km_hub_send(struct km_process *child, enum km_message_kind kind, const void *message)
{
	(void)child;
	if (kind == KM_MESSAGE_done) {
		memcpy(&channel.done, message, sizeof(channel.done));
		channel.waiting++;
	} else {
		channel.waiting += channel.rows_at_once;
	}
	assert_true(channel.waiting <= QUEUE_MAX);
}

unsigned km_children_fill_percent(const struct km_process *process)
{
	(void)process;
	return (unsigned)(channel.waiting * 100 / QUEUE_MAX);
}

int km_hub_check(struct km_hub *hub, struct km_bytes token, enum km_right right,
    const struct km_uuid *camera, struct km_account *ret_account)
{
	(void)hub;
	(void)token;
	(void)right;
	(void)camera;
	*ret_account = (struct km_account){ .name = "anna" };
	return 0;
}

static int answer(struct km_hub_asking *asking)
{
	int err = 0;

	channel.handled++;
	channel.tries = 0;
	while (err == 0 && channel.tries < channel.wanted) {
		struct km_message_fact record = { 0 };

		channel.tries++;
		err = km_hub_requests_answer(asking, KM_MESSAGE_fact, &record);
		assert_true(err < 0 || record.request == 7);
	}
	return err;
}

#define KM_REQUEST(kind, RIGHT, text)                                                              \
	int km_hub_request_##kind(struct km_hub_asking *asking, struct km_message_##kind *message) \
	{                                                                                          \
		(void)message;                                                                     \
		return answer(asking);                                                             \
	}
#include "model/requests.tbl"
#undef KM_REQUEST

static struct km_bytes pack(uint8_t *storage, size_t size)
{
	const struct km_message_fact_list list = { .request = 7, .session_size = 32 };
	struct km_buf buf;

	km_buf_init_fixed(&buf, storage, size);
	assert_int_equal(km_messages_pack(KM_MESSAGE_fact_list, &list, &buf), 0);
	return km_buf_view(&buf);
}

static int ask(size_t wanted)
{
	uint8_t storage[4096];
	struct km_hub hub = { 0 };
	int err = KM_ERR_FORMAT;

	channel.wanted = wanted;
	channel.handled = 0;
	memset(&channel.done, 0, sizeof(channel.done));
	assert_true(km_hub_requests_from_web(
	    &hub, KM_MESSAGE_fact_list, pack(storage, sizeof(storage)), &err));
	assert_int_equal(err, 0);
	assert_int_equal(channel.done.request, 7);
	return channel.done.err;
}

static void test_many_at_once(void **state)
{
	(void)state;
	memset(&channel, 0, sizeof(channel));
	channel.rows_at_once = 1;
	assert_int_equal(ask(10000), 0);
	assert_int_equal(channel.waiting, 10001);
	assert_int_equal(ask(10000), 0);
	/* More than a quarter waits: the third comes too early, and costs nothing. */
	assert_int_equal(ask(10000), KM_ERR_AGAIN);
	assert_int_equal(channel.handled, 0);
	assert_non_null(strstr(channel.done.text, "try again"));
	assert_int_equal(channel.waiting, 20003);
	channel.waiting = 0;
	assert_int_equal(ask(10000), 0);
}

static void test_too_many_rows(void **state)
{
	(void)state;
	memset(&channel, 0, sizeof(channel));
	channel.rows_at_once = 1;
	channel.waiting = QUEUE_MAX / 4;
	assert_int_equal(ask(1000000), KM_ERR_LIMIT);
	/* Who answers is told at the first row that does not go. */
	assert_true(channel.tries <= KM_HUB_REQUESTS_RECORDS_MAX + 1);
	assert_non_null(strstr(channel.done.text, "ask for less"));
	channel.waiting = 0;
	assert_int_equal(ask(KM_HUB_REQUESTS_RECORDS_MAX), 0);
}

static void test_too_many_bytes(void **state)
{
	(void)state;
	memset(&channel, 0, sizeof(channel));
	channel.rows_at_once = 64;
	assert_int_equal(ask(40000), KM_ERR_LIMIT);
	assert_true(channel.tries < 1000);
}

struct visitor {
	size_t count;
	unsigned fill_percent;
};

static void send_to_visitor(void *context, enum km_message_kind kind, const void *message)
{
	struct visitor *visitor = context;

	if (kind == KM_MESSAGE_done) {
		memcpy(&channel.done, message, sizeof(channel.done));
	} else {
		visitor->count++;
	}
}

static unsigned fill_of_visitor(void *context)
{
	return ((struct visitor *)context)->fill_percent;
}

static void test_command(void **state)
{
	uint8_t storage[4096];
	struct km_hub hub = { 0 };
	struct visitor visitor = { .fill_percent = 60 };
	const struct km_hub_asker asker = { send_to_visitor, fill_of_visitor, &visitor };
	struct km_bytes packed = pack(storage, sizeof(storage));
	int err = KM_ERR_FORMAT;

	(void)state;
	channel.wanted = 3;
	assert_true(km_hub_requests_from_command(&hub, KM_MESSAGE_fact_list, packed, &asker, &err));
	assert_int_equal(err, 0);
	assert_int_equal(channel.done.err, 0);
	assert_int_equal(visitor.count, 3);
	visitor.fill_percent = KM_HUB_REQUESTS_FULL_PERCENT;
	assert_true(km_hub_requests_from_command(&hub, KM_MESSAGE_fact_list, packed, &asker, &err));
	assert_int_equal(channel.done.err, KM_ERR_LIMIT);
	assert_int_equal(visitor.count, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_many_at_once),
		cmocka_unit_test(test_too_many_rows),
		cmocka_unit_test(test_too_many_bytes),
		cmocka_unit_test(test_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
