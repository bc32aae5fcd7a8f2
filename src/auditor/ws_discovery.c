#include "auditor/ws_discovery.h"

#include "auditor/soap_reply.h"

#include <string.h>

#define SOAP       "http://www.w3.org/2003/05/soap-envelope"
#define ADDRESSING "http://schemas.xmlsoap.org/ws/2004/08/addressing"
#define DISCOVERY  "http://schemas.xmlsoap.org/ws/2005/04/discovery"

int km_ws_discovery_write_probe(
    struct km_buf *buf, const struct km_uuid *id, enum km_ws_discovery_type type)
{
	static const char *const types[] = {
		[KM_WS_DISCOVERY_TRANSMITTER] =
		    "<d:Types xmlns:dn=\"http://www.onvif.org/ver10/network/wsdl\">"
		    "dn:NetworkVideoTransmitter</d:Types>",
		[KM_WS_DISCOVERY_DEVICE] =
		    "<d:Types xmlns:tds=\"http://www.onvif.org/ver10/device/wsdl\">"
		    "tds:Device</d:Types>",
	};
	char text[KM_UUID_TEXT_SIZE];

	km_uuid_write(id, text);
	km_buf_add_format(buf,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s:Envelope xmlns:s=\"" SOAP
	    "\" xmlns:a=\"" ADDRESSING "\" xmlns:d=\"" DISCOVERY "\"><s:Header>"
	    "<a:Action s:mustUnderstand=\"1\">" DISCOVERY "/Probe</a:Action>"
	    "<a:MessageID>urn:uuid:%s</a:MessageID>"
	    "<a:ReplyTo><a:Address>" ADDRESSING "/role/anonymous</a:Address></a:ReplyTo>"
	    "<a:To s:mustUnderstand=\"1\">urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"
	    "</s:Header><s:Body><d:Probe>%s</d:Probe></s:Body></s:Envelope>",
	    text, types[type]);
	return km_buf_error(buf);
}

static unsigned hex_value(char digit)
{
	return digit >= '0' && digit <= '9'   ? (unsigned)(digit - '0')
	       : digit >= 'a' && digit <= 'f' ? (unsigned)(digit - 'a') + 10
	       : digit >= 'A' && digit <= 'F' ? (unsigned)(digit - 'A') + 10
					      : 16;
}

void km_ws_discovery_decode(char *text)
{
	char *to = text;

	for (const char *at = text; *at != '\0'; at++) {
		unsigned high = *at == '%' ? hex_value(at[1]) : 16;
		unsigned low = high < 16 ? hex_value(at[2]) : 16;

		if (low < 16 && high + low > 0) {
			*to++ = (char)(high << 4 | low);
			at += 2;
		} else {
			*to++ = *at;
		}
	}
	*to = '\0';
}

/* "...onvif.org/name/Gate" for "name/": the last scope of a kind wins over nothing, the first over
 * the rest. */
static void take_scope(struct km_bytes scope, const char *kind, char *ret_text, size_t size)
{
	static const struct km_bytes front = KM_BYTES("onvif://www.onvif.org/");
	struct km_bytes rest = km_bytes_after(scope, front.size);
	struct km_bytes word = km_bytes_text(kind);

	if (ret_text[0] != '\0' || !km_bytes_has_prefix_nocase(scope, front) ||
	    !km_bytes_has_prefix_nocase(rest, word)) {
		return;
	}
	if (km_bytes_copy_text(km_bytes_after(rest, word.size), ret_text, size) == 0) {
		km_ws_discovery_decode(ret_text);
	}
}

static void take_scopes(struct km_ws_match *match)
{
	struct km_bytes rest = km_bytes_text(match->scopes);

	while (rest.size > 0) {
		struct km_bytes scope = km_bytes_trim(km_bytes_split(&rest, ' '));

		take_scope(scope, "name/", match->name, sizeof(match->name));
		take_scope(scope, "hardware/", match->hardware, sizeof(match->hardware));
		take_scope(scope, "location/", match->location, sizeof(match->location));
	}
}

/* Lists are separated by any white space [XML Schema part 2, 4.3.6]. */
static void take_list(
    const struct km_soap_node *node, const char *path, char *ret_text, size_t size)
{
	(void)km_soap_reply_text(node, path, ret_text, size);
	for (char *at = ret_text; *at != '\0'; at++) {
		if (*at == '\n' || *at == '\r' || *at == '\t') {
			*at = ' ';
		}
	}
}

static bool is_answer_to(const struct km_soap_reply *reply, const struct km_uuid *ids, size_t count)
{
	const struct km_soap_node *node = km_soap_reply_header(reply);
	char related[128];
	char wanted[KM_UUID_TEXT_SIZE];

	while (node != NULL && !km_soap_reply_is(node, "RelatesTo")) {
		node = km_soap_reply_next(node, NULL);
	}
	(void)km_soap_reply_text(node, "", related, sizeof(related));
	for (size_t i = 0; i < count; i++) {
		size_t size = strlen(related);

		km_uuid_write(&ids[i], wanted);
		/* With "urn:uuid:", "uuid:" or nothing in front. */
		if (size >= KM_UUID_TEXT_SIZE - 1 &&
		    km_bytes_is_equal_nocase(
			km_bytes_text(related + size - (KM_UUID_TEXT_SIZE - 1)),
			km_bytes_text(wanted))) {
			return true;
		}
	}
	return false;
}

int km_ws_discovery_read(struct km_bytes datagram, const struct km_uuid *ids, size_t id_count,
    struct km_ws_match ret_matches[static KM_WS_DISCOVERY_MATCHES_MAX], size_t *ret_count)
{
	struct km_soap_reply *reply = NULL;
	const struct km_soap_node *node = NULL;
	size_t count = 0;
	int err = km_soap_reply_parse(datagram, &reply, NULL);

	if (err < 0) {
		return err;
	}
	if (!km_soap_reply_is(km_soap_reply_body(reply), "ProbeMatches") ||
	    !is_answer_to(reply, ids, id_count)) {
		km_soap_reply_destroy(reply);
		return KM_ERR_NOT_FOUND;
	}
	node = km_soap_reply_child(km_soap_reply_body(reply), "ProbeMatch");
	for (; node != NULL && count < KM_WS_DISCOVERY_MATCHES_MAX;
	     node = km_soap_reply_next(node, "ProbeMatch")) {
		struct km_ws_match *match = &ret_matches[count++];

		*match = (struct km_ws_match){ 0 };
		(void)km_soap_reply_text(
		    node, "EndpointReference/Address", match->endpoint, sizeof(match->endpoint));
		take_list(node, "XAddrs", match->addresses, sizeof(match->addresses));
		take_list(node, "Scopes", match->scopes, sizeof(match->scopes));
		take_scopes(match);
	}
	km_soap_reply_destroy(reply);
	*ret_count = count;
	return 0;
}
