/*
 * The media profiles of a camera and where their streams are [ONVIF Media 5.2, Media2 5.2]: for the
 * audit's facts, and for filling in a camera's entry. Nothing is played.
 */
#ifndef KM_AUDITOR_ONVIF_PROFILES_H
#define KM_AUDITOR_ONVIF_PROFILES_H

#include "auditor/onvif_client.h"

#define KM_ONVIF_PROFILES_MAX 8

struct km_onvif_profile {
	char token[64];
	char name[64];
	char codec[16]; /* as it is called there: "H264", "H265", "JPEG" */
	uint32_t width;
	uint32_t height;
	uint32_t frame_rate;   /* a second, rounded; 0: not told */
	uint32_t bitrate_kbps; /* 0: not told */
	bool has_ptz;
};

struct km_onvif_profiles {
	bool is_media2; /* they came from there */
	size_t count;
	struct km_onvif_profile profiles[KM_ONVIF_PROFILES_MAX];
};

/* Take them from the response of GetProfiles. Pure. */
void km_onvif_profiles_take(const struct km_soap_node *body, struct km_onvif_profiles *profiles);

/* The one that records best: the most pixels; of equal ones the first. Its place, or count. */
size_t km_onvif_profiles_best(const struct km_onvif_profiles *profiles);

/* The elements of GetStreamUri (is_picture: GetSnapshotUri) for a profile. Pure. */
void km_onvif_profiles_write_question(
    const char *token, bool is_media2, bool is_picture, struct km_buf *buf);

/* The URL of its answer: 0, or KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_onvif_profiles_take_url(
    const struct km_soap_node *body, char *ret_text, size_t size);

#endif
