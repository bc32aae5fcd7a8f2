#include "io/address.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

static int parse_v6(const char *text, struct km_address *ret_address)
{
	char host[INET6_ADDRSTRLEN];
	const char *scope = strchr(text, '%');
	size_t size = scope == NULL ? strlen(text) : (size_t)(scope - text);
	struct km_address address = { .size = sizeof(address.u.v6) };

	if (size >= sizeof(host)) {
		return KM_ERR_FORMAT;
	}
	memcpy(host, text, size);
	host[size] = '\0';
	address.u.v6.sin6_family = AF_INET6;
	if (inet_pton(AF_INET6, host, &address.u.v6.sin6_addr) != 1) {
		return KM_ERR_FORMAT;
	}
	if (scope != NULL) {
		uint32_t number = 0;

		if (km_bytes_parse_u32(km_bytes_text(scope + 1), UINT32_MAX, &number) < 0) {
			number = if_nametoindex(scope + 1);
		}
		if (number == 0) {
			return KM_ERR_FORMAT;
		}
		address.u.v6.sin6_scope_id = number;
	}
	*ret_address = address;
	return 0;
}

int km_address_parse(struct km_bytes view, uint16_t port, struct km_address *ret_address)
{
	char text[KM_ADDRESS_TEXT_SIZE];
	struct km_address address = { .size = sizeof(address.u.v4) };

	if (view.size >= 2 && view.data[0] == '[' && view.data[view.size - 1] == ']') {
		view = km_bytes_slice(view, 1, view.size - 2);
		if (km_bytes_find(view, ':') == view.size) {
			return KM_ERR_FORMAT;
		}
	}
	if (km_bytes_copy_text(view, text, sizeof(text)) < 0) {
		return KM_ERR_FORMAT;
	}
	address.u.v4.sin_family = AF_INET;
	if (inet_pton(AF_INET, text, &address.u.v4.sin_addr) != 1) {
		int err = parse_v6(text, &address);

		if (err < 0) {
			return err;
		}
	}
	km_address_set_port(&address, port);
	*ret_address = address;
	return 0;
}

int km_address_from(const struct sockaddr *any, socklen_t size, struct km_address *ret_address)
{
	struct km_address address = { 0 };

	if (any->sa_family == AF_INET && size >= sizeof(address.u.v4)) {
		address.size = sizeof(address.u.v4);
	} else if (any->sa_family == AF_INET6 && size >= sizeof(address.u.v6)) {
		address.size = sizeof(address.u.v6);
	} else {
		return KM_ERR_UNSUPPORTED;
	}
	memcpy(&address.u, any, address.size);
	*ret_address = address;
	return 0;
}

uint16_t km_address_port(const struct km_address *address)
{
	return ntohs(address->u.any.sa_family == AF_INET6 ? address->u.v6.sin6_port
							  : address->u.v4.sin_port);
}

void km_address_set_port(struct km_address *address, uint16_t port)
{
	if (address->u.any.sa_family == AF_INET6) {
		address->u.v6.sin6_port = htons(port);
	} else {
		address->u.v4.sin_port = htons(port);
	}
}

void km_address_write_host(
    const struct km_address *address, char ret_text[static KM_ADDRESS_TEXT_SIZE])
{
	size_t used = 0;

	ret_text[0] = '\0';
	if (address->u.any.sa_family != AF_INET6) {
		(void)inet_ntop(AF_INET, &address->u.v4.sin_addr, ret_text, KM_ADDRESS_TEXT_SIZE);
		return;
	}
	(void)inet_ntop(AF_INET6, &address->u.v6.sin6_addr, ret_text, KM_ADDRESS_TEXT_SIZE);
	if (address->u.v6.sin6_scope_id != 0) {
		used = strlen(ret_text);
		(void)snprintf(ret_text + used, KM_ADDRESS_TEXT_SIZE - used, "%%%u",
		    address->u.v6.sin6_scope_id);
	}
}

void km_address_write(const struct km_address *address, char ret_text[static KM_ADDRESS_TEXT_SIZE])
{
	char host[KM_ADDRESS_TEXT_SIZE];
	bool is_v6 = address->u.any.sa_family == AF_INET6;

	km_address_write_host(address, host);
	/* An IPv6 text with its scope has at most 45 + 11 characters. */
	(void)snprintf(ret_text, KM_ADDRESS_TEXT_SIZE, is_v6 ? "[%.60s]:%u" : "%.60s:%u", host,
	    (unsigned)km_address_port(address));
}

/* The 16 bytes that tell a host: IPv4 as mapped into IPv6 [RFC 4291 2.5.5.2]. */
static void write_key(const struct km_address *address, uint8_t ret_key[static 16])
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (address->u.any.sa_family == AF_INET6) {
		memcpy(ret_key, &address->u.v6.sin6_addr, 16);
	} else {
		memcpy(ret_key, mapped, sizeof(mapped));
		memcpy(ret_key + sizeof(mapped), &address->u.v4.sin_addr, 4);
	}
}

bool km_address_is_same_host(const struct km_address *a, const struct km_address *b)
{
	uint8_t key_a[16];
	uint8_t key_b[16];

	write_key(a, key_a);
	write_key(b, key_b);
	return memcmp(key_a, key_b, sizeof(key_a)) == 0;
}
