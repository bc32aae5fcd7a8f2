#include "judge/difference.h"

#include "judge/port_set.h"
#include "model/kept_facts.h"
#include "model/states.h"

#include <stdio.h>
#include <string.h>

/* Facts of one snapshot. */
struct facts {
	const struct km_fact *at;
	size_t count;
};

/* "tcp/554": what comes before the stroke, and the port behind it. */
static bool read_subject(const char *subject, struct km_bytes *ret_protocol, uint64_t *ret_port)
{
	struct km_bytes port = km_bytes_text(subject);
	struct km_bytes protocol = km_bytes_split(&port, '/');

	*ret_protocol = protocol;
	return km_bytes_parse_u64(port, 65535, ret_port) == 0;
}

static const struct km_fact *find_fact(
    struct facts facts, unsigned kind, unsigned source, struct km_bytes subject)
{
	for (size_t i = 0; i < facts.count; i++) {
		const struct km_fact *fact = &facts.at[i];

		if (fact->kind == kind && fact->source == source &&
		    km_bytes_is_equal(km_bytes_text(fact->subject), subject)) {
			return fact;
		}
	}
	return NULL;
}

/* "tcp" is all ports or "tcp telling" those that tell most: two lists of one protocol. */
static bool is_list_of(
    const struct km_fact *tried, const struct km_fact *open, struct km_bytes protocol)
{
	struct km_bytes subject = km_bytes_text(tried->subject);

	return tried->kind == KM_FACT_PORTS_TRIED && tried->is_known &&
	       tried->source == open->source &&
	       km_bytes_is_equal(km_bytes_split(&subject, ' '), protocol);
}

/* The newest list in which the port of this PORT_OPEN was tried; NULL: it was not. */
static const struct km_fact *find_tried(struct facts facts, const struct km_fact *open)
{
	const struct km_fact *found = NULL;
	struct km_bytes protocol;
	uint64_t port = 0;

	if (!read_subject(open->subject, &protocol, &port)) {
		return NULL;
	}
	for (size_t i = 0; i < facts.count; i++) {
		const struct km_fact *tried = &facts.at[i];
		struct km_port_set ports = { 0 };

		if (is_list_of(tried, open, protocol) &&
		    km_port_set_add(&ports, km_bytes_text(tried->value)) == 0 &&
		    km_port_set_has(&ports, (unsigned)port) &&
		    (found == NULL || found->observed_unix_us < tried->observed_unix_us)) {
			found = tried;
		}
	}
	return found;
}

/* A firewall in between that answers on all ports hides which ones the camera has open. */
static bool are_ports_hidden(struct facts facts)
{
	for (size_t i = 0; i < facts.count; i++) {
		if (facts.at[i].kind == KM_FACT_ANSWERS_ALL && km_facts_is_yes(&facts.at[i])) {
			return true;
		}
	}
	return false;
}

/* Whether the port was tried, and gave an answer that says something; ret_us: and when. */
static bool is_port_looked_at(struct facts facts, const struct km_fact *one, int64_t *ret_us)
{
	const struct km_fact *tried = find_tried(facts, one);
	const struct km_fact *open =
	    find_fact(facts, KM_FACT_PORT_OPEN, one->source, km_bytes_text(one->subject));

	if (tried == NULL || are_ports_hidden(facts) || (open != NULL && !open->is_known)) {
		return false;
	}
	*ret_us = tried->observed_unix_us;
	return true;
}

/* Whether the list that this fact belongs to was read, in these facts; ret_us: and when. */
static bool is_looked_at(
    struct facts facts, const struct km_kept_fact *row, const struct km_fact *one, int64_t *ret_us)
{
	bool is_looked = false;

	if (one->kind == KM_FACT_PORT_OPEN) {
		return is_port_looked_at(facts, one, ret_us);
	}
	for (size_t i = 0; i < facts.count; i++) {
		const struct km_fact *fact = &facts.at[i];

		if (fact->source != one->source) {
			continue;
		}
		if (fact->kind == row->kind && !fact->is_known) {
			return false;
		}
		if (fact->kind == row->looked && fact->is_known) {
			is_looked = true;
			*ret_us = fact->observed_unix_us;
		}
	}
	return is_looked;
}

/* The fact that stands for the same thing; NULL if there is none. */
static const struct km_fact *find_same(
    struct facts facts, const struct km_kept_fact *row, const struct km_fact *one)
{
	for (size_t i = 0; i < facts.count; i++) {
		const struct km_fact *fact = &facts.at[i];

		if (fact->kind != one->kind || fact->source != one->source || !fact->is_known) {
			continue;
		}
		if (strcmp(row->compared == KM_KEPT_VALUE ? fact->value : fact->subject,
			row->compared == KM_KEPT_VALUE ? one->value : one->subject) == 0) {
			return fact;
		}
	}
	return NULL;
}

/* A port whose protocol was not recognised this time is the same port. */
static bool is_other_value(const struct km_fact *before, const struct km_fact *after)
{
	if (before->kind == KM_FACT_PORT_OPEN &&
	    (strcmp(before->value, "unknown") == 0 || strcmp(after->value, "unknown") == 0)) {
		return false;
	}
	return strcmp(before->value, after->value) != 0;
}

struct walk {
	int (*on_difference)(void *context, const struct km_difference *difference);
	void *context;
};

/*
 * One of them has this fact: tell if the other has it with another value, or lacks it although it
 * was looked for there. `is_after`: it is the later one that has it.
 */
static int compare_fact(
    const struct walk *walk, const struct km_fact *fact, struct facts others, bool is_after)
{
	const struct km_kept_fact *row = km_kept_facts_find(fact->kind);
	struct km_difference difference = { .after = is_after ? fact : NULL,
		.before = is_after ? NULL : fact,
		.since_us = fact->observed_unix_us };
	const struct km_fact *other = NULL;
	int64_t looked_us = 0;

	if (row == NULL || row->theme == KM_THEME_CONTEXT || !fact->is_known ||
	    !km_kept_facts_is_kept(fact)) {
		return 0;
	}
	difference.theme = row->theme;
	other = find_same(others, row, fact);
	if (other != NULL) {
		if (!is_after || !is_other_value(other, fact)) {
			return 0;
		}
		difference.before = other;
		difference.since_us = other->observed_unix_us;
		difference.change = KM_CHANGE_CHANGED;
		return walk->on_difference(walk->context, &difference);
	}
	if (row->compared == KM_KEPT_CHANGES || !is_looked_at(others, row, fact, &looked_us)) {
		return 0;
	}
	if (is_after) {
		difference.since_us = looked_us;
	}
	difference.change = is_after ? KM_CHANGE_ADDED : KM_CHANGE_REMOVED;
	return walk->on_difference(walk->context, &difference);
}

int km_difference_each(const struct km_fact *before, size_t before_count,
    const struct km_fact *after, size_t after_count,
    int (*on_difference)(void *context, const struct km_difference *difference), void *context)
{
	const struct walk walk = { on_difference, context };
	const struct facts earlier = { before, before_count };
	const struct facts later = { after, after_count };
	int err = 0;

	for (size_t i = 0; err == 0 && i < after_count; i++) {
		/* Behind a firewall that answers on all ports, none of them is the camera's. */
		if (after[i].kind != KM_FACT_PORT_OPEN || !are_ports_hidden(later)) {
			err = compare_fact(&walk, &after[i], earlier, true);
		}
	}
	for (size_t i = 0; err == 0 && i < before_count; i++) {
		if (before[i].kind != KM_FACT_PORT_OPEN || !are_ports_hidden(earlier)) {
			err = compare_fact(&walk, &before[i], later, false);
		}
	}
	return err;
}

/* --- what is known after an audit --- */

struct settling {
	struct facts before;
	struct facts seen;
	struct km_fact *facts;
	size_t count;
};

static int keep(struct settling *settling, const struct km_fact *fact)
{
	if (settling->count == KM_DIFFERENCE_FACTS_MAX) {
		return KM_ERR_LIMIT;
	}
	settling->facts[settling->count++] = *fact;
	return 0;
}

/* Which ports are known now: those tried this time, and those before. */
static void join_ports(struct km_fact *tried, const struct km_fact *before)
{
	struct km_port_set ports = { 0 };
	char text[KM_FACT_VALUE_SIZE] = { 0 };
	struct km_buf buf;

	km_buf_init_fixed(&buf, text, sizeof(text) - 1);
	if (km_port_set_add(&ports, km_bytes_text(tried->value)) == 0 &&
	    km_port_set_add(&ports, km_bytes_text(before->value)) == 0) {
		km_port_set_write(&ports, &buf);
		if (km_buf_error(&buf) == 0) {
			memcpy(tried->value, text, sizeof(tried->value));
		}
	}
}

/* Of what was seen: all but what says that something known before was not looked at. */
static int settle_seen(struct settling *settling, const struct km_fact *fact)
{
	const struct km_fact *before = NULL;
	int err = 0;

	if (!km_kept_facts_is_kept(fact)) {
		return 0;
	}
	before =
	    find_fact(settling->before, fact->kind, fact->source, km_bytes_text(fact->subject));
	if (!fact->is_known) {
		bool has_list = false;

		for (size_t i = 0; i < settling->before.count; i++) {
			const struct km_fact *one = &settling->before.at[i];

			has_list = has_list || (one->kind == fact->kind && one->is_known &&
						   one->source == fact->source);
		}
		return has_list ? 0 : keep(settling, fact);
	}
	err = keep(settling, fact);
	if (err == 0 && fact->kind == KM_FACT_PORTS_TRIED && before != NULL && before->is_known) {
		join_ports(&settling->facts[settling->count - 1], before);
	}
	return err;
}

/* Of the snapshot before: what this time was not looked at. */
static int settle_before(struct settling *settling, const struct km_fact *fact)
{
	const struct km_kept_fact *row = km_kept_facts_find(fact->kind);
	const struct facts kept = { settling->facts, settling->count };
	int64_t looked_us = 0;

	if (row == NULL || !fact->is_known || !km_kept_facts_is_kept(fact)) {
		return 0;
	}
	if (find_same(settling->seen, row, fact) != NULL ||
	    (row->compared != KM_KEPT_CHANGES &&
		is_looked_at(settling->seen, row, fact, &looked_us))) {
		return 0;
	}
	/* Subjects that only number a list may be taken by now. */
	if (find_fact(kept, fact->kind, fact->source, km_bytes_text(fact->subject)) != NULL) {
		return 0;
	}
	if (fact->kind == KM_FACT_PORT_OPEN && find_tried(kept, fact) == NULL) {
		return 0;
	}
	/* A camera that tells more than there is room for does not keep the rest from being seen.
	 */
	return settling->count == KM_DIFFERENCE_FACTS_MAX ? 0 : keep(settling, fact);
}

int km_difference_settle(const struct km_fact *before, size_t before_count,
    const struct km_fact *seen, size_t seen_count, struct km_fact *ret_facts, size_t *ret_count)
{
	struct settling settling = { { before, before_count }, { seen, seen_count }, ret_facts, 0 };
	int err = 0;

	for (size_t i = 0; err == 0 && i < seen_count; i++) {
		err = settle_seen(&settling, &seen[i]);
	}
	/* Which ports were tried first: of those that are carried on, the list must be. */
	for (size_t i = 0; err == 0 && i < before_count; i++) {
		if (before[i].kind == KM_FACT_PORTS_TRIED) {
			err = settle_before(&settling, &before[i]);
		}
	}
	for (size_t i = 0; err == 0 && i < before_count; i++) {
		if (before[i].kind != KM_FACT_PORTS_TRIED) {
			err = settle_before(&settling, &before[i]);
		}
	}
	if (err == 0) {
		*ret_count = settling.count;
	}
	return err;
}

/* --- equality, words --- */

static bool has_all(struct facts facts, struct facts others)
{
	for (size_t i = 0; i < others.count; i++) {
		const struct km_fact *other = &others.at[i];
		const struct km_fact *fact =
		    find_fact(facts, other->kind, other->source, km_bytes_text(other->subject));

		if (fact == NULL || fact->is_known != other->is_known ||
		    strcmp(fact->value, other->value) != 0) {
			return false;
		}
	}
	return true;
}

bool km_difference_is_none(const struct km_fact *before, size_t before_count,
    const struct km_fact *after, size_t after_count)
{
	return has_all(
		   (struct facts){ before, before_count }, (struct facts){ after, after_count }) &&
	       has_all(
		   (struct facts){ after, after_count }, (struct facts){ before, before_count });
}

/* At most so many bytes, and not half of a character. */
static int cut(const char *text, size_t most)
{
	size_t size = strnlen(text, most);

	while (size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80) {
		size--;
	}
	return (int)size;
}

void km_difference_say(
    const struct km_difference *difference, char ret_text[static KM_DIFFERENCE_TEXT_SIZE])
{
	const struct km_fact *before = difference->before;
	const struct km_fact *after = difference->after;
	const struct km_fact *one = after != NULL ? after : before;
	const char *name = km_facts_name(one->kind);
	const char *space = one->subject[0] == '\0' ? "" : " ";
	int subject = cut(one->subject, 64);

	if (before != NULL && after != NULL) {
		(void)snprintf(ret_text, KM_DIFFERENCE_TEXT_SIZE,
		    "%s%s%.*s changed: %.*s, was %.*s", name, space, subject, one->subject,
		    cut(after->value, 64), after->value, cut(before->value, 64), before->value);
	} else {
		(void)snprintf(ret_text, KM_DIFFERENCE_TEXT_SIZE, "%s%s%.*s %s: %.*s", name, space,
		    subject, one->subject, after != NULL ? "added" : "removed", cut(one->value, 96),
		    one->value);
	}
}
