#include "guard/remedy_records.h"

#include "base/time.h"
#include "crypto/random.h"
#include "model/remedies.h"
#include "model/states.h"

#include <string.h>

#define BOX_MAX (KM_CAMERA_PASSWORD_SIZE + 64)

/* --- secrets --- */

/* Without those that look like others: people type it, once in a while. */
static const char letters[] = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

static int pick_letter(char *ret_letter)
{
	const size_t count = sizeof(letters) - 1;
	uint8_t byte = 0;

	do {
		int err = km_random_fill(&byte, sizeof(byte));

		if (err < 0) {
			return err;
		}
	} while (byte >= 256 / count * count);
	*ret_letter = letters[byte % count];
	return 0;
}

int km_remedy_records_make_password(char ret_password[static KM_REMEDY_RECORDS_PASSWORD_SIZE])
{
	const size_t size = KM_REMEDY_RECORDS_PASSWORD_SIZE - 1;
	char password[KM_REMEDY_RECORDS_PASSWORD_SIZE] = { 0 };
	bool is_mixed = false;
	int err = 0;

	while (err == 0 && !is_mixed) {
		for (size_t i = 0; err == 0 && i < size; i++) {
			err = pick_letter(&password[i]);
		}
		password[size / 2] = '-';
		is_mixed = strpbrk(password, "abcdefghijkmnpqrstuvwxyz") != NULL &&
			   strpbrk(password, "ABCDEFGHJKLMNPQRSTUVWXYZ") != NULL &&
			   strpbrk(password, "23456789") != NULL;
	}
	if (err == 0) {
		memcpy(ret_password, password, sizeof(password));
	}
	explicit_bzero(password, sizeof(password));
	return err;
}

/* A box belongs to its camera and its place: it opens nowhere else. */
static void write_purpose(const struct km_uuid *camera, const char *place, char *text, size_t size)
{
	char id[KM_UUID_TEXT_SIZE];

	km_uuid_write(camera, id);
	(void)snprintf(text, size, "remedy password %s %s", place, id);
}

static int seal(struct km_vault *vault, const struct km_uuid *camera, const char *place,
    const char *password, struct km_buf *box)
{
	char purpose[96];

	if (password == NULL) {
		return 0;
	}
	write_purpose(camera, place, purpose, sizeof(purpose));
	return km_vault_seal(vault, purpose, km_bytes_text(password), box);
}

static int unseal(struct km_vault *vault, const struct km_uuid *camera, const char *place,
    struct km_bytes box, char ret_password[static KM_CAMERA_PASSWORD_SIZE])
{
	char clear[KM_CAMERA_PASSWORD_SIZE] = { 0 };
	char purpose[96];
	struct km_buf password;
	int err = 0;

	km_buf_init_fixed(&password, clear, sizeof(clear) - 1);
	write_purpose(camera, place, purpose, sizeof(purpose));
	if (box.size > 0) {
		err = km_vault_unseal(vault, purpose, box, &password);
	}
	if (err == 0) {
		memcpy(ret_password, clear, sizeof(clear));
	}
	explicit_bzero(clear, sizeof(clear));
	return err;
}

/* --- life --- */

static int on_number(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

int km_remedy_records_begin(struct km_database *database, struct km_vault *vault,
    const struct km_remedy_records_order *order, int64_t now_us, int64_t *ret_number)
{
	uint8_t wanted_storage[BOX_MAX];
	uint8_t earlier_storage[BOX_MAX];
	struct km_buf wanted;
	struct km_buf earlier;
	int64_t number = 0;
	int err = 0;

	km_buf_init_fixed(&wanted, wanted_storage, sizeof(wanted_storage));
	km_buf_init_fixed(&earlier, earlier_storage, sizeof(earlier_storage));
	err = seal(vault, &order->camera, "wanted", order->wanted, &wanted);
	if (err == 0) {
		err = seal(vault, &order->camera, "earlier", order->earlier, &earlier);
	}
	if (err < 0) {
		return err;
	}
	err = km_database_run(database,
	    "INSERT INTO remedy (camera, kind, state, step, text, by, plan, before, begun_us,"
	    " ended_us, user, wanted, earlier, tries, due_us)"
	    " VALUES (?1, ?2, ?3, '', '', ?4, ?5, ?6, ?7, 0, ?8, ?9, ?10, 0, 0) RETURNING number",
	    KM_VALUES(KM_UUID_DATA(&order->camera), KM_NUMBER(order->kind),
		KM_NUMBER(KM_REMEDY_IS_RUNNING), KM_WORDS(order->by), KM_WORDS(order->plan),
		KM_NUMBER(order->before), KM_NUMBER(now_us), KM_WORDS(order->user),
		wanted.size > 0 ? KM_DATA(km_buf_view(&wanted)) : KM_NULL,
		earlier.size > 0 ? KM_DATA(km_buf_view(&earlier)) : KM_NULL),
	    on_number, &number);
	if (err == 0) {
		*ret_number = number;
	}
	return err;
}

int km_remedy_records_set_step(struct km_database *database, int64_t number, const char *step)
{
	return km_database_run(database, "UPDATE remedy SET step = ?2 WHERE number = ?1",
	    KM_VALUES(KM_NUMBER(number), KM_WORDS(step)), NULL, NULL);
}

#define COLUMNS "number, camera, kind, state, user, tries, due_us FROM remedy"

static void read_record(sqlite3_stmt *row, struct km_remedy_record *ret_record)
{
	*ret_record = (struct km_remedy_record){
		.number = sqlite3_column_int64(row, 0),
		.camera = km_database_uuid(row, 1),
		.kind = (unsigned)sqlite3_column_int(row, 2),
		.state = (unsigned)sqlite3_column_int(row, 3),
		.tries = (unsigned)sqlite3_column_int(row, 5),
		.due_us = sqlite3_column_int64(row, 6),
	};
	(void)km_bytes_copy_text(
	    km_database_text(row, 4), ret_record->user, sizeof(ret_record->user));
}

static int on_found(void *context, sqlite3_stmt *row)
{
	read_record(row, context);
	return 0;
}

int km_remedy_records_find(
    struct km_database *database, int64_t number, struct km_remedy_record *ret_record)
{
	struct km_remedy_record found = { 0 };
	int err = km_database_run(database, "SELECT " COLUMNS " WHERE number = ?1",
	    KM_VALUES(KM_NUMBER(number)), on_found, &found);

	if (err == 0 && found.number == 0) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0) {
		*ret_record = found;
	}
	return err;
}

struct due_walk {
	int (*on_due)(void *context, const struct km_remedy_record *record);
	void *context;
};

static int on_due_row(void *context, sqlite3_stmt *row)
{
	struct due_walk *walk = context;
	struct km_remedy_record record;

	read_record(row, &record);
	return walk->on_due(walk->context, &record);
}

int km_remedy_records_each_due(struct km_database *database, int64_t now_us,
    int (*on_due)(void *context, const struct km_remedy_record *record), void *context)
{
	struct due_walk walk = { on_due, context };

	return km_database_run(database,
	    "SELECT " COLUMNS
	    " WHERE (due_us <> 0 AND due_us <= ?1) OR (ended_us = 0 AND state = ?2)"
	    " ORDER BY number",
	    KM_VALUES(KM_NUMBER(now_us), KM_NUMBER(KM_REMEDY_IS_RUNNING)), on_due_row, &walk);
}

struct boxes {
	struct km_buf wanted;
	struct km_buf earlier;
};

static int on_boxes(void *context, sqlite3_stmt *row)
{
	struct boxes *boxes = context;

	km_buf_add(&boxes->wanted, km_database_blob(row, 0));
	km_buf_add(&boxes->earlier, km_database_blob(row, 1));
	return 0;
}

int km_remedy_records_passwords(struct km_database *database, struct km_vault *vault,
    const struct km_remedy_record *record, char ret_wanted[static KM_CAMERA_PASSWORD_SIZE],
    char ret_earlier[static KM_CAMERA_PASSWORD_SIZE])
{
	uint8_t wanted_storage[BOX_MAX];
	uint8_t earlier_storage[BOX_MAX];
	struct boxes boxes;
	int err = 0;

	km_buf_init_fixed(&boxes.wanted, wanted_storage, sizeof(wanted_storage));
	km_buf_init_fixed(&boxes.earlier, earlier_storage, sizeof(earlier_storage));
	err = km_database_run(database, "SELECT wanted, earlier FROM remedy WHERE number = ?1",
	    KM_VALUES(KM_NUMBER(record->number)), on_boxes, &boxes);
	if (err == 0 && boxes.wanted.size == 0) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0) {
		err = unseal(
		    vault, &record->camera, "wanted", km_buf_view(&boxes.wanted), ret_wanted);
	}
	if (err == 0) {
		err = unseal(
		    vault, &record->camera, "earlier", km_buf_view(&boxes.earlier), ret_earlier);
	}
	return err;
}

int km_remedy_records_end(struct km_database *database, int64_t number, unsigned state,
    const char *text, int64_t audit_us, int64_t now_us)
{
	if (state == KM_REMEDY_IS_UNSURE) {
		return km_database_run(database,
		    "UPDATE remedy SET state = ?2, text = ?3, due_us = ?4 WHERE number = ?1",
		    KM_VALUES(
			KM_NUMBER(number), KM_NUMBER(state), KM_WORDS(text), KM_NUMBER(audit_us)),
		    NULL, NULL);
	}
	return km_database_run(database,
	    "UPDATE remedy SET state = ?2, text = ?3, due_us = ?4, ended_us = ?5, wanted = NULL,"
	    " earlier = NULL WHERE number = ?1",
	    KM_VALUES(KM_NUMBER(number), KM_NUMBER(state), KM_WORDS(text), KM_NUMBER(audit_us),
		KM_NUMBER(now_us)),
	    NULL, NULL);
}

int km_remedy_records_put_off(
    struct km_database *database, int64_t number, unsigned tries, int64_t due_us)
{
	return km_database_run(database,
	    "UPDATE remedy SET tries = ?2, due_us = ?3 WHERE number = ?1",
	    KM_VALUES(KM_NUMBER(number), KM_NUMBER(tries), KM_NUMBER(due_us)), NULL, NULL);
}

int km_remedy_records_prepare(struct km_database *database, int64_t now_us)
{
	int err = km_database_run(database,
	    "UPDATE remedy SET state = ?2, due_us = ?3, text = 'the recorder ended meanwhile'"
	    " WHERE ended_us = 0 AND kind = ?1",
	    KM_VALUES(
		KM_NUMBER(KM_REMEDY_PASSWORD), KM_NUMBER(KM_REMEDY_IS_UNSURE), KM_NUMBER(now_us)),
	    NULL, NULL);

	if (err == 0) {
		err = km_database_run(database,
		    "UPDATE remedy SET state = ?1, ended_us = ?2, due_us = ?2,"
		    " text = 'the recorder ended meanwhile; the audit shows what was taken'"
		    " WHERE ended_us = 0 AND kind <> ?3",
		    KM_VALUES(KM_NUMBER(KM_REMEDY_IS_FAILED), KM_NUMBER(now_us),
			KM_NUMBER(KM_REMEDY_PASSWORD)),
		    NULL, NULL);
	}
	return err;
}

/* --- listing --- */

struct walk {
	int (*on_remedy)(void *context, struct km_message_remedy *remedy);
	void *context;
};

static int on_row(void *context, sqlite3_stmt *row)
{
	struct walk *walk = context;
	struct km_message_remedy remedy = {
		.number = sqlite3_column_int64(row, 0),
		.camera = km_database_uuid(row, 1),
		.state = (uint8_t)sqlite3_column_int(row, 4),
		.before = sqlite3_column_int64(row, 8),
		.begun_unix_us = sqlite3_column_int64(row, 9),
		.ended_unix_us = sqlite3_column_int64(row, 10),
	};

	(void)km_bytes_copy_text(
	    km_database_text(row, 2), remedy.camera_name, sizeof(remedy.camera_name));
	(void)km_bytes_copy_text(
	    km_bytes_text(km_remedies_name((unsigned)sqlite3_column_int(row, 3))), remedy.remedy,
	    sizeof(remedy.remedy));
	(void)km_bytes_copy_text(km_database_text(row, 5), remedy.step, sizeof(remedy.step));
	(void)km_bytes_copy_text(km_database_text(row, 6), remedy.text, sizeof(remedy.text));
	(void)km_bytes_copy_text(km_database_text(row, 7), remedy.by, sizeof(remedy.by));
	return walk->on_remedy(walk->context, &remedy);
}

int km_remedy_records_each(struct km_database *database, const struct km_uuid *camera,
    uint32_t limit, int (*on_remedy)(void *context, struct km_message_remedy *remedy),
    void *context)
{
	struct walk walk = { on_remedy, context };

	return km_database_run(database,
	    "SELECT r.number, r.camera, coalesce(c.name, ''), r.kind, r.state, r.step, r.text, "
	    "r.by,"
	    " r.before, r.begun_us, r.ended_us FROM remedy r LEFT JOIN camera c ON c.id = r.camera"
	    " WHERE ?1 = 1 OR r.camera = ?2 ORDER BY r.number DESC LIMIT ?3",
	    KM_VALUES(
		KM_NUMBER(km_uuid_is_nil(camera) ? 1 : 0), KM_UUID_DATA(camera), KM_NUMBER(limit)),
	    on_row, &walk);
}

/* --- what it means --- */

unsigned km_remedy_records_judge(const struct km_message_remedy_done *done, bool is_settling)
{
	if (done->wanted == KM_LOGIN_IS_TAKEN) {
		return KM_REMEDY_IS_DONE;
	}
	if (is_settling && done->wanted == KM_LOGIN_IS_REFUSED &&
	    done->earlier == KM_LOGIN_IS_TAKEN) {
		return KM_REMEDY_IS_FAILED;
	}
	/* A settling that could not even begin knows no more than before it. */
	if (is_settling || done->may_be_taken || done->wanted == KM_LOGIN_IS_REFUSED ||
	    done->wanted == KM_LOGIN_IS_NO_ANSWER) {
		return KM_REMEDY_IS_UNSURE;
	}
	/* It took it, and lets everybody in: the new one is what it was told. */
	if (done->err == 0) {
		return done->wanted == KM_LOGIN_IS_ANY ? KM_REMEDY_IS_DONE : KM_REMEDY_IS_UNSURE;
	}
	/* Nothing was sent, so no login was tried; or it refused, and the old one is let in. */
	return done->earlier == KM_LOGIN_IS_UNTRIED || done->earlier == KM_LOGIN_IS_TAKEN ||
		       done->earlier == KM_LOGIN_IS_ANY
		   ? KM_REMEDY_IS_FAILED
		   : KM_REMEDY_IS_UNSURE;
}

int64_t km_remedy_records_pause_us(unsigned tries)
{
	int64_t pause_us = 30 * KM_TIME_MINUTE_US;

	for (unsigned i = 0; i < tries && pause_us < KM_TIME_DAY_US; i++) {
		pause_us *= 2;
	}
	return pause_us < KM_TIME_DAY_US ? pause_us : KM_TIME_DAY_US;
}
