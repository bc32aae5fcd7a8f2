#include "model/messages.h"

#include "base/reader.h"
#include "base/text.h"

#include <string.h>

/* --- one function per message that packs its fields in order --- */

static int pack_bytes(struct km_buf *buf, const uint8_t *data, size_t size, size_t max)
{
	if (size > max) {
		return KM_ERR_LIMIT;
	}
	km_buf_add_u16(buf, (unsigned)size);
	km_buf_add_data(buf, data, size);
	return 0;
}

static int pack_text(struct km_buf *buf, const char *text, size_t max)
{
	return pack_bytes(buf, (const uint8_t *)text, strnlen(text, max), max - 1);
}

#define pack_u8(buf, value)   km_buf_add_u8(buf, value)
#define pack_u16(buf, value)  km_buf_add_u16(buf, value)
#define pack_u32(buf, value)  km_buf_add_u32(buf, value)
#define pack_u64(buf, value)  km_buf_add_u64(buf, value)
#define pack_i32(buf, value)  km_buf_add_u32(buf, (uint32_t)(value))
#define pack_i64(buf, value)  km_buf_add_i64(buf, value)
#define pack_uuid(buf, value) km_buf_add(buf, km_uuid_view(&(value)))

#define KM_MESSAGE(number, name, from, to, fds)                                                    \
	static int pack_##name(const void *message, struct km_buf *buf)                            \
	{                                                                                          \
		const struct km_message_##name *m = message;                                       \
		int err = 0;
#define KM_FIELD(type, name) pack_##type(buf, m->name);
#define KM_TEXT(name, size)  err = err < 0 ? err : pack_text(buf, m->name, size);
#define KM_BLOB(name, size)  err = err < 0 ? err : pack_bytes(buf, m->name, m->name##_size, size);
#define KM_MESSAGE_END(name)                                                                       \
	return err;                                                                                \
	}
#include "model/messages.tbl"

/* --- and one that unpacks them --- */

static int unpack_bytes(struct km_reader *reader, uint8_t *ret_data, uint32_t *ret_size, size_t max)
{
	uint16_t size = 0;
	int err = km_reader_u16(reader, &size);

	if (err < 0) {
		return err;
	}
	if (size > max) {
		return KM_ERR_LIMIT;
	}
	err = km_reader_copy(reader, ret_data, size);
	if (err == 0) {
		*ret_size = size;
	}
	return err;
}

static bool is_acceptable_text(struct km_bytes text)
{
	for (struct km_bytes rest = text; rest.size > 0;) {
		if (!km_text_is_clean_utf8(km_bytes_line(&rest))) {
			return false;
		}
	}
	return true;
}

static int unpack_text(struct km_reader *reader, char *ret_text, size_t max)
{
	struct km_bytes text = { 0 };
	uint16_t size = 0;
	int err = km_reader_u16(reader, &size);

	if (err == 0) {
		err = km_reader_bytes(reader, size, &text);
	}
	if (err < 0) {
		return err;
	}
	return is_acceptable_text(text) ? km_bytes_copy_text(text, ret_text, max) : KM_ERR_FORMAT;
}

static int unpack_i32(struct km_reader *reader, int32_t *ret_value)
{
	uint32_t raw = 0;
	int err = km_reader_u32(reader, &raw);

	if (err == 0) {
		memcpy(ret_value, &raw, sizeof(raw));
	}
	return err;
}

#define unpack_u8            km_reader_u8
#define unpack_u16           km_reader_u16
#define unpack_u32           km_reader_u32
#define unpack_u64           km_reader_u64
#define unpack_i64           km_reader_i64
#define unpack_uuid(r, uuid) km_reader_copy(r, (uuid)->bytes, KM_UUID_BYTES)

#define KM_MESSAGE(number, name, from, to, fds)                                                    \
	static int unpack_##name(struct km_reader *reader, void *message)                          \
	{                                                                                          \
		struct km_message_##name *m = message;                                             \
		int err = 0;
#define KM_FIELD(type, name) err = err < 0 ? err : unpack_##type(reader, &m->name);
#define KM_TEXT(name, size)  err = err < 0 ? err : unpack_text(reader, m->name, size);
#define KM_BLOB(name, size)                                                                        \
	err = err < 0 ? err : unpack_bytes(reader, m->name, &m->name##_size, size);
#define KM_MESSAGE_END(name)                                                                       \
	return err;                                                                                \
	}
#include "model/messages.tbl"

/* --- and one that wipes the secrets --- */

#define KM_MESSAGE(number, name, from, to, fds)                                                    \
	static void wipe_##name(void *message)                                                     \
	{                                                                                          \
		struct km_message_##name *m = message;                                             \
		(void)m;
#define KM_SECRET(name, size) explicit_bzero(m->name, size);
#define KM_MESSAGE_END(name)  }
#include "model/messages.tbl"

/* --- the table of them --- */

struct shape {
	enum km_message_kind kind;
	const char *name;
	unsigned from; /* sets of enum km_role */
	unsigned to;
	size_t fds;
	size_t struct_bytes;
	int (*pack)(const void *message, struct km_buf *buf);
	int (*unpack)(struct km_reader *reader, void *message);
	void (*wipe)(void *message);
};

static const struct shape shapes[] = {
#define KM_MESSAGE(number, name, from, to, fds)                                                    \
	{ KM_MESSAGE_##name, #name, (from), (to), (fds), sizeof(struct km_message_##name),         \
		pack_##name, unpack_##name, wipe_##name },
#include "model/messages.tbl"
};

static const struct shape *find_shape(enum km_message_kind kind)
{
	for (size_t i = 0; i < KM_COUNT(shapes); i++) {
		if (shapes[i].kind == kind) {
			return &shapes[i];
		}
	}
	return NULL;
}

int km_messages_kind(struct km_bytes packed, enum km_message_kind *ret_kind)
{
	struct km_reader reader = km_reader_from(packed);
	uint16_t number = 0;

	if (km_reader_u16(&reader, &number) < 0) {
		return KM_ERR_SHORT;
	}
	if (find_shape((enum km_message_kind)number) == NULL) {
		return KM_ERR_NOT_FOUND;
	}
	*ret_kind = (enum km_message_kind)number;
	return 0;
}

bool km_messages_may_send(
    enum km_message_kind kind, enum km_role from, enum km_role to, size_t fd_count)
{
	const struct shape *shape = find_shape(kind);

	return shape != NULL && (shape->from & (unsigned)from) != 0 &&
	       (shape->to & (unsigned)to) != 0 && shape->fds == fd_count;
}

const char *km_messages_name(enum km_message_kind kind)
{
	const struct shape *shape = find_shape(kind);

	return shape == NULL ? "unknown" : shape->name;
}

size_t km_messages_struct_bytes(enum km_message_kind kind)
{
	const struct shape *shape = find_shape(kind);

	return shape == NULL ? 0 : shape->struct_bytes;
}

int km_messages_pack(enum km_message_kind kind, const void *message, struct km_buf *buf)
{
	const struct shape *shape = find_shape(kind);
	int err = 0;

	if (shape == NULL) {
		return KM_ERR_NOT_FOUND;
	}
	km_buf_add_u16(buf, (unsigned)kind);
	err = shape->pack(message, buf);
	return err < 0 ? err : km_buf_error(buf);
}

int km_messages_unpack(enum km_message_kind kind, struct km_bytes packed, void *ret_message)
{
	const struct shape *shape = find_shape(kind);
	struct km_reader reader = km_reader_from(packed);
	uint16_t number = 0;
	int err = 0;

	if (shape == NULL) {
		return KM_ERR_NOT_FOUND;
	}
	if (km_reader_u16(&reader, &number) < 0) {
		return KM_ERR_SHORT;
	}
	if (number != (uint16_t)kind) {
		return KM_ERR_FORMAT;
	}
	memset(ret_message, 0, shape->struct_bytes);
	err = shape->unpack(&reader, ret_message);
	if (err == 0 && km_reader_left(&reader) != 0) {
		err = KM_ERR_FORMAT;
	}
	if (err < 0) {
		explicit_bzero(ret_message, shape->struct_bytes);
	}
	return err;
}

void km_messages_wipe(enum km_message_kind kind, void *message)
{
	const struct shape *shape = find_shape(kind);

	if (shape != NULL) {
		shape->wipe(message);
	}
}
