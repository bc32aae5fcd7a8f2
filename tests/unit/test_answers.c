/* sources: judge/answers.c judge/camera_links.c judge/camera_logins.c judge/camera_records.c judge/camera_services.c judge/disagreements.c judge/judging.c judge/system_rules.c model/fact_words.c model/facts.c model/requirements.c model/states.c base/bytes.c base/error.c base/uuid.c base/reader.c base/text.c base/buf.c */
/* libraries: */
#include "base/time.h"
#include "judge/answers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW_US    (INT64_C(20000) * KM_TIME_DAY_US)
#define FACTS_MAX 12
#define ALL_PARTS UINT32_MAX

static const struct km_uuid door = { { 1, 2, 3 } };
static const struct km_uuid nobody;
static const char door_text[] = "01020300-0000-0000-0000-000000000000";

/* A fact in short: kind 0 ends a list; value NULL: it was tried and is not known. */
struct seed {
	enum km_fact_kind kind;
	const char *subject;
	const char *value;
	unsigned source; /* 0: PROBE */
	int64_t age_days;
};

static size_t plant(const struct seed seeds[], bool is_self, struct km_fact ret_facts[FACTS_MAX])
{
	size_t count = 0;

	for (; count < FACTS_MAX && seeds[count].kind != 0; count++) {
		const struct seed *seed = &seeds[count];
		struct km_fact *fact = &ret_facts[count];

		*fact = (struct km_fact){
			.camera = is_self ? nobody : door,
			.kind = (uint16_t)seed->kind,
			.source = (uint8_t)(seed->source != 0 ? seed->source
					    : is_self         ? KM_FROM_RECORDER
							      : KM_FROM_PROBE),
			.is_known = seed->value != NULL,
			.observed_unix_us = NOW_US - seed->age_days * KM_TIME_DAY_US - 1,
		};
		(void)snprintf(fact->subject, sizeof(fact->subject), "%s",
		    seed->subject == NULL ? "" : seed->subject);
		(void)snprintf(
		    fact->value, sizeof(fact->value), "%s", seed->value == NULL ? "" : seed->value);
		(void)snprintf(fact->detail, sizeof(fact->detail), "%s",
		    seed->value == NULL ? "no answer" : "");
		assert_int_equal(km_facts_check(fact), 0);
	}
	return count;
}

/* What came out: the answers by requirement and level. */
struct outcome {
	struct km_answer of_camera[KM_REQUIREMENTS_ALL];
	struct km_answer of_system[KM_REQUIREMENTS_ALL];
	struct km_answer of_all[KM_REQUIREMENTS_ALL];
	unsigned given;
	struct km_disagreement disagreements[8];
	size_t disagreement_count;
	int stop_at; /* answers after which the callback fails; 0: never */
};

static int on_answer(void *context, const struct km_answer *answer)
{
	struct outcome *outcome = context;
	struct km_answer *place = answer->level == KM_ANSWER_OF_CAMERA   ? outcome->of_camera
				  : answer->level == KM_ANSWER_OF_SYSTEM ? outcome->of_system
									 : outcome->of_all;

	place[answer->requirement] = *answer;
	outcome->given++;
	return outcome->stop_at != 0 && outcome->given >= (unsigned)outcome->stop_at
		   ? KM_ERR_NO_SPACE
		   : 0;
}

static int on_disagreement(void *context, const struct km_disagreement *disagreement)
{
	struct outcome *outcome = context;

	assert_true(outcome->disagreement_count < 8);
	outcome->disagreements[outcome->disagreement_count++] = *disagreement;
	return 0;
}

static const struct km_answers_events events = { on_answer, on_disagreement };

static struct outcome outcome; /* too large for the stack */

/* One camera and the recorder, against what is given. */
static int run(
    const struct seed of_camera[], const struct seed of_self[], const struct km_judge_case *given)
{
	static struct km_fact facts[FACTS_MAX];
	static struct km_fact self[FACTS_MAX];
	struct km_answers *answers = NULL;
	int stop_at = outcome.stop_at;
	size_t count = of_camera == NULL ? 0 : plant(of_camera, false, facts);
	size_t self_count = of_self == NULL ? 0 : plant(of_self, true, self);
	int err = 0;

	memset(&outcome, 0, sizeof(outcome));
	outcome.stop_at = stop_at;
	assert_int_equal(km_answers_create(given, &events, &outcome, &answers), 0);
	if (of_camera != NULL) {
		err =
		    km_answers_judge_camera(answers, &door, "door", facts, count, self, self_count);
	}
	if (err == 0) {
		err = km_answers_judge_rest(answers, self, self_count);
	}
	km_answers_destroy(answers);
	return err;
}

static void judge(const struct seed of_camera[], const struct seed of_self[])
{
	const struct km_judge_case given = { .profile = ALL_PARTS, .now_unix_us = NOW_US };

	assert_int_equal(run(of_camera, of_self, &given), 0);
}

#define Y         "yes"
#define N         "no"
#define MAX_SEEDS 8

/* One rule, one situation. */
struct situation {
	enum km_requirement_name requirement;
	struct seed facts[MAX_SEEDS];
	struct seed self[MAX_SEEDS];
	unsigned state;
	enum km_reason reason;
};

#define MET(reason)     KM_ANSWER_MET, KM_REASON_##reason
#define NOT_MET(reason) KM_ANSWER_NOT_MET, KM_REASON_##reason
#define UNKNOWN(reason) KM_ANSWER_UNKNOWN, KM_REASON_##reason
#define NA(reason)      KM_ANSWER_NOT_APPLICABLE, KM_REASON_##reason

#define TCP_ALL                                                                                    \
	{                                                                                          \
		KM_FACT_PORTS_TRIED, "tcp", "1-65535", 0, 0                                        \
	}
#define UDP_ALL                                                                                    \
	{                                                                                          \
		KM_FACT_PORTS_TRIED, "udp", "161,1900", 0, 0                                       \
	}
#define PORT(port, protocol)                                                                       \
	{                                                                                          \
		KM_FACT_PORT_OPEN, port, protocol, 0, 0                                            \
	}
#define ASK(KIND, value)                                                                           \
	{                                                                                          \
		KM_FACT_##KIND, "", value, 0, 0                                                    \
	}
#define ASK_OF(KIND, subject, value)                                                               \
	{                                                                                          \
		KM_FACT_##KIND, subject, value, 0, 0                                               \
	}
#define TOLD(KIND, subject, value)                                                                 \
	{                                                                                          \
		KM_FACT_##KIND, subject, value, KM_FROM_ONVIF, 0                                   \
	}

static const struct situation of_cameras[] = {
#include "situations_camera.tbl"
};

static void fail_with(
    const struct situation *situation, size_t which, const struct km_answer *answer)
{
	if (answer->state != situation->state || answer->reason != situation->reason) {
		fail_msg("situation %zu, %s: %s because %s (%s)", which,
		    km_requirements_get(situation->requirement)->id,
		    km_states_name("answer_state", answer->state),
		    km_answers_reason_name(answer->reason), answer->subject);
	}
}

static void test_cameras(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(of_cameras); i++) {
		judge(of_cameras[i].facts, of_cameras[i].self);
		fail_with(&of_cameras[i], i, &outcome.of_camera[of_cameras[i].requirement]);
	}
}

#define VERSION ASK(SELF_VERSION, "0.1.0")
#define JOURNAL ASK(SELF_JOURNAL, "ok")
#define LATER   "1728100000000000" /* after NOW_US */
#define EARLIER "1700000000000000"

static const struct situation of_systems[] = {
#include "situations_system.tbl"
};

static void test_systems(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(of_systems); i++) {
		judge(of_systems[i].facts, of_systems[i].self);
		fail_with(&of_systems[i], i, &outcome.of_system[of_systems[i].requirement]);
	}
}

/* Every requirement has a rule for each of its parts, and each rule names facts that exist. */
static void test_rules_are_complete(void **state)
{
	unsigned covered[KM_REQUIREMENTS] = { 0 };
	const struct km_rule_row *row = NULL;

	(void)state;
	for (size_t i = 0; (row = km_answers_rule(i)) != NULL; i++) {
		struct km_bytes rest = km_bytes_text(row->facts);
		enum km_fact_kind kind = KM_FACT_MAKER;

		assert_int_equal(covered[row->requirement] & row->per, 0);
		covered[row->requirement] |= row->per;
		while (rest.size > 0) {
			struct km_bytes word = km_bytes_split(&rest, ' ');

			if (km_facts_find(word, &kind) < 0) {
				fail_msg("%.*s is no fact", (int)word.size, word.data);
			}
		}
		assert_true(row->text_en[0] != '\0' && row->text_ja[0] != '\0');
	}
	for (unsigned i = 0; i < KM_REQUIREMENTS; i++) {
		assert_int_equal(covered[i], km_requirements_get(i)->per);
	}
}

/* With no fact at all nothing is met. */
static void test_nothing_known(void **state)
{
	static const struct seed none[] = { { 0 } };
	unsigned rules = 0;

	(void)state;
	while (km_answers_rule(rules) != NULL) {
		rules++;
	}
	judge(none, NULL);
	for (unsigned i = 0; i < KM_REQUIREMENTS_ALL; i++) {
		assert_int_not_equal(outcome.of_all[i].state, KM_ANSWER_MET);
		assert_int_not_equal(outcome.of_all[i].state, KM_ANSWER_NOT_MET);
	}
	assert_int_equal(outcome.given, KM_REQUIREMENTS_ALL + rules);
}

static void test_profile(void **state)
{
	const struct km_judge_case given = { .now_unix_us = NOW_US };
	static const struct seed none[] = { { 0 } };

	(void)state;
	assert_int_equal(run(none, none, &given), 0);
	for (unsigned i = 0; i < KM_REQUIREMENTS_ALL; i++) {
		bool is_asked_for = km_requirements_get(i)->needs == KM_PROFILE_ALWAYS;

		assert_int_equal(
		    outcome.of_all[i].reason == KM_REASON_NOT_IN_PROFILE, !is_asked_for);
		assert_int_equal(outcome.of_all[i].due_unix_us, 0);
	}
}

static void test_no_cameras(void **state)
{
	static const struct seed self[] = { VERSION, { 0 } };

	(void)state;
	judge(NULL, self);
	assert_int_equal(outcome.of_all[KM_REQUIREMENT_A12_2].reason, KM_REASON_NO_CAMERAS);
	assert_int_equal(outcome.of_all[KM_REQUIREMENT_A12_2].state, KM_ANSWER_UNKNOWN);
	assert_int_equal(outcome.of_all[KM_REQUIREMENT_A03_1].state, KM_ANSWER_MET);
}

/* --- ageing --- */

static void test_due(void **state)
{
	static const struct seed facts[] = {
		{ KM_FACT_OPEN_VIDEO, "/1", N, 0, 3 },
		{ KM_FACT_OPEN_VIDEO, "/2", N, 0, 10 },
		{ 0 },
	};
	const struct km_answer *answer = &outcome.of_camera[KM_REQUIREMENT_A12_2];
	struct km_judge_case given = { .profile = ALL_PARTS, .now_unix_us = NOW_US };

	(void)state;
	judge(facts, NULL);
	assert_int_equal(answer->state, KM_ANSWER_MET);
	assert_int_equal(answer->observed_unix_us, NOW_US - 10 * KM_TIME_DAY_US - 1);
	assert_int_equal(answer->due_unix_us, NOW_US + 20 * KM_TIME_DAY_US - 1);
	assert_int_equal(answer->evidence_count, 2);
	/* at that time it is unknown, and a moment before it is not */
	given.now_unix_us = answer->due_unix_us - 1;
	assert_int_equal(run(facts, NULL, &given), 0);
	assert_int_equal(answer->state, KM_ANSWER_MET);
	given.now_unix_us = answer->due_unix_us;
	assert_int_equal(run(facts, NULL, &given), 0);
	assert_int_equal(answer->state, KM_ANSWER_UNKNOWN);
	assert_int_equal(answer->reason, KM_REASON_AGED);
	/* what was seen to be wrong ages as well, and what comes from the future is not believed */
	given.now_unix_us = NOW_US - 400 * KM_TIME_DAY_US;
	assert_int_equal(run(facts, NULL, &given), 0);
	assert_int_equal(answer->reason, KM_REASON_AGED);
}

/* --- statements --- */

static const struct seed empty[] = { { 0 } };

static unsigned stated(const struct km_attestation *attestations, size_t count, unsigned which)
{
	const struct km_judge_case given = { .profile = ALL_PARTS,
		.now_unix_us = NOW_US,
		.attestations = attestations,
		.attestation_count = count };

	assert_int_equal(run(empty, NULL, &given), 0);
	return outcome.of_all[which].state;
}

static void test_statements(void **state)
{
	struct km_attestation said[3] = {
		{ .number = 1,
		    .requirement = KM_REQUIREMENT_A01_1,
		    .state = KM_ANSWER_MET,
		    .made_unix_us = NOW_US - 5,
		    .until_unix_us = NOW_US + 1 },
		{ .number = 2,
		    .requirement = KM_REQUIREMENT_A11_3,
		    .camera = door,
		    .state = KM_ANSWER_MET,
		    .made_unix_us = NOW_US - 5,
		    .until_unix_us = NOW_US + 9 },
		{ .number = 3,
		    .requirement = KM_REQUIREMENT_Q_ROLES,
		    .state = KM_ANSWER_MET,
		    .made_unix_us = NOW_US - 5,
		    .until_unix_us = NOW_US + 9 },
	};
	const struct km_answer *answer = &outcome.of_all[KM_REQUIREMENT_A01_1];

	(void)state;
	assert_int_equal(stated(said, 3, KM_REQUIREMENT_A01_1), KM_ANSWER_MET);
	assert_int_equal(answer->kinds, KM_ANSWER_ATTESTED);
	assert_int_equal(answer->due_unix_us, NOW_US + 1);
	assert_ptr_equal(answer->attestation, &said[0]);
	assert_int_equal(outcome.of_all[KM_REQUIREMENT_A11_3].state, KM_ANSWER_MET);
	assert_int_equal(outcome.of_all[KM_REQUIREMENT_Q_ROLES].state, KM_ANSWER_MET);
	/* it runs out on its day */
	said[0].until_unix_us = NOW_US;
	assert_int_equal(stated(said, 3, KM_REQUIREMENT_A01_1), KM_ANSWER_UNKNOWN);
	assert_int_equal(answer->reason, KM_REASON_STATEMENT_RAN_OUT);
	/* withdrawn ones are none */
	said[0].until_unix_us = NOW_US + 1;
	said[0].is_withdrawn = true;
	assert_int_equal(stated(said, 3, KM_REQUIREMENT_A01_1), KM_ANSWER_UNKNOWN);
	assert_int_equal(answer->reason, KM_REASON_NOT_STATED);
	said[0].is_withdrawn = false;
	said[0].state = KM_ANSWER_NOT_APPLICABLE;
	assert_int_equal(stated(said, 3, KM_REQUIREMENT_A01_1), KM_ANSWER_NOT_APPLICABLE);
	/* what is answered by observation alone takes none */
	said[0].requirement = KM_REQUIREMENT_A12_2;
	said[0].state = KM_ANSWER_MET;
	assert_int_equal(stated(said, 3, KM_REQUIREMENT_A12_2), KM_ANSWER_UNKNOWN);
	/* one for all cameras, one for this camera: the nearer one counts */
	said[0].requirement = KM_REQUIREMENT_A11_3;
	said[0].state = KM_ANSWER_NOT_MET;
	assert_int_equal(stated(said, 2, KM_REQUIREMENT_A11_3), KM_ANSWER_MET);
	said[1].until_unix_us = NOW_US - 1;
	assert_int_equal(stated(said, 2, KM_REQUIREMENT_A11_3), KM_ANSWER_NOT_MET);
}

static void test_statement_against_observation(void **state)
{
	const struct km_attestation said = { .number = 1,
		.requirement = KM_REQUIREMENT_A02_1,
		.state = KM_ANSWER_MET,
		.made_unix_us = NOW_US - 5,
		.until_unix_us = NOW_US + 9 };
	static const struct seed facts[] = { PORT("tcp/23", "telnet"), { 0 } };
	const struct km_judge_case given = { .profile = ALL_PARTS,
		.now_unix_us = NOW_US,
		.attestations = &said,
		.attestation_count = 1 };

	(void)state;
	assert_int_equal(run(facts, NULL, &given), 0);
	assert_int_equal(outcome.of_camera[KM_REQUIREMENT_A02_1].state, KM_ANSWER_NOT_MET);
	assert_true(outcome.of_camera[KM_REQUIREMENT_A02_1].disagrees);
	assert_true(outcome.of_all[KM_REQUIREMENT_A02_1].disagrees);
}

static void test_waivers(void **state)
{
	struct km_waiver waivers[2] = {
		{ .number = 7, .requirement = KM_REQUIREMENT_A12_2, .until_unix_us = NOW_US + 1 },
		{ .number = 8, .requirement = KM_REQUIREMENT_A02_1, .until_unix_us = NOW_US },
	};
	static const struct seed facts[] = { ASK_OF(OPEN_VIDEO, "/", Y), { 0 } };
	const struct km_judge_case given = {
		.profile = ALL_PARTS, .now_unix_us = NOW_US, .waivers = waivers, .waiver_count = 2
	};

	(void)state;
	assert_int_equal(run(facts, NULL, &given), 0);
	/* it never turns the answer */
	assert_int_equal(outcome.of_all[KM_REQUIREMENT_A12_2].state, KM_ANSWER_NOT_MET);
	assert_int_equal(outcome.of_all[KM_REQUIREMENT_A12_2].waiver->number, 7);
	assert_int_equal(outcome.of_camera[KM_REQUIREMENT_A12_2].waiver->number, 7);
	assert_null(outcome.of_all[KM_REQUIREMENT_A02_1].waiver); /* it has ended */
}

/* --- disagreements --- */

static const struct {
	struct seed facts[3];
	enum km_reason reason; /* KM_REASON_NOT_IN_PROFILE: none */
} contradictions[] = {
	{ { TOLD(SERVICE_SET, "rtsp", ""), PORT("tcp/554", "rtsp") },
	    KM_REASON_SAID_OFF_SEEN_OPEN },
	{ { TOLD(SERVICE_SET, "rtsp", "554"), PORT("tcp/554", "rtsp") }, KM_REASON_NOT_IN_PROFILE },
	{ { TOLD(DISCOVERABLE, "", N), ASK_OF(DISCOVERY_ANSWER, "ws_discovery", "model") },
	    KM_REASON_SAID_HIDDEN_SEEN },
	{ { TOLD(FILTER_KIND, "", "allow"), ASK_OF(SECOND_SOURCE, "tcp/80", Y) },
	    KM_REASON_SAID_FILTERED_SEEN_SERVED },
	{ { TOLD(CLOCK_SOURCE, "", "ntp"), ASK(CLOCK_OFFSET, "-9000") },
	    KM_REASON_SAID_SYNCED_SEEN_OFF },
	{ { TOLD(CLOCK_SOURCE, "", "ntp"), ASK(CLOCK_OFFSET, "9") }, KM_REASON_NOT_IN_PROFILE },
	{ { TOLD(MAKER, "", "Example"), ASK(MAKER, "Other") }, KM_REASON_SAID_OTHERWISE },
	{ { TOLD(MAKER, "", "Example Digital"), ASK(MAKER, "EXAMPLE") }, KM_REASON_NOT_IN_PROFILE },
	{ { TOLD(FIRMWARE, "", "V5.4.5 build 170124"), ASK(FIRMWARE, "5.4.5") },
	    KM_REASON_NOT_IN_PROFILE },
	{ { TOLD(FIRMWARE, "", "11.2"), ASK(FIRMWARE, "1.2") }, KM_REASON_SAID_OTHERWISE },
	{ { TOLD(FIRMWARE, "", "3.1.2"), ASK(FIRMWARE, "1.2") }, KM_REASON_SAID_OTHERWISE },
	{ { TOLD(FIRMWARE, "", "1.2"), ASK(FIRMWARE, "1.20") }, KM_REASON_SAID_OTHERWISE },
	{ { TOLD(MODEL, "", "P12"), ASK(MODEL, "P123") }, KM_REASON_SAID_OTHERWISE },
	{ { TOLD(MODEL, "", "M30-V"), ASK(MODEL, "M30") }, KM_REASON_NOT_IN_PROFILE },
	{ { TOLD(HTTPS, "", Y), ASK(HTTPS, N) }, KM_REASON_SAID_OTHERWISE },
	/* what was seen long after may have changed meanwhile */
	{ { { KM_FACT_HTTPS, "", Y, KM_FROM_ONVIF, 20 }, ASK(HTTPS, N) },
	    KM_REASON_NOT_IN_PROFILE },
};

static void test_disagreements(void **state)
{
	(void)state;
	for (size_t i = 0; i < KM_COUNT(contradictions); i++) {
		bool is_one = contradictions[i].reason != KM_REASON_NOT_IN_PROFILE;

		judge(contradictions[i].facts, NULL);
		if (outcome.disagreement_count != (is_one ? 1 : 0) ||
		    (is_one && outcome.disagreements[0].reason != contradictions[i].reason)) {
			fail_msg("contradiction %zu: %zu found", i, outcome.disagreement_count);
		}
		if (is_one) {
			assert_true(
			    outcome.of_camera[outcome.disagreements[0].requirement].disagrees);
		}
	}
}

/* --- the whole of several cameras --- */

static struct km_uuid camera_of(unsigned number)
{
	return (struct km_uuid){ { 0xaa, (uint8_t)(number >> 8), (uint8_t)number } };
}

static void test_many_cameras(void **state)
{
	const struct km_judge_case given = { .profile = ALL_PARTS, .now_unix_us = NOW_US };
	const struct km_answer *all = &outcome.of_all[KM_REQUIREMENT_A12_2];
	struct km_answers *answers = NULL;
	struct km_fact fact;
	char reason[KM_ANSWER_REASON_SIZE];

	(void)state;
	memset(&outcome, 0, sizeof(outcome));
	assert_int_equal(km_answers_create(&given, &events, &outcome, &answers), 0);
	for (unsigned i = 0; i < 500; i++) {
		const struct seed seeds[] = { ASK_OF(OPEN_VIDEO, "/", i % 2 == 0 ? Y : N), { 0 } };
		struct km_fact planted[FACTS_MAX];
		struct km_uuid camera = camera_of(i);
		char name[16];

		assert_int_equal(plant(seeds, false, planted), 1);
		fact = planted[0]; /* gone after each call, as the guard's are */
		(void)snprintf(name, sizeof(name), "cam%u", i);
		assert_int_equal(
		    km_answers_judge_camera(answers, &camera, name, &fact, 1, NULL, 0), 0);
	}
	memset(&fact, 0, sizeof(fact));
	assert_int_equal(km_answers_judge_rest(answers, NULL, 0), 0);
	assert_int_equal(all->state, KM_ANSWER_NOT_MET);
	assert_int_equal(all->cameras_not_met, 250);
	assert_int_equal(all->cameras_met, 250);
	assert_int_equal(all->evidence_count + all->evidence_left_out, 250);
	assert_true(km_facts_is_yes(all->evidence[0]));
	km_answers_write_reason(all->reason, all->subject, false, reason);
	assert_non_null(strstr(reason, "cam0, cam2"));
	assert_non_null(strstr(reason, ", +"));
	km_answers_destroy(answers);
}

static void test_audit_points(void **state)
{
	static const struct seed facts[] = { ASK(CLOCK_OFFSET, "99999"), { 0 } };
	static const struct seed self[] = { ASK(SELF_CLOCK_SYNCED, Y), { 0 } };
	const struct km_answer *clocks = &outcome.of_all[KM_REQUIREMENT_Q_CLOCKS];
	char reason[KM_ANSWER_REASON_SIZE];

	(void)state;
	judge(facts, self);
	assert_int_equal(clocks->state, KM_ANSWER_NOT_MET);
	km_answers_write_reason(clocks->reason, clocks->subject, true, reason);
	assert_non_null(strstr(reason, "a04-4"));
	assert_int_equal(outcome.of_all[KM_REQUIREMENT_Q_ROLES].reason, KM_REASON_NOT_STATED);
}

static void test_callback_ends_it(void **state)
{
	const struct km_judge_case given = { .profile = ALL_PARTS, .now_unix_us = NOW_US };

	(void)state;
	outcome.stop_at = 5;
	assert_int_equal(run(empty, NULL, &given), KM_ERR_NO_SPACE);
	assert_int_equal(outcome.given, 5);
	outcome.stop_at = 60;
	assert_int_equal(run(empty, NULL, &given), KM_ERR_NO_SPACE);
	assert_int_equal(outcome.given, 60);
	outcome.stop_at = 0;
}

static void test_words(void **state)
{
	char text[KM_ANSWER_REASON_SIZE];
	char longest[KM_ANSWER_SUBJECT_SIZE];

	(void)state;
	km_answers_write_reason(KM_REASON_NO_FACTS, "open_video", true, text);
	assert_string_equal(text, "まだ何も観測されていません: ログインなしの映像");
	km_answers_write_reason(KM_REASON_NO_FACTS, "open_video", false, text);
	assert_string_equal(text, "nothing was observed yet: video without login");
	km_answers_write_reason(KM_REASON_OPEN_WITHOUT_LOGIN, "", false, text);
	assert_string_equal(text, "it gives something without a login");
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	for (unsigned i = 0; strcmp(km_answers_reason_name((enum km_reason)i), "unknown") != 0;
	     i++) {
		km_answers_write_reason((enum km_reason)i, longest, true, text);
		assert_true(text[0] != '\0' && strlen(text) < sizeof(text) - 1);
		assert_null(strstr(text, "%s"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cameras),
		cmocka_unit_test(test_systems),
		cmocka_unit_test(test_rules_are_complete),
		cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_profile),
		cmocka_unit_test(test_no_cameras),
		cmocka_unit_test(test_due),
		cmocka_unit_test(test_statements),
		cmocka_unit_test(test_statement_against_observation),
		cmocka_unit_test(test_waivers),
		cmocka_unit_test(test_disagreements),
		cmocka_unit_test(test_many_cameras),
		cmocka_unit_test(test_audit_points),
		cmocka_unit_test(test_callback_ends_it),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
