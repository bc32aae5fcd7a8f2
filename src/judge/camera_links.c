/* Rules about the way between camera and recorder. [IPA d01-1..3, d02-1, d11-1..2, e01-1, e11-1] */
#include "judge/rules.h"

#include <ctype.h>
#include <string.h>

/* --- TLS --- */

/* TLS 1.2 and later are safe; what comes before is not. [IPA d, audit point] */
static bool is_old(const char *subject)
{
	return strstr(subject, "1.0") != NULL || strstr(subject, "1.1") != NULL ||
	       strstr(subject, "SSL") != NULL;
}

/* What it did not answer to may be the weak one: unknown, as is what was not looked at. */
static void weigh_ciphers(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;

	while ((fact = km_judging_next(judging, KM_FACT_TLS_VERSION, fact)) != NULL) {
		if (!km_facts_is_no(fact) || !km_judging_is_usable(judging, fact)) {
			bool is_bad = is_old(fact->subject);

			km_judging_weigh(judging, is_bad ? KM_ANSWER_NOT_MET : KM_ANSWER_MET,
			    is_bad ? KM_REASON_OLD_TLS : KM_REASON_HTTPS_ONLY, fact->subject, fact);
		}
	}
	while ((fact = km_judging_next(judging, KM_FACT_TLS_SUITE, fact)) != NULL) {
		bool is_bad = strcmp(fact->value, "weak") == 0;

		km_judging_weigh(judging, is_bad ? KM_ANSWER_NOT_MET : KM_ANSWER_MET,
		    is_bad ? KM_REASON_WEAK_CIPHER : KM_REASON_HTTPS_ONLY, fact->subject, fact);
	}
	if (km_judging_next(judging, KM_FACT_TLS_VERSION, NULL) == NULL) {
		km_judging_lack(judging, KM_FACT_TLS_VERSION);
	}
	if (km_judging_next(judging, KM_FACT_TLS_SUITE, NULL) == NULL) {
		km_judging_lack(judging, KM_FACT_TLS_SUITE);
	}
}

void km_camera_links_https(struct km_judging *judging)
{
	km_judging_need_all(judging, KM_FACT_HTTPS, true, KM_REASON_HTTPS_ONLY, KM_REASON_NO_HTTPS);
	km_judging_need_all(
	    judging, KM_FACT_HTTP_CLOSED, true, KM_REASON_HTTPS_ONLY, KM_REASON_HTTP_OPEN);
	(void)km_judging_weigh_all(judging, KM_FACT_BASIC_IN_CLEAR, false, KM_REASON_HTTPS_ONLY,
	    KM_REASON_PASSWORD_IN_CLEAR);
	weigh_ciphers(judging);
}

void km_camera_links_video(struct km_judging *judging)
{
	km_judging_need_all(
	    judging, KM_FACT_VIDEO_TLS, true, KM_REASON_VIDEO_ENCRYPTED, KM_REASON_VIDEO_IN_CLEAR);
}

void km_camera_links_trust(struct km_judging *judging)
{
	const struct km_fact *trust = km_judging_of_camera(judging, KM_FACT_SELF_CAMERA_TRUST);

	if (trust == NULL) {
		km_judging_lack(judging, KM_FACT_SELF_CAMERA_TRUST);
	} else {
		bool is_good = km_facts_is_yes(trust);

		km_judging_weigh(judging, is_good ? KM_ANSWER_MET : KM_ANSWER_NOT_MET,
		    is_good ? KM_REASON_CERTIFICATE_CHECKED : KM_REASON_CERTIFICATE_UNCHECKED, NULL,
		    trust);
	}
}

void km_camera_links_certificate(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;

	km_judging_need_all(
	    judging, KM_FACT_HTTPS, true, KM_REASON_CERTIFICATE_ABLE, KM_REASON_NO_HTTPS);
	if (km_judging_has(judging, KM_FACT_CERTIFICATE_SELF_SIGNED, false)) {
		/* It has one of an authority: so it takes one. */
		(void)km_judging_weigh_all(judging, KM_FACT_CERTIFICATE_SELF_SIGNED, false,
		    KM_REASON_CERTIFICATE_ABLE, KM_REASON_CERTIFICATE_NOT_ABLE);
		return;
	}
	while ((fact = km_judging_next(judging, KM_FACT_CERTIFICATE_ABLE, fact)) != NULL) {
		bool is_able = km_facts_is_yes(fact);

		km_judging_weigh(judging, is_able ? KM_ANSWER_MET : KM_ANSWER_UNKNOWN,
		    is_able ? KM_REASON_CERTIFICATE_ABLE : KM_REASON_CERTIFICATE_NOT_ABLE, NULL,
		    fact);
	}
	if (km_judging_next(judging, KM_FACT_CERTIFICATE_ABLE, NULL) == NULL) {
		km_judging_lack(judging, KM_FACT_CERTIFICATE_ABLE);
	}
}

void km_camera_links_secrets(struct km_judging *judging)
{
	(void)km_judging_weigh_all(
	    judging, KM_FACT_SECRET_IN_URL, false, KM_REASON_NO_SECRET_SEEN, KM_REASON_SECRET_SEEN);
	km_judging_need_all(
	    judging, KM_FACT_SECRET_IN_LOG, false, KM_REASON_NO_SECRET_SEEN, KM_REASON_SECRET_SEEN);
}

/* --- names that tell a place --- */

/* Words of letters; everything else is between them. "2f", "b1f" and the like are floors. */
static bool has_latin_word(const char *text, const char *word)
{
	size_t size = strlen(word);

	for (const char *at = text; (at = strcasestr(at, word)) != NULL; at++) {
		bool is_front = at == text || !isalpha((unsigned char)at[-1]);

		if (is_front && !isalpha((unsigned char)at[size])) {
			return true;
		}
	}
	return false;
}

static bool has_floor(const char *text)
{
	for (const char *at = text; *at != '\0'; at++) {
		bool is_end = (*at == 'F' || *at == 'f') && !isalnum((unsigned char)at[1]);

		if (is_end && at > text && isdigit((unsigned char)at[-1])) {
			const char *front = at - 1;

			while (front > text && isdigit((unsigned char)front[-1])) {
				front--;
			}
			if (front > text && (front[-1] == 'B' || front[-1] == 'b')) {
				front--;
			}
			if (front == text || !isalnum((unsigned char)front[-1])) {
				return at - front <= 3;
			}
		}
	}
	return false;
}

static bool tells_place(const char *text)
{
	static const char *const words[] = {
#define KM_PLACE_WORD(word) word,
#include "judge/place_words.tbl"
#undef KM_PLACE_WORD
	};

	for (size_t i = 0; i < KM_COUNT(words); i++) {
		bool is_latin = (unsigned char)words[i][0] < 0x80;

		if (is_latin ? has_latin_word(text, words[i]) : strstr(text, words[i]) != NULL) {
			return true;
		}
	}
	return has_floor(text);
}

/* A scope for places is there to tell one; a country alone is what makers ship. [ONVIF Core 7.3] */
static bool scope_tells_place(const char *scope)
{
	static const char location[] = "/location/";
	static const char name[] = "/name/";
	const char *at = strstr(scope, location);

	if (at != NULL) {
		at += sizeof(location) - 1;
		return *at != '\0' && strncasecmp(at, "country/", strlen("country/")) != 0 &&
		       strcasecmp(at, "none") != 0 && strcasecmp(at, "unknown") != 0;
	}
	at = strstr(scope, name);
	return at != NULL && tells_place(at + sizeof(name) - 1);
}

static unsigned weigh_names(
    struct km_judging *judging, enum km_fact_kind kind, bool (*is_telling)(const char *text))
{
	const struct km_fact *fact = NULL;
	unsigned usable = 0;

	while ((fact = km_judging_next(judging, kind, fact)) != NULL) {
		bool is_bad = fact->is_known && is_telling(fact->value);

		usable += km_judging_is_usable(judging, fact) ? 1 : 0;
		km_judging_weigh(judging, is_bad ? KM_ANSWER_NOT_MET : KM_ANSWER_MET,
		    is_bad ? KM_REASON_NAME_TELLS_PLACE : KM_REASON_NAMES_FINE, fact->value, fact);
	}
	return usable;
}

void km_camera_links_names(struct km_judging *judging)
{
	unsigned usable = weigh_names(judging, KM_FACT_HOST_NAME, tells_place);

	usable += weigh_names(judging, KM_FACT_SCOPE, scope_tells_place);
	(void)weigh_names(judging, KM_FACT_SCREEN_TEXT, tells_place);
	if (usable == 0) {
		km_judging_lack(judging, KM_FACT_SCOPE);
	}
}

/* --- wireless --- */

static void weigh_cipher(struct km_judging *judging, const struct km_fact *fact)
{
	bool is_good = strcmp(fact->value, "ccmp") == 0;
	bool is_own = strcmp(fact->value, "extended") == 0;

	/* A pre-shared key is WPA and WPA2 alike: the cipher tells them apart. */
	km_judging_weigh(judging,
	    is_good  ? KM_ANSWER_MET
	    : is_own ? KM_ANSWER_UNKNOWN
		     : KM_ANSWER_NOT_MET,
	    is_good  ? KM_REASON_CIPHER_FINE
	    : is_own ? KM_REASON_CIPHER_EXTENDED
		     : KM_REASON_CIPHER_WEAK,
	    fact->value, fact);
}

void km_camera_links_wireless(struct km_judging *judging)
{
	const struct km_fact *fact = NULL;

	if (km_judging_next(judging, KM_FACT_WIRELESS, NULL) == NULL) {
		km_judging_lack(judging, KM_FACT_WIRELESS);
		return;
	}
	while ((fact = km_judging_next(judging, KM_FACT_WIRELESS, fact)) != NULL) {
		if (!km_facts_is_yes(fact)) {
			km_judging_weigh(
			    judging, KM_ANSWER_NOT_APPLICABLE, KM_REASON_NOT_WIRELESS, NULL, fact);
		}
	}
	if (!km_judging_has(judging, KM_FACT_WIRELESS, true)) {
		return;
	}
	while ((fact = km_judging_next(judging, KM_FACT_WIRELESS_CIPHER, fact)) != NULL) {
		weigh_cipher(judging, fact);
	}
	if (km_judging_next(judging, KM_FACT_WIRELESS_CIPHER, NULL) == NULL) {
		km_judging_lack(judging, KM_FACT_WIRELESS_CIPHER);
	}
}
