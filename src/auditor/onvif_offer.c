#include "auditor/onvif_offer.h"

#include "auditor/onvif_place.h"
#include "base/time.h"

#include <string.h>

#define SPAN_US      (40 * KM_TIME_SECOND_US)
#define QUESTION_MAX 512

int km_onvif_offer_write_url(struct km_bytes told, const char *host, char *ret_url, size_t size)
{
	struct km_onvif_place place;
	bool is_v6 = strchr(host, ':') != NULL && host[0] != '[';
	int err = km_onvif_place_parse(told, &place);
	int length = 0;

	if (err < 0 || place.is_http) {
		return err < 0 ? err : KM_ERR_UNSUPPORTED;
	}
	length = snprintf(ret_url, size, "%s://%s%s%s:%u%s", place.is_tls ? "rtsps" : "rtsp",
	    is_v6 ? "[" : "", host, is_v6 ? "]" : "", (unsigned)place.port, place.path);
	if (length < 0 || (size_t)length >= size) {
		ret_url[0] = '\0';
		return KM_ERR_LIMIT;
	}
	return 0;
}

/* Ask with the login if there is one. */
static int ask(struct km_onvif_client *client, const struct km_job *job,
    enum km_onvif_service service, const char *operation, struct km_bytes body,
    struct km_onvif_answer *answer)
{
	const struct km_onvif_question question = {
		.service = service,
		.operation = operation,
		.body = body,
		.is_anonymous = job->user[0] == '\0',
	};

	km_onvif_client_finish(answer);
	return km_onvif_client_ask(client, &question, answer);
}

static int read_identity(struct km_onvif_client *client, const struct km_job *job,
    struct km_onvif_offer *offer, struct km_onvif_answer *answer)
{
	int err = ask(client, job, KM_ONVIF_DEVICE, "GetDeviceInformation", KM_BYTES(""), answer);

	if (err == 0) {
		const struct km_soap_node *body = answer->body;

		(void)km_soap_reply_text(body, "Manufacturer", offer->maker, sizeof(offer->maker));
		(void)km_soap_reply_text(body, "Model", offer->model, sizeof(offer->model));
		(void)km_soap_reply_text(
		    body, "FirmwareVersion", offer->firmware, sizeof(offer->firmware));
	}
	return err;
}

static int read_profiles(struct km_onvif_client *client, const struct km_job *job,
    struct km_onvif_offer *offer, struct km_onvif_answer *answer)
{
	int err = ask(client, job, KM_ONVIF_MEDIA2, "GetProfiles",
	    KM_BYTES("<Type>VideoEncoder</Type><Type>PTZ</Type>"), answer);

	offer->profiles.is_media2 = err == 0;
	if (err < 0 && err != KM_ERR_CLOSED && err != KM_ERR_MEMORY) {
		err = ask(client, job, KM_ONVIF_MEDIA, "GetProfiles", KM_BYTES(""), answer);
	}
	if (err == 0) {
		km_onvif_profiles_take(answer->body, &offer->profiles);
		offer->best = km_onvif_profiles_best(&offer->profiles);
	}
	return err;
}

static int read_urls(struct km_onvif_client *client, const struct km_job *job,
    struct km_onvif_offer *offer, struct km_onvif_answer *answer)
{
	for (size_t i = 0; i < offer->profiles.count; i++) {
		uint8_t storage[QUESTION_MAX];
		char told[KM_JOB_URL_SIZE];
		struct km_buf question;
		int err = 0;

		km_buf_init_fixed(&question, storage, sizeof(storage));
		km_onvif_profiles_write_question(
		    offer->profiles.profiles[i].token, offer->profiles.is_media2, false, &question);
		err = ask(client, job, offer->profiles.is_media2 ? KM_ONVIF_MEDIA2 : KM_ONVIF_MEDIA,
		    "GetStreamUri", km_buf_view(&question), answer);
		if (err == KM_ERR_CLOSED || err == KM_ERR_MEMORY) {
			return err;
		}
		if (err == 0 && km_onvif_profiles_take_url(answer->body, told, sizeof(told)) == 0 &&
		    km_onvif_offer_write_url(km_bytes_text(told), job->host, offer->urls[i],
			sizeof(offer->urls[i])) < 0) {
			offer->urls[i][0] = '\0';
		}
	}
	return 0;
}

static int read_offer(struct km_onvif_client *client, const struct km_job *job,
    struct km_onvif_offer *offer, struct km_onvif_answer *answer)
{
	int err = km_onvif_client_find(client, answer);

	if (err < 0) {
		return err;
	}
	offer->has_clock = km_onvif_client_clock(client, &offer->clock_offset_us);
	km_onvif_client_write_url(client, offer->onvif_url, sizeof(offer->onvif_url));
	km_onvif_client_finish(answer);
	err = km_onvif_client_find_services(client, answer);
	if (err == 0) {
		err = read_identity(client, job, offer, answer);
	}
	if (err == 0) {
		err = read_profiles(client, job, offer, answer);
	}
	if (err == 0) {
		err = read_urls(client, job, offer, answer);
	}
	return err;
}

int km_onvif_offer_read(struct km_job *job, struct km_onvif_offer *ret_offer)
{
	struct km_onvif_client *client = NULL;
	struct km_onvif_answer answer = { 0 };
	int err = 0;

	*ret_offer = (struct km_onvif_offer){ 0 };
	err = km_onvif_client_create(job, SPAN_US, &client);
	if (err < 0) {
		return err;
	}
	err = read_offer(client, job, ret_offer, &answer);
	ret_offer->trust = km_onvif_client_trust(client);
	if (err < 0) {
		(void)snprintf(ret_offer->text, sizeof(ret_offer->text), "%s", answer.why);
	}
	km_onvif_client_finish(&answer);
	km_onvif_client_destroy(client);
	return err;
}
