#include "auditor/onvif_change.h"

#include "auditor/onvif_client.h"
#include "auditor/soap_request.h"
#include "auditor/xml_duration.h"
#include "base/time.h"
#include "crypto/digest.h"

#include <string.h>

#define SPAN_US          (60 * KM_TIME_SECOND_US) /* of all questions but an upload */
#define SPAN_FIRMWARE_US (20 * KM_TIME_MINUTE_US)
#define HIDDEN           "***"
#define NO_TRIES         "the tries of this time are used up, or it locked before"

static const struct kind {
	enum km_onvif_change_kind kind;
	const char *operation;
} kinds[] = {
	{ KM_ONVIF_CHANGE_PASSWORD, "SetUser" },
	{ KM_ONVIF_CHANGE_SERVICES, "SetNetworkProtocols" },
	{ KM_ONVIF_CHANGE_NTP, "SetNTP" },
	{ KM_ONVIF_CHANGE_FILTER, "SetIPAddressFilter" },
	{ KM_ONVIF_CHANGE_HOST_NAME, "SetHostname" },
	{ KM_ONVIF_CHANGE_SCOPES, "SetScopes" },
	{ KM_ONVIF_CHANGE_DISCOVERY, "SetDiscoveryMode" },
	{ KM_ONVIF_CHANGE_RESTART, "SystemReboot" },
	{ KM_ONVIF_CHANGE_FACTORY_DEFAULT, "SetSystemFactoryDefault" },
	{ KM_ONVIF_CHANGE_FIRMWARE, "StartFirmwareUpgrade" },
};

const char *km_onvif_change_operation(enum km_onvif_change_kind kind)
{
	for (size_t i = 0; i < KM_COUNT(kinds); i++) {
		if (kinds[i].kind == kind) {
			return kinds[i].operation;
		}
	}
	return "unknown";
}

/* --- what is sent --- */

/* Its first letter is a capital one in tt:UserLevel. */
static const char *level_of(const char *level)
{
	return strcmp(level, "administrator") == 0 ? "Administrator"
	       : strcmp(level, "operator") == 0    ? "Operator"
	       : strcmp(level, "user") == 0        ? "User"
						   : NULL;
}

static int write_password(
    const struct km_onvif_change *change, bool hides_secrets, struct km_buf *buf)
{
	const char *level = level_of(change->level);

	if (change->account[0] == '\0' || change->password[0] == '\0' || level == NULL) {
		return KM_ERR_FORMAT;
	}
	km_buf_add_text(buf, "<User>");
	km_soap_request_element(buf, "tt:Username", km_bytes_text(change->account));
	km_soap_request_element(
	    buf, "tt:Password", km_bytes_text(hides_secrets ? HIDDEN : change->password));
	km_soap_request_element(buf, "tt:UserLevel", km_bytes_text(level));
	km_buf_add_text(buf, "</User>");
	return 0;
}

static bool is_protocol(const char *name)
{
	return strcmp(name, "HTTP") == 0 || strcmp(name, "HTTPS") == 0 || strcmp(name, "RTSP") == 0;
}

static int write_services(const struct km_onvif_change *change, struct km_buf *buf)
{
	if (change->service_count == 0 || change->service_count > KM_ONVIF_CHANGE_SERVICES_MAX) {
		return KM_ERR_FORMAT;
	}
	for (size_t i = 0; i < change->service_count; i++) {
		const struct km_onvif_change_service *service = &change->services[i];

		if (!is_protocol(service->name) || service->port_count == 0 ||
		    service->port_count > KM_ONVIF_CHANGE_PORTS_MAX) {
			return KM_ERR_FORMAT;
		}
		km_buf_add_text(buf, "<NetworkProtocols>");
		km_soap_request_element(buf, "tt:Name", km_bytes_text(service->name));
		km_buf_add_format(
		    buf, "<tt:Enabled>%s</tt:Enabled>", service->is_enabled ? "true" : "false");
		for (size_t p = 0; p < service->port_count; p++) {
			km_buf_add_format(
			    buf, "<tt:Port>%u</tt:Port>", (unsigned)service->ports[p]);
		}
		km_buf_add_text(buf, "</NetworkProtocols>");
	}
	return 0;
}

/* A host by name, or by digits of either family [ONVIF Core, tt:NetworkHost]. */
static void write_host(const char *host, struct km_buf *buf)
{
	struct km_address address;
	const char *type = "DNS";
	const char *element = "tt:DNSname";

	if (km_address_parse(km_bytes_text(host), 0, &address) == 0) {
		bool is_v4 = address.u.any.sa_family == AF_INET;

		type = is_v4 ? "IPv4" : "IPv6";
		element = is_v4 ? "tt:IPv4Address" : "tt:IPv6Address";
	}
	km_buf_add_format(buf, "<NTPManual><tt:Type>%s</tt:Type>", type);
	km_soap_request_element(buf, element, km_bytes_text(host));
	km_buf_add_text(buf, "</NTPManual>");
}

static int write_ntp(const struct km_onvif_change *change, struct km_buf *buf)
{
	if (change->server_count > KM_ONVIF_CHANGE_SERVERS_MAX) {
		return KM_ERR_FORMAT;
	}
	km_buf_add_format(
	    buf, "<FromDHCP>%s</FromDHCP>", change->server_count == 0 ? "true" : "false");
	for (size_t i = 0; i < change->server_count; i++) {
		if (change->servers[i][0] == '\0') {
			return KM_ERR_FORMAT;
		}
		write_host(change->servers[i], buf);
	}
	return 0;
}

static struct km_bytes digits_of(const struct km_address *address)
{
	return address->u.any.sa_family == AF_INET
		   ? km_bytes_from(&address->u.v4.sin_addr, sizeof(address->u.v4.sin_addr))
		   : km_bytes_from(&address->u.v6.sin6_addr, sizeof(address->u.v6.sin6_addr));
}

static bool is_within(const struct km_onvif_change_address *range, const struct km_address *host)
{
	struct km_bytes wanted = digits_of(&range->address);
	struct km_bytes digits = digits_of(host);

	if (range->address.u.any.sa_family != host->u.any.sa_family) {
		return false;
	}
	for (size_t bit = 0; bit < range->prefix && bit < 8 * wanted.size; bit++) {
		unsigned mask = 0x80U >> bit % 8;

		if (((wanted.data[bit / 8] ^ digits.data[bit / 8]) & mask) != 0) {
			return false;
		}
	}
	return true;
}

static int check_filter(const struct km_onvif_change *change)
{
	bool is_kept = change->address_count == 0;

	if (change->address_count > KM_ONVIF_CHANGE_ADDRESSES_MAX) {
		return KM_ERR_FORMAT;
	}
	for (size_t i = 0; i < change->address_count; i++) {
		const struct km_onvif_change_address *range = &change->addresses[i];
		unsigned bits = range->address.u.any.sa_family == AF_INET    ? 32
				: range->address.u.any.sa_family == AF_INET6 ? 128
									     : 0;

		if (bits == 0 || range->prefix == 0 || range->prefix > bits) {
			return KM_ERR_FORMAT;
		}
		is_kept = is_kept || (change->keep.size > 0 && is_within(range, &change->keep));
	}
	return is_kept ? 0 : KM_ERR_DENIED;
}

static void write_ranges(
    const struct km_onvif_change *change, sa_family_t family, struct km_buf *buf)
{
	const char *element = family == AF_INET ? "tt:IPv4Address" : "tt:IPv6Address";

	for (size_t i = 0; i < change->address_count; i++) {
		const struct km_onvif_change_address *range = &change->addresses[i];
		char text[KM_ADDRESS_TEXT_SIZE];

		if (range->address.u.any.sa_family == family) {
			km_address_write_host(&range->address, text);
			km_buf_add_format(buf,
			    "<%s><tt:Address>%s</tt:Address><tt:PrefixLength>%u"
			    "</tt:PrefixLength></%s>",
			    element, text, (unsigned)range->prefix, element);
		}
	}
}

static int write_filter(const struct km_onvif_change *change, struct km_buf *buf)
{
	int err = check_filter(change);

	if (err < 0) {
		return err;
	}
	km_buf_add_text(buf, "<IPAddressFilter><tt:Type>Allow</tt:Type>");
	write_ranges(change, AF_INET, buf);
	write_ranges(change, AF_INET6, buf);
	km_buf_add_text(buf, "</IPAddressFilter>");
	return 0;
}

static int write_scopes(const struct km_onvif_change *change, struct km_buf *buf)
{
	if (change->scope_count == 0 || change->scope_count > KM_ONVIF_CHANGE_SCOPES_MAX) {
		return KM_ERR_FORMAT;
	}
	for (size_t i = 0; i < change->scope_count; i++) {
		if (strchr(change->scopes[i], ':') == NULL ||
		    strchr(change->scopes[i], ' ') != NULL) {
			return KM_ERR_FORMAT;
		}
		km_soap_request_element(buf, "Scopes", km_bytes_text(change->scopes[i]));
	}
	return 0;
}

/* Letters, digits, hyphens, dots [RFC 1123 2.1]. */
static bool is_host_name(const char *name)
{
	return name[0] != '\0' && name[0] != '-' &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789-.")] == '\0';
}

/* The elements of the operation. */
static int write_body(const struct km_onvif_change *change, bool hides_secrets, struct km_buf *buf)
{
	switch (change->kind) {
	case KM_ONVIF_CHANGE_PASSWORD:
		return write_password(change, hides_secrets, buf);
	case KM_ONVIF_CHANGE_SERVICES:
		return write_services(change, buf);
	case KM_ONVIF_CHANGE_NTP:
		return write_ntp(change, buf);
	case KM_ONVIF_CHANGE_FILTER:
		return write_filter(change, buf);
	case KM_ONVIF_CHANGE_HOST_NAME:
		if (!is_host_name(change->host_name)) {
			return KM_ERR_FORMAT;
		}
		km_soap_request_element(buf, "Name", km_bytes_text(change->host_name));
		return 0;
	case KM_ONVIF_CHANGE_SCOPES:
		return write_scopes(change, buf);
	case KM_ONVIF_CHANGE_DISCOVERY:
		km_soap_request_element(buf, "DiscoveryMode",
		    change->is_discoverable ? KM_BYTES("Discoverable")
					    : KM_BYTES("NonDiscoverable"));
		return 0;
	case KM_ONVIF_CHANGE_FACTORY_DEFAULT:
		km_soap_request_element(
		    buf, "FactoryDefault", change->is_hard ? KM_BYTES("Hard") : KM_BYTES("Soft"));
		return 0;
	case KM_ONVIF_CHANGE_FIRMWARE:
		return change->firmware_size > 0 &&
			       change->firmware_size <= KM_ONVIF_CHANGE_FIRMWARE_MAX
			   ? 0
			   : KM_ERR_FORMAT;
	case KM_ONVIF_CHANGE_RESTART:
		return 0;
	}
	return KM_ERR_FORMAT;
}

int km_onvif_change_preview(const struct km_onvif_change *change, struct km_buf *buf)
{
	const char *operation = km_onvif_change_operation(change->kind);
	int err = 0;

	km_buf_add_format(buf, "<%s>", operation);
	err = write_body(change, true, buf);
	km_buf_add_format(buf, "</%s>", operation);
	return err < 0 ? err : km_buf_error(buf);
}

/* --- sending it --- */

static int say(struct km_onvif_outcome *outcome, int err, const char *text)
{
	(void)snprintf(outcome->text, sizeof(outcome->text), "%s", text);
	return err;
}

static void note_answer(struct km_onvif_outcome *outcome, const struct km_onvif_answer *answer)
{
	outcome->has_proof = answer->raw.size > 0 &&
			     km_digest_sha256(km_buf_view(&answer->raw), outcome->proof) == 0;
}

static int send_firmware(struct km_onvif_client *client, const struct km_onvif_change *change,
    const struct km_onvif_answer *start, struct km_onvif_outcome *outcome)
{
	struct km_onvif_answer answer = { 0 };
	char url[KM_JOB_URL_SIZE];
	char text[64];
	int err = km_soap_reply_text(start->body, "UploadUri", url, sizeof(url));

	if (err < 0) {
		return say(outcome, KM_ERR_FORMAT, "it does not say where the file is to be sent");
	}
	if (km_soap_reply_text(start->body, "ExpectedDownTime", text, sizeof(text)) == 0) {
		outcome->down_time_us = km_xml_duration_parse(km_bytes_text(text));
	}
	err = km_onvif_client_upload(
	    client, url, change->firmware_fd, change->firmware_size, &answer);
	(void)say(outcome, 0, err < 0 ? answer.why : "it took the file");
	outcome->was_sent = answer.was_sent;
	outcome->is_refused = answer.is_refused;
	km_onvif_client_finish(&answer);
	return err;
}

static int find_device(struct km_onvif_client *client, struct km_onvif_outcome *outcome)
{
	struct km_onvif_answer answer = { 0 };
	int err = km_onvif_client_find(client, &answer);

	if (err < 0) {
		(void)say(outcome, err, answer.why);
	}
	km_onvif_client_finish(&answer);
	return err;
}

static int ask_ledger(const struct km_job *job, const struct km_onvif_change_login *login)
{
	int err = job->events->on_try(job->context, login->ledger, login->user, 0);

	return err == KM_ERR_DENIED && login->is_own ? 0 : err;
}

/*
 * A question that is harmless, so that a wrong login, and how it is to be shown, is known before
 * something is changed. login: the one that is tried; NULL: it is the recorder's.
 */
static int prove_login(struct km_onvif_client *client, const struct km_job *job,
    const struct km_onvif_change_login *login, struct km_onvif_outcome *outcome)
{
	struct km_onvif_question question = {
		.service = KM_ONVIF_DEVICE,
		.operation = "GetDeviceInformation",
		.is_anonymous = true,
	};
	struct km_onvif_answer answer = { 0 };
	int err = km_onvif_client_ask(client, &question, &answer);

	if (err == 0) {
		err = KM_ERR_STATE; /* it answers anybody: a login cannot be told from none */
	} else if (err == KM_ERR_AUTH) {
		km_onvif_client_finish(&answer);
		question.is_anonymous = false;
		err = login == NULL ? 0 : ask_ledger(job, login);
		if (err == 0) {
			err = km_onvif_client_ask(client, &question, &answer);
		}
	}
	(void)say(outcome, err,
	    err == 0                ? "the login was accepted"
	    : err == KM_ERR_STATE   ? "it answers without a login, so a login cannot be judged"
	    : answer.why[0] != '\0' ? answer.why
	    : err == KM_ERR_DENIED  ? NO_TRIES
				    : km_error_text(err));
	note_answer(outcome, &answer);
	km_onvif_client_finish(&answer);
	return err;
}

static int apply(struct km_onvif_client *client, const struct km_onvif_change *change,
    struct km_bytes body, struct km_onvif_outcome *outcome)
{
	const struct km_onvif_question question = {
		.service = KM_ONVIF_DEVICE,
		.operation = km_onvif_change_operation(change->kind),
		.body = body,
		.needs_trust = change->kind == KM_ONVIF_CHANGE_PASSWORD && !change->allows_clear,
		.secret = km_bytes_text(
		    change->kind == KM_ONVIF_CHANGE_PASSWORD ? change->password : NULL),
	};
	struct km_onvif_answer answer = { 0 };
	int err = km_onvif_client_ask(client, &question, &answer);

	(void)say(outcome, err, err < 0 ? answer.why : "it took the change");
	note_answer(outcome, &answer);
	outcome->was_sent = answer.was_sent;
	outcome->is_refused = answer.is_refused;
	if (err == 0 && change->kind == KM_ONVIF_CHANGE_FIRMWARE) {
		err = send_firmware(client, change, &answer, outcome);
	}
	km_onvif_client_finish(&answer);
	return err;
}

/* That the job's login is right, before something is changed with it. */
static int prove_own(struct km_onvif_client *client, const struct km_job *job, const char *guess,
    struct km_onvif_outcome *outcome)
{
	const struct km_onvif_change_login login = {
		.user = job->user, .password = job->password, .ledger = guess
	};
	int err = prove_login(client, job, guess == NULL ? NULL : &login, outcome);

	if (err == KM_ERR_STATE) {
		/* It answers anybody, so the change may be the first to show it. */
		err = guess == NULL ? 0 : ask_ledger(job, &login);
		if (err < 0) {
			(void)say(
			    outcome, err, err == KM_ERR_DENIED ? NO_TRIES : km_error_text(err));
		}
	}
	return err;
}

int km_onvif_change_apply(struct km_job *job, const struct km_onvif_change *change,
    const char *guess, struct km_onvif_outcome *ret_outcome)
{
	struct km_onvif_client *client = NULL;
	struct km_buf body;
	int err = 0;

	*ret_outcome = (struct km_onvif_outcome){ 0 };
	km_buf_init(&body, KM_ONVIF_CHANGE_TEXT_MAX);
	err = write_body(change, false, &body);
	if (err == 0) {
		err = km_buf_error(&body);
	}
	if (err < 0) {
		(void)say(ret_outcome, err,
		    err == KM_ERR_DENIED
			? "the filter would lock out the recorder, so it is not sent"
			: "the change makes no sense as it stands, so nothing was sent");
		goto out;
	}
	err = km_onvif_client_create(
	    job, change->kind == KM_ONVIF_CHANGE_FIRMWARE ? SPAN_FIRMWARE_US : SPAN_US, &client);
	if (err == 0) {
		if (guess != NULL) {
			km_onvif_client_limit_refusals(client, 1);
		}
		err = find_device(client, ret_outcome);
	}
	if (err == 0) {
		err = prove_own(client, job, guess, ret_outcome);
	}
	if (err == 0) {
		err = apply(client, change, km_buf_view(&body), ret_outcome);
	}
out:
	km_onvif_client_destroy(client);
	km_buf_wipe(&body);
	return err;
}

int km_onvif_change_try_login(struct km_job *job, const struct km_onvif_change_login *login,
    struct km_onvif_outcome *ret_outcome)
{
	struct km_job other = *job;
	struct km_onvif_client *client = NULL;
	int err = km_bytes_copy_text(km_bytes_text(login->user), other.user, sizeof(other.user));

	*ret_outcome = (struct km_onvif_outcome){ 0 };
	if (err == 0) {
		err = km_bytes_copy_text(
		    km_bytes_text(login->password), other.password, sizeof(other.password));
	}
	if (err == 0) {
		err = km_onvif_client_create(&other, SPAN_US, &client);
	}
	if (err == 0) {
		km_onvif_client_limit_refusals(client, 1);
		err = find_device(client, ret_outcome);
	}
	if (err == 0) {
		err = prove_login(client, job, login, ret_outcome);
	}
	km_onvif_client_destroy(client);
	job->egress = other.egress; /* what it sent counts */
	job->onvif_scheme = other.onvif_scheme;
	explicit_bzero(&other, sizeof(other));
	return err;
}
