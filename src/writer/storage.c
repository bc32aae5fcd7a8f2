#include "writer/storage.h"

#include "base/text.h"
#include "base/time.h"
#include "io/clock.h"
#include "model/events.h"
#include "model/states.h"
#include "writer/gather.h"
#include "writer/mailbox.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define TICK_US         (KM_TIME_SECOND_US / 4)
#define STATE_US        KM_TIME_SECOND_US
#define KEY_RETRY_US    (5 * KM_TIME_SECOND_US)
#define KEY_PATIENCE_US (10 * KM_TIME_SECOND_US) /* for one key during recovery */
#define OPEN_RETRY_US   (5 * KM_TIME_SECOND_US)
#define FLUSH_ROUNDS    4
#define CAMERAS_MAX     1024
#define ORDERS_MAX      8192
#define MESSAGES_MAX    8192
#define MESSAGE_BYTES   1024 /* the largest that is sent from here */

enum order_kind {
	ORDER_ADD,
	ORDER_REMOVE,
	ORDER_RING,
	ORDER_KEY,
	ORDER_STOP,
};

struct order {
	struct km_mailbox_item item;
	enum order_kind kind;
	union {
		struct km_message_stream_add add;
		struct km_message_camera_remove remove;
		struct km_message_key_reply key;
		struct {
			struct km_message_ring_open open;
			struct km_ring *ring;
		} ring;
	} as;
};

struct message {
	struct km_mailbox_item item;
	size_t size;
	uint8_t bytes[];
};

/* One camera, known to this thread. */
struct camera {
	struct km_uuid id;
	struct km_message_stream_add add;
	struct km_recorder_stream *stream;
	struct km_gather *gather;
	int64_t key_asked_us; /* monotonic; 0: no request is under way */
	struct km_recorder_stream_state told;
	bool is_told;
	bool is_off;
	bool is_refused;      /* the recorder does not take it now */
	struct km_ring *ring; /* until there is a gather */
	uint64_t generation;
};

struct km_storage {
	struct km_message_writer_start start;
	struct km_mailbox *orders;
	struct km_mailbox *messages;
	int event_fd;
	pthread_t thread;
	bool has_thread;
	atomic_bool is_ended;

	/* From here on: the thread's own. */
	struct km_recorder *recorder;
	struct km_gather_room *room;
	struct camera *cameras[CAMERAS_MAX];
	size_t camera_count;
	uint32_t request; /* number of the last one asked */
	bool is_stopping;
	int64_t next_state_us;
	struct km_recorder_state told;
	bool is_told;
};

/* --- messages to guard --- */

/* A message that finds no place is lost: states come again, keys are asked for again. */
static void post(struct km_storage *storage, enum km_message_kind kind, const void *content)
{
	struct message *message = malloc(sizeof(*message) + MESSAGE_BYTES);
	uint64_t one = 1;
	struct km_buf buf;

	if (message == NULL) {
		return;
	}
	km_buf_init_fixed(&buf, message->bytes, MESSAGE_BYTES);
	if (km_messages_pack(kind, content, &buf) < 0) {
		free(message);
		return;
	}
	message->size = buf.size;
	if (km_mailbox_put(storage->messages, &message->item) < 0) {
		free(message);
		return;
	}
	(void)!write(storage->event_fd, &one, sizeof(one));
}

static void post_event(
    void *context, unsigned number, const struct km_uuid *camera, const char *text)
{
	struct km_message_event event = { .event = (uint16_t)number,
		.unix_us = km_clock_unix_us() };
	struct km_bytes shown = km_bytes_text(text);

	if (camera != NULL) {
		event.camera = *camera;
	}
	shown = km_bytes_slice(shown, 0, sizeof(event.text) - 1);
	if (!km_text_is_clean_utf8(shown) ||
	    km_bytes_copy_text(shown, event.text, sizeof(event.text)) < 0) {
		event.text[0] = '\0';
	}
	post(context, KM_MESSAGE_event, &event);
}

static void ask_for_key(struct km_storage *storage, struct camera *camera, int32_t day)
{
	struct km_message_key_request request = {
		.request = ++storage->request, .camera = camera->id, .day = day
	};

	camera->key_asked_us = km_clock_monotonic_us();
	post(storage, KM_MESSAGE_key_request, &request);
}

static void tell_stream(struct km_storage *storage, struct camera *camera)
{
	struct km_recorder_stream_state now;
	struct km_message_stream_state message;

	if (camera->stream == NULL) {
		return;
	}
	km_recorder_stream_describe(camera->stream, &now);
	if (camera->is_told && memcmp(&now, &camera->told, sizeof(now)) == 0) {
		return;
	}
	camera->told = now;
	camera->is_told = true;
	message = (struct km_message_stream_state){ .camera = camera->id,
		.frames = now.frames,
		.bytes = now.bytes,
		.gaps = now.gaps,
		.lost = now.lost,
		.last_unix_us = now.last_us,
		.kept_bytes = now.kept_bytes,
		.oldest_unix_us = now.oldest_us };
	post(storage, KM_MESSAGE_stream_state, &message);
}

static void tell_storage(struct km_storage *storage, const struct km_recorder_state *now)
{
	struct km_message_storage_state message = { .state = (uint8_t)now->state,
		.total_bytes = now->total_bytes,
		.free_bytes = now->free_bytes,
		.kept_bytes = now->kept_bytes };

	if (storage->is_told && memcmp(now, &storage->told, sizeof(*now)) == 0) {
		return;
	}
	storage->told = *now;
	storage->is_told = true;
	(void)snprintf(message.error, sizeof(message.error), "%s", now->error);
	post(storage, KM_MESSAGE_storage_state, &message);
}

/* --- keys --- */

static bool read_material(const struct km_message_key_reply *reply, struct km_secret *ret_key)
{
	return reply->err == 0 && km_text_parse_hex(km_bytes_text(reply->material), ret_key->bytes,
				      sizeof(ret_key->bytes)) == 0;
}

static void free_order(struct order *order)
{
	if (order->kind == ORDER_RING) {
		km_ring_destroy(order->as.ring.ring);
	}
	explicit_bzero(order, sizeof(*order));
	free(order);
}

static bool is_answer(void *context, const struct km_mailbox_item *item)
{
	const struct order *order = (const struct order *)(const void *)item;
	const uint32_t *request = context;

	return order->kind == ORDER_STOP ||
	       (order->kind == ORDER_KEY && order->as.key.request == *request);
}

/* A key for recovery: asks guard and waits, while other orders queue up. */
static int find_key(void *context, const struct km_uuid *id, uint8_t *ret_key)
{
	struct km_storage *storage = context;
	struct km_message_key_open open = { .request = ++storage->request, .key = *id };
	struct order *order = NULL;
	struct km_secret key;
	int err = KM_ERR_AGAIN;

	if (storage->is_stopping) {
		return KM_ERR_AGAIN;
	}
	post(storage, KM_MESSAGE_key_open, &open);
	order = (struct order *)(void *)km_mailbox_take_wanted(
	    storage->orders, km_clock_monotonic_us() + KEY_PATIENCE_US, is_answer, &open.request);
	if (order == NULL) {
		return KM_ERR_AGAIN;
	}
	if (order->kind == ORDER_STOP) {
		storage->is_stopping = true;
	} else if (read_material(&order->as.key, &key)) {
		memcpy(ret_key, key.bytes, sizeof(key.bytes));
		err = 0;
	} else {
		err = order->as.key.err == KM_ERR_NOT_FOUND ? KM_ERR_NOT_FOUND : KM_ERR_AGAIN;
	}
	km_secret_wipe(&key);
	free_order(order);
	return err;
}

/* --- orders --- */

static struct camera *find_camera(struct km_storage *storage, const struct km_uuid *id)
{
	for (size_t i = 0; i < storage->camera_count; i++) {
		if (km_uuid_is_equal(&storage->cameras[i]->id, id)) {
			return storage->cameras[i];
		}
	}
	return NULL;
}

/*
 * Give a camera its stream, if it has none yet. A full or failing disk can refuse that for a while;
 * its newest ring is kept meanwhile.
 */
static void connect_camera(struct km_storage *storage, struct camera *camera)
{
	int err = 0;

	if (camera->gather != NULL) {
		return;
	}
	err = km_recorder_stream_add(storage->recorder, &camera->id, camera->add.retain_us,
	    camera->add.retain_bytes, &camera->stream);
	if (err == 0) {
		err = km_gather_create(
		    storage->recorder, camera->stream, storage->room, &camera->gather);
	}
	if (err < 0) {
		if (!camera->is_refused) {
			post_event(
			    storage, KM_EVENT_STORAGE_FAILED, &camera->id, km_error_text(err));
		}
		camera->is_refused = true;
		return;
	}
	camera->is_refused = false;
	if (camera->ring != NULL) {
		km_gather_add_ring(camera->gather, camera->ring, camera->generation);
		camera->ring = NULL;
	}
}

static void add_stream(struct km_storage *storage, const struct km_message_stream_add *add)
{
	struct camera *camera = find_camera(storage, &add->camera);

	if (camera == NULL) {
		camera = storage->camera_count == CAMERAS_MAX ? NULL : calloc(1, sizeof(*camera));
		if (camera == NULL) {
			post_event(storage, KM_EVENT_STORAGE_FAILED, &add->camera,
			    km_error_text(KM_ERR_LIMIT));
			return;
		}
		camera->id = add->camera;
		storage->cameras[storage->camera_count++] = camera;
	}
	camera->add = *add;
	camera->is_off = false;
	if (camera->gather == NULL) {
		connect_camera(storage, camera);
	} else {
		/* It is known, so this only sets its limits. */
		(void)!km_recorder_stream_add(storage->recorder, &add->camera, add->retain_us,
		    add->retain_bytes, &camera->stream);
	}
}

static void take_key(struct km_storage *storage, const struct km_message_key_reply *reply)
{
	struct camera *camera = find_camera(storage, &reply->camera);
	struct km_secret key;

	if (camera == NULL || camera->stream == NULL) {
		return;
	}
	/* A refused key is asked for again after a while: key_asked_us stays. */
	if (read_material(reply, &key)) {
		km_recorder_set_key(camera->stream, &reply->key, reply->day, &key);
		camera->key_asked_us = 0;
	}
	km_secret_wipe(&key);
}

static void take_ring(struct km_storage *storage, struct order *order)
{
	struct camera *camera = find_camera(storage, &order->as.ring.open.camera);

	if (camera == NULL || camera->is_off) {
		return;
	}
	if (camera->gather != NULL) {
		km_gather_add_ring(
		    camera->gather, order->as.ring.ring, order->as.ring.open.generation);
	} else {
		km_ring_destroy(camera->ring);
		camera->ring = order->as.ring.ring;
		camera->generation = order->as.ring.open.generation;
	}
	order->as.ring.ring = NULL;
}

static void switch_off(struct camera *camera)
{
	if (camera->gather != NULL) {
		km_gather_stop(camera->gather, km_clock_monotonic_us());
	}
	km_ring_destroy(camera->ring);
	camera->ring = NULL;
	camera->is_off = true;
}

static void take_order(struct km_storage *storage, struct order *order)
{
	struct camera *camera = NULL;

	switch (order->kind) {
	case ORDER_ADD:
		add_stream(storage, &order->as.add);
		break;
	case ORDER_REMOVE:
		camera = find_camera(storage, &order->as.remove.camera);
		if (camera != NULL) {
			switch_off(camera);
		}
		break;
	case ORDER_RING:
		take_ring(storage, order);
		break;
	case ORDER_KEY:
		take_key(storage, &order->as.key);
		break;
	case ORDER_STOP:
		storage->is_stopping = true;
		break;
	}
	free_order(order);
}

/* All orders that come until the next tick. */
static void take_orders(struct km_storage *storage, int64_t until_us)
{
	struct km_mailbox_item *item = km_mailbox_take(storage->orders, until_us);

	while (item != NULL) {
		take_order(storage, (struct order *)(void *)item);
		item = km_mailbox_take(storage->orders, storage->is_stopping ? 0 : until_us);
	}
}

/* --- the work --- */

static void need_key(struct km_storage *storage, struct camera *camera, int64_t now_us)
{
	int32_t day = 0;

	if (camera->is_off || !km_recorder_wants_key(camera->stream, km_clock_unix_us(), &day)) {
		return;
	}
	if (camera->key_asked_us == 0 || now_us - camera->key_asked_us > KEY_RETRY_US) {
		ask_for_key(storage, camera, day);
	}
}

static void tick(struct km_storage *storage, int64_t now_us)
{
	struct km_recorder_state state;

	for (size_t i = 0; i < storage->camera_count; i++) {
		struct camera *camera = storage->cameras[i];

		if (camera->gather != NULL) {
			need_key(storage, camera, now_us);
			km_gather_tick(camera->gather, now_us);
		}
	}
	km_recorder_tick(storage->recorder, now_us, km_clock_unix_us());
	if (now_us >= storage->next_state_us) {
		storage->next_state_us = now_us + STATE_US;
		for (size_t i = 0; i < storage->camera_count; i++) {
			connect_camera(storage, storage->cameras[i]);
			tell_stream(storage, storage->cameras[i]);
		}
		km_recorder_describe(storage->recorder, &state);
		tell_storage(storage, &state);
	}
}

/* Open the recorder, however often that takes: a disk may come back. */
static bool open_recorder(struct km_storage *storage)
{
	struct km_recorder_options options = { .root = storage->start.root,
		.index = storage->start.index,
		.segment_us = storage->start.segment_us,
		.segment_bytes_max = storage->start.segment_bytes_max,
		.sync_us = storage->start.sync_us,
		.retain_bytes = storage->start.retain_bytes,
		.free_bytes_min = storage->start.free_bytes_min,
		.syncs_aside = true,
		.find_key = find_key,
		.on_event = post_event,
		.context = storage };
	struct km_recorder_state failed = { .state = KM_STORAGE_FAILED };

	while (!storage->is_stopping) {
		int err = km_recorder_open(&options, &storage->recorder);
		struct order *order = NULL;
		uint32_t none = 0; /* a request that was never made */

		if (err == 0) {
			return true;
		}
		(void)snprintf(failed.error, sizeof(failed.error), "cannot open the store: %s%s%s",
		    km_error_text(err), err == KM_ERR_SYS ? ": " : "",
		    err == KM_ERR_SYS ? strerror(errno) : "");
		tell_storage(storage, &failed);
		order = (struct order *)(void *)km_mailbox_take_wanted(
		    storage->orders, km_clock_monotonic_us() + OPEN_RETRY_US, is_answer, &none);
		if (order != NULL) {
			storage->is_stopping = order->kind == ORDER_STOP;
			free_order(order);
		}
	}
	return false;
}

/* What fails now is tried again at once, as the rings will be gone. */
static void store_rest(struct km_storage *storage)
{
	for (int round = 0; round < FLUSH_ROUNDS; round++) {
		int64_t now_us = km_clock_monotonic_us();
		bool is_done = true;

		km_recorder_hurry(storage->recorder);
		for (size_t i = 0; i < storage->camera_count; i++) {
			struct km_gather *gather = storage->cameras[i]->gather;

			is_done = (gather == NULL || km_gather_flush(gather, now_us)) && is_done;
		}
		if (km_recorder_sync(storage->recorder) == 0 && is_done) {
			return;
		}
	}
}

static void finish(struct km_storage *storage)
{
	if (storage->recorder != NULL) {
		store_rest(storage);
		for (size_t i = 0; i < storage->camera_count; i++) {
			tell_stream(storage, storage->cameras[i]);
		}
	}
	km_recorder_close(storage->recorder);
	for (size_t i = 0; i < storage->camera_count; i++) {
		km_gather_destroy(storage->cameras[i]->gather);
		km_ring_destroy(storage->cameras[i]->ring);
		free(storage->cameras[i]);
	}
	storage->camera_count = 0;
}

static void *run(void *context)
{
	struct km_storage *storage = context;
	uint64_t one = 1;

	if (open_recorder(storage)) {
		int64_t next_us = km_clock_monotonic_us();

		while (!storage->is_stopping) {
			int64_t now_us = 0;

			take_orders(storage, next_us);
			now_us = km_clock_monotonic_us();
			if (now_us >= next_us) {
				tick(storage, now_us);
				next_us = now_us + TICK_US;
			}
		}
	}
	finish(storage);
	atomic_store(&storage->is_ended, true);
	(void)!write(storage->event_fd, &one, sizeof(one));
	return NULL;
}

/* --- the main thread's side --- */

static int start_thread(struct km_storage *storage)
{
	sigset_t all;
	sigset_t before;
	int failed = 0;

	/* Signals are the main thread's. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	failed = pthread_create(&storage->thread, NULL, run, storage);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (failed != 0) {
		errno = failed;
		return KM_ERR_SYS;
	}
	storage->has_thread = true;
	return 0;
}

int km_storage_create(const struct km_message_writer_start *start, struct km_storage **ret_storage)
{
	struct km_storage *storage = calloc(1, sizeof(*storage));
	int err = 0;

	if (storage == NULL) {
		return KM_ERR_MEMORY;
	}
	storage->start = *start;
	storage->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	storage->room = calloc(1, sizeof(*storage->room));
	err = storage->event_fd < 0 ? KM_ERR_SYS : storage->room == NULL ? KM_ERR_MEMORY : 0;
	if (err == 0) {
		err = km_mailbox_create(ORDERS_MAX, &storage->orders);
	}
	if (err == 0) {
		err = km_mailbox_create(MESSAGES_MAX, &storage->messages);
	}
	if (err == 0) {
		err = start_thread(storage);
	}
	if (err < 0) {
		km_storage_destroy(storage);
		return err;
	}
	*ret_storage = storage;
	return 0;
}

static void empty(struct km_storage *storage)
{
	struct km_mailbox_item *item = NULL;

	while (storage->orders != NULL && (item = km_mailbox_take(storage->orders, 0)) != NULL) {
		free_order((struct order *)(void *)item);
	}
	while (
	    storage->messages != NULL && (item = km_mailbox_take(storage->messages, 0)) != NULL) {
		free(item);
	}
}

void km_storage_destroy(struct km_storage *storage)
{
	if (storage == NULL) {
		return;
	}
	if (storage->has_thread) {
		km_storage_stop(storage);
		(void)pthread_join(storage->thread, NULL);
	}
	empty(storage);
	km_mailbox_destroy(storage->orders);
	km_mailbox_destroy(storage->messages);
	if (storage->event_fd >= 0) {
		(void)close(storage->event_fd);
	}
	free(storage->room);
	free(storage);
}

static int give(struct km_storage *storage, struct order *order)
{
	int err = km_mailbox_put(storage->orders, &order->item);

	if (err < 0) {
		free_order(order);
	}
	return err;
}

static struct order *new_order(enum order_kind kind)
{
	struct order *order = calloc(1, sizeof(*order));

	if (order != NULL) {
		order->kind = kind;
	}
	return order;
}

int km_storage_add_stream(struct km_storage *storage, const struct km_message_stream_add *add)
{
	struct order *order = new_order(ORDER_ADD);

	if (order == NULL) {
		return KM_ERR_MEMORY;
	}
	order->as.add = *add;
	return give(storage, order);
}

int km_storage_remove_camera(
    struct km_storage *storage, const struct km_message_camera_remove *remove)
{
	struct order *order = new_order(ORDER_REMOVE);

	if (order == NULL) {
		return KM_ERR_MEMORY;
	}
	order->as.remove = *remove;
	return give(storage, order);
}

int km_storage_give_key(struct km_storage *storage, const struct km_message_key_reply *reply)
{
	struct order *order = new_order(ORDER_KEY);

	if (order == NULL) {
		return KM_ERR_MEMORY;
	}
	order->as.key = *reply;
	return give(storage, order);
}

int km_storage_open_ring(
    struct km_storage *storage, const struct km_message_ring_open *open, struct km_ring *ring)
{
	struct order *order = new_order(ORDER_RING);

	if (order == NULL) {
		km_ring_destroy(ring);
		return KM_ERR_MEMORY;
	}
	order->as.ring.open = *open;
	order->as.ring.ring = ring;
	return give(storage, order);
}

void km_storage_stop(struct km_storage *storage)
{
	struct order *order = new_order(ORDER_STOP);

	/* Without memory for this, the process ends by being killed, and recovery follows. */
	if (order != NULL) {
		(void)!give(storage, order);
	}
}

bool km_storage_is_ended(const struct km_storage *storage)
{
	return atomic_load(&storage->is_ended);
}

int km_storage_event_fd(const struct km_storage *storage)
{
	return storage->event_fd;
}

void km_storage_fetch(struct km_storage *storage,
    void (*on_message)(void *context, struct km_bytes packed), void *context)
{
	struct km_mailbox_item *item = NULL;
	uint64_t count = 0;

	(void)!read(storage->event_fd, &count, sizeof(count));
	while ((item = km_mailbox_take(storage->messages, 0)) != NULL) {
		struct message *message = (struct message *)(void *)item;

		on_message(context, km_bytes_from(message->bytes, message->size));
		free(message);
	}
}
