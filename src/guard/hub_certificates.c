#include "guard/hub_certificates.h"

#include "guard/certificates.h"
#include "guard/hub_requests.h"
#include "guard/journal.h"
#include "io/clock.h"
#include "model/states.h"
#include "priv/log.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_US KM_TIME_HOUR_US

struct km_hub_certificates {
	struct km_hub *hub;
	struct km_timer *timer;
	uint8_t served[KM_CERTIFICATE_FINGERPRINT_BYTES]; /* what web said last */
	bool has_served;
	bool is_trying; /* web was given another one and has not said yet */
};

/* What is in the database; wipe key afterwards. */
static int read_identity(struct km_hub *hub, struct km_buf *certificate, struct km_buf *key)
{
	int err = km_certificates_read(hub->database, certificate);

	if (err == 0) {
		err = km_certificates_read_key(hub->database, hub->vault, key);
	}
	if (err == 0) {
		km_buf_add_u8(key, 0);
		err = km_buf_error(key);
	}
	if (err < 0) {
		KM_LOG(hub->log, KM_LOG_ERROR, "no-certificate", km_log_error("why", err));
	}
	return err;
}

void km_hub_certificates_fill(struct km_hub *hub, struct km_message_web_start *start)
{
	struct km_buf certificate;
	struct km_buf key;

	km_buf_init_fixed(&certificate, start->certificate, sizeof(start->certificate));
	km_buf_init_fixed(&key, start->private_key, sizeof(start->private_key));
	if (read_identity(hub, &certificate, &key) == 0) {
		start->certificate_size = (uint32_t)certificate.size;
	}
	hub->certificates->has_served = false;
	hub->certificates->is_trying = false;
}

static bool is_served(
    const struct km_hub_certificates *certificates, const struct km_certificate_facts *facts)
{
	return certificates != NULL && certificates->has_served &&
	       memcmp(certificates->served, facts->sha256, sizeof(facts->sha256)) == 0;
}

void km_hub_certificates_apply(struct km_hub *hub)
{
	struct km_message_identity_put put = { 0 };
	struct km_certificates_view view;
	struct km_buf certificate;
	struct km_buf key;

	if (hub->web == NULL || !hub->web->is_ready ||
	    km_certificates_view(hub->database, &view) < 0 ||
	    is_served(hub->certificates, &view.facts)) {
		return;
	}
	km_buf_init_fixed(&certificate, put.certificate, sizeof(put.certificate));
	km_buf_init_fixed(&key, put.private_key, sizeof(put.private_key));
	if (read_identity(hub, &certificate, &key) == 0) {
		put.certificate_size = (uint32_t)certificate.size;
		hub->certificates->is_trying = true;
		km_hub_send(hub->web, KM_MESSAGE_identity_put, &put);
	}
	explicit_bzero(&put, sizeof(put));
}

static void give_up(struct km_hub *hub, const char *why)
{
	int err = 0;

	hub->certificates->is_trying = false;
	err = km_certificates_restore(hub->database);
	KM_LOG(hub->log, KM_LOG_ERROR, "certificate-refused", km_log_text("why", why),
	    km_log_text("now", err == 0 ? "the one before" : "no other one"));
	km_journal_note(hub->database, KM_EVENT_CERTIFICATE_REFUSED, NULL, NULL, "%s", why);
}

void km_hub_certificates_on_taken(struct km_hub *hub, const struct km_message_identity_taken *taken)
{
	struct km_hub_certificates *certificates = hub->certificates;

	if (taken->sha256_size == sizeof(certificates->served)) {
		memcpy(certificates->served, taken->sha256, sizeof(certificates->served));
		certificates->has_served = true;
	}
	if (taken->err < 0 && certificates->is_trying) {
		give_up(hub, km_error_text(taken->err));
	}
	certificates->is_trying = false;
}

void km_hub_certificates_on_web_ended(struct km_hub *hub)
{
	if (hub->certificates->is_trying && !hub->is_stopping) {
		give_up(hub, "web ended over it");
	}
	hub->certificates->has_served = false;
}

void km_hub_certificates_tell(struct km_hub *hub, struct km_message_status_system *status)
{
	struct km_certificates_view view;

	if (km_certificates_view(hub->database, &view) == 0) {
		status->certificate_until_unix_us = view.facts.until_unix_us;
		status->certificate_origin = (uint8_t)view.origin;
	}
}

/* --- time --- */

static void renew(struct km_hub *hub, int64_t now_unix_us)
{
	struct km_certificates_view view;
	struct km_buf error;
	int err = 0;

	km_buf_init(&error, 4096);
	err = km_certificates_renew(hub->database, hub->vault, NULL, now_unix_us, &error);
	if (err == 0) {
		err = km_certificates_view(hub->database, &view);
	}
	if (err < 0) {
		km_buf_add_u8(&error, 0);
		KM_LOG(hub->log, KM_LOG_ERROR, "certificate-not-renewed",
		    km_log_text("why",
			km_buf_error(&error) == 0 ? (const char *)error.data : km_error_text(err)));
	} else {
		km_journal_note(hub->database, KM_EVENT_CERTIFICATE_RENEWED, NULL, NULL,
		    "%s, serial %s", view.facts.subject, view.facts.serial);
		km_hub_certificates_apply(hub);
	}
	km_buf_finish(&error);
}

static void on_look(void *context)
{
	struct km_hub *hub = context;
	struct km_certificates_view view;
	int64_t now_unix_us = km_clock_unix_us();
	int64_t days = 0;

	if (km_certificates_view(hub->database, &view) < 0) {
		return;
	}
	if (km_certificates_is_due(&view, now_unix_us)) {
		renew(hub, now_unix_us);
		if (km_certificates_view(hub->database, &view) < 0) {
			return;
		}
	}
	if (km_certificates_must_tell(hub->database, &view.facts, now_unix_us, &days)) {
		KM_LOG(hub->log, KM_LOG_WARNING, "certificate-ends", km_log_number("days", days));
		km_journal_note(hub->database, KM_EVENT_CERTIFICATE_ENDS, NULL, NULL,
		    "%s: %lld days left", view.facts.subject, (long long)days);
	}
}

int km_hub_certificates_create(struct km_hub *hub, struct km_hub_certificates **ret_certificates)
{
	struct km_hub_certificates *certificates = calloc(1, sizeof(*certificates));
	int err = 0;

	if (certificates == NULL) {
		return KM_ERR_MEMORY;
	}
	certificates->hub = hub;
	err = km_timer_create(hub->loop, on_look, hub, &certificates->timer);
	if (err < 0) {
		free(certificates);
		return err;
	}
	km_timer_start(certificates->timer, 0, LOOK_US);
	*ret_certificates = certificates;
	return 0;
}

void km_hub_certificates_destroy(struct km_hub_certificates *certificates)
{
	if (certificates != NULL) {
		km_timer_destroy(certificates->timer);
		free(certificates);
	}
}

/* --- requests --- */

static void fill_record(
    const struct km_certificate_facts *facts, struct km_message_certificate *record)
{
	memcpy(record->subject, facts->subject, sizeof(record->subject));
	memcpy(record->issuer, facts->issuer, sizeof(record->issuer));
	memcpy(record->names, facts->names, sizeof(record->names));
	memcpy(record->key, facts->key, sizeof(record->key));
	memcpy(record->signature, facts->signature, sizeof(record->signature));
	memcpy(record->serial, facts->serial, sizeof(record->serial));
	record->from_unix_us = facts->from_unix_us;
	record->until_unix_us = facts->until_unix_us;
	record->sha256_size = sizeof(record->sha256);
	memcpy(record->sha256, facts->sha256, sizeof(record->sha256));
}

static void put_pem(struct km_message_certificate *record, const struct km_buf *pem)
{
	(void)km_bytes_copy_text(km_buf_view(pem), record->pem, sizeof(record->pem));
}

static int answer_recorder(struct km_hub_asking *asking)
{
	struct km_message_certificate record = { .use = KM_CERTIFICATE_OF_RECORDER };
	struct km_certificates_view view;
	struct km_buf pem;
	int err = km_certificates_view(asking->hub->database, &view);

	if (err < 0) {
		return err;
	}
	km_buf_init(&pem, KM_CERTIFICATES_PEM_MAX);
	err = km_certificates_read(asking->hub->database, &pem);
	if (err == 0) {
		put_pem(&record, &pem);
		fill_record(&view.facts, &record);
		record.origin = (uint8_t)view.origin;
		record.is_served = is_served(asking->hub->certificates, &view.facts);
		record.is_renewed = view.origin != KM_CERTIFICATE_INSTALLED;
		km_hub_requests_answer(asking, KM_MESSAGE_certificate, &record);
	}
	km_buf_finish(&pem);
	return err;
}

static int answer_authority(struct km_hub_asking *asking)
{
	struct km_message_certificate record = { .use = KM_CERTIFICATE_OF_AUTHORITY };
	struct km_certificate_facts facts;
	struct km_buf pem;
	int err = 0;

	km_buf_init(&pem, KM_CERTIFICATES_PEM_MAX);
	err = km_certificates_read_authority(asking->hub->database, &pem);
	if (err == 0) {
		err = km_certificate_facts_read(km_buf_view(&pem), &facts);
	}
	if (err == 0) {
		put_pem(&record, &pem);
		fill_record(&facts, &record);
		km_hub_requests_answer(asking, KM_MESSAGE_certificate, &record);
	}
	km_buf_finish(&pem);
	return err;
}

int km_hub_request_certificate_list(
    struct km_hub_asking *asking, struct km_message_certificate_list *list)
{
	int err = answer_recorder(asking);

	(void)list;
	if (err == 0) {
		err = answer_authority(asking);
	}
	return err == KM_ERR_NOT_FOUND ? 0 : err;
}

static void note(struct km_hub_asking *asking, enum km_event event, const char *text)
{
	km_journal_note(asking->hub->database, event, NULL,
	    asking->account == NULL ? NULL : &asking->account->id, "%s: %s",
	    km_hub_requests_who(asking), text);
}

static int explain(struct km_hub_asking *asking, int err, struct km_buf *error)
{
	if (err < 0 && error->size > 0) {
		(void)km_hub_requests_fail(
		    asking, err, "%.*s", (int)error->size, (const char *)error->data);
	}
	/* For web, a wrong key is no failed login. */
	return err == KM_ERR_AUTH || err == KM_ERR_RANGE ? KM_ERR_FORMAT : err;
}

/* What was replaced: into the journal, to web, and back to who asked. */
static int finish_change(struct km_hub_asking *asking)
{
	struct km_certificates_view view;

	if (km_certificates_view(asking->hub->database, &view) == 0) {
		note(asking, KM_EVENT_CERTIFICATE_PUT, view.facts.subject);
	}
	km_hub_certificates_apply(asking->hub);
	return answer_recorder(asking);
}

static const char *or_before(const char *names)
{
	return names[0] == '\0' ? NULL : names;
}

int km_hub_request_certificate_install(
    struct km_hub_asking *asking, struct km_message_certificate_install *install)
{
	struct km_hub *hub = asking->hub;
	struct km_buf error;
	int err = 0;

	km_buf_init(&error, 4096);
	err = km_certificates_install(hub->database, hub->vault,
	    km_bytes_text(install->certificate_pem), km_bytes_text(install->key_pem),
	    km_bytes_text(install->chain_pem), or_before(install->names), km_clock_unix_us(),
	    &error);
	err = err < 0 ? explain(asking, err, &error) : finish_change(asking);
	km_buf_finish(&error);
	return err;
}

/* A request for another authority, or a device's certificate: the text is the answer. */
static int make_text(
    struct km_hub_asking *asking, struct km_message_certificate_make *make, struct km_buf *error)
{
	struct km_hub *hub = asking->hub;
	struct km_message_certificate record = { 0 };
	struct km_certificate_facts facts;
	struct km_buf pem;
	int err = 0;

	km_buf_init(&pem, KM_CERTIFICATES_PEM_MAX);
	if (make->work == KM_CERTIFICATE_MAKE_REQUEST) {
		record.use = KM_CERTIFICATE_OF_REQUEST;
		err = km_certificates_request(
		    hub->database, hub->vault, or_before(make->names), &pem, error);
	} else {
		record.use = KM_CERTIFICATE_OF_DEVICE;
		err = km_certificates_sign(hub->database, hub->vault,
		    km_bytes_text(make->request_pem), or_before(make->names), km_clock_unix_us(),
		    &pem, error);
		if (err == 0) {
			err = km_certificate_facts_read(km_buf_view(&pem), &facts);
		}
		if (err == 0) {
			fill_record(&facts, &record);
		}
	}
	if (err == 0) {
		put_pem(&record, &pem);
		note(asking,
		    make->work == KM_CERTIFICATE_MAKE_REQUEST ? KM_EVENT_CERTIFICATE_REQUESTED
							      : KM_EVENT_CERTIFICATE_ISSUED,
		    record.use == KM_CERTIFICATE_OF_DEVICE ? record.subject : make->names);
		km_hub_requests_answer(asking, KM_MESSAGE_certificate, &record);
	}
	km_buf_finish(&pem);
	return err;
}

int km_hub_request_certificate_make(
    struct km_hub_asking *asking, struct km_message_certificate_make *make)
{
	struct km_hub *hub = asking->hub;
	struct km_buf error;
	int err = 0;

	km_buf_init(&error, 4096);
	switch (make->work) {
	case KM_CERTIFICATE_MAKE_RENEW:
		err = km_certificates_renew(
		    hub->database, hub->vault, or_before(make->names), km_clock_unix_us(), &error);
		if (err == 0) {
			err = finish_change(asking);
		}
		break;
	case KM_CERTIFICATE_MAKE_AUTHORITY:
		err = km_certificates_make_authority(hub->database, hub->vault, make->title,
		    make->is_replacing != 0, km_clock_unix_us(), &error);
		if (err == 0) {
			note(asking, KM_EVENT_AUTHORITY_MADE, make->title);
			err = answer_authority(asking);
		}
		break;
	case KM_CERTIFICATE_MAKE_REQUEST:
	case KM_CERTIFICATE_MAKE_DEVICE:
		err = make_text(asking, make, &error);
		break;
	default:
		err = km_hub_requests_fail(
		    asking, KM_ERR_FORMAT, "work: renew, request, authority or device is right");
		break;
	}
	err = explain(asking, err, &error);
	km_buf_finish(&error);
	return err;
}
