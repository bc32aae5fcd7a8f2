/*
 * The stage `identify`: what the device looks like, from outside. What it claims of itself over
 * ONVIF is given by another stage, with another source.
 */
#include "auditor/likeness.h"
#include "auditor/neighbour.h"
#include "auditor/oui.h"
#include "auditor/stages.h"
#include "model/states.h"

#include <stdio.h>
#include <string.h>

static void give_mac(struct km_job *job, const uint8_t mac[static 6], const char *where)
{
	char text[18];
	char name[KM_OUI_NAME_SIZE];

	(void)snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
	    mac[3], mac[4], mac[5]);
	km_job_give(job, KM_FACT_MAC, KM_FROM_PROBE, "", text, where, NULL);
	switch (km_oui_find(KM_OUI_DIRECTORY, mac, name)) {
	case 0:
		km_job_give(job, KM_FACT_MAC_MAKER, KM_FROM_PROBE, "", name, "", NULL);
		km_sightings_add_text(&job->seen, KM_SIGHTING_MAC, km_bytes_text(name));
		break;
	case KM_ERR_NOT_FOUND:
		km_job_give_unknown(job, KM_FACT_MAC_MAKER, KM_FROM_PROBE, "",
		    "the address is in no registry, or was made up locally");
		break;
	default:
		km_job_give_unknown(job, KM_FACT_MAC_MAKER, KM_FROM_PROBE, "",
		    "the registries (package ieee-data) cannot be read");
		break;
	}
}

static void look_at_mac(struct km_job *job)
{
	uint8_t mac[6] = { 0 };

	if (km_neighbour_find(KM_NEIGHBOUR_TABLE, &job->egress.addresses[0], mac) == 0) {
		give_mac(job, mac, "from the table of neighbours");
	} else if (km_oui_parse_mac(km_bytes_text(job->seen.mac), mac) == 0) {
		give_mac(job, mac, "from its answer to a discovery inquiry");
	} else {
		km_job_give_unknown(job, KM_FACT_MAC, KM_FROM_PROBE, "",
		    "it is not on a network of the recorder's own, or not in its table");
	}
}

static bool has_protocol(const struct km_job *job, enum km_protocol protocol)
{
	for (size_t i = 0; i < job->seen.port_count; i++) {
		if (job->seen.port[i].protocol == protocol) {
			return true;
		}
	}
	return false;
}

static void give_kind(struct km_job *job)
{
	static const enum km_protocol databases[] = { KM_PROTOCOL_REDIS, KM_PROTOCOL_MEMCACHED,
		KM_PROTOCOL_MONGODB, KM_PROTOCOL_MYSQL, KM_PROTOCOL_POSTGRESQL,
		KM_PROTOCOL_ELASTICSEARCH };
	bool has_video =
	    has_protocol(job, KM_PROTOCOL_RTSP) || has_protocol(job, KM_PROTOCOL_RTSPS);
	bool has_database = false;
	const char *kind = "unknown";

	for (size_t i = 0; i < KM_COUNT(databases); i++) {
		has_database = has_database || has_protocol(job, databases[i]);
	}
	if (has_video) {
		kind = "camera";
	} else if (has_protocol(job, KM_PROTOCOL_IPP) || has_protocol(job, KM_PROTOCOL_JETDIRECT)) {
		kind = "printer";
	} else if (has_database) {
		kind = "database";
	}
	km_job_give(job, KM_FACT_DEVICE_KIND, KM_FROM_PROBE, "", kind,
	    "by the protocols that it speaks", NULL);
}

/* For the stages behind this one: what it looks like, else what it claimed over ONVIF, both by the
 * name of the table. */
static void keep_maker(struct km_job *job, const struct km_likeness *likeness)
{
	const char *maker = likeness->maker;

	job->looks_like = likeness->maker;
	if (maker == NULL && job->maker[0] != '\0') {
		maker = km_likeness_name(job->maker);
	}
	if (maker != NULL) {
		(void)snprintf(job->maker, sizeof(job->maker), "%s", maker);
	}
}

int km_stage_identify_run(struct km_job *job)
{
	struct km_likeness likeness;
	const char *model = NULL;

	look_at_mac(job);
	km_likeness_weigh(&job->seen, &likeness);
	model = job->seen.model[0] != '\0' ? job->seen.model : likeness.model;
	if (likeness.maker == NULL) {
		km_job_give_unknown(job, KM_FACT_MAKER, KM_FROM_PROBE, "", likeness.reason);
	} else {
		km_job_give(
		    job, KM_FACT_MAKER, KM_FROM_PROBE, "", likeness.maker, likeness.reason, NULL);
	}
	keep_maker(job, &likeness);
	if (model[0] == '\0') {
		km_job_give_unknown(
		    job, KM_FACT_MODEL, KM_FROM_PROBE, "", "nothing that it shows names its model");
	} else {
		km_job_give(job, KM_FACT_MODEL, KM_FROM_PROBE, "", model, "", NULL);
		if (job->model[0] == '\0') {
			(void)snprintf(job->model, sizeof(job->model), "%s", model);
		}
	}
	if (job->seen.firmware[0] != '\0') {
		km_job_give(job, KM_FACT_FIRMWARE, KM_FROM_PROBE, "", job->seen.firmware,
		    "from its answer to a discovery inquiry", NULL);
	}
	give_kind(job);
	return km_job_is_cancelled(job) ? KM_ERR_CLOSED : 0;
}
