#include "guard/journal_chain.h"

#include "base/error.h"
#include "base/time.h"

#include <inttypes.h>
#include <string.h>

#define MESSAGE_MAX 128

static struct km_bytes write_message(
    const struct km_journal_checkpoint *checkpoint, struct km_buf *buf)
{
	/* With its NUL: no text that another signature covers can begin like this. */
	static const char purpose[] = "komainu journal checkpoint";

	km_buf_add_data(buf, purpose, sizeof(purpose));
	km_buf_add_i64(buf, checkpoint->number);
	km_buf_add_i64(buf, checkpoint->unix_us);
	km_buf_add_data(buf, checkpoint->hash, sizeof(checkpoint->hash));
	return km_buf_view(buf);
}

int km_journal_chain_sign(
    const struct km_signature_key *key, struct km_journal_checkpoint *checkpoint)
{
	uint8_t storage[MESSAGE_MAX];
	struct km_buf message;

	km_buf_init_fixed(&message, storage, sizeof(storage));
	return km_signature_sign(key, write_message(checkpoint, &message), checkpoint->signature);
}

const char *km_journal_chain_fault_text(enum km_journal_fault fault)
{
	switch (fault) {
	case KM_JOURNAL_SHAPE:
		return "a field has a type or size that is never written";
	case KM_JOURNAL_MISSING:
		return "is missing, and later ones are there";
	case KM_JOURNAL_OUT_OF_ORDER:
		return "stands where it does not belong";
	case KM_JOURNAL_CHANGED:
		return "was changed or put in: its hash does not follow from it and the one before";
	case KM_JOURNAL_REWRITTEN:
		return "or a later one was changed, and the chain written anew from there on";
	case KM_JOURNAL_FORGED:
		return "has a checkpoint that was not signed with the key of this journal";
	case KM_JOURNAL_CUT:
		return "is missing, and everything behind it: the end was cut off";
	case KM_JOURNAL_UNSIGNED:
		return "and all others are not signed: there is no checkpoint";
	case KM_JOURNAL_WHOLE:
		break;
	}
	return "fits";
}

void km_journal_chain_init(struct km_journal_chain *chain, const struct km_signature_key *key)
{
	*chain = (struct km_journal_chain){ .key = key };
}

void km_journal_chain_resume(
    struct km_journal_chain *chain, const struct km_journal_checkpoint *checkpoint)
{
	chain->number = checkpoint->number;
	chain->unix_us = checkpoint->unix_us;
	chain->signed_number = checkpoint->number;
	chain->signed_unix_us = checkpoint->unix_us;
	memcpy(chain->hash, checkpoint->hash, sizeof(chain->hash));
}

int km_journal_chain_expect(struct km_journal_chain *chain, int64_t number,
    const uint8_t hash[static KM_JOURNAL_HASH_BYTES])
{
	struct km_journal_expected *expected = &chain->expected[chain->expected_count];

	if (chain->expected_count == KM_JOURNAL_CHAIN_EXPECTED_MAX) {
		return KM_ERR_LIMIT;
	}
	expected->number = number;
	memcpy(expected->hash, hash, sizeof(expected->hash));
	chain->expected_count++;
	return 0;
}

static int fail(struct km_journal_chain *chain, enum km_journal_fault fault, int64_t broken)
{
	if (chain->fault == KM_JOURNAL_WHOLE) {
		chain->fault = fault;
		chain->broken = broken;
		chain->until = broken;
	}
	return KM_ERR_AUTH;
}

void km_journal_chain_misshapen(struct km_journal_chain *chain, int64_t number)
{
	(void)fail(chain, number > chain->number + 1 ? KM_JOURNAL_MISSING : KM_JOURNAL_SHAPE,
	    number > chain->number + 1 ? chain->number + 1 : number);
}

/* All up to here fits together, but not with what is known: it was changed since the last anchor.
 */
static int fail_rewritten(struct km_journal_chain *chain, int64_t until)
{
	int64_t anchor = chain->signed_number;

	for (size_t i = 0; i < chain->expected_count; i++) {
		int64_t number = chain->expected[i].number;

		anchor = number < until && number > anchor ? number : anchor;
	}
	(void)fail(chain, KM_JOURNAL_REWRITTEN, anchor + 1);
	chain->until = until;
	return KM_ERR_AUTH;
}

int km_journal_chain_entry(struct km_journal_chain *chain, const struct km_journal_entry *entry)
{
	uint8_t hash[KM_JOURNAL_HASH_BYTES];
	int err = 0;

	if (chain->fault != KM_JOURNAL_WHOLE) {
		return KM_ERR_AUTH;
	}
	if (entry->number != chain->number + 1) {
		return entry->number > chain->number
			   ? fail(chain, KM_JOURNAL_MISSING, chain->number + 1)
			   : fail(chain, KM_JOURNAL_OUT_OF_ORDER, entry->number);
	}
	if (entry->text.size >= KM_JOURNAL_TEXT_SIZE) {
		return fail(chain, KM_JOURNAL_SHAPE, entry->number);
	}
	err = km_journal_hash(chain->hash, entry, hash);
	if (err < 0) {
		return err;
	}
	if (memcmp(hash, entry->hash, sizeof(hash)) != 0) {
		return fail(chain, KM_JOURNAL_CHANGED, entry->number);
	}
	for (size_t i = 0; i < chain->expected_count; i++) {
		if (chain->expected[i].number == entry->number &&
		    memcmp(chain->expected[i].hash, hash, sizeof(hash)) != 0) {
			return fail_rewritten(chain, entry->number);
		}
	}
	chain->number = entry->number;
	chain->unix_us = entry->unix_us;
	memcpy(chain->hash, hash, sizeof(chain->hash));
	return 0;
}

int km_journal_chain_checkpoint(
    struct km_journal_chain *chain, const struct km_journal_checkpoint *checkpoint)
{
	uint8_t storage[MESSAGE_MAX];
	struct km_buf message;
	int err = 0;

	if (chain->fault != KM_JOURNAL_WHOLE) {
		return KM_ERR_AUTH;
	}
	if (checkpoint->number != chain->number || checkpoint->number < 1) {
		return checkpoint->number > chain->number
			   ? fail(chain, KM_JOURNAL_MISSING, chain->number + 1)
			   : fail(chain, KM_JOURNAL_FORGED, checkpoint->number);
	}
	if (chain->key != NULL) {
		km_buf_init_fixed(&message, storage, sizeof(storage));
		err = km_signature_verify(
		    chain->key, write_message(checkpoint, &message), checkpoint->signature);
	}
	if (err < 0) {
		return err == KM_ERR_AUTH ? fail(chain, KM_JOURNAL_FORGED, checkpoint->number)
					  : err;
	}
	if (memcmp(checkpoint->hash, chain->hash, sizeof(chain->hash)) != 0) {
		return fail_rewritten(chain, checkpoint->number);
	}
	chain->signed_number = checkpoint->number;
	chain->signed_unix_us = checkpoint->unix_us;
	chain->checkpoints++;
	return 0;
}

int km_journal_chain_end(struct km_journal_chain *chain, int64_t last_checkpoint)
{
	int64_t last = last_checkpoint;

	for (size_t i = 0; i < chain->expected_count; i++) {
		last = chain->expected[i].number > last ? chain->expected[i].number : last;
	}
	if (chain->fault != KM_JOURNAL_WHOLE) {
		return KM_ERR_AUTH;
	}
	if (last > chain->number) {
		return fail(chain, KM_JOURNAL_CUT, chain->number + 1);
	}
	if (chain->key != NULL && chain->number > 0 && chain->signed_number == 0) {
		return fail(chain, KM_JOURNAL_UNSIGNED, 1);
	}
	return 0;
}

void km_journal_chain_describe(const struct km_journal_chain *chain, struct km_buf *buf)
{
	char time[KM_TIME_TEXT_SIZE];

	if (chain->fault != KM_JOURNAL_WHOLE) {
		km_buf_add_format(buf, "entry %" PRId64 " %s", chain->broken,
		    km_journal_chain_fault_text(chain->fault));
		if (chain->until != chain->broken) {
			km_buf_add_format(buf, " (up to entry %" PRId64 ")", chain->until);
		}
		return;
	}
	km_buf_add_format(buf, "%" PRId64 " entries hold together", chain->number);
	if (chain->key != NULL && chain->signed_number > 0) {
		km_time_write(chain->signed_unix_us, time);
		km_buf_add_format(
		    buf, ", signed up to entry %" PRId64 " (%s)", chain->signed_number, time);
	}
	if (chain->key != NULL && chain->number > chain->signed_number) {
		km_buf_add_format(buf, "; not signed yet: the last %" PRId64,
		    chain->number - chain->signed_number);
	}
}
