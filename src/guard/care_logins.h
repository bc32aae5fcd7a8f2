/*
 * What logins mean for alarms: many failures, a new place, an unusual hour. [IPA a04-2, b03-1,
 * b23-1, g03-1]
 */
#ifndef KM_GUARD_CARE_LOGINS_H
#define KM_GUARD_CARE_LOGINS_H

#include "guard/alarms.h"

/* An entry of the journal, as care follows it. */
struct km_care_entry {
	int64_t number;
	int64_t unix_us;
	int64_t event;
	struct km_uuid camera;
	struct km_uuid account;
	char text[600];
};

/*
 * Learn from a login, and call open for what is out of the ordinary. A place is a /24 of IPv4 or a
 * /64 of IPv6; the first place of an account is not new. An hour is unusual once the account has
 * logged in 20 times, never within an hour of it (UTC).
 * Returns 0 or an error of the database or of open.
 */
KM_MUST_USE int km_care_logins_follow(struct km_database *database,
    const struct km_care_entry *entry,
    int (*open)(void *context, const struct km_alarm_cause *cause, unsigned severity,
	int64_t now_us, const char *text),
    void *context);

/* The network of an address, as text; the address itself if it is none. */
#define KM_CARE_LOGINS_PLACE_SIZE 64
void km_care_logins_place(struct km_bytes address, char ret_place[KM_CARE_LOGINS_PLACE_SIZE]);

#endif
