/*
 * What cameras and discovery answer: XML from outside, read with libxml2 under bounds. Pure: no
 * network, no files.
 *
 * Refused before anything is made of it: any document type (so no entities), anything but UTF-8,
 * and what is longer, deeper or has more elements than KM_SOAP_REPLY_*. Names are compared without
 * their namespaces, as devices get prefixes and versions of namespaces wrong, and each answer is
 * read for one operation only.
 */
#ifndef KM_AUDITOR_SOAP_REPLY_H
#define KM_AUDITOR_SOAP_REPLY_H

#include "base/bytes.h"
#include "base/error.h"

#define KM_SOAP_REPLY_MAX          ((size_t)1024 * 1024) /* bytes */
#define KM_SOAP_REPLY_DEPTH_MAX    40
#define KM_SOAP_REPLY_ELEMENTS_MAX 20000 /* together with attributes */

struct km_soap_reply;
struct km_soap_node; /* an element of it; lives as long as the reply */

/* A refusal in words of SOAP. */
struct km_soap_fault {
	char codes[160];  /* local names from the outside in: "Sender NotAuthorized" */
	char reason[160]; /* what it says to people; may be empty */
};

/*
 * Once per process, on its main thread and before its sandbox: libxml2's own set-up.
 */
void km_soap_reply_prepare(void);

/*
 * Take it apart; body is not kept. KM_ERR_FORMAT (no well-formed SOAP), KM_ERR_DENIED (a document
 * type), KM_ERR_LIMIT, KM_ERR_MEMORY. ret_fault may be NULL.
 */
KM_MUST_USE int km_soap_reply_parse(
    struct km_bytes body, struct km_soap_reply **ret_reply, struct km_fault *ret_fault);

void km_soap_reply_destroy(struct km_soap_reply *reply); /* NULL is fine */

/* The first element in the envelope's body or header; NULL if there is none. */
const struct km_soap_node *km_soap_reply_body(const struct km_soap_reply *reply);
const struct km_soap_node *km_soap_reply_header(const struct km_soap_reply *reply);

/* Whether its body is a fault, of SOAP 1.2 or 1.1; ret_fault is filled then. */
bool km_soap_reply_is_fault(const struct km_soap_reply *reply, struct km_soap_fault *ret_fault);

/* Whether one of its codes is this name. */
bool km_soap_reply_has_code(const struct km_soap_fault *fault, const char *name);

/* --- walking; node may be NULL, which has nothing --- */

bool km_soap_reply_is(const struct km_soap_node *node, const char *name);

/* The first child with this name (NULL: any); and the next sibling. NULL at the end. */
const struct km_soap_node *km_soap_reply_child(const struct km_soap_node *node, const char *name);
const struct km_soap_node *km_soap_reply_next(const struct km_soap_node *node, const char *name);

/* Down a path of names with slashes, the first of each: "Capabilities/System". NULL: not there. */
const struct km_soap_node *km_soap_reply_find(const struct km_soap_node *node, const char *path);

/* Its own name, without prefix. */
const char *km_soap_reply_name(const struct km_soap_node *node);

/*
 * The text at a path ("": of node itself), trimmed, cut to what fits, at a character's start.
 * Returns 0, or KM_ERR_NOT_FOUND; ret_text is empty then.
 */
int km_soap_reply_text(
    const struct km_soap_node *node, const char *path, char *ret_text, size_t size);

/* The value of an attribute, without its prefix. As above. */
int km_soap_reply_attribute(
    const struct km_soap_node *node, const char *name, char *ret_text, size_t size);

/* true, false, 1, 0 of XML Schema, of an element or of an attribute: 0, KM_ERR_NOT_FOUND or
 * KM_ERR_FORMAT. */
KM_MUST_USE int km_soap_reply_yes_no(
    const struct km_soap_node *node, const char *path, bool *ret_value);
KM_MUST_USE int km_soap_reply_attribute_yes_no(
    const struct km_soap_node *node, const char *name, bool *ret_value);

/* A whole number up to max; errors as above, and KM_ERR_RANGE. */
KM_MUST_USE int km_soap_reply_number(
    const struct km_soap_node *node, const char *path, uint32_t max, uint32_t *ret_value);

#endif
