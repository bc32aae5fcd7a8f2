/*
 * Which Debian package a loaded library comes from, and in which version: found in dpkg's own list
 * (/var/lib/dpkg/status, [deb822(5)]), without running anything. Pure. [IPA a22-2]
 */
#ifndef KM_GUARD_PARTS_H
#define KM_GUARD_PARTS_H

#include "base/bytes.h"

#define KM_PARTS_NAME_SIZE 64

struct km_part {
	char name[KM_PARTS_NAME_SIZE];    /* file name of the object, "libuv.so.1" */
	char package[KM_PARTS_NAME_SIZE]; /* "" if it is in no package */
	char version[KM_PARTS_NAME_SIZE]; /* of the package */
	char architecture[16];
};

/* By what name Debian would pack an object [Debian Policy 8.1]: "libuv1"; "" for no library. */
void km_parts_guess(const char *object, char ret_package[static KM_PARTS_NAME_SIZE]);

/* Fill the packages of those parts that are installed, by the text of dpkg's list. */
void km_parts_find(struct km_bytes status, struct km_part *parts, size_t count);

#endif
