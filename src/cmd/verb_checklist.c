#include "cmd/asking.h"
#include "cmd/verbs.h"
#include "model/requirements.h"
#include "model/states.h"

#include <stdio.h>
#include <string.h>

/* --- the checklist --- */

struct printing {
	bool is_japanese;
	char section;
	bool has_points;
	unsigned of_state[KM_ANSWER_NOT_APPLICABLE + 1];
	bool has_one;
};

static const char *state_words(unsigned state, bool is_japanese)
{
	static const char *const words[][2] = {
		[KM_ANSWER_MET] = { "met", "満たす" },
		[KM_ANSWER_NOT_MET] = { "not met", "満たさない" },
		[KM_ANSWER_UNKNOWN] = { "unknown", "不明" },
		[KM_ANSWER_NOT_APPLICABLE] = { "not applicable", "該当なし" },
	};

	return state < KM_ANSWER_MET || state > KM_ANSWER_NOT_APPLICABLE
		   ? ""
		   : words[state][is_japanese ? 1 : 0];
}

static void print_answer(struct printing *printing, const struct km_message_answer *answer)
{
	const struct km_requirement *requirement =
	    km_requirements_find(km_bytes_text(answer->requirement));
	bool is_japanese = printing->is_japanese;
	const char *part = answer->camera_name;

	if (requirement == NULL) {
		return; /* of a newer recorder */
	}
	if (requirement->is_audit_point && !printing->has_points) {
		printing->has_points = true;
		printing->section = requirement->section;
		(void)printf("%s%s\n", printing->has_one ? "\n" : "",
		    is_japanese ? "監査で聞かれること" : "What an auditor asks");
	} else if (!requirement->is_audit_point && requirement->section != printing->section) {
		printing->section = requirement->section;
		(void)printf("%s%c. %s\n", printing->has_one ? "\n" : "", requirement->section,
		    km_requirements_section(requirement->section, is_japanese));
	}
	printing->has_one = true;
	if (!requirement->is_audit_point && answer->state <= KM_ANSWER_NOT_APPLICABLE) {
		printing->of_state[answer->state]++;
	}
	if (answer->level == KM_ANSWER_OF_SYSTEM) {
		part = is_japanese ? "レコーダー・設置場所" : "recorder, site";
	}
	(void)printf("  %-6s %s%s%s%s: %s\n", answer->requirement, part,
	    part[0] != '\0' ? ": " : "", state_words(answer->state, is_japanese),
	    answer->waiver == 0 ? ""
	    : is_japanese       ? "（期限付きで容認）"
				: " (waived for a time)",
	    is_japanese ? requirement->title_ja : requirement->title_en);
	if (answer->state != KM_ANSWER_NOT_APPLICABLE) {
		(void)printf("         %s\n", is_japanese ? answer->reason_ja : answer->reason_en);
	}
}

static void on_listed(void *context, enum km_message_kind kind, const void *record)
{
	if (kind == KM_MESSAGE_answer) {
		print_answer(context, record);
	}
}

static enum km_exit take_language(const struct km_arguments *arguments, bool *ret_is_japanese)
{
	const char *language = km_arguments_get(arguments, "--language");

	if (language != NULL && strcmp(language, "ja") != 0 && strcmp(language, "en") != 0) {
		(void)km_verb_fail("--language %s: ja or en is right", language);
		return KM_EXIT_USAGE;
	}
	*ret_is_japanese = language != NULL && strcmp(language, "ja") == 0;
	return KM_EXIT_DONE;
}

static enum km_exit take_camera(const struct km_verb_context *context,
    const struct km_arguments *arguments, struct km_uuid *ret_camera)
{
	const char *name = km_arguments_get(arguments, "--camera");

	return name == NULL ? KM_EXIT_DONE : km_asking_find_camera(context, name, ret_camera);
}

static const struct km_asking_view json_view = { .record = KM_MESSAGE_answer };

static enum km_exit run_list(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_option options[] = {
		{ "--section", "section" },
		{ NULL, NULL },
	};
	struct km_message_checklist_list list = { .has_evidence = 1 };
	struct printing printing = { 0 };
	enum km_exit result = take_language(arguments, &printing.is_japanese);

	list.has_parts = km_arguments_has(arguments, "--parts");
	if (result == KM_EXIT_DONE) {
		result = km_asking_fill(KM_MESSAGE_checklist_list, &list, arguments, options);
	}
	if (result == KM_EXIT_DONE) {
		result = take_camera(context, arguments, &list.camera);
	}
	if (result == KM_EXIT_DONE && context->wants_json) {
		return km_asking_show(context, KM_MESSAGE_checklist_list, &list, &json_view);
	}
	list.has_evidence = 0;
	if (result == KM_EXIT_DONE) {
		result = km_asking_each(
		    context, KM_MESSAGE_checklist_list, &list, on_listed, &printing, NULL);
	}
	if (result == KM_EXIT_DONE) {
		(void)printf("\n%s %u, %s %u, %s %u, %s %u\n",
		    state_words(KM_ANSWER_MET, printing.is_japanese),
		    printing.of_state[KM_ANSWER_MET],
		    state_words(KM_ANSWER_NOT_MET, printing.is_japanese),
		    printing.of_state[KM_ANSWER_NOT_MET],
		    state_words(KM_ANSWER_UNKNOWN, printing.is_japanese),
		    printing.of_state[KM_ANSWER_UNKNOWN],
		    state_words(KM_ANSWER_NOT_APPLICABLE, printing.is_japanese),
		    printing.of_state[KM_ANSWER_NOT_APPLICABLE]);
	}
	return result;
}

/* --- one requirement --- */

static void print_evidence(const struct printing *printing, const struct km_message_evidence *fact)
{
	const struct km_record_field *fields = NULL;
	char observed[64] = "";
	size_t count = 0;

	fields = km_record_fields(KM_MESSAGE_evidence, &count);
	for (size_t i = 0; i < count; i++) {
		if (strcmp(fields[i].name, "observed_unix_us") == 0) {
			km_record_say(&fields[i], fact, observed, sizeof(observed));
		}
	}
	(void)printf("    %s%s%s%s%s = %s (%s, %s)%s%s\n", fact->camera_name,
	    fact->camera_name[0] != '\0' ? ": " : "",
	    printing->is_japanese ? fact->fact_ja : fact->fact_en,
	    fact->subject[0] != '\0' ? " " : "", fact->subject,
	    fact->is_known != 0 ? fact->value : "?", km_states_name("fact_source", fact->source),
	    observed, fact->detail[0] != '\0' ? ": " : "", fact->detail);
}

static void on_shown(void *context, enum km_message_kind kind, const void *record)
{
	struct printing *printing = context;

	if (kind == KM_MESSAGE_requirement) {
		const struct km_message_requirement *requirement = record;

		(void)printf("%s\n",
		    printing->is_japanese ? requirement->question_ja : requirement->question_en);
	} else if (kind == KM_MESSAGE_answer) {
		print_answer(printing, record);
	} else if (kind == KM_MESSAGE_evidence) {
		const struct km_message_evidence *fact = record;

		const struct km_requirement *requirement =
		    km_requirements_find(km_bytes_text(fact->requirement));

		/* The whole shows those of its parts again, if it has any. */
		if (fact->level != KM_ANSWER_OF_ALL || requirement == NULL ||
		    requirement->is_audit_point) {
			print_evidence(printing, fact);
		}
	} else if (kind == KM_MESSAGE_attestation) {
		const struct km_message_attestation *said = record;

		(void)printf("    %lld: %s, %s: %s%s%s%s\n", (long long)said->number,
		    state_words(said->state, printing->is_japanese), said->by, said->document,
		    said->note[0] != '\0' ? "; " : "", said->note,
		    said->withdrawn_unix_us != 0 ? " (withdrawn)" : "");
	} else if (kind == KM_MESSAGE_waiver) {
		const struct km_message_waiver *waiver = record;

		(void)printf("    waiver %lld, %s: %s%s\n", (long long)waiver->number, waiver->by,
		    waiver->reason, waiver->withdrawn_unix_us != 0 ? " (ended)" : "");
	}
}

static enum km_exit run_show(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_evidence_list list = { 0 };
	struct printing printing = { 0 };
	enum km_exit result = take_language(arguments, &printing.is_japanese);

	if (result == KM_EXIT_DONE) {
		result = km_asking_set(KM_MESSAGE_evidence_list, &list, "requirement",
		    arguments->words[0], "REQUIREMENT");
	}
	if (result == KM_EXIT_DONE) {
		result = take_camera(context, arguments, &list.camera);
	}
	if (result != KM_EXIT_DONE) {
		return result;
	}
	return context->wants_json
		   ? km_asking_show(context, KM_MESSAGE_evidence_list, &list, &json_view)
		   : km_asking_each(
			 context, KM_MESSAGE_evidence_list, &list, on_shown, &printing, NULL);
}

/* --- the profile --- */

static const struct km_asking_column profile_columns[] = {
	{ "parts", "parts" },
	{ "by", "by" },
	{ "set_unix_us", "set" },
	{ NULL, NULL },
};
static const struct km_asking_view profile_view = {
	.record = KM_MESSAGE_profile, .columns = profile_columns, .none = "nobody has set it yet"
};

static void on_profile(void *context, enum km_message_kind kind, const void *record)
{
	if (kind == KM_MESSAGE_profile) {
		*(struct km_message_profile *)context = *(const struct km_message_profile *)record;
	}
}

/* Options are named like the parts, with hyphens: --within-reach yes. */
static enum km_exit change_profile(
    const struct km_arguments *arguments, uint32_t *profile, bool *ret_is_change)
{
	const struct km_profile_row *row = NULL;

	for (size_t i = 0; (row = km_requirements_profile(i)) != NULL; i++) {
		char option[64];
		const char *value = NULL;

		(void)snprintf(option, sizeof(option), "--%s", row->name);
		for (char *at = strchr(option, '_'); at != NULL; at = strchr(at, '_')) {
			*at = '-';
		}
		value = km_arguments_get(arguments, option);
		if (value == NULL) {
			continue;
		}
		if (strcmp(value, "yes") != 0 && strcmp(value, "no") != 0) {
			(void)km_verb_fail("%s %s: yes or no is right", option, value);
			return KM_EXIT_USAGE;
		}
		*ret_is_change = true;
		*profile =
		    value[0] == 'y' ? *profile | 1U << row->part : *profile & ~(1U << row->part);
	}
	return KM_EXIT_DONE;
}

static enum km_exit run_profile(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_profile_get get = { 0 };
	struct km_message_profile_set set = { 0 };
	struct km_message_profile before = { 0 };
	uint32_t profile = 0;
	bool is_change = km_arguments_has(arguments, "--none");
	enum km_exit result =
	    km_asking_each(context, KM_MESSAGE_profile_get, &get, on_profile, &before, NULL);

	if (result == KM_EXIT_DONE && !is_change &&
	    km_requirements_parse_profile(km_bytes_text(before.parts), &profile) < 0) {
		return km_verb_fail("the recorder's profile has parts that are not known here");
	}
	if (result == KM_EXIT_DONE) {
		result = change_profile(arguments, &profile, &is_change);
	}
	if (result != KM_EXIT_DONE) {
		return result;
	}
	if (!is_change) {
		return km_asking_show(context, KM_MESSAGE_profile_get, &get, &profile_view);
	}
	km_requirements_write_profile(profile, set.parts);
	return km_asking_show(context, KM_MESSAGE_profile_set, &set, &profile_view);
}

/* --- statements and waivers --- */

static const struct km_asking_column attestation_columns[] = {
	{ "number", "number" },
	{ "requirement", "requirement" },
	{ "camera_name", "camera" },
	{ "state", "state" },
	{ "by", "by" },
	{ "document", "document" },
	{ "made_unix_us", "made" },
	{ "until_unix_us", "until" },
	{ "withdrawn_unix_us", "withdrawn" },
	{ NULL, NULL },
};
static const struct km_asking_view attestation_view = {
	.record = KM_MESSAGE_attestation, .columns = attestation_columns, .none = "no statements"
};
static const struct km_asking_column waiver_columns[] = {
	{ "number", "number" },
	{ "requirement", "requirement" },
	{ "camera_name", "camera" },
	{ "by", "by" },
	{ "reason", "reason" },
	{ "made_unix_us", "made" },
	{ "until_unix_us", "until" },
	{ "withdrawn_unix_us", "ended" },
	{ NULL, NULL },
};
static const struct km_asking_view waiver_view = {
	.record = KM_MESSAGE_waiver, .columns = waiver_columns, .none = "no waivers"
};

static enum km_exit run_attest(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_option options[] = {
		{ "--answer", "state" },
		{ "--document", "document" },
		{ "--note", "note" },
		{ NULL, NULL },
	};
	struct km_message_attest attest = { .state = KM_ANSWER_MET };
	enum km_exit result = km_asking_set(
	    KM_MESSAGE_attest, &attest, "requirement", arguments->words[0], "REQUIREMENT");

	if (result == KM_EXIT_DONE) {
		result = km_asking_fill(KM_MESSAGE_attest, &attest, arguments, options);
	}
	if (result == KM_EXIT_DONE && km_arguments_has(arguments, "--until")) {
		result = km_verb_take_time(arguments, "--until", &attest.until_unix_us);
	}
	if (result == KM_EXIT_DONE) {
		result = take_camera(context, arguments, &attest.camera);
	}
	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_attest, &attest, &attestation_view);
}

static enum km_exit run_attest_list(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_statement_list list = { 0 };

	(void)arguments;
	return km_asking_show(context, KM_MESSAGE_statement_list, &list, &attestation_view);
}

static enum km_exit run_attest_withdraw(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_view view = { .record = KM_MESSAGE_attestation };
	struct km_message_attest_withdraw withdraw = { 0 };
	enum km_exit result = km_asking_set(
	    KM_MESSAGE_attest_withdraw, &withdraw, "number", arguments->words[0], "NUMBER");

	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_attest_withdraw, &withdraw, &view);
}

static enum km_exit run_waive(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_option options[] = {
		{ "--reason", "reason" },
		{ NULL, NULL },
	};
	struct km_message_waive waive = { 0 };
	enum km_exit result = km_asking_set(
	    KM_MESSAGE_waive, &waive, "requirement", arguments->words[0], "REQUIREMENT");

	if (result == KM_EXIT_DONE) {
		result = km_asking_fill(KM_MESSAGE_waive, &waive, arguments, options);
	}
	if (result == KM_EXIT_DONE) {
		result = km_verb_take_time(arguments, "--until", &waive.until_unix_us);
	}
	if (result == KM_EXIT_DONE) {
		result = take_camera(context, arguments, &waive.camera);
	}
	return result != KM_EXIT_DONE
		   ? result
		   : km_asking_show(context, KM_MESSAGE_waive, &waive, &waiver_view);
}

static enum km_exit run_waive_list(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	struct km_message_statement_list list = { 0 };

	(void)arguments;
	return km_asking_show(context, KM_MESSAGE_statement_list, &list, &waiver_view);
}

static enum km_exit run_waive_end(
    const struct km_verb_context *context, const struct km_arguments *arguments)
{
	static const struct km_asking_view view = { .record = KM_MESSAGE_waiver };
	struct km_message_waive_end end = { 0 };
	enum km_exit result =
	    km_asking_set(KM_MESSAGE_waive_end, &end, "number", arguments->words[0], "NUMBER");

	return result != KM_EXIT_DONE ? result
				      : km_asking_show(context, KM_MESSAGE_waive_end, &end, &view);
}

/* --- rows --- */

static const struct km_argument no_arguments[] = { { NULL, NULL, NULL } };

static const struct km_argument list_arguments[] = {
	{ "--camera", "NAME", "the answers of this camera alone" },
	{ "--section", "LETTER", "one of a to i alone" },
	{ "--parts", NULL, "besides the whole, each camera and the recorder" },
	{ "--language", "LANGUAGE", "ja or en; en if it is not given" },
	{ NULL, NULL, NULL },
};

static const struct km_argument show_arguments[] = {
	{ "--camera", "NAME", "of this camera alone" },
	{ "--language", "LANGUAGE", "ja or en; en if it is not given" },
	{ NULL, NULL, NULL },
};

static const struct km_argument profile_arguments[] = {
	{ "--serves-other-network", "YES|NO", "b: the recorder is used from another network" },
	{ "--within-reach", "YES|NO", "c: tampering with cameras is to be noticed" },
	{ "--sturdy-cameras", "YES|NO", "c: cameras are to stand blows" },
	{ "--line-may-be-tapped", "YES|NO", "d: somebody may listen, or it is the internet" },
	{ "--video-encrypted", "YES|NO", "d: the video, too, is to be protected" },
	{ "--wireless", "YES|NO", "e: a part of the way is wireless" },
	{ "--availability", "YES|NO", "f: recordings must go on, and must not be lost" },
	{ "--none", NULL, "begin with none of them" },
	{ NULL, NULL, NULL },
};

static const struct km_argument attest_arguments[] = {
	{ "--document", "TEXT", "what shows it: a name, a number, a place; wanted" },
	{ "--answer", "ANSWER", "met (if it is not given), not_met or not_applicable" },
	{ "--camera", "NAME", "of this camera; else of the site, or of all cameras" },
	{ "--until", "TIME", "worth nothing from then on; a year from now if it is not given" },
	{ "--note", "TEXT", "whatever else is to be known" },
	{ NULL, NULL, NULL },
};

static const struct km_argument waive_arguments[] = {
	{ "--reason", "TEXT", "why it is lived with; wanted" },
	{ "--until", "TIME", "the end, at most 5 years from now; wanted" },
	{ "--camera", "NAME", "for this camera alone" },
	{ NULL, NULL, NULL },
};

const struct km_verb km_verb_checklist_show = {
	.name = "checklist show",
	.usage = "REQUIREMENT [--camera NAME] [--language LANGUAGE]",
	.text = "one requirement, with its evidence and what was stated",
	.words_min = 1,
	.words_max = 1,
	.arguments = show_arguments,
	.run = run_show,
};

const struct km_verb km_verb_checklist_profile = {
	.name = "checklist profile",
	.usage = "[--PART YES|NO]...",
	.text = "which parts of the checklist apply",
	.arguments = profile_arguments,
	.run = run_profile,
};

const struct km_verb km_verb_checklist = {
	.name = "checklist",
	.usage = "[--camera NAME] [--section LETTER] [--parts] [--language LANGUAGE]",
	.text = "the requirements of the checklist and how they are answered",
	.arguments = list_arguments,
	.run = run_list,
};

const struct km_verb km_verb_attest_list = {
	.name = "attest list",
	.usage = "",
	.text = "what people stated",
	.arguments = no_arguments,
	.run = run_attest_list,
};

const struct km_verb km_verb_attest_withdraw = {
	.name = "attest withdraw",
	.usage = "NUMBER",
	.text = "withdraw a statement; it stays in the list",
	.words_min = 1,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_attest_withdraw,
};

const struct km_verb km_verb_attest = {
	.name = "attest",
	.usage = "REQUIREMENT --document TEXT [--answer ANSWER] [--camera NAME] [--until TIME]"
		 " [--note TEXT]",
	.text = "state something about a requirement that observation does not answer",
	.words_min = 1,
	.words_max = 1,
	.arguments = attest_arguments,
	.run = run_attest,
};

const struct km_verb km_verb_waive_list = {
	.name = "waive list",
	.usage = "",
	.text = "what is waived",
	.arguments = no_arguments,
	.run = run_waive_list,
};

const struct km_verb km_verb_waive_end = {
	.name = "waive end",
	.usage = "NUMBER",
	.text = "end a waiver; it stays in the list",
	.words_min = 1,
	.words_max = 1,
	.arguments = no_arguments,
	.run = run_waive_end,
};

const struct km_verb km_verb_waive = {
	.name = "waive",
	.usage = "REQUIREMENT --reason TEXT --until TIME [--camera NAME]",
	.text = "live for a time with a requirement that is not met; its answer stays",
	.words_min = 1,
	.words_max = 1,
	.arguments = waive_arguments,
	.run = run_waive,
};
