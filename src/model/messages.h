/*
 * The messages between processes, as structs (messages.tbl says what each is for).
 *
 * On the wire: the message's number (2 bytes), then its fields in order. A message must be consumed
 * to the last byte, else it is refused: whoever sends a broken one is not trusted any further.
 * Structs are plain values; the large ones belong into a context or on the stack of one call.
 */
#ifndef KM_MODEL_MESSAGES_H
#define KM_MODEL_MESSAGES_H

#include "base/buf.h"
#include "base/error.h"
#include "base/uuid.h"
#include "model/roles.h"

enum km_message_kind {
#define KM_MESSAGE(number, name, from, to, fds) KM_MESSAGE_##name = (number),
#include "model/messages.tbl"
};

typedef uint8_t km_message_u8;
typedef uint16_t km_message_u16;
typedef uint32_t km_message_u32;
typedef uint64_t km_message_u64;
typedef int32_t km_message_i32;
typedef int64_t km_message_i64;
typedef struct km_uuid km_message_uuid;

#define KM_MESSAGE(number, name, from, to, fds) struct km_message_##name {
#define KM_FIELD(type, name)                    km_message_##type name;
#define KM_TEXT(name, size)                     char name[size];
#define KM_SECRET(name, size)                   char name[size];
#define KM_BLOB(name, size)                                                                        \
	uint32_t name##_size;                                                                      \
	uint8_t name[size];
#define KM_MESSAGE_END(name)                                                                       \
	}                                                                                          \
	;
#include "model/messages.tbl"

/* What a packed message is. Returns 0, KM_ERR_SHORT, or KM_ERR_NOT_FOUND for an unknown number. */
KM_MUST_USE int km_messages_kind(struct km_bytes packed, enum km_message_kind *ret_kind);

/*
 * Whether the table lets `from` send this kind to `to`, with that many descriptors. Checked by the
 * receiving side of every channel.
 */
bool km_messages_may_send(
    enum km_message_kind kind, enum km_role from, enum km_role to, size_t fd_count);

/* "camera_add"; static. */
const char *km_messages_name(enum km_message_kind kind);

/*
 * Pack and unpack by kind; `message` points to the struct of that kind. Prefer the typed ones
 * below. pack fails only as buf does, and with KM_ERR_LIMIT for a KM_BLOB that is larger than its
 * array. unpack returns 0, KM_ERR_SHORT, KM_ERR_FORMAT (rest, NUL or broken UTF-8 in a text) or
 * KM_ERR_LIMIT.
 */
KM_MUST_USE int km_messages_pack(
    enum km_message_kind kind, const void *message, struct km_buf *buf);
KM_MUST_USE int km_messages_unpack(
    enum km_message_kind kind, struct km_bytes packed, void *ret_message);

/* Wipe the KM_SECRET fields. */
void km_messages_wipe(enum km_message_kind kind, void *message);

/* How many bytes the struct of this kind has; 0 if unknown. */
size_t km_messages_struct_bytes(enum km_message_kind kind);

/* km_messages_pack_ready(&message, buf), km_messages_unpack_ready(packed, &message), ... */
#define KM_MESSAGE(number, name, from, to, fds)                                                    \
	KM_MUST_USE static inline int km_messages_pack_##name(                                     \
	    const struct km_message_##name *message, struct km_buf *buf)                           \
	{                                                                                          \
		return km_messages_pack(KM_MESSAGE_##name, message, buf);                          \
	}                                                                                          \
	KM_MUST_USE static inline int km_messages_unpack_##name(                                   \
	    struct km_bytes packed, struct km_message_##name *ret_message)                         \
	{                                                                                          \
		return km_messages_unpack(KM_MESSAGE_##name, packed, ret_message);                 \
	}
#include "model/messages.tbl"

#endif
