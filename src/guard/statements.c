#include "guard/statements.h"

#include "base/time.h"

#include <stdlib.h>
#include <string.h>

/* --- checks --- */

static int on_camera(void *context, sqlite3_stmt *row)
{
	(void)row;
	*(bool *)context = true;
	return 0;
}

static int check_camera(
    struct km_database *database, const struct km_uuid *camera, const char **ret_text)
{
	bool is_there = false;
	int err =
	    km_database_run(database, "SELECT 1 FROM camera WHERE id = ?1 AND dropped_us IS NULL",
		KM_VALUES(KM_UUID_DATA(camera)), on_camera, &is_there);

	if (err == 0 && !is_there) {
		*ret_text = "camera: there is no such camera";
		err = KM_ERR_NOT_FOUND;
	}
	return err;
}

/*
 * Whether a person may say something about it, for this camera (nil: none). is_attesting: a
 * statement, which not every requirement can be answered by; else a waiver.
 */
static int check(struct km_database *database, const char *id, const struct km_uuid *camera,
    bool is_attesting, const char **ret_text)
{
	const struct km_requirement *requirement = km_requirements_find(km_bytes_text(id));

	if (requirement == NULL) {
		*ret_text = "requirement: an identifier of the checklist is wanted, as a01-1";
		return KM_ERR_NOT_FOUND;
	}
	if (is_attesting && (requirement->kinds & KM_ANSWER_ATTESTED) == 0) {
		*ret_text = "requirement: this one is answered by what is observed; a statement "
			    "cannot answer it (a waiver can be shown beside it)";
		return KM_ERR_UNSUPPORTED;
	}
	if (km_uuid_is_nil(camera)) {
		return 0;
	}
	if ((requirement->per & KM_PER_CAMERA) == 0) {
		*ret_text = "camera: this requirement is not answered camera by camera";
		return KM_ERR_FORMAT;
	}
	return check_camera(database, camera, ret_text);
}

static int check_end(int64_t until_us, int64_t now_us, const char **ret_text)
{
	if (until_us <= now_us) {
		*ret_text = "until: a time that is yet to come is wanted";
		return KM_ERR_RANGE;
	}
	if (until_us > now_us + KM_STATEMENTS_DAYS_MAX * KM_TIME_DAY_US) {
		*ret_text = "until: at most 5 years from now";
		return KM_ERR_RANGE;
	}
	return 0;
}

static int on_count(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

static int check_room(
    struct km_database *database, const char *sql, int64_t now_us, const char **ret_text)
{
	int64_t count = 0;
	int err = km_database_run(database, sql, KM_VALUES(KM_NUMBER(now_us)), on_count, &count);

	if (err == 0 && count >= KM_STATEMENTS_MAX) {
		*ret_text = "there are too many already: withdraw some";
		err = KM_ERR_LIMIT;
	}
	return err;
}

/* --- attestations --- */

#define ATTESTATION                                                                                \
	"SELECT number, requirement, attestation.camera, coalesce(camera.name, ''), state, by,"    \
	" document, note, made_us, until_us, withdrawn_us, withdrawn_by FROM attestation"          \
	" LEFT JOIN camera ON camera.id = attestation.camera"

struct walk {
	int (*on_attestation)(void *context, struct km_message_attestation *attestation);
	int (*on_waiver)(void *context, struct km_message_waiver *waiver);
	void *context;
};

static void copy(sqlite3_stmt *row, int column, char *ret_text, size_t size)
{
	(void)km_bytes_copy_text(km_database_text(row, column), ret_text, size);
}

static int on_attestation_row(void *context, sqlite3_stmt *row)
{
	struct walk *walk = context;
	struct km_message_attestation attestation = {
		.number = sqlite3_column_int64(row, 0),
		.camera = km_database_uuid(row, 2),
		.state = (uint8_t)sqlite3_column_int(row, 4),
		.made_unix_us = sqlite3_column_int64(row, 8),
		.until_unix_us = sqlite3_column_int64(row, 9),
		.withdrawn_unix_us = sqlite3_column_int64(row, 10),
	};

	copy(row, 1, attestation.requirement, sizeof(attestation.requirement));
	copy(row, 3, attestation.camera_name, sizeof(attestation.camera_name));
	copy(row, 5, attestation.by, sizeof(attestation.by));
	copy(row, 6, attestation.document, sizeof(attestation.document));
	copy(row, 7, attestation.note, sizeof(attestation.note));
	copy(row, 11, attestation.withdrawn_by, sizeof(attestation.withdrawn_by));
	return walk->on_attestation(walk->context, &attestation);
}

int km_statements_each_attestation(struct km_database *database, const char *requirement,
    bool only_counting,
    int (*on_attestation)(void *context, struct km_message_attestation *attestation), void *context)
{
	struct walk walk = { .on_attestation = on_attestation, .context = context };

	return km_database_run(database,
	    ATTESTATION " WHERE (?1 = '' OR requirement = ?1) AND (?2 = 0 OR withdrawn_us = 0)"
			" ORDER BY number",
	    KM_VALUES(
		KM_WORDS(requirement == NULL ? "" : requirement), KM_NUMBER(only_counting ? 1 : 0)),
	    on_attestation_row, &walk);
}

static int on_found_attestation(void *context, struct km_message_attestation *attestation)
{
	*(struct km_message_attestation *)context = *attestation;
	return 0;
}

static int find_attestation(
    struct km_database *database, int64_t number, struct km_message_attestation *ret_attestation)
{
	struct km_message_attestation found = { 0 };
	struct walk walk = { .on_attestation = on_found_attestation, .context = &found };
	int err = km_database_run(database, ATTESTATION " WHERE number = ?1",
	    KM_VALUES(KM_NUMBER(number)), on_attestation_row, &walk);

	if (err == 0 && found.number == 0) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0) {
		*ret_attestation = found;
	}
	return err;
}

static int on_number(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

int km_statements_attest(struct km_database *database, const struct km_message_attest *attest,
    const char *who, int64_t now_us, struct km_message_attestation *ret_attestation,
    const char **ret_text)
{
	int64_t until_us = attest->until_unix_us;
	unsigned state = attest->state == 0 ? KM_ANSWER_MET : attest->state;
	int64_t number = 0;
	int err = check(database, attest->requirement, &attest->camera, true, ret_text);

	if (until_us == 0) {
		until_us = now_us + KM_STATEMENTS_DAYS * KM_TIME_DAY_US;
	}
	if (err == 0 && state == KM_ANSWER_UNKNOWN) {
		*ret_text = "state: met, not_met or not_applicable";
		err = KM_ERR_FORMAT;
	}
	if (err == 0 && attest->document[0] == '\0') {
		*ret_text = "document: what shows it is wanted: a name, a number, a place";
		err = KM_ERR_FORMAT;
	}
	if (err == 0) {
		err = check_end(until_us, now_us, ret_text);
	}
	if (err == 0) {
		err = check_room(database,
		    "SELECT count(*) FROM attestation WHERE withdrawn_us = 0 AND until_us > ?1",
		    now_us, ret_text);
	}
	if (err == 0) {
		err = km_database_run(database,
		    "INSERT INTO attestation (requirement, camera, state, by, document, note,"
		    " made_us, until_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) RETURNING number",
		    KM_VALUES(KM_WORDS(attest->requirement), KM_UUID_DATA(&attest->camera),
			KM_NUMBER(state), KM_WORDS(who), KM_WORDS(attest->document),
			KM_WORDS(attest->note), KM_NUMBER(now_us), KM_NUMBER(until_us)),
		    on_number, &number);
	}
	return err < 0 ? err : find_attestation(database, number, ret_attestation);
}

int km_statements_withdraw_attestation(struct km_database *database, int64_t number,
    const char *who, int64_t now_us, struct km_message_attestation *ret_attestation)
{
	struct km_message_attestation found = { 0 };
	int err = find_attestation(database, number, &found);

	if (err == 0 && found.withdrawn_unix_us != 0) {
		*ret_attestation = found;
		return KM_ERR_STATE;
	}
	if (err == 0) {
		err = km_database_run(database,
		    "UPDATE attestation SET withdrawn_us = ?2, withdrawn_by = ?3 WHERE number = ?1",
		    KM_VALUES(KM_NUMBER(number), KM_NUMBER(now_us), KM_WORDS(who)), NULL, NULL);
	}
	return err < 0 ? err : find_attestation(database, number, ret_attestation);
}

/* --- waivers --- */

#define WAIVER                                                                                     \
	"SELECT number, requirement, waiver.camera, coalesce(camera.name, ''), by, reason,"        \
	" made_us, until_us, withdrawn_us, withdrawn_by FROM waiver"                               \
	" LEFT JOIN camera ON camera.id = waiver.camera"

static int on_waiver_row(void *context, sqlite3_stmt *row)
{
	struct walk *walk = context;
	struct km_message_waiver waiver = {
		.number = sqlite3_column_int64(row, 0),
		.camera = km_database_uuid(row, 2),
		.made_unix_us = sqlite3_column_int64(row, 6),
		.until_unix_us = sqlite3_column_int64(row, 7),
		.withdrawn_unix_us = sqlite3_column_int64(row, 8),
	};

	copy(row, 1, waiver.requirement, sizeof(waiver.requirement));
	copy(row, 3, waiver.camera_name, sizeof(waiver.camera_name));
	copy(row, 4, waiver.by, sizeof(waiver.by));
	copy(row, 5, waiver.reason, sizeof(waiver.reason));
	copy(row, 9, waiver.withdrawn_by, sizeof(waiver.withdrawn_by));
	return walk->on_waiver(walk->context, &waiver);
}

int km_statements_each_waiver(struct km_database *database, const char *requirement,
    bool only_counting, int (*on_waiver)(void *context, struct km_message_waiver *waiver),
    void *context)
{
	struct walk walk = { .on_waiver = on_waiver, .context = context };

	return km_database_run(database,
	    WAIVER " WHERE (?1 = '' OR requirement = ?1) AND (?2 = 0 OR withdrawn_us = 0)"
		   " ORDER BY number",
	    KM_VALUES(
		KM_WORDS(requirement == NULL ? "" : requirement), KM_NUMBER(only_counting ? 1 : 0)),
	    on_waiver_row, &walk);
}

static int on_found_waiver(void *context, struct km_message_waiver *waiver)
{
	*(struct km_message_waiver *)context = *waiver;
	return 0;
}

static int find_waiver(
    struct km_database *database, int64_t number, struct km_message_waiver *ret_waiver)
{
	struct km_message_waiver found = { 0 };
	struct walk walk = { .on_waiver = on_found_waiver, .context = &found };
	int err = km_database_run(database, WAIVER " WHERE number = ?1",
	    KM_VALUES(KM_NUMBER(number)), on_waiver_row, &walk);

	if (err == 0 && found.number == 0) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0) {
		*ret_waiver = found;
	}
	return err;
}

int km_statements_waive(struct km_database *database, const struct km_message_waive *waive,
    const char *who, int64_t now_us, struct km_message_waiver *ret_waiver, const char **ret_text)
{
	int64_t number = 0;
	int err = check(database, waive->requirement, &waive->camera, false, ret_text);

	if (err == 0 && waive->reason[0] == '\0') {
		*ret_text = "reason: why it is lived with is wanted";
		err = KM_ERR_FORMAT;
	}
	if (err == 0) {
		err = check_end(waive->until_unix_us, now_us, ret_text);
	}
	if (err == 0) {
		err = check_room(database,
		    "SELECT count(*) FROM waiver WHERE withdrawn_us = 0 AND until_us > ?1", now_us,
		    ret_text);
	}
	if (err == 0) {
		err = km_database_run(database,
		    "INSERT INTO waiver (requirement, camera, by, reason, made_us, until_us)"
		    " VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING number",
		    KM_VALUES(KM_WORDS(waive->requirement), KM_UUID_DATA(&waive->camera),
			KM_WORDS(who), KM_WORDS(waive->reason), KM_NUMBER(now_us),
			KM_NUMBER(waive->until_unix_us)),
		    on_number, &number);
	}
	return err < 0 ? err : find_waiver(database, number, ret_waiver);
}

int km_statements_withdraw_waiver(struct km_database *database, int64_t number, const char *who,
    int64_t now_us, struct km_message_waiver *ret_waiver)
{
	struct km_message_waiver found = { 0 };
	int err = find_waiver(database, number, &found);

	if (err == 0 && found.withdrawn_unix_us != 0) {
		*ret_waiver = found;
		return KM_ERR_STATE;
	}
	if (err == 0) {
		err = km_database_run(database,
		    "UPDATE waiver SET withdrawn_us = ?2, withdrawn_by = ?3 WHERE number = ?1",
		    KM_VALUES(KM_NUMBER(number), KM_NUMBER(now_us), KM_WORDS(who)), NULL, NULL);
	}
	return err < 0 ? err : find_waiver(database, number, ret_waiver);
}

/* --- for the judge --- */

static int on_judged_attestation(void *context, struct km_message_attestation *from)
{
	struct km_statements *all = context;
	const struct km_requirement *requirement =
	    km_requirements_find(km_bytes_text(from->requirement));
	struct km_attestation *list =
	    reallocarray(all->attestations, all->attestation_count + 1, sizeof(*list));

	if (list == NULL) {
		return KM_ERR_MEMORY;
	}
	all->attestations = list;
	if (requirement != NULL) {
		list[all->attestation_count++] = (struct km_attestation){
			.number = from->number,
			.requirement = (uint8_t)requirement->name,
			.camera = from->camera,
			.state = from->state,
			.made_unix_us = from->made_unix_us,
			.until_unix_us = from->until_unix_us,
		};
	}
	return 0;
}

static int on_judged_waiver(void *context, struct km_message_waiver *from)
{
	struct km_statements *all = context;
	const struct km_requirement *requirement =
	    km_requirements_find(km_bytes_text(from->requirement));
	struct km_waiver *list = reallocarray(all->waivers, all->waiver_count + 1, sizeof(*list));

	if (list == NULL) {
		return KM_ERR_MEMORY;
	}
	all->waivers = list;
	if (requirement != NULL) {
		list[all->waiver_count++] = (struct km_waiver){
			.number = from->number,
			.requirement = (uint8_t)requirement->name,
			.camera = from->camera,
			.made_unix_us = from->made_unix_us,
			.until_unix_us = from->until_unix_us,
		};
	}
	return 0;
}

int km_statements_read(struct km_database *database, struct km_statements *ret_all)
{
	struct km_statements all = { 0 };
	int err = km_statements_each_attestation(database, NULL, true, on_judged_attestation, &all);

	if (err == 0) {
		err = km_statements_each_waiver(database, NULL, true, on_judged_waiver, &all);
	}
	if (err < 0) {
		km_statements_finish(&all);
		return err;
	}
	*ret_all = all;
	return 0;
}

void km_statements_finish(struct km_statements *all)
{
	free(all->attestations);
	free(all->waivers);
	*all = (struct km_statements){ 0 };
}

/* --- profile --- */

static int on_profile(void *context, sqlite3_stmt *row)
{
	struct km_message_profile *profile = context;

	profile->is_set = 1;
	copy(row, 0, profile->parts, sizeof(profile->parts));
	copy(row, 1, profile->by, sizeof(profile->by));
	profile->set_unix_us = sqlite3_column_int64(row, 2);
	return 0;
}

int km_statements_profile(struct km_database *database, struct km_message_profile *ret_profile)
{
	struct km_message_profile profile = { 0 };
	int err = km_database_run(database,
	    "SELECT parts, by, set_us FROM deployment_profile ORDER BY number DESC LIMIT 1", NULL,
	    0, on_profile, &profile);

	if (err == 0) {
		*ret_profile = profile;
	}
	return err;
}

int km_statements_set_profile(struct km_database *database, const char *parts, const char *who,
    int64_t now_us, struct km_message_profile *ret_profile)
{
	char clean[KM_PROFILE_TEXT_SIZE];
	uint32_t profile = 0;
	int err = km_requirements_parse_profile(km_bytes_text(parts), &profile);

	if (err == 0) {
		km_requirements_write_profile(profile, clean);
		err = km_database_run(database,
		    "INSERT INTO deployment_profile (parts, by, set_us) VALUES (?1, ?2, ?3)",
		    KM_VALUES(KM_WORDS(clean), KM_WORDS(who), KM_NUMBER(now_us)), NULL, NULL);
	}
	return err < 0 ? err : km_statements_profile(database, ret_profile);
}
