#include "crypto/password.h"

#include "base/error.h"
#include "base/text.h"

#include <limits.h>
#include <sodium.h>
#include <string.h>

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

bool km_password_is_outdated(const char *hash)
{
	return sodium_init() >= 0 && crypto_pwhash_str_needs_rehash(
					 hash, KM_PASSWORD_PASSES, KM_PASSWORD_MEMORY_BYTES) == 1;
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
 * What stands in everybody's list of passwords: words, makers' and factory words, names, sentences.
 * Written as they sound; digits and signs that stand for letters are seen through (is_alike).
 */
static const char *const known_words[] = {
	/* asked for by every login page, and answered so */
	"password",
	"passwort",
	"passwd",
	"pass",
	"parola",
	"secret",
	"letmein",
	"welcome",
	"login",
	"changeme",
	"change",
	"default",
	"access",
	"master",
	"hello",
	"iloveyou",
	"trustno",
	"whatever",
	"admin",
	"administrator",
	"root",
	"user",
	"guest",
	"test",
	"demo",
	"temp",
	"super",
	"supervisor",
	"operator",
	"service",
	"system",
	"security",
	"secure",
	"server",
	"office",
	"company",
	/* this trade and its factory passwords */
	"camera",
	"cam",
	"ipcam",
	"webcam",
	"cctv",
	"nvr",
	"dvr",
	"video",
	"viewer",
	"monitor",
	"onvif",
	"hikvision",
	"dahua",
	"axis",
	"panasonic",
	"sony",
	"canon",
	"hanwha",
	"samsung",
	"foscam",
	"meinsm",
	"ubnt",
	"fliradmin",
	"jvc",
	"vivotek",
	"komainu",
	"recorder",
	/* names, games and animals */
	"monkey",
	"dragon",
	"football",
	"baseball",
	"soccer",
	"sunshine",
	"princess",
	"superman",
	"batman",
	"pokemon",
	"pikachu",
	"starwars",
	"shadow",
	"michael",
	"jordan",
	"charlie",
	"love",
	"flower",
	"summer",
	"winter",
	"spring",
	"autumn",
	"monday",
	"friday",
	"january",
	"december",
	"correct",
	"horse",
	"correcthorsebatterystaple",
	/* Japanese in Latin letters */
	"pasuwaado",
	"himitsu",
	"angou",
	"kagi",
	"kanri",
	"kanrisha",
	"nihon",
	"nippon",
	"tokyo",
	"osaka",
	"kyoto",
	"nagoya",
	"yokohama",
	"fukuoka",
	"sapporo",
	"sakura",
	"fuji",
	"fujisan",
	"yamato",
	"samurai",
	"ninja",
	"sushi",
	"daisuki",
	"aishiteru",
	"arigatou",
	"arigato",
	"konnichiwa",
	"ohayou",
	"sayonara",
	"kawaii",
	"tanaka",
	"suzuki",
	"satou",
	"sato",
	"yamada",
	"takahashi",
	"watanabe",
	"hanako",
	"tarou",
	"taro",
	"doraemon",
	"totoro",
	"hanshin",
	"tigers",
	"giants",
	"aiueo",
	"iroha",
	/* Japanese */
	"パスワード",
	"ぱすわーど",
	"ひみつ",
	"秘密",
	"暗号",
	"管理者",
	"管理",
	"あいうえお",
	"いろは",
	"さくら",
	"日本",
	"東京",
	"ありがとう",
	"こんにちは",
	"だいすき",
	"大好き",
	"狛犬",
};

/* The rows of the keyboard, each key below the one of the row before (some half a key aside). */
static const char *const keyboard[] = { "1234567890-=", "qwertyuiop[]", "asdfghjkl;'",
	"zxcvbnm,./" };

/* What a piece of a password is worth to a guesser, in halves of a character. */
#define COST_OF_CHARACTER 2
#define COST_OF_DIGIT     1
#define COST_OF_SAME      2 /* the same character again and again */
#define COST_OF_RUN       3 /* also of a walk on the keyboard, and of a year */
#define COST_OF_WORD      4
#define WORTH_LEAST       14 /* seven characters that nobody could foresee */
#define RUN_LEAST         3
#define WALK_LEAST        4

static uint8_t to_lower(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

/* Whether a byte of a password may stand for this letter: "P@55w0rd" is "password". */
static bool is_alike(uint8_t byte, uint8_t letter)
{
	static const char stands_for[][2] = { { '@', 'a' }, { '4', 'a' }, { '8', 'b' },
		{ '3', 'e' }, { '9', 'g' }, { '1', 'i' }, { '!', 'i' }, { '1', 'l' }, { '|', 'l' },
		{ '0', 'o' }, { '5', 's' }, { '$', 's' }, { '7', 't' }, { '+', 't' },
		{ '2', 'z' } };

	if (to_lower(byte) == letter) {
		return true;
	}
	for (size_t i = 0; i < KM_COUNT(stands_for); i++) {
		if (byte == (uint8_t)stands_for[i][0] && letter == (uint8_t)stands_for[i][1]) {
			return true;
		}
	}
	return false;
}

static bool begins_with_word(struct km_bytes text, struct km_bytes word)
{
	if (word.size > text.size) {
		return false;
	}
	for (size_t i = 0; i < word.size; i++) {
		if (!is_alike(text.data[i], word.data[i])) {
			return false;
		}
	}
	return true;
}

static bool find_key(uint8_t byte, int *ret_row, int *ret_column)
{
	for (size_t row = 0; row < KM_COUNT(keyboard); row++) {
		const char *key = byte == 0 ? NULL : strchr(keyboard[row], to_lower(byte));

		if (key != NULL) {
			*ret_row = (int)row;
			*ret_column = (int)(key - keyboard[row]);
			return true;
		}
	}
	return false;
}

static bool are_neighbours(uint8_t a, uint8_t b)
{
	int rows[2] = { 0 };
	int columns[2] = { 0 };

	return find_key(a, &rows[0], &columns[0]) && find_key(b, &rows[1], &columns[1]) &&
	       rows[0] - rows[1] >= -1 && rows[0] - rows[1] <= 1 && columns[0] - columns[1] >= -1 &&
	       columns[0] - columns[1] <= 1;
}

/* How many bytes from the start are one and the same. */
static size_t repetition(struct km_bytes text)
{
	size_t size = 1;

	while (size < text.size && to_lower(text.data[size]) == to_lower(text.data[0])) {
		size++;
	}
	return size;
}

/* How many go on by the same step of one: "abcd", "4321". */
static size_t run(struct km_bytes text)
{
	int step = text.size < 2 ? 0 : to_lower(text.data[1]) - to_lower(text.data[0]);
	size_t size = 1;

	while ((step == 1 || step == -1) && size < text.size &&
	       to_lower(text.data[size]) - to_lower(text.data[size - 1]) == step) {
		size++;
	}
	return size;
}

/* How many lie beside each other on the keyboard: "qwert", "1qaz". */
static size_t walk(struct km_bytes text)
{
	size_t size = 1;

	while (size < text.size && are_neighbours(text.data[size - 1], text.data[size])) {
		size++;
	}
	return size;
}

/* 1900 to 2099. */
static bool is_year(struct km_bytes text)
{
	uint32_t year = 0;

	return km_bytes_parse_u32(km_bytes_slice(text, 0, 4), 2099, &year) == 0 && text.size >= 4 &&
	       year >= 1900;
}

static void offer(unsigned *costs, size_t end, unsigned cost)
{
	costs[end] = cost < costs[end] ? cost : costs[end];
}

/* Offer what the piece that begins here may cost, however far it is taken. */
static void offer_pieces(struct km_bytes password, size_t start, unsigned *costs)
{
	struct km_bytes rest = km_bytes_after(password, start);
	size_t same = repetition(rest);
	size_t steps = run(rest);
	size_t keys = walk(rest);

	for (size_t size = 2; size <= same; size++) {
		offer(costs, start + size, costs[start] + COST_OF_SAME);
	}
	for (size_t size = RUN_LEAST; size <= steps; size++) {
		offer(costs, start + size, costs[start] + COST_OF_RUN);
	}
	for (size_t size = WALK_LEAST; size <= keys; size++) {
		offer(costs, start + size, costs[start] + COST_OF_RUN);
	}
	if (is_year(rest)) {
		offer(costs, start + 4, costs[start] + COST_OF_RUN);
	}
	for (size_t i = 0; i < KM_COUNT(known_words); i++) {
		struct km_bytes word = km_bytes_text(known_words[i]);

		if (begins_with_word(rest, word)) {
			offer(costs, start + word.size, costs[start] + COST_OF_WORD);
		}
	}
}

/* What the character that begins here costs; nothing for the further bytes of one. */
static unsigned cost_of(uint8_t byte)
{
	if ((byte & 0xc0) == 0x80) {
		return 0;
	}
	return byte >= '0' && byte <= '9' ? COST_OF_DIGIT : COST_OF_CHARACTER;
}

/*
 * What a guesser, who tries known words, runs, walks on the keyboard, years and repetitions first,
 * would still have to try: the cheapest way to write the password in such pieces.
 */
static unsigned worth(struct km_bytes password)
{
	unsigned costs[MAX_BYTES + 1];

	costs[0] = 0;
	for (size_t i = 1; i <= password.size; i++) {
		costs[i] = UINT_MAX;
	}
	for (size_t i = 0; i < password.size; i++) {
		offer(costs, i + 1, costs[i] + cost_of(password.data[i]));
		offer_pieces(password, i, costs);
	}
	return costs[password.size];
}

/* The same few characters again and again: "abxabxabxabx". */
static bool is_refrain(struct km_bytes password)
{
	for (size_t size = 1; size <= 4; size++) {
		if (km_bytes_is_equal_nocase(km_bytes_after(password, size),
			km_bytes_slice(password, 0, password.size - size))) {
			return true;
		}
	}
	return false;
}

static bool is_common(struct km_bytes password)
{
	return is_refrain(password) || worth(password) < WORTH_LEAST;
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
		return "easy to guess: made of common words, years, runs, digits; a few "
		       "unrelated words are better";
	case KM_PASSWORD_NAME:
		return "contains the account's name";
	case KM_PASSWORD_USED:
		return "used before: choose one that this account has not had";
	case KM_PASSWORD_NO_TEXT:
		return "not text: use printable characters (UTF-8)";
	}
	return "not acceptable";
}
