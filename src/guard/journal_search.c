#include "guard/journal_search.h"

#include "base/buf.h"
#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EVENTS_TEXT_MAX 400

int km_journal_search_events(
    struct km_bytes names, struct km_journal_wish *wish, struct km_bytes *ret_wrong)
{
	while (names.size > 0) {
		struct km_bytes name = km_bytes_split(&names, ',');
		unsigned event = 0;

		if (km_events_find(name, &event) < 0) {
			*ret_wrong = name;
			return KM_ERR_NOT_FOUND;
		}
		if (wish->event_count == KM_JOURNAL_SEARCH_EVENTS_MAX) {
			*ret_wrong = name;
			return KM_ERR_LIMIT;
		}
		wish->events[wish->event_count++] = event;
	}
	return 0;
}

static int on_number(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

/*
 * The numbers between which the entries lie: above `floor`, up to `ceiling`. The clock may have
 * been moved back, so the outermost ones of the wished time are taken.
 */
static int find_range(struct km_database *database, const struct km_journal_wish *wish,
    int64_t *ret_floor, int64_t *ret_ceiling)
{
	int64_t ceiling = 0;
	int64_t floor = 0;
	int err = 0;

	if (wish->to_us == 0) {
		err = km_database_run(database, "SELECT ifnull(max(number), 0) FROM journal", NULL,
		    0, on_number, &ceiling);
	} else {
		err = km_database_run(database,
		    "SELECT ifnull(max(number), 0) FROM journal WHERE unix_us < ?1",
		    KM_VALUES(KM_NUMBER(wish->to_us)), on_number, &ceiling);
	}
	if (err == 0 && wish->from_us != 0) {
		floor = INT64_MAX;
		err = km_database_run(database,
		    "SELECT ifnull(min(number), 9223372036854775807) - 1 FROM journal"
		    " WHERE unix_us >= ?1",
		    KM_VALUES(KM_NUMBER(wish->from_us)), on_number, &floor);
	}
	if (wish->before_number != 0 && wish->before_number - 1 < ceiling) {
		ceiling = wish->before_number - 1;
	}
	*ret_floor = floor;
	*ret_ceiling = ceiling;
	return err;
}

/* ",40,41,": to be searched for ",40,". */
static struct km_bytes write_events(const struct km_journal_wish *wish, struct km_buf *buf)
{
	for (size_t i = 0; i < wish->event_count; i++) {
		km_buf_add_text(buf, i == 0 ? "," : "");
		km_buf_add_format(buf, "%" PRId64 ",", wish->events[i]);
	}
	return km_buf_view(buf);
}

struct searching {
	int (*on_found)(void *context, const struct km_journal_found *found);
	void *context;
	int64_t count;
	int64_t last;
};

static const char *text_at(sqlite3_stmt *row, int column)
{
	const char *text = (const char *)sqlite3_column_text(row, column);

	return text == NULL ? "" : text;
}

static int on_row(void *context, sqlite3_stmt *row)
{
	struct searching *searching = context;
	struct km_journal_found found = {
		.camera_name = text_at(row, KM_JOURNAL_COLUMN_COUNT),
		.account_name = text_at(row, KM_JOURNAL_COLUMN_COUNT + 1),
	};

	if (km_journal_read(row, &found.entry) < 0) {
		found.entry.text = KM_BYTES("this entry was tampered with");
	}
	searching->count++;
	searching->last = found.entry.number;
	return searching->on_found(searching->context, &found);
}

static const char search_sql[] =
    "SELECT " KM_JOURNAL_COLUMNS ", camera.name, account.name FROM journal"
    " LEFT JOIN camera ON camera.id = journal.camera"
    " LEFT JOIN account ON account.id = journal.account"
    " WHERE journal.number > ?1 AND journal.number <= ?2"
    " AND (?3 = 0 OR journal.unix_us >= ?3) AND (?4 = 0 OR journal.unix_us < ?4)"
    " AND (?5 = zeroblob(16) OR journal.camera = ?5)"
    " AND (?6 = zeroblob(16) OR journal.account = ?6)"
    " AND (?7 = '' OR instr(?7, ',' || journal.event || ',') > 0)"
    " AND (?8 = '' OR instr(lower(journal.text), lower(?8)) > 0)"
    " ORDER BY journal.number DESC LIMIT ?9";

int km_journal_search_run(struct km_database *database, const struct km_journal_wish *wish,
    int (*on_found)(void *context, const struct km_journal_found *found), void *context,
    int64_t *ret_next)
{
	struct searching searching = { .on_found = on_found, .context = context };
	char storage[EVENTS_TEXT_MAX];
	struct km_buf events;
	int64_t floor = 0;
	int64_t ceiling = 0;
	int64_t low = 0;
	int err = find_range(database, wish, &floor, &ceiling);

	km_buf_init_fixed(&events, storage, sizeof(storage));
	low = wish->rows_most != 0 && floor < ceiling && ceiling - floor > wish->rows_most
		  ? ceiling - wish->rows_most
		  : floor;
	if (err == 0) {
		err = km_database_run(database, search_sql,
		    (const struct km_database_value[]){
			KM_NUMBER(low),
			KM_NUMBER(ceiling),
			KM_NUMBER(wish->from_us),
			KM_NUMBER(wish->to_us),
			KM_UUID_DATA(&wish->camera),
			KM_UUID_DATA(&wish->account),
			{ .kind = KM_VALUE_TEXT, .bytes = write_events(wish, &events) },
			{ .kind = KM_VALUE_TEXT, .bytes = wish->text },
			KM_NUMBER(wish->most),
		    },
		    9, on_row, &searching);
	}
	if (err == 0) {
		int64_t seen = searching.count == wish->most ? searching.last : low + 1;

		*ret_next = seen > floor + 1 && floor < ceiling ? seen : 0;
	}
	return err;
}

/* --- reviews --- */

/* "up to entry 123 (mika): the note" */
static void parse_review(struct km_bytes text, struct km_journal_review *review)
{
	static const struct km_bytes front = { (const uint8_t *)"up to entry ", 12 };
	struct km_bytes rest = km_bytes_after(text, front.size);
	uint64_t number = 0;

	if (!km_bytes_has_prefix(text, front) ||
	    km_bytes_parse_u64(km_bytes_split(&rest, ' '), INT64_MAX, &number) < 0) {
		return;
	}
	review->until_number = (int64_t)number;
	rest = km_bytes_after(rest, 1);
	(void)km_bytes_copy_text(km_bytes_split(&rest, ')'), review->who, sizeof(review->who));
	(void)km_bytes_copy_text(
	    km_bytes_trim(km_bytes_after(rest, 1)), review->note, sizeof(review->note));
}

static int on_review(void *context, sqlite3_stmt *row)
{
	struct km_journal_review *review = context;
	struct km_journal_entry entry;

	if (km_journal_read(row, &entry) == 0) {
		review->unix_us = entry.unix_us;
		parse_review(entry.text, review);
	}
	return 0;
}

int km_journal_search_review(struct km_database *database, struct km_journal_review *ret_review)
{
	*ret_review = (struct km_journal_review){ 0 };
	return km_database_run(database,
	    "SELECT " KM_JOURNAL_COLUMNS " FROM journal WHERE event = ?1"
	    " ORDER BY number DESC LIMIT 1",
	    KM_VALUES(KM_NUMBER(KM_EVENT_JOURNAL_REVIEWED)), on_review, ret_review);
}

int km_journal_search_note_review(struct km_database *database, const struct km_uuid *account,
    const char *who, int64_t until_number, const char *note)
{
	int64_t last = 0;
	int err = km_database_run(
	    database, "SELECT ifnull(max(number), 0) FROM journal", NULL, 0, on_number, &last);

	if (err == 0 && (until_number > last || until_number < 0)) {
		err = KM_ERR_RANGE;
	}
	return err < 0 ? err
		       : km_journal_note(database, KM_EVENT_JOURNAL_REVIEWED, NULL, account,
			     "up to entry %" PRId64 " (%s): %s",
			     until_number == 0 ? last : until_number, who, note);
}
