/* sources: auditor/soap_reply.c base/bytes.c base/error.c */
/* libraries: xml */
#include "auditor/soap_reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FRONT "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body>"
#define BACK  "</s:Body></s:Envelope>"

static struct km_soap_reply *parse(const char *text)
{
	struct km_soap_reply *reply = NULL;
	struct km_fault fault = { 0 };

	assert_int_equal(km_soap_reply_parse(km_bytes_text(text), &reply, &fault), 0);
	return reply;
}

static int refuse(const char *text)
{
	struct km_soap_reply *reply = NULL;
	struct km_fault fault = { 0 };
	int err = km_soap_reply_parse(km_bytes_text(text), &reply, &fault);

	assert_null(reply);
	assert_non_null(fault.text);
	return err;
}

static void test_elements_are_found_whatever_their_prefix(void **state)
{
	struct km_soap_reply *reply = parse(
	    FRONT "<x:GetUsersResponse xmlns:x=\"urn:1\" xmlns:t=\"urn:2\"><x:User t:token=\"u1\">"
		  "<t:Username> admin\n</t:Username><t:Fixed>true</t:Fixed><t:Port>80</t:Port>"
		  "</x:User><x:User/></x:GetUsersResponse>" BACK);
	const struct km_soap_node *body = km_soap_reply_body(reply);
	const struct km_soap_node *user = km_soap_reply_child(body, "User");
	char text[8];
	bool is_yes = false;
	uint32_t number = 0;

	(void)state;
	assert_true(km_soap_reply_is(body, "GetUsersResponse"));
	assert_int_equal(km_soap_reply_text(body, "User/Username", text, sizeof(text)), 0);
	assert_string_equal(text, "admin");
	assert_int_equal(km_soap_reply_attribute(user, "token", text, sizeof(text)), 0);
	assert_string_equal(text, "u1");
	assert_int_equal(km_soap_reply_yes_no(user, "Fixed", &is_yes), 0);
	assert_true(is_yes);
	assert_int_equal(km_soap_reply_yes_no(user, "Username", &is_yes), KM_ERR_FORMAT);
	assert_int_equal(km_soap_reply_number(user, "Port", 65535, &number), 0);
	assert_int_equal(number, 80);
	assert_int_equal(km_soap_reply_number(user, "Port", 79, &number), KM_ERR_RANGE);
	assert_int_equal(km_soap_reply_text(user, "None", text, sizeof(text)), KM_ERR_NOT_FOUND);
	assert_string_equal(text, "");
	user = km_soap_reply_next(user, "User");
	assert_non_null(user);
	assert_null(km_soap_reply_next(user, "User"));
	assert_null(km_soap_reply_child(NULL, "User"));
	km_soap_reply_destroy(reply);
}

static void test_long_text_is_cut_at_a_character(void **state)
{
	struct km_soap_reply *reply = parse(FRONT "<a>ab\xe6\xad\xa3</a>" BACK);
	char text[5];

	(void)state;
	assert_int_equal(km_soap_reply_text(km_soap_reply_body(reply), "", text, sizeof(text)), 0);
	assert_string_equal(text, "ab");
	km_soap_reply_destroy(reply);
}

static void test_faults_of_both_versions(void **state)
{
	struct km_soap_fault fault;
	struct km_soap_reply *reply = parse(FRONT
	    "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>ter:NotAuthorized"
	    "</s:Value><s:Subcode><s:Value>ter:OperationProhibited</s:Value></s:Subcode>"
	    "</s:Subcode></s:Code><s:Reason><s:Text>no</s:Text></s:Reason></s:Fault>" BACK);

	(void)state;
	assert_true(km_soap_reply_is_fault(reply, &fault));
	assert_string_equal(fault.codes, "Sender NotAuthorized OperationProhibited");
	assert_string_equal(fault.reason, "no");
	assert_true(km_soap_reply_has_code(&fault, "NotAuthorized"));
	assert_false(km_soap_reply_has_code(&fault, "Not"));
	km_soap_reply_destroy(reply);
	reply = parse(FRONT "<s:Fault><faultcode>SOAP-ENV:Client</faultcode><faultstring>bad"
			    "</faultstring></s:Fault>" BACK);
	assert_true(km_soap_reply_is_fault(reply, &fault));
	assert_string_equal(fault.codes, "Client");
	assert_string_equal(fault.reason, "bad");
	km_soap_reply_destroy(reply);
}

static void test_what_is_refused(void **state)
{
	(void)state;
	assert_int_equal(refuse(""), KM_ERR_FORMAT);
	assert_int_equal(refuse("<html/>"), KM_ERR_FORMAT);
	assert_int_equal(refuse("<Envelope/>"), KM_ERR_FORMAT);
	assert_int_equal(refuse(FRONT "<a></b>" BACK), KM_ERR_FORMAT);
	assert_int_equal(refuse(FRONT "&a;" BACK), KM_ERR_FORMAT);
	assert_int_equal(refuse(FRONT "\xff\xfe" BACK), KM_ERR_FORMAT);
	assert_int_equal(refuse("<!DOCTYPE a>" FRONT BACK), KM_ERR_DENIED);
	assert_int_equal(
	    refuse("<!DOCTYPE a SYSTEM \"file:///etc/passwd\">" FRONT BACK), KM_ERR_DENIED);
	assert_int_equal(
	    refuse("<!DOCTYPE a [<!ENTITY b \"c\">]>" FRONT "&b;" BACK), KM_ERR_DENIED);
}

static void repeat(char *to, const char *text, size_t count)
{
	size_t size = strlen(text);

	for (size_t i = 0; i < count; i++) {
		memcpy(to + i * size, text, size);
	}
	to[count * size] = '\0';
}

static void test_depth_count_and_size_are_bounded(void **state)
{
	static char text[KM_SOAP_REPLY_MAX + 4096];
	struct km_soap_reply *reply = NULL;
	const size_t front = strlen(FRONT);
	size_t at = 0;

	(void)state;
	memcpy(text, FRONT, front);
	repeat(text + front, "<a>", KM_SOAP_REPLY_DEPTH_MAX - 1);
	assert_int_equal(refuse(text), KM_ERR_LIMIT);
	repeat(text + front, "<a/>", KM_SOAP_REPLY_ELEMENTS_MAX);
	at = front + 4 * (size_t)KM_SOAP_REPLY_ELEMENTS_MAX;
	memcpy(text + at, BACK, sizeof(BACK));
	assert_int_equal(refuse(text), KM_ERR_LIMIT);
	assert_int_equal(
	    km_soap_reply_parse(km_bytes_from(text, sizeof(text)), &reply, NULL), KM_ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_elements_are_found_whatever_their_prefix),
		cmocka_unit_test(test_long_text_is_cut_at_a_character),
		cmocka_unit_test(test_faults_of_both_versions),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_depth_count_and_size_are_bounded),
	};

	km_soap_reply_prepare();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
