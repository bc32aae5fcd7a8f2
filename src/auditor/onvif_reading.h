/*
 * What the parts of the ONVIF stage share: rows of operations that are asked one after the other,
 * and facts from their answers. Every row ends in facts, or in "unknown, because".
 */
#ifndef KM_AUDITOR_ONVIF_READING_H
#define KM_AUDITOR_ONVIF_READING_H

#include "auditor/onvif_client.h"

#define KM_ONVIF_READING_KINDS_MAX  6
#define KM_ONVIF_READING_TOKEN_SIZE 64

/* What its capabilities say; not told counts as no. */
struct km_onvif_abilities {
	bool are_known;
	bool has_filter;
	bool has_log;
};

struct km_onvif_reading {
	struct km_job *job;
	struct km_onvif_client *client;
	struct km_onvif_answer answer; /* the last one */
	struct km_bytes proof;         /* its bytes; empty where they may hold a secret */
	const char *why_nothing; /* not NULL: nothing is asked any more, and all is unknown: why */
	struct km_onvif_abilities abilities;
	char own_level[16];                        /* of the recorder's account; empty: not known */
	char profile[KM_ONVIF_READING_TOKEN_SIZE]; /* the first media profile; empty: none known */
	bool is_media2;                            /* that it came from there */
};

/* One operation, and what is made of its answer. */
struct km_onvif_read {
	enum km_onvif_service service;
	const char *operation;
	const char *body; /* its elements; NULL: none */
	void (*take)(struct km_onvif_reading *reading, const struct km_soap_node *body);
	/* Not known, with the reason, if there is no answer; 0 ends them. */
	enum km_fact_kind kinds[KM_ONVIF_READING_KINDS_MAX];
};

/* Ask them all. 0, KM_ERR_CLOSED (cancelled) or KM_ERR_MEMORY. */
KM_MUST_USE int km_onvif_reading_run(
    struct km_onvif_reading *reading, const struct km_onvif_read *rows, size_t count);

/*
 * Ask one, with the login if there is one that works; `answer` and `proof` are its answer until the
 * next question. Errors of km_onvif_client_ask.
 */
KM_MUST_USE int km_onvif_reading_ask(struct km_onvif_reading *reading,
    enum km_onvif_service service, const char *operation, struct km_bytes body, bool is_anonymous);

/* Facts from the last answer. */
void km_onvif_reading_give(struct km_onvif_reading *reading, enum km_fact_kind kind,
    const char *subject, const char *value, const char *detail);
void km_onvif_reading_yes_no(struct km_onvif_reading *reading, enum km_fact_kind kind,
    const char *subject, bool value, const char *detail);
void km_onvif_reading_number(struct km_onvif_reading *reading, enum km_fact_kind kind,
    const char *subject, int64_t value, const char *detail);
void km_onvif_reading_unknown(
    struct km_onvif_reading *reading, enum km_fact_kind kind, const char *subject, const char *why);

/* The text at a path as a fact; unknown if it is not there or empty. */
void km_onvif_reading_text(struct km_onvif_reading *reading, enum km_fact_kind kind,
    const struct km_soap_node *node, const char *path);

/* Lower-case ASCII, in place. */
void km_onvif_reading_lower(char *text);

/* --- the parts, each 0, KM_ERR_CLOSED or KM_ERR_MEMORY --- */

KM_MUST_USE int km_onvif_system_read(struct km_onvif_reading *reading);  /* onvif_system.c */
KM_MUST_USE int km_onvif_network_read(struct km_onvif_reading *reading); /* onvif_network.c */
KM_MUST_USE int km_onvif_media_read(struct km_onvif_reading *reading);   /* onvif_media.c */

#endif
