/*
 * What the stages of one audit tell one another: ports that were found open, and what services
 * call themselves, from which the device is identified. A plain value; zeroed is empty.
 */
#ifndef KM_AUDITOR_SIGHTINGS_H
#define KM_AUDITOR_SIGHTINGS_H

#include "proto/recognise.h"

#define KM_SIGHTINGS_PORTS_MAX 64
#define KM_SIGHTINGS_TEXTS_MAX 64
#define KM_SIGHTINGS_TEXT_SIZE 192

/* Where a text was seen. */
enum km_sighting_place {
	KM_SIGHTING_SERVER,    /* Server of HTTP or RTSP */
	KM_SIGHTING_TITLE,     /* title of a page */
	KM_SIGHTING_REALM,     /* of a login */
	KM_SIGHTING_BANNER,    /* greeting of another service */
	KM_SIGHTING_SUBJECT,   /* subject and issuer of a certificate */
	KM_SIGHTING_DISCOVERY, /* answer to a discovery inquiry */
	KM_SIGHTING_MAC,       /* whom the hardware address was given to */
	KM_SIGHTING_PLACES,
};

struct km_seen_port {
	uint16_t number;
	enum km_protocol protocol;
};

struct km_seen_text {
	enum km_sighting_place place;
	char text[KM_SIGHTINGS_TEXT_SIZE]; /* printable ASCII; other bytes are '?' */
};

struct km_sightings {
	bool answers_all; /* ports mean nothing: something in between answers them all */
	size_t port_count;
	struct km_seen_port port[KM_SIGHTINGS_PORTS_MAX]; /* TCP, confirmed */
	size_t text_count;
	struct km_seen_text text[KM_SIGHTINGS_TEXTS_MAX];
	/* As a discovery inquiry told them; empty where none did. */
	char model[64];
	char firmware[64];
	char mac[18]; /* "00:11:22:33:44:55" */
};

/* KM_ERR_LIMIT: 64 ports are kept. */
KM_MUST_USE int km_sightings_add_port(struct km_sightings *sightings, uint16_t number);

/* Whether it speaks HTTP, plain or over TLS; the same for RTSP. */
bool km_sightings_is_http(const struct km_seen_port *port);
bool km_sightings_is_rtsp(const struct km_seen_port *port);
bool km_sightings_is_tls(const struct km_seen_port *port);

/* Keep a text once; empty ones, and what exceeds the number, are passed over. */
void km_sightings_add_text(
    struct km_sightings *sightings, enum km_sighting_place place, struct km_bytes text);

/* "HTTP or RTSP server": static, for people. */
const char *km_sightings_place_text(enum km_sighting_place place);

#endif
