#include "proto/inquiry.h"

#define DAHUA_HEAD_BYTES 32
#define VALUE_MAX        256 /* longer values are none */

/* --- questions --- */

static void write_u32_little(struct km_buf *buf, size_t value)
{
	for (unsigned i = 0; i < 4; i++) {
		km_buf_add_u8(buf, value >> (8 * i) & 0xff);
	}
}

static void write_dahua(struct km_buf *buf)
{
	const struct km_bytes body =
	    KM_BYTES("{\"method\":\"DHDiscover.search\",\"params\":{\"mac\":\"\",\"uni\":1}}\n");

	write_u32_little(buf, DAHUA_HEAD_BYTES);
	km_buf_add_text(buf, "DHIP");
	write_u32_little(buf, 0);
	write_u32_little(buf, 0);
	write_u32_little(buf, body.size);
	write_u32_little(buf, 0);
	write_u32_little(buf, body.size);
	write_u32_little(buf, 0);
	km_buf_add(buf, body);
}

static void write_ws_discovery(const char *id, struct km_buf *buf)
{
	km_buf_add_format(buf,
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
	    "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\""
	    " xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\""
	    " xmlns:d=\"http://schemas.xmlsoap.org/ws/2005/04/discovery\"><s:Header>"
	    "<a:Action>http://schemas.xmlsoap.org/ws/2005/04/discovery/Probe</a:Action>"
	    "<a:MessageID>urn:uuid:%s</a:MessageID>"
	    "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To></s:Header>"
	    "<s:Body><d:Probe/></s:Body></s:Envelope>",
	    id);
}

void km_inquiry_write(enum km_inquiry inquiry, const struct km_uuid *id, struct km_buf *buf)
{
	char text[KM_UUID_TEXT_SIZE];

	km_uuid_write(id, text);
	switch (inquiry) {
	case KM_INQUIRY_HIKVISION:
		km_buf_add_format(buf,
		    "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
		    "<Probe><Uuid>%s</Uuid><Types>inquiry</Types></Probe>",
		    text);
		break;
	case KM_INQUIRY_DAHUA:
		write_dahua(buf);
		break;
	case KM_INQUIRY_WS_DISCOVERY:
		write_ws_discovery(text, buf);
		break;
	}
}

/* --- answers --- */

/* What stands behind `start` up to the byte `end`; empty if either is missing. */
static struct km_bytes find_between(struct km_bytes input, struct km_bytes start, uint8_t end)
{
	size_t at = km_bytes_find_seq(input, start);
	struct km_bytes rest = { 0 };
	size_t size = 0;

	if (at == input.size) {
		return rest;
	}
	rest = km_bytes_after(input, at + start.size);
	size = km_bytes_find(rest, end);
	if (size == rest.size || size > VALUE_MAX) {
		return (struct km_bytes){ 0 };
	}
	return km_bytes_trim(km_bytes_slice(rest, 0, size));
}

static int parse_hikvision(struct km_bytes input, struct km_inquiry_answer *answer)
{
	if (km_bytes_find_seq(input, KM_BYTES("<ProbeMatch>")) == input.size) {
		return KM_ERR_FORMAT;
	}
	*answer = (struct km_inquiry_answer){
		.model = find_between(input, KM_BYTES("<DeviceDescription>"), '<'),
		.firmware = find_between(input, KM_BYTES("<SoftwareVersion>"), '<'),
		.serial = find_between(input, KM_BYTES("<DeviceSN>"), '<'),
		.mac = find_between(input, KM_BYTES("<MAC>"), '<'),
		.activated = find_between(input, KM_BYTES("<Activated>"), '<'),
	};
	return 0;
}

/* The text of a member; blanks before and behind its colon are allowed. */
static struct km_bytes find_member(struct km_bytes input, struct km_bytes name)
{
	size_t at = km_bytes_find_seq(input, name);
	struct km_bytes rest = km_bytes_after(input, at + name.size);
	size_t size = 0;

	rest = km_bytes_trim(rest);
	if (!km_bytes_has_prefix(rest, KM_BYTES(":"))) {
		return (struct km_bytes){ 0 };
	}
	rest = km_bytes_trim(km_bytes_after(rest, 1));
	if (!km_bytes_has_prefix(rest, KM_BYTES("\""))) {
		return (struct km_bytes){ 0 };
	}
	rest = km_bytes_after(rest, 1);
	size = km_bytes_find(rest, '"');
	if (size == rest.size || size > VALUE_MAX) {
		return (struct km_bytes){ 0 };
	}
	return km_bytes_slice(rest, 0, size);
}

static int parse_dahua(struct km_bytes input, struct km_inquiry_answer *answer)
{
	struct km_bytes body = km_bytes_after(input, DAHUA_HEAD_BYTES);

	if (!km_bytes_is_equal(km_bytes_slice(input, 4, 4), KM_BYTES("DHIP")) ||
	    km_bytes_find_seq(body, KM_BYTES("deviceInfo")) == body.size) {
		return KM_ERR_FORMAT;
	}
	*answer = (struct km_inquiry_answer){
		.model = find_member(body, KM_BYTES("\"DeviceType\"")),
		.firmware = find_member(body, KM_BYTES("\"Version\"")),
		.serial = find_member(body, KM_BYTES("\"SerialNo\"")),
		.mac = find_member(body, KM_BYTES("\"mac\"")),
	};
	return 0;
}

int km_inquiry_parse(
    enum km_inquiry inquiry, struct km_bytes input, struct km_inquiry_answer *ret_answer)
{
	switch (inquiry) {
	case KM_INQUIRY_HIKVISION:
		return parse_hikvision(input, ret_answer);
	case KM_INQUIRY_DAHUA:
		return parse_dahua(input, ret_answer);
	case KM_INQUIRY_WS_DISCOVERY:
		if (km_bytes_find_seq(input, KM_BYTES("ProbeMatches")) < input.size) {
			*ret_answer = (struct km_inquiry_answer){ 0 };
			return 0;
		}
		break;
	}
	return KM_ERR_FORMAT;
}
