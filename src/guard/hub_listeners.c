#include "guard/hub_listeners.h"

#include "base/text.h"
#include "guard/alarms.h"
#include "guard/hub_auditor.h"
#include "guard/hub_requests.h"
#include "guard/journal.h"
#include "guard/listener_watch.h"
#include "guard/listeners.h"
#include "guard/users.h"
#include "model/states.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOK_US       KM_TIME_MINUTE_US
#define FIRST_LOOK_US (5 * KM_TIME_SECOND_US)
#define TABLE_MAX     ((size_t)8 * 1024 * 1024) /* bytes of one of the kernel's tables */
#define SOCKETS_MAX   65536
#define OWN_MAX       1100 /* processes of ours */
#define ALARMS_MAX    1000 /* open ones that are looked through */

/* A socket and who has it. owner -1: a program that is not ours. */
struct held {
	uint64_t inode;
	int owner;
};

struct own {
	enum km_role role;
	int pid;
	uid_t uid;
	bool is_hidden; /* its descriptors cannot be read */
};

/* One look. */
struct look {
	struct km_hub *hub;
	struct own own[OWN_MAX];
	size_t own_count;
	struct held *held;
	size_t held_count;
	bool has_hidden;        /* among ours */
	bool has_hidden_others; /* programs of the same users that we cannot look into */
	bool is_cut;            /* more sockets than SOCKETS_MAX */
	void (*on_listener)(void *context, const struct km_message_listener *record);
	void *context;
};

struct km_hub_listeners {
	struct km_hub *hub;
	struct km_timer *timer;
	uint32_t unexpected;
	uint32_t unsure;
	bool has_looked; /* and saw everything */
	struct km_listener_watch watch;
};

/* --- who has which socket --- */

static void add_held(struct look *look, uint64_t inode, int owner)
{
	if (look->held_count < SOCKETS_MAX) {
		look->held[look->held_count++] = (struct held){ .inode = inode, .owner = owner };
	} else {
		look->is_cut = true;
	}
}

/* The sockets of a process. KM_ERR_DENIED: we may not look. */
static int read_descriptors(struct look *look, int pid, int owner)
{
	char path[64];
	char target[64];
	DIR *directory = NULL;
	struct dirent *entry = NULL;
	uint64_t inode = 0;
	bool is_denied = false;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	directory = opendir(path);
	if (directory == NULL) {
		return KM_ERR_DENIED;
	}
	for (entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
		ssize_t size = readlinkat(dirfd(directory), entry->d_name, target, sizeof(target));

		/* Root without the right to trace sees their numbers, but not what they are. */
		is_denied = is_denied || (size < 0 && errno == EACCES);
		if (size > 0 &&
		    km_listeners_parse_link(km_bytes_from(target, (size_t)size), &inode) == 0) {
			add_held(look, inode, owner);
		}
	}
	(void)closedir(directory);
	return is_denied ? KM_ERR_DENIED : 0;
}

static void add_own(struct look *look, enum km_role role, int pid)
{
	struct own *own = &look->own[look->own_count];
	gid_t gid = 0;

	if (pid == 0 || look->own_count >= OWN_MAX) {
		return;
	}
	*own = (struct own){ .role = role, .pid = pid };
	km_users_of(role, &own->uid, &gid);
	if (own->uid == 0) {
		own->uid = geteuid();
	}
	own->is_hidden = read_descriptors(look, pid, (int)look->own_count) < 0;
	look->has_hidden = look->has_hidden || own->is_hidden;
	look->own_count++;
}

static void on_child(void *context, struct km_process *child)
{
	add_own(context, child->role, child->pid);
}

/* Our process that hides and has this user. -1: none. */
static int find_hidden(const struct look *look, uid_t uid)
{
	for (size_t i = 0; i < look->own_count; i++) {
		if (look->own[i].is_hidden && look->own[i].uid == uid) {
			return (int)i;
		}
	}
	return -1;
}

static bool is_ours(const struct look *look, int pid)
{
	for (size_t i = 0; i < look->own_count; i++) {
		if (look->own[i].pid == pid) {
			return true;
		}
	}
	return false;
}

/* The effective user of a process; false if it has gone. */
static bool read_uid(int pid, uid_t *ret_uid)
{
	char path[64];
	char text[2048];
	struct km_bytes rest = { 0 };
	uint32_t uid = 0;
	ssize_t size = 0;
	int fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	size = fd < 0 ? -1 : read(fd, text, sizeof(text));
	if (fd >= 0) {
		(void)close(fd);
	}
	rest = km_bytes_from(text, size < 0 ? 0 : (size_t)size);
	while (rest.size > 0) {
		struct km_bytes line = km_bytes_line(&rest);

		/* "Uid:	real	effective	saved	file system" */
		if (km_bytes_has_prefix(line, KM_BYTES("Uid:\t"))) {
			(void)km_bytes_split(&line, '\t');
			(void)km_bytes_split(&line, '\t');
			if (km_bytes_parse_u32(km_bytes_split(&line, '\t'), UINT32_MAX, &uid) ==
			    0) {
				*ret_uid = uid;
				return true;
			}
		}
	}
	return false;
}

/* Other programs of the users of those of ours that hide: what they have is not ours. */
static void read_others(struct look *look)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry = NULL;
	uint32_t pid = 0;
	uid_t uid = 0;

	if (directory == NULL) {
		look->has_hidden_others = true;
		return;
	}
	for (entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
		if (km_bytes_parse_u32(km_bytes_text(entry->d_name), INT32_MAX, &pid) < 0 ||
		    is_ours(look, (int)pid) || !read_uid((int)pid, &uid) ||
		    find_hidden(look, uid) < 0) {
			continue;
		}
		if (read_descriptors(look, (int)pid, -1) < 0) {
			look->has_hidden_others = true;
		}
	}
	(void)closedir(directory);
}

static const struct held *find_held(const struct look *look, uint64_t inode)
{
	for (size_t i = 0; i < look->held_count; i++) {
		if (look->held[i].inode == inode) {
			return &look->held[i];
		}
	}
	return NULL;
}

/* --- what should be there --- */

/* Whether the text of port numbers has it, or the one before it (RTCP). */
static bool has_port(const char *ports, uint16_t port)
{
	struct km_bytes rest = km_bytes_text(ports);
	uint32_t number = 0;

	while (rest.size > 0) {
		if (km_bytes_parse_u32(km_bytes_split(&rest, ' '), UINT16_MAX, &number) == 0 &&
		    (port == number || port == number + 1)) {
			return true;
		}
	}
	return false;
}

static bool is_media(
    const struct km_hub *hub, const struct km_listener *listener, char *ret_reason, size_t size)
{
	for (size_t i = 0; i < hub->camera_count; i++) {
		const struct km_hub_camera *camera = hub->cameras[i];

		if (has_port(camera->received.ports, listener->port)) {
			(void)snprintf(ret_reason, size, "%s of camera %s over UDP",
			    listener->port % 2 == 0 ? "RTP" : "RTCP", camera->entry.name);
			return true;
		}
	}
	/* Its receiver tells the ports only with its next report. */
	for (size_t i = 0; i < hub->camera_count; i++) {
		const struct km_hub_camera *camera = hub->cameras[i];

		if (camera->receiver != NULL && camera->entry.transport == KM_TRANSPORT_UDP &&
		    camera->received.ports[0] == '\0') {
			(void)snprintf(ret_reason, size, "%s of a camera that is being connected",
			    listener->port % 2 == 0 ? "RTP" : "RTCP");
			return true;
		}
	}
	return false;
}

/* Whether two texts are the same address, however it is written. */
static bool is_same_host(const char *a, const char *b)
{
	struct in6_addr first = { 0 };
	struct in6_addr second = { 0 };
	int family = strchr(a, ':') == NULL ? AF_INET : AF_INET6;

	return inet_pton(family, a, &first) == 1 && inet_pton(family, b, &second) == 1 &&
	       memcmp(&first, &second, sizeof(first)) == 0;
}

/* Whether it is the socket of guard/control: its name is escaped, as listeners does. */
static bool is_control(const struct km_hub *hub, const struct km_listener *listener)
{
	char path[KM_HUB_PATH_SIZE + 32];
	uint8_t storage[5 * sizeof(path)];
	struct km_buf escaped;
	size_t size = strlen(listener->address);

	(void)snprintf(path, sizeof(path), "%s/control.sock", hub->state_directory);
	km_buf_init_fixed(&escaped, storage, sizeof(storage));
	km_text_add_escaped(&escaped, km_bytes_text(path), sizeof(storage));
	return listener->table == KM_LISTENERS_UNIX && size > 0 &&
	       km_bytes_is_equal(km_buf_view(&escaped), km_bytes_from(listener->address, size));
}

static bool is_expected(const struct km_hub *hub, const struct km_listener *listener,
    enum km_role role, char *ret_reason, size_t size)
{
	bool is_tcp = listener->table == KM_LISTENERS_TCP || listener->table == KM_LISTENERS_TCP6;

	if (role == KM_ROLE_WEB && is_tcp && listener->port == hub->options.listen_port &&
	    is_same_host(listener->host, hub->options.listen_address)) {
		(void)snprintf(ret_reason, size, "HTTPS: the page and the API");
		return true;
	}
	if (role == KM_ROLE_GUARD && is_control(hub, listener)) {
		(void)snprintf(ret_reason, size, "the command line, for root and the own user");
		return true;
	}
	if (role == KM_ROLE_AUDITOR && !is_tcp && listener->table != KM_LISTENERS_UNIX &&
	    km_hub_auditor_is_running(hub)) {
		(void)snprintf(
		    ret_reason, size, "answers of a camera that is being audited, over UDP");
		return true;
	}
	return role == KM_ROLE_RECEIVER && !is_tcp && listener->table != KM_LISTENERS_UNIX &&
	       is_media(hub, listener, ret_reason, size);
}

static void tell(struct look *look, const struct km_listener *listener, const struct own *own,
    bool is_held, const char *reason)
{
	struct km_message_listener record = { .pid = is_held ? own->pid : 0 };
	bool is_sure = is_held || !look->has_hidden_others;

	if (reason != NULL) {
		record.verdict = KM_LISTENER_EXPECTED;
	} else if (is_sure) {
		record.verdict = KM_LISTENER_UNEXPECTED;
		reason = "nothing of the recorder should listen here";
	} else {
		record.verdict = KM_LISTENER_UNSURE;
		reason = "the same user's, perhaps another program's";
	}
	(void)snprintf(record.reason, sizeof(record.reason), "%s", reason);
	(void)snprintf(
	    record.protocol, sizeof(record.protocol), "%s", km_listeners_name(listener->table));
	(void)snprintf(record.address, sizeof(record.address), "%s", listener->address);
	(void)snprintf(record.role, sizeof(record.role), "%s", km_roles_name(own->role));
	look->on_listener(look->context, &record);
}

/* Of those of ours that hide and have its user, the one that should have it, else the first. */
static void judge_by_user(struct look *look, const struct km_listener *listener)
{
	char reason[sizeof(((struct km_message_listener *)NULL)->reason)];
	int first = find_hidden(look, listener->uid);

	if (first < 0) {
		return;
	}
	for (size_t i = (size_t)first; i < look->own_count; i++) {
		const struct own *own = &look->own[i];

		if (own->is_hidden && own->uid == listener->uid &&
		    is_expected(look->hub, listener, own->role, reason, sizeof(reason))) {
			tell(look, listener, own, false, reason);
			return;
		}
	}
	tell(look, listener, &look->own[first], false, NULL);
}

static void judge(struct look *look, const struct km_listener *listener)
{
	char reason[sizeof(((struct km_message_listener *)NULL)->reason)];
	const struct held *held = find_held(look, listener->inode);

	if (held == NULL) {
		if (listener->has_uid) {
			judge_by_user(look, listener);
		}
	} else if (held->owner >= 0) {
		const struct own *own = &look->own[held->owner];
		bool is_right = is_expected(look->hub, listener, own->role, reason, sizeof(reason));

		tell(look, listener, own, true, is_right ? reason : NULL);
	}
}

/*
 * The whole table; it may change while it is read, so what is missed now is seen at the next look.
 * KM_ERR_NOT_FOUND: this kernel has none (no IPv6, for one).
 */
static int read_table(enum km_listeners_table table, struct km_buf *text)
{
	char path[64];
	ssize_t size = 1;
	int fd = -1;

	(void)snprintf(path, sizeof(path), "/proc/self/net/%s", km_listeners_name(table));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return errno == ENOENT ? KM_ERR_NOT_FOUND : KM_ERR_SYS;
	}
	while (size > 0 && km_buf_reserve(text, 65536) == 0) {
		size = read(fd, text->data + text->size, 65536);
		text->size += size > 0 ? (size_t)size : 0;
	}
	(void)close(fd);
	return size < 0 ? KM_ERR_SYS : km_buf_error(text);
}

static int look_around(struct km_hub *hub,
    void (*on_listener)(void *context, const struct km_message_listener *record), void *context)
{
	struct look *look = calloc(1, sizeof(*look));
	struct km_listener listener;
	struct km_buf text;
	int err = 0;

	if (look == NULL) {
		return KM_ERR_MEMORY;
	}
	*look = (struct look){ .hub = hub, .on_listener = on_listener, .context = context };
	look->held = calloc(SOCKETS_MAX, sizeof(*look->held));
	if (look->held == NULL) {
		free(look);
		return KM_ERR_MEMORY;
	}
	add_own(look, KM_ROLE_GUARD, getpid());
	km_children_each(hub->children, on_child, look);
	if (look->has_hidden) {
		read_others(look);
	}
	km_buf_init(&text, TABLE_MAX);
	for (int table = 0; table < KM_LISTENERS_TABLES; table++) {
		struct km_bytes rest = { 0 };
		int read_err = 0;

		km_buf_clear(&text);
		read_err = read_table((enum km_listeners_table)table, &text);
		if (read_err < 0 && read_err != KM_ERR_NOT_FOUND) {
			err = read_err;
		}
		rest = km_buf_view(&text);
		while (rest.size > 0) {
			if (km_listeners_parse((enum km_listeners_table)table, km_bytes_line(&rest),
				&listener) == 0) {
				judge(look, &listener);
			}
		}
	}
	if (err == 0 && look->is_cut) {
		err = KM_ERR_LIMIT;
	}
	km_buf_finish(&text);
	free(look->held);
	free(look);
	return err;
}

/* --- each minute --- */

static void on_found(void *context, const struct km_message_listener *record)
{
	struct km_hub_listeners *listeners = context;
	struct km_hub *hub = listeners->hub;
	char name[KM_LISTENER_WATCH_NAME_SIZE];

	listeners->unsure += record->verdict == KM_LISTENER_UNSURE ? 1 : 0;
	if (record->verdict != KM_LISTENER_UNEXPECTED) {
		return;
	}
	listeners->unexpected++;
	km_listener_watch_name(record->protocol, record->address, name);
	if (km_listener_watch_see(&listeners->watch, name)) {
		KM_LOG(hub->log, KM_LOG_ERROR, "listener-unexpected",
		    km_log_text("protocol", record->protocol),
		    km_log_text("address", record->address), km_log_text("role", record->role));
		km_journal_note(hub->database, KM_EVENT_LISTENER_UNEXPECTED, NULL, NULL, "%s of %s",
		    name, record->role);
	}
}

static void on_gone(void *context, const char *name)
{
	struct km_hub *hub = context;

	KM_LOG(hub->log, KM_LOG_NOTICE, "listener-gone", km_log_text("which", name));
	km_journal_note(hub->database, KM_EVENT_LISTENER_GONE, NULL, NULL, "%s", name);
}

static void on_look(void *context)
{
	struct km_hub_listeners *listeners = context;

	listeners->unexpected = 0;
	listeners->unsure = 0;
	km_listener_watch_begin(&listeners->watch);
	listeners->has_looked = look_around(listeners->hub, on_found, listeners) == 0;
	/* Only a look that saw everything shows that something has gone. */
	if (listeners->has_looked) {
		km_listener_watch_end(&listeners->watch, on_gone, listeners->hub);
	}
}

/* What was told before a restart of the recorder: it is not new, and may have gone meanwhile. */
static int on_told(void *context, struct km_message_alarm *alarm)
{
	struct km_hub_listeners *listeners = context;

	if (alarm->kind == KM_ALARM_LISTENER) {
		(void)km_listener_watch_see(&listeners->watch, alarm->subject);
	}
	return 0;
}

int km_hub_listeners_create(struct km_hub *hub, struct km_hub_listeners **ret_listeners)
{
	struct km_hub_listeners *listeners = calloc(1, sizeof(*listeners));
	int err = 0;

	if (listeners == NULL) {
		return KM_ERR_MEMORY;
	}
	listeners->hub = hub;
	err = km_alarms_each(hub->database, true, 0, ALARMS_MAX, on_told, listeners);
	if (err == 0) {
		err = km_timer_create(hub->loop, on_look, listeners, &listeners->timer);
	}
	if (err < 0) {
		free(listeners);
		return err;
	}
	km_timer_start(listeners->timer, FIRST_LOOK_US, LOOK_US);
	*ret_listeners = listeners;
	return 0;
}

void km_hub_listeners_destroy(struct km_hub_listeners *listeners)
{
	if (listeners != NULL) {
		km_timer_destroy(listeners->timer);
		free(listeners);
	}
}

uint32_t km_hub_listeners_unexpected(const struct km_hub *hub)
{
	return hub->listeners->unexpected;
}

const char *km_hub_listeners_why_unsure(const struct km_hub *hub)
{
	return !hub->listeners->has_looked  ? "the sockets were not all looked at"
	       : hub->listeners->unsure > 0 ? "sockets of the same user may be another program's"
					    : NULL;
}

/* --- on request --- */

static void on_answer(void *context, const struct km_message_listener *record)
{
	struct km_message_listener copy = *record;

	km_hub_requests_answer(context, KM_MESSAGE_listener, &copy);
}

int km_hub_request_listener_list(
    struct km_hub_asking *asking, struct km_message_listener_list *list)
{
	(void)list;
	on_look(asking->hub->listeners);
	return look_around(asking->hub, on_answer, asking);
}
