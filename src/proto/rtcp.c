#include "proto/rtcp.h"

#include "base/reader.h"

#define VERSION            2
#define TYPE_SENDER_REPORT 200
#define TYPE_RR            201
#define TYPE_SDES          202
#define TYPE_BYE           203
#define SDES_CNAME         1
#define CNAME_MAX          63

#define NTP_TO_UNIX_S INT64_C(2208988800) /* 1900 to 1970 */
#define ERA_S         (INT64_C(1) << 32)  /* NTP's seconds wrap in 2036 */

static int parse_sender_report(struct km_reader *body, struct km_rtcp_packet *packet)
{
	if (km_reader_u32(body, &packet->ssrc) < 0 || km_reader_u64(body, &packet->ntp) < 0 ||
	    km_reader_u32(body, &packet->timestamp) < 0) {
		return KM_ERR_SHORT;
	}
	packet->kind = KM_RTCP_SENDER_REPORT;
	return 0;
}

static int parse_body(
    struct km_bytes body, uint8_t type, unsigned count, struct km_rtcp_packet *ret_packet)
{
	struct km_rtcp_packet parsed = { .kind = KM_RTCP_OTHER };
	struct km_reader reader = km_reader_from(body);
	int err = 0;

	if (type == TYPE_SENDER_REPORT) {
		err = parse_sender_report(&reader, &parsed);
	} else if (type == TYPE_BYE && count > 0) {
		parsed.kind = KM_RTCP_BYE;
		err = km_reader_u32(&reader, &parsed.ssrc);
	}
	if (err == 0) {
		*ret_packet = parsed;
	}
	return err;
}

int km_rtcp_parse(
    struct km_bytes *rest, struct km_rtcp_packet *ret_packet, struct km_fault *ret_fault)
{
	struct km_reader reader = km_reader_from(*rest);
	struct km_bytes body = { 0 };
	uint8_t first = 0;
	uint8_t type = 0;
	uint16_t words = 0;
	int err = 0;

	if (km_reader_u8(&reader, &first) < 0 || km_reader_u8(&reader, &type) < 0 ||
	    km_reader_u16(&reader, &words) < 0) {
		return km_fault_set(ret_fault, rest->size, "RFC 3550 6.4",
		    "shorter than the header of 4 bytes", KM_ERR_SHORT);
	}
	if (first >> 6 != VERSION) {
		return km_fault_set(
		    ret_fault, 0, "RFC 3550 6.4", "the version is not 2", KM_ERR_FORMAT);
	}
	if (km_reader_bytes(&reader, (size_t)words * 4, &body) < 0) {
		return km_fault_set(ret_fault, 2, "RFC 3550 6.4",
		    "the length says more than there is", KM_ERR_SHORT);
	}
	err = parse_body(body, type, first & 0x1f, ret_packet);
	if (err < 0) {
		return km_fault_set(ret_fault, reader.at, "RFC 3550 6.4.1",
		    "the body is too short for its type", err);
	}
	*rest = km_reader_rest(&reader);
	return 0;
}

int64_t km_rtcp_ntp_to_unix_us(uint64_t ntp)
{
	int64_t seconds = (int64_t)(ntp >> 32);
	int64_t fraction = (int64_t)(ntp & UINT32_MAX);

	if (ntp == 0) {
		return 0;
	}
	if (seconds < ERA_S / 2) {
		seconds += ERA_S;
	}
	return (seconds - NTP_TO_UNIX_S) * 1000000 + fraction * 1000000 / ERA_S;
}

static void write_description(uint32_t ssrc, const char *name, struct km_buf *buf)
{
	struct km_bytes cname = km_bytes_slice(km_bytes_text(name), 0, CNAME_MAX);
	/* SSRC, item header, text, and 1 to 4 zero bytes that end the list on a word. */
	size_t bytes = 4 + 2 + cname.size;
	size_t padding = 4 - bytes % 4;

	km_buf_add_u8(buf, VERSION << 6 | 1);
	km_buf_add_u8(buf, TYPE_SDES);
	km_buf_add_u16(buf, (unsigned)((bytes + padding) / 4));
	km_buf_add_u32(buf, ssrc);
	km_buf_add_u8(buf, SDES_CNAME);
	km_buf_add_u8(buf, (unsigned)cname.size);
	km_buf_add(buf, cname);
	for (size_t i = 0; i < padding; i++) {
		km_buf_add_u8(buf, 0);
	}
}

void km_rtcp_write_report(const struct km_rtcp_report *report, const char *name, struct km_buf *buf)
{
	km_buf_add_u8(buf, VERSION << 6 | 1);
	km_buf_add_u8(buf, TYPE_RR);
	km_buf_add_u16(buf, 7);
	km_buf_add_u32(buf, report->ssrc);
	km_buf_add_u32(buf, report->source);
	km_buf_add_u8(buf, report->fraction_lost);
	km_buf_add_u24(buf, report->lost > 0x7fffff ? 0x7fffff : report->lost);
	km_buf_add_u32(buf, report->highest);
	km_buf_add_u32(buf, report->jitter);
	km_buf_add_u32(buf, report->last_sender_ntp);
	km_buf_add_u32(buf, report->since_last_report);
	write_description(report->ssrc, name, buf);
}
