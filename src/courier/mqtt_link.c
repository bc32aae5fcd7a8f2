#include "courier/mqtt_link.h"

#include "base/text.h"
#include "base/time.h"
#include "courier/trust.h"
#include "io/clock.h"
#include "io/work.h"
#include "proto/service_url.h"

#include <errno.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TICK_US        (KM_TIME_SECOND_US / 5)
#define CONNECT_US     (20 * KM_TIME_SECOND_US)
#define SEND_US        (40 * KM_TIME_SECOND_US)
#define RETRY_FIRST_US KM_TIME_SECOND_US
#define RETRY_MAX_US   (60 * KM_TIME_SECOND_US)
#define KEEPALIVE_S    30
#define QOS            1
#define PUBLISHED_MAX  4 /* messages of one notice */
#define FAILURE_SIZE   512

enum state {
	STATE_WAITING,    /* for the next try */
	STATE_LOOKING_UP, /* on a thread of the pool, which has the client until then */
	STATE_CONNECTING, /* TCP, TLS, CONNECT */
	STATE_CONNECTED,
};

/* A connection and its client. */
struct attempt {
	struct km_mqtt_link *link; /* NULL: given up while it was looked up */
	struct mosquitto *client;
	SSL_CTX *context;
	struct km_trust trust;
	int result; /* of connecting */
	int result_errno;
	uint16_t port;
	char host[KM_SERVICE_URL_HOST_SIZE];
};

struct km_mqtt_link {
	struct km_loop *loop;
	const struct km_message_courier_destination *to;
	const char *host_name;
	const struct km_mqtt_link_events *events;
	void *context;
	struct km_timer *timer;
	struct attempt *attempt;
	struct km_watch *watch;
	int fd; /* a copy of the client's: it closes its own when it likes */
	enum state state;
	int64_t until_us; /* of the state */
	int64_t retry_us;
	bool is_lost;  /* seen in a callback: acted on after it */
	bool is_fresh; /* the same: just connected */
	char failure[FAILURE_SIZE];
	/* The notice that is being sent. */
	bool is_sending;
	bool is_published;
	int64_t send_until_us;
	struct km_message_courier_notice notice;
	int published[PUBLISHED_MAX]; /* message ids that the broker has not confirmed */
	size_t published_count;
};

int km_mqtt_link_prepare(void)
{
	return mosquitto_lib_init() == MOSQ_ERR_SUCCESS ? 0 : KM_ERR_CRYPTO;
}

static void note_failure(struct km_mqtt_link *link, const char *text)
{
	struct attempt *attempt = link->attempt;

	if (attempt != NULL && attempt->trust.failure[0] != '\0') {
		text = attempt->trust.failure;
	}
	(void)snprintf(link->failure, sizeof(link->failure), "%s", text);
}

/* --- the end of a connection --- */

static void free_attempt(struct attempt *attempt)
{
	if (attempt != NULL) {
		mosquitto_destroy(attempt->client);
		SSL_CTX_free(attempt->context);
		free(attempt);
	}
}

static void let_go(struct km_mqtt_link *link)
{
	km_watch_destroy(link->watch);
	link->watch = NULL;
	if (link->fd >= 0) {
		(void)close(link->fd);
	}
	link->fd = -1;
	if (link->state == STATE_LOOKING_UP) {
		link->attempt->link = NULL; /* freed when it comes back */
	} else {
		free_attempt(link->attempt);
	}
	link->attempt = NULL;
}

static void finish_send(struct km_mqtt_link *link, int err, const char *text)
{
	struct km_post_outcome outcome = { 0 };

	if (link->is_sending) {
		link->is_sending = false;
		link->is_published = false;
		link->published_count = 0;
		km_post_say(&outcome, err, false, "%s", text);
		link->events->on_done(link->context, &outcome);
	}
}

/* The link may be gone afterwards: the last thing that a call does. */
static void lose(struct km_mqtt_link *link)
{
	let_go(link);
	link->state = STATE_WAITING;
	link->is_lost = false;
	link->is_fresh = false;
	link->until_us = km_clock_monotonic_us() + link->retry_us;
	link->retry_us *= 2;
	if (link->retry_us > RETRY_MAX_US) {
		link->retry_us = RETRY_MAX_US;
	}
	finish_send(link, KM_ERR_CLOSED, link->failure);
}

/* --- publishing --- */

static int on_publish_wish(
    void *context, const char *topic, struct km_bytes payload, bool is_retained)
{
	struct km_mqtt_link *link = context;
	int id = 0;
	int result = mosquitto_publish(link->attempt->client, &id, topic, (int)payload.size,
	    payload.size == 0 ? NULL : payload.data, QOS, is_retained);

	if (result != MOSQ_ERR_SUCCESS) {
		note_failure(link, mosquitto_strerror(result));
		return KM_ERR_CLOSED;
	}
	if (link->is_published) {
		if (link->published_count == PUBLISHED_MAX) {
			return KM_ERR_LIMIT;
		}
		link->published[link->published_count++] = id;
	}
	return 0;
}

static struct km_discovery discovery_of(struct km_mqtt_link *link)
{
	return (struct km_discovery){
		.to = link->to,
		.host_name = link->host_name,
		.publish = on_publish_wish,
		.context = link,
	};
}

static void publish_notice(struct km_mqtt_link *link)
{
	struct km_discovery discovery = discovery_of(link);

	if (link->is_sending && !link->is_published && link->state == STATE_CONNECTED) {
		link->is_published = true; /* its ids are noted */
		if (km_discovery_tell_notice(&discovery, &link->notice) < 0) {
			link->is_lost = true;
		}
	}
}

void km_mqtt_link_tell_camera(
    struct km_mqtt_link *link, const struct km_message_courier_camera *camera)
{
	struct km_discovery discovery = discovery_of(link);
	bool was_published = link->is_published;

	if (link->state == STATE_CONNECTED) {
		link->is_published = false; /* these ids are nobody's business */
		if (km_discovery_tell_camera(&discovery, camera) < 0) {
			link->is_lost = true;
		}
		link->is_published = was_published;
	}
}

static void tell_online(struct km_mqtt_link *link)
{
	char topic[KM_DISCOVERY_TOPIC_SIZE];

	km_discovery_write_availability_topic(link->to, topic);
	if (on_publish_wish(link, topic, KM_BYTES("online"), true) < 0) {
		link->is_lost = true;
	}
}

/* --- what libmosquitto tells: only noted, as the client must not end in its own callback --- */

static void on_connect(struct mosquitto *client, void *context, int result)
{
	struct km_mqtt_link *link = ((struct attempt *)context)->link;
	char text[FAILURE_SIZE - 64];

	(void)client;
	if (result == 0) {
		link->is_fresh = true;
		return;
	}
	(void)snprintf(
	    text, sizeof(text), "the broker refuses: %s", mosquitto_connack_string(result));
	note_failure(link, text);
	link->is_lost = true;
}

static void on_disconnect(struct mosquitto *client, void *context, int result)
{
	struct km_mqtt_link *link = ((struct attempt *)context)->link;

	(void)client;
	if (link != NULL && !link->is_lost) {
		note_failure(link, mosquitto_strerror(result));
		link->is_lost = true;
	}
}

static void on_confirmed(struct mosquitto *client, void *context, int id)
{
	struct km_mqtt_link *link = ((struct attempt *)context)->link;

	(void)client;
	for (size_t i = 0; i < link->published_count; i++) {
		if (link->published[i] == id) {
			link->published[i] = link->published[--link->published_count];
			return;
		}
	}
}

/* --- driving it --- */

static void update_watch(struct km_mqtt_link *link)
{
	km_watch_set(link->watch,
	    KM_LOOP_READ | (mosquitto_want_write(link->attempt->client) ? KM_LOOP_WRITE : 0U));
}

/* Act on what the callbacks noted. The link may be gone afterwards. */
static void settle(struct km_mqtt_link *link, int result)
{
	if (result != MOSQ_ERR_SUCCESS && !link->is_lost) {
		note_failure(link,
		    result == MOSQ_ERR_ERRNO ? strerrordesc_np(errno) : mosquitto_strerror(result));
		link->is_lost = true;
	}
	if (link->is_fresh && !link->is_lost) {
		link->is_fresh = false;
		link->state = STATE_CONNECTED;
		link->retry_us = RETRY_FIRST_US;
		link->failure[0] = '\0';
		tell_online(link);
		link->events->on_connected(link->context);
		publish_notice(link);
	}
	if (link->is_lost) {
		lose(link);
		return;
	}
	update_watch(link);
	if (link->is_published && link->published_count == 0) {
		finish_send(link, 0, "the broker has confirmed it");
	}
}

static void on_ready(void *context, unsigned events)
{
	struct km_mqtt_link *link = context;
	struct mosquitto *client = link->attempt->client;
	/* Reading also goes on with the TLS handshake, whichever it waits for. */
	int result = mosquitto_loop_read(client, 1);

	(void)events;
	if (result == MOSQ_ERR_SUCCESS && mosquitto_want_write(client)) {
		result = mosquitto_loop_write(client, 1);
	}
	settle(link, result);
}

static int set_up_client(struct km_mqtt_link *link, struct attempt *attempt)
{
	const struct km_message_courier_destination *to = link->to;
	char topic[KM_DISCOVERY_TOPIC_SIZE];
	char id[2 * KM_UUID_BYTES + 1];
	char name[64];

	(void)km_text_write_hex(km_uuid_view(&to->destination), id, sizeof(id));
	(void)snprintf(name, sizeof(name), "komainu-%.12s", id);
	attempt->client = mosquitto_new(name, true, attempt);
	if (attempt->client == NULL) {
		return KM_ERR_MEMORY;
	}
	km_discovery_write_availability_topic(to, topic);
	if (mosquitto_int_option(attempt->client, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0) !=
		MOSQ_ERR_SUCCESS ||
	    mosquitto_void_option(attempt->client, MOSQ_OPT_SSL_CTX, attempt->context) !=
		MOSQ_ERR_SUCCESS ||
	    mosquitto_will_set(attempt->client, topic, 7, "offline", QOS, true) !=
		MOSQ_ERR_SUCCESS ||
	    (to->user[0] != '\0' && mosquitto_username_pw_set(attempt->client, to->user,
					to->password) != MOSQ_ERR_SUCCESS)) {
		return KM_ERR_UNSUPPORTED;
	}
	mosquitto_connect_callback_set(attempt->client, on_connect);
	mosquitto_disconnect_callback_set(attempt->client, on_disconnect);
	mosquitto_publish_callback_set(attempt->client, on_confirmed);
	return 0;
}

static int set_up_attempt(struct km_mqtt_link *link, struct attempt *attempt)
{
	const struct km_message_courier_destination *to = link->to;
	struct km_service_url url;
	int err = km_service_url_parse(km_bytes_text(to->url), &url, NULL);

	if (err < 0) {
		return err;
	}
	attempt->link = link;
	attempt->port = url.port;
	memcpy(attempt->host, url.host, sizeof(attempt->host));
	attempt->trust.is_pinned = to->pin_size == sizeof(attempt->trust.pin);
	memcpy(attempt->trust.pin, to->pin, sizeof(attempt->trust.pin));
	err = km_trust_create_context(
	    &attempt->trust, km_bytes_from(to->ca, to->ca_size), url.host, &attempt->context);
	return err < 0 ? err : set_up_client(link, attempt);
}

/* On a thread of the pool, since looking up a name may take long. The connecting itself does not.
 */
static void run_connect(void *context)
{
	struct attempt *attempt = context;

	errno = 0;
	attempt->result =
	    mosquitto_connect_async(attempt->client, attempt->host, attempt->port, KEEPALIVE_S);
	attempt->result_errno = errno;
}

static int begin_watching(struct km_mqtt_link *link)
{
	link->fd = fcntl(mosquitto_socket(link->attempt->client), F_DUPFD_CLOEXEC, 0);
	if (link->fd < 0) {
		return KM_ERR_SYS;
	}
	return km_watch_create(link->loop, link->fd, on_ready, link, &link->watch);
}

static void done_connect(void *context)
{
	struct attempt *attempt = context;
	struct km_mqtt_link *link = attempt->link;
	const char *text = NULL;

	if (link == NULL) {
		free_attempt(attempt);
		return;
	}
	link->state = STATE_CONNECTING;
	if (attempt->result == MOSQ_ERR_SUCCESS && begin_watching(link) == 0) {
		update_watch(link);
		return;
	}
	if (attempt->result == MOSQ_ERR_ERRNO) {
		text = strerrordesc_np(attempt->result_errno);
	} else if (attempt->result == MOSQ_ERR_EAI) {
		text = "no such host";
	} else {
		text = mosquitto_strerror(attempt->result);
	}
	note_failure(link, text == NULL ? "cannot connect" : text);
	lose(link);
}

static void begin(struct km_mqtt_link *link)
{
	struct attempt *attempt = calloc(1, sizeof(*attempt));
	int err = attempt == NULL ? KM_ERR_MEMORY : set_up_attempt(link, attempt);

	if (err == 0) {
		err = km_work_submit(link->loop, run_connect, done_connect, attempt);
	}
	if (err < 0) {
		free_attempt(attempt);
		note_failure(link, err == KM_ERR_CONFIG ? "ca: no certificate can be read from it"
							: km_error_text(err));
		lose(link);
		return;
	}
	link->attempt = attempt;
	link->state = STATE_LOOKING_UP;
	link->until_us = km_clock_monotonic_us() + CONNECT_US;
}

static void on_timer(void *context)
{
	struct km_mqtt_link *link = context;
	int64_t now_us = km_clock_monotonic_us();

	if (link->state == STATE_WAITING && now_us >= link->until_us) {
		begin(link);
		return;
	}
	if (link->is_sending && now_us > link->send_until_us) {
		if (link->failure[0] == '\0') {
			note_failure(link, "the broker does not answer");
		}
		lose(link); /* what it has not confirmed comes again with the next connection */
		return;
	}
	if (link->state == STATE_CONNECTING && now_us > link->until_us) {
		note_failure(link, "the broker does not answer");
		lose(link);
		return;
	}
	if (link->state == STATE_CONNECTED) {
		settle(link, mosquitto_loop_misc(link->attempt->client));
	}
}

int km_mqtt_link_create(struct km_loop *loop, const struct km_message_courier_destination *to,
    const char *host_name, const struct km_mqtt_link_events *events, void *context,
    struct km_mqtt_link **ret_link)
{
	struct km_mqtt_link *link = calloc(1, sizeof(*link));
	int err = 0;

	if (link == NULL) {
		return KM_ERR_MEMORY;
	}
	*link = (struct km_mqtt_link){
		.loop = loop,
		.to = to,
		.host_name = host_name,
		.events = events,
		.context = context,
		.fd = -1,
		.retry_us = RETRY_FIRST_US,
	};
	err = km_timer_create(loop, on_timer, link, &link->timer);
	if (err < 0) {
		free(link);
		return err;
	}
	km_timer_start(link->timer, 0, TICK_US);
	*ret_link = link;
	return 0;
}

void km_mqtt_link_destroy(struct km_mqtt_link *link)
{
	if (link != NULL) {
		let_go(link);
		km_timer_destroy(link->timer);
		free(link);
	}
}

void km_mqtt_link_send(struct km_mqtt_link *link, const struct km_post *post)
{
	link->is_sending = true;
	link->is_published = false;
	link->published_count = 0;
	link->notice = post->notices[0];
	link->send_until_us = km_clock_monotonic_us() + SEND_US;
	if (link->state == STATE_WAITING) {
		link->until_us = 0; /* somebody has waited already: guard's back-off */
	}
	publish_notice(link);
	if (link->state == STATE_CONNECTED) {
		update_watch(link);
	}
}
