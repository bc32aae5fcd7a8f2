/*
 * Between logins and the hub. Private to guard/.
 */
#ifndef KM_GUARD_HUB_LOGIN_H
#define KM_GUARD_HUB_LOGIN_H

#include "guard/hub.h"
#include "guard/logins.h"

/* Answers web when a login or the set-up has ended; its context is the hub. */
extern const struct km_logins_events km_hub_login_events;

#endif
