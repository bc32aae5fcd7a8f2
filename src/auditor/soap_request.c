#include "auditor/soap_request.h"

#include "base/text.h"
#include "base/time.h"
#include "crypto/digest.h"

#include <string.h>

#define ENVELOPE "http://www.w3.org/2003/05/soap-envelope"
#define SCHEMA   "http://www.onvif.org/ver10/schema"
#define WSS      "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"

void km_soap_request_text(struct km_buf *buf, struct km_bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		uint8_t byte = text.data[i];

		switch (byte) {
		case '&':
			km_buf_add_text(buf, "&amp;");
			break;
		case '<':
			km_buf_add_text(buf, "&lt;");
			break;
		case '>':
			km_buf_add_text(buf, "&gt;");
			break;
		case '"':
			km_buf_add_text(buf, "&quot;");
			break;
		default:
			if (byte >= ' ' && byte != 0x7f) {
				km_buf_add_u8(buf, byte);
			}
			break;
		}
	}
}

void km_soap_request_element(struct km_buf *buf, const char *name, struct km_bytes text)
{
	km_buf_add_format(buf, "<%s>", name);
	km_soap_request_text(buf, text);
	km_buf_add_format(buf, "</%s>", name);
}

static bool has_control(struct km_bytes text)
{
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < ' ' || text.data[i] == 0x7f) {
			return true;
		}
	}
	return false;
}

/* SHA-1 of nonce, created and password, in this order [WSS UsernameToken 1.1, 3.1]. */
static int digest_password(const struct km_soap_login *login, struct km_bytes created,
    uint8_t ret_hash[static KM_DIGEST_SHA1_BYTES])
{
	uint8_t
	    storage[KM_SOAP_REQUEST_NONCE_BYTES + KM_TIME_TEXT_SIZE + KM_SOAP_REQUEST_SECRET_MAX];
	struct km_buf input;
	int err = 0;

	km_buf_init_fixed(&input, storage, sizeof(storage));
	km_buf_add_data(&input, login->nonce, sizeof(login->nonce));
	km_buf_add(&input, created);
	km_buf_add(&input, login->password);
	err = km_buf_error(&input);
	if (err == 0) {
		err = km_digest_sha1(km_buf_view(&input), ret_hash);
	}
	explicit_bzero(storage, sizeof(storage));
	return err;
}

static int write_login(struct km_buf *buf, const struct km_soap_login *login)
{
	char created[KM_TIME_TEXT_SIZE];
	uint8_t hash[KM_DIGEST_SHA1_BYTES];
	int err = has_control(login->user) ? KM_ERR_FORMAT : 0;

	km_time_write(login->created_unix_us, created);
	if (err == 0) {
		/* Milliseconds: some parsers know no more digits. */
		memcpy(created + strlen("2026-11-22T01:02:03.004"), "Z", sizeof("Z"));
		err = digest_password(login, km_bytes_text(created), hash);
	}
	if (err < 0) {
		return err;
	}
	km_buf_add_text(buf, "<s:Header><wsse:Security s:mustUnderstand=\"1\" xmlns:wsse=\"" WSS
			     "wssecurity-secext-1.0.xsd\" xmlns:wsu=\"" WSS
			     "wssecurity-utility-1.0.xsd\"><wsse:UsernameToken>");
	km_soap_request_element(buf, "wsse:Username", login->user);
	km_buf_add_text(
	    buf, "<wsse:Password Type=\"" WSS "username-token-profile-1.0#PasswordDigest\">");
	km_text_add_base64(buf, KM_BYTES_OF(hash));
	km_buf_add_text(buf, "</wsse:Password><wsse:Nonce EncodingType=\"" WSS
			     "soap-message-security-1.0#Base64Binary\">");
	km_text_add_base64(buf, KM_BYTES_OF(login->nonce));
	km_buf_add_text(buf, "</wsse:Nonce>");
	km_soap_request_element(buf, "wsu:Created", km_bytes_text(created));
	km_buf_add_text(buf, "</wsse:UsernameToken></wsse:Security></s:Header>");
	explicit_bzero(hash, sizeof(hash));
	return 0;
}

int km_soap_request_write(struct km_buf *buf, const char *name_space, const char *operation,
    struct km_bytes body, const struct km_soap_login *login)
{
	int err = 0;

	km_buf_add_text(buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
			     "<s:Envelope xmlns:s=\"" ENVELOPE "\" xmlns:tt=\"" SCHEMA "\">");
	if (login != NULL) {
		err = write_login(buf, login);
	}
	if (err < 0) {
		return err;
	}
	km_buf_add_format(buf, "<s:Body><%s xmlns=\"%s\">", operation, name_space);
	km_buf_add(buf, body);
	km_buf_add_format(buf, "</%s></s:Body></s:Envelope>", operation);
	return km_buf_error(buf);
}
