#include "auditor/soap_reply.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CLAUSE "SOAP 1.2 part 1, 5"

struct km_soap_reply {
	xmlDocPtr document;
	const xmlNode *header;
	const xmlNode *body;
};

/* What the bounds are counted with while a document is read. */
struct bounds {
	unsigned depth;
	unsigned elements;
	int err;
};

void km_soap_reply_prepare(void)
{
	xmlInitParser();
}

/* --- reading under bounds --- */

static void refuse(xmlParserCtxtPtr parser, int err)
{
	struct bounds *bounds = parser->_private;

	if (bounds->err == 0) {
		bounds->err = err;
	}
	xmlStopParser(parser);
}

static void on_document_type(
    void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	(void)name;
	(void)external;
	(void)system;
	refuse(context, KM_ERR_DENIED);
}

static void on_element(void *context, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri, int namespace_count, const xmlChar **namespaces, int attribute_count,
    int defaulted_count, const xmlChar **attributes)
{
	xmlParserCtxtPtr parser = context;
	struct bounds *bounds = parser->_private;

	bounds->depth++;
	bounds->elements += 1U + (unsigned)attribute_count + (unsigned)namespace_count;
	if (bounds->depth > KM_SOAP_REPLY_DEPTH_MAX ||
	    bounds->elements > KM_SOAP_REPLY_ELEMENTS_MAX) {
		refuse(parser, KM_ERR_LIMIT);
		return;
	}
	xmlSAX2StartElementNs(context, name, prefix, uri, namespace_count, namespaces,
	    attribute_count, defaulted_count, attributes);
}

static void on_element_end(
    void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct bounds *bounds = ((xmlParserCtxtPtr)context)->_private;

	bounds->depth--;
	xmlSAX2EndElementNs(context, name, prefix, uri);
}

static int read_document(struct km_bytes body, xmlDocPtr *ret_document)
{
	/* No network, no entities put in place, and no converter loaded for what it says it is
	 * written in: SOAP over HTTP is UTF-8 here. */
	const int options = XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
			    XML_PARSE_NOCDATA | XML_PARSE_IGNORE_ENC | XML_PARSE_COMPACT;
	struct bounds bounds = { 0 };
	xmlParserCtxtPtr parser = xmlNewParserCtxt();
	xmlDocPtr document = NULL;

	if (parser == NULL) {
		return KM_ERR_MEMORY;
	}
	parser->_private = &bounds;
	parser->sax->internalSubset = on_document_type;
	parser->sax->externalSubset = on_document_type;
	parser->sax->startElementNs = on_element;
	parser->sax->endElementNs = on_element_end;
	parser->sax->comment = NULL;
	parser->sax->processingInstruction = NULL;
	document = xmlCtxtReadMemory(
	    parser, (const char *)body.data, (int)body.size, NULL, "UTF-8", options);
	if (document == NULL && bounds.err == 0) {
		bounds.err = parser->errNo == XML_ERR_NO_MEMORY ? KM_ERR_MEMORY : KM_ERR_FORMAT;
	}
	if (bounds.err < 0) {
		xmlFreeDoc(document != NULL ? document : parser->myDoc);
		parser->myDoc = NULL;
		document = NULL;
	}
	xmlFreeParserCtxt(parser);
	*ret_document = document;
	return bounds.err;
}

/* --- the envelope --- */

static bool is_called(const xmlNode *node, const char *name)
{
	return node->type == XML_ELEMENT_NODE &&
	       (name == NULL || strcmp((const char *)node->name, name) == 0);
}

static const xmlNode *first_of(const xmlNode *node, const char *name)
{
	while (node != NULL && !is_called(node, name)) {
		node = node->next;
	}
	return node;
}

static int fail(struct km_fault *ret_fault, int err)
{
	const char *text = err == KM_ERR_DENIED  ? "a document type: none is right"
			   : err == KM_ERR_LIMIT ? "it is longer or deeper than any answer is"
						 : "no well-formed XML in UTF-8";

	return km_fault_set(ret_fault, 0, CLAUSE, text, err);
}

int km_soap_reply_parse(
    struct km_bytes body, struct km_soap_reply **ret_reply, struct km_fault *ret_fault)
{
	struct km_soap_reply *reply = NULL;
	const xmlNode *root = NULL;
	int err = body.size > KM_SOAP_REPLY_MAX ? KM_ERR_LIMIT : 0;

	if (err < 0 || body.size == 0) {
		return fail(ret_fault, err < 0 ? err : KM_ERR_FORMAT);
	}
	reply = calloc(1, sizeof(*reply));
	if (reply == NULL) {
		return KM_ERR_MEMORY;
	}
	err = read_document(body, &reply->document);
	if (err < 0) {
		km_soap_reply_destroy(reply);
		return fail(ret_fault, err);
	}
	root = xmlDocGetRootElement(reply->document);
	if (root == NULL || !is_called(root, "Envelope")) {
		km_soap_reply_destroy(reply);
		return km_fault_set(
		    ret_fault, 0, CLAUSE, "XML, but no SOAP envelope", KM_ERR_FORMAT);
	}
	reply->header = first_of(root->children, "Header");
	reply->body = first_of(root->children, "Body");
	if (reply->body == NULL) {
		km_soap_reply_destroy(reply);
		return km_fault_set(
		    ret_fault, 0, CLAUSE, "an envelope without a body", KM_ERR_FORMAT);
	}
	*ret_reply = reply;
	return 0;
}

void km_soap_reply_destroy(struct km_soap_reply *reply)
{
	if (reply != NULL) {
		xmlFreeDoc(reply->document);
		free(reply);
	}
}

/* --- walking --- */

static const xmlNode *inside(const struct km_soap_node *node)
{
	return (const xmlNode *)(const void *)node;
}

static const struct km_soap_node *outside(const xmlNode *node)
{
	return (const struct km_soap_node *)(const void *)node;
}

const struct km_soap_node *km_soap_reply_body(const struct km_soap_reply *reply)
{
	return outside(first_of(reply->body->children, NULL));
}

const struct km_soap_node *km_soap_reply_header(const struct km_soap_reply *reply)
{
	return reply->header == NULL ? NULL : outside(first_of(reply->header->children, NULL));
}

bool km_soap_reply_is(const struct km_soap_node *node, const char *name)
{
	return node != NULL && is_called(inside(node), name);
}

const struct km_soap_node *km_soap_reply_child(const struct km_soap_node *node, const char *name)
{
	return node == NULL ? NULL : outside(first_of(inside(node)->children, name));
}

const struct km_soap_node *km_soap_reply_next(const struct km_soap_node *node, const char *name)
{
	return node == NULL ? NULL : outside(first_of(inside(node)->next, name));
}

const char *km_soap_reply_name(const struct km_soap_node *node)
{
	return node == NULL ? "" : (const char *)inside(node)->name;
}

const struct km_soap_node *km_soap_reply_find(const struct km_soap_node *node, const char *path)
{
	struct km_bytes rest = km_bytes_text(path);

	while (node != NULL && rest.size > 0) {
		char name[64];

		if (km_bytes_copy_text(km_bytes_split(&rest, '/'), name, sizeof(name)) < 0) {
			return NULL;
		}
		node = km_soap_reply_child(node, name);
	}
	return node;
}

/* What fits, without a character that would be cut in two [RFC 3629 3]. */
static void copy_trimmed(const xmlChar *text, char *ret_text, size_t size)
{
	struct km_bytes view = km_bytes_trim(km_bytes_text((const char *)text));
	size_t count = view.size < size ? view.size : size - 1;

	while (count > 0 && count < view.size && (view.data[count] & 0xc0) == 0x80) {
		count--;
	}
	if (count > 0) {
		memcpy(ret_text, view.data, count);
	}
	ret_text[count] = '\0';
}

int km_soap_reply_text(
    const struct km_soap_node *node, const char *path, char *ret_text, size_t size)
{
	const struct km_soap_node *found = km_soap_reply_find(node, path);
	xmlChar *text = found == NULL ? NULL : xmlNodeGetContent(inside(found));

	ret_text[0] = '\0';
	if (text == NULL) {
		return KM_ERR_NOT_FOUND;
	}
	copy_trimmed(text, ret_text, size);
	xmlFree(text);
	return 0;
}

int km_soap_reply_attribute(
    const struct km_soap_node *node, const char *name, char *ret_text, size_t size)
{
	const xmlAttr *attribute = node == NULL ? NULL : inside(node)->properties;
	xmlChar *text = NULL;

	ret_text[0] = '\0';
	while (attribute != NULL && strcmp((const char *)attribute->name, name) != 0) {
		attribute = attribute->next;
	}
	if (attribute != NULL) {
		text = xmlNodeListGetString(inside(node)->doc, attribute->children, 1);
	}
	if (attribute == NULL) {
		return KM_ERR_NOT_FOUND;
	}
	copy_trimmed(text, ret_text, size); /* NULL: an empty one */
	xmlFree(text);
	return 0;
}

static int parse_yes_no(const char *text, bool *ret_value)
{
	bool is_yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;

	if (!is_yes && strcmp(text, "false") != 0 && strcmp(text, "0") != 0) {
		return KM_ERR_FORMAT;
	}
	*ret_value = is_yes;
	return 0;
}

int km_soap_reply_yes_no(const struct km_soap_node *node, const char *path, bool *ret_value)
{
	char text[16];
	int err = km_soap_reply_text(node, path, text, sizeof(text));

	return err < 0 ? err : parse_yes_no(text, ret_value);
}

int km_soap_reply_attribute_yes_no(
    const struct km_soap_node *node, const char *name, bool *ret_value)
{
	char text[16];
	int err = km_soap_reply_attribute(node, name, text, sizeof(text));

	return err < 0 ? err : parse_yes_no(text, ret_value);
}

int km_soap_reply_number(
    const struct km_soap_node *node, const char *path, uint32_t max, uint32_t *ret_value)
{
	char text[16];
	int err = km_soap_reply_text(node, path, text, sizeof(text));

	return err < 0 ? err : km_bytes_parse_u32(km_bytes_text(text), max, ret_value);
}

/* --- faults --- */

/* The local name of a qualified one: "ter:NotAuthorized". */
static void add_code(struct km_soap_fault *fault, const char *code)
{
	const char *local = strrchr(code, ':');
	size_t size = strlen(fault->codes);

	(void)snprintf(fault->codes + size, sizeof(fault->codes) - size, "%s%s",
	    size > 0 ? " " : "", local == NULL ? code : local + 1);
}

bool km_soap_reply_is_fault(const struct km_soap_reply *reply, struct km_soap_fault *ret_fault)
{
	const struct km_soap_node *fault = outside(first_of(reply->body->children, "Fault"));
	const struct km_soap_node *code = km_soap_reply_child(fault, "Code");
	char text[64];

	if (fault == NULL) {
		return false;
	}
	*ret_fault = (struct km_soap_fault){ 0 };
	for (unsigned i = 0; i < 4 && code != NULL; i++) {
		if (km_soap_reply_text(code, "Value", text, sizeof(text)) == 0) {
			add_code(ret_fault, text);
		}
		code = km_soap_reply_child(code, "Subcode");
	}
	if (km_soap_reply_text(fault, "faultcode", text, sizeof(text)) == 0) {
		add_code(ret_fault, text);
	}
	if (km_soap_reply_text(fault, "Reason/Text", ret_fault->reason, sizeof(ret_fault->reason)) <
	    0) {
		(void)km_soap_reply_text(
		    fault, "faultstring", ret_fault->reason, sizeof(ret_fault->reason));
	}
	return true;
}

bool km_soap_reply_has_code(const struct km_soap_fault *fault, const char *name)
{
	struct km_bytes rest = km_bytes_text(fault->codes);
	struct km_bytes wanted = km_bytes_text(name);

	while (rest.size > 0) {
		if (km_bytes_is_equal_nocase(km_bytes_split(&rest, ' '), wanted)) {
			return true;
		}
	}
	return false;
}
