/* sources: auditor/likeness.c auditor/sightings.c auditor/oui.c proto/recognise.c base/bytes.c base/buf.c base/error.c base/reader.c base/text.c base/uuid.c base/time.c */
#include "auditor/likeness.h"
#include "auditor/oui.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_sightings seen = { 0 };
	struct km_bytes rest = km_bytes_from(data, size);
	struct km_likeness likeness;
	char name[KM_OUI_NAME_SIZE];
	uint8_t mac[6];

	(void)km_oui_match_line(rest, "00408C", name);
	(void)km_oui_parse_mac(rest, mac);
	for (unsigned i = 0; rest.size > 0; i++) {
		km_sightings_add_text(&seen, (enum km_sighting_place)(i % KM_SIGHTING_PLACES),
		    km_bytes_split(&rest, '\n'));
	}
	km_likeness_weigh(&seen, &likeness);
	assert(likeness.maker == NULL || likeness.weight > 0);
	return 0;
}
