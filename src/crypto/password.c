#include "crypto/password.h"

#include "base/error.h"
#include "base/text.h"

#include <sodium.h>

#define MAX_BYTES      200
#define MIN_CHARACTERS 8

int km_password_hash(struct km_bytes password, char ret_hash[static KM_PASSWORD_HASH_SIZE])
{
	_Static_assert(crypto_pwhash_STRBYTES <= KM_PASSWORD_HASH_SIZE, "the hash must fit");

	if (sodium_init() < 0 ||
	    crypto_pwhash_str(ret_hash, (const char *)password.data, password.size,
		KM_PASSWORD_PASSES, KM_PASSWORD_MEMORY_BYTES) != 0) {
		return KM_ERR_MEMORY;
	}
	return 0;
}

bool km_password_is_right(struct km_bytes password, const char *hash)
{
	/* A hash of nothing in particular: an account that does not exist costs as much as one
	 * that does, so that names cannot be told apart by time. */
	static const char decoy[] = "$argon2id$v=19$m=131072,t=3,p=1$MTIzNDU2Nzg5MDEyMzQ1Ng$"
				    "Ln6kPUSMJXm6O7RMIZ3Dwb0OiXt3kG2e9mAaVzYBrq4";
	bool has_hash = false;

	if (sodium_init() < 0) {
		return false;
	}
	/* -1: not a hash at all; older parameters are fine. */
	has_hash = hash != NULL && crypto_pwhash_str_needs_rehash(
				       hash, KM_PASSWORD_PASSES, KM_PASSWORD_MEMORY_BYTES) >= 0;
	return crypto_pwhash_str_verify(
		   has_hash ? hash : decoy, (const char *)password.data, password.size) == 0 &&
	       has_hash;
}

int km_password_derive(struct km_bytes passphrase,
    const uint8_t salt[static KM_PASSWORD_SALT_BYTES], uint64_t passes, size_t memory_bytes,
    uint8_t ret_key[static 32])
{
	if (passes < crypto_pwhash_OPSLIMIT_MIN || passes > 100 ||
	    memory_bytes < crypto_pwhash_MEMLIMIT_MIN || memory_bytes > (2UL << 30)) {
		return KM_ERR_RANGE;
	}
	if (sodium_init() < 0 ||
	    crypto_pwhash(ret_key, 32, (const char *)passphrase.data, passphrase.size, salt, passes,
		memory_bytes, crypto_pwhash_ALG_ARGON2ID13) != 0) {
		return KM_ERR_MEMORY;
	}
	return 0;
}

/*
 * Words that stand in the lists of stolen and of factory passwords; a password that is one of them
 * with digits or signs around it is refused too.
 */
static const char *const common_words[] = {
	"password",
	"passw0rd",
	"p@ssw0rd",
	"p@ssword",
	"qwerty",
	"qwertyuiop",
	"asdfgh",
	"asdfghjkl",
	"zxcvbn",
	"zxcvbnm",
	"1qaz2wsx",
	"1q2w3e4r",
	"1q2w3e4r5t",
	"letmein",
	"iloveyou",
	"welcome",
	"monkey",
	"dragon",
	"football",
	"baseball",
	"sunshine",
	"princess",
	"superman",
	"trustno1",
	"admin",
	"administrator",
	"root",
	"user",
	"guest",
	"default",
	"changeme",
	"secret",
	"camera",
	"ipcam",
	"webcam",
	"hikvision",
	"dahua",
	"system",
	"security",
	"supervisor",
	"service",
	"meinsm",
	"komainu",
	"abc",
	"abcdef",
	"abcdefgh",
	"test",
	"sakura",
	"nihon",
	"tokyo",
	"himitsu",
};

static uint8_t to_lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

static bool is_letter(uint8_t byte)
{
	uint8_t lower = to_lower(byte);

	return (lower >= 'a' && lower <= 'z') || byte >= 0x80;
}

/* The same byte again and again, or a run such as 12345678 or hgfedcba, or two of them joined. */
static bool is_repetition_or_run(struct km_bytes password)
{
	size_t breaks = 0;

	for (size_t i = 2; i < password.size; i++) {
		int before = password.data[i - 1] - password.data[i - 2];
		int now = password.data[i] - password.data[i - 1];

		breaks += now != before || now < -1 || now > 1 ? 1 : 0;
	}
	return breaks <= password.size / 6;
}

static bool is_common(struct km_bytes password)
{
	size_t first = 0;
	size_t end = password.size;

	while (first < end && !is_letter(password.data[first])) {
		first++;
	}
	while (end > first && !is_letter(password.data[end - 1])) {
		end--;
	}
	for (size_t i = 0; i < KM_COUNT(common_words); i++) {
		struct km_bytes word = km_bytes_text(common_words[i]);

		if (km_bytes_is_equal_nocase(word, password) ||
		    km_bytes_is_equal_nocase(word, km_bytes_slice(password, first, end - first))) {
			return true;
		}
	}
	return is_repetition_or_run(password);
}

static bool contains_nocase(struct km_bytes text, struct km_bytes part)
{
	for (size_t i = 0; part.size > 0 && i + part.size <= text.size; i++) {
		if (km_bytes_is_equal_nocase(km_bytes_slice(text, i, part.size), part)) {
			return true;
		}
	}
	return false;
}

static unsigned count_characters(struct km_bytes text)
{
	unsigned count = 0;

	for (size_t i = 0; i < text.size; i++) {
		count += (text.data[i] & 0xc0) != 0x80 ? 1 : 0;
	}
	return count;
}

enum km_password_flaw km_password_judge(
    struct km_bytes password, struct km_bytes account_name, unsigned min_characters)
{
	if (!km_text_is_clean_utf8(password)) {
		return KM_PASSWORD_NO_TEXT;
	}
	if (password.size > MAX_BYTES) {
		return KM_PASSWORD_LONG;
	}
	if (count_characters(password) < MIN_CHARACTERS ||
	    count_characters(password) < min_characters) {
		return KM_PASSWORD_SHORT;
	}
	if (is_common(password)) {
		return KM_PASSWORD_COMMON;
	}
	if ((account_name.size >= 3 && contains_nocase(password, account_name)) ||
	    contains_nocase(account_name, password)) {
		return KM_PASSWORD_NAME;
	}
	return KM_PASSWORD_FINE;
}

const char *km_password_flaw_text(enum km_password_flaw flaw)
{
	switch (flaw) {
	case KM_PASSWORD_FINE:
		return "fine";
	case KM_PASSWORD_SHORT:
		return "too short: 12 characters or more are right";
	case KM_PASSWORD_LONG:
		return "too long: 200 bytes at most";
	case KM_PASSWORD_COMMON:
		return "easy to guess: a common word with digits, a repetition or a run; a few "
		       "unrelated words are better";
	case KM_PASSWORD_NAME:
		return "contains the account's name";
	case KM_PASSWORD_NO_TEXT:
		return "not text: use printable characters (UTF-8)";
	}
	return "not acceptable";
}
