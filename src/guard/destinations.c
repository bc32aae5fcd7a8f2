#include "guard/destinations.h"

#include "base/text.h"
#include "crypto/random.h"
#include "model/states.h"
#include "proto/service_url.h"

#include <string.h>

#define COLUMNS                                                                                    \
	"id, name, kind, minimum, language, is_enabled, url, user, sender, recipients, topic,"     \
	" discovery, ca, pin, created_us"
#define BOX_MAX         (KM_DESTINATION_PASSWORD_SIZE + 64)
#define PURPOSE         "destination secret "
#define PURPOSE_SIZE    80
#define ADDRESS_MAX     254 /* bytes of a mail address [RFC 5321 4.5.3.1.3] */
#define RECIPIENTS_MOST 20

/* --- what is right --- */

void km_destinations_complete(struct km_destination *destination)
{
	if (destination->minimum == 0) {
		destination->minimum = KM_SEVERITY_WARNING;
	}
	if (destination->kind == KM_DESTINATION_MQTT && destination->topic[0] == '\0') {
		(void)km_bytes_copy_text(
		    KM_BYTES("komainu"), destination->topic, sizeof(destination->topic));
	}
}

/*
 * What a mail server takes without quoting [RFC 5321 4.1.2], in ASCII. Nothing that could end a
 * header line or an address passes.
 */
static bool is_address(struct km_bytes text)
{
	const struct km_bytes marks = KM_BYTES("@.-_+=~&'/");
	size_t at = km_bytes_find(text, '@');
	struct km_bytes domain = km_bytes_after(text, at + 1);

	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];
		bool is_word = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
			       (byte >= 'A' && byte <= 'Z');

		if (!is_word && km_bytes_find(marks, byte) == marks.size) {
			return false;
		}
	}
	return at > 0 && domain.size > 0 && text.size <= ADDRESS_MAX &&
	       km_bytes_find(domain, '@') == domain.size && domain.data[0] != '.';
}

static bool are_addresses(struct km_bytes text)
{
	size_t count = 0;

	do {
		if (!is_address(km_bytes_trim(km_bytes_split(&text, ','))) ||
		    ++count > RECIPIENTS_MOST) {
			return false;
		}
	} while (text.size > 0);
	return true;
}

/* A topic that is published to: no wildcards, no empty level at the ends [MQTT 3.1.1 4.7]. */
static bool is_topic(struct km_bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];

		if (byte <= ' ' || byte >= 0x7f || byte == '+' || byte == '#' || byte == '$') {
			return false;
		}
	}
	return text.size == 0 || (text.data[0] != '/' && text.data[text.size - 1] != '/');
}

static const char *judge_url(const struct km_destination *destination)
{
	struct km_service_url url;
	struct km_fault fault = { 0 };
	bool fits = false;

	if (km_service_url_parse(km_bytes_text(destination->url), &url, &fault) < 0) {
		return fault.text;
	}
	switch (destination->kind) {
	case KM_DESTINATION_MAIL:
		fits = url.service == KM_SERVICE_SMTP || url.service == KM_SERVICE_SMTPS;
		return fits ? NULL
			    : "url: of mail, smtps://HOST or smtp://HOST (with STARTTLS) is right";
	case KM_DESTINATION_WEBHOOK:
		return url.service == KM_SERVICE_HTTPS ? NULL
						       : "url: of a webhook, https://... is right";
	case KM_DESTINATION_MQTT:
		return url.service == KM_SERVICE_MQTTS ? NULL
						       : "url: of MQTT, mqtts://HOST is right";
	case KM_DESTINATION_SYSLOG:
		return url.service == KM_SERVICE_SYSLOGS
			   ? NULL
			   : "url: of syslog, syslogs://HOST is right";
	default:
		return "kind: mail, webhook, mqtt or syslog is right";
	}
}

static const char *judge_mail(const struct km_destination *destination)
{
	if (!is_address(km_bytes_text(destination->sender))) {
		return "sender: of mail, an address as recorder@example.org is right";
	}
	return are_addresses(km_bytes_text(destination->recipients))
		   ? NULL
		   : "recipients: of mail, 1 to 20 addresses with commas between are right";
}

static const char *judge_secret(
    const struct km_destination *destination, const struct km_bytes *password)
{
	if (password != NULL && !km_text_is_clean_utf8(*password)) {
		return "password: one line of text is right";
	}
	if (password != NULL && password->size >= KM_DESTINATION_PASSWORD_SIZE) {
		return "password: at most 255 bytes are right";
	}
	if (destination->kind != KM_DESTINATION_WEBHOOK) {
		return NULL;
	}
	/* Without a key nobody could tell our messages from forged ones. */
	if (password == NULL ? km_uuid_is_nil(&destination->id)
			     : password->size < KM_DESTINATION_KEY_CHARACTERS) {
		return "password: of a webhook, a key of 16 bytes or more, with which bodies are "
		       "signed, is right";
	}
	return NULL;
}

static const char *judge_trust(const struct km_destination *destination)
{
	struct km_bytes ca = km_bytes_from(destination->ca, destination->ca_size);

	if (ca.size > 0 &&
	    km_bytes_find_seq(ca, KM_BYTES("-----BEGIN CERTIFICATE-----")) == ca.size) {
		return "ca: certificates in PEM are right";
	}
	if (destination->pin_size != 0 && destination->pin_size != KM_DESTINATION_PIN_BYTES) {
		return "pin: the 64 hexadecimal digits of a SHA-256 are right";
	}
	return NULL;
}

const char *km_destinations_judge(
    const struct km_destination *destination, const struct km_bytes *password)
{
	const char *flaw = NULL;

	if (!km_text_is_name(km_bytes_text(destination->name))) {
		return "name: 1 to 63 of a-z, 0-9, '-', '_' and '.', beginning with a letter or "
		       "digit, is right";
	}
	flaw = judge_url(destination);
	if (flaw == NULL && destination->kind == KM_DESTINATION_MAIL) {
		flaw = judge_mail(destination);
	}
	if (flaw == NULL) {
		flaw = judge_secret(destination, password);
	}
	if (flaw == NULL) {
		flaw = judge_trust(destination);
	}
	if (flaw != NULL) {
		return flaw;
	}
	if (!km_text_is_clean_utf8(km_bytes_text(destination->user))) {
		return "user: printable text is right";
	}
	if (!is_topic(km_bytes_text(destination->topic)) ||
	    !is_topic(km_bytes_text(destination->discovery))) {
		return "topic, discovery: levels with '/' between, without spaces, '+' and '#', "
		       "are "
		       "right";
	}
	if (destination->minimum < KM_SEVERITY_INFO ||
	    destination->minimum > KM_SEVERITY_CRITICAL) {
		return "minimum: info, warning or critical is right";
	}
	return destination->language > KM_LANGUAGE_EN ? "language: both, ja or en is right" : NULL;
}

/* --- rows --- */

static void copy(struct km_bytes from, uint8_t *to, uint32_t *ret_size, size_t max)
{
	*ret_size = (uint32_t)(from.size <= max ? from.size : 0);
	if (*ret_size > 0) {
		memcpy(to, from.data, *ret_size);
	}
}

static int read_row(sqlite3_stmt *row, struct km_destination *destination)
{
	destination->id = km_database_uuid(row, 0);
	destination->kind = (uint8_t)sqlite3_column_int(row, 2);
	destination->minimum = (uint8_t)sqlite3_column_int(row, 3);
	destination->language = (uint8_t)sqlite3_column_int(row, 4);
	destination->is_enabled = sqlite3_column_int(row, 5) != 0;
	destination->created_us = sqlite3_column_int64(row, 14);
	destination->has_password = sqlite3_column_int(row, 15) != 0;
	copy(km_database_blob(row, 12), destination->ca, &destination->ca_size,
	    sizeof(destination->ca));
	copy(km_database_blob(row, 13), destination->pin, &destination->pin_size,
	    sizeof(destination->pin));
	if (km_bytes_copy_text(
		km_database_text(row, 1), destination->name, sizeof(destination->name)) < 0 ||
	    km_bytes_copy_text(
		km_database_text(row, 6), destination->url, sizeof(destination->url)) < 0 ||
	    km_bytes_copy_text(
		km_database_text(row, 7), destination->user, sizeof(destination->user)) < 0 ||
	    km_bytes_copy_text(
		km_database_text(row, 8), destination->sender, sizeof(destination->sender)) < 0 ||
	    km_bytes_copy_text(km_database_text(row, 9), destination->recipients,
		sizeof(destination->recipients)) < 0 ||
	    km_bytes_copy_text(
		km_database_text(row, 10), destination->topic, sizeof(destination->topic)) < 0 ||
	    km_bytes_copy_text(km_database_text(row, 11), destination->discovery,
		sizeof(destination->discovery)) < 0) {
		return KM_ERR_DATABASE;
	}
	return 0;
}

struct listing {
	int (*on_destination)(void *context, const struct km_destination *destination);
	void *context;
};

static int on_listed(void *context, sqlite3_stmt *row)
{
	struct listing *listing = context;
	struct km_destination destination = { 0 };
	int err = read_row(row, &destination);

	return err < 0 ? err : listing->on_destination(listing->context, &destination);
}

int km_destinations_each(struct km_database *database,
    int (*on_destination)(void *context, const struct km_destination *destination), void *context)
{
	struct listing listing = { .on_destination = on_destination, .context = context };

	return km_database_run(database,
	    "SELECT " COLUMNS ", secret IS NOT NULL FROM destination ORDER BY name", NULL, 0,
	    on_listed, &listing);
}

struct finding {
	struct km_destination *ret_destination;
	bool is_found;
};

static int on_found(void *context, sqlite3_stmt *row)
{
	struct finding *finding = context;

	finding->is_found = true;
	*finding->ret_destination = (struct km_destination){ 0 };
	return read_row(row, finding->ret_destination);
}

static int find(struct km_database *database, const char *sql, struct km_database_value value,
    struct km_destination *ret_destination)
{
	struct finding finding = { .ret_destination = ret_destination };
	int err = km_database_run(database, sql, &value, 1, on_found, &finding);

	return err < 0 || finding.is_found ? err : KM_ERR_NOT_FOUND;
}

int km_destinations_find(
    struct km_database *database, const struct km_uuid *id, struct km_destination *ret_destination)
{
	return find(database,
	    "SELECT " COLUMNS ", secret IS NOT NULL FROM destination WHERE id = ?1",
	    KM_UUID_DATA(id), ret_destination);
}

int km_destinations_find_name(
    struct km_database *database, struct km_bytes name, struct km_destination *ret_destination)
{
	struct km_database_value value = { .kind = KM_VALUE_TEXT, .bytes = name };

	return find(database,
	    "SELECT " COLUMNS ", secret IS NOT NULL FROM destination WHERE name = ?1", value,
	    ret_destination);
}

/* A box belongs to its destination: it cannot be moved to another entry. */
static void write_purpose(const struct km_uuid *id, char text[static PURPOSE_SIZE])
{
	char id_text[KM_UUID_TEXT_SIZE];

	km_uuid_write(id, id_text);
	(void)snprintf(text, PURPOSE_SIZE, PURPOSE "%s", id_text);
}

static int put_secret(struct km_database *database, struct km_vault *vault,
    const struct km_uuid *id, struct km_bytes secret)
{
	uint8_t storage[BOX_MAX];
	char purpose[PURPOSE_SIZE];
	struct km_buf box;
	int err = 0;

	if (secret.size == 0) {
		return km_database_run(database,
		    "UPDATE destination SET secret = NULL WHERE id = ?1",
		    KM_VALUES(KM_UUID_DATA(id)), NULL, NULL);
	}
	km_buf_init_fixed(&box, storage, sizeof(storage));
	write_purpose(id, purpose);
	err = km_vault_seal(vault, purpose, secret, &box);
	if (err < 0) {
		return err;
	}
	return km_database_run(database, "UPDATE destination SET secret = ?2 WHERE id = ?1",
	    KM_VALUES(KM_UUID_DATA(id), KM_DATA(km_buf_view(&box))), NULL, NULL);
}

static int put_row(
    struct km_database *database, const struct km_destination *destination, int64_t now_us)
{
	return km_database_run(database,
	    "INSERT INTO destination (" COLUMNS ") VALUES"
	    " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
	    " ON CONFLICT (id) DO UPDATE SET name = excluded.name, kind = excluded.kind,"
	    " minimum = excluded.minimum, language = excluded.language,"
	    " is_enabled = excluded.is_enabled, url = excluded.url, user = excluded.user,"
	    " sender = excluded.sender, recipients = excluded.recipients, topic = excluded.topic,"
	    " discovery = excluded.discovery, ca = excluded.ca, pin = excluded.pin",
	    KM_VALUES(KM_UUID_DATA(&destination->id), KM_WORDS(destination->name),
		KM_NUMBER(destination->kind), KM_NUMBER(destination->minimum),
		KM_NUMBER(destination->language), KM_NUMBER(destination->is_enabled),
		KM_WORDS(destination->url), KM_WORDS(destination->user),
		KM_WORDS(destination->sender), KM_WORDS(destination->recipients),
		KM_WORDS(destination->topic), KM_WORDS(destination->discovery),
		KM_DATA(km_bytes_from(destination->ca, destination->ca_size)),
		KM_DATA(km_bytes_from(destination->pin, destination->pin_size)), KM_NUMBER(now_us)),
	    NULL, NULL);
}

static int on_count(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

static int may_add(struct km_database *database)
{
	int64_t count = 0;
	int err = km_database_run(
	    database, "SELECT count(*) FROM destination", NULL, 0, on_count, &count);

	return err < 0 ? err : count >= KM_DESTINATIONS_MAX ? KM_ERR_LIMIT : 0;
}

int km_destinations_put(struct km_database *database, struct km_vault *vault,
    const struct km_destination *destination, const struct km_bytes *password, int64_t now_us,
    struct km_uuid *ret_id)
{
	struct km_destination row = *destination;
	struct km_destination old;
	bool is_new = km_uuid_is_nil(&row.id);
	int err = 0;

	if (km_destinations_judge(destination, password) != NULL) {
		return KM_ERR_FORMAT;
	}
	err = is_new ? may_add(database) : km_destinations_find(database, &row.id, &old);
	if (err == 0 && is_new) {
		err = km_random_uuid(&row.id);
	}
	if (err == 0) {
		err = km_database_exec(database, "BEGIN IMMEDIATE");
	}
	if (err < 0) {
		return err;
	}
	err = put_row(database, &row, now_us);
	if (err == 0 && password != NULL) {
		err = put_secret(database, vault, &row.id, *password);
	}
	if (err == 0) {
		err = km_database_exec(database, "COMMIT");
	}
	if (err < 0) {
		km_database_undo(database);
		return err;
	}
	*ret_id = row.id;
	return 0;
}

int km_destinations_drop(struct km_database *database, const struct km_uuid *id)
{
	int err = km_database_exec(database, "BEGIN IMMEDIATE");
	int dropped = 0;

	if (err < 0) {
		return err;
	}
	err = km_database_run(database, "DELETE FROM notice WHERE destination = ?1",
	    KM_VALUES(KM_UUID_DATA(id)), NULL, NULL);
	if (err == 0) {
		err = km_database_run(database, "DELETE FROM destination WHERE id = ?1",
		    KM_VALUES(KM_UUID_DATA(id)), NULL, NULL);
		dropped = km_database_changes(database);
	}
	if (err == 0) {
		err = km_database_exec(database, "COMMIT");
	}
	if (err < 0) {
		km_database_undo(database);
		return err;
	}
	return dropped == 0 ? KM_ERR_NOT_FOUND : 0;
}

static int on_box(void *context, sqlite3_stmt *row)
{
	km_buf_add(context, km_database_blob(row, 0));
	return km_buf_error(context);
}

int km_destinations_password(struct km_database *database, struct km_vault *vault,
    const struct km_uuid *id, char ret_password[static KM_DESTINATION_PASSWORD_SIZE])
{
	uint8_t storage[BOX_MAX];
	char clear[KM_DESTINATION_PASSWORD_SIZE] = { 0 };
	char purpose[PURPOSE_SIZE];
	struct km_buf box;
	struct km_buf password;
	int err = 0;

	km_buf_init_fixed(&box, storage, sizeof(storage));
	km_buf_init_fixed(&password, clear, sizeof(clear) - 1);
	write_purpose(id, purpose);
	err = km_database_run(database, "SELECT secret FROM destination WHERE id = ?1",
	    KM_VALUES(KM_UUID_DATA(id)), on_box, &box);
	if (err == 0 && box.size > 0) {
		err = km_vault_unseal(vault, purpose, km_buf_view(&box), &password);
	}
	if (err == 0) {
		memcpy(ret_password, clear, sizeof(clear));
	}
	explicit_bzero(clear, sizeof(clear));
	return err;
}
