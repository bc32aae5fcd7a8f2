#include "auditor/sightings.h"

#include <string.h>

int km_sightings_add_port(struct km_sightings *sightings, uint16_t number)
{
	if (sightings->port_count == KM_SIGHTINGS_PORTS_MAX) {
		return KM_ERR_LIMIT;
	}
	sightings->port[sightings->port_count++] = (struct km_seen_port){ .number = number };
	return 0;
}

bool km_sightings_is_http(const struct km_seen_port *port)
{
	return port->protocol == KM_PROTOCOL_HTTP || port->protocol == KM_PROTOCOL_HTTPS;
}

bool km_sightings_is_rtsp(const struct km_seen_port *port)
{
	return port->protocol == KM_PROTOCOL_RTSP || port->protocol == KM_PROTOCOL_RTSPS;
}

bool km_sightings_is_tls(const struct km_seen_port *port)
{
	return port->protocol == KM_PROTOCOL_HTTPS || port->protocol == KM_PROTOCOL_RTSPS ||
	       port->protocol == KM_PROTOCOL_TLS;
}

void km_sightings_add_text(
    struct km_sightings *sightings, enum km_sighting_place place, struct km_bytes text)
{
	struct km_seen_text seen = { .place = place };
	size_t size = text.size < sizeof(seen.text) - 1 ? text.size : sizeof(seen.text) - 1;

	if (size == 0 || sightings->text_count == KM_SIGHTINGS_TEXTS_MAX) {
		return;
	}
	for (size_t i = 0; i < size; i++) {
		char byte = (char)text.data[i];

		seen.text[i] = '?';
		if (byte >= ' ' && byte < 0x7f) {
			seen.text[i] = byte;
		}
	}
	for (size_t i = 0; i < sightings->text_count; i++) {
		if (sightings->text[i].place == place &&
		    strcmp(sightings->text[i].text, seen.text) == 0) {
			return;
		}
	}
	sightings->text[sightings->text_count++] = seen;
}

const char *km_sightings_place_text(enum km_sighting_place place)
{
	static const char *const texts[KM_SIGHTING_PLACES] = {
		[KM_SIGHTING_SERVER] = "server header",
		[KM_SIGHTING_TITLE] = "page title",
		[KM_SIGHTING_REALM] = "login realm",
		[KM_SIGHTING_BANNER] = "greeting",
		[KM_SIGHTING_SUBJECT] = "certificate",
		[KM_SIGHTING_DISCOVERY] = "discovery answer",
		[KM_SIGHTING_MAC] = "hardware address",
	};

	return place < KM_SIGHTING_PLACES ? texts[place] : "unknown";
}
