#include "report/zip_file.h"

#include "base/error.h"

#include <stdio.h>
#include <string.h>

#define VERSION_NEEDED 20
#define UTF8_NAMES     0x0800
#define DAY_1980       0x0021 /* the archive is the same for the same contents */

void km_zip_file_init(struct km_zip_file *zip, struct km_buf *out)
{
	memset(zip, 0, sizeof(*zip));
	zip->out = out;
}

uint32_t km_zip_file_crc(struct km_bytes data)
{
	uint32_t table[256];
	uint32_t crc = UINT32_MAX;

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t value = i;

		for (unsigned bit = 0; bit < 8; bit++) {
			value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320U : 0);
		}
		table[i] = value;
	}
	for (size_t i = 0; i < data.size; i++) {
		crc = table[(crc ^ data.data[i]) & 0xff] ^ (crc >> 8);
	}
	return ~crc;
}

/* ZIP's numbers are little-endian. */
static void add16(struct km_buf *out, unsigned value)
{
	km_buf_add_u8(out, value & 0xff);
	km_buf_add_u8(out, value >> 8 & 0xff);
}

static void add32(struct km_buf *out, uint32_t value)
{
	add16(out, value & 0xffff);
	add16(out, value >> 16);
}

/* What the local header and the directory have in common. */
static void add_facts(struct km_zip_file *zip, size_t i)
{
	add16(zip->out, VERSION_NEEDED);
	add16(zip->out, UTF8_NAMES);
	add16(zip->out, 0); /* stored */
	add16(zip->out, 0);
	add16(zip->out, DAY_1980);
	add32(zip->out, zip->members[i].crc);
	add32(zip->out, zip->members[i].size);
	add32(zip->out, zip->members[i].size);
	add16(zip->out, (unsigned)strlen(zip->members[i].name));
	add16(zip->out, 0);
}

int km_zip_file_add(struct km_zip_file *zip, const char *name, struct km_bytes data)
{
	size_t i = zip->count;

	if (i == KM_ZIP_FILE_MEMBERS_MAX || strlen(name) >= KM_ZIP_FILE_NAME_SIZE ||
	    data.size > INT32_MAX || zip->out->size > INT32_MAX) {
		return KM_ERR_LIMIT;
	}
	(void)snprintf(zip->members[i].name, sizeof(zip->members[i].name), "%s", name);
	zip->members[i].crc = km_zip_file_crc(data);
	zip->members[i].size = (uint32_t)data.size;
	zip->members[i].offset = (uint32_t)zip->out->size;
	zip->count++;
	add32(zip->out, 0x04034b50);
	add_facts(zip, i);
	km_buf_add_text(zip->out, name);
	km_buf_add(zip->out, data);
	return km_buf_error(zip->out);
}

int km_zip_file_end(struct km_zip_file *zip)
{
	uint32_t begin = (uint32_t)zip->out->size;

	for (size_t i = 0; i < zip->count; i++) {
		add32(zip->out, 0x02014b50);
		add16(zip->out, VERSION_NEEDED);
		add_facts(zip, i);
		add16(zip->out, 0); /* comment */
		add16(zip->out, 0); /* disk */
		add16(zip->out, 0);
		add32(zip->out, 0);
		add32(zip->out, zip->members[i].offset);
		km_buf_add_text(zip->out, zip->members[i].name);
	}
	add32(zip->out, 0x06054b50);
	add32(zip->out, 0);
	add16(zip->out, (unsigned)zip->count);
	add16(zip->out, (unsigned)zip->count);
	add32(zip->out, (uint32_t)zip->out->size - begin - 12);
	add32(zip->out, begin);
	add16(zip->out, 0);
	return km_buf_error(zip->out);
}
