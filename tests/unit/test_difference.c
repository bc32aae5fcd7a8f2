/* sources: model/facts.c model/kept_facts.c model/states.c judge/difference.c judge/port_set.c base/bytes.c base/error.c base/uuid.c base/reader.c base/text.c base/buf.c */
/* libraries: */
#include "judge/difference.h"
#include "judge/port_set.h"
#include "model/states.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FACTS_MAX 16

struct list {
	struct km_fact facts[FACTS_MAX];
	size_t count;
};

static void add_from(struct list *list, unsigned source, enum km_fact_kind kind,
    const char *subject, const char *value)
{
	struct km_fact *fact = &list->facts[list->count++];

	*fact = (struct km_fact){
		.kind = (uint16_t)kind, .source = (uint8_t)source, .is_known = value != NULL
	};
	(void)snprintf(fact->subject, sizeof(fact->subject), "%s", subject);
	(void)snprintf(fact->value, sizeof(fact->value), "%s", value == NULL ? "" : value);
}

/* value NULL: it is not known */
static void add(struct list *list, enum km_fact_kind kind, const char *subject, const char *value)
{
	add_from(list, KM_FROM_ONVIF, kind, subject, value);
}

static void add_port(struct list *list, const char *subject, const char *value)
{
	add_from(list, KM_FROM_PROBE, KM_FACT_PORT_OPEN, subject, value);
}

static void add_tried(struct list *list, const char *ports)
{
	add_from(list, KM_FROM_PROBE, KM_FACT_PORTS_TRIED, "tcp", ports);
}

static void add_telling(struct list *list, const char *ports)
{
	add_from(list, KM_FROM_PROBE, KM_FACT_PORTS_TRIED, "tcp telling", ports);
}

static int say(void *context, const struct km_difference *difference)
{
	char text[KM_DIFFERENCE_TEXT_SIZE];
	char *all = context;

	km_difference_say(difference, text);
	(void)snprintf(all + strlen(all), 1000 - strlen(all), "%s; ", text);
	return 0;
}

static const char *compare(const struct list *before, const struct list *after)
{
	static char text[1000];

	text[0] = '\0';
	assert_int_equal(
	    km_difference_each(before->facts, before->count, after->facts, after->count, say, text),
	    0);
	return text;
}

static void nothing_differs(void **state)
{
	struct list one = { 0 };

	(void)state;
	add(&one, KM_FACT_ACCOUNT, "admin", "administrator");
	add(&one, KM_FACT_FIRMWARE, "", "1.2");
	assert_string_equal(compare(&one, &one), "");
	assert_true(km_difference_is_none(one.facts, one.count, one.facts, one.count));
	assert_false(km_difference_is_none(one.facts, one.count, one.facts, one.count - 1));
}

static void accounts_are_added_removed_and_changed(void **state)
{
	struct list before = { 0 };
	struct list after = { 0 };

	(void)state;
	add(&before, KM_FACT_ACCOUNT, "admin", "administrator");
	add(&before, KM_FACT_ACCOUNT, "guest", "user");
	add(&before, KM_FACT_ACCOUNT, "viewer", "user");
	add(&after, KM_FACT_ACCOUNT, "admin", "administrator");
	add(&after, KM_FACT_ACCOUNT, "intruder", "administrator");
	add(&after, KM_FACT_ACCOUNT, "viewer", "operator");
	assert_string_equal(compare(&before, &after),
	    "account intruder added: administrator; account viewer changed: operator, was user; "
	    "account guest removed: user; ");
}

static void what_was_not_read_did_not_change(void **state)
{
	struct list before = { 0 };
	struct list after = { 0 };

	(void)state;
	add(&before, KM_FACT_ACCOUNT, "admin", "administrator");
	add(&before, KM_FACT_FIRMWARE, "", "1.2");
	add(&after, KM_FACT_ACCOUNT, "", NULL);
	assert_string_equal(compare(&before, &after), "");
	assert_string_equal(compare(&after, &before), "");
	after.count = 0;
	assert_string_equal(compare(&before, &after), "");
}

static void an_empty_list_is_told_from_one_not_read(void **state)
{
	struct list before = { 0 };
	struct list after = { 0 };

	(void)state;
	add(&before, KM_FACT_CLOCK_SOURCE, "", "ntp");
	add(&before, KM_FACT_NTP_SERVER, "1", "192.0.2.1");
	add(&after, KM_FACT_CLOCK_SOURCE, "", "ntp");
	assert_string_equal(compare(&before, &after), "ntp_server 1 removed: 192.0.2.1; ");
	after.count = 0;
	assert_string_equal(compare(&before, &after), "");
}

static void numbered_lists_are_sets(void **state)
{
	struct list before = { 0 };
	struct list after = { 0 };

	(void)state;
	add(&before, KM_FACT_SCOPE, "1", "onvif://www.onvif.org/name/a");
	add(&before, KM_FACT_SCOPE, "2", "onvif://www.onvif.org/location/b");
	add(&after, KM_FACT_SCOPE, "1", "onvif://www.onvif.org/location/b");
	add(&after, KM_FACT_SCOPE, "2", "onvif://www.onvif.org/name/a");
	assert_string_equal(compare(&before, &after), "");
	add(&after, KM_FACT_SCOPE, "3", "onvif://www.onvif.org/hardware/c");
	assert_string_equal(
	    compare(&before, &after), "scope 3 added: onvif://www.onvif.org/hardware/c; ");
}

static void only_ports_that_were_tried_both_times_count(void **state)
{
	struct list before = { 0 };
	struct list after = { 0 };

	(void)state;
	add_tried(&before, "22,80,554");
	add_port(&before, "tcp/80", "http");
	add_port(&before, "tcp/554", "rtsp");
	add_tried(&after, "1-1024,8000-8100");
	add_port(&after, "tcp/22", "ssh");
	add_port(&after, "tcp/80", "unknown"); /* busy this time */
	add_port(&after, "tcp/8080", "http");  /* nobody looked there before */
	assert_string_equal(compare(&before, &after),
	    "port_open tcp/22 added: ssh; port_open tcp/554 removed: rtsp; ");
	assert_string_equal(compare(&after, &before),
	    "port_open tcp/554 added: rtsp; port_open tcp/22 removed: ssh; ");
}

/* The look of every day is at the ports that tell most, and some of UDP never answer. */
static void a_door_that_opens_is_seen_every_day(void **state)
{
	struct list before = { 0 };
	struct list after = { 0 };

	(void)state;
	add_tried(&before, "1-65535");
	add_telling(&before, "23,80,554");
	add_port(&before, "tcp/80", "http");
	add_port(&before, "tcp/9000", "unknown");
	add_telling(&after, "23,80,554");
	add_port(&after, "udp/161", NULL);
	add_port(&after, "tcp/23", "telnet");
	assert_string_equal(compare(&before, &after),
	    "port_open tcp/23 added: telnet; port_open tcp/80 removed: http; ");
}

static int keep_since(void *context, const struct km_difference *difference)
{
	*(int64_t *)context = difference->since_us;
	return 0;
}

/* Of the only difference. */
static int64_t since_of(const struct list *before, const struct list *after)
{
	int64_t since_us = 0;

	assert_int_equal(km_difference_each(before->facts, before->count, after->facts,
			     after->count, keep_since, &since_us),
	    0);
	return since_us;
}

/* It may be open since the last look at it, and not since the last look at others. */
static void a_port_is_as_before_since_it_was_tried(void **state)
{
	struct list before = { 0 };
	struct list after = { 0 };

	(void)state;
	add_tried(&before, "1-65535");
	before.facts[0].observed_unix_us = 1000;
	add_telling(&before, "23,80,554");
	before.facts[1].observed_unix_us = 2000;
	add_from(&before, KM_FROM_PROBE, KM_FACT_PORTS_TRIED, "udp", "161");
	before.facts[2].observed_unix_us = 3000;
	add_tried(&after, "1-65535");
	add_port(&after, "tcp/9000", "unknown");
	assert_int_equal(since_of(&before, &after), 1000);
	after.count = 1;
	add_port(&after, "tcp/23", "telnet");
	assert_int_equal(since_of(&before, &after), 2000);
}

static void ports_behind_a_wall_that_answers_all_do_not_count(void **state)
{
	struct list before = { 0 };
	struct list after = { 0 };

	(void)state;
	add_tried(&before, "1-1024");
	add_port(&before, "tcp/80", "http");
	add_tried(&after, "1-1024");
	add_from(&after, KM_FROM_PROBE, KM_FACT_ANSWERS_ALL, "", "yes");
	add_port(&after, "tcp/23", "unknown");
	assert_string_equal(compare(&before, &after), "");
	assert_string_equal(compare(&after, &before), "");
}

static void volatile_and_entered_facts_are_left_out(void **state)
{
	struct list before = { 0 };
	struct list after = { 0 };

	(void)state;
	add(&before, KM_FACT_CLOCK_OFFSET, "", "12");
	add(&before, KM_FACT_BANNER, "tcp/80", "thttpd, 12:00");
	add_from(&before, KM_FROM_PERSON, KM_FACT_MODEL, "", "A");
	add(&after, KM_FACT_CLOCK_OFFSET, "", "99");
	add(&after, KM_FACT_BANNER, "tcp/80", "thttpd, 12:01");
	add_from(&after, KM_FROM_PERSON, KM_FACT_MODEL, "", "B");
	assert_string_equal(compare(&before, &after), "");
}

/* --- settling --- */

static const char *settle(const struct list *before, const struct list *seen)
{
	static char text[1000];
	struct km_fact *facts = calloc(KM_DIFFERENCE_FACTS_MAX, sizeof(*facts));
	size_t count = 0;

	assert_non_null(facts);
	text[0] = '\0';
	assert_int_equal(km_difference_settle(
			     before->facts, before->count, seen->facts, seen->count, facts, &count),
	    0);
	for (size_t i = 0; i < count; i++) {
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s %s=%s; ",
		    km_facts_name(facts[i].kind), facts[i].subject,
		    facts[i].is_known ? facts[i].value : "?");
	}
	free(facts);
	return text;
}

static void what_was_not_read_is_carried_on(void **state)
{
	struct list before = { 0 };
	struct list seen = { 0 };

	(void)state;
	add(&before, KM_FACT_ACCOUNT, "admin", "administrator");
	add(&before, KM_FACT_FIRMWARE, "", "1.2");
	add(&seen, KM_FACT_ACCOUNT, "", NULL);
	add(&seen, KM_FACT_TIME_ZONE, "", NULL);
	add(&seen, KM_FACT_FIRMWARE, "", "1.3");
	assert_string_equal(
	    settle(&before, &seen), "time_zone =?; firmware =1.3; account admin=administrator; ");
}

static void what_is_gone_is_not_carried_on(void **state)
{
	struct list before = { 0 };
	struct list seen = { 0 };

	(void)state;
	add(&before, KM_FACT_ACCOUNT, "admin", "administrator");
	add(&before, KM_FACT_ACCOUNT, "guest", "user");
	add(&seen, KM_FACT_ACCOUNT, "admin", "administrator");
	assert_string_equal(settle(&before, &seen), "account admin=administrator; ");
}

static void ports_add_up(void **state)
{
	struct list before = { 0 };
	struct list seen = { 0 };

	(void)state;
	add_tried(&before, "1-65535");
	add_port(&before, "tcp/80", "http");
	add_port(&before, "tcp/32764", "unknown");
	add_tried(&seen, "22,80,554");
	add_port(&seen, "tcp/22", "ssh");
	assert_string_equal(settle(&before, &seen),
	    "ports_tried tcp=1-65535; port_open tcp/22=ssh; port_open tcp/32764=unknown; ");
}

static void a_port_off_the_daily_path_is_carried_on(void **state)
{
	struct list before = { 0 };
	struct list seen = { 0 };

	(void)state;
	add_port(&before, "tcp/80", "http");
	add_port(&before, "tcp/9000", "unknown");
	add_tried(&before, "1-65535");
	add_port(&seen, "udp/161", NULL);
	add_telling(&seen, "23,80,554");
	assert_string_equal(settle(&before, &seen),
	    "ports_tried tcp telling=23,80,554; ports_tried tcp=1-65535; port_open "
	    "tcp/9000=unknown; ");
}

/* An account that appears while nobody could read the list is found when somebody can. */
static void a_blind_audit_hides_nothing(void **state)
{
	struct list before = { 0 };
	struct list blind = { 0 };
	struct list after = { 0 };
	struct list settled = { 0 };
	struct km_fact *facts = calloc(KM_DIFFERENCE_FACTS_MAX, sizeof(*facts));

	(void)state;
	assert_non_null(facts);
	add(&before, KM_FACT_ACCOUNT, "admin", "administrator");
	add(&blind, KM_FACT_ACCOUNT, "", NULL);
	assert_int_equal(km_difference_settle(before.facts, before.count, blind.facts, blind.count,
			     facts, &settled.count),
	    0);
	memcpy(settled.facts, facts, settled.count * sizeof(*facts));
	add(&after, KM_FACT_ACCOUNT, "admin", "administrator");
	add(&after, KM_FACT_ACCOUNT, "intruder", "administrator");
	assert_string_equal(compare(&settled, &after), "account intruder added: administrator; ");
	free(facts);
}

static void too_many_facts_are_refused(void **state)
{
	size_t count = KM_DIFFERENCE_FACTS_MAX + 1;
	struct km_fact *seen = calloc(count, sizeof(*seen));
	struct km_fact *facts = calloc(KM_DIFFERENCE_FACTS_MAX, sizeof(*facts));
	size_t settled = 7;

	(void)state;
	assert_non_null(seen);
	assert_non_null(facts);
	for (size_t i = 0; i < count; i++) {
		seen[i] = (struct km_fact){
			.kind = KM_FACT_ACCOUNT, .source = KM_FROM_ONVIF, .is_known = true
		};
		(void)snprintf(seen[i].subject, sizeof(seen[i].subject), "a%zu", i);
	}
	assert_int_equal(km_difference_settle(NULL, 0, seen, count, facts, &settled), KM_ERR_LIMIT);
	assert_int_equal(settled, 7);
	free(seen);
	free(facts);
}

static void what_was_known_before_gives_way(void **state)
{
	size_t count = KM_DIFFERENCE_FACTS_MAX;
	struct km_fact *seen = calloc(count, sizeof(*seen));
	struct km_fact *facts = calloc(count, sizeof(*facts));
	struct km_fact before = {
		.kind = KM_FACT_MAKER, .source = KM_FROM_ONVIF, .is_known = true
	};
	size_t settled = 0;

	(void)state;
	assert_non_null(seen);
	assert_non_null(facts);
	for (size_t i = 0; i < count; i++) {
		seen[i] = (struct km_fact){
			.kind = KM_FACT_ACCOUNT, .source = KM_FROM_ONVIF, .is_known = true
		};
		(void)snprintf(seen[i].subject, sizeof(seen[i].subject), "a%zu", i);
	}
	assert_int_equal(km_difference_settle(&before, 1, seen, count - 1, facts, &settled), 0);
	assert_int_equal(settled, count);
	assert_int_equal(facts[count - 1].kind, KM_FACT_MAKER);
	assert_int_equal(km_difference_settle(&before, 1, seen, count, facts, &settled), 0);
	assert_int_equal(settled, count);
	assert_int_equal(facts[count - 1].kind, KM_FACT_ACCOUNT);
	free(seen);
	free(facts);
}

static void long_values_are_cut_between_characters(void **state)
{
	struct list before = { 0 };
	struct list after = { 0 };
	char value[400] = "x";
	const char *text = NULL;

	(void)state;
	for (size_t i = 1; i + 3 < sizeof(value); i += 3) {
		memcpy(value + i, "門", 4);
	}
	add(&before, KM_FACT_HOST_NAME, "", "front");
	add(&after, KM_FACT_HOST_NAME, "", value);
	text = compare(&before, &after);
	assert_non_null(strstr(text, "門, was front; "));
}

static void port_sets_read_and_write(void **state)
{
	static const char *const wrong[] = { "80-22", "a", "1-", "-1", "65536", "1--2", "22,80x" };
	struct km_port_set set = { 0 };
	char text[64] = { 0 };
	struct km_buf buf;

	(void)state;
	assert_int_equal(km_port_set_add(&set, KM_BYTES("22, 80,81,,65535 8000-8002")), 0);
	assert_true(km_port_set_has(&set, 8001));
	assert_false(km_port_set_has(&set, 8003));
	assert_false(km_port_set_has(&set, 70000));
	km_buf_init_fixed(&buf, text, sizeof(text) - 1);
	km_port_set_write(&set, &buf);
	assert_string_equal(text, "22,80-81,8000-8002,65535");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		assert_int_equal(km_port_set_add(&set, km_bytes_text(wrong[i])), KM_ERR_FORMAT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_differs),
		cmocka_unit_test(accounts_are_added_removed_and_changed),
		cmocka_unit_test(what_was_not_read_did_not_change),
		cmocka_unit_test(an_empty_list_is_told_from_one_not_read),
		cmocka_unit_test(numbered_lists_are_sets),
		cmocka_unit_test(only_ports_that_were_tried_both_times_count),
		cmocka_unit_test(a_door_that_opens_is_seen_every_day),
		cmocka_unit_test(a_port_is_as_before_since_it_was_tried),
		cmocka_unit_test(a_port_off_the_daily_path_is_carried_on),
		cmocka_unit_test(ports_behind_a_wall_that_answers_all_do_not_count),
		cmocka_unit_test(volatile_and_entered_facts_are_left_out),
		cmocka_unit_test(what_was_not_read_is_carried_on),
		cmocka_unit_test(what_is_gone_is_not_carried_on),
		cmocka_unit_test(ports_add_up),
		cmocka_unit_test(a_blind_audit_hides_nothing),
		cmocka_unit_test(too_many_facts_are_refused),
		cmocka_unit_test(what_was_known_before_gives_way),
		cmocka_unit_test(long_values_are_cut_between_characters),
		cmocka_unit_test(port_sets_read_and_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
