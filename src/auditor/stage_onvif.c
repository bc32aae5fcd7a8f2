/*
 * The stage of an audit that asks the camera over ONVIF. It reads only: no operation of the access
 * classes WRITE and UNRECOVERABLE is sent [ONVIF Core 5.9.4.3].
 */
#include "auditor/challenge.h"
#include "auditor/stages.h"

#include "auditor/onvif_profiles.h"
#include "auditor/onvif_reading.h"
#include "base/time.h"
#include "model/states.h"

#include <string.h>

#define SPAN_US       (45 * KM_TIME_SECOND_US) /* of all questions together */
#define STEPS         6
#define QUESTION_MAX  512
#define PART_OF_STAGE "onvif"

/* --- the clock --- */

static void give_clock(struct km_onvif_reading *reading)
{
	const struct km_soap_node *told =
	    km_soap_reply_find(reading->answer.body, "SystemDateAndTime");
	char type[16];
	int64_t offset_us = 0;

	if (km_onvif_client_clock(reading->client, &offset_us)) {
		km_onvif_reading_number(reading, KM_FACT_CLOCK_OFFSET, "", offset_us / 1000,
		    "it tells whole seconds: give or take 500 ms");
	} else {
		km_onvif_reading_unknown(reading, KM_FACT_CLOCK_OFFSET, "",
		    reading->answer.why[0] != '\0' ? reading->answer.why : "it does not say");
	}
	(void)km_soap_reply_text(told, "DateTimeType", type, sizeof(type));
	if (strcmp(type, "NTP") == 0 || strcmp(type, "Manual") == 0) {
		km_onvif_reading_lower(type);
		km_onvif_reading_give(reading, KM_FACT_CLOCK_SOURCE, "", type, "");
	} else {
		km_onvif_reading_unknown(reading, KM_FACT_CLOCK_SOURCE, "", "it does not say");
	}
	km_onvif_reading_text(reading, KM_FACT_TIME_ZONE, told, "TimeZone/TZ");
}

/* --- what it gives to anybody --- */

static const char *scheme_of(const struct km_onvif_answer *answer, bool is_answered)
{
	if (answer->challenge != KM_DIGEST_AUTH_NONE) {
		return km_challenge_word(answer->challenge);
	}
	return is_answered ? "none" : answer->fault.codes[0] != '\0' ? "wsse" : "other";
}

static void give_scheme(struct km_onvif_reading *reading, int err)
{
	if (err != 0 && err != KM_ERR_AUTH) {
		km_onvif_reading_unknown(
		    reading, KM_FACT_AUTH_SCHEME, "onvif", reading->answer.why);
		return;
	}
	km_onvif_reading_give(
	    reading, KM_FACT_AUTH_SCHEME, "onvif", scheme_of(&reading->answer, err == 0), "");
	km_onvif_reading_yes_no(
	    reading, KM_FACT_BASIC_IN_CLEAR, "onvif", reading->answer.is_basic_in_clear, "");
}

static void give_open(struct km_onvif_reading *reading, const char *operation, int err)
{
	if (err == 0) {
		km_onvif_reading_yes_no(
		    reading, KM_FACT_OPEN_SETTINGS, operation, true, "it answered without a login");
	} else if (err == KM_ERR_AUTH) {
		km_onvif_reading_yes_no(
		    reading, KM_FACT_OPEN_SETTINGS, operation, false, reading->answer.why);
	} else {
		km_onvif_reading_unknown(
		    reading, KM_FACT_OPEN_SETTINGS, operation, reading->answer.why);
	}
}

/*
 * What must not be answered without a login: all but the access class PRE_AUTH (GetWsdlUrl,
 * GetServices, GetServiceCapabilities, GetCapabilities, GetHostname, GetSystemDateAndTime,
 * GetEndpointReference) [ONVIF Core 5.9.4.3].
 */
static int try_device(struct km_onvif_reading *reading)
{
	static const char *const operations[] = { "GetDeviceInformation", "GetUsers",
		"GetNetworkProtocols" };

	for (size_t i = 0; i < KM_COUNT(operations); i++) {
		int err = km_onvif_reading_ask(
		    reading, KM_ONVIF_DEVICE, operations[i], KM_BYTES(""), true);

		if (err == KM_ERR_CLOSED || err == KM_ERR_MEMORY) {
			return err;
		}
		if (i == 0) {
			give_scheme(reading, err);
		}
		give_open(reading, operations[i], err);
	}
	return 0;
}

static int try_media(struct km_onvif_reading *reading)
{
	static const struct {
		const char *operation;
		bool is_picture;
	} tries[] = { { "GetStreamUri", false }, { "GetSnapshotUri", true } };

	for (size_t i = 0; i < KM_COUNT(tries); i++) {
		uint8_t storage[QUESTION_MAX];
		struct km_buf question;
		int err = 0;

		if (reading->profile[0] == '\0') {
			km_onvif_reading_unknown(reading, KM_FACT_OPEN_SETTINGS, tries[i].operation,
			    "none of its profiles is known to ask for");
			continue;
		}
		km_buf_init_fixed(&question, storage, sizeof(storage));
		km_onvif_profiles_write_question(
		    reading->profile, reading->is_media2, tries[i].is_picture, &question);
		err = km_onvif_reading_ask(reading,
		    reading->is_media2 ? KM_ONVIF_MEDIA2 : KM_ONVIF_MEDIA, tries[i].operation,
		    km_buf_view(&question), true);
		if (err == KM_ERR_CLOSED || err == KM_ERR_MEMORY) {
			return err;
		}
		/* Its URL may hold a secret, of which no proof is kept. */
		reading->proof = KM_BYTES("");
		give_open(reading, tries[i].operation, err);
	}
	return 0;
}

static void give_nothing_open(struct km_onvif_reading *reading)
{
	static const char *const operations[] = { "GetDeviceInformation", "GetUsers",
		"GetNetworkProtocols", "GetStreamUri", "GetSnapshotUri" };

	for (size_t i = 0; i < KM_COUNT(operations); i++) {
		km_onvif_reading_unknown(
		    reading, KM_FACT_OPEN_SETTINGS, operations[i], reading->why_nothing);
	}
}

/* --- its own login --- */

static void give_login(struct km_onvif_reading *reading)
{
	static const char open[] = "it answers the same questions without a login";

	switch (km_onvif_client_login(reading->client)) {
	case KM_ONVIF_LOGIN_PROVEN:
		km_onvif_reading_yes_no(reading, KM_FACT_OWN_LOGIN, "", true, "over ONVIF");
		break;
	case KM_ONVIF_LOGIN_ACCEPTED:
		km_onvif_reading_yes_no(reading, KM_FACT_OWN_LOGIN, "", true, open);
		break;
	case KM_ONVIF_LOGIN_REFUSED:
		km_onvif_reading_yes_no(reading, KM_FACT_OWN_LOGIN, "", false,
		    "over ONVIF, whose accounts may be apart from others; not tried again");
		break;
	case KM_ONVIF_LOGIN_UNTRIED:
		km_onvif_reading_unknown(reading, KM_FACT_OWN_LOGIN, "",
		    reading->job->user[0] == '\0' ? "its entry holds no account"
						  : "no question with it was answered");
		break;
	}
}

static void give_transport(struct km_onvif_reading *reading)
{
	static const char *const words[] = {
		[KM_SOAP_TRUST_NONE] = "clear",
		[KM_SOAP_TRUST_CLEAR] = "clear",
		[KM_SOAP_TRUST_UNVERIFIED] = "unverified",
		[KM_SOAP_TRUST_VERIFIED] = "verified",
		[KM_SOAP_TRUST_PINNED] = "pinned",
	};
	char url[KM_FACT_VALUE_SIZE];

	km_onvif_client_write_url(reading->client, url, sizeof(url));
	km_onvif_reading_give(reading, KM_FACT_ONVIF_ADDRESS, "", url, "");
	km_onvif_reading_give(reading, KM_FACT_ONVIF_TRANSPORT, "",
	    words[km_onvif_client_trust(reading->client)], "");
	km_onvif_reading_yes_no(reading, KM_FACT_REACHABLE, "", true, "over ONVIF");
}

static void give_unreached(struct km_onvif_reading *reading)
{
	static const enum km_fact_kind kinds[] = { KM_FACT_CLOCK_OFFSET, KM_FACT_CLOCK_SOURCE,
		KM_FACT_TIME_ZONE, KM_FACT_OWN_LOGIN, KM_FACT_ONVIF_ADDRESS,
		KM_FACT_ONVIF_TRANSPORT, KM_FACT_ONVIF_ELSEWHERE };

	for (size_t i = 0; i < KM_COUNT(kinds); i++) {
		km_onvif_reading_unknown(reading, kinds[i], "", reading->why_nothing);
	}
	km_onvif_reading_unknown(reading, KM_FACT_AUTH_SCHEME, "onvif", reading->why_nothing);
	give_nothing_open(reading);
}

/* --- the stage --- */

/* Clock first: a login needs it. Errors are those that the audit cannot survive. */
static int begin(struct km_onvif_reading *reading, char *ret_why, size_t size)
{
	int err = km_onvif_client_find(reading->client, &reading->answer);

	reading->proof = km_buf_view(&reading->answer.raw);
	if (err == KM_ERR_NOT_FOUND) {
		(void)snprintf(ret_why, size, "%s", reading->answer.why);
		reading->why_nothing = ret_why;
		km_onvif_client_finish(&reading->answer);
		reading->proof = KM_BYTES("");
		give_unreached(reading);
		return 0;
	}
	if (err < 0) {
		return err;
	}
	give_clock(reading);
	give_transport(reading);
	km_job_progress(reading->job, PART_OF_STAGE, 1, STEPS);
	err = try_device(reading);
	if (err < 0) {
		return err;
	}
	km_onvif_client_finish(&reading->answer);
	err = km_onvif_client_find_services(reading->client, &reading->answer);
	reading->proof = km_buf_view(&reading->answer.raw);
	if (err == 0) {
		km_onvif_reading_yes_no(reading, KM_FACT_ONVIF_ELSEWHERE, "",
		    km_onvif_client_points_elsewhere(reading->client), "");
	} else {
		km_onvif_reading_unknown(reading, KM_FACT_ONVIF_ELSEWHERE, "", reading->answer.why);
	}
	return err == KM_ERR_CLOSED || err == KM_ERR_MEMORY ? err : 0;
}

static int read_all(struct km_onvif_reading *reading)
{
	char why[KM_ONVIF_CLIENT_WHY_SIZE];
	int err = begin(reading, why, sizeof(why));

	km_job_progress(reading->job, PART_OF_STAGE, 2, STEPS);
	if (err == 0) {
		err = km_onvif_system_read(reading);
	}
	if (err == 0 && reading->why_nothing == NULL) {
		give_login(reading);
	}
	km_job_progress(reading->job, PART_OF_STAGE, 3, STEPS);
	if (err == 0) {
		err = km_onvif_network_read(reading);
	}
	km_job_progress(reading->job, PART_OF_STAGE, 4, STEPS);
	if (err == 0) {
		err = km_onvif_media_read(reading);
	}
	km_job_progress(reading->job, PART_OF_STAGE, 5, STEPS);
	if (err == 0 && reading->why_nothing == NULL) {
		err = try_media(reading);
	}
	km_job_progress(reading->job, PART_OF_STAGE, STEPS, STEPS);
	reading->why_nothing = NULL;
	return err;
}

int km_stage_onvif_run(struct km_job *job)
{
	struct km_onvif_reading reading = { .job = job };
	int err = km_onvif_client_create(job, SPAN_US, &reading.client);

	if (err == 0) {
		err = read_all(&reading);
	}
	km_onvif_client_finish(&reading.answer);
	km_onvif_client_destroy(reading.client);
	return err;
}
