#include "cmd/camera_offer.h"

#include "base/time.h"
#include "cmd/role_asking.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_US  (60 * KM_TIME_SECOND_US)
#define SKEW_US      (5 * KM_TIME_SECOND_US)
#define IN_THE_CLEAR 1 /* enum km_soap_trust of the auditor */
#define NOT_VERIFIED 2

struct answer {
	const char *wanted;
	unsigned count;
	struct km_message_offer_profile chosen; /* url empty: none */
	struct km_message_offer_ended ended;
};

bool km_camera_offer_is_url(const char *url)
{
	return strncmp(url, "onvif://", 8) == 0 || strncmp(url, "onvifs://", 9) == 0;
}

static void take_profile(struct answer *answer, const struct km_message_offer_profile *profile)
{
	bool is_chosen = answer->wanted != NULL ? strcmp(profile->token, answer->wanted) == 0
						: profile->is_best != 0;

	answer->count++;
	if (is_chosen) {
		answer->chosen = *profile;
	}
	(void)fprintf(stderr, "%s profile %-16s %-6s %4ux%-4u %3u/s  %s\n", is_chosen ? "*" : " ",
	    profile->token, profile->codec, profile->width, profile->height, profile->frame_rate,
	    profile->url);
}

static bool on_message(void *context, enum km_message_kind kind, struct km_bytes packed)
{
	struct answer *answer = context;
	struct km_message_offer_profile profile;

	if (kind == KM_MESSAGE_offer_profile &&
	    km_messages_unpack_offer_profile(packed, &profile) == 0) {
		take_profile(answer, &profile);
	}
	return kind == KM_MESSAGE_offer_ended &&
	       km_messages_unpack_offer_ended(packed, &answer->ended) == 0;
}

/* The host of onvif://HOST[:PORT]/..., IPv6 without brackets. */
static enum km_exit take_host(const char *url, char *ret_host, size_t size)
{
	const char *host = strstr(url, "://") + 3;
	size_t length = strcspn(host, "/?#");
	const char *at = memchr(host, '@', length);

	if (at != NULL) {
		return km_verb_fail("%.8s...: a user name does not belong into the URL; --user and "
				    "--password-file are right",
		    url);
	}
	if (host[0] == '[') {
		host++;
		length = strcspn(host, "]");
	} else {
		length = strcspn(host, ":/?#");
	}
	if (length == 0 || km_bytes_copy_text(km_bytes_from(host, length), ret_host, size) < 0) {
		return km_verb_fail("%s: onvif://HOST[:PORT]/ is right", url);
	}
	return KM_EXIT_DONE;
}

static void tell_device(const struct km_message_offer_ended *ended)
{
	(void)fprintf(stderr, "  %s %s, firmware %s, at %s%s\n", ended->maker, ended->model,
	    ended->firmware, ended->onvif_url,
	    ended->trust == IN_THE_CLEAR   ? " (not encrypted)"
	    : ended->trust == NOT_VERIFIED ? " (encrypted, its certificate is not verified)"
					   : "");
	if (ended->clock_offset_us > SKEW_US || ended->clock_offset_us < -SKEW_US) {
		(void)fprintf(stderr, "  its clock is %" PRId64 " s off\n",
		    ended->clock_offset_us / KM_TIME_SECOND_US);
	}
}

static enum km_exit take_answer(
    const char *url, const struct answer *answer, struct km_camera *camera)
{
	if (answer->ended.err < 0) {
		return km_verb_fail("%s: %s", url,
		    answer->ended.text[0] != '\0' ? answer->ended.text
						  : km_error_text(answer->ended.err));
	}
	tell_device(&answer->ended);
	if (answer->wanted != NULL && answer->chosen.token[0] == '\0') {
		return km_verb_fail("--profile %s: it has no such profile; those that it has are "
				    "listed above",
		    answer->wanted);
	}
	if (answer->chosen.url[0] == '\0') {
		return km_verb_fail("%s: %s", url,
		    answer->count == 0 ? "it offers no profiles"
				       : "it tells no stream that can be recorded; rtsp:// with "
					 "its path is right then");
	}
	memcpy(camera->url, answer->chosen.url, sizeof(camera->url));
	memcpy(camera->onvif_url, answer->ended.onvif_url, sizeof(camera->onvif_url));
	return KM_EXIT_DONE;
}

enum km_exit km_camera_offer_fill(
    const char *url, const char *password, const char *wanted, struct km_camera *camera)
{
	struct km_message_offer_ask ask = { .request = 1 };
	struct answer answer = { .wanted = wanted };
	enum km_exit result = take_host(url, ask.host, sizeof(ask.host));
	int err = 0;

	if (result != KM_EXIT_DONE) {
		return result;
	}
	err = km_bytes_copy_text(km_bytes_text(url), ask.onvif_url, sizeof(ask.onvif_url));
	if (err == 0) {
		err =
		    km_bytes_copy_text(km_bytes_text(password), ask.password, sizeof(ask.password));
	}
	if (err == 0) {
		memcpy(ask.user, camera->user, sizeof(ask.user));
		memcpy(ask.pin, camera->pin, sizeof(ask.pin));
		ask.pin_size = camera->has_pin ? sizeof(ask.pin) : 0;
		err = km_role_asking_auditor(
		    KM_MESSAGE_offer_ask, &ask, PATIENCE_US, on_message, &answer);
	}
	explicit_bzero(&ask, sizeof(ask));
	return err < 0 ? km_verb_fail("%s: %s", url,
			     err == KM_ERR_SYS ? strerror(errno) : km_error_text(err))
		       : take_answer(url, &answer, camera);
}
