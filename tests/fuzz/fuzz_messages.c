/* sources: base/error.c base/bytes.c base/buf.c base/reader.c base/text.c base/uuid.c model/roles.c model/messages.c */
/*
 * Any bytes as any message: what unpacks must pack to the same bytes again.
 */
#include "model/messages.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

union any_message {
#define KM_MESSAGE(number, name, from, to, fds) struct km_message_##name name;
#include "model/messages.tbl"
};

static const enum km_message_kind kinds[] = {
#define KM_MESSAGE(number, name, from, to, fds) KM_MESSAGE_##name,
#include "model/messages.tbl"
};

static void try_kind(enum km_message_kind kind, struct km_bytes packed)
{
	static union any_message message;
	static union any_message again;
	static uint8_t storage[65536];
	struct km_buf buf;

	if (km_messages_unpack(kind, packed, &message) < 0) {
		return;
	}
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	assert(km_messages_pack(kind, &message, &buf) == 0);
	assert(km_bytes_is_equal(km_buf_view(&buf), packed));
	assert(km_messages_unpack(kind, km_buf_view(&buf), &again) == 0);
	assert(memcmp(&message, &again, km_messages_struct_bytes(kind)) == 0);
	km_messages_wipe(kind, &message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t packed[65536];
	enum km_message_kind kind = 0;

	if (size < 2 || size > sizeof(packed)) {
		return 0;
	}
	if (km_messages_kind(km_bytes_from(data, size), &kind) == 0) {
		try_kind(kind, km_bytes_from(data, size));
	}
	/* The same behind a number that exists, so that none must be guessed. */
	memcpy(packed, data, size);
	kind = kinds[(size_t)data[1] % KM_COUNT(kinds)];
	packed[0] = (uint8_t)((unsigned)kind >> 8);
	packed[1] = (uint8_t)kind;
	try_kind(kind, km_bytes_from(packed, size));
	return 0;
}
