#include "guard/listeners.h"

#include "base/buf.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define WORDS_MAX        10
#define STATE_LISTEN     0x0a    /* TCP_LISTEN */
#define STATE_CLOSE      0x07    /* TCP_CLOSE: of UDP, bound and not connected */
#define ACCEPTS          0x10000 /* __SO_ACCEPTCON */
#define PLACE_PORT       1
#define PLACE_STATE      3
#define PLACE_UID        7
#define PLACE_INODE      9
#define PLACE_FLAGS      3
#define PLACE_UNIX_INODE 6

const char *km_listeners_name(enum km_listeners_table table)
{
	static const char *const names[KM_LISTENERS_TABLES] = { "tcp", "tcp6", "udp", "udp6",
		"unix" };

	return (unsigned)table < KM_LISTENERS_TABLES ? names[table] : "unknown";
}

/* Words between any number of spaces; *line is left at what follows the last one. */
static size_t split(struct km_bytes *line, struct km_bytes words[static WORDS_MAX], size_t most)
{
	size_t count = 0;

	while (line->size > 0 && count < most) {
		struct km_bytes word = km_bytes_split(line, ' ');

		if (word.size > 0) {
			words[count++] = word;
		}
	}
	return count;
}

/* "0100007F:1F90": words of 32 bits as this machine keeps them in memory, then the port. */
static int parse_address(struct km_bytes text, bool is_v6, struct km_listener *listener)
{
	struct km_bytes rest = text;
	struct km_bytes host = km_bytes_split(&rest, ':');
	size_t words = is_v6 ? 4 : 1;
	uint32_t address[4];
	uint64_t number = 0;

	if (host.size != 8 * words || km_bytes_parse_hex(rest, UINT16_MAX, &number) < 0) {
		return KM_ERR_FORMAT;
	}
	listener->port = (uint16_t)number;
	for (size_t i = 0; i < words; i++) {
		if (km_bytes_parse_hex(km_bytes_slice(host, 8 * i, 8), UINT32_MAX, &number) < 0) {
			return KM_ERR_FORMAT;
		}
		address[i] = (uint32_t)number;
	}
	if (inet_ntop(is_v6 ? AF_INET6 : AF_INET, address, listener->host,
		sizeof(listener->host)) == NULL) {
		return KM_ERR_FORMAT;
	}
	(void)snprintf(listener->address, sizeof(listener->address), "%s%s%s:%u", is_v6 ? "[" : "",
	    listener->host, is_v6 ? "]" : "", listener->port);
	return 0;
}

static int parse_inet(struct km_bytes line, struct km_listener *listener)
{
	bool is_udp = listener->table == KM_LISTENERS_UDP || listener->table == KM_LISTENERS_UDP6;
	bool is_v6 = listener->table == KM_LISTENERS_TCP6 || listener->table == KM_LISTENERS_UDP6;
	struct km_bytes words[WORDS_MAX];
	uint64_t state = 0;
	int err = split(&line, words, WORDS_MAX) == WORDS_MAX ? 0 : KM_ERR_FORMAT;

	if (err == 0) {
		err = km_bytes_parse_hex(words[PLACE_STATE], 0xff, &state);
	}
	if (err == 0) {
		err = parse_address(words[PLACE_PORT], is_v6, listener);
	}
	if (err == 0) {
		err = km_bytes_parse_u32(words[PLACE_UID], UINT32_MAX, &listener->uid);
	}
	if (err == 0) {
		err = km_bytes_parse_u64(words[PLACE_INODE], UINT64_MAX, &listener->inode);
	}
	if (err < 0) {
		return KM_ERR_FORMAT;
	}
	listener->has_uid = true;
	return state == (is_udp ? STATE_CLOSE : STATE_LISTEN) ? 0 : KM_ERR_NOT_FOUND;
}

static int parse_unix(struct km_bytes line, struct km_listener *listener)
{
	struct km_bytes words[WORDS_MAX];
	struct km_buf path;
	uint64_t flags = 0;

	/* Num RefCount Protocol Flags Type St Inode Path; the path may hold spaces. */
	if (split(&line, words, PLACE_UNIX_INODE + 1) != PLACE_UNIX_INODE + 1 ||
	    km_bytes_parse_hex(words[PLACE_FLAGS], UINT32_MAX, &flags) < 0 ||
	    km_bytes_parse_u64(words[PLACE_UNIX_INODE], UINT64_MAX, &listener->inode) < 0) {
		return KM_ERR_FORMAT;
	}
	km_buf_init_fixed(&path, listener->address, sizeof(listener->address) - 1);
	km_text_add_escaped(&path, line, sizeof(listener->address));
	listener->address[path.size] = '\0';
	return (flags & ACCEPTS) != 0 ? 0 : KM_ERR_NOT_FOUND;
}

int km_listeners_parse(
    enum km_listeners_table table, struct km_bytes line, struct km_listener *ret_listener)
{
	struct km_listener listener = { .table = table };
	int err =
	    table == KM_LISTENERS_UNIX ? parse_unix(line, &listener) : parse_inet(line, &listener);

	if (err == 0) {
		*ret_listener = listener;
	}
	return err;
}

int km_listeners_parse_link(struct km_bytes link, uint64_t *ret_inode)
{
	struct km_bytes front = KM_BYTES("socket:[");

	if (!km_bytes_has_prefix(link, front) || link.data[link.size - 1] != ']') {
		return KM_ERR_FORMAT;
	}
	return km_bytes_parse_u64(
	    km_bytes_slice(link, front.size, link.size - front.size - 1), UINT64_MAX, ret_inode);
}
