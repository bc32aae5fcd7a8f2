/*
 * Versions as makers of cameras write them: "V5.5.0 build 170123", "2.800.0000000.16.R.210610",
 * "1.04B02", "build 210625". Taken apart into the numbers of the version and the date or number of
 * the build, so that two of them can be compared; where that is not sure, it says so.
 */
#ifndef KM_PROTO_VERSION_TEXT_H
#define KM_PROTO_VERSION_TEXT_H

#include "base/bytes.h"

#define KM_VERSION_TEXT_PARTS_MAX 12

struct km_version_text {
	uint32_t parts[KM_VERSION_TEXT_PARTS_MAX];
	size_t count;   /* 0: there is only a build */
	uint32_t build; /* a date as yymmdd, or a number; 0: none */
};

enum km_version_order {
	KM_VERSION_LESS,
	KM_VERSION_EQUAL,
	KM_VERSION_GREATER,
	KM_VERSION_ALIKE,  /* equal, as far as one of them says: the other one names a build, too */
	KM_VERSION_UNSURE, /* of different kinds */
};

/* Returns 0, or KM_ERR_FORMAT: there is no number in it. */
KM_MUST_USE int km_version_text_parse(const char *text, struct km_version_text *ret_version);

enum km_version_order km_version_text_compare(
    const struct km_version_text *a, const struct km_version_text *b);

#endif
