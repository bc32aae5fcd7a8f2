/* Rules about what runs on a camera and who may reach it. [IPA a02-1, a02-2, a11-1..3] */
#include "judge/rules.h"

#include <stdio.h>
#include <string.h>

enum use {
	USE_UNRECOGNISED,
	USE_NEEDED,
	USE_ADMIN,
	USE_NEEDLESS,
};

static enum use use_of(const char *protocol)
{
	static const struct {
		const char *name;
		enum use use;
	} services[] = {
#define KM_SERVICE(name, USE) { (name), USE_##USE },
#include "judge/services.tbl"
#undef KM_SERVICE
	};

	for (size_t i = 0; i < KM_COUNT(services); i++) {
		if (strcmp(services[i].name, protocol) == 0) {
			return services[i].use;
		}
	}
	return USE_UNRECOGNISED;
}

/* Whether "1-1024,1025-65535", in rising order, leaves no port out. */
static bool covers_all(const char *ports)
{
	struct km_bytes rest = km_bytes_text(ports);
	uint32_t wanted = 1;

	while (rest.size > 0 && wanted <= UINT16_MAX) {
		struct km_bytes last = km_bytes_trim(km_bytes_split(&rest, ','));
		struct km_bytes first = km_bytes_split(&last, '-');
		uint32_t from = 0;
		uint32_t to = 0;

		if (km_bytes_parse_u32(first, UINT16_MAX, &from) < 0 ||
		    km_bytes_parse_u32(last.size > 0 ? last : first, UINT16_MAX, &to) < 0 ||
		    from > wanted) {
			return false;
		}
		wanted = to >= wanted ? to + 1 : wanted;
	}
	return wanted > UINT16_MAX;
}

static void weigh_port(
    struct km_judging *judging, const struct km_fact *fact, bool is_admin_only, bool is_proxied)
{
	enum use use = use_of(fact->value);
	bool is_bad = use == USE_ADMIN || (use == USE_NEEDLESS && !is_admin_only);
	char subject[KM_FACT_SUBJECT_SIZE + 64];

	(void)snprintf(subject, sizeof(subject), "%s %.60s", fact->subject, fact->value);
	if (!fact->is_known && strncmp(fact->subject, "udp/", 4) == 0) {
		/* Filtered, lost, or open and not understood: all look alike. */
		km_judging_weigh(
		    judging, KM_ANSWER_UNKNOWN, KM_REASON_UDP_SILENT, fact->subject, NULL);
	} else if (use == USE_UNRECOGNISED) {
		if (!is_proxied) {
			km_judging_weigh(judging, KM_ANSWER_UNKNOWN, KM_REASON_SERVICE_UNRECOGNISED,
			    subject, fact);
		}
	} else {
		km_judging_weigh(judging, is_bad ? KM_ANSWER_NOT_MET : KM_ANSWER_MET,
		    is_bad ? KM_REASON_SERVICE_NEEDLESS : KM_REASON_SERVICES_FINE, subject, fact);
	}
}

/* Whether there is a look at all ports of TCP, which one at some of them does not replace. */
static bool were_all_tried(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;

	while ((fact = km_judging_next(judging, KM_FACT_PORTS_TRIED, fact)) != NULL) {
		if (strcmp(fact->subject, "tcp") == 0) {
			return true;
		}
	}
	return false;
}

/* Both protocols must have been tried; of TCP all ports. */
static void weigh_tried(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;
	bool were_all = were_all_tried(judging);
	bool has_tcp = false;
	bool has_udp = false;

	while ((fact = km_judging_next(judging, KM_FACT_PORTS_TRIED, fact)) != NULL) {
		bool is_telling = strcmp(fact->subject, "tcp telling") == 0;
		bool is_tcp = is_telling || strcmp(fact->subject, "tcp") == 0;
		bool is_enough = !is_tcp || covers_all(fact->value);

		if (is_telling && were_all) {
			continue;
		}
		has_tcp = has_tcp || is_tcp;
		has_udp = has_udp || strcmp(fact->subject, "udp") == 0;
		km_judging_weigh(judging, is_enough ? KM_ANSWER_MET : KM_ANSWER_UNKNOWN,
		    is_enough ? KM_REASON_SERVICES_FINE : KM_REASON_PORTS_NOT_ALL, fact->value,
		    fact);
	}
	if (!has_tcp || !has_udp) {
		km_judging_lack(judging, KM_FACT_PORTS_TRIED);
	}
}

static void weigh_services(struct km_judging *judging, bool is_admin_only)
{
	const struct km_fact *fact = NULL;
	bool is_proxied = km_judging_has(judging, KM_FACT_ANSWERS_ALL, true);

	while ((fact = km_judging_next(judging, KM_FACT_ANSWERS_ALL, fact)) != NULL) {
		if (km_facts_is_yes(fact)) {
			km_judging_weigh(
			    judging, KM_ANSWER_UNKNOWN, KM_REASON_ANSWERS_FOR_ALL, NULL, fact);
		}
	}
	while ((fact = km_judging_next(judging, KM_FACT_PORT_OPEN, fact)) != NULL) {
		weigh_port(judging, fact, is_admin_only, is_proxied);
	}
	/* GetNetworkProtocols tells of HTTP, HTTPS and RTSP only: it proves nothing off. */
	weigh_tried(judging);
}

void km_camera_services_needed(struct km_judging *judging)
{
	weigh_services(judging, false);
}

void km_camera_services_admin(struct km_judging *judging)
{
	weigh_services(judging, true);
}

/* --- source addresses --- */

static bool is_everything(const char *range)
{
	size_t size = strlen(range);

	return size >= 2 && strcmp(range + size - 2, "/0") == 0;
}

/* What the filter of the camera is set to, as it says. Returns whether that decided anything. */
static bool weigh_filter(struct km_judging *judging, bool is_use_wanted)
{
	const struct km_fact *fact = NULL;
	const struct km_fact *address = NULL;
	bool has_any = false;

	while ((fact = km_judging_next(judging, KM_FACT_FILTER_KIND, fact)) != NULL) {
		bool is_allow = strcmp(fact->value, "allow") == 0;
		bool is_off = strcmp(fact->value, "off") == 0;

		if (!is_use_wanted && !is_allow) {
			continue; /* whether it is able to is another fact's matter */
		}
		has_any = true;
		km_judging_weigh(judging, is_allow ? KM_ANSWER_MET : KM_ANSWER_NOT_MET,
		    is_allow ? KM_REASON_FILTER_ALLOWS
		    : is_off ? KM_REASON_FILTER_OFF
			     : KM_REASON_FILTER_DENIES,
		    NULL, fact);
	}
	while (is_use_wanted &&
	       (address = km_judging_next(judging, KM_FACT_FILTER_ADDRESS, address)) != NULL) {
		if (is_everything(address->value)) {
			km_judging_weigh(judging, KM_ANSWER_NOT_MET, KM_REASON_FILTER_ALL,
			    address->value, address);
		}
	}
	return has_any;
}

/* Returns whether it was tried from a second place. Where that could not be, other facts decide. */
static bool weigh_second_source(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;
	bool is_tried = false;

	while ((fact = km_judging_next(judging, KM_FACT_SECOND_SOURCE, fact)) != NULL) {
		bool is_served = km_facts_is_yes(fact);

		if (fact->is_known) {
			is_tried = is_tried || km_judging_is_usable(judging, fact);
			km_judging_weigh(judging, is_served ? KM_ANSWER_NOT_MET : KM_ANSWER_MET,
			    is_served ? KM_REASON_SOURCE_SERVED : KM_REASON_SOURCE_REFUSED,
			    fact->subject, fact);
		}
	}
	return is_tried;
}

void km_camera_services_limited(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;
	bool is_tried = weigh_second_source(judging);

	while ((fact = km_judging_next(judging, KM_FACT_PORT_MAPPED, fact)) != NULL) {
		if (fact->value[0] != '\0') {
			km_judging_weigh(judging, KM_ANSWER_NOT_MET, KM_REASON_PORT_HANDED_ON,
			    fact->subject, fact);
		}
	}
	/* What is seen from a second place decides, wherever on the way it is blocked. */
	if (!is_tried && !weigh_filter(judging, true)) {
		km_judging_weigh(judging, KM_ANSWER_UNKNOWN, KM_REASON_FILTER_NOT_TOLD, NULL, NULL);
	}
}

void km_camera_services_able_to_limit(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;
	bool is_tried = weigh_second_source(judging);
	bool is_told = km_judging_has(judging, KM_FACT_FILTER_ABLE, true);

	if (is_tried && judging->answer->state == KM_ANSWER_MET) {
		return;
	}
	/* That it is not limited now does not mean that it cannot be. */
	judging->weight = 0;
	while ((fact = km_judging_next(judging, KM_FACT_FILTER_ABLE, fact)) != NULL) {
		if (is_told == km_facts_is_yes(fact)) {
			km_judging_weigh(judging, is_told ? KM_ANSWER_MET : KM_ANSWER_UNKNOWN,
			    is_told ? KM_REASON_FILTER_ABLE : KM_REASON_FILTER_NOT_TOLD, NULL,
			    fact);
		}
	}
	if (!weigh_filter(judging, false) && !is_told) {
		km_judging_weigh(judging, KM_ANSWER_UNKNOWN, KM_REASON_FILTER_NOT_TOLD, NULL, NULL);
	}
}

/* --- settings before a login --- */

void km_camera_services_before_login(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;

	while ((fact = km_judging_next(judging, KM_FACT_OPEN_SETTINGS, fact)) != NULL) {
		if (km_facts_is_yes(fact)) {
			km_judging_weigh(judging, KM_ANSWER_NOT_MET, KM_REASON_SETS_WITHOUT_LOGIN,
			    fact->subject, fact);
		}
	}
	while ((fact = km_judging_next(judging, KM_FACT_DISCOVERY_ANSWER, fact)) != NULL) {
		if (fact->is_known && fact->value[0] != '\0') {
			km_judging_weigh(judging, KM_ANSWER_UNKNOWN, KM_REASON_ANSWERS_INQUIRY,
			    fact->subject, fact);
		}
	}
	if (km_judging_next(judging, KM_FACT_OPEN_SETTINGS, NULL) == NULL &&
	    km_judging_next(judging, KM_FACT_DISCOVERY_ANSWER, NULL) == NULL) {
		km_judging_lack(judging, KM_FACT_OPEN_SETTINGS);
	}
	/* Nothing seen is no proof: ARP, and the first minutes after a start, are out of sight. */
	km_judging_weigh(judging, KM_ANSWER_UNKNOWN, KM_REASON_ARP_UNSEEN, NULL, NULL);
}
