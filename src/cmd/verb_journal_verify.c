/* Whether a journal is whole: the recorder's own, a copy of its database, or an export. */
#include "base/json.h"
#include "base/text.h"
#include "cmd/asking.h"
#include "cmd/verbs.h"
#include "guard/control.h"
#include "guard/journal_key.h"
#include "guard/journal_walk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PEM_MAX   4096
#define PATH_SIZE 1024
#define ANSWER    8192

struct work {
	struct km_state state;        /* without a FILE */
	struct km_database *database; /* a database: the state's, or a copy */
	struct km_database *copy;     /* to be closed */
	int fd;                       /* an export; else -1 */
	const char *name;             /* what is verified */
	struct km_signature_key *key;
	const char *key_from;
	bool is_own_key; /* nothing but the file itself says that this is the key */
	struct km_journal_chain chain;
	struct km_journal_walk_file file;
};

/* --- the key --- */

/* The first bytes of a file; a negative result leaves the reason in errno. */
static ssize_t read_start(const char *path, void *ret_data, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t count = fd < 0 ? -1 : read(fd, ret_data, size);
	int code = errno;

	if (fd >= 0) {
		(void)close(fd);
	}
	errno = code;
	return count;
}

static enum km_exit use_key(struct work *work, const uint8_t *public_key, const char *from)
{
	if (km_signature_create_public(public_key, &work->key) < 0) {
		return km_verb_fail("%s: not a public key", from);
	}
	work->key_from = from;
	return KM_EXIT_DONE;
}

static enum km_exit read_key(struct work *work, const char *path)
{
	uint8_t public_key[KM_SIGNATURE_PUBLIC_BYTES];
	uint8_t pem[PEM_MAX];
	ssize_t count = read_start(path, pem, sizeof(pem));

	if (count < 0) {
		return km_verb_fail("%s: %s", path, strerror(errno));
	}
	if (km_signature_read_pem(km_bytes_from(pem, (size_t)count), public_key) < 0) {
		return km_verb_fail(
		    "%s: a PEM file with an Ed25519 public key (journal.pub) is right", path);
	}
	return use_key(work, public_key, path);
}

/* What an export's first line, or a database, says itself. */
static enum km_exit take_own_key(struct work *work)
{
	uint8_t public_key[KM_SIGNATURE_PUBLIC_BYTES];
	uint8_t start[512];
	struct km_journal_line line;
	int64_t number = 0;
	ssize_t count = 0;
	struct km_bytes rest;

	work->is_own_key = true;
	if (work->database != NULL) {
		return km_journal_key_public(work->database, public_key) < 0
			   ? KM_EXIT_DONE
			   : use_key(work, public_key, work->name);
	}
	count = pread(work->fd, start, sizeof(start), 0);
	rest = km_bytes_from(start, count < 0 ? 0 : (size_t)count);
	if (km_journal_file_parse(km_bytes_split(&rest, '\n'), &line, &number) < 0 ||
	    line.kind != KM_JOURNAL_LINE_HEADER) {
		return KM_EXIT_DONE;
	}
	return use_key(work, line.public_key, work->name);
}

static enum km_exit find_key(
    struct work *work, const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static char path[PATH_SIZE];
	const char *given = km_arguments_get(arguments, "--public-key");

	if (given != NULL) {
		return read_key(work, given);
	}
	(void)snprintf(path, sizeof(path), "%s/" KM_JOURNAL_KEY_FILE, context->state_directory);
	return access(path, R_OK) == 0 ? read_key(work, path) : take_own_key(work);
}

/* --- what is known --- */

static enum km_exit expect(struct work *work, int64_t number, const uint8_t *hash)
{
	return km_journal_chain_expect(&work->chain, number, hash) < 0
		   ? km_verb_fail("too many known entries")
		   : KM_EXIT_DONE;
}

static enum km_exit take_known(struct work *work, const char *known)
{
	uint8_t hash[KM_JOURNAL_HASH_BYTES];
	struct km_bytes rest = km_bytes_text(known);
	uint64_t number = 0;

	if (km_bytes_parse_u64(km_bytes_split(&rest, ':'), INT64_MAX, &number) < 0 || number == 0 ||
	    km_text_parse_hex(rest, hash, sizeof(hash)) < 0) {
		(void)km_verb_fail(
		    "--known %s: NUMBER:HASH is right, as an earlier verification printed it",
		    known);
		return KM_EXIT_USAGE;
	}
	return expect(work, (int64_t)number, hash);
}

/* The last entry or checkpoint of an earlier export. */
static enum km_exit take_since(struct work *work, const char *path)
{
	struct km_journal_walk_file earlier;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int err = 0;

	if (fd < 0) {
		return km_verb_fail("%s: %s", path, strerror(errno));
	}
	err = km_journal_walk_lines(fd, NULL, &earlier);
	(void)close(fd);
	if (err < 0 || earlier.last.number == 0) {
		return km_verb_fail("%s: line %" PRId64
				    ": an export of the journal, or a line of one, is right",
		    path, earlier.line);
	}
	return expect(work, earlier.last.number, earlier.last.hash);
}

/* --- verifying --- */

static enum km_exit open_file(struct work *work, const char *path)
{
	static const char magic[16] = "SQLite format 3";
	char start[sizeof(magic)] = "";
	int err = 0;

	work->name = path;
	if (read_start(path, start, sizeof(start)) < 0) {
		return km_verb_fail("%s: %s", path, strerror(errno));
	}
	if (memcmp(start, magic, sizeof(magic)) == 0) {
		err = km_database_open_copy(path, &work->copy);
		work->database = work->copy;
		return err < 0 ? km_verb_fail("%s: %s", path,
				     err == KM_ERR_FORMAT ? "there is no journal in it"
							  : km_error_text(err))
			       : KM_EXIT_DONE;
	}
	work->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	return work->fd < 0 ? km_verb_fail("%s: %s", path, strerror(errno)) : KM_EXIT_DONE;
}

/* Whether the file says that it is of this very key. */
static bool is_of_key(const struct work *work)
{
	uint8_t public_key[KM_SIGNATURE_PUBLIC_BYTES];

	return work->key == NULL || !work->file.has_key ||
	       (km_signature_public(work->key, public_key) == 0 &&
		   memcmp(public_key, work->file.public_key, sizeof(public_key)) == 0);
}

static void describe(const struct work *work, int err, struct km_buf *text)
{
	if (!is_of_key(work)) {
		km_buf_add_text(text, "it is the journal of another key; ");
	}
	if (err != 0 && work->chain.fault == KM_JOURNAL_WHOLE) {
		km_buf_add_format(text, "what stands behind entry %" PRId64 " %s",
		    work->chain.number,
		    work->file.is_unreadable ? "is not what is ever written" : "cannot be read");
	} else {
		km_journal_chain_describe(&work->chain, text);
	}
	if (err != 0 && work->fd >= 0) {
		km_buf_add_format(text, " (line %" PRId64 ")", work->file.line);
	}
}

static void write_last(const struct km_journal_chain *chain, char *ret_text, size_t size)
{
	char hash[2 * KM_JOURNAL_HASH_BYTES + 1] = "";

	(void)km_text_write_hex(KM_BYTES_OF(chain->hash), hash, sizeof(hash));
	(void)snprintf(ret_text, size, "%" PRId64 ":%s", chain->number, hash);
}

static void tell_json(const struct work *work, bool is_whole, const char *text, const char *last)
{
	const struct km_journal_chain *chain = &work->chain;
	struct km_json json;

	km_json_init(&json, ANSWER);
	km_json_open(&json, NULL, '{');
	km_json_bool(&json, "ok", is_whole);
	km_json_i64(&json, "entries", chain->number);
	km_json_i64(&json, "checkpoints", chain->checkpoints);
	km_json_i64(&json, "signed_number", chain->signed_number);
	if (is_whole) {
		km_json_null(&json, "broken");
	} else {
		km_json_i64(&json, "broken",
		    chain->fault == KM_JOURNAL_WHOLE ? chain->number + 1 : chain->broken);
	}
	km_json_text(&json, "text", text);
	km_json_text(&json, "last", last);
	km_json_text(&json, "key", work->key_from == NULL ? "" : work->key_from);
	km_json_bool(&json, "is_own_key", work->is_own_key);
	km_json_close(&json, '}');
	(void)printf("%.*s\n", (int)json.buf.size, (const char *)json.buf.data);
	km_json_finish(&json);
}

static enum km_exit tell(const struct km_verb_context *context, const struct work *work, int err)
{
	bool is_whole = err == 0 && is_of_key(work);
	char storage[ANSWER];
	char last[128];
	struct km_buf text;

	km_buf_init_fixed(&text, storage, sizeof(storage) - 1);
	describe(work, err, &text);
	storage[text.size] = '\0';
	write_last(&work->chain, last, sizeof(last));
	if (context->wants_json) {
		tell_json(work, is_whole, storage, last);
	} else {
		(void)printf("%s: %s%s\n", work->name, is_whole ? "" : "BROKEN: ", storage);
		if (work->key == NULL) {
			(void)printf("no public key: signatures were not looked at\n");
		} else if (work->is_own_key) {
			(void)printf("the key is the file's own, and proves nothing: give "
				     "--public-key with a journal.pub that was kept elsewhere\n");
		}
		if (is_whole) {
			(void)printf("keep for the next time: --known %s\n", last);
		}
	}
	return is_whole ? KM_EXIT_DONE : KM_EXIT_FOUND;
}

static enum km_exit verify(const struct km_verb_context *context, struct work *work)
{
	int err = 0;

	work->chain.key = work->key;
	err = work->database != NULL ? km_journal_walk_database(work->database, &work->chain)
				     : km_journal_walk_lines(work->fd, &work->chain, &work->file);
	if (err < 0 && err != KM_ERR_AUTH && err != KM_ERR_DATABASE) {
		return km_verb_fail(
		    "%s: %s", work->name, err == KM_ERR_SYS ? strerror(errno) : km_error_text(err));
	}
	return tell(context, work, err);
}

static enum km_exit run_verify(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	const char *known = km_arguments_get(arguments, "--known");
	const char *since = km_arguments_get(arguments, "--since");
	struct work work = { .fd = -1, .name = "journal" };
	enum km_exit result = KM_EXIT_DONE;

	km_journal_chain_init(&work.chain, NULL);
	if (arguments->word_count > 0) {
		result = open_file(&work, arguments->words[0]);
	} else {
		result = km_verb_open(context, &work.state);
		work.database = work.state.database;
	}
	if (result == KM_EXIT_DONE) {
		result = find_key(&work, context, arguments);
	}
	if (result == KM_EXIT_DONE && known != NULL) {
		result = take_known(&work, known);
	}
	if (result == KM_EXIT_DONE && since != NULL) {
		result = take_since(&work, since);
	}
	if (result == KM_EXIT_DONE) {
		result = verify(context, &work);
	}
	km_signature_destroy(work.key);
	km_database_close(work.copy);
	km_state_close(&work.state);
	if (work.fd >= 0) {
		(void)close(work.fd);
	}
	return result;
}

static const struct km_argument verify_arguments[] = {
	{ "--public-key", "FILE", "journal.pub, kept elsewhere (default: the state directory's)" },
	{ "--known", "NUMBER:HASH", "an entry that is known to be there" },
	{ "--since", "FILE", "an earlier export, whose last entry must be there" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_journal_verify = {
	.name = "journal verify",
	.usage = "[FILE] [--public-key FILE] [--known NUMBER:HASH] [--since FILE]",
	.text = "check the journal, an export, or a copy of guard.db (exit status 3: broken)",
	.words_max = 1,
	.arguments = verify_arguments,
	.run = run_verify,
};

/* --- export --- */

/* So that the newest are signed too; none running is fine. */
static void ask_to_sign(const struct km_verb_context *context)
{
	struct km_message_journal_sign sign = { 0 };
	int fd = km_control_connect(context->state_directory);

	if (fd >= 0) {
		(void)close(fd);
		(void)km_asking_each(context, KM_MESSAGE_journal_sign, &sign, NULL, NULL, NULL);
	}
}

static int export_to(struct km_state *state, int fd, int64_t *ret_count)
{
	uint8_t public_key[KM_SIGNATURE_PUBLIC_BYTES];
	int err = km_journal_key_public(state->database, public_key);

	return err < 0 ? err : km_journal_walk_export(state->database, fd, public_key, ret_count);
}

/* Under another name first: what has the final name is whole. */
static int export_file(struct km_state *state, const char *path, int64_t *ret_count)
{
	char part[PATH_SIZE];
	int length = snprintf(part, sizeof(part), "%s.part", path);
	int fd = -1;
	int err = 0;

	if (length < 0 || (size_t)length >= sizeof(part)) {
		return KM_ERR_LIMIT;
	}
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		return KM_ERR_SYS;
	}
	err = export_to(state, fd, ret_count);
	if (err == 0 && (fsync(fd) < 0 || rename(part, path) < 0)) {
		err = KM_ERR_SYS;
	}
	if (err < 0) {
		int code = errno;

		(void)unlink(part);
		errno = code;
	}
	(void)close(fd);
	return err;
}

static enum km_exit explain_export(int err, const char *path)
{
	switch (err) {
	case 0:
		return KM_EXIT_DONE;
	case KM_ERR_AUTH:
		return km_verb_fail("an entry is not what was written: see komainu journal verify");
	case KM_ERR_NOT_FOUND:
		return km_verb_fail("the journal has no key yet: start the recorder once");
	default:
		return km_verb_fail(
		    "%s: %s", path, err == KM_ERR_SYS ? strerror(errno) : km_error_text(err));
	}
}

static enum km_exit run_export(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	const char *path = arguments->words[0];
	bool is_output = strcmp(path, "-") == 0;
	struct km_state state = { 0 };
	int64_t count = 0;
	enum km_exit result = KM_EXIT_DONE;

	ask_to_sign(context);
	result = km_verb_open(context, &state);
	if (result == KM_EXIT_DONE) {
		int err = is_output ? export_to(&state, STDOUT_FILENO, &count)
				    : export_file(&state, path, &count);

		result = explain_export(err, path);
	}
	if (result == KM_EXIT_DONE && !is_output) {
		(void)printf(context->wants_json ? "{\"entries\": %lld}\n" : "%lld entries\n",
		    (long long)count);
	}
	km_state_close(&state);
	return result;
}

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

const struct km_verb km_verb_journal_export = {
	.name = "journal export",
	.usage = "FILE",
	.text = "write the journal with its checkpoints as lines of JSON (\"-\": standard output)",
	.words_min = 1,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_export,
};
