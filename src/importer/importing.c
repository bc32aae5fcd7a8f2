#include "importer/importing.h"

#include "base/buf.h"
#include "importer/json_lists.h"
#include "importer/jvn_list.h"
#include "model/makers.h"
#include "model/own_products.h"
#include "priv/child.h"
#include "proto/json_split.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_BYTES    65536
#define PROGRESS_BYTES ((uint64_t)4 * 1024 * 1024)
#define FAULTS_TOLD    20

struct source {
	struct km_importing *importing;
	const char *path;
	int fd;
	uint8_t block[BLOCK_BYTES];
	struct km_bytes waiting; /* in block, not yet taken */
	int err;                 /* of read(2) or of the database, past libxml2 */
};

int km_importing_init(struct km_importing *importing)
{
	importing->weakness.range_capacity = KM_WEAKNESS_RANGES_MAX;
	importing->weakness.ranges =
	    calloc(KM_WEAKNESS_RANGES_MAX, sizeof(*importing->weakness.ranges));
	return importing->weakness.ranges == NULL ? KM_ERR_MEMORY : 0;
}

void km_importing_finish(struct km_importing *importing)
{
	free(importing->weakness.ranges);
	importing->weakness.ranges = NULL;
}

/* --- what is kept --- */

static bool may_concern(const struct km_weakness_range *range)
{
	static const char firmware[] = "firmware";
	char maker[KM_MAKERS_NAME_SIZE];
	size_t length = strlen(range->product);
	bool is_firmware = length >= sizeof(firmware) - 1 &&
			   strcmp(range->product + length - (sizeof(firmware) - 1), firmware) == 0;

	return range->part == 'h' || is_firmware || km_makers_find(range->vendor, maker) ||
	       km_own_products_has(range->vendor, range->product);
}

static bool is_kept(const struct km_weakness *weakness)
{
	for (size_t i = 0; i < weakness->range_count; i++) {
		if (may_concern(&weakness->ranges[i])) {
			return true;
		}
	}
	return weakness->source == KM_WEAKNESS_KEV;
}

static int keep(struct km_importing *importing, const struct km_weakness *weakness)
{
	importing->counts.records++;
	if (!is_kept(weakness)) {
		return km_weakness_file_drop(importing->file, weakness->id, weakness->source);
	}
	importing->counts.kept++;
	return km_weakness_file_put(importing->file, weakness);
}

/* --- reading a file --- */

static void tell(struct source *source, const char *format, unsigned long long number, int err)
{
	struct km_importing *importing = source->importing;
	char text[200];

	if (importing->counts.broken <= FAULTS_TOLD) {
		(void)snprintf(
		    text, sizeof(text), "%s %llu: %s", format, number, km_error_text(err));
		importing->on_fault(importing->context, source->path, text);
	}
}

/* Fill the block if it is used up. Returns whether there is something. */
static bool fill(struct source *source)
{
	struct km_importing *importing = source->importing;
	ssize_t size = 0;

	if (source->waiting.size > 0) {
		return true;
	}
	do {
		size = read(source->fd, source->block, sizeof(source->block));
	} while (size < 0 && errno == EINTR);
	if (size < 0) {
		source->err = KM_ERR_SYS;
	}
	source->waiting = km_bytes_from(source->block, size > 0 ? (size_t)size : 0);
	if (importing->counts.bytes / PROGRESS_BYTES !=
	    (importing->counts.bytes + source->waiting.size) / PROGRESS_BYTES) {
		importing->on_progress(importing->context, source->path, importing);
	}
	importing->counts.bytes += source->waiting.size;
	return source->waiting.size > 0;
}

static int on_record(void *context, struct km_bytes record)
{
	struct source *source = context;
	struct km_importing *importing = source->importing;
	int err = km_json_lists_parse(record, &importing->weakness);

	if (err == KM_ERR_NOT_FOUND) {
		importing->counts.strange++;
		return 0;
	}
	if (err == KM_ERR_FORMAT) {
		importing->counts.broken++;
		tell(source, "a record is passed over, of bytes", record.size, err);
		return 0;
	}
	return err < 0 ? err : keep(importing, &importing->weakness);
}

static int read_json(struct source *source)
{
	struct km_json_split split;
	struct km_buf record;
	int err = 0;

	km_buf_init(&record, KM_IMPORTING_RECORD_MAX);
	km_json_split_init(&split, &record);
	while (err == 0 && fill(source)) {
		err = km_json_split_feed(&split, source->waiting, on_record, source);
		source->waiting.size = 0;
	}
	if (err == 0) {
		err = source->err < 0 ? source->err : km_json_split_end(&split);
	}
	if (err == KM_ERR_FORMAT || err == KM_ERR_SHORT || err == KM_ERR_LIMIT) {
		tell(source, "no list, at byte", (unsigned long long)split.offset, err);
		err = KM_ERR_FORMAT;
	}
	km_buf_finish(&record);
	return err;
}

static int on_xml_wants(void *context, char *ret_data, int size)
{
	struct source *source = context;
	size_t count = 0;

	if (!fill(source)) {
		return source->err < 0 ? -1 : 0;
	}
	count = source->waiting.size < (size_t)size ? source->waiting.size : (size_t)size;
	memcpy(ret_data, source->waiting.data, count);
	source->waiting = km_bytes_after(source->waiting, count);
	return (int)count;
}

static int on_jvn(void *context, struct km_weakness *weakness)
{
	struct source *source = context;

	return keep(source->importing, weakness);
}

static int read_xml(struct source *source)
{
	struct km_importing *importing = source->importing;
	char error[200] = "";
	int err = km_jvn_list_read(
	    on_xml_wants, on_jvn, source, &importing->weakness, error, sizeof(error));

	if (source->err < 0) {
		return source->err;
	}
	if (err == KM_ERR_FORMAT) {
		importing->on_fault(importing->context, source->path, error);
	}
	return err;
}

/* By its first letter: '<' XML; '{' or '[' JSON. */
static int read_open(struct source *source)
{
	struct km_importing *importing = source->importing;
	size_t at = 0;

	(void)fill(source);
	if (source->err < 0) {
		return source->err;
	}
	/* A byte order mark may stand in front. */
	if (km_bytes_has_prefix(source->waiting, KM_BYTES("\xef\xbb\xbf"))) {
		at = 3;
	}
	while (at < source->waiting.size && isspace(source->waiting.data[at])) {
		at++;
	}
	source->waiting = km_bytes_after(source->waiting, at);
	importing->counts.files++;
	if (source->waiting.size > 0 && source->waiting.data[0] == '<') {
		return read_xml(source);
	}
	if (source->waiting.size > 0 &&
	    (source->waiting.data[0] == '{' || source->waiting.data[0] == '[')) {
		return read_json(source);
	}
	importing->on_fault(importing->context, source->path,
	    "neither JSON nor XML; compressed files must be unpacked first, as with zcat");
	return KM_ERR_FORMAT;
}

static int read_file(struct km_importing *importing, const char *path, int fd)
{
	struct source *source = calloc(1, sizeof(*source));
	int err = KM_ERR_MEMORY;

	if (source != NULL) {
		source->importing = importing;
		source->path = path;
		source->fd = fd;
		err = read_open(source);
	}
	free(source);
	return err;
}

static bool is_list_name(const char *name)
{
	static const char *const ends[] = { ".json", ".jsonl", ".xml", ".rdf" };
	const char *end = strrchr(name, '.');

	for (size_t i = 0; end != NULL && i < KM_COUNT(ends); i++) {
		if (strcmp(end, ends[i]) == 0) {
			return true;
		}
	}
	return false;
}

static int read_path(struct km_importing *importing, const char *path, unsigned depth);

static int read_folder(struct km_importing *importing, const char *path, int fd, unsigned depth)
{
	DIR *folder = fdopendir(fd);
	struct dirent *entry = NULL;
	char below[4096];
	int err = 0;

	if (folder == NULL) {
		(void)close(fd);
		return KM_ERR_SYS;
	}
	while (err == 0 && (entry = readdir(folder)) != NULL) {
		bool is_folder = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;

		if (entry->d_name[0] == '.' || (!is_folder && !is_list_name(entry->d_name)) ||
		    (is_folder && depth == KM_IMPORTING_FOLDERS_MAX) ||
		    snprintf(below, sizeof(below), "%s/%s", path, entry->d_name) >=
			(int)sizeof(below)) {
			continue;
		}
		err = read_path(importing, below, depth + 1);
		if (err == KM_ERR_FORMAT) {
			importing->counts.broken++; /* of many files, one may be something else */
			err = 0;
		}
	}
	(void)closedir(folder);
	return err;
}

static int read_path(struct km_importing *importing, const char *path, unsigned depth)
{
	/* Links are followed only where somebody names them. */
	int fd =
	    open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (depth > 0 ? O_NOFOLLOW : 0));
	struct stat what;
	int err = 0;

	if (fd < 0 || fstat(fd, &what) < 0) {
		err = KM_ERR_SYS;
	} else if (S_ISDIR(what.st_mode)) {
		return read_folder(importing, path, fd, depth);
	} else if (!S_ISREG(what.st_mode)) {
		importing->on_fault(importing->context, path, "neither a file nor a folder");
		err = KM_ERR_FORMAT;
	} else {
		err = read_file(importing, path, fd);
	}
	if (err == KM_ERR_SYS) {
		importing->on_fault(importing->context, path, strerror(errno));
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return err;
}

int km_importing_read(struct km_importing *importing, const char *path)
{
	return strcmp(path, "-") == 0 ? read_file(importing, "standard input", KM_CHILD_CHANNEL_FD)
				      : read_path(importing, path, 0);
}
