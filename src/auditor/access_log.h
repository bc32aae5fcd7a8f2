/*
 * What a camera's log tells of logins [IPA a13-1, a13-2, d11-2]. No standard says how such a log is
 * written, so this looks for words and for dates; a log that says it in other words is not judged.
 * Pure.
 */
#ifndef KM_AUDITOR_ACCESS_LOG_H
#define KM_AUDITOR_ACCESS_LOG_H

#include "base/bytes.h"

struct km_access_log {
	unsigned lines;       /* that are not empty */
	unsigned timed_lines; /* with date and time */
	bool has_login;       /* somebody was let in */
	bool has_failure;     /* somebody was not */
	bool has_secret;      /* the password stands in it, as it is, in base64 or in hexadecimal */
};

/* password may be empty: then it is not looked for; nor is one of less than 5 bytes. */
struct km_access_log km_access_log_read(struct km_bytes text, struct km_bytes password);

#endif
