#include "auditor/onvif_verdict.h"

#define REPEATED_BYTES 32 /* of a secret: who repeats so many repeats it */

int km_onvif_verdict_say(struct km_onvif_answer *answer, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(answer->why, sizeof(answer->why), format, args);
	va_end(args);
	return err;
}

static bool is_login_fault(const struct km_soap_fault *fault)
{
	static const char *const codes[] = { "NotAuthorized", "SenderNotAuthorized",
		"FailedAuthentication", "InvalidSecurity", "InvalidSecurityToken",
		"OperationProhibited", "AuthenticationFailed" };

	for (size_t i = 0; i < KM_COUNT(codes); i++) {
		if (km_soap_reply_has_code(fault, codes[i])) {
			return true;
		}
	}
	return false;
}

static bool is_unknown_fault(const struct km_soap_fault *fault)
{
	static const char *const codes[] = { "ActionNotSupported", "OptionalActionNotImplemented",
		"NoSuchService", "UnknownAction", "InvalidAction" };

	for (size_t i = 0; i < KM_COUNT(codes); i++) {
		if (km_soap_reply_has_code(fault, codes[i])) {
			return true;
		}
	}
	return false;
}

/* By its first bytes, as the end may have been cut off. */
static void drop_if_repeated(char *text, struct km_bytes secret)
{
	struct km_bytes start = km_bytes_slice(secret, 0, REPEATED_BYTES);
	struct km_bytes view = km_bytes_text(text);

	if (start.size > 0 && km_bytes_find_seq(view, start) < view.size) {
		text[0] = '\0';
	}
}

static int judge_fault(const struct km_onvif_question *question, long status,
    struct km_bytes password, struct km_onvif_answer *answer)
{
	struct km_soap_fault *fault = &answer->fault;
	int err = is_login_fault(fault) || status == 401 || status == 403 ? KM_ERR_AUTH
		  : is_unknown_fault(fault)                               ? KM_ERR_UNSUPPORTED
									  : KM_ERR_STATE;
	const char *text = err == KM_ERR_AUTH          ? "it wants a (higher) login"
			   : err == KM_ERR_UNSUPPORTED ? "it does not know this operation"
						       : "it refused";

	drop_if_repeated(fault->codes, question->secret);
	drop_if_repeated(fault->reason, question->secret);
	drop_if_repeated(fault->reason, password);
	return km_onvif_verdict_say(answer, err, "%s: %.80s%s%.80s", text, fault->codes,
	    fault->reason[0] == '\0' ? "" : ", ", fault->reason);
}

int km_onvif_verdict_on_status(struct km_onvif_answer *answer, long status)
{
	if (status == 401 || status == 403) {
		return km_onvif_verdict_say(
		    answer, KM_ERR_AUTH, "it wants a (higher) login: HTTP status %ld", status);
	}
	if (status == 404 || status == 405 || status == 501) {
		return km_onvif_verdict_say(
		    answer, KM_ERR_UNSUPPORTED, "no such service: HTTP status %ld", status);
	}
	if (status >= 300 && status < 400) {
		return km_onvif_verdict_say(answer, KM_ERR_FORMAT,
		    "it sends elsewhere, which is not followed: HTTP status %ld", status);
	}
	return 0;
}

int km_onvif_verdict_on_answer(const struct km_onvif_question *question, long status,
    struct km_bytes password, struct km_onvif_answer *answer)
{
	struct km_fault fault = { 0 };
	char expected[96];
	int err = km_soap_reply_parse(km_buf_view(&answer->raw), &answer->reply, &fault);

	if (err == KM_ERR_MEMORY) {
		return err;
	}
	if (err < 0) {
		int told = km_onvif_verdict_on_status(answer, status);

		return told < 0 ? told
				: km_onvif_verdict_say(answer, KM_ERR_FORMAT,
				      "HTTP status %ld, and %s", status, fault.text);
	}
	if (km_soap_reply_is_fault(answer->reply, &answer->fault)) {
		answer->is_refused = true;
		return judge_fault(question, status, password, answer);
	}
	(void)snprintf(expected, sizeof(expected), "%sResponse", question->operation);
	if (!km_soap_reply_is(km_soap_reply_body(answer->reply), expected)) {
		return km_onvif_verdict_say(answer, KM_ERR_FORMAT, "an answer to something else");
	}
	answer->body = km_soap_reply_body(answer->reply);
	return 0;
}
