#include "guard/care_logins.h"

#include "base/time.h"
#include "model/events.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define FAILURES_MOST     10
#define FAILURES_SPAN_US  (10 * KM_TIME_MINUTE_US)
#define LOGINS_TO_KNOW    20 /* before an hour can be unusual */
#define PREFIX_BYTES_IPV4 3
#define PREFIX_BYTES_IPV6 8

struct question {
	int (*open)(void *context, const struct km_alarm_cause *cause, unsigned severity,
	    int64_t now_us, const char *text);
	void *context;
};

static int on_number(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

void km_care_logins_place(struct km_bytes address, char ret_place[KM_CARE_LOGINS_PLACE_SIZE])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	char text[KM_CARE_LOGINS_PLACE_SIZE] = "";
	uint8_t bytes[16] = { 0 };

	(void)km_bytes_copy_text(address, text, sizeof(text));
	(void)snprintf(ret_place, KM_CARE_LOGINS_PLACE_SIZE, "%s", text);
	if (inet_pton(AF_INET6, text, bytes) == 1) {
		if (memcmp(bytes, mapped, sizeof(mapped)) != 0) {
			memset(bytes + PREFIX_BYTES_IPV6, 0, 16 - PREFIX_BYTES_IPV6);
			(void)inet_ntop(AF_INET6, bytes, ret_place, KM_CARE_LOGINS_PLACE_SIZE);
			return;
		}
		memmove(bytes, bytes + 12, 4);
	} else if (inet_pton(AF_INET, text, bytes) != 1) {
		return;
	}
	bytes[PREFIX_BYTES_IPV4] = 0;
	(void)inet_ntop(AF_INET, bytes, ret_place, KM_CARE_LOGINS_PLACE_SIZE);
}

/* --- failures from all sides --- */

static int count_failures(struct km_database *database, const struct km_care_entry *entry,
    const struct question *question)
{
	const struct km_alarm_cause cause = { .kind = KM_ALARM_LOGINS };
	char text[64];
	int64_t count = 0;
	int err = km_database_run(database,
	    "SELECT count(*) FROM journal WHERE event = ?1 AND unix_us > ?2 AND number <= ?3",
	    KM_VALUES(KM_NUMBER(entry->event), KM_NUMBER(entry->unix_us - FAILURES_SPAN_US),
		KM_NUMBER(entry->number)),
	    on_number, &count);

	if (err < 0 || count < FAILURES_MOST) {
		return err;
	}
	(void)snprintf(text, sizeof(text), "%lld failed logins in ten minutes", (long long)count);
	return question->open(question->context, &cause, KM_SEVERITY_WARNING, entry->unix_us, text);
}

/* --- a new place --- */

static int learn_place(
    struct km_database *database, const struct km_care_entry *entry, bool *ret_is_new)
{
	struct km_bytes text = km_bytes_text(entry->text);
	struct km_bytes address = { 0 };
	char place[KM_CARE_LOGINS_PLACE_SIZE];
	int64_t known = 0;
	int err = 0;

	/* "NAME from ADDRESS" */
	while (text.size > 0) {
		address = km_bytes_split(&text, ' ');
	}
	km_care_logins_place(address, place);
	err = km_database_run(database, "SELECT count(*) FROM login_place WHERE account = ?1",
	    KM_VALUES(KM_UUID_DATA(&entry->account)), on_number, &known);
	if (err == 0) {
		err = km_database_run(database,
		    "INSERT OR IGNORE INTO login_place (account, place, first_us)"
		    " VALUES (?1, ?2, ?3)",
		    KM_VALUES(
			KM_UUID_DATA(&entry->account), KM_WORDS(place), KM_NUMBER(entry->unix_us)),
		    NULL, NULL);
	}
	if (err == 0) {
		*ret_is_new = known > 0 && km_database_changes(database) > 0;
	}
	return err;
}

/* --- an unusual hour --- */

static int learn_hour(
    struct km_database *database, const struct km_care_entry *entry, bool *ret_is_new)
{
	int64_t hour = entry->unix_us / KM_TIME_HOUR_US % 24;
	int64_t all = 0;
	int64_t near = 0;
	int err = km_database_run(database,
	    "SELECT coalesce(sum(count), 0) FROM login_hour WHERE account = ?1",
	    KM_VALUES(KM_UUID_DATA(&entry->account)), on_number, &all);

	if (err == 0) {
		err = km_database_run(database,
		    "SELECT coalesce(sum(count), 0) FROM login_hour WHERE account = ?1"
		    " AND hour IN (?2, (?2 + 1) % 24, (?2 + 23) % 24)",
		    KM_VALUES(KM_UUID_DATA(&entry->account), KM_NUMBER(hour)), on_number, &near);
	}
	if (err == 0) {
		err = km_database_run(database,
		    "INSERT INTO login_hour (account, hour, count) VALUES (?1, ?2, 1)"
		    " ON CONFLICT (account, hour) DO UPDATE SET count = count + 1",
		    KM_VALUES(KM_UUID_DATA(&entry->account), KM_NUMBER(hour)), NULL, NULL);
	}
	if (err == 0) {
		*ret_is_new = all >= LOGINS_TO_KNOW && near == 0;
	}
	return err;
}

static int judge_login(struct km_database *database, const struct km_care_entry *entry,
    const struct question *question)
{
	struct km_bytes rest = km_bytes_text(entry->text);
	const struct km_alarm_cause cause = { .kind = KM_ALARM_LOGIN_UNUSUAL,
		.subject = km_bytes_split(&rest, ' ') };
	char text[700];
	bool is_new_place = false;
	bool is_new_hour = false;
	int err = learn_place(database, entry, &is_new_place);

	if (err == 0) {
		err = learn_hour(database, entry, &is_new_hour);
	}
	if (err < 0 || (!is_new_place && !is_new_hour)) {
		return err;
	}
	(void)snprintf(text, sizeof(text), "%s: %s%s%s", entry->text,
	    is_new_place ? "a new place" : "", is_new_place && is_new_hour ? ", " : "",
	    is_new_hour ? "an unusual hour" : "");
	return question->open(question->context, &cause, KM_SEVERITY_WARNING, entry->unix_us, text);
}

int km_care_logins_follow(struct km_database *database, const struct km_care_entry *entry,
    int (*open)(void *context, const struct km_alarm_cause *cause, unsigned severity,
	int64_t now_us, const char *text),
    void *context)
{
	const struct question question = { open, context };

	switch (entry->event) {
	case KM_EVENT_LOGIN_FAILED:
		return count_failures(database, entry, &question);
	case KM_EVENT_LOGIN:
		return judge_login(database, entry, &question);
	default:
		return 0;
	}
}
