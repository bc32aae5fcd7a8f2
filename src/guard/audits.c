#include "guard/audits.h"

#include "model/states.h"

#include <string.h>

#define AUDIT_COLUMNS                                                                              \
	"audit.number, audit.camera, coalesce(camera.name, ''), reason, by, state, is_thorough,"   \
	" asked_us, began_us, ended_us, packets, facts, text"                                      \
	" FROM audit LEFT JOIN camera ON camera.id = audit.camera"
#define FACT_COLUMNS                                                                               \
	"camera, kind, subject, source, is_known, value, detail, proof, observed_us FROM fact"

static int on_number(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

int km_audits_prepare(struct km_database *database, int64_t now_us)
{
	return km_database_run(database,
	    "UPDATE audit SET state = ?1, ended_us = ?2, text = 'the recorder ended meanwhile'"
	    " WHERE state IN (?3, ?4)",
	    KM_VALUES(KM_NUMBER(KM_AUDIT_STOPPED), KM_NUMBER(now_us), KM_NUMBER(KM_AUDIT_WAITING),
		KM_NUMBER(KM_AUDIT_RUNNING)),
	    NULL, NULL);
}

/* --- audits --- */

int km_audits_queue(struct km_database *database, const struct km_uuid *camera, unsigned reason,
    const char *by, bool is_thorough, int64_t now_us, int64_t *ret_number)
{
	/* What one that runs has seen may be older than the change, or what the person means. */
	bool may_be_running = reason == KM_REASON_SCHEDULE || reason == KM_REASON_RECONNECT;
	int64_t number = 0;
	int err = km_database_run(database,
	    "SELECT number FROM audit WHERE camera = ?1 AND state IN (?2, ?3)",
	    KM_VALUES(KM_UUID_DATA(camera), KM_NUMBER(KM_AUDIT_WAITING),
		KM_NUMBER(may_be_running ? KM_AUDIT_RUNNING : KM_AUDIT_WAITING)),
	    on_number, &number);

	if (err == 0 && number != 0) {
		err = km_database_run(database,
		    "UPDATE audit SET is_thorough = max(is_thorough, ?2)"
		    " WHERE number = ?1 AND state = ?3",
		    KM_VALUES(KM_NUMBER(number), KM_NUMBER(is_thorough ? 1 : 0),
			KM_NUMBER(KM_AUDIT_WAITING)),
		    NULL, NULL);
	} else if (err == 0) {
		err = km_database_run(database,
		    "INSERT INTO audit (camera, reason, by, is_thorough, state, asked_us)"
		    " VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING number",
		    KM_VALUES(KM_UUID_DATA(camera), KM_NUMBER(reason), KM_WORDS(by),
			KM_NUMBER(is_thorough ? 1 : 0), KM_NUMBER(KM_AUDIT_WAITING),
			KM_NUMBER(now_us)),
		    on_number, &number);
	}
	if (err == 0) {
		*ret_number = number;
	}
	return err;
}

int km_audits_begin(struct km_database *database, int64_t number, int64_t now_us)
{
	return km_database_run(database,
	    "UPDATE audit SET state = ?2, began_us = ?3 WHERE number = ?1",
	    KM_VALUES(KM_NUMBER(number), KM_NUMBER(KM_AUDIT_RUNNING), KM_NUMBER(now_us)), NULL,
	    NULL);
}

struct walk {
	int (*on_audit)(void *context, struct km_message_audit *audit);
	int (*on_fact)(void *context, const struct km_fact *fact);
	void *context;
};

static int on_audit_row(void *context, sqlite3_stmt *row)
{
	struct walk *walk = context;
	struct km_message_audit audit = {
		.number = sqlite3_column_int64(row, 0),
		.camera = km_database_uuid(row, 1),
		.reason = (uint8_t)sqlite3_column_int(row, 3),
		.state = (uint8_t)sqlite3_column_int(row, 5),
		.is_thorough = sqlite3_column_int(row, 6) != 0,
		.asked_unix_us = sqlite3_column_int64(row, 7),
		.began_unix_us = sqlite3_column_int64(row, 8),
		.ended_unix_us = sqlite3_column_int64(row, 9),
		.packets = (uint64_t)sqlite3_column_int64(row, 10),
		.facts = (uint32_t)sqlite3_column_int64(row, 11),
	};

	(void)km_bytes_copy_text(
	    km_database_text(row, 2), audit.camera_name, sizeof(audit.camera_name));
	(void)km_bytes_copy_text(km_database_text(row, 4), audit.by, sizeof(audit.by));
	(void)km_bytes_copy_text(km_database_text(row, 12), audit.text, sizeof(audit.text));
	return walk->on_audit(walk->context, &audit);
}

static int on_found(void *context, struct km_message_audit *audit)
{
	*(struct km_message_audit *)context = *audit;
	return 0;
}

int km_audits_find(struct km_database *database, int64_t number, struct km_message_audit *ret_audit)
{
	struct km_message_audit audit = { 0 };
	struct walk walk = { .on_audit = on_found, .context = &audit };
	int err = km_database_run(database, "SELECT " AUDIT_COLUMNS " WHERE audit.number = ?1",
	    KM_VALUES(KM_NUMBER(number)), on_audit_row, &walk);

	if (err == 0 && audit.number == 0) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0) {
		*ret_audit = audit;
	}
	return err;
}

int km_audits_next(struct km_database *database, struct km_message_audit *ret_audit)
{
	struct km_message_audit audit = { 0 };
	struct walk walk = { .on_audit = on_found, .context = &audit };
	int err = km_database_run(database,
	    "SELECT " AUDIT_COLUMNS " WHERE state = ?1"
	    " AND audit.camera NOT IN (SELECT camera FROM audit WHERE state = ?3)"
	    " ORDER BY reason <> ?2, audit.number LIMIT 1",
	    KM_VALUES(KM_NUMBER(KM_AUDIT_WAITING), KM_NUMBER(KM_REASON_PERSON),
		KM_NUMBER(KM_AUDIT_RUNNING)),
	    on_audit_row, &walk);

	if (err == 0 && audit.number == 0) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0) {
		*ret_audit = audit;
	}
	return err;
}

int km_audits_each(struct km_database *database, const struct km_uuid *camera, uint32_t limit,
    int (*on_audit)(void *context, struct km_message_audit *audit), void *context)
{
	static const struct km_uuid nil;
	struct walk walk = { .on_audit = on_audit, .context = context };

	if (km_uuid_is_equal(camera, &nil)) {
		return km_database_run(database,
		    "SELECT " AUDIT_COLUMNS
		    " WHERE audit.number IN (SELECT max(number) FROM audit GROUP BY camera)"
		    " AND camera.dropped_us IS NULL ORDER BY camera.name LIMIT ?1",
		    KM_VALUES(KM_NUMBER(limit)), on_audit_row, &walk);
	}
	return km_database_run(database,
	    "SELECT " AUDIT_COLUMNS " WHERE audit.camera = ?1 ORDER BY audit.number DESC LIMIT ?2",
	    KM_VALUES(KM_UUID_DATA(camera), KM_NUMBER(limit)), on_audit_row, &walk);
}

static int on_past(void *context, sqlite3_stmt *row)
{
	struct km_audits_past *past = context;

	past->ended_us = sqlite3_column_int64(row, 0);
	past->misses = sqlite3_column_int64(row, 1);
	return 0;
}

int km_audits_past(
    struct km_database *database, const struct km_uuid *camera, struct km_audits_past *ret_past)
{
	struct km_audits_past past = { 0 };
	int err = km_database_run(database,
	    "SELECT coalesce(max(ended_us), 0), count(*) FILTER (WHERE number > coalesce("
	    " (SELECT max(number) FROM audit WHERE camera = ?1 AND state = ?2), 0))"
	    " FROM audit WHERE camera = ?1 AND state NOT IN (?3, ?4)",
	    KM_VALUES(KM_UUID_DATA(camera), KM_NUMBER(KM_AUDIT_DONE), KM_NUMBER(KM_AUDIT_WAITING),
		KM_NUMBER(KM_AUDIT_RUNNING)),
	    on_past, &past);

	if (err == 0) {
		*ret_past = past;
	}
	return err;
}

int64_t km_audits_due_us(const struct km_audits_past *past, int64_t interval_us)
{
	int64_t pause_us = past->misses == 0 ? interval_us : KM_AUDITS_BACKOFF_US;

	for (int64_t i = 1; i < past->misses && pause_us < interval_us; i++) {
		pause_us *= 2;
	}
	if (pause_us > interval_us) {
		pause_us = interval_us;
	}
	return past->ended_us == 0 ? 0 : past->ended_us + pause_us;
}

/* --- facts --- */

int km_audits_put_fact(struct km_database *database, const struct km_fact *fact)
{
	struct km_bytes proof = km_bytes_from(fact->proof, sizeof(fact->proof));
	int err = km_facts_check(fact);

	if (err < 0) {
		return err;
	}
	return km_database_run(database,
	    "INSERT OR REPLACE INTO fact (camera, kind, subject, source, is_known, value, detail,"
	    " proof, observed_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	    KM_VALUES(KM_UUID_DATA(&fact->camera), KM_NUMBER(fact->kind), KM_WORDS(fact->subject),
		KM_NUMBER(fact->source), KM_NUMBER(fact->is_known ? 1 : 0), KM_WORDS(fact->value),
		KM_WORDS(fact->detail), fact->has_proof ? KM_DATA(proof) : KM_NULL,
		KM_NUMBER(fact->observed_unix_us)),
	    NULL, NULL);
}

/* What a camera makes up to push out must be its own words: sources are counted apart. */
static int bound_facts(struct km_database *database, const struct km_uuid *camera, unsigned source)
{
	int64_t count = 0;
	int err =
	    km_database_run(database, "SELECT count(*) FROM fact WHERE camera = ?1 AND source = ?2",
		KM_VALUES(KM_UUID_DATA(camera), KM_NUMBER(source)), on_number, &count);

	if (err < 0 || count <= KM_AUDITS_FACTS_MAX) {
		return err;
	}
	return km_database_run(database,
	    "DELETE FROM fact WHERE (camera, kind, subject, source) IN"
	    " (SELECT camera, kind, subject, source FROM fact WHERE camera = ?1 AND source = ?2"
	    " ORDER BY observed_us LIMIT ?3)",
	    KM_VALUES(
		KM_UUID_DATA(camera), KM_NUMBER(source), KM_NUMBER(count - KM_AUDITS_FACTS_MAX)),
	    NULL, NULL);
}

int km_audits_put_facts(struct km_database *database, const struct km_fact *facts, size_t count)
{
	int err = count == 0 ? 0 : km_database_exec(database, "BEGIN IMMEDIATE");

	if (err < 0 || count == 0) {
		return err;
	}
	for (size_t i = 0; err == 0 && i < count; i++) {
		err = km_audits_put_fact(database, &facts[i]);
	}
	if (err == 0) {
		err = bound_facts(database, &facts[0].camera, KM_FROM_ONVIF);
	}
	if (err == 0) {
		err = bound_facts(database, &facts[0].camera, KM_FROM_PROBE);
	}
	if (err == 0) {
		err = km_database_exec(database, "COMMIT");
	}
	if (err < 0) {
		km_database_undo(database);
	}
	return err;
}

int km_audits_drop_facts(
    struct km_database *database, const struct km_uuid *camera, unsigned kind, unsigned source)
{
	return km_database_run(database,
	    "DELETE FROM fact WHERE camera = ? AND kind = ? AND source = ?",
	    KM_VALUES(KM_UUID_DATA(camera), KM_NUMBER(kind), KM_NUMBER(source)), NULL, NULL);
}

static int on_fact_row(void *context, sqlite3_stmt *row)
{
	struct walk *walk = context;
	struct km_bytes proof = km_database_blob(row, 7);
	struct km_fact fact = {
		.camera = km_database_uuid(row, 0),
		.kind = (uint16_t)sqlite3_column_int(row, 1),
		.source = (uint8_t)sqlite3_column_int(row, 3),
		.is_known = sqlite3_column_int(row, 4) != 0,
		.has_proof = proof.size == sizeof(fact.proof),
		.observed_unix_us = sqlite3_column_int64(row, 8),
	};

	(void)km_bytes_copy_text(km_database_text(row, 2), fact.subject, sizeof(fact.subject));
	(void)km_bytes_copy_text(km_database_text(row, 5), fact.value, sizeof(fact.value));
	(void)km_bytes_copy_text(km_database_text(row, 6), fact.detail, sizeof(fact.detail));
	if (fact.has_proof) {
		memcpy(fact.proof, proof.data, sizeof(fact.proof));
	}
	return walk->on_fact(walk->context, &fact);
}

int km_audits_each_fact(struct km_database *database, const struct km_uuid *camera, unsigned kind,
    int (*on_fact)(void *context, const struct km_fact *fact), void *context)
{
	struct walk walk = { .on_fact = on_fact, .context = context };

	/* Two statements, for only so is one camera found by the key of the table. */
	if (camera != NULL) {
		return km_database_run(database,
		    "SELECT " FACT_COLUMNS " WHERE camera = ?1 AND (?2 = 0 OR kind = ?2)"
		    " ORDER BY kind, subject, source",
		    KM_VALUES(KM_UUID_DATA(camera), KM_NUMBER(kind)), on_fact_row, &walk);
	}
	return km_database_run(database,
	    "SELECT " FACT_COLUMNS " WHERE ?1 = 0 OR kind = ?1"
	    " ORDER BY camera, kind, subject, source",
	    KM_VALUES(KM_NUMBER(kind)), on_fact_row, &walk);
}

/* --- the end of an audit --- */

/* "tcp/554 ..." to 554; KM_ERR_FORMAT: the subject names no port. */
static int port_of(const char *subject, const char **ret_protocol, uint64_t *ret_port)
{
	struct km_bytes rest = km_bytes_text(subject);
	struct km_bytes protocol = km_bytes_split(&rest, '/');
	struct km_bytes digits = km_bytes_split(&rest, ' ');
	bool is_udp = km_bytes_is_equal(protocol, km_bytes_text("udp"));

	if (!is_udp && !km_bytes_is_equal(protocol, km_bytes_text("tcp"))) {
		return KM_ERR_FORMAT;
	}
	*ret_protocol = is_udp ? "udp" : "tcp";
	return km_bytes_parse_u64(digits, UINT16_MAX, ret_port);
}

/* Whether a list such as "21-23,80,554" has the port. */
static bool has_port(const char *list, uint64_t port)
{
	struct km_bytes rest = km_bytes_text(list);

	while (rest.size > 0) {
		struct km_bytes last = km_bytes_trim(km_bytes_split(&rest, ','));
		struct km_bytes first = km_bytes_split(&last, '-');
		uint64_t from = 0;
		uint64_t to = 0;

		if (km_bytes_parse_u64(first, UINT16_MAX, &from) == 0) {
			to = from;
			if (last.size > 0 && km_bytes_parse_u64(last, UINT16_MAX, &to) < 0) {
				continue;
			}
			if (from <= port && port <= to) {
				return true;
			}
		}
	}
	return false;
}

/* What this audit looked at. */
struct coverage {
	struct km_database *database;
	int64_t began_us;
	bool is_reached;    /* it answered probes */
	bool is_onvif_read; /* and ONVIF gave facts */
	char tcp[KM_FACT_VALUE_SIZE];
	char udp[KM_FACT_VALUE_SIZE];
};

static int on_new_fact(void *context, const struct km_fact *fact)
{
	struct coverage *coverage = context;

	if (fact->observed_unix_us < coverage->began_us) {
		return 0;
	}
	coverage->is_reached |= fact->kind == KM_FACT_REACHABLE && km_facts_is_yes(fact);
	coverage->is_onvif_read |= fact->source == KM_FROM_ONVIF && fact->is_known;
	if (fact->kind == KM_FACT_PORTS_TRIED && fact->is_known) {
		char *to = strcmp(fact->subject, "udp") == 0 ? coverage->udp : coverage->tcp;

		memcpy(to, fact->value, sizeof(coverage->tcp));
	}
	return 0;
}

static bool is_gone(const struct coverage *coverage, const struct km_fact *fact)
{
	const char *protocol = NULL;
	uint64_t port = 0;

	if (fact->observed_unix_us >= coverage->began_us || fact->kind == KM_FACT_PORTS_TRIED) {
		return false;
	}
	if (fact->source == KM_FROM_ONVIF) {
		return coverage->is_onvif_read;
	}
	if (fact->source != KM_FROM_PROBE || !coverage->is_reached) {
		return false;
	}
	if (port_of(fact->subject, &protocol, &port) < 0) {
		return true;
	}
	return has_port(strcmp(protocol, "udp") == 0 ? coverage->udp : coverage->tcp, port);
}

static int on_old_fact(void *context, const struct km_fact *fact)
{
	struct coverage *coverage = context;

	if (!is_gone(coverage, fact)) {
		return 0;
	}
	return km_database_run(coverage->database,
	    "DELETE FROM fact WHERE camera = ?1 AND kind = ?2 AND subject = ?3 AND source = ?4",
	    KM_VALUES(KM_UUID_DATA(&fact->camera), KM_NUMBER(fact->kind), KM_WORDS(fact->subject),
		KM_NUMBER(fact->source)),
	    NULL, NULL);
}

static int drop_what_is_gone(
    struct km_database *database, const struct km_uuid *camera, int64_t began_us)
{
	struct coverage coverage = { .database = database, .began_us = began_us };
	int err = km_audits_each_fact(database, camera, 0, on_new_fact, &coverage);

	return err < 0 ? err : km_audits_each_fact(database, camera, 0, on_old_fact, &coverage);
}

/* The last that was DONE stays: misses are counted from it. */
static int forget_old(struct km_database *database, const struct km_uuid *camera, int64_t now_us)
{
	int err = km_database_run(database,
	    "DELETE FROM audit WHERE camera = ?1 AND state NOT IN (?2, ?3) AND number NOT IN"
	    " (SELECT number FROM audit WHERE camera = ?1 ORDER BY number DESC LIMIT ?5)"
	    " AND number <> coalesce("
	    " (SELECT max(number) FROM audit WHERE camera = ?1 AND state = ?4), 0)",
	    KM_VALUES(KM_UUID_DATA(camera), KM_NUMBER(KM_AUDIT_WAITING),
		KM_NUMBER(KM_AUDIT_RUNNING), KM_NUMBER(KM_AUDIT_DONE),
		KM_NUMBER(KM_AUDITS_KEPT_MAX)),
	    NULL, NULL);

	return err < 0 ? err
		       : km_database_run(database,
			     "DELETE FROM login_try WHERE camera = ?1 AND tried_us <= ?2",
			     KM_VALUES(KM_UUID_DATA(camera), KM_NUMBER(now_us - KM_AUDITS_LOCK_US)),
			     NULL, NULL);
}

int km_audits_end(struct km_database *database, int64_t number, unsigned state, uint64_t packets,
    const char *text, int64_t now_us)
{
	struct km_message_audit audit = { 0 };
	int err = km_audits_find(database, number, &audit);

	if (err == 0) {
		err = km_database_exec(database, "BEGIN IMMEDIATE");
	}
	if (err < 0) {
		return err;
	}
	if (state == KM_AUDIT_DONE) {
		err = drop_what_is_gone(database, &audit.camera, audit.began_unix_us);
	}
	if (err == 0) {
		err = km_database_run(database,
		    "UPDATE audit SET state = ?2, ended_us = ?3, packets = ?4, text = ?5, facts ="
		    " (SELECT count(*) FROM fact WHERE camera = ?6 AND observed_us >= ?7)"
		    " WHERE number = ?1",
		    KM_VALUES(KM_NUMBER(number), KM_NUMBER(state), KM_NUMBER(now_us),
			KM_NUMBER(packets), KM_WORDS(text), KM_UUID_DATA(&audit.camera),
			KM_NUMBER(audit.began_unix_us)),
		    NULL, NULL);
	}
	if (err == 0) {
		err = forget_old(database, &audit.camera, now_us);
	}
	if (err == 0) {
		err = km_database_exec(database, "COMMIT");
	}
	if (err < 0) {
		km_database_undo(database);
	}
	return err;
}

/* --- the ledger --- */

static int count_tries(struct km_database *database, const struct km_uuid *camera,
    const char *service, const char *account, int64_t now_us, int64_t *ret_count)
{
	int64_t locks = 0;
	int64_t tries = 0;
	bool is_control = strcmp(account, KM_FACT_CONTROL_ACCOUNT) == 0;
	int err = km_database_run(database,
	    "SELECT count(*) FROM login_try WHERE camera = ?1 AND is_lock = 1 AND tried_us > ?2",
	    KM_VALUES(KM_UUID_DATA(camera), KM_NUMBER(now_us - KM_AUDITS_LOCK_US)), on_number,
	    &locks);

	if (err == 0) {
		err = km_database_run(database,
		    "SELECT count(*) FROM login_try WHERE camera = ?1"
		    " AND (service = ?2 OR ?2 IS NULL)"
		    " AND account = ?3 AND is_lock = 0 AND tried_us > ?4",
		    KM_VALUES(KM_UUID_DATA(camera), is_control ? KM_NULL : KM_WORDS(service),
			KM_WORDS(account), KM_NUMBER(now_us - KM_AUDITS_WINDOW_US)),
		    on_number, &tries);
	}
	if (err == 0) {
		*ret_count = locks > 0 ? KM_AUDITS_TRIES_MAX : tries;
	}
	return err;
}

static int write_try(struct km_database *database, const struct km_uuid *camera,
    const char *service, const char *account, uint32_t pair, bool is_lock, int64_t now_us)
{
	return km_database_run(database,
	    "INSERT INTO login_try (camera, service, account, pair, tried_us, is_lock)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	    KM_VALUES(KM_UUID_DATA(camera), KM_WORDS(service), KM_WORDS(account), KM_NUMBER(pair),
		KM_NUMBER(now_us), KM_NUMBER(is_lock ? 1 : 0)),
	    NULL, NULL);
}

int km_audits_try(struct km_database *database, const struct km_uuid *camera, const char *service,
    const char *account, uint32_t pair, int64_t now_us)
{
	int64_t count = 0;
	int err = count_tries(database, camera, service, account, now_us, &count);

	if (err == 0 && count >= KM_AUDITS_TRIES_MAX) {
		err = KM_ERR_DENIED;
	}
	return err < 0 ? err : write_try(database, camera, service, account, pair, false, now_us);
}

int km_audits_forget_tries(struct km_database *database, const struct km_uuid *camera,
    const char *service, const char *account)
{
	return km_database_run(database,
	    "DELETE FROM login_try WHERE camera = ?1 AND service = ?2 AND account = ?3"
	    " AND is_lock = 0",
	    KM_VALUES(KM_UUID_DATA(camera), KM_WORDS(service), KM_WORDS(account)), NULL, NULL);
}

int km_audits_note_lock(struct km_database *database, const struct km_uuid *camera,
    const char *service, const char *account, int64_t now_us)
{
	return write_try(database, camera, service, account, 0, true, now_us);
}
