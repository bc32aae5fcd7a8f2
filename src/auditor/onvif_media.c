/* What it shows, where, and what it can tell of: profiles, streams, texts, topics, recordings. */
#include "auditor/onvif_place.h"
#include "auditor/onvif_profiles.h"
#include "auditor/onvif_reading.h"

#include <string.h>

#define TEXTS_MAX      16
#define TOPICS_MAX     60
#define TOPIC_DEPTH    8
#define STREAMS_MAX    4 /* profiles whose URLs are asked for */
#define RECORDINGS_MAX 64
#define QUESTION_MAX   512

/* --- profiles and streams --- */

static void give_profiles(
    struct km_onvif_reading *reading, const struct km_onvif_profiles *profiles)
{
	bool has_ptz = false;
	bool has_video = false;

	for (size_t i = 0; i < profiles->count; i++) {
		const struct km_onvif_profile *profile = &profiles->profiles[i];
		char text[128];

		has_ptz = has_ptz || profile->has_ptz;
		has_video = has_video || profile->codec[0] != '\0';
		(void)snprintf(text, sizeof(text), "%s %u %u %u", profile->codec,
		    (unsigned)profile->width, (unsigned)profile->height,
		    (unsigned)profile->frame_rate);
		km_onvif_reading_give(reading, KM_FACT_STREAM, profile->token, text, profile->name);
	}
	km_onvif_reading_yes_no(reading, KM_FACT_PTZ, "", has_ptz, "");
	if (has_video) {
		km_onvif_reading_give(
		    reading, KM_FACT_DEVICE_KIND, "", "camera", "it offers profiles of video");
	} else {
		km_onvif_reading_unknown(
		    reading, KM_FACT_DEVICE_KIND, "", "it offers no profile of video");
	}
}

static int read_profiles(struct km_onvif_reading *reading, struct km_onvif_profiles *profiles)
{
	int err = km_onvif_reading_ask(reading, KM_ONVIF_MEDIA2, "GetProfiles",
	    KM_BYTES("<Type>VideoEncoder</Type><Type>PTZ</Type>"), false);

	profiles->is_media2 = err == 0;
	if (err < 0 && err != KM_ERR_CLOSED && err != KM_ERR_MEMORY) {
		err = km_onvif_reading_ask(
		    reading, KM_ONVIF_MEDIA, "GetProfiles", KM_BYTES(""), false);
	}
	if (err < 0) {
		return err;
	}
	km_onvif_profiles_take(reading->answer.body, profiles);
	give_profiles(reading, profiles);
	if (profiles->count > 0) {
		memcpy(reading->profile, profiles->profiles[0].token, sizeof(reading->profile));
		reading->is_media2 = profiles->is_media2;
	}
	return 0;
}

/* What became of the URLs of one kind. */
struct url_facts {
	const char *kind; /* "stream" */
	enum km_fact_kind path;
	bool is_any_known;
	bool holds_secret;
	bool may_prove; /* no reply so far held what no proof may be kept of */
};

static void take_url(struct km_onvif_reading *reading, const char *token, struct url_facts *facts)
{
	struct km_bytes password = km_bytes_text(reading->job->password);
	char url[KM_JOB_URL_SIZE];
	char path[KM_FACT_VALUE_SIZE];
	struct km_onvif_place place;

	if (km_onvif_profiles_take_url(reading->answer.body, url, sizeof(url)) < 0) {
		return;
	}
	facts->is_any_known = true;
	facts->holds_secret =
	    facts->holds_secret || km_onvif_place_holds_secret(km_bytes_text(url), password);
	if (km_onvif_place_may_log_in(km_bytes_text(url), password)) {
		facts->may_prove = false;
		reading->proof = KM_BYTES("");
	}
	if (km_onvif_place_parse(km_bytes_text(url), &place) < 0) {
		return;
	}
	if (km_onvif_place_write_path(km_bytes_text(url), password, path, sizeof(path)) == 0) {
		km_onvif_reading_give(reading, facts->path, token, path, "");
	} else {
		km_onvif_reading_unknown(reading, facts->path, token,
		    "it holds the recorder's password, so it is not written down");
	}
}

static int read_urls(
    struct km_onvif_reading *reading, const struct km_onvif_profiles *profiles, bool is_picture)
{
	struct url_facts facts = { .kind = is_picture ? "snapshot" : "stream",
		.path = is_picture ? KM_FACT_PICTURE_PATH : KM_FACT_STREAM_PATH,
		.may_prove = true };
	const char *operation = is_picture ? "GetSnapshotUri" : "GetStreamUri";
	char why[KM_ONVIF_CLIENT_WHY_SIZE] = "it offers no profile of video";

	for (size_t i = 0; i < profiles->count && i < STREAMS_MAX; i++) {
		uint8_t storage[QUESTION_MAX];
		struct km_buf question;
		int err = 0;

		km_buf_init_fixed(&question, storage, sizeof(storage));
		km_onvif_profiles_write_question(
		    profiles->profiles[i].token, profiles->is_media2, is_picture, &question);
		err = km_onvif_reading_ask(reading,
		    profiles->is_media2 ? KM_ONVIF_MEDIA2 : KM_ONVIF_MEDIA, operation,
		    km_buf_view(&question), false);
		if (err == KM_ERR_CLOSED || err == KM_ERR_MEMORY) {
			return err;
		}
		if (err == 0) {
			take_url(reading, profiles->profiles[i].token, &facts);
		} else {
			(void)snprintf(why, sizeof(why), "%s", reading->answer.why);
		}
	}
	if (!facts.may_prove) {
		reading->proof = KM_BYTES("");
	}
	if (facts.is_any_known) {
		km_onvif_reading_yes_no(
		    reading, KM_FACT_SECRET_IN_URL, facts.kind, facts.holds_secret, "");
	} else {
		km_onvif_reading_unknown(reading, KM_FACT_SECRET_IN_URL, facts.kind, why);
		km_onvif_reading_unknown(reading, facts.path, "", why);
	}
	return 0;
}

static int read_media(struct km_onvif_reading *reading)
{
	static const enum km_fact_kind kinds[] = { KM_FACT_STREAM, KM_FACT_PTZ, KM_FACT_DEVICE_KIND,
		KM_FACT_STREAM_PATH, KM_FACT_PICTURE_PATH };
	struct km_onvif_profiles profiles = { 0 };
	int err = KM_ERR_STATE;

	if (reading->why_nothing == NULL) {
		err = read_profiles(reading, &profiles);
	}
	if (err == KM_ERR_CLOSED || err == KM_ERR_MEMORY) {
		return err;
	}
	if (err < 0) {
		const char *why =
		    reading->why_nothing != NULL ? reading->why_nothing : reading->answer.why;

		for (size_t i = 0; i < KM_COUNT(kinds); i++) {
			km_onvif_reading_unknown(reading, kinds[i], "", why);
		}
		km_onvif_reading_unknown(reading, KM_FACT_SECRET_IN_URL, "stream", why);
		km_onvif_reading_unknown(reading, KM_FACT_SECRET_IN_URL, "snapshot", why);
		return 0;
	}
	err = read_urls(reading, &profiles, false);
	return err < 0 ? err : read_urls(reading, &profiles, true);
}

/* --- texts in the picture --- */

static void take_texts(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	const struct km_soap_node *text = km_soap_reply_child(body, "OSDs");

	for (unsigned i = 0; text != NULL && i < TEXTS_MAX; i++) {
		char token[KM_ONVIF_READING_TOKEN_SIZE];
		char plain[KM_FACT_VALUE_SIZE];

		(void)km_soap_reply_attribute(text, "token", token, sizeof(token));
		if (km_soap_reply_text(text, "TextString/PlainText", plain, sizeof(plain)) == 0 &&
		    plain[0] != '\0') {
			km_onvif_reading_give(reading, KM_FACT_SCREEN_TEXT, token, plain, "");
		}
		text = km_soap_reply_next(text, "OSDs");
	}
}

/* --- topics --- */

struct topics {
	struct km_onvif_reading *reading;
	unsigned count;
};

/* Each element with topic="true" is one; its path is its name [WS-Topics 1.3, 7]. */
static void walk_topics(
    struct topics *topics, const struct km_soap_node *node, const char *above, unsigned depth)
{
	for (; node != NULL && topics->count < TOPICS_MAX; node = km_soap_reply_next(node, NULL)) {
		char path[KM_FACT_SUBJECT_SIZE];
		bool is_topic = false;
		int size = snprintf(path, sizeof(path), "%s%s%s", above,
		    above[0] == '\0' ? "" : "/", km_soap_reply_name(node));

		if (size < 0 || (size_t)size >= sizeof(path) ||
		    km_soap_reply_is(node, "MessageDescription")) {
			continue;
		}
		if (km_soap_reply_attribute_yes_no(node, "topic", &is_topic) == 0 && is_topic) {
			topics->count++;
			km_onvif_reading_yes_no(
			    topics->reading, KM_FACT_EVENT_TOPIC, path, true, "");
		}
		if (depth < TOPIC_DEPTH) {
			walk_topics(topics, km_soap_reply_child(node, NULL), path, depth + 1);
		}
	}
}

static void take_topics(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	const struct km_soap_node *set = km_soap_reply_child(body, "TopicSet");
	struct topics topics = { .reading = reading };

	walk_topics(&topics, km_soap_reply_child(set, NULL), "", 0);
	if (topics.count == 0) {
		km_onvif_reading_unknown(
		    reading, KM_FACT_EVENT_TOPIC, "", "it names no event that it can tell of");
	}
}

/* --- recordings of its own --- */

static void take_recordings(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	bool has_any = km_soap_reply_child(body, "RecordingItem") != NULL;

	km_onvif_reading_yes_no(reading, KM_FACT_ONBOARD_STORAGE, "", has_any,
	    has_any ? "" : "its recording service holds none");
}

static int read_services(struct km_onvif_reading *reading)
{
	for (unsigned i = 0; i < KM_ONVIF_SERVICE_COUNT; i++) {
		enum km_onvif_service service = (enum km_onvif_service)i;

		if (reading->why_nothing != NULL) {
			km_onvif_reading_unknown(reading, KM_FACT_ONVIF_SERVICE,
			    km_onvif_client_service_name(service), reading->why_nothing);
		} else {
			km_onvif_reading_yes_no(reading, KM_FACT_ONVIF_SERVICE,
			    km_onvif_client_service_name(service),
			    km_onvif_client_has(reading->client, service), "");
		}
	}
	return 0;
}

int km_onvif_media_read(struct km_onvif_reading *reading)
{
	static const struct km_onvif_read rows[] = {
		{ KM_ONVIF_EVENTS, "GetEventProperties", NULL, take_topics,
		    { KM_FACT_EVENT_TOPIC } },
		{ KM_ONVIF_RECORDING, "GetRecordings", NULL, take_recordings,
		    { KM_FACT_ONBOARD_STORAGE } },
	};
	static const struct km_onvif_read texts = { KM_ONVIF_MEDIA, "GetOSDs", NULL, take_texts,
		{ KM_FACT_SCREEN_TEXT } };
	static const struct km_onvif_read texts2 = { KM_ONVIF_MEDIA2, "GetOSDs", NULL, take_texts,
		{ KM_FACT_SCREEN_TEXT } };
	int err = read_media(reading);

	if (err == 0) {
		err = km_onvif_reading_run(reading, reading->is_media2 ? &texts2 : &texts, 1);
	}
	if (err == 0) {
		err = km_onvif_reading_run(reading, rows, KM_COUNT(rows));
	}
	return err < 0 ? err : read_services(reading);
}
