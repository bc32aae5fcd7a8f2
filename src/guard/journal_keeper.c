#include "guard/journal_keeper.h"

#include "base/buf.h"
#include "base/time.h"
#include "io/clock.h"

#include <stdlib.h>
#include <string.h>

#define RETRY_US        KM_TIME_SECOND_US
#define WHOLE_PERIOD_US KM_TIME_DAY_US
#define SLICE_ENTRIES   1000 /* some 2 ms */
#define SLICE_PAUSE_US  INT64_C(20000)

struct km_journal_keeper {
	struct km_database *database;
	struct km_journal_keeper_options options;
	const struct km_journal_keeper_events *events;
	void *context;
	struct km_journal_key key;
	struct km_timer *writing; /* what waits is written */
	struct km_timer *signing;
	struct km_timer *slicing;
	struct km_journal_chain tail;  /* all that was seen, and its last checkpoint */
	struct km_journal_chain whole; /* the verification of everything that is under way */
	bool is_whole_running;
	int64_t reported; /* the broken entry that was reported last */
	struct km_journal_keeper_state state;
};

static void on_first(void *context)
{
	struct km_journal_keeper *keeper = context;

	if (!km_timer_is_running(keeper->writing)) {
		km_timer_start(keeper->writing, KM_JOURNAL_WAIT_US, 0);
	}
}

/* --- what is broken --- */

static void report(struct km_journal_keeper *keeper, const struct km_journal_chain *chain)
{
	struct km_buf text;

	km_buf_init_fixed(&text, keeper->state.text, sizeof(keeper->state.text) - 1);
	km_journal_chain_describe(chain, &text);
	keeper->state.text[text.size] = '\0';
	keeper->state.is_broken = true;
	if (keeper->reported != chain->broken) {
		keeper->reported = chain->broken;
		keeper->events->on_broken(keeper->context, keeper->state.text);
	}
}

/* Go on from the end as it is now: later entries are signed all the same. */
static int take_end(struct km_journal_keeper *keeper)
{
	int64_t number = 0;
	uint8_t hash[KM_JOURNAL_HASH_BYTES];
	int err = km_journal_walk_last_entry(keeper->database, &number, hash);

	if (err == 0) {
		int64_t signed_number = keeper->tail.signed_number;
		int64_t signed_unix_us = keeper->tail.signed_unix_us;

		km_journal_chain_init(&keeper->tail, keeper->key.signer);
		keeper->tail.number = number;
		keeper->tail.signed_number = signed_number < number ? signed_number : 0;
		keeper->tail.signed_unix_us = signed_unix_us;
		memcpy(keeper->tail.hash, hash, sizeof(hash));
	}
	return err;
}

static int fail_tail(struct km_journal_keeper *keeper, enum km_journal_fault fault, int64_t number)
{
	keeper->tail.fault = fault;
	keeper->tail.broken = number;
	keeper->tail.until = number;
	return KM_ERR_AUTH;
}

/* Follow the chain to its end, which must not lie before what was seen already. */
static int follow(struct km_journal_keeper *keeper)
{
	struct km_journal_chain *tail = &keeper->tail;
	uint8_t hash[KM_JOURNAL_HASH_BYTES];
	int64_t number = 0;
	int64_t count = 0;
	int err = km_journal_walk_last_entry(keeper->database, &number, hash);

	if (err == 0 && number < tail->number) {
		err = fail_tail(keeper, KM_JOURNAL_CUT, number + 1);
	} else if (err == 0 && number > tail->number) {
		err = km_journal_walk_rows(keeper->database, tail, INT64_MAX, &count);
	} else if (err == 0 && memcmp(hash, tail->hash, sizeof(hash)) != 0) {
		err = fail_tail(keeper, KM_JOURNAL_CHANGED, number);
	}
	if (err == KM_ERR_AUTH) {
		report(keeper, tail);
		err = take_end(keeper);
	}
	keeper->state.number = tail->number;
	return err;
}

/* --- checkpoints --- */

static int sign(struct km_journal_keeper *keeper)
{
	struct km_journal_chain *tail = &keeper->tail;
	struct km_journal_checkpoint checkpoint = {
		.number = tail->number,
		.unix_us = km_clock_unix_us(),
	};
	int err = 0;

	if (tail->number == tail->signed_number) {
		return 0;
	}
	memcpy(checkpoint.hash, tail->hash, sizeof(checkpoint.hash));
	err = km_journal_key_put_checkpoint(&keeper->key, keeper->database, &checkpoint);
	/* There is one already: after entries were cut off, their numbers come again. */
	if (err == 0 || err == KM_ERR_EXISTS) {
		tail->signed_number = checkpoint.number;
		tail->signed_unix_us = checkpoint.unix_us;
		err = 0;
	}
	keeper->state.signed_number = tail->signed_number;
	keeper->state.signed_unix_us = tail->signed_unix_us;
	return err;
}

int km_journal_keeper_sign(struct km_journal_keeper *keeper)
{
	int err = km_journal_flush(keeper->database);

	if (err == 0) {
		err = follow(keeper);
	}
	return err < 0 ? err : sign(keeper);
}

/* --- timers --- */

static void note_writing(struct km_journal_keeper *keeper, int err)
{
	bool is_failing = err < 0;

	if (is_failing != keeper->state.is_failing) {
		keeper->state.is_failing = is_failing;
		keeper->events->on_writing(keeper->context, err);
	}
	if (is_failing) {
		km_timer_start(keeper->writing, RETRY_US, 0);
	}
}

static void on_writing(void *context)
{
	struct km_journal_keeper *keeper = context;
	int err = km_journal_flush(keeper->database);

	if (err == 0) {
		err = follow(keeper);
	}
	if (err == 0 &&
	    keeper->tail.number - keeper->tail.signed_number >= keeper->options.entries) {
		err = sign(keeper);
	}
	note_writing(keeper, err);
}

static void on_signing(void *context)
{
	struct km_journal_keeper *keeper = context;

	note_writing(keeper, km_journal_keeper_sign(keeper));
}

static int begin_whole(struct km_journal_keeper *keeper)
{
	km_journal_chain_init(&keeper->whole, keeper->key.signer);
	keeper->is_whole_running = true;
	return keeper->tail.number == 0 ? 0
					: km_journal_chain_expect(&keeper->whole,
					      keeper->tail.number, keeper->tail.hash);
}

static int end_whole(struct km_journal_keeper *keeper)
{
	struct km_journal_checkpoint last = { 0 };
	int err = km_journal_walk_last_checkpoint(keeper->database, &last);

	if (err == KM_ERR_NOT_FOUND || err == KM_ERR_AUTH) {
		err = 0;
	}
	return err < 0 ? err : km_journal_chain_end(&keeper->whole, last.number);
}

static void on_slice(void *context)
{
	struct km_journal_keeper *keeper = context;
	int64_t count = 0;
	int err = keeper->is_whole_running ? 0 : begin_whole(keeper);

	if (err == 0) {
		err = km_journal_walk_rows(keeper->database, &keeper->whole, SLICE_ENTRIES, &count);
	}
	if (err == 0 && count == SLICE_ENTRIES) {
		km_timer_start(keeper->slicing, SLICE_PAUSE_US, 0);
		return;
	}
	if (err == 0) {
		err = end_whole(keeper);
	}
	keeper->is_whole_running = false;
	if (err == 0) {
		keeper->state.verified_number = keeper->whole.number;
		keeper->state.verified_unix_us = km_clock_unix_us();
	} else if (err == KM_ERR_AUTH) {
		report(keeper, &keeper->whole);
	}
	km_timer_start(keeper->slicing, WHOLE_PERIOD_US, 0);
}

/* --- life --- */

static int create_timers(struct km_journal_keeper *keeper, struct km_loop *loop)
{
	int err = km_timer_create(loop, on_writing, keeper, &keeper->writing);

	if (err == 0) {
		err = km_timer_create(loop, on_signing, keeper, &keeper->signing);
	}
	if (err == 0) {
		err = km_timer_create(loop, on_slice, keeper, &keeper->slicing);
	}
	return err;
}

int km_journal_keeper_create(struct km_loop *loop, struct km_database *database,
    struct km_vault *vault, const struct km_journal_keeper_options *options,
    const struct km_journal_keeper_events *events, void *context,
    struct km_journal_keeper **ret_keeper)
{
	struct km_journal_keeper *keeper = calloc(1, sizeof(*keeper));
	int err = 0;

	if (keeper == NULL) {
		return KM_ERR_MEMORY;
	}
	keeper->database = database;
	keeper->options = *options;
	keeper->events = events;
	keeper->context = context;
	keeper->reported = INT64_MIN;
	err = create_timers(keeper, loop);
	if (err == 0) {
		err = km_journal_key_open(database, vault, &keeper->key);
	}
	if (err == 0) {
		err = km_journal_open_queue(
		    database, KM_BYTES_OF(keeper->key.names), on_first, keeper);
	}
	if (err < 0) {
		km_journal_keeper_destroy(keeper);
		return err;
	}
	km_journal_chain_init(&keeper->tail, keeper->key.signer);
	*ret_keeper = keeper;
	return 0;
}

/* Begin behind the last checkpoint, if its signature is ours. */
static int find_tail(struct km_journal_keeper *keeper)
{
	struct km_journal_checkpoint last = { 0 };
	int err = km_journal_walk_last_checkpoint(keeper->database, &last);

	if (err == KM_ERR_NOT_FOUND) {
		return 0;
	}
	if (err == 0) {
		km_journal_chain_resume(&keeper->tail, &last);
		err = km_journal_chain_checkpoint(&keeper->tail, &last);
	} else if (err == KM_ERR_AUTH) {
		keeper->tail.fault = KM_JOURNAL_FORGED;
	}
	if (err == KM_ERR_AUTH) {
		report(keeper, &keeper->tail);
		err = take_end(keeper);
	}
	return err;
}

int km_journal_keeper_start(struct km_journal_keeper *keeper)
{
	int err = find_tail(keeper);

	if (err == 0) {
		err = km_journal_keeper_sign(keeper);
	}
	km_timer_start(keeper->signing, keeper->options.period_us, keeper->options.period_us);
	km_timer_start(keeper->slicing, keeper->options.whole_us, 0);
	return err;
}

const struct km_journal_key *km_journal_keeper_key(const struct km_journal_keeper *keeper)
{
	return &keeper->key;
}

void km_journal_keeper_look(
    const struct km_journal_keeper *keeper, struct km_journal_keeper_state *ret_state)
{
	*ret_state = keeper->state;
}

void km_journal_keeper_destroy(struct km_journal_keeper *keeper)
{
	if (keeper == NULL) {
		return;
	}
	(void)km_journal_close_queue(keeper->database);
	km_timer_destroy(keeper->writing);
	km_timer_destroy(keeper->signing);
	km_timer_destroy(keeper->slicing);
	km_journal_key_close(&keeper->key);
	explicit_bzero(keeper, sizeof(*keeper));
	free(keeper);
}
