/*
 * Where messages go: mail, webhook, MQTT, syslog. What opens these services is sealed.
 */
#ifndef KM_GUARD_DESTINATIONS_H
#define KM_GUARD_DESTINATIONS_H

#include "guard/database.h"
#include "guard/vault.h"

#define KM_DESTINATIONS_MAX            32
#define KM_DESTINATION_NAME_SIZE       64
#define KM_DESTINATION_URL_SIZE        512
#define KM_DESTINATION_USER_SIZE       128
#define KM_DESTINATION_PASSWORD_SIZE   256
#define KM_DESTINATION_SENDER_SIZE     256
#define KM_DESTINATION_RECIPIENTS_SIZE 1024
#define KM_DESTINATION_TOPIC_SIZE      128
#define KM_DESTINATION_CA_BYTES        16384
#define KM_DESTINATION_PIN_BYTES       32
#define KM_DESTINATION_KEY_CHARACTERS  16 /* shortest key for signing a webhook's bodies */

struct km_destination {
	struct km_uuid id;
	char name[KM_DESTINATION_NAME_SIZE]; /* km_text_is_name; unique */
	uint8_t kind;                        /* destination_kind in states.tbl */
	uint8_t minimum;                     /* severity in states.tbl: what is less is not sent */
	uint8_t language;                    /* notice_language in states.tbl */
	bool is_enabled;
	bool has_password;                               /* is one stored? Ignored by put */
	char url[KM_DESTINATION_URL_SIZE];               /* proto/service_url */
	char user[KM_DESTINATION_USER_SIZE];             /* mail, MQTT; may be empty */
	char sender[KM_DESTINATION_SENDER_SIZE];         /* mail: an address */
	char recipients[KM_DESTINATION_RECIPIENTS_SIZE]; /* mail: addresses, by comma */
	char topic[KM_DESTINATION_TOPIC_SIZE];           /* MQTT: what topics begin with */
	char discovery[KM_DESTINATION_TOPIC_SIZE];       /* MQTT: Home Assistant's; empty: none */
	uint32_t ca_size;
	uint8_t ca[KM_DESTINATION_CA_BYTES]; /* PEM; empty: the system's authorities */
	uint32_t pin_size;                   /* 0 or 32 */
	uint8_t pin[KM_DESTINATION_PIN_BYTES];
	int64_t created_us;
};

/* Fill in what the kind implies and the entry leaves empty: topics, the severity. */
void km_destinations_complete(struct km_destination *destination);

/*
 * What is wrong with an entry, in words for whoever typed it; NULL if nothing. Static. password:
 * the new one, or NULL if none is given.
 */
const char *km_destinations_judge(
    const struct km_destination *destination, const struct km_bytes *password);

/* By name. */
KM_MUST_USE int km_destinations_each(struct km_database *database,
    int (*on_destination)(void *context, const struct km_destination *destination), void *context);
KM_MUST_USE int km_destinations_find(
    struct km_database *database, const struct km_uuid *id, struct km_destination *ret_destination);
KM_MUST_USE int km_destinations_find_name(
    struct km_database *database, struct km_bytes name, struct km_destination *ret_destination);

/*
 * Store an entry: a new one if its id is nil, else a change. password: NULL keeps what is there.
 * Returns 0, KM_ERR_FORMAT (see judge), KM_ERR_EXISTS (the name), KM_ERR_NOT_FOUND, KM_ERR_LIMIT
 * (too many), ...
 */
KM_MUST_USE int km_destinations_put(struct km_database *database, struct km_vault *vault,
    const struct km_destination *destination, const struct km_bytes *password, int64_t now_us,
    struct km_uuid *ret_id);

/* Forget it, its secret, and what waits for it. 0 or KM_ERR_NOT_FOUND, ... */
KM_MUST_USE int km_destinations_drop(struct km_database *database, const struct km_uuid *id);

/* The secret in the clear, NUL-terminated; empty if there is none. Wipe it. */
KM_MUST_USE int km_destinations_password(struct km_database *database, struct km_vault *vault,
    const struct km_uuid *id, char ret_password[static KM_DESTINATION_PASSWORD_SIZE]);

#endif
