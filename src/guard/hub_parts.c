/* The programs of the recorder and the libraries that each runs with, on request. */
#include "guard/hub_requests.h"
#include "guard/parts.h"
#include "priv/loaded.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATUS_PATH "/var/lib/dpkg/status"
#define STATUS_MAX  ((size_t)32 * 1024 * 1024)
#define PARTS_MAX   512

struct listing {
	struct km_message_part *records; /* PARTS_MAX of them */
	struct km_part *parts;           /* the same places */
	size_t count;
	unsigned seen; /* roles, as bits: instances of one are alike */
};

static void add_program(struct listing *listing, const char *program)
{
	struct km_message_part *record = &listing->records[listing->count];

	if (listing->count < PARTS_MAX) {
		(void)snprintf(record->program, sizeof(record->program), "%s", program);
		(void)snprintf(record->name, sizeof(record->name), "%s", program);
		(void)snprintf(record->version, sizeof(record->version), "%s", KM_VERSION);
		listing->count++;
	}
}

/* libraries: the text of priv/loaded */
static void add_libraries(struct listing *listing, const char *program, const char *libraries)
{
	struct km_bytes rest = km_bytes_text(libraries);

	while (rest.size > 0 && listing->count < PARTS_MAX) {
		struct km_bytes version = km_bytes_line(&rest);
		struct km_bytes name = km_bytes_split(&version, ' ');
		struct km_message_part *record = &listing->records[listing->count];
		struct km_part *part = &listing->parts[listing->count];

		if (km_bytes_copy_text(name, record->name, sizeof(record->name)) < 0 ||
		    km_bytes_copy_text(version, record->version, sizeof(record->version)) < 0 ||
		    name.size == 0) {
			continue;
		}
		memcpy(part->name, record->name, sizeof(part->name));
		(void)snprintf(record->program, sizeof(record->program), "%s", program);
		listing->count++;
	}
}

static void on_child(void *context, struct km_process *child)
{
	struct listing *listing = context;
	char program[32];

	if ((listing->seen & (unsigned)child->role) != 0 || !child->is_ready) {
		return;
	}
	listing->seen |= (unsigned)child->role;
	(void)snprintf(program, sizeof(program), "komainu-%s", km_roles_name(child->role));
	add_program(listing, program);
	add_libraries(listing, program, child->libraries);
}

/* Without dpkg there are no packages: not an error. */
static void find_packages(struct listing *listing)
{
	struct km_buf status;
	ssize_t size = 1;
	int fd = open(STATUS_PATH, O_RDONLY | O_CLOEXEC);

	if (fd < 0) {
		return;
	}
	km_buf_init(&status, STATUS_MAX);
	while (size > 0 && km_buf_reserve(&status, 262144) == 0) {
		size = read(fd, status.data + status.size, 262144);
		status.size += size > 0 ? (size_t)size : 0;
	}
	(void)close(fd);
	km_parts_find(km_buf_view(&status), listing->parts, listing->count);
	km_buf_finish(&status);
	for (size_t i = 0; i < listing->count; i++) {
		struct km_message_part *record = &listing->records[i];

		memcpy(record->package, listing->parts[i].package, sizeof(record->package));
		memcpy(record->package_version, listing->parts[i].version,
		    sizeof(record->package_version));
		memcpy(record->architecture, listing->parts[i].architecture,
		    sizeof(record->architecture));
	}
}

int km_hub_request_part_list(struct km_hub_asking *asking, struct km_message_part_list *list)
{
	char libraries[sizeof(((struct km_message_ready *)NULL)->libraries)];
	struct listing listing = {
		.records = calloc(PARTS_MAX, sizeof(*listing.records)),
		.parts = calloc(PARTS_MAX, sizeof(*listing.parts)),
	};
	int err = listing.records == NULL || listing.parts == NULL ? KM_ERR_MEMORY : 0;

	(void)list;
	if (err == 0) {
		km_loaded_write(libraries, sizeof(libraries));
		add_program(&listing, "komainu");
		add_libraries(&listing, "komainu", libraries);
		km_children_each(asking->hub->children, on_child, &listing);
		find_packages(&listing);
	}
	for (size_t i = 0; err == 0 && i < listing.count; i++) {
		err = km_hub_requests_answer(asking, KM_MESSAGE_part, &listing.records[i]);
	}
	free(listing.records);
	free(listing.parts);
	return err;
}
