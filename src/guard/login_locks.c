#include "guard/login_locks.h"

#include "base/text.h"
#include "base/time.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* When counts lock. [IPA a03-4] */
struct limit {
	int64_t failures;
	int64_t longest_us;
};

static const struct limit account_limit = { KM_LOGIN_LOCKS_TRIES, 15 * KM_TIME_MINUTE_US };
static const struct limit place_limit = { 10, KM_TIME_HOUR_US };

#define LOCK_FIRST_US KM_TIME_MINUTE_US
#define DOUBLINGS_MAX 16
#define FORGET_US     KM_TIME_DAY_US
#define FAILURES_MAX  1000

static const struct km_uuid everybody;                 /* who, of a place's own count */
static const uint8_t elsewhere[KM_CIDR_ADDRESS_BYTES]; /* place, of all strangers' count */

struct count {
	int64_t failures;
	int64_t failed_us;
};

void km_login_locks_boot(uint8_t ret_boot[static KM_LOGIN_LOCKS_BOOT_BYTES])
{
	struct km_uuid boot = { 0 };
	char text[64];
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text));

	if (fd >= 0) {
		(void)close(fd);
	}
	memset(ret_boot, 0, KM_LOGIN_LOCKS_BOOT_BYTES);
	if (size > 0 &&
	    km_uuid_parse(km_bytes_trim(km_bytes_from(text, (size_t)size)), &boot) == 0) {
		memcpy(ret_boot, boot.bytes, KM_LOGIN_LOCKS_BOOT_BYTES);
	}
}

int km_login_locks_begin(struct km_database *database,
    const uint8_t boot[static KM_LOGIN_LOCKS_BOOT_BYTES], int64_t now_us)
{
	struct km_bytes view = km_bytes_from(boot, KM_LOGIN_LOCKS_BOOT_BYTES);

	return km_database_run(database,
	    "UPDATE login_count SET failed_us = ?1, boot = ?2 WHERE boot <> ?2",
	    KM_VALUES(KM_NUMBER(now_us), KM_DATA(view)), NULL, NULL);
}

static struct km_bytes view_place(const uint8_t *place)
{
	return km_bytes_from(place, KM_CIDR_ADDRESS_BYTES);
}

static int on_there(void *context, sqlite3_stmt *row)
{
	(void)row;
	*(bool *)context = true;
	return 0;
}

int km_login_locks_recognize(struct km_database *database, const struct km_uuid *who,
    bool is_account, const uint8_t address[static KM_CIDR_ADDRESS_BYTES],
    struct km_login_locks_try *ret_try)
{
	struct km_login_locks_try trying = { .who = *who, .is_account = is_account };
	int err = 0;

	km_cidr_subscriber(address, trying.place);
	err = km_database_run(database,
	    "SELECT 1 FROM known_place WHERE account = ?1 AND network = ?2",
	    KM_VALUES(KM_UUID_DATA(who), KM_DATA(view_place(trying.place))), on_there,
	    &trying.is_familiar);
	if (err == 0) {
		*ret_try = trying;
	}
	return err;
}

static int on_count(void *context, sqlite3_stmt *row)
{
	*(struct count *)context = (struct count){
		.failures = sqlite3_column_int64(row, 0),
		.failed_us = sqlite3_column_int64(row, 1),
	};
	return 0;
}

static int load(struct km_database *database, const struct km_uuid *who, const uint8_t *place,
    struct count *ret_count)
{
	*ret_count = (struct count){ 0 };
	return km_database_run(database,
	    "SELECT failures, failed_us FROM login_count WHERE who = ?1 AND network = ?2",
	    KM_VALUES(KM_UUID_DATA(who), KM_DATA(view_place(place))), on_count, ret_count);
}

static int64_t lock_length_us(const struct limit *limit, int64_t failures)
{
	int64_t doublings = failures - limit->failures;
	int64_t length = 0;

	if (doublings < 0) {
		return 0;
	}
	length = LOCK_FIRST_US << (doublings < DOUBLINGS_MAX ? doublings : DOUBLINGS_MAX);
	return length < limit->longest_us ? length : limit->longest_us;
}

/* Never longer than the lock is, whatever stands in the row. */
static int64_t lock_left_us(const struct limit *limit, const struct count *count, int64_t now_us)
{
	int64_t length = lock_length_us(limit, count->failures);
	int64_t passed = now_us - count->failed_us;

	if (passed < 0) {
		return length;
	}
	return passed < length ? length - passed : 0;
}

/* The place that the account's failures from here are counted under. */
static const uint8_t *place_of(const struct km_login_locks_try *trying)
{
	return trying->is_familiar ? trying->place : elsewhere;
}

int km_login_locks_left(struct km_database *database, const struct km_login_locks_try *trying,
    int64_t now_us, int64_t *ret_left_us)
{
	struct count of_account = { 0 };
	struct count of_place = { 0 };
	int64_t left = 0;
	int64_t left_of_place = 0;
	int err = load(database, &trying->who, place_of(trying), &of_account);

	if (err == 0 && !trying->is_familiar) {
		err = load(database, &everybody, trying->place, &of_place);
	}
	if (err < 0) {
		return err;
	}
	left = lock_left_us(&account_limit, &of_account, now_us);
	left_of_place = lock_left_us(&place_limit, &of_place, now_us);
	*ret_left_us = left > left_of_place ? left : left_of_place;
	return 0;
}

/* One more failure in a row; after a day without one it is the first. */
static int count_failure(struct km_database *database, const struct km_uuid *who,
    const uint8_t *place, const uint8_t *boot, const struct limit *limit, int64_t now_us,
    int64_t *ret_locked_us)
{
	struct km_bytes boot_view = km_bytes_from(boot, KM_LOGIN_LOCKS_BOOT_BYTES);
	struct count count;
	int err = load(database, who, place, &count);

	if (err < 0) {
		return err;
	}
	if (now_us - count.failed_us > FORGET_US || count.failures < 0) {
		count.failures = 0;
	}
	count.failures += count.failures < FAILURES_MAX ? 1 : 0;
	err = km_database_run(database,
	    "INSERT INTO login_count (who, network, failures, failed_us, boot)"
	    " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET failures = ?3, failed_us = ?4,"
	    " boot = ?5",
	    KM_VALUES(KM_UUID_DATA(who), KM_DATA(view_place(place)), KM_NUMBER(count.failures),
		KM_NUMBER(now_us), KM_DATA(boot_view)),
	    NULL, NULL);
	if (err == 0) {
		*ret_locked_us = lock_length_us(limit, count.failures);
	}
	return err;
}

/* Strangers cannot make the table grow without end; counts of accounts are few and stay. */
static int limit_counts(struct km_database *database)
{
	int err = km_database_run(database,
	    "DELETE FROM login_count WHERE who = ?1 AND network IN (SELECT network FROM login_count"
	    " WHERE who = ?1 ORDER BY failed_us DESC LIMIT -1 OFFSET ?2)",
	    KM_VALUES(KM_UUID_DATA(&everybody), KM_NUMBER(KM_LOGIN_LOCKS_SOURCES_MAX)), NULL, NULL);

	if (err == 0) {
		err = km_database_run(database,
		    "DELETE FROM login_count WHERE who IN (SELECT who FROM login_count WHERE"
		    " who <> ?1 AND who NOT IN (SELECT id FROM account)"
		    " ORDER BY failed_us DESC LIMIT -1 OFFSET ?2)",
		    KM_VALUES(KM_UUID_DATA(&everybody), KM_NUMBER(KM_LOGIN_LOCKS_NAMES_MAX)), NULL,
		    NULL);
	}
	return err;
}

int km_login_locks_fail(struct km_database *database, const struct km_login_locks_try *trying,
    const uint8_t boot[static KM_LOGIN_LOCKS_BOOT_BYTES], int64_t now_us,
    struct km_login_locks_outcome *ret_outcome)
{
	struct km_login_locks_outcome outcome = { 0 };
	int err = count_failure(database, &trying->who, place_of(trying), boot, &account_limit,
	    now_us, &outcome.account_us);

	if (err == 0 && !trying->is_familiar) {
		err = count_failure(database, &everybody, trying->place, boot, &place_limit, now_us,
		    &outcome.place_us);
	}
	if (err == 0 && !trying->is_familiar) {
		err = limit_counts(database);
	}
	if (err == 0) {
		*ret_outcome = outcome;
	}
	return err;
}

int km_login_locks_succeed(
    struct km_database *database, const struct km_login_locks_try *trying, int64_t now_unix_us)
{
	int err =
	    km_database_run(database, "DELETE FROM login_count WHERE who = ?1 AND network = ?2",
		KM_VALUES(KM_UUID_DATA(&trying->who), KM_DATA(view_place(place_of(trying)))), NULL,
		NULL);

	if (err == 0) {
		err = km_database_run(database,
		    "INSERT INTO known_place (account, network, used_us) VALUES (?1, ?2, ?3)"
		    " ON CONFLICT DO UPDATE SET used_us = ?3",
		    KM_VALUES(KM_UUID_DATA(&trying->who), KM_DATA(view_place(trying->place)),
			KM_NUMBER(now_unix_us)),
		    NULL, NULL);
	}
	if (err == 0 && !trying->is_familiar) {
		err = km_database_run(database,
		    "DELETE FROM known_place WHERE account = ?1 AND network IN (SELECT network FROM"
		    " known_place WHERE account = ?1 ORDER BY used_us DESC LIMIT -1 OFFSET ?2)",
		    KM_VALUES(KM_UUID_DATA(&trying->who), KM_NUMBER(KM_LOGIN_LOCKS_PLACES_MAX)),
		    NULL, NULL);
	}
	return err;
}

int km_login_locks_clear(struct km_database *database, const struct km_uuid *account)
{
	return km_database_run(database, "DELETE FROM login_count WHERE who = ?1",
	    KM_VALUES(KM_UUID_DATA(account)), NULL, NULL);
}

struct longest {
	int64_t now_us;
	int64_t left_us;
};

static int on_longest(void *context, sqlite3_stmt *row)
{
	struct longest *longest = context;
	struct count count = { 0 };
	int64_t left = 0;

	(void)on_count(&count, row);
	left = lock_left_us(&account_limit, &count, longest->now_us);
	longest->left_us = left > longest->left_us ? left : longest->left_us;
	return 0;
}

int km_login_locks_of(struct km_database *database, const struct km_uuid *account, int64_t now_us,
    int64_t *ret_left_us)
{
	struct longest longest = { .now_us = now_us };
	int err =
	    km_database_run(database, "SELECT failures, failed_us FROM login_count WHERE who = ?1",
		KM_VALUES(KM_UUID_DATA(account)), on_longest, &longest);

	if (err == 0) {
		*ret_left_us = longest.left_us;
	}
	return err;
}
