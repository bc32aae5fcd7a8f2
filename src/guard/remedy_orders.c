#include "guard/remedy_orders.h"

#include "base/cidr.h"
#include "guard/snapshots.h"
#include "model/states.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct making {
	struct km_database *database;
	const struct km_camera *entry;
	const struct km_message_remedy_plan *ask;
	struct km_message_remedy_begin *order;
	char *text;
};

static int KM_PRINTF(3, 4) fail(struct making *making, int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(making->text, KM_REMEDY_ORDERS_TEXT_SIZE, format, args);
	va_end(args);
	return err;
}

/* --- what is known of the camera --- */

struct search {
	char value[KM_FACT_VALUE_SIZE];
	bool is_found;
};

/* What the camera says; ret_search.is_found if it says anything. */
static int find_fact(
    struct making *making, enum km_fact_kind kind, const char *subject, struct search *ret_search)
{
	int err = km_snapshots_value(making->database, &making->entry->id, kind, subject,
	    ret_search->value, sizeof(ret_search->value));

	ret_search->is_found = err == 0;
	return err == KM_ERR_NOT_FOUND ? 0 : err;
}

/* --- one by one --- */

static int make_password(struct making *making)
{
	const struct km_message_remedy_plan *ask = making->ask;
	struct km_message_remedy_begin *order = making->order;
	struct search level;
	int err = 0;

	memcpy(order->account, ask->account[0] != '\0' ? ask->account : making->entry->user,
	    sizeof(order->account));
	if (order->account[0] == '\0') {
		return fail(making, KM_ERR_FORMAT,
		    "account: the camera's entry has no user; say whose password it is");
	}
	order->allows_clear = ask->allows_clear;
	/* With the password of another account one logs in as that account. */
	if (ask->current[0] != '\0') {
		memcpy(order->user, order->account, sizeof(order->user));
		memcpy(order->password, ask->current, sizeof(order->password));
		order->is_guess = true;
	} else if (strcmp(order->account, making->entry->user) != 0) {
		return fail(making, KM_ERR_FORMAT,
		    "current: the password that %.64s has now is needed, to verify that it is "
		    "refused afterwards",
		    order->account);
	}
	err = find_fact(making, KM_FACT_ACCOUNT, order->account, &level);
	if (err == 0 && !level.is_found && strcmp(order->account, making->entry->user) == 0) {
		err = find_fact(making, KM_FACT_OWN_LEVEL, "", &level);
	}
	if (err == 0 && !level.is_found && ask->current[0] == '\0') {
		return fail(making, KM_ERR_STATE,
		    "the level of the account %.64s is not known, and ONVIF wants it again: audit "
		    "the camera first",
		    order->account);
	}
	if (err == 0) {
		/* One whose password a person brings after a reset is the administrator's. */
		(void)snprintf(order->level, sizeof(order->level), "%.15s",
		    level.is_found ? level.value : "administrator");
	}
	return err;
}

static int add_service(struct making *making, const char *name, const char *upper)
{
	struct search set;
	size_t size = strlen(making->order->services);
	int err = find_fact(making, KM_FACT_SERVICE_SET, name, &set);

	if (err == 0 && !set.is_found) {
		return fail(making, KM_ERR_STATE,
		    "services: the camera did not say whether %s is on: audit it first", name);
	}
	if (err == 0 && set.value[0] == '\0') {
		return fail(making, KM_ERR_STATE, "services: %s is off already", name);
	}
	if (err == 0) {
		(void)snprintf(making->order->services + size,
		    sizeof(making->order->services) - size, "%s=%.64s\n", upper, set.value);
	}
	return err;
}

/* What the recorder itself needs stays on. */
static int make_services(struct making *making)
{
	struct km_bytes names = km_bytes_text(making->ask->services);
	struct search https;
	int err = find_fact(making, KM_FACT_SERVICE_SET, "https", &https);

	if (names.size == 0) {
		return fail(making, KM_ERR_FORMAT,
		    "services: one or more of http, https and discovery, with commas");
	}
	while (err == 0 && names.size > 0) {
		struct km_bytes name = km_bytes_trim(km_bytes_split(&names, ','));
		size_t size = strlen(making->order->services);

		if (km_bytes_is_equal(name, KM_BYTES("discovery"))) {
			(void)snprintf(making->order->services + size,
			    sizeof(making->order->services) - size, "DISCOVERY\n");
		} else if (km_bytes_is_equal(name, KM_BYTES("rtsp"))) {
			err = fail(making, KM_ERR_DENIED,
			    "services: the recorder takes its pictures over rtsp");
		} else if (km_bytes_is_equal(name, KM_BYTES("http"))) {
			err = !https.is_found || https.value[0] == '\0'
				  ? fail(making, KM_ERR_DENIED,
					"services: without https the recorder reaches the camera "
					"over http only; switch https on first")
				  : add_service(making, "http", "HTTP");
		} else if (km_bytes_is_equal(name, KM_BYTES("https"))) {
			err = add_service(making, "https", "HTTPS");
		} else {
			err = fail(making, KM_ERR_FORMAT,
			    "services: of http, https and discovery, with commas, is right");
		}
	}
	if (err == 0 && strstr(making->order->services, "HTTP=") != NULL &&
	    strstr(making->order->services, "HTTPS=") != NULL) {
		err = fail(making, KM_ERR_DENIED,
		    "services: without http and https nobody reaches the camera any more");
	}
	return err;
}

static int make_servers(struct making *making)
{
	struct km_bytes names = km_bytes_text(making->ask->servers);
	size_t count = 0;

	while (names.size > 0) {
		struct km_bytes name = km_bytes_trim(km_bytes_split(&names, ','));

		if (name.size == 0 || name.size > 127 || ++count > 4) {
			return fail(making, KM_ERR_FORMAT,
			    "servers: at most 4 names or addresses, with commas");
		}
		for (size_t i = 0; i < name.size; i++) {
			if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "0123456789.-:",
				name.data[i]) == NULL) {
				return fail(making, KM_ERR_FORMAT,
				    "servers: host names or addresses are right");
			}
		}
	}
	memcpy(making->order->servers, making->ask->servers, sizeof(making->order->servers));
	return 0;
}

static int make_addresses(struct making *making)
{
	struct km_cidr_list list;
	char words[120] = "";
	struct km_buf fault;

	making->order->is_off = making->ask->is_off;
	if (making->ask->is_off || making->ask->addresses[0] == '\0') {
		return 0;
	}
	km_buf_init_fixed(&fault, words, sizeof(words) - 1);
	if (km_cidr_parse_list(km_bytes_text(making->ask->addresses), &list, &fault) < 0 ||
	    list.is_any) {
		return fail(making, KM_ERR_FORMAT, "addresses: %s",
		    words[0] != 0 ? words : "single addresses or blocks, with commas, are right");
	}
	memcpy(making->order->addresses, making->ask->addresses, sizeof(making->order->addresses));
	return 0;
}

static int make_file(struct making *making)
{
	const char *name = making->ask->file;

	if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL) {
		return fail(making, KM_ERR_FORMAT,
		    "file: the name of a file in the folder `firmware` of the recorder's state");
	}
	memcpy(making->order->file, name, sizeof(making->order->file));
	return 0;
}

int km_remedy_orders_make(struct km_database *database, const struct km_camera *entry,
    const struct km_message_remedy_plan *ask, struct km_message_remedy_begin *ret_order,
    char ret_text[static KM_REMEDY_ORDERS_TEXT_SIZE])
{
	struct km_message_remedy_begin order = { .camera = entry->id };
	struct making making = { database, entry, ask, &order, ret_text };
	enum km_remedy kind = KM_REMEDY_PASSWORD;
	int err = km_remedies_find(km_bytes_text(ask->remedy), &kind);

	if (err < 0) {
		return fail(&making, KM_ERR_FORMAT,
		    "remedy: password, services, ntp, filter, reboot, reset or firmware is right");
	}
	order.kind = (uint8_t)kind;
	memcpy(order.user, entry->user, sizeof(order.user));
	memcpy(order.rtsp_url, entry->url, sizeof(order.rtsp_url));
	memcpy(order.onvif_url, entry->onvif_url, sizeof(order.onvif_url));
	order.pin_size = entry->has_pin ? sizeof(entry->pin) : 0;
	memcpy(order.pin, entry->pin, sizeof(order.pin));
	switch (kind) {
	case KM_REMEDY_PASSWORD:
		err = make_password(&making);
		break;
	case KM_REMEDY_SERVICES:
		err = make_services(&making);
		break;
	case KM_REMEDY_NTP:
		err = make_servers(&making);
		break;
	case KM_REMEDY_FILTER:
		err = make_addresses(&making);
		break;
	case KM_REMEDY_REBOOT:
		break;
	case KM_REMEDY_RESET:
		order.is_hard = ask->is_hard;
		break;
	case KM_REMEDY_FIRMWARE:
		err = make_file(&making);
		break;
	}
	if (err == 0) {
		*ret_order = order;
	}
	explicit_bzero(&order, sizeof(order));
	return err;
}

bool km_remedy_orders_is_of(
    const struct km_message_remedy_begin *order, const struct km_camera *entry)
{
	size_t pin_size = entry->has_pin ? sizeof(entry->pin) : 0;

	return strcmp(order->rtsp_url, entry->url) == 0 &&
	       strcmp(order->onvif_url, entry->onvif_url) == 0 && order->pin_size == pin_size &&
	       memcmp(order->pin, entry->pin, pin_size) == 0 &&
	       (order->password[0] != '\0' || strcmp(order->user, entry->user) == 0);
}
