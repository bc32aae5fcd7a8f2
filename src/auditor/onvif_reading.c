#include "auditor/onvif_reading.h"

#include "model/states.h"

#include <string.h>

int km_onvif_reading_ask(struct km_onvif_reading *reading, enum km_onvif_service service,
    const char *operation, struct km_bytes body, bool is_anonymous)
{
	bool has_login = reading->job->user[0] != '\0' &&
			 km_onvif_client_login(reading->client) != KM_ONVIF_LOGIN_REFUSED;
	const struct km_onvif_question question = {
		.service = service,
		.operation = operation,
		.body = body,
		.is_anonymous = is_anonymous || !has_login,
	};
	int err = 0;

	km_onvif_client_finish(&reading->answer);
	err = km_onvif_client_ask(reading->client, &question, &reading->answer);
	reading->proof = km_buf_view(&reading->answer.raw);
	return err;
}

static void give_unknown(
    struct km_onvif_reading *reading, const struct km_onvif_read *row, const char *why)
{
	for (size_t i = 0; i < KM_ONVIF_READING_KINDS_MAX && row->kinds[i] != 0; i++) {
		km_onvif_reading_unknown(reading, row->kinds[i], "", why);
	}
}

int km_onvif_reading_run(
    struct km_onvif_reading *reading, const struct km_onvif_read *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct km_onvif_read *row = &rows[i];
		int err = 0;

		if (reading->why_nothing != NULL) {
			give_unknown(reading, row, reading->why_nothing);
			continue;
		}
		err = km_onvif_reading_ask(
		    reading, row->service, row->operation, km_bytes_text(row->body), false);
		if (err == KM_ERR_CLOSED || err == KM_ERR_MEMORY) {
			return err;
		}
		if (err == 0) {
			row->take(reading, reading->answer.body);
		} else {
			char why[KM_FACT_DETAIL_SIZE];

			(void)snprintf(
			    why, sizeof(why), "%s: %s", row->operation, reading->answer.why);
			give_unknown(reading, row, why);
		}
	}
	return 0;
}

static const struct km_bytes *proof_of(const struct km_onvif_reading *reading)
{
	return reading->proof.size > 0 ? &reading->proof : NULL;
}

void km_onvif_reading_give(struct km_onvif_reading *reading, enum km_fact_kind kind,
    const char *subject, const char *value, const char *detail)
{
	km_job_give(reading->job, kind, KM_FROM_ONVIF, subject, value, detail, proof_of(reading));
}

void km_onvif_reading_yes_no(struct km_onvif_reading *reading, enum km_fact_kind kind,
    const char *subject, bool value, const char *detail)
{
	km_job_give_yes_no(
	    reading->job, kind, KM_FROM_ONVIF, subject, value, detail, proof_of(reading));
}

void km_onvif_reading_number(struct km_onvif_reading *reading, enum km_fact_kind kind,
    const char *subject, int64_t value, const char *detail)
{
	km_job_give_number(
	    reading->job, kind, KM_FROM_ONVIF, subject, value, detail, proof_of(reading));
}

void km_onvif_reading_unknown(
    struct km_onvif_reading *reading, enum km_fact_kind kind, const char *subject, const char *why)
{
	km_job_give_unknown(reading->job, kind, KM_FROM_ONVIF, subject, why);
}

void km_onvif_reading_text(struct km_onvif_reading *reading, enum km_fact_kind kind,
    const struct km_soap_node *node, const char *path)
{
	char text[KM_FACT_VALUE_SIZE];

	if (km_soap_reply_text(node, path, text, sizeof(text)) < 0 || text[0] == '\0') {
		km_onvif_reading_unknown(reading, kind, "", "it does not say");
	} else {
		km_onvif_reading_give(reading, kind, "", text, "");
	}
}

void km_onvif_reading_lower(char *text)
{
	for (char *at = text; *at != '\0'; at++) {
		if (*at >= 'A' && *at <= 'Z') {
			*at = (char)(*at - 'A' + 'a');
		}
	}
}
