/*
 * What may be changed at a camera over ONVIF, one request each: passwords, services, clock, address
 * filter, restart, factory settings, firmware [ONVIF Core 8].
 *
 * Nothing here is part of an audit. Each change is sent because a person asked for it and saw
 * beforehand what will be sent: km_onvif_change_preview shows the very text that
 * km_onvif_change_apply sends, its secrets replaced. One that got no answer may have been taken or
 * not: the caller reads the camera again. None is sent twice by itself.
 */
#ifndef KM_AUDITOR_ONVIF_CHANGE_H
#define KM_AUDITOR_ONVIF_CHANGE_H

#include "auditor/job.h"
#include "base/buf.h"

#define KM_ONVIF_CHANGE_SERVICES_MAX  4
#define KM_ONVIF_CHANGE_PORTS_MAX     4
#define KM_ONVIF_CHANGE_SERVERS_MAX   4
#define KM_ONVIF_CHANGE_ADDRESSES_MAX 16
#define KM_ONVIF_CHANGE_SCOPES_MAX    16
#define KM_ONVIF_CHANGE_NAME_SIZE     128
#define KM_ONVIF_CHANGE_TEXT_MAX      16384 /* bytes of a request */
#define KM_ONVIF_CHANGE_FIRMWARE_MAX  (UINT64_C(1) << 30)

enum km_onvif_change_kind {
	KM_ONVIF_CHANGE_PASSWORD = 1,    /* SetUser [ONVIF Core 8.4.6] */
	KM_ONVIF_CHANGE_SERVICES,        /* SetNetworkProtocols */
	KM_ONVIF_CHANGE_NTP,             /* SetNTP, the clock of the camera from there */
	KM_ONVIF_CHANGE_FILTER,          /* SetIPAddressFilter */
	KM_ONVIF_CHANGE_HOST_NAME,       /* SetHostname */
	KM_ONVIF_CHANGE_SCOPES,          /* SetScopes: the changeable ones */
	KM_ONVIF_CHANGE_DISCOVERY,       /* SetDiscoveryMode */
	KM_ONVIF_CHANGE_RESTART,         /* SystemReboot */
	KM_ONVIF_CHANGE_FACTORY_DEFAULT, /* SetSystemFactoryDefault: logins and addresses go, too */
	KM_ONVIF_CHANGE_FIRMWARE,        /* StartFirmwareUpgrade, then the file by HTTP POST */
};

struct km_onvif_change_service {
	char name[16]; /* HTTP, HTTPS or RTSP */
	bool is_enabled;
	size_t port_count; /* 0: as they are is not possible in ONVIF, so at least one */
	uint16_t ports[KM_ONVIF_CHANGE_PORTS_MAX];
};

struct km_onvif_change_address {
	struct km_address address; /* its port does not matter */
	uint8_t prefix;            /* bits; 32 or 128 for one host */
};

/* All of it is the caller's; strings are UTF-8. Only the members of its kind matter. */
struct km_onvif_change {
	enum km_onvif_change_kind kind;
	/* PASSWORD */
	char account[KM_JOB_USER_SIZE];
	char level[16]; /* administrator, operator, user: ONVIF demands it again. As the fact
			   ACCOUNT says */
	char password[KM_JOB_PASSWORD_SIZE];
	/* The new password may cross the network readable, as no TLS is there that was verified or
	 * pinned: a person has to say so. */
	bool allows_clear;
	/* SERVICES */
	size_t service_count;
	struct km_onvif_change_service services[KM_ONVIF_CHANGE_SERVICES_MAX];
	/* NTP: servers by name or digits; none: from DHCP */
	size_t server_count;
	char servers[KM_ONVIF_CHANGE_SERVERS_MAX][KM_ONVIF_CHANGE_NAME_SIZE];
	/* FILTER: who alone may connect; one of them must hold `keep`, the recorder's own address
	 * as the camera sees it, or it is refused: nobody shall lock the recorder out. No
	 * addresses: the filter is switched off. */
	size_t address_count;
	struct km_onvif_change_address addresses[KM_ONVIF_CHANGE_ADDRESSES_MAX];
	struct km_address keep;
	/* HOST_NAME */
	char host_name[KM_ONVIF_CHANGE_NAME_SIZE];
	/* SCOPES: URIs */
	size_t scope_count;
	char scopes[KM_ONVIF_CHANGE_SCOPES_MAX][KM_ONVIF_CHANGE_NAME_SIZE];
	/* DISCOVERY */
	bool is_discoverable;
	/* FACTORY_DEFAULT: hard forgets the network's settings, too; only somebody at the camera
	 * may be able to reach it afterwards */
	bool is_hard;
	/* FIRMWARE: readable from its start; stays the caller's */
	int firmware_fd;
	uint64_t firmware_size;
};

/* What the camera said. */
struct km_onvif_outcome {
	char text[256];       /* for people: what was said or what failed; no secret */
	bool was_sent;        /* of a change: it left, at least in part */
	bool is_refused;      /* and the camera refused it in its own words: it took nothing */
	int64_t down_time_us; /* how long it will be gone, as it says; 0: it does not */
	bool has_proof;       /* a reply came */
	uint8_t proof[32];    /* SHA-256 of it */
};

/* "SetUser": the operation that is sent first. Static; "unknown" for no kind of ours. */
const char *km_onvif_change_operation(enum km_onvif_change_kind kind);

/*
 * Append what will be sent, without the envelope of the login: passwords as "***". Pure.
 * KM_ERR_FORMAT (a member makes no sense), KM_ERR_LIMIT, KM_ERR_DENIED (a filter without `keep`).
 */
KM_MUST_USE int km_onvif_change_preview(const struct km_onvif_change *change, struct km_buf *buf);

/*
 * Send it with the job's account, once, and wait for the answer; blocks. guess: NULL if the job's
 * login is the recorder's own. Otherwise a person brought it, and it may be wrong: guess is what
 * the ledger (km_job_events.on_try) is asked for before it is shown at all, and it costs at most
 * one failed login.
 *
 * 0: the camera took it.
 * Otherwise ret_outcome->text says why: KM_ERR_FORMAT and KM_ERR_DENIED as above, or the password
 * would be readable, or the ledger said no (KM_ERR_DENIED); KM_ERR_AUTH (the login, or its level),
 * KM_ERR_UNSUPPORTED (it does not know the operation), KM_ERR_STATE (it refused), KM_ERR_TIMEOUT
 * (perhaps taken), KM_ERR_NOT_FOUND (no ONVIF service there), KM_ERR_CLOSED (cancelled),
 * KM_ERR_SYS, KM_ERR_MEMORY. ret_outcome is always filled.
 */
KM_MUST_USE int km_onvif_change_apply(struct km_job *job, const struct km_onvif_change *change,
    const char *guess, struct km_onvif_outcome *ret_outcome);

struct km_onvif_change_login {
	const char *user;
	const char *password;
	/* What the ledger (km_job_events.on_try) is asked for, right before the login goes out: a
	 * camera that does not answer costs no try. */
	const char *ledger;
	/* It goes out even if the ledger says no, and is written there if it says yes: the camera
	 * has just taken this password, so that it is the recorder's own. */
	bool is_own;
};

/*
 * Whether the camera lets this pair in, by one login over ONVIF, which costs at most one failed
 * one: 0, KM_ERR_AUTH (refused), or why it cannot be known, as above; KM_ERR_STATE: it lets in
 * everybody; KM_ERR_DENIED: the ledger said no, or as above.
 */
KM_MUST_USE int km_onvif_change_try_login(struct km_job *job,
    const struct km_onvif_change_login *login, struct km_onvif_outcome *ret_outcome);

#endif
