#include "auditor/onvif_profiles.h"

#include "auditor/soap_request.h"

#include <string.h>

/* Frame rates are whole numbers in Media and decimals in Media2. */
static uint32_t read_rate(const struct km_soap_node *node, const char *path)
{
	char text[16];
	uint32_t rate = 0;

	(void)km_soap_reply_text(node, path, text, sizeof(text));
	text[strcspn(text, ".")] = '\0';
	return km_bytes_parse_u32(km_bytes_text(text), 1000, &rate) == 0 ? rate : 0;
}

static uint32_t read_number(const struct km_soap_node *node, const char *path)
{
	uint32_t number = 0;

	return km_soap_reply_number(node, path, 1000000, &number) == 0 ? number : 0;
}

static void take_one(const struct km_soap_node *node, struct km_onvif_profile *profile)
{
	const struct km_soap_node *parts = km_soap_reply_child(node, "Configurations");
	const struct km_soap_node *video = NULL;

	*profile = (struct km_onvif_profile){ 0 };
	(void)km_soap_reply_attribute(node, "token", profile->token, sizeof(profile->token));
	(void)km_soap_reply_text(node, "Name", profile->name, sizeof(profile->name));
	video = parts != NULL ? km_soap_reply_child(parts, "VideoEncoder")
			      : km_soap_reply_child(node, "VideoEncoderConfiguration");
	profile->has_ptz = parts != NULL ? km_soap_reply_child(parts, "PTZ") != NULL
					 : km_soap_reply_child(node, "PTZConfiguration") != NULL;
	(void)km_soap_reply_text(video, "Encoding", profile->codec, sizeof(profile->codec));
	profile->width = read_number(video, "Resolution/Width");
	profile->height = read_number(video, "Resolution/Height");
	profile->frame_rate = read_rate(video, "RateControl/FrameRateLimit");
	profile->bitrate_kbps = read_number(video, "RateControl/BitrateLimit");
}

void km_onvif_profiles_take(const struct km_soap_node *body, struct km_onvif_profiles *profiles)
{
	const struct km_soap_node *node = km_soap_reply_child(body, "Profiles");

	profiles->count = 0;
	for (; node != NULL && profiles->count < KM_ONVIF_PROFILES_MAX;
	     node = km_soap_reply_next(node, "Profiles")) {
		take_one(node, &profiles->profiles[profiles->count]);
		if (profiles->profiles[profiles->count].token[0] != '\0') {
			profiles->count++;
		}
	}
}

static uint64_t pixels(const struct km_onvif_profile *profile)
{
	return (uint64_t)profile->width * profile->height;
}

size_t km_onvif_profiles_best(const struct km_onvif_profiles *profiles)
{
	size_t best = profiles->count;

	for (size_t i = 0; i < profiles->count; i++) {
		const struct km_onvif_profile *profile = &profiles->profiles[i];
		/* Motion JPEG is not what it records. */
		bool is_picture = strcmp(profile->codec, "JPEG") == 0;

		if (profile->codec[0] != '\0' && !is_picture &&
		    (best == profiles->count ||
			pixels(profile) > pixels(&profiles->profiles[best]))) {
			best = i;
		}
	}
	return best;
}

void km_onvif_profiles_write_question(
    const char *token, bool is_media2, bool is_picture, struct km_buf *buf)
{
	if (!is_picture && is_media2) {
		km_buf_add_text(buf, "<Protocol>RTSP</Protocol>");
	} else if (!is_picture) {
		km_buf_add_text(buf,
		    "<StreamSetup><tt:Stream>RTP-Unicast</tt:Stream><tt:Transport>"
		    "<tt:Protocol>RTSP</tt:Protocol></tt:Transport></StreamSetup>");
	}
	km_soap_request_element(buf, "ProfileToken", km_bytes_text(token));
}

int km_onvif_profiles_take_url(const struct km_soap_node *body, char *ret_text, size_t size)
{
	int err = km_soap_reply_text(body, "MediaUri/Uri", ret_text, size);

	if (err < 0) {
		err = km_soap_reply_text(body, "Uri", ret_text, size); /* Media2 */
	}
	return err == 0 && ret_text[0] != '\0' ? 0 : KM_ERR_NOT_FOUND;
}
