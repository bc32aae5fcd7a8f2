/*
 * The requirements of the checklist (requirements.tbl), what an auditor asks (audit_points.tbl),
 * and the deployment profile (profile_parts.tbl) that decides which of them apply.
 */
#ifndef KM_MODEL_REQUIREMENTS_H
#define KM_MODEL_REQUIREMENTS_H

#include "base/bytes.h"
#include "base/error.h"

#include <stdbool.h>

/* Requirements in the order of the checklist, then the audit points. */
enum km_requirement_name {
#define KM_REQUIREMENT(NAME, ...) KM_REQUIREMENT_##NAME,
#include "model/requirements.tbl"
#undef KM_REQUIREMENT
	KM_REQUIREMENTS, /* how many: the checklist's */
	KM_AUDIT_POINT_BEFORE = KM_REQUIREMENTS - 1,
#define KM_AUDIT_POINT(NAME, ...) KM_REQUIREMENT_##NAME,
#include "model/audit_points.tbl"
#undef KM_AUDIT_POINT
	KM_REQUIREMENTS_ALL, /* with the audit points */
};

enum km_requirement_per {
	KM_PER_CAMERA = 1,   /* each camera for itself */
	KM_PER_RECORDER = 2, /* this recorder */
	KM_PER_SITE = 4,     /* the place and its people */
};

/* In which ways a requirement can be answered, as a set. */
enum km_answer_kind {
	KM_ANSWER_ENFORCED = 1, /* E: so by construction, no setting undoes it */
	KM_ANSWER_SELF = 2,     /* S: the recorder looks at itself */
	KM_ANSWER_PROBED = 4,   /* P: seen from outside */
	KM_ANSWER_TOLD = 8,     /* D: the device says so */
	KM_ANSWER_ATTESTED = 16 /* A: a person says so */
};

enum km_profile_part {
	KM_PROFILE_ALWAYS = 0,
#define KM_PROFILE_PART(number, NAME, name, section, en, ja) KM_PROFILE_##NAME = (number),
#include "model/profile_parts.tbl"
#undef KM_PROFILE_PART
};

struct km_requirement {
	enum km_requirement_name name;
	const char *id; /* "a01-1", as the checklist has it */
	bool is_audit_point;
	char section; /* 'a' to 'i' */
	enum km_profile_part needs;
	unsigned per;   /* set of enum km_requirement_per; 0 for audit points */
	unsigned kinds; /* set of enum km_answer_kind */
	unsigned fresh_days;
	const char *leans_on; /* audit points: ids, with spaces; else "" */
	const char *title_en, *title_ja;
	const char *question_en, *question_ja;
};

/* NULL past the end. Static. */
const struct km_requirement *km_requirements_get(unsigned name);

/* By its id. NULL: there is none. Static. */
const struct km_requirement *km_requirements_find(struct km_bytes id);

/* The name of a section in words; "" for none. Static. */
const char *km_requirements_section(char section, bool is_japanese);

/* Letters of a set of kinds ("EP"), in the order E S P D A. ret_text takes 6 bytes. */
void km_requirements_write_kinds(unsigned kinds, char ret_text[static 6]);

struct km_profile_row {
	enum km_profile_part part;
	const char *name; /* "wireless" */
	char section;
	const char *text_en, *text_ja;
};

/* The parts of a profile by their place in the table; NULL past the end. Static. */
const struct km_profile_row *km_requirements_profile(size_t place);

/* A profile is a set of bits, 1 << part. Parses "wireless,availability"; "" and "none" are the
 * empty one. KM_ERR_NOT_FOUND: one is no part. */
KM_MUST_USE int km_requirements_parse_profile(struct km_bytes words, uint32_t *ret_profile);

/* The other way. ret_text takes KM_PROFILE_TEXT_SIZE. */
#define KM_PROFILE_TEXT_SIZE 192
void km_requirements_write_profile(uint32_t profile, char ret_text[static KM_PROFILE_TEXT_SIZE]);

/* Whether a system with this profile is held to the requirement. */
bool km_requirements_applies(const struct km_requirement *requirement, uint32_t profile);

#endif
