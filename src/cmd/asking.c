#include "cmd/asking.h"

#include "guard/control.h"
#include "model/states.h"
#include "priv/channel.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWER_WAIT_S 30
#define CELL_SIZE     128
#define COLUMNS_MAX   12
#define LISTS_MAX     4
#define JSON_MAX      ((size_t)64 * 1024 * 1024)

/* --- asking --- */

static enum km_exit connect_guard(const struct km_verb_context *context, int *ret_fd)
{
	static const struct timeval patience = { .tv_sec = ANSWER_WAIT_S };
	int fd = km_control_connect(context->state_directory);

	if (fd < 0) {
		(void)km_verb_fail("%s: %s", context->state_directory,
		    fd == KM_ERR_CLOSED ? "no recorder runs here"
					: (fd == KM_ERR_SYS ? strerror(errno) : km_error_text(fd)));
		return fd == KM_ERR_CLOSED ? KM_EXIT_ABSENT : KM_EXIT_FAILED;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	*ret_fd = fd;
	return KM_EXIT_DONE;
}

static int send_message(int fd, enum km_message_kind kind, void *message)
{
	static const uint32_t request = 1;
	struct km_buf buf;
	int err = 0;

	memcpy(message, &request, sizeof(request));
	km_buf_init(&buf, KM_CHANNEL_MESSAGE_MAX);
	err = km_messages_pack(kind, message, &buf);
	if (err == 0 && send(fd, buf.data, buf.size, MSG_NOSIGNAL) != (ssize_t)buf.size) {
		err = KM_ERR_CLOSED;
	}
	km_buf_wipe(&buf);
	return err;
}

/* One message of the answer into ret_message, which has room for any. */
static int receive(int fd, uint8_t *buffer, void *ret_message, enum km_message_kind *ret_kind)
{
	ssize_t size = recv(fd, buffer, KM_CHANNEL_MESSAGE_MAX, 0);
	struct km_bytes packed = { 0 };
	int err = 0;

	if (size <= 0) {
		return size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? KM_ERR_TIMEOUT
									     : KM_ERR_CLOSED;
	}
	packed = km_bytes_from(buffer, (size_t)size);
	err = km_messages_kind(packed, ret_kind);
	if (err == 0 && km_messages_struct_bytes(*ret_kind) > KM_CHANNEL_MESSAGE_MAX) {
		err = KM_ERR_LIMIT;
	}
	return err < 0 ? err : km_messages_unpack(*ret_kind, packed, ret_message);
}

static enum km_exit judge(int err, const struct km_message_done *done)
{
	if (err < 0) {
		return km_verb_fail("the recorder's answer: %s", km_error_text(err));
	}
	if (done->err == 0) {
		return KM_EXIT_DONE;
	}
	(void)km_verb_fail("%s", done->text[0] != '\0' ? done->text : km_error_text(done->err));
	return done->err == KM_ERR_NOT_FOUND ? KM_EXIT_ABSENT : KM_EXIT_FAILED;
}

enum km_exit km_asking_each(const struct km_verb_context *context, enum km_message_kind kind,
    void *message, void (*on_record)(void *context, enum km_message_kind kind, const void *record),
    void *record_context, struct km_message_done *ret_done)
{
	uint8_t *buffer = malloc(2 * (size_t)KM_CHANNEL_MESSAGE_MAX);
	void *answer = buffer == NULL ? NULL : buffer + KM_CHANNEL_MESSAGE_MAX;
	enum km_message_kind got = KM_MESSAGE_ready;
	struct km_message_done done = { 0 };
	int fd = -1;
	int err = buffer == NULL ? KM_ERR_MEMORY : 0;
	enum km_exit result = connect_guard(context, &fd);

	if (result != KM_EXIT_DONE) {
		free(buffer);
		return result;
	}
	if (err == 0) {
		err = send_message(fd, kind, message);
	}
	while (err == 0 && got != KM_MESSAGE_done) {
		err = receive(fd, buffer, answer, &got);
		if (err == 0 && got != KM_MESSAGE_done && on_record != NULL) {
			on_record(record_context, got, answer);
		}
	}
	if (err == 0) {
		memcpy(&done, answer, sizeof(done));
	}
	(void)close(fd);
	if (buffer != NULL) {
		explicit_bzero(buffer, 2 * (size_t)KM_CHANNEL_MESSAGE_MAX);
	}
	free(buffer);
	if (ret_done != NULL) {
		*ret_done = done;
	}
	return judge(err, &done);
}

/* --- showing --- */

struct list {
	const char *name;
	struct km_json json;
};

struct showing {
	const struct km_asking_view *view;
	bool wants_json;
	bool is_broken;
	struct list lists[LISTS_MAX];
	char (*cells)[CELL_SIZE]; /* row by row */
	size_t cell_count;
	size_t cell_capacity;
};

static struct km_json *find_list(struct showing *showing, const char *name)
{
	for (size_t i = 0; i < LISTS_MAX; i++) {
		struct list *list = &showing->lists[i];

		if (list->name == NULL) {
			list->name = name;
			km_json_init(&list->json, JSON_MAX);
			km_json_open(&list->json, NULL, '[');
		}
		if (strcmp(list->name, name) == 0) {
			return &list->json;
		}
	}
	return NULL;
}

static const struct km_record_field *find_field(enum km_message_kind kind, const char *name)
{
	size_t count = 0;
	const struct km_record_field *fields = km_record_fields(kind, &count);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(fields[i].name, name) == 0) {
			return &fields[i];
		}
	}
	return NULL;
}

/* A cell; NULL without memory. */
static char *add_cell(struct showing *showing)
{
	if (showing->cell_count == showing->cell_capacity) {
		size_t capacity = showing->cell_capacity * 2 + 64;
		char(*cells)[CELL_SIZE] = reallocarray(showing->cells, capacity, CELL_SIZE);

		if (cells == NULL) {
			showing->is_broken = true;
			return NULL;
		}
		showing->cells = cells;
		showing->cell_capacity = capacity;
	}
	return showing->cells[showing->cell_count++];
}

static void add_row(struct showing *showing, const void *record)
{
	for (const struct km_asking_column *column = showing->view->columns;
	     column->field != NULL && !showing->is_broken; column++) {
		const struct km_record_field *field =
		    find_field(showing->view->record, column->field);
		char *cell = add_cell(showing);

		if (cell != NULL && field != NULL) {
			km_record_say(field, record, cell, CELL_SIZE);
		}
	}
}

static void on_record(void *context, enum km_message_kind kind, const void *record)
{
	struct showing *showing = context;
	const char *name = km_record_list(kind);
	struct km_json *list = NULL;

	if (name == NULL) {
		return;
	}
	if (!showing->wants_json) {
		if (kind == showing->view->record && showing->view->columns != NULL) {
			add_row(showing, record);
		}
		return;
	}
	list = find_list(showing, name);
	if (list != NULL) {
		km_record_write(list, NULL, kind, record);
	}
}

/* How many columns a text takes on a terminal: East Asian characters take two. */
static int width_of(const char *text)
{
	int width = 0;

	for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++) {
		if ((*at & 0xc0) != 0x80) {
			width += *at >= 0xe3 ? 2 : 1;
		}
	}
	return width;
}

static void print_cell(const char *text, int width, bool is_last)
{
	(void)printf("%s%*s", text, is_last ? 0 : width - width_of(text) + 2, "");
}

static void print_table(const struct showing *showing)
{
	const struct km_asking_column *columns = showing->view->columns;
	int widths[COLUMNS_MAX] = { 0 };
	size_t count = 0;

	while (count < COLUMNS_MAX && columns[count].field != NULL) {
		widths[count] = width_of(columns[count].title);
		count++;
	}
	assert(count > 0);
	if (showing->cell_count == 0) {
		if (showing->view->none != NULL) {
			(void)printf("%s\n", showing->view->none);
		}
		return;
	}
	for (size_t i = 0; i < showing->cell_count; i++) {
		int width = width_of(showing->cells[i]);

		widths[i % count] = width > widths[i % count] ? width : widths[i % count];
	}
	for (size_t i = 0; i < count; i++) {
		print_cell(columns[i].title, widths[i], i + 1 == count);
	}
	(void)fputs("\n", stdout);
	for (size_t i = 0; i < showing->cell_count; i++) {
		bool is_last = (i + 1) % count == 0;

		print_cell(showing->cells[i], widths[i % count], is_last);
		if (is_last) {
			(void)fputs("\n", stdout);
		}
	}
}

static enum km_exit print_json(struct showing *showing, const struct km_message_done *done)
{
	struct km_json json;
	enum km_exit result = KM_EXIT_DONE;
	const char *wished = km_record_list(showing->view->record);

	if (wished != NULL) {
		(void)find_list(showing, wished); /* also if it is empty */
	}
	km_json_init(&json, JSON_MAX);
	km_json_open(&json, NULL, '{');
	for (size_t i = 0; i < LISTS_MAX && showing->lists[i].name != NULL; i++) {
		struct km_json *list = &showing->lists[i].json;

		km_json_close(list, ']');
		km_json_raw(&json, showing->lists[i].name, km_buf_view(&list->buf));
	}
	if (!km_uuid_is_nil(&done->camera)) {
		km_json_uuid(&json, "id", &done->camera);
	}
	km_json_close(&json, '}');
	if (km_buf_error(&json.buf) < 0) {
		result = km_verb_fail("%s", km_error_text(km_buf_error(&json.buf)));
	} else {
		(void)printf("%.*s\n", (int)json.buf.size, (const char *)json.buf.data);
	}
	km_json_finish(&json);
	return result;
}

enum km_exit km_asking_show(const struct km_verb_context *context, enum km_message_kind kind,
    void *message, const struct km_asking_view *view)
{
	struct showing showing = { .view = view, .wants_json = context->wants_json };
	struct km_message_done done;
	enum km_exit result = km_asking_each(context, kind, message, on_record, &showing, &done);

	if (result == KM_EXIT_DONE && showing.is_broken) {
		result = km_verb_fail("%s", km_error_text(KM_ERR_MEMORY));
	}
	if (result == KM_EXIT_DONE && showing.wants_json) {
		result = print_json(&showing, &done);
	} else if (result == KM_EXIT_DONE && view->columns != NULL) {
		print_table(&showing);
	}
	for (size_t i = 0; i < LISTS_MAX; i++) {
		km_json_finish(&showing.lists[i].json);
	}
	free(showing.cells);
	return result;
}

/* --- wishing --- */

/* The words that a set has: "fine, findings, skipped". */
static void list_words(const char *set, char *ret_text, size_t size)
{
	size_t length = 0;

	ret_text[0] = '\0';
	for (unsigned value = 0; value <= UINT8_MAX && length < size; value++) {
		const char *name = km_states_name(set, value);
		unsigned found = 0;

		if (km_states_find(set, km_bytes_text(name), &found) == 0 && found == value) {
			length += (size_t)snprintf(ret_text + length, size - length, "%s%s",
			    length == 0 ? "" : ", ", name);
		}
	}
}

enum km_exit km_asking_set(
    enum km_message_kind kind, void *message, const char *field, const char *word, const char *what)
{
	const struct km_record_field *known = find_field(kind, field);
	const char *right = "";
	char words[512];

	if (km_record_set_words(kind, message, km_bytes_text(field), km_bytes_text(word), &right) ==
	    0) {
		return KM_EXIT_DONE;
	}
	if (known != NULL && known->kind == KM_RECORD_ENUM) {
		list_words(known->set, words, sizeof(words));
		(void)km_verb_fail("%s %s: one of %s is right", what, word, words);
	} else {
		(void)km_verb_fail("%s %s: %s", what, word, right);
	}
	return KM_EXIT_USAGE;
}

enum km_exit km_asking_fill(enum km_message_kind kind, void *message,
    const struct km_arguments *arguments, const struct km_asking_option *options)
{
	enum km_exit result = KM_EXIT_DONE;

	for (; result == KM_EXIT_DONE && options->option != NULL; options++) {
		const char *word = km_arguments_get(arguments, options->option);

		if (word != NULL) {
			result =
			    km_asking_set(kind, message, options->field, word, options->option);
		}
	}
	return result;
}

/* --- cameras by name --- */

struct search {
	const char *name;
	struct km_uuid found;
};

static void on_camera(void *context, enum km_message_kind kind, const void *record)
{
	struct search *search = context;
	const struct km_message_status_camera *camera = record;

	if (kind == KM_MESSAGE_status_camera && strcmp(camera->name, search->name) == 0) {
		search->found = camera->camera;
	}
}

enum km_exit km_asking_find_camera(
    const struct km_verb_context *context, const char *name, struct km_uuid *ret_id)
{
	struct km_message_status_get get = { 0 };
	struct search search = { .name = name };
	enum km_exit result =
	    km_asking_each(context, KM_MESSAGE_status_get, &get, on_camera, &search, NULL);

	if (result == KM_EXIT_DONE && km_uuid_is_nil(&search.found)) {
		return km_verb_fail("%s: no camera has this name", name);
	}
	*ret_id = search.found;
	return result;
}
