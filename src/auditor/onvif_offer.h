/*
 * What a camera offers to be recorded, asked over ONVIF once: who it is, its profiles, and where
 * their streams are. For filling in its entry; it reads only.
 */
#ifndef KM_AUDITOR_ONVIF_OFFER_H
#define KM_AUDITOR_ONVIF_OFFER_H

#include "auditor/onvif_profiles.h"

struct km_onvif_offer {
	char text[KM_ONVIF_CLIENT_WHY_SIZE]; /* why not, for people */
	char maker[64];
	char model[64];
	char firmware[64];
	char onvif_url[KM_JOB_URL_SIZE]; /* of its device service, as it was found */
	enum km_soap_trust trust;
	bool has_clock;
	int64_t clock_offset_us;
	struct km_onvif_profiles profiles;
	size_t best; /* of the profiles, or their count */
	/*
	 * By profile: rtsp:// or rtsps:// at the camera's own host, without a user; empty if it
	 * does not tell one.
	 */
	char urls[KM_ONVIF_PROFILES_MAX][KM_JOB_URL_SIZE];
};

/*
 * Ask. 0 (perhaps without profiles), or an error of km_onvif_client_ask, its reason in
 * ret_offer->text. Blocks, 40 s at most.
 */
KM_MUST_USE int km_onvif_offer_read(struct km_job *job, struct km_onvif_offer *ret_offer);

/*
 * The URL that the recorder takes for a stream that a camera tells: at `host`, whatever address it
 * knows itself by, and without its user. 0, KM_ERR_FORMAT, KM_ERR_UNSUPPORTED (no RTSP) or
 * KM_ERR_LIMIT. Pure.
 */
KM_MUST_USE int km_onvif_offer_write_url(
    struct km_bytes told, const char *host, char *ret_url, size_t size);

#endif
