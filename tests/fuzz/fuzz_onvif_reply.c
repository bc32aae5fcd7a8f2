/* sources: base/error.c base/bytes.c auditor/soap_reply.c */
/* libraries: xml */
#include "auditor/soap_reply.h"

#include <assert.h>
#include <string.h>

#define DEPTH_MAX (KM_SOAP_REPLY_DEPTH_MAX + 1)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every element and every way to read it. Returns how many there were. */
static unsigned walk(const struct km_soap_node *node, unsigned depth)
{
	char text[32];
	bool is_yes = false;
	uint32_t number = 0;
	unsigned count = 0;

	assert(depth <= DEPTH_MAX);
	for (; node != NULL; node = km_soap_reply_next(node, NULL)) {
		assert(km_soap_reply_text(node, "", text, sizeof(text)) == 0);
		assert(strlen(text) < sizeof(text));
		(void)km_soap_reply_attribute(node, "token", text, sizeof(text));
		(void)!km_soap_reply_attribute_yes_no(node, "fixed", &is_yes);
		(void)!km_soap_reply_yes_no(node, "a/b", &is_yes);
		(void)!km_soap_reply_number(node, "a", 65535, &number);
		count += 1 + walk(km_soap_reply_child(node, NULL), depth + 1);
	}
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct km_soap_reply *reply = NULL;
	struct km_soap_fault soap_fault;
	struct km_fault fault = { 0 };

	if (size > 4096 || km_soap_reply_parse(km_bytes_from(data, size), &reply, &fault) < 0) {
		return 0;
	}
	assert(walk(km_soap_reply_body(reply), 2) <= KM_SOAP_REPLY_ELEMENTS_MAX);
	(void)walk(km_soap_reply_header(reply), 2);
	if (km_soap_reply_is_fault(reply, &soap_fault)) {
		assert(memchr(soap_fault.codes, '\0', sizeof(soap_fault.codes)) != NULL);
		(void)km_soap_reply_has_code(&soap_fault, "NotAuthorized");
	}
	km_soap_reply_destroy(reply);
	return 0;
}
