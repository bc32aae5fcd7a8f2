#include "auditor/neighbour.h"

#include "auditor/oui.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define TABLE_BYTES   (256U << 10)
#define FLAG_COMPLETE 0x02 /* ATF_COM */

static struct km_bytes next_word(struct km_bytes *rest)
{
	while (rest->size > 0 && (rest->data[0] == ' ' || rest->data[0] == '\t')) {
		*rest = km_bytes_after(*rest, 1);
	}
	return km_bytes_split(rest, ' ');
}

int km_neighbour_parse(
    struct km_bytes text, const struct km_address *address, uint8_t ret_mac[static 6])
{
	static const uint8_t none[6] = { 0 };
	uint8_t mac[6] = { 0 };

	while (text.size > 0) {
		struct km_bytes line = km_bytes_line(&text);
		struct km_address seen = { 0 };
		uint64_t flags = 0;
		struct km_bytes word = next_word(&line);

		if (km_address_parse(word, 0, &seen) < 0 ||
		    !km_address_is_same_host(&seen, address)) {
			continue;
		}
		(void)next_word(&line);
		word = km_bytes_after(next_word(&line), 2); /* behind 0x */
		if (km_bytes_parse_hex(word, UINT32_MAX, &flags) < 0 ||
		    (flags & FLAG_COMPLETE) == 0 || km_oui_parse_mac(next_word(&line), mac) < 0 ||
		    km_bytes_is_equal(KM_BYTES_OF(mac), KM_BYTES_OF(none))) {
			continue;
		}
		for (size_t i = 0; i < sizeof(mac); i++) {
			ret_mac[i] = mac[i];
		}
		return 0;
	}
	return KM_ERR_NOT_FOUND;
}

int km_neighbour_find(
    const char *table, const struct km_address *address, uint8_t ret_mac[static 6])
{
	int fd = open(table, O_RDONLY | O_CLOEXEC);
	char *text = malloc(TABLE_BYTES);
	size_t size = 0;
	ssize_t count = 1;
	int err = fd < 0 || text == NULL ? KM_ERR_SYS : 0;

	while (err == 0 && count > 0 && size < TABLE_BYTES) {
		count = read(fd, text + size, TABLE_BYTES - size);
		if (count < 0) {
			err = KM_ERR_SYS;
		} else {
			size += (size_t)count;
		}
	}
	if (err == 0) {
		err = km_neighbour_parse(km_bytes_from(text, size), address, ret_mac);
	}
	free(text);
	if (fd >= 0) {
		(void)close(fd);
	}
	return err;
}
