#include "auditor/lookout.h"

#include "auditor/onvif_offer.h"
#include "auditor/onvif_place.h"
#include "auditor/ws_search.h"
#include "base/text.h"
#include "base/time.h"
#include "io/work.h"

#include <stdlib.h>
#include <string.h>

#define SPAN_MAX_US (5 * KM_TIME_MINUTE_US)

static void send_message(
    const struct km_lookout_events *events, enum km_message_kind kind, const void *message)
{
	struct km_buf packed;

	km_buf_init(&packed, 16384);
	if (km_messages_pack(kind, message, &packed) == 0) {
		events->on_message(events->context, km_buf_view(&packed));
	}
	km_buf_finish(&packed);
}

/* Devices say anything: what reaches the terminal is printable, and as much of it as is clean. */
static void copy_clean(const char *text, char *ret_text, size_t size)
{
	size_t count = strnlen(text, size - 1);

	while (count > 0 && !km_text_is_clean_utf8(km_bytes_from(text, count))) {
		count--;
	}
	memcpy(ret_text, text, count);
	ret_text[count] = '\0';
}

/* --- which cameras are there --- */

struct search {
	struct km_lookout_events events;
	uint32_t request;
	int err;
	struct km_ws_search what;
};

static void run_search(void *context)
{
	struct search *search = context;

	search->err = km_ws_search_run(&search->what);
}

/* Of its addresses the one that is the sender's own; else the first. */
static void choose_url(const struct km_ws_device *device, struct km_message_search_found *found)
{
	struct km_bytes rest = km_bytes_text(device->match.addresses);

	found->is_elsewhere = 1;
	while (rest.size > 0 && found->is_elsewhere != 0) {
		struct km_bytes url = km_bytes_split(&rest, ' ');
		struct km_onvif_place place;
		struct km_address address;

		if (km_onvif_place_parse(url, &place) < 0 || !place.is_http) {
			continue;
		}
		if (found->url[0] == '\0') {
			(void)km_bytes_copy_text(url, found->url, sizeof(found->url));
		}
		if (km_address_parse(km_bytes_text(place.host), 0, &address) == 0 &&
		    km_address_is_same_host(&address, &device->sender)) {
			(void)km_bytes_copy_text(url, found->url, sizeof(found->url));
			found->is_elsewhere = 0;
		}
	}
}

static void tell_device(const struct search *search, const struct km_ws_device *device)
{
	struct km_message_search_found found = { .request = search->request };
	const struct km_ws_match *match = &device->match;

	km_address_write_host(&device->sender, found.address);
	choose_url(device, &found);
	copy_clean(match->endpoint, found.endpoint, sizeof(found.endpoint));
	copy_clean(match->name, found.name, sizeof(found.name));
	copy_clean(match->hardware, found.hardware, sizeof(found.hardware));
	copy_clean(match->location, found.location, sizeof(found.location));
	copy_clean(match->scopes, found.scopes, sizeof(found.scopes));
	send_message(&search->events, KM_MESSAGE_search_found, &found);
}

static void end_search(void *context)
{
	struct search *search = context;
	struct km_message_search_ended ended = {
		.request = search->request,
		.err = search->err,
		.interfaces = (uint32_t)search->what.interface_count,
		.broken = (uint32_t)search->what.broken_count,
	};

	for (size_t i = 0; i < search->what.count; i++) {
		tell_device(search, &search->what.devices[i]);
	}
	send_message(&search->events, KM_MESSAGE_search_ended, &ended);
	free(search);
}

int km_lookout_search(struct km_loop *loop, const struct km_message_search_begin *begin,
    const struct km_lookout_events *events)
{
	struct search *search = NULL;
	int err = 0;

	if (begin->span_us <= 0 || begin->span_us > SPAN_MAX_US) {
		return KM_ERR_RANGE;
	}
	search = calloc(1, sizeof(*search));
	if (search == NULL) {
		return KM_ERR_MEMORY;
	}
	search->events = *events;
	search->request = begin->request;
	search->what.span_us = begin->span_us;
	search->what.is_cancelled = events->is_cancelled;
	memcpy(search->what.interface, begin->interface, sizeof(search->what.interface));
	err = km_work_submit(loop, run_search, end_search, search);
	if (err < 0) {
		free(search);
	}
	return err;
}

/* --- what one offers --- */

struct offer {
	struct km_lookout_events events;
	uint32_t request;
	int err;
	struct km_egress_budget budget;
	struct km_job job;
	struct km_onvif_offer offer;
};

static void run_offer(void *context)
{
	struct offer *offer = context;

	/* Only its addresses are let through, as in an audit. */
	offer->err = km_egress_allow_host(
	    &offer->job.egress, offer->job.host, offer->offer.text, sizeof(offer->offer.text));
	if (offer->err == 0) {
		offer->err = km_onvif_offer_read(&offer->job, &offer->offer);
	}
}

static void tell_profile(const struct offer *offer, size_t at)
{
	const struct km_onvif_profile *profile = &offer->offer.profiles.profiles[at];
	struct km_message_offer_profile message = {
		.request = offer->request,
		.width = profile->width,
		.height = profile->height,
		.frame_rate = profile->frame_rate,
		.bitrate_kbps = profile->bitrate_kbps,
		.is_best = at == offer->offer.best,
	};

	copy_clean(profile->token, message.token, sizeof(message.token));
	copy_clean(profile->name, message.name, sizeof(message.name));
	copy_clean(profile->codec, message.codec, sizeof(message.codec));
	copy_clean(offer->offer.urls[at], message.url, sizeof(message.url));
	send_message(&offer->events, KM_MESSAGE_offer_profile, &message);
}

static void end_offer(void *context)
{
	struct offer *offer = context;
	const struct km_onvif_offer *what = &offer->offer;
	struct km_message_offer_ended ended = {
		.request = offer->request,
		.err = offer->err,
		.trust = (uint8_t)what->trust,
		.clock_offset_us = what->clock_offset_us,
	};

	copy_clean(what->text, ended.text, sizeof(ended.text));
	copy_clean(what->maker, ended.maker, sizeof(ended.maker));
	copy_clean(what->model, ended.model, sizeof(ended.model));
	copy_clean(what->firmware, ended.firmware, sizeof(ended.firmware));
	copy_clean(what->onvif_url, ended.onvif_url, sizeof(ended.onvif_url));
	for (size_t i = 0; i < what->profiles.count; i++) {
		tell_profile(offer, i);
	}
	send_message(&offer->events, KM_MESSAGE_offer_ended, &ended);
	explicit_bzero(offer, sizeof(*offer));
	free(offer);
}

static const struct km_job_events no_events = { 0 };

int km_lookout_offer(struct km_loop *loop, const struct km_message_offer_ask *ask,
    const struct km_lookout_events *events)
{
	struct offer *offer = calloc(1, sizeof(*offer));
	int err = 0;

	if (offer == NULL) {
		return KM_ERR_MEMORY;
	}
	offer->events = *events;
	offer->request = ask->request;
	offer->job.events = &no_events;
	offer->job.has_pin = ask->pin_size == sizeof(offer->job.pin);
	memcpy(offer->job.pin, ask->pin, sizeof(offer->job.pin));
	memcpy(offer->job.host, ask->host, sizeof(offer->job.host));
	memcpy(offer->job.onvif_url, ask->onvif_url, sizeof(offer->job.onvif_url));
	memcpy(offer->job.user, ask->user, sizeof(offer->job.user));
	memcpy(offer->job.password, ask->password, sizeof(offer->job.password));
	km_egress_init(&offer->job.egress, &offer->budget, events->is_cancelled);
	err = km_work_submit(loop, run_offer, end_offer, offer);
	if (err < 0) {
		explicit_bzero(offer, sizeof(*offer));
		free(offer);
	}
	return err;
}
