#include "base/cidr.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <string.h>

#define MAPPED_BITS 96

static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

static bool is_v4(const uint8_t *address)
{
	return memcmp(address, mapped, sizeof(mapped)) == 0;
}

int km_cidr_parse_address(struct km_bytes text, uint8_t ret_address[static KM_CIDR_ADDRESS_BYTES])
{
	char words[INET6_ADDRSTRLEN];
	uint8_t address[KM_CIDR_ADDRESS_BYTES];

	if (km_bytes_copy_text(text, words, sizeof(words)) < 0) {
		return KM_ERR_FORMAT;
	}
	if (inet_pton(AF_INET, words, address + sizeof(mapped)) == 1) {
		memcpy(address, mapped, sizeof(mapped));
	} else if (inet_pton(AF_INET6, words, address) != 1) {
		return KM_ERR_FORMAT;
	}
	memcpy(ret_address, address, sizeof(address));
	return 0;
}

/* Whether the bits from `first` on are all zero. */
static bool is_zero_from(const uint8_t *address, unsigned first)
{
	for (unsigned bit = first; bit < 8 * KM_CIDR_ADDRESS_BYTES; bit++) {
		if ((address[bit / 8] & (0x80U >> bit % 8)) != 0) {
			return false;
		}
	}
	return true;
}

int km_cidr_parse(struct km_bytes text, struct km_cidr *ret_cidr, const char **ret_fault)
{
	const char *fault = NULL;
	struct km_bytes prefix = text;
	struct km_bytes host = km_bytes_split(&prefix, '/');
	struct km_cidr cidr = { .bits = 128 };
	/* Written with colons, an address mapped into IPv6 has a prefix of 128 bits too. */
	bool has_colon = km_bytes_find(host, ':') < host.size;
	uint32_t bits = has_colon ? 128 : 32;

	if (km_cidr_parse_address(host, cidr.address) < 0) {
		fault = "not an address; 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32 is right";
	} else if (host.size < text.size && km_bytes_parse_u32(prefix, bits, &bits) < 0) {
		fault = has_colon ? "behind the slash 0 to 128 is right"
				  : "behind the slash 0 to 32 is right";
	} else {
		cidr.bits = (uint8_t)(has_colon ? bits : bits + MAPPED_BITS);
		if (!is_zero_from(cidr.address, cidr.bits)) {
			fault =
			    "bits are set behind the prefix; 192.0.2.0/24 is right, 192.0.2.7/24 "
			    "is not";
		}
	}
	if (fault != NULL) {
		if (ret_fault != NULL) {
			*ret_fault = fault;
		}
		return KM_ERR_FORMAT;
	}
	*ret_cidr = cidr;
	return 0;
}

static bool is_separator(uint8_t byte)
{
	return byte == ',' || byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

/* The next word of a list; empty at its end. */
static struct km_bytes take_word(struct km_bytes *rest)
{
	struct km_bytes word = *rest;
	size_t size = 0;

	while (word.size > 0 && is_separator(word.data[0])) {
		word = km_bytes_after(word, 1);
	}
	while (size < word.size && !is_separator(word.data[size])) {
		size++;
	}
	*rest = km_bytes_after(word, size);
	return km_bytes_slice(word, 0, size);
}

static void complain(struct km_buf *error, struct km_bytes word, const char *fault)
{
	if (error != NULL) {
		km_buf_add_format(error, "\"%.*s\": %s", (int)(word.size < 60 ? word.size : 60),
		    (const char *)word.data, fault);
	}
}

int km_cidr_parse_list(struct km_bytes text, struct km_cidr_list *ret_list, struct km_buf *error)
{
	struct km_cidr_list list = { .count = 0 };
	struct km_bytes word;

	for (word = take_word(&text); word.size > 0; word = take_word(&text)) {
		const char *fault = NULL;

		if (km_bytes_is_equal_nocase(word, KM_BYTES("any"))) {
			list.is_any = true;
			continue;
		}
		if (list.count == KM_CIDR_LIST_MAX) {
			complain(error, word, "too many; at most 64 blocks are right");
			return KM_ERR_LIMIT;
		}
		if (km_cidr_parse(word, &list.blocks[list.count], &fault) < 0) {
			complain(error, word, fault);
			return KM_ERR_FORMAT;
		}
		list.count++;
	}
	*ret_list = list;
	return 0;
}

void km_cidr_write(const struct km_cidr *cidr, char ret_text[static KM_CIDR_TEXT_SIZE])
{
	bool as_v4 = cidr->bits >= MAPPED_BITS && is_v4(cidr->address);
	unsigned whole = as_v4 ? 32 : 128;
	unsigned bits = as_v4 ? cidr->bits - MAPPED_BITS : cidr->bits;
	const uint8_t *address = as_v4 ? cidr->address + sizeof(mapped) : cidr->address;
	struct km_buf text;

	ret_text[0] = '\0';
	(void)inet_ntop(as_v4 ? AF_INET : AF_INET6, address, ret_text, INET6_ADDRSTRLEN);
	if (bits < whole) {
		size_t used = strlen(ret_text);

		km_buf_init_fixed(&text, ret_text + used, KM_CIDR_TEXT_SIZE - used);
		km_buf_add_format(&text, "/%u", bits);
		km_buf_add_u8(&text, 0);
	}
}

bool km_cidr_has(const struct km_cidr *cidr, const uint8_t address[static KM_CIDR_ADDRESS_BYTES])
{
	size_t whole = cidr->bits / 8U;
	unsigned rest = cidr->bits % 8U;
	uint8_t mask = (uint8_t)(0xff00U >> rest);

	if (cidr->bits < MAPPED_BITS && is_v4(address)) {
		return false;
	}
	return memcmp(cidr->address, address, whole) == 0 &&
	       (rest == 0 || ((cidr->address[whole] ^ address[whole]) & mask) == 0);
}

bool km_cidr_list_has(
    const struct km_cidr_list *list, const uint8_t address[static KM_CIDR_ADDRESS_BYTES])
{
	for (size_t i = 0; i < list->count; i++) {
		if (km_cidr_has(&list->blocks[i], address)) {
			return true;
		}
	}
	return list->is_any;
}

bool km_cidr_is_loopback(const uint8_t address[static KM_CIDR_ADDRESS_BYTES])
{
	static const uint8_t one[KM_CIDR_ADDRESS_BYTES] = { [15] = 1 };

	return (is_v4(address) && address[12] == 127) || memcmp(address, one, sizeof(one)) == 0;
}

void km_cidr_subscriber(const uint8_t address[static KM_CIDR_ADDRESS_BYTES],
    uint8_t ret_network[static KM_CIDR_ADDRESS_BYTES])
{
	memcpy(ret_network, address, KM_CIDR_ADDRESS_BYTES);
	if (!is_v4(address)) {
		memset(ret_network + 8, 0, 8);
	}
}
