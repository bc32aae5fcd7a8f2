#include "auditor/onvif_client.h"

#include "auditor/onvif_place.h"
#include "auditor/onvif_verdict.h"
#include "auditor/soap_request.h"
#include "base/text.h"
#include "base/time.h"
#include "crypto/digest.h"
#include "crypto/random.h"
#include "io/clock.h"

#include <stdlib.h>
#include <string.h>

#define PATIENCE_US        (8 * KM_TIME_SECOND_US)
#define PATIENCE_SEARCH_US (3 * KM_TIME_SECOND_US)
#define PATIENCE_UPLOAD_US (15 * KM_TIME_MINUTE_US)
#define SILENCES_MAX       3 /* questions in a row without an answer: it is asked no more */
#define REFUSALS_MAX       2 /* failed logins that a wrong password may cost, if nobody says less */
#define CNONCE_BYTES       16
#define AUTHORIZATION_SIZE 3072
#define SOAP_TYPE          "application/soap+xml; charset=utf-8"

static const struct service {
	const char *name;
	const char *name_space;
	const char *word;
} services[] = {
#define KM_ONVIF_SERVICE(NAME, name, name_space, word) { #name, name_space, word },
	KM_ONVIF_SERVICES(KM_ONVIF_SERVICE)
#undef KM_ONVIF_SERVICE
};

/* Where cameras have their device service when nobody told. */
static const struct {
	bool is_tls;
	uint16_t port;
} usual[] = { { false, 80 }, { true, 443 }, { false, 8080 }, { false, 8000 }, { false, 8899 },
	{ false, 2020 } };

#define DEVICE_PATH "/onvif/device_service"

/* How a login is shown; a job remembers it as a number. */
enum scheme {
	SCHEME_NONE = 0,
	SCHEME_WSSE, /* in the envelope */
	SCHEME_HTTP, /* in the Authorization header */
};

struct place {
	bool is_known;
	bool is_tls;
	uint16_t port;
	char path[KM_ONVIF_PLACE_PATH_SIZE];
};

struct km_onvif_client {
	struct km_job *job;
	struct km_soap_link *link;
	struct place places[KM_ONVIF_SERVICE_COUNT];
	int64_t deadline_us; /* monotonic */
	int64_t patience_us; /* for one answer */
	unsigned silences;
	bool has_clock;
	int64_t offset_us;
	bool points_elsewhere;
	enum km_onvif_login login;
	bool has_scheme; /* it was accepted before */
	enum scheme scheme;
	unsigned refusals;
	unsigned refusals_max;
	const char *guarded; /* an operation that was refused without login */
	bool has_challenge;
	struct km_digest_auth challenge;
};

const char *km_onvif_client_service_name(enum km_onvif_service service)
{
	return services[service].name;
}

int km_onvif_client_create(struct km_job *job, int64_t span_us, struct km_onvif_client **ret_client)
{
	struct km_onvif_client *client = calloc(1, sizeof(*client));
	int err = 0;

	if (client == NULL) {
		return KM_ERR_MEMORY;
	}
	client->job = job;
	client->deadline_us = km_clock_monotonic_us() + span_us;
	client->patience_us = PATIENCE_US;
	client->refusals_max = REFUSALS_MAX;
	err = km_soap_link_create(job, &client->link);
	if (err < 0) {
		km_onvif_client_destroy(client);
		return err;
	}
	*ret_client = client;
	return 0;
}

void km_onvif_client_destroy(struct km_onvif_client *client)
{
	if (client != NULL) {
		km_soap_link_destroy(client->link);
		explicit_bzero(client, sizeof(*client));
		free(client);
	}
}

void km_onvif_client_limit_refusals(struct km_onvif_client *client, unsigned max)
{
	client->refusals_max = max;
}

void km_onvif_client_finish(struct km_onvif_answer *answer)
{
	km_soap_reply_destroy(answer->reply);
	km_buf_finish(&answer->raw);
	*answer = (struct km_onvif_answer){ 0 };
}

/* --- the login --- */

/* The value of the Authorization header, with the NUL. */
static int write_authorization(struct km_onvif_client *client, const char *path, struct km_buf *buf)
{
	uint8_t random[CNONCE_BYTES] = { 0 };
	char cnonce[2 * CNONCE_BYTES + 1] = { 0 };
	struct km_digest_auth_login login = {
		.user = km_bytes_text(client->job->user),
		.password = km_bytes_text(client->job->password),
		.method = KM_BYTES("POST"),
		.uri = km_bytes_text(path),
		.hash = km_digest_parts,
	};
	int err = km_random_fill(random, sizeof(random));

	if (err == 0) {
		err = km_text_write_hex(KM_BYTES_OF(random), cnonce, sizeof(cnonce));
		login.cnonce = km_bytes_text(cnonce);
	}
	if (err == 0) {
		err = km_digest_auth_write(&client->challenge, &login, buf);
	}
	if (err == 0) {
		km_buf_add_u8(buf, '\0');
		err = km_buf_error(buf);
	}
	return err;
}

static int write_envelope(const struct km_onvif_client *client,
    const struct km_onvif_question *question, enum scheme scheme, struct km_buf *buf)
{
	struct km_soap_login login = {
		.user = km_bytes_text(client->job->user),
		.password = km_bytes_text(client->job->password),
		.created_unix_us = km_clock_unix_us() + client->offset_us,
	};
	int err = km_random_fill(login.nonce, sizeof(login.nonce));

	return err < 0 ? err
		       : km_soap_request_write(buf, services[question->service].name_space,
			     question->operation, question->body,
			     scheme == SCHEME_WSSE ? &login : NULL);
}

/* --- one question --- */

static void note_challenge(struct km_onvif_client *client, const struct place *place,
    const struct km_soap_answer *http, struct km_onvif_answer *answer)
{
	if (http->has_challenge) {
		answer->challenge = http->challenge.scheme;
		answer->is_basic_in_clear = http->offers_basic && !place->is_tls;
		client->challenge = http->challenge;
		client->has_challenge = true;
	}
}

static void note_silence(struct km_onvif_client *client, int err)
{
	client->silences = err == KM_ERR_TIMEOUT ? client->silences + 1 : 0;
}

static int post(struct km_onvif_client *client, const struct place *place, struct km_soap_post *how,
    struct km_soap_answer *ret_http, struct km_onvif_answer *answer)
{
	int64_t left_us = client->deadline_us - km_clock_monotonic_us();
	int err = 0;

	if (left_us <= 0 || client->silences >= SILENCES_MAX) {
		*ret_http = (struct km_soap_answer){ 0 };
		return km_onvif_verdict_say(
		    answer, KM_ERR_TIMEOUT, "it answers too slowly, so it was not asked any more");
	}
	how->is_tls = place->is_tls;
	how->port = place->port;
	how->path = place->path;
	if (how->patience_us == 0) {
		how->patience_us = client->patience_us;
	}
	if (how->patience_us > left_us) {
		how->patience_us = left_us;
	}
	err = km_soap_link_post(client->link, how, ret_http);
	answer->was_sent |= ret_http->was_sent;
	note_silence(client, err);
	if (err < 0) {
		return km_onvif_verdict_say(answer, err, "%s",
		    ret_http->why[0] != '\0' ? ret_http->why : km_error_text(err));
	}
	note_challenge(client, place, ret_http, answer);
	return 0;
}

static int ask_once(struct km_onvif_client *client, const struct km_onvif_question *question,
    enum scheme scheme, struct km_onvif_answer *answer)
{
	const struct place *place = &client->places[question->service];
	char authorization[AUTHORIZATION_SIZE] = "";
	struct km_soap_post how = { .content_type = SOAP_TYPE };
	struct km_soap_answer http = { 0 };
	struct km_buf envelope;
	struct km_buf header;
	int err = 0;

	*answer = (struct km_onvif_answer){ 0 };
	km_buf_init(&envelope, KM_SOAP_REQUEST_MAX);
	km_buf_init_fixed(&header, authorization, sizeof(authorization));
	err = write_envelope(client, question, scheme, &envelope);
	if (err == 0 && scheme == SCHEME_HTTP) {
		err = write_authorization(client, place->path, &header);
		how.authorization = authorization;
	}
	if (err < 0) {
		err = km_onvif_verdict_say(
		    answer, err, "the question cannot be written: %s", km_error_text(err));
		goto out;
	}
	how.body = km_buf_view(&envelope);
	how.needs_trust =
	    question->needs_trust ||
	    (scheme == SCHEME_HTTP && client->challenge.scheme == KM_DIGEST_AUTH_BASIC);
	err = post(client, place, &how, &http, answer);
	if (err == 0) {
		answer->raw = http.body;
		http.body = (struct km_buf){ 0 };
		err = km_onvif_verdict_on_answer(
		    question, http.status, km_bytes_text(client->job->password), answer);
	}
out:
	km_soap_link_release(&http);
	km_buf_wipe(&envelope);
	explicit_bzero(authorization, sizeof(authorization));
	return err;
}

/* --- with a login --- */

static void note_accepted(struct km_onvif_client *client, const char *operation, enum scheme scheme)
{
	client->has_scheme = true;
	client->scheme = scheme;
	client->job->onvif_scheme = (unsigned)scheme;
	if (client->guarded != NULL && strcmp(client->guarded, operation) == 0) {
		client->login = KM_ONVIF_LOGIN_PROVEN;
	} else if (client->login == KM_ONVIF_LOGIN_UNTRIED) {
		client->login = KM_ONVIF_LOGIN_ACCEPTED;
	}
}

/* The other way to show the same login, if the camera takes it. */
static enum scheme other_scheme(const struct km_onvif_client *client, enum scheme scheme)
{
	if (scheme == SCHEME_HTTP) {
		return SCHEME_WSSE;
	}
	return client->has_challenge ? SCHEME_HTTP : SCHEME_NONE;
}

/* A nonce that is too old is no wrong password [RFC 7616 3.3]. */
static bool is_worth_a_new_nonce(
    const struct km_onvif_client *client, enum scheme scheme, const struct km_onvif_answer *answer)
{
	return scheme == SCHEME_HTTP && answer->challenge != KM_DIGEST_AUTH_NONE &&
	       answer->challenge != KM_DIGEST_AUTH_BASIC &&
	       (client->challenge.is_stale || client->login == KM_ONVIF_LOGIN_PROVEN);
}

/* Basic is for the last, and only where nobody can read along. */
static enum scheme first_scheme(
    const struct km_onvif_client *client, const struct km_onvif_question *question)
{
	bool is_readable = client->challenge.scheme == KM_DIGEST_AUTH_BASIC &&
			   !client->places[question->service].is_tls;

	if (client->has_scheme) {
		return client->scheme;
	}
	if (client->job->onvif_scheme == SCHEME_WSSE) {
		return SCHEME_WSSE;
	}
	return client->has_challenge && !is_readable ? SCHEME_HTTP : SCHEME_WSSE;
}

/* In the next way, if there was one before: what the camera said to that one stands if nothing
 * leaves in this one. */
static int ask_next(struct km_onvif_client *client, const struct km_onvif_question *question,
    enum scheme scheme, struct km_onvif_answer *answer)
{
	struct km_onvif_answer before = *answer;
	int err = ask_once(client, question, scheme, answer);

	if (before.was_sent && !answer->was_sent) {
		if (err == KM_ERR_DENIED && client->login == KM_ONVIF_LOGIN_PROVEN) {
			/* It knows the login: not the way, but the level is what it refused. */
			km_onvif_client_finish(answer);
			*answer = before;
			return KM_ERR_AUTH;
		}
		answer->is_refused = before.is_refused;
	}
	answer->was_sent |= before.was_sent;
	km_onvif_client_finish(&before);
	return err;
}

static int ask_with_login(struct km_onvif_client *client, const struct km_onvif_question *question,
    struct km_onvif_answer *answer)
{
	enum scheme scheme = first_scheme(client, question);
	bool is_renewed = false;
	int err = KM_ERR_AUTH;

	/* At most: first way, a new nonce, the other way, a new nonce. */
	for (unsigned i = 0; i < 4 && err == KM_ERR_AUTH && scheme != SCHEME_NONE; i++) {
		err = ask_next(client, question, scheme, answer);
		if (err == 0) {
			note_accepted(client, question->operation, scheme);
		}
		if (err != KM_ERR_AUTH) {
			break;
		}
		if (!is_renewed && is_worth_a_new_nonce(client, scheme, answer)) {
			is_renewed = true;
			continue;
		}
		if (client->login == KM_ONVIF_LOGIN_PROVEN) {
			/* Another service may want it another way; a level is no login. */
			scheme = answer->challenge != KM_DIGEST_AUTH_NONE && scheme == SCHEME_WSSE
				     ? SCHEME_HTTP
				     : SCHEME_NONE;
			continue;
		}
		if (++client->refusals >= client->refusals_max) {
			client->login = KM_ONVIF_LOGIN_REFUSED;
			break;
		}
		scheme = client->has_scheme ? SCHEME_NONE : other_scheme(client, scheme);
		if (scheme == SCHEME_NONE && !client->has_scheme) {
			client->login = KM_ONVIF_LOGIN_REFUSED;
		}
	}
	return err;
}

int km_onvif_client_ask(struct km_onvif_client *client, const struct km_onvif_question *question,
    struct km_onvif_answer *ret_answer)
{
	int err = 0;

	*ret_answer = (struct km_onvif_answer){ 0 };
	if (km_job_is_cancelled(client->job)) {
		return km_onvif_verdict_say(ret_answer, KM_ERR_CLOSED, "the audit was stopped");
	}
	if (!client->places[question->service].is_known) {
		return km_onvif_verdict_say(ret_answer, KM_ERR_UNSUPPORTED,
		    "it has no ONVIF service \"%s\"", services[question->service].name);
	}
	if (question->is_anonymous) {
		err = ask_once(client, question, SCHEME_NONE, ret_answer);
		if (err == KM_ERR_AUTH && client->guarded == NULL) {
			client->guarded = question->operation;
		}
		return err;
	}
	if (client->job->user[0] == '\0') {
		return km_onvif_verdict_say(ret_answer, KM_ERR_AUTH, "its entry holds no account");
	}
	if (client->login == KM_ONVIF_LOGIN_REFUSED) {
		return km_onvif_verdict_say(ret_answer, KM_ERR_AUTH,
		    "it refused the recorder's account, which was not tried again");
	}
	return ask_with_login(client, question, ret_answer);
}

/* --- finding it --- */

static bool is_own_host(const struct km_onvif_client *client, const char *host)
{
	struct km_address address;

	if (km_address_parse(km_bytes_text(host), 0, &address) == 0) {
		return km_egress_is_allowed(&client->job->egress, &address);
	}
	return km_bytes_is_equal_nocase(km_bytes_text(host), km_bytes_text(client->job->host));
}

static void set_place(struct place *place, const struct km_onvif_place *parsed)
{
	place->is_known = true;
	place->is_tls = parsed->is_tls;
	place->port = parsed->port;
	memcpy(place->path, parsed->path, sizeof(place->path));
}

/* 2026-11-22T08:30:00Z from its six numbers [ONVIF Core 8.3.5, tt:DateTime]. */
static int read_time(const struct km_soap_node *node, int64_t *ret_unix_us)
{
	static const struct {
		const char *path;
		uint32_t max;
	} parts[] = { { "Date/Year", 9999 }, { "Date/Month", 12 }, { "Date/Day", 31 },
		{ "Time/Hour", 23 }, { "Time/Minute", 59 }, { "Time/Second", 60 } };
	uint32_t numbers[KM_COUNT(parts)];
	char text[32];

	for (size_t i = 0; i < KM_COUNT(parts); i++) {
		int err = km_soap_reply_number(node, parts[i].path, parts[i].max, &numbers[i]);

		if (err < 0) {
			return err;
		}
	}
	(void)snprintf(text, sizeof(text), "%04u-%02u-%02uT%02u:%02u:%02uZ", numbers[0] % 10000,
	    numbers[1] % 100, numbers[2] % 100, numbers[3] % 100, numbers[4] % 100,
	    numbers[5] % 60);
	return km_time_parse(km_bytes_text(text), INT64_MIN, ret_unix_us);
}

static int try_place(struct km_onvif_client *client, struct km_onvif_answer *answer)
{
	const struct km_onvif_question question = {
		.service = KM_ONVIF_DEVICE,
		.operation = "GetSystemDateAndTime",
		.is_anonymous = true,
	};
	int64_t began_us = km_clock_unix_us();
	int64_t camera_us = 0;
	int err = km_onvif_client_ask(client, &question, answer);

	if (err == 0 && read_time(km_soap_reply_find(answer->body, "SystemDateAndTime/UTCDateTime"),
			    &camera_us) == 0) {
		/* It tells whole seconds: half a one is the best guess for the rest. */
		client->offset_us = camera_us + KM_TIME_SECOND_US / 2 -
				    (began_us + (km_clock_unix_us() - began_us) / 2);
		client->has_clock = true;
	}
	/* A refusal in SOAP is an ONVIF service, too. */
	return answer->reply != NULL && (err == 0 || answer->fault.codes[0] != '\0') ? 0 : err;
}

static int find_at_url(struct km_onvif_client *client, struct km_onvif_answer *answer)
{
	struct km_onvif_place place;
	int err = km_onvif_place_parse(km_bytes_text(client->job->onvif_url), &place);

	*answer = (struct km_onvif_answer){ 0 };
	if (err < 0 || !place.is_http || place.has_user) {
		return km_onvif_verdict_say(
		    answer, KM_ERR_FORMAT, "the ONVIF URL in its entry makes no sense");
	}
	if (strcmp(place.path, "/") == 0) {
		(void)snprintf(place.path, sizeof(place.path), DEVICE_PATH);
	}
	set_place(&client->places[KM_ONVIF_DEVICE], &place);
	return try_place(client, answer);
}

int km_onvif_client_find(struct km_onvif_client *client, struct km_onvif_answer *ret_answer)
{
	struct place *device = &client->places[KM_ONVIF_DEVICE];
	int err = KM_ERR_NOT_FOUND;

	if (client->job->onvif_url[0] != '\0') {
		err = find_at_url(client, ret_answer);
	} else {
		*ret_answer = (struct km_onvif_answer){ 0 };
		client->patience_us = PATIENCE_SEARCH_US;
		for (size_t i = 0; err < 0 && err != KM_ERR_CLOSED && i < KM_COUNT(usual); i++) {
			km_onvif_client_finish(ret_answer);
			*device =
			    (struct place){ true, usual[i].is_tls, usual[i].port, DEVICE_PATH };
			client->silences = 0;
			err = try_place(client, ret_answer);
		}
		client->patience_us = PATIENCE_US;
		client->silences = 0;
	}
	if (err < 0) {
		device->is_known = false;
		client->has_challenge = false;
		if (err != KM_ERR_CLOSED && err != KM_ERR_MEMORY &&
		    client->job->onvif_url[0] == '\0') {
			(void)km_onvif_verdict_say(
			    ret_answer, 0, "nothing speaks ONVIF in the usual places");
		}
		return err == KM_ERR_CLOSED || err == KM_ERR_MEMORY ? err : KM_ERR_NOT_FOUND;
	}
	return 0;
}

/* --- its services --- */

/* Never down from TLS: what it told as readable is asked for at its own door. */
static void stay_with_tls(const struct km_onvif_client *client, struct place *place)
{
	const struct place *device = &client->places[KM_ONVIF_DEVICE];

	if (device->is_tls && !place->is_tls) {
		place->is_tls = true;
		place->port = device->port;
	}
}

/* Where a service is that it told; at the camera's own address, whatever host it named. */
static void take_service(
    struct km_onvif_client *client, enum km_onvif_service service, const char *url)
{
	const struct place *device = &client->places[KM_ONVIF_DEVICE];
	struct place *place = &client->places[service];
	struct km_onvif_place parsed;

	if (place->is_known || km_onvif_place_parse(km_bytes_text(url), &parsed) < 0 ||
	    !parsed.is_http) {
		return;
	}
	set_place(place, &parsed);
	if (!is_own_host(client, parsed.host)) {
		client->points_elsewhere = true;
		/* Behind a router its own address is another one: its door is the one that works.
		 */
		place->is_tls = device->is_tls;
		place->port = device->port;
	} else {
		stay_with_tls(client, place);
	}
}

static void take_services(struct km_onvif_client *client, const struct km_soap_node *body)
{
	const struct km_soap_node *service = km_soap_reply_child(body, "Service");

	for (; service != NULL; service = km_soap_reply_next(service, "Service")) {
		char name_space[128];
		char url[KM_JOB_URL_SIZE];

		(void)km_soap_reply_text(service, "Namespace", name_space, sizeof(name_space));
		(void)km_soap_reply_text(service, "XAddr", url, sizeof(url));
		for (unsigned i = 0; i < KM_ONVIF_SERVICE_COUNT; i++) {
			if (strcmp(name_space, services[i].name_space) == 0) {
				take_service(client, (enum km_onvif_service)i, url);
			}
		}
	}
}

static void take_capabilities(struct km_onvif_client *client, const struct km_soap_node *body)
{
	const struct km_soap_node *all = km_soap_reply_child(body, "Capabilities");
	const struct km_soap_node *more = km_soap_reply_child(all, "Extension");

	for (unsigned i = 0; i < KM_ONVIF_SERVICE_COUNT; i++) {
		const struct km_soap_node *one = km_soap_reply_child(all, services[i].word);
		char url[KM_JOB_URL_SIZE];

		if (one == NULL) {
			one = km_soap_reply_child(more, services[i].word);
		}
		if (km_soap_reply_text(one, "XAddr", url, sizeof(url)) == 0) {
			take_service(client, (enum km_onvif_service)i, url);
		}
	}
}

int km_onvif_client_find_services(
    struct km_onvif_client *client, struct km_onvif_answer *ret_answer)
{
	struct km_onvif_question question = {
		.service = KM_ONVIF_DEVICE,
		.operation = "GetServices",
		.body = KM_BYTES("<IncludeCapability>false</IncludeCapability>"),
		.is_anonymous = true,
	};
	int err = km_onvif_client_ask(client, &question, ret_answer);

	if (err == 0) {
		take_services(client, ret_answer->body);
		return 0;
	}
	if (err == KM_ERR_CLOSED || err == KM_ERR_MEMORY) {
		return err;
	}
	km_onvif_client_finish(ret_answer);
	question.operation = "GetCapabilities";
	question.body = KM_BYTES("<Category>All</Category>");
	err = km_onvif_client_ask(client, &question, ret_answer);
	if (err == KM_ERR_AUTH && client->job->user[0] != '\0') {
		/* It is one of those that guard even this. */
		km_onvif_client_finish(ret_answer);
		question.is_anonymous = false;
		err = km_onvif_client_ask(client, &question, ret_answer);
	}
	if (err == 0) {
		take_capabilities(client, ret_answer->body);
	}
	return err;
}

/* --- uploads --- */

static int send_file(struct km_onvif_client *client, const struct place *place,
    struct km_soap_post *how, bool has_login, struct km_soap_answer *ret_http,
    struct km_onvif_answer *answer)
{
	char authorization[AUTHORIZATION_SIZE] = "";
	struct km_buf header;
	int err = 0;

	km_buf_init_fixed(&header, authorization, sizeof(authorization));
	if (has_login) {
		err = write_authorization(client, place->path, &header);
		how->authorization = authorization;
		how->needs_trust = client->challenge.scheme == KM_DIGEST_AUTH_BASIC;
	}
	if (err == 0) {
		err = post(client, place, how, ret_http, answer);
	}
	how->authorization = NULL;
	explicit_bzero(authorization, sizeof(authorization));
	return err;
}

/* With the login that it is known to take; one more time if it then asks for one, or for a newer
 * answer. */
static int send_file_as_asked(struct km_onvif_client *client, const struct place *place,
    struct km_soap_post *how, struct km_soap_answer *http, struct km_onvif_answer *answer)
{
	bool has_login =
	    client->has_scheme && client->scheme == SCHEME_HTTP && client->has_challenge;
	int err = send_file(client, place, how, has_login, http, answer);

	if (err == 0 && http->status == 401 && http->has_challenge &&
	    client->job->user[0] != '\0' && client->login != KM_ONVIF_LOGIN_REFUSED) {
		km_soap_link_release(http);
		err = send_file(client, place, how, true, http, answer);
	}
	return err;
}

int km_onvif_client_upload(struct km_onvif_client *client, const char *url, int fd, uint64_t size,
    struct km_onvif_answer *ret_answer)
{
	struct km_onvif_place parsed;
	struct place place = { 0 };
	struct km_soap_post how = { .content_type = "application/octet-stream",
		.file_fd = fd,
		.file_size = size,
		.patience_us = PATIENCE_UPLOAD_US };
	struct km_soap_answer http = { 0 };
	int err = km_onvif_place_parse(km_bytes_text(url), &parsed);

	*ret_answer = (struct km_onvif_answer){ 0 };
	if (err < 0 || !parsed.is_http || !is_own_host(client, parsed.host)) {
		return km_onvif_verdict_say(ret_answer, KM_ERR_DENIED,
		    "it wants the file to be sent to another host, which is not done");
	}
	set_place(&place, &parsed);
	stay_with_tls(client, &place);
	err = send_file_as_asked(client, &place, &how, &http, ret_answer);
	ret_answer->is_refused = err == 0 && http.status >= 400;
	if (err == 0 && http.status >= 300) {
		err = km_onvif_verdict_on_status(ret_answer, http.status);
		err = err < 0 ? err
			      : km_onvif_verdict_say(ret_answer, KM_ERR_STATE,
				    "it did not take the file: HTTP status %ld", http.status);
	}
	km_soap_link_release(&http);
	return err;
}

/* --- what is known of it --- */

bool km_onvif_client_has(const struct km_onvif_client *client, enum km_onvif_service service)
{
	return client->places[service].is_known;
}

bool km_onvif_client_clock(const struct km_onvif_client *client, int64_t *ret_offset_us)
{
	if (client->has_clock) {
		*ret_offset_us = client->offset_us;
	}
	return client->has_clock;
}

enum km_soap_trust km_onvif_client_trust(const struct km_onvif_client *client)
{
	return km_soap_link_trust(client->link);
}

bool km_onvif_client_points_elsewhere(const struct km_onvif_client *client)
{
	return client->points_elsewhere;
}

enum km_onvif_login km_onvif_client_login(const struct km_onvif_client *client)
{
	return client->login;
}

void km_onvif_client_write_url(const struct km_onvif_client *client, char *ret_text, size_t size)
{
	const struct place *device = &client->places[KM_ONVIF_DEVICE];
	bool is_v6 = strchr(client->job->host, ':') != NULL && client->job->host[0] != '[';

	(void)snprintf(ret_text, size, "%s://%s%s%s:%u%s", device->is_tls ? "https" : "http",
	    is_v6 ? "[" : "", client->job->host, is_v6 ? "]" : "", (unsigned)device->port,
	    device->path);
}
