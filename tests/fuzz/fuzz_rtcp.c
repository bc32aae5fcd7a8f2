/* sources: base/error.c base/bytes.c base/buf.c base/reader.c proto/rtcp.c */
#include "proto/rtcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_bytes rest = km_bytes_from(data, size);
	struct km_rtcp_packet packet = { 0 };

	while (rest.size > 0 && km_rtcp_parse(&rest, &packet, NULL) == 0) {
		(void)km_rtcp_ntp_to_unix_us(packet.ntp);
	}
	return 0;
}
