/*
 * A ZIP archive in memory, its members stored as they are [APPNOTE 6.3.10 4.3]: what a workbook is
 * packed in. At most 65535 members and 4 GiB, far below by the buffer's maximum.
 */
#ifndef KM_REPORT_ZIP_FILE_H
#define KM_REPORT_ZIP_FILE_H

#include "base/buf.h"

#define KM_ZIP_FILE_MEMBERS_MAX 32
#define KM_ZIP_FILE_NAME_SIZE   64

struct km_zip_file {
	struct km_buf *out; /* the caller's */
	size_t count;
	struct {
		char name[KM_ZIP_FILE_NAME_SIZE];
		uint32_t crc;
		uint32_t size;
		uint32_t offset;
	} members[KM_ZIP_FILE_MEMBERS_MAX];
};

/* Begin in an empty buffer. */
void km_zip_file_init(struct km_zip_file *zip, struct km_buf *out);

/* Add a member. KM_ERR_LIMIT: too many, or its name is too long; other faults are the buffer's. */
KM_MUST_USE int km_zip_file_add(struct km_zip_file *zip, const char *name, struct km_bytes data);

/* The directory. Returns 0 or the buffer's error. */
KM_MUST_USE int km_zip_file_end(struct km_zip_file *zip);

/* CRC-32 [ISO 3309], as ZIP has it. */
uint32_t km_zip_file_crc(struct km_bytes data);

#endif
