#include "proto/mdns_reply.h"

#include "base/reader.h"

#define TYPE_PTR    12
#define JUMPS_MAX   8  /* pointers that one name may follow */
#define LABELS_MAX  32 /* and labels that it may have */
#define RECORDS_MAX 128

static const uint8_t question[] = {
	0x4b, 0x6d, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, /* id, a query with one question */
	9, '_', 's', 'e', 'r', 'v', 'i', 'c', 'e', 's', 7, '_', 'd', 'n', 's', '-', 's', 'd', 4,
	'_', 'u', 'd', 'p', 5, 'l', 'o', 'c', 'a', 'l', 0, /* _services._dns-sd._udp.local */
	0, TYPE_PTR, 0x80, 1                               /* IN, a unicast answer is welcome */
};

struct km_bytes km_mdns_reply_question(void)
{
	return KM_BYTES_OF(question);
}

static void add_label(struct km_buf *name, struct km_bytes label)
{
	if (name->size > 0) {
		km_buf_add_u8(name, '.');
	}
	for (size_t i = 0; i < label.size; i++) {
		uint8_t byte = label.data[i];

		km_buf_add_u8(name, byte >= ' ' && byte < 0x7f ? byte : '?');
	}
}

/* A name [RFC 1035 4.1.4] at the reader's place, which moves behind it. name may be NULL. */
static int read_name(struct km_reader *reader, struct km_buf *name)
{
	struct km_reader walk = *reader;
	bool has_jumped = false;
	unsigned jumps = 0;

	for (unsigned labels = 0; labels < LABELS_MAX; labels++) {
		uint8_t size = 0;
		uint8_t low = 0;
		struct km_bytes label = { 0 };

		if (km_reader_u8(&walk, &size) < 0) {
			return KM_ERR_SHORT;
		}
		if (size >= 0xc0) {
			if (km_reader_u8(&walk, &low) < 0 || jumps++ == JUMPS_MAX) {
				return KM_ERR_FORMAT;
			}
			if (!has_jumped) {
				*reader = walk;
				has_jumped = true;
			}
			walk = km_reader_from(reader->view);
			if (km_reader_skip(&walk, (size_t)(size & 0x3f) << 8 | low) < 0) {
				return KM_ERR_FORMAT;
			}
			continue;
		}
		if (size > 63 || km_reader_bytes(&walk, size, &label) < 0) {
			return KM_ERR_FORMAT;
		}
		if (size == 0) {
			if (!has_jumped) {
				*reader = walk;
			}
			return 0;
		}
		if (name != NULL) {
			add_label(name, label);
		}
	}
	return KM_ERR_FORMAT;
}

static int read_record(struct km_reader *reader, struct km_mdns_reply *reply)
{
	char storage[KM_MDNS_REPLY_NAME_SIZE];
	struct km_buf name;
	struct km_reader data = { 0 };
	uint16_t type = 0;
	uint16_t size = 0;
	int err = read_name(reader, NULL);

	if (err < 0 || km_reader_u16(reader, &type) < 0 || km_reader_skip(reader, 6) < 0 ||
	    km_reader_u16(reader, &size) < 0) {
		return err < 0 ? err : KM_ERR_SHORT;
	}
	data = *reader;
	if (km_reader_skip(reader, size) < 0) {
		return KM_ERR_SHORT;
	}
	if (type != TYPE_PTR || reply->count == KM_MDNS_REPLY_NAMES_MAX) {
		return 0;
	}
	km_buf_init_fixed(&name, storage, sizeof(storage) - 1);
	err = read_name(&data, &name);
	if (err == 0 && km_buf_error(&name) == 0) {
		(void)km_bytes_copy_text(
		    km_buf_view(&name), reply->name[reply->count++], KM_MDNS_REPLY_NAME_SIZE);
	}
	return err;
}

int km_mdns_reply_parse(struct km_bytes input, struct km_mdns_reply *ret_reply)
{
	struct km_mdns_reply reply = { 0 };
	struct km_reader reader = km_reader_from(input);
	uint16_t head[6] = { 0 };
	uint32_t records = 0;
	int err = 0;

	for (size_t i = 0; i < KM_COUNT(head); i++) {
		if (km_reader_u16(&reader, &head[i]) < 0) {
			return KM_ERR_SHORT;
		}
	}
	if ((head[1] & 0x8000U) == 0) {
		return KM_ERR_FORMAT;
	}
	for (unsigned i = 0; i < head[2] && i < RECORDS_MAX && err == 0; i++) {
		err = read_name(&reader, NULL);
		if (err == 0) {
			err = km_reader_skip(&reader, 4);
		}
	}
	records = (uint32_t)head[3] + head[4] + head[5];
	for (uint32_t i = 0; i < records && i < RECORDS_MAX && err == 0; i++) {
		err = read_record(&reader, &reply);
	}
	if (err < 0) {
		return err;
	}
	*ret_reply = reply;
	return 0;
}
