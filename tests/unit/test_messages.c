/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/uuid.c model/roles.c model/messages.c */
/*
 * The table itself is walked: a row that is added is tested with it.
 */
#include "model/messages.h"

#include "priv/channel.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

union any_message {
#define KM_MESSAGE(number, name, from, to, fds) struct km_message_##name name;
#include "model/messages.tbl"
};

/* --- one function per message that fills all of it --- */

static void fill_text(char *text, size_t size, int pattern)
{
	if (pattern == 0) {
		return;
	}
	memset(text, 'x', size - 1);
	/* Lines, as in PEM, and characters of several bytes. */
	memcpy(text, "\xe7\x8b\x9b\n\t", 5);
}

#define KM_MESSAGE(number, name, from, to, fds)                                                    \
	static void fill_##name(void *message, int pattern)                                        \
	{                                                                                          \
		struct km_message_##name *m = message;
#define KM_FIELD(type, name)  memset(&m->name, pattern, sizeof(m->name));
#define KM_TEXT(name, size)   fill_text(m->name, size, pattern);
#define KM_SECRET(name, size) fill_text(m->name, size, pattern);
#define KM_BLOB(name, size)                                                                        \
	m->name##_size = pattern == 0 ? 0 : (size);                                                \
	memset(m->name, pattern, size);
#define KM_MESSAGE_END(name) }
#include "model/messages.tbl"

/* --- and one that counts the bytes of its secrets that are not zero --- */

static size_t count_set(const char *text, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++) {
		count += text[i] != 0 ? 1 : 0;
	}
	return count;
}

#define KM_MESSAGE(number, name, from, to, fds)                                                    \
	static size_t secrets_##name(const void *message)                                          \
	{                                                                                          \
		const struct km_message_##name *m = message;                                       \
		size_t count = 0;                                                                  \
		(void)m;
#define KM_SECRET(name, size) count += count_set(m->name, size);
#define KM_MESSAGE_END(name)                                                                       \
	return count;                                                                              \
	}
#include "model/messages.tbl"

static const struct row {
	enum km_message_kind kind;
	const char *name;
	unsigned from;
	unsigned to;
	size_t fds;
	size_t bytes;
	void (*fill)(void *message, int pattern);
	size_t (*secrets)(const void *message);
} rows[] = {
#define KM_MESSAGE(number, name, from, to, fds)                                                    \
	{ KM_MESSAGE_##name, #name, from, to, fds, sizeof(struct km_message_##name), fill_##name,  \
		secrets_##name },
#include "model/messages.tbl"
};

static const enum km_role roles[] = {
#define KM_ROLE(NAME, name, bit, work) KM_ROLE_##NAME,
#include "model/roles.tbl"
#undef KM_ROLE
};

static union any_message message;
static union any_message back;
static uint8_t storage[KM_CHANNEL_MESSAGE_MAX];

/* Fill with a pattern, pack. Every message at its largest fits the channel. */
static struct km_buf pack(const struct row *row, int pattern)
{
	struct km_buf buf;

	memset(&message, 0, sizeof(message));
	row->fill(&message, pattern);
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	assert_int_equal(km_messages_pack(row->kind, &message, &buf), 0);
	return buf;
}

static void test_round_trip(void **state)
{
	static const int patterns[] = { 0x00, 0xff, 0x80, 0x7f, 0x01 };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		assert_int_equal(km_messages_struct_bytes(rows[i].kind), rows[i].bytes);
		for (size_t k = 0; k < KM_COUNT(patterns); k++) {
			struct km_buf buf = pack(&rows[i], patterns[k]);
			enum km_message_kind kind = KM_MESSAGE_ready;

			assert_int_equal(km_messages_kind(km_buf_view(&buf), &kind), 0);
			assert_int_equal(kind, rows[i].kind);
			memset(&back, 0x55, sizeof(back));
			assert_int_equal(
			    km_messages_unpack(rows[i].kind, km_buf_view(&buf), &back), 0);
			assert_memory_equal(&message, &back, rows[i].bytes);
		}
	}
}

/* A message that was cut off anywhere, or has a byte more, is refused and leaves zeros. */
static void test_every_length(void **state)
{
	static const union any_message zero;

	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		struct km_buf buf = pack(&rows[i], 0x01);
		size_t step = buf.size > 2000 ? 97 : 1;

		for (size_t size = 0; size < buf.size; size += step) {
			memset(&back, 0, sizeof(back));
			assert_int_equal(
			    km_messages_unpack(rows[i].kind, km_bytes_from(storage, size), &back),
			    KM_ERR_SHORT);
			assert_memory_equal(&back, &zero, rows[i].bytes);
		}
		km_buf_add_u8(&buf, 0);
		assert_int_equal(
		    km_messages_unpack(rows[i].kind, km_buf_view(&buf), &back), KM_ERR_FORMAT);
		assert_memory_equal(&back, &zero, rows[i].bytes);
	}
}

static void test_kinds(void **state)
{
	enum km_message_kind kind = KM_MESSAGE_login;
	struct km_buf buf = pack(&rows[0], 1);

	(void)state;
	assert_int_equal(km_messages_kind(KM_BYTES(""), &kind), KM_ERR_SHORT);
	assert_int_equal(km_messages_kind(KM_BYTES("\x00"), &kind), KM_ERR_SHORT);
	assert_int_equal(km_messages_kind(KM_BYTES("\x00\x00"), &kind), KM_ERR_NOT_FOUND);
	assert_int_equal(km_messages_kind(KM_BYTES("\xff\xff"), &kind), KM_ERR_NOT_FOUND);
	assert_int_equal(kind, KM_MESSAGE_login);
	assert_int_equal(km_messages_unpack(rows[1].kind, km_buf_view(&buf), &back), KM_ERR_FORMAT);
	assert_int_equal(km_messages_unpack((enum km_message_kind)9999, km_buf_view(&buf), &back),
	    KM_ERR_NOT_FOUND);
	assert_int_equal(
	    km_messages_pack((enum km_message_kind)9999, &message, &buf), KM_ERR_NOT_FOUND);
	assert_int_equal(km_messages_struct_bytes((enum km_message_kind)9999), 0);
	assert_string_equal(km_messages_name((enum km_message_kind)9999), "unknown");
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		assert_string_equal(km_messages_name(rows[i].kind), rows[i].name);
		for (size_t k = 0; k < i; k++) {
			assert_int_not_equal(rows[i].kind, rows[k].kind);
		}
	}
}

static void test_pack_limits(void **state)
{
	static struct km_message_camera_add camera;
	uint8_t small[16];
	struct km_buf buf;

	(void)state;
	memset(&camera, 0, sizeof(camera));
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	camera.pin_size = sizeof(camera.pin) + 1;
	assert_int_equal(km_messages_pack_camera_add(&camera, &buf), KM_ERR_LIMIT);
	camera.pin_size = 0;
	memset(camera.url, 'x', sizeof(camera.url)); /* without an end */
	km_buf_clear(&buf);
	assert_int_equal(km_messages_pack_camera_add(&camera, &buf), KM_ERR_LIMIT);
	memset(camera.url, 0, sizeof(camera.url));
	km_buf_init_fixed(&buf, small, sizeof(small));
	assert_int_equal(km_messages_pack_camera_add(&camera, &buf), KM_ERR_LIMIT);
}

static void test_texts(void **state)
{
	static const struct {
		struct km_bytes packed; /* ready: a text of at most 127 bytes */
		int err;
	} texts[] = {
		{ KM_BYTES("\x00\x01\x00\x00"), 0 },
		{ KM_BYTES("\x00\x01\x00\x03"
			   "a\nb"),
		    0 },
		{ KM_BYTES("\x00\x01\x00\x03"
			   "a\0b"),
		    KM_ERR_FORMAT },
		{ KM_BYTES("\x00\x01\x00\x02"
			   "a\xff"),
		    KM_ERR_FORMAT },
		{ KM_BYTES("\x00\x01\x00\x03"
			   "\xed\xa0\x80"),
		    KM_ERR_FORMAT },
		{ KM_BYTES("\x00\x01\x00\x02"
			   "\x1b["),
		    KM_ERR_FORMAT },
		{ KM_BYTES("\x00\x01\xff\xff"
			   "a"),
		    KM_ERR_SHORT },
	};
	struct km_message_ready ready;
	uint8_t long_text[4 + 128] = { 0, 1, 0, 128 };

	(void)state;
	for (size_t i = 0; i < KM_COUNT(texts); i++) {
		uint8_t packed[64] = { 0 }; /* the second text is empty */

		memcpy(packed, texts[i].packed.data, texts[i].packed.size);
		assert_int_equal(km_messages_unpack_ready(
				     km_bytes_from(packed, texts[i].packed.size + 2), &ready),
		    texts[i].err);
	}
	memset(long_text + 4, 'x', 128);
	assert_int_equal(km_messages_unpack_ready(KM_BYTES_OF(long_text), &ready), KM_ERR_LIMIT);
}

/* A blob that claims more than its array: 33 bytes for 32. */
static void test_blobs(void **state)
{
	uint8_t packed[2 + 2 + 33] = { 0, KM_MESSAGE_session_ended, 0, 33 };
	struct km_message_session_ended ended;

	(void)state;
	assert_int_equal(
	    km_messages_unpack_session_ended(KM_BYTES_OF(packed), &ended), KM_ERR_LIMIT);
	packed[3] = 32;
	assert_int_equal(
	    km_messages_unpack_session_ended(km_bytes_from(packed, sizeof(packed) - 1), &ended), 0);
}

static void test_wipe(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		memset(&message, 0, sizeof(message));
		rows[i].fill(&message, 0x7f);
		km_messages_wipe(rows[i].kind, &message);
		assert_int_equal(rows[i].secrets(&message), 0);
	}
	memset(&message, 0, sizeof(message));
	(void)snprintf(message.login.name, sizeof(message.login.name), "keeps");
	(void)snprintf(message.login.password, sizeof(message.login.password), "goes");
	km_messages_wipe(KM_MESSAGE_login, &message);
	assert_string_equal(message.login.name, "keeps");
	assert_string_equal(message.login.password, "");
	km_messages_wipe((enum km_message_kind)9999, &message);
}

static void test_directions(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(rows); i++) {
		for (size_t a = 0; a < KM_COUNT(roles); a++) {
			for (size_t b = 0; b < KM_COUNT(roles); b++) {
				bool may = (rows[i].from & (unsigned)roles[a]) != 0 &&
					   (rows[i].to & (unsigned)roles[b]) != 0;

				for (size_t fds = 0; fds < 4; fds++) {
					assert_int_equal(km_messages_may_send(
							     rows[i].kind, roles[a], roles[b], fds),
					    may && fds == rows[i].fds);
				}
			}
		}
		/* Every message begins or ends in guard, or is meant for the command line. */
		assert_true(((rows[i].from | rows[i].to) &
				(unsigned)(KM_ROLE_GUARD | KM_ROLE_COMMAND)) != 0);
		assert_false(km_messages_may_send(rows[i].kind, (enum km_role)0, KM_ROLE_GUARD, 0));
	}
	assert_false(
	    km_messages_may_send((enum km_message_kind)9999, KM_ROLE_WEB, KM_ROLE_GUARD, 0));
}

/* What the design promises, whatever the table says. */
static void test_secrets_stay(void **state)
{
	(void)state;
	for (size_t a = 0; a < KM_COUNT(roles); a++) {
		enum km_role from = roles[a];

		/* Camera credentials reach receivers only, recording keys never do. */
		assert_false(km_messages_may_send(KM_MESSAGE_camera_add, from, KM_ROLE_WEB, 0));
		assert_false(km_messages_may_send(KM_MESSAGE_camera_add, from, KM_ROLE_WRITER, 0));
		assert_false(km_messages_may_send(KM_MESSAGE_key_reply, from, KM_ROLE_RECEIVER, 0));
		/* Nobody but web asks for sessions, nobody but guard answers. */
		assert_int_equal(km_messages_may_send(KM_MESSAGE_login, from, KM_ROLE_GUARD, 0),
		    from == KM_ROLE_WEB);
		assert_int_equal(
		    km_messages_may_send(KM_MESSAGE_session_reply, from, KM_ROLE_WEB, 0),
		    from == KM_ROLE_GUARD);
		assert_int_equal(km_messages_may_send(KM_MESSAGE_key_reply, from, KM_ROLE_WEB, 0),
		    from == KM_ROLE_GUARD);
	}
	assert_false(
	    km_messages_may_send(KM_MESSAGE_ring_open, KM_ROLE_RECEIVER, KM_ROLE_GUARD, 1));
	assert_true(km_messages_may_send(KM_MESSAGE_ring_open, KM_ROLE_RECEIVER, KM_ROLE_GUARD, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_kinds),
		cmocka_unit_test(test_pack_limits),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_blobs),
		cmocka_unit_test(test_wipe),
		cmocka_unit_test(test_directions),
		cmocka_unit_test(test_secrets_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
