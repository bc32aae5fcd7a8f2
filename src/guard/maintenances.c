#include "guard/maintenances.h"

#define COLUMNS                                                                                    \
	"maintenance.number, maintenance.camera, coalesce(camera.name, ''), from_us, to_us, by,"   \
	" note FROM maintenance LEFT JOIN camera ON camera.id = maintenance.camera"

static int on_count(void *context, sqlite3_stmt *row)
{
	*(int64_t *)context = sqlite3_column_int64(row, 0);
	return 0;
}

int km_maintenances_holds(
    struct km_database *database, const struct km_uuid *camera, int64_t now_us, bool *ret_holds)
{
	int64_t count = 0;
	int err = km_database_run(database,
	    "SELECT count(*) FROM maintenance WHERE camera = ?1 AND from_us <= ?2 AND to_us > ?2",
	    KM_VALUES(KM_UUID_DATA(camera), KM_NUMBER(now_us)), on_count, &count);

	if (err == 0) {
		*ret_holds = count > 0;
	}
	return err;
}

struct walk {
	int (*on_maintenance)(void *context, struct km_message_maintenance *maintenance);
	void *context;
};

static int on_row(void *context, sqlite3_stmt *row)
{
	struct walk *walk = context;
	struct km_message_maintenance found = {
		.number = sqlite3_column_int64(row, 0),
		.camera = km_database_uuid(row, 1),
		.from_unix_us = sqlite3_column_int64(row, 3),
		.to_unix_us = sqlite3_column_int64(row, 4),
	};

	(void)km_bytes_copy_text(
	    km_database_text(row, 2), found.camera_name, sizeof(found.camera_name));
	(void)km_bytes_copy_text(km_database_text(row, 5), found.by, sizeof(found.by));
	(void)km_bytes_copy_text(km_database_text(row, 6), found.note, sizeof(found.note));
	return walk->on_maintenance(walk->context, &found);
}

int km_maintenances_each(struct km_database *database, bool is_past, int64_t now_us,
    int (*on_maintenance)(void *context, struct km_message_maintenance *maintenance), void *context)
{
	struct walk walk = { on_maintenance, context };

	return km_database_run(database,
	    "SELECT " COLUMNS " WHERE ?1 = 1 OR to_us > ?2 ORDER BY maintenance.number DESC",
	    KM_VALUES(KM_NUMBER(is_past ? 1 : 0), KM_NUMBER(now_us)), on_row, &walk);
}

static int on_found(void *context, struct km_message_maintenance *maintenance)
{
	*(struct km_message_maintenance *)context = *maintenance;
	return 0;
}

static int find(
    struct km_database *database, int64_t number, struct km_message_maintenance *ret_maintenance)
{
	struct km_message_maintenance found = { 0 };
	struct walk walk = { on_found, &found };
	int err = km_database_run(database, "SELECT " COLUMNS " WHERE maintenance.number = ?1",
	    KM_VALUES(KM_NUMBER(number)), on_row, &walk);

	if (err == 0 && found.number == 0) {
		err = KM_ERR_NOT_FOUND;
	}
	if (err == 0) {
		*ret_maintenance = found;
	}
	return err;
}

int km_maintenances_begin(struct km_database *database,
    const struct km_message_maintenance_begin *begin, const char *who, int64_t now_us,
    struct km_message_maintenance *ret_maintenance)
{
	int64_t from_us = begin->from_unix_us == 0 ? now_us : begin->from_unix_us;
	int64_t number = 0;
	int err = 0;

	if (begin->to_unix_us <= from_us || begin->to_unix_us <= now_us ||
	    begin->to_unix_us - from_us > KM_MAINTENANCES_MOST_US) {
		return KM_ERR_RANGE;
	}
	err = km_database_run(database,
	    "INSERT INTO maintenance (camera, from_us, to_us, by, note)"
	    " SELECT id, ?2, ?3, ?4, ?5 FROM camera WHERE id = ?1 AND dropped_us IS NULL"
	    " RETURNING number",
	    KM_VALUES(KM_UUID_DATA(&begin->camera), KM_NUMBER(from_us),
		KM_NUMBER(begin->to_unix_us), KM_WORDS(who), KM_WORDS(begin->note)),
	    on_count, &number);
	return err < 0 ? err : find(database, number, ret_maintenance);
}

int km_maintenances_end(struct km_database *database, int64_t number, int64_t now_us,
    struct km_message_maintenance *ret_maintenance)
{
	int err = find(database, number, ret_maintenance);

	if (err < 0) {
		return err;
	}
	if (ret_maintenance->to_unix_us <= now_us) {
		return KM_ERR_STATE;
	}
	ret_maintenance->to_unix_us = now_us;
	return km_database_run(database,
	    "UPDATE maintenance SET to_us = ?2, from_us = min(from_us, ?2) WHERE number = ?1",
	    KM_VALUES(KM_NUMBER(number), KM_NUMBER(now_us)), NULL, NULL);
}
