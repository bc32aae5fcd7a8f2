/* Rules about what a camera keeps, tells and shows. [IPA a01-2, a04-4, a05-1, a06-1, a13, a14-1,
 * a31-1, c01-1, c11-1, h01-1] */
#include "judge/rules.h"

#include <string.h>

void km_camera_records_kept(struct km_judging *judging)
{
	km_judging_need_all(judging, KM_FACT_ONBOARD_STORAGE, false, KM_REASON_KEEPS_NONE,
	    KM_REASON_KEEPS_RECORDINGS);
}

void km_camera_records_clock(struct km_judging *judging)
{
	km_judging_weigh_clock(judging);
}

/* --- weaknesses --- */

/* A fact of the kind that is known, whoever says so; else its lack. */
static void need_known(
    struct km_judging *judging, enum km_fact_kind kind, enum km_reason good, enum km_reason lack)
{
	const struct km_fact *fact = NULL;
	const struct km_fact *found = NULL;

	while (found == NULL && (fact = km_judging_next(judging, kind, fact)) != NULL) {
		if (km_judging_is_usable(judging, fact) && fact->value[0] != '\0') {
			found = fact;
		}
	}
	if (found != NULL) {
		km_judging_weigh(judging, KM_ANSWER_MET, good, found->value, found);
	} else {
		km_judging_weigh(judging, KM_ANSWER_UNKNOWN, lack, km_facts_name(kind),
		    km_judging_next(judging, kind, NULL));
	}
}

void km_camera_records_weaknesses(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;
	int64_t end_us = 0;

	km_judging_weigh_weaknesses(judging, KM_FACT_VULNERABILITY);
	while ((fact = km_judging_next(judging, KM_FACT_SUPPORT_END, fact)) != NULL) {
		if (km_facts_number(fact, &end_us) == 0 && end_us <= judging->now_us) {
			km_judging_weigh(
			    judging, KM_ANSWER_NOT_MET, KM_REASON_SUPPORT_ENDED, NULL, fact);
		}
	}
	need_known(judging, KM_FACT_MODEL, KM_REASON_NO_WEAKNESS, KM_REASON_NOT_IDENTIFIED);
	need_known(judging, KM_FACT_FIRMWARE, KM_REASON_NO_WEAKNESS, KM_REASON_NOT_IDENTIFIED);
	/* No match is an answer only if there was a comparison. */
	need_known(
	    judging, KM_FACT_WEAKNESSES_COMPARED, KM_REASON_NO_WEAKNESS, KM_REASON_NOT_MATCHED);
}

void km_camera_records_update(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;

	need_known(judging, KM_FACT_FIRMWARE, KM_REASON_UPDATE_FINE, KM_REASON_NO_FACTS);
	while ((fact = km_judging_next(judging, KM_FACT_UPDATE_OVER_HTTP, fact)) != NULL) {
		bool is_able = km_facts_is_yes(fact);

		km_judging_weigh(judging, is_able ? KM_ANSWER_MET : KM_ANSWER_UNKNOWN,
		    is_able ? KM_REASON_UPDATE_FINE : KM_REASON_UPDATE_NOT_TOLD, NULL, fact);
	}
	if (km_judging_next(judging, KM_FACT_UPDATE_OVER_HTTP, NULL) == NULL) {
		km_judging_lack(judging, KM_FACT_UPDATE_OVER_HTTP);
	}
}

void km_camera_records_reboot(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;

	while ((fact = km_judging_next(judging, KM_FACT_REBOOT_ABLE, fact)) != NULL) {
		bool is_able = km_facts_is_yes(fact);

		km_judging_weigh(judging, is_able ? KM_ANSWER_MET : KM_ANSWER_UNKNOWN,
		    is_able ? KM_REASON_REBOOT_ABLE : KM_REASON_REBOOT_NOT_TOLD, NULL, fact);
	}
	if (km_judging_next(judging, KM_FACT_REBOOT_ABLE, NULL) == NULL) {
		km_judging_lack(judging, KM_FACT_REBOOT_ABLE);
	}
}

/* --- logs and events --- */

/* Weigh as met what the camera can tell of: any of the topics. Returns whether there was one. */
static bool weigh_topics(
    struct km_judging *judging, const char *const topics[], size_t count, enum km_reason reason)
{
	const struct km_fact *fact = NULL;
	bool has_any = false;

	while ((fact = km_judging_next(judging, KM_FACT_EVENT_TOPIC, fact)) != NULL) {
		for (size_t i = 0; i < count; i++) {
			if (km_facts_is_yes(fact) && strstr(fact->subject, topics[i]) != NULL) {
				km_judging_weigh(
				    judging, KM_ANSWER_MET, reason, fact->subject, fact);
				has_any = has_any || km_judging_is_usable(judging, fact);
			}
		}
	}
	return has_any;
}

/* The camera told its topics, and none of those that are looked for is among them. */
static void weigh_no_topic(struct km_judging *judging, enum km_reason reason)
{
	if (km_judging_has(judging, KM_FACT_EVENT_TOPIC, true)) {
		km_judging_weigh(judging, KM_ANSWER_NOT_MET, reason, NULL,
		    km_judging_next(judging, KM_FACT_EVENT_TOPIC, NULL));
	} else {
		km_judging_lack(judging, KM_FACT_EVENT_TOPIC);
	}
}

void km_camera_records_logins(struct km_judging *judging)
{
	static const char *const topics[] = { "AuthFailed", "SecurityPolicy" };
	bool has_topic = weigh_topics(judging, topics, KM_COUNT(topics), KM_REASON_LOGS_LOGINS);

	if (!has_topic || km_judging_has(judging, KM_FACT_LOG_LOGINS, true)) {
		km_judging_need_all(judging, KM_FACT_LOG_LOGINS, true, KM_REASON_LOGS_LOGINS,
		    KM_REASON_LOGS_NO_LOGINS);
	}
}

void km_camera_records_times(struct km_judging *judging)
{
	km_judging_need_all(
	    judging, KM_FACT_LOG_TIMES, true, KM_REASON_LOG_HAS_TIMES, KM_REASON_LOG_WITHOUT_TIMES);
	km_judging_weigh_clock(judging);
}

void km_camera_records_signal(struct km_judging *judging)
{
	static const char *const topics[] = { "SignalLoss" };
	const struct km_fact *kind = km_judging_next(judging, KM_FACT_DEVICE_KIND, NULL);

	if (kind == NULL) {
		km_judging_lack(judging, KM_FACT_DEVICE_KIND);
	} else if (!kind->is_known || strcmp(kind->value, "unknown") == 0) {
		km_judging_weigh(judging, KM_ANSWER_UNKNOWN, KM_REASON_NOT_KNOWN,
		    km_facts_name(KM_FACT_DEVICE_KIND), kind);
	} else if (strcmp(kind->value, "encoder") != 0) {
		km_judging_weigh(
		    judging, KM_ANSWER_NOT_APPLICABLE, KM_REASON_NOT_ENCODER, NULL, kind);
	} else if (!weigh_topics(judging, topics, KM_COUNT(topics), KM_REASON_TELLS_SIGNAL)) {
		weigh_no_topic(judging, KM_REASON_TOPIC_MISSING);
	}
}

/* --- tampering --- */

static const char *const tamper_topics[] = { "GlobalSceneChange", "ImageTooDark", "ImageTooBright",
	"ImageTooBlurry", "Tamper" };

/* The recorder watches this camera's pictures, or its events. */
static const struct km_fact *watch_of(const struct km_judging *judging)
{
	const struct km_fact *watch = km_judging_of_camera(judging, KM_FACT_SELF_TAMPER_WATCH);

	return watch != NULL && km_judging_is_usable(judging, watch) && km_facts_is_yes(watch)
		   ? watch
		   : NULL;
}

void km_camera_records_tampering(struct km_judging *judging)
{
	const struct km_fact *watch = watch_of(judging);

	if (watch != NULL) {
		km_judging_weigh(judging, KM_ANSWER_MET, KM_REASON_TAMPER_WATCHED, NULL, watch);
	} else if (weigh_topics(
		       judging, tamper_topics, KM_COUNT(tamper_topics), KM_REASON_TAMPER_TOLD)) {
		km_judging_weigh(judging, KM_ANSWER_UNKNOWN, KM_REASON_TAMPER_NOT_READ, NULL, NULL);
	} else {
		weigh_no_topic(judging, KM_REASON_TAMPER_UNSEEN);
	}
}

void km_camera_records_tamper_events(struct km_judging *judging)
{
	const struct km_fact *watch = watch_of(judging);

	if (weigh_topics(judging, tamper_topics, KM_COUNT(tamper_topics), KM_REASON_TAMPER_TOLD)) {
		return;
	}
	if (watch != NULL) {
		judging->weight = 0;
		km_judging_weigh(
		    judging, KM_ANSWER_NOT_APPLICABLE, KM_REASON_RECORDER_DOES, NULL, watch);
	} else {
		weigh_no_topic(judging, KM_REASON_TOPIC_MISSING);
	}
}

/* --- after maintenance --- */

void km_camera_records_same_after(struct km_judging *judging)
{
	const struct km_fact *work = km_judging_of_camera(judging, KM_FACT_SELF_MAINTENANCE);
	const struct km_fact *compared = km_judging_of_camera(judging, KM_FACT_SELF_SNAPSHOTS);
	int64_t ended_us = 0;
	int64_t compared_us = 0;

	if (work == NULL || km_facts_number(work, &ended_us) < 0) {
		km_judging_weigh(
		    judging, KM_ANSWER_NOT_APPLICABLE, KM_REASON_NO_WORK_YET, NULL, work);
	} else if (compared != NULL && km_facts_number(compared, &compared_us) == 0 &&
		   compared_us >= ended_us) {
		km_judging_weigh(judging, KM_ANSWER_MET, KM_REASON_COMPARED_AFTER, NULL, compared);
		km_judging_show(judging, work);
	} else {
		bool is_late = ended_us < judging->now_us - KM_JUDGING_PATIENCE_US;

		km_judging_weigh(judging, is_late ? KM_ANSWER_NOT_MET : KM_ANSWER_UNKNOWN,
		    KM_REASON_NOT_COMPARED, NULL, work);
	}
}
