#include "guard/state.h"

#include "base/text.h"
#include "crypto/random.h"
#include "guard/certificates.h"
#include "guard/journal_key.h"
#include "guard/journal_walk.h"
#include "io/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_BYTES      32
#define PASSPHRASE_MAX 1024
#define SETTINGS_MAX   65536

static int fail(struct km_buf *ret_error, int err, const char *what, const char *path)
{
	int code = errno;

	km_buf_add_format(ret_error, "%s: %s: %s", path, what,
	    err == KM_ERR_SYS ? strerror(code) : km_error_text(err));
	return err;
}

static int join(const char *directory, const char *name, char ret_path[static KM_STATE_PATH_SIZE])
{
	int length = name[0] == '/'
			 ? snprintf(ret_path, KM_STATE_PATH_SIZE, "%s", name)
			 : snprintf(ret_path, KM_STATE_PATH_SIZE, "%s/%s", directory, name);

	return length < 0 || length >= KM_STATE_PATH_SIZE ? KM_ERR_LIMIT : 0;
}

/* The whole file, which must be a regular one of at most buf->max bytes. */
static int read_file(const char *path, struct km_buf *buf)
{
	struct stat info;
	uint8_t *start = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	int err = 0;

	if (fd < 0) {
		return errno == ENOENT ? KM_ERR_NOT_FOUND : KM_ERR_SYS;
	}
	if (fstat(fd, &info) < 0) {
		err = KM_ERR_SYS;
	} else if (!S_ISREG(info.st_mode) || info.st_size > (off_t)buf->max) {
		err = KM_ERR_LIMIT;
	}
	start = err == 0 && info.st_size > 0 ? km_buf_grow(buf, (size_t)info.st_size) : NULL;
	if (start != NULL && read(fd, start, (size_t)info.st_size) != info.st_size) {
		err = KM_ERR_SYS;
	}
	(void)close(fd);
	return err < 0 ? err : km_buf_error(buf);
}

/* A new file, on the disk before this returns. */
static int write_file(const char *path, struct km_bytes content, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	int code = 0;
	int err = 0;

	if (fd < 0) {
		return errno == EEXIST ? KM_ERR_EXISTS : KM_ERR_SYS;
	}
	if (write(fd, content.data, content.size) != (ssize_t)content.size || fsync(fd) < 0) {
		err = KM_ERR_SYS;
		code = errno;
		(void)unlink(path);
		errno = code;
	}
	(void)close(fd);
	return err;
}

static int make_directory(const char *path, mode_t mode)
{
	if (mkdir(path, mode) < 0 && errno != EEXIST) {
		return KM_ERR_SYS;
	}
	return 0;
}

/* The passphrase is the first line, as editors add a line end. */
static int read_passphrase(const char *path, struct km_buf *buf, struct km_buf *ret_error)
{
	struct km_bytes rest;
	int err = read_file(path, buf);

	if (err < 0) {
		return fail(ret_error, err, "cannot read the passphrase", path);
	}
	rest = km_buf_view(buf);
	buf->size = km_bytes_line(&rest).size;
	if (buf->size < 12 || rest.size > 0) {
		return fail(ret_error, KM_ERR_FORMAT,
		    "one line with a passphrase of 12 characters or more is right", path);
	}
	return 0;
}

static int find_key_file(
    const char *directory, const struct km_state_key *key, char ret_path[static KM_STATE_PATH_SIZE])
{
	return key->key_file != NULL
		   ? km_bytes_copy_text(km_bytes_text(key->key_file), ret_path, KM_STATE_PATH_SIZE)
		   : join(directory, "root.key", ret_path);
}

static int find_opener(const char *directory, const struct km_state_key *key, bool wants_passphrase,
    struct km_buf *secret, struct km_vault_opener *ret_opener, struct km_buf *ret_error)
{
	char path[KM_STATE_PATH_SIZE];
	int err = 0;

	if (wants_passphrase) {
		if (key->passphrase_file == NULL) {
			km_buf_add_text(ret_error,
			    "the root key wants a passphrase: give --passphrase-file FILE");
			return KM_ERR_AUTH;
		}
		err = read_passphrase(key->passphrase_file, secret, ret_error);
		*ret_opener = (struct km_vault_opener){ .passphrase = km_buf_view(secret) };
		return err;
	}
	err = find_key_file(directory, key, path);
	if (err == 0) {
		err = read_file(path, secret);
	}
	if (err == 0 && secret->size != KEY_BYTES) {
		err = KM_ERR_FORMAT;
	}
	*ret_opener = (struct km_vault_opener){ .key_file = km_buf_view(secret) };
	return err < 0 ? fail(ret_error, err, "cannot read the key file", path) : 0;
}

static int make_key_file(const char *path)
{
	uint8_t key[KEY_BYTES];
	int err = km_random_fill(key, sizeof(key));

	if (err == 0) {
		err = write_file(path, KM_BYTES_OF(key), 0400);
	}
	explicit_bzero(key, sizeof(key));
	return err;
}

static int make_vault(struct km_state *state, const struct km_state_key *key, bool *ret_made_key,
    struct km_buf *ret_error)
{
	uint8_t storage[PASSPHRASE_MAX];
	char path[KM_STATE_PATH_SIZE];
	struct km_vault_opener opener = { 0 };
	struct km_buf secret;
	bool by_passphrase = key->passphrase_file != NULL;
	int err = 0;

	km_buf_init_fixed(&secret, storage, sizeof(storage));
	if (!by_passphrase) {
		err = find_key_file(state->directory, key, path);
		if (err == 0) {
			err = make_key_file(path);
			*ret_made_key = err == 0;
		}
		if (err < 0) {
			return fail(ret_error, err, "cannot make the key file", path);
		}
	}
	err = find_opener(state->directory, key, by_passphrase, &secret, &opener, ret_error);
	if (err == 0) {
		err = km_vault_make(state->database, &opener);
	}
	if (err == 0) {
		err = km_vault_open(state->database, &opener, &state->vault);
	}
	explicit_bzero(storage, sizeof(storage));
	return err;
}

/* The first entry, and its checkpoint: whoever verifies later finds that the key signed it. */
static int begin_journal(struct km_state *state)
{
	struct km_journal_key key = { 0 };
	struct km_journal_checkpoint checkpoint = { .unix_us = km_clock_unix_us() };
	bool was_other = false;
	int err = km_journal_key_open(state->database, state->vault, &key);

	if (err == 0) {
		err = km_journal_key_publish(&key, state->directory, &was_other);
	}
	if (err == 0) {
		err = km_journal_note(
		    state->database, KM_EVENT_RECORDER_MADE, NULL, NULL, "version %s", KM_VERSION);
	}
	if (err == 0) {
		err = km_journal_walk_last_entry(
		    state->database, &checkpoint.number, checkpoint.hash);
	}
	if (err == 0) {
		err = km_journal_key_put_checkpoint(&key, state->database, &checkpoint);
	}
	km_journal_key_close(&key);
	return err;
}

static int make_settings(const char *directory)
{
	char path[KM_STATE_PATH_SIZE];
	struct km_options options;
	struct km_buf text;
	int err = join(directory, "komainu.yaml", path);

	km_options_init(&options);
	km_buf_init(&text, SETTINGS_MAX);
	km_options_write(&options, &text);
	if (err == 0) {
		err = write_file(path, km_buf_view(&text), 0600);
	}
	km_buf_finish(&text);
	return err;
}

static int make_directories(const struct km_state *state)
{
	char path[KM_STATE_PATH_SIZE];
	int err = make_directory(state->recordings, 0750);

	if (err == 0) {
		err = join(state->directory, "index", path);
	}
	return err < 0 ? err : make_directory(path, 0750);
}

static int fill_paths(struct km_state *state)
{
	int err = join(state->directory, state->options.recordings, state->recordings);

	return err < 0 ? err : join(state->directory, "index/index.db", state->index);
}

static int resolve(const char *directory, char ret_path[static KM_STATE_PATH_SIZE])
{
	char *resolved = realpath(directory, NULL);
	int err = resolved == NULL
		      ? (errno == ENOENT ? KM_ERR_NOT_FOUND : KM_ERR_SYS)
		      : km_bytes_copy_text(km_bytes_text(resolved), ret_path, KM_STATE_PATH_SIZE);

	free(resolved);
	return err;
}

/* Which files were made, and are taken away again if something fails after them. */
struct making {
	bool settings;
	bool database;
	bool key;
};

static void remove_file(const char *directory, const char *name)
{
	char path[KM_STATE_PATH_SIZE];

	if (join(directory, name, path) == 0) {
		(void)unlink(path);
	}
}

static void undo_make(
    const char *directory, const struct km_state_key *key, const struct making *making)
{
	char path[KM_STATE_PATH_SIZE];

	if (making->settings) {
		remove_file(directory, "komainu.yaml");
	}
	if (making->database) {
		remove_file(directory, "guard.db");
		remove_file(directory, "guard.db-wal");
		remove_file(directory, "guard.db-shm");
		remove_file(directory, KM_JOURNAL_KEY_FILE);
	}
	if (making->key && find_key_file(directory, key, path) == 0) {
		(void)unlink(path);
	}
}

int km_state_make(const char *directory, const struct km_state_key *key, const char *host_name,
    struct km_buf *ret_error)
{
	struct km_state state = { 0 };
	struct making making = { 0 };
	char path[KM_STATE_PATH_SIZE];
	const char *what = "cannot make the state directory";
	int err = make_directory(directory, 0711);

	km_options_init(&state.options);
	if (err == 0) {
		err = resolve(directory, state.directory);
	}
	if (err == 0) {
		err = join(state.directory, "guard.db", path);
	}
	if (err == 0 && access(path, F_OK) == 0) {
		what = "a recorder was set up here already";
		err = KM_ERR_EXISTS;
	}
	if (err == 0) {
		err = fill_paths(&state);
	}
	if (err == 0) {
		err = make_directories(&state);
	}
	if (err == 0) {
		what = "cannot write komainu.yaml";
		err = make_settings(state.directory);
		making.settings = err == 0;
	}
	if (err == 0) {
		what = "cannot make guard.db";
		making.database = true;
		err = km_database_open(path, true, &state.database);
	}
	if (err == 0) {
		what = "cannot make the root key";
		err = make_vault(&state, key, &making.key, ret_error);
	}
	if (err == 0) {
		what = "cannot make the certificate";
		err = km_certificates_make(
		    state.database, state.vault, host_name, km_clock_unix_us(), ret_error);
	}
	if (err == 0) {
		what = "cannot begin the journal";
		err = begin_journal(&state);
	}
	if (err < 0 && ret_error->size == 0) {
		(void)fail(ret_error, err, what, directory);
	}
	(void)km_bytes_copy_text(km_bytes_text(state.directory), path, sizeof(path));
	km_state_close(&state);
	if (err < 0) {
		undo_make(path, key, &making);
	}
	return err;
}

int km_state_open(const char *directory, struct km_state *ret_state, struct km_buf *ret_error)
{
	struct km_state state = { 0 };
	char path[KM_STATE_PATH_SIZE];
	int err = resolve(directory, state.directory);

	if (err == 0) {
		err = join(state.directory, "komainu.yaml", path);
	}
	if (err == 0) {
		err = km_options_load(path, &state.options, ret_error);
	}
	if (err == 0) {
		err = fill_paths(&state);
	}
	if (err == 0) {
		err = join(state.directory, "guard.db", path);
	}
	if (err == 0) {
		err = km_database_open(path, false, &state.database);
	}
	if (err < 0) {
		if (ret_error->size == 0) {
			(void)fail(ret_error, err,
			    err == KM_ERR_NOT_FOUND ? "no recorder here; `komainu init` makes one"
						    : "cannot open the recorder's state",
			    directory);
		}
		km_state_close(&state);
		return err;
	}
	*ret_state = state;
	return 0;
}

int km_state_unlock(
    struct km_state *state, const struct km_state_key *key, struct km_buf *ret_error)
{
	uint8_t storage[PASSPHRASE_MAX];
	struct km_vault_opener opener = { 0 };
	struct km_buf secret;
	bool wants_passphrase = false;
	int err = km_vault_wants_passphrase(state->database, &wants_passphrase);

	km_buf_init_fixed(&secret, storage, sizeof(storage));
	if (err == 0) {
		err = find_opener(
		    state->directory, key, wants_passphrase, &secret, &opener, ret_error);
	}
	if (err == 0) {
		err = km_vault_open(state->database, &opener, &state->vault);
	}
	if (err < 0 && ret_error->size == 0) {
		(void)fail(ret_error, err, "cannot open the root key", state->directory);
	}
	explicit_bzero(storage, sizeof(storage));
	return err;
}

void km_state_close(struct km_state *state)
{
	km_vault_close(state->vault);
	km_database_close(state->database);
	*state = (struct km_state){ 0 };
}
