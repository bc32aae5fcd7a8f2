/* sources: base/error.c base/bytes.c base/buf.c base/text.c base/time.c base/uuid.c model/events.c guard/journal_file.c */
/* libraries: sqlite3 */
/* What parses is written to the very same bytes: a journal has one form only. */
#include "guard/journal_file.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char key[] = ",\"name\":\"";
	static struct km_journal_line parsed;
	static uint8_t storage[KM_JOURNAL_FILE_LINE_MAX + 2];
	struct km_bytes rest = km_bytes_from(data, size);
	struct km_buf buf;

	while (rest.size > 0) {
		struct km_bytes line = km_bytes_split(&rest, '\n');
		struct km_bytes written;
		int64_t number = 0;

		if (km_journal_file_parse(line, &parsed, &number) < 0) {
			continue;
		}
		km_buf_init_fixed(&buf, storage, sizeof(storage));
		switch (parsed.kind) {
		case KM_JOURNAL_LINE_HEADER:
			km_journal_file_write_header(&buf, parsed.public_key);
			break;
		case KM_JOURNAL_LINE_ENTRY:
			km_journal_file_write_entry(&buf, &parsed.entry);
			break;
		case KM_JOURNAL_LINE_CHECKPOINT:
			km_journal_file_write_checkpoint(&buf, &parsed.checkpoint);
			break;
		}
		assert(km_buf_error(&buf) == 0);
		written = km_bytes_slice(km_buf_view(&buf), 0, buf.size - 1);
		/* The name of an event that this version does not know is free. */
		if (strcmp(km_events_name((unsigned)parsed.entry.event & UINT16_MAX), "unknown") ==
			0 ||
		    parsed.entry.event < 0 || parsed.entry.event >= UINT16_MAX) {
			size_t at = km_bytes_find_seq(written, km_bytes_text(key));

			written = km_bytes_slice(written, 0, at);
			line = km_bytes_slice(line, 0, km_bytes_find_seq(line, km_bytes_text(key)));
		}
		assert(km_bytes_is_equal(line, written));
	}
	return 0;
}
