/*
 * A known weakness, as one list tells it: which products in which versions. What NVD, the CVE
 * List, KEV, MyJVN and our own table (known_cases.tbl) say is brought into this one form.
 */
#ifndef KM_MODEL_WEAKNESS_H
#define KM_MODEL_WEAKNESS_H

#include "base/bytes.h"

#include <stdbool.h>

#define KM_WEAKNESS_ID_SIZE      32
#define KM_WEAKNESS_TITLE_SIZE   300
#define KM_WEAKNESS_URL_SIZE     200
#define KM_WEAKNESS_DATE_SIZE    11 /* "2026-11-23" */
#define KM_WEAKNESS_VENDOR_SIZE  64
#define KM_WEAKNESS_PRODUCT_SIZE 128
#define KM_WEAKNESS_VERSION_SIZE 64
#define KM_WEAKNESS_RANGES_MAX   1024

/* Which list says so; in the database. */
enum km_weakness_source {
	KM_WEAKNESS_NVD = 1,
	KM_WEAKNESS_CVE = 2, /* CVE List v5 */
	KM_WEAKNESS_KEV = 3, /* CISA's known exploited vulnerabilities */
	KM_WEAKNESS_JVN = 4,
	KM_WEAKNESS_KNOWN = 5, /* known_cases.tbl */
};

enum km_weakness_flag {
	KM_WEAKNESS_VULNERABLE = 1, /* else: what it must run on */
	KM_WEAKNESS_ALL_NODES = 2,  /* the nodes of its configuration must all be there */
	KM_WEAKNESS_START_EXCLUDED = 4,
	KM_WEAKNESS_END_INCLUDED = 8,
	KM_WEAKNESS_UNAFFECTED = 16, /* these versions do not have it */
	KM_WEAKNESS_UNCLEAR = 32,    /* the list's own words for the versions are not understood */
};

/*
 * One product and its versions. An exact version, or a range, or neither: all versions.
 * Configurations are alternatives; so are the ranges of one node.
 */
struct km_weakness_range {
	uint16_t configuration;
	uint16_t node;
	uint8_t flags; /* set of enum km_weakness_flag */
	char part;     /* 'a', 'o', 'h', or '*' for unknown */
	char vendor[KM_WEAKNESS_VENDOR_SIZE];
	char product[KM_WEAKNESS_PRODUCT_SIZE]; /* "*": any of the vendor's */
	char version[KM_WEAKNESS_VERSION_SIZE];
	char start[KM_WEAKNESS_VERSION_SIZE];
	char end[KM_WEAKNESS_VERSION_SIZE];
};

struct km_weakness {
	char id[KM_WEAKNESS_ID_SIZE]; /* "CVE-2021-36260", "JVNDB-2023-000001" */
	uint8_t source;               /* enum km_weakness_source */
	bool is_cut;                  /* it has more ranges than are kept */
	uint16_t severity_tenths;     /* CVSS base score times 10; 0: unknown */
	char title[KM_WEAKNESS_TITLE_SIZE];
	char url[KM_WEAKNESS_URL_SIZE];
	char published[KM_WEAKNESS_DATE_SIZE];
	char exploited_since[KM_WEAKNESS_DATE_SIZE]; /* in KEV since; "" if not */
	struct km_weakness_range *ranges;            /* the caller's */
	size_t range_count;
	size_t range_capacity; /* at most KM_WEAKNESS_RANGES_MAX */
};

/* "nvd", "cve", "kev", "jvn", "known"; "unknown". Static. */
const char *km_weakness_source_name(unsigned source);

/* Empty it, and keep the array of ranges. */
void km_weakness_clear(struct km_weakness *weakness);

/* The next range, zeroed; NULL (and is_cut) if there is no room. */
struct km_weakness_range *km_weakness_add(struct km_weakness *weakness);

/* Whether it may be an id: "CVE-", "JVNDB-", ... letters, digits and '-' only. */
bool km_weakness_is_id(struct km_bytes text);

/*
 * Copy foreign text for people: cut to what fits in front of what would be half a character;
 * control characters become spaces, and what is not UTF-8 becomes '?'.
 */
void km_weakness_copy(struct km_bytes text, char *ret_text, size_t size);

#endif
