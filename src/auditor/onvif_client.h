/*
 * Asking one camera over ONVIF [ONVIF Core 5, 8]: finds its device service, sets out for the
 * difference of the clocks, finds its other services, and asks one operation after the other,
 * without a login or with the recorder's own.
 *
 * A wrong password costs the account at most two failed logins, or what
 * km_onvif_client_limit_refusals says: after that nothing more is asked with it. A service whose
 * address is another host's is asked at the camera's own address, or not at all. Blocks; one per
 * audit.
 */
#ifndef KM_AUDITOR_ONVIF_CLIENT_H
#define KM_AUDITOR_ONVIF_CLIENT_H

#include "auditor/soap_link.h"
#include "auditor/soap_reply.h"

#define KM_ONVIF_CLIENT_WHY_SIZE 256

/* KM_ONVIF_SERVICE(NAME, name, namespace, what GetCapabilities calls it) */
#define KM_ONVIF_SERVICES(KM_ONVIF_SERVICE)                                                        \
	KM_ONVIF_SERVICE(DEVICE, device, "http://www.onvif.org/ver10/device/wsdl", "Device")       \
	KM_ONVIF_SERVICE(MEDIA, media, "http://www.onvif.org/ver10/media/wsdl", "Media")           \
	KM_ONVIF_SERVICE(MEDIA2, media2, "http://www.onvif.org/ver20/media/wsdl", "Media2")        \
	KM_ONVIF_SERVICE(EVENTS, events, "http://www.onvif.org/ver10/events/wsdl", "Events")       \
	KM_ONVIF_SERVICE(IMAGING, imaging, "http://www.onvif.org/ver20/imaging/wsdl", "Imaging")   \
	KM_ONVIF_SERVICE(PTZ, ptz, "http://www.onvif.org/ver20/ptz/wsdl", "PTZ")                   \
	KM_ONVIF_SERVICE(                                                                          \
	    RECORDING, recording, "http://www.onvif.org/ver10/recording/wsdl", "Recording")        \
	KM_ONVIF_SERVICE(                                                                          \
	    ANALYTICS, analytics, "http://www.onvif.org/ver20/analytics/wsdl", "Analytics")        \
	KM_ONVIF_SERVICE(SECURITY, security, "http://www.onvif.org/ver10/advancedsecurity/wsdl",   \
	    "AdvancedSecurity")

enum km_onvif_service {
#define KM_ONVIF_SERVICE(NAME, name, name_space, word) KM_ONVIF_##NAME,
	KM_ONVIF_SERVICES(KM_ONVIF_SERVICE)
#undef KM_ONVIF_SERVICE
	    KM_ONVIF_SERVICE_COUNT
};

struct km_onvif_client;

/* An answer of the camera, or why there is none. */
struct km_onvif_answer {
	struct km_soap_reply *reply;     /* NULL: none that can be read */
	const struct km_soap_node *body; /* "...Response"; NULL if there is none or it is a fault */
	struct km_buf raw;               /* as it came */
	struct km_soap_fault fault;      /* if it refused; without what repeats a secret */
	enum km_digest_auth_scheme challenge; /* what HTTP asked for; NONE: nothing */
	bool is_basic_in_clear; /* it asked for the password to be sent readable, without TLS */
	bool was_sent;          /* it left, at least in part, in one of the ways to log in */
	bool is_refused; /* by a fault in words of SOAP; an upload by a status of 400 or more */
	char why[KM_ONVIF_CLIENT_WHY_SIZE];
};

struct km_onvif_question {
	enum km_onvif_service service;
	const char *operation;  /* "GetUsers" */
	struct km_bytes body;   /* its elements (soap_request.h) */
	bool is_anonymous;      /* without the login */
	bool needs_trust;       /* holds a secret: only over TLS with a known other side */
	struct km_bytes secret; /* that stands in the body: no text here repeats it; may be empty */
};

/* Which name a service is shown under: "media". Static. */
const char *km_onvif_client_service_name(enum km_onvif_service service);

/* The longest that it and all that is asked with it may take together is span_us. 0 or
 * KM_ERR_MEMORY. */
KM_MUST_USE int km_onvif_client_create(
    struct km_job *job, int64_t span_us, struct km_onvif_client **ret_client);

/* One failed login, instead of two: a camera that asks for one way and takes another is then taken
 * to refuse, unless the job knows from an earlier client which way it takes. */
void km_onvif_client_limit_refusals(struct km_onvif_client *client, unsigned max);

void km_onvif_client_destroy(struct km_onvif_client *client); /* NULL is fine */

/*
 * Find the device service, at the job's URL or in the usual places, by GetSystemDateAndTime, and
 * take the difference of the clocks from its answer. ret_answer is that one; finish it always.
 * KM_ERR_NOT_FOUND: nothing there speaks ONVIF; `why` says what was tried.
 */
KM_MUST_USE int km_onvif_client_find(
    struct km_onvif_client *client, struct km_onvif_answer *ret_answer);

/* Find its services by GetServices, or GetCapabilities. The answer as above. */
KM_MUST_USE int km_onvif_client_find_services(
    struct km_onvif_client *client, struct km_onvif_answer *ret_answer);

/*
 * Ask. ret_answer is always filled; finish it.
 * 0: the camera did as asked, and the body is the response. Otherwise `why` says: KM_ERR_AUTH
 * (it wants a login, refused it, or the account's level is too low), KM_ERR_UNSUPPORTED (no such
 * service or operation), KM_ERR_STATE (another refusal), KM_ERR_FORMAT (no answer of this kind),
 * and what km_soap_link_post returns.
 */
KM_MUST_USE int km_onvif_client_ask(struct km_onvif_client *client,
    const struct km_onvif_question *question, struct km_onvif_answer *ret_answer);

void km_onvif_client_finish(struct km_onvif_answer *answer);

/*
 * Send a file to a URL of the camera's by HTTP POST, with the login if it asks for one: from its
 * start, and once more if it asks for one only then. The URL's host is the camera's own or it is
 * not sent; over TLS if the device service is. As km_onvif_client_ask, without a body.
 */
KM_MUST_USE int km_onvif_client_upload(struct km_onvif_client *client, const char *url, int fd,
    uint64_t size, struct km_onvif_answer *ret_answer);

/* --- what is known of it --- */

bool km_onvif_client_has(const struct km_onvif_client *client, enum km_onvif_service service);

/* The camera's clock ahead of ours. Returns false if it did not say. */
bool km_onvif_client_clock(const struct km_onvif_client *client, int64_t *ret_offset_us);

enum km_soap_trust km_onvif_client_trust(const struct km_onvif_client *client);

/* Whether it told an address of a service that is not its own. */
bool km_onvif_client_points_elsewhere(const struct km_onvif_client *client);

/* Where its device service is: "http://192.0.2.1:80/onvif/device_service". */
void km_onvif_client_write_url(const struct km_onvif_client *client, char *ret_text, size_t size);

enum km_onvif_login {
	KM_ONVIF_LOGIN_UNTRIED = 0,
	KM_ONVIF_LOGIN_ACCEPTED, /* a question with it was answered; perhaps it would be without */
	KM_ONVIF_LOGIN_PROVEN,   /* and the same question was refused without */
	KM_ONVIF_LOGIN_REFUSED,  /* nothing more is asked with it */
};

enum km_onvif_login km_onvif_client_login(const struct km_onvif_client *client);

#endif
