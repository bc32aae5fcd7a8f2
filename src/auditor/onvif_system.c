/* The device itself: who it is, its accounts, its log, what it is able to. [ONVIF
 * Core 8.1, 8.3, 8.4] */
#include "auditor/access_log.h"
#include "auditor/onvif_reading.h"
#include "auditor/ws_discovery.h"

#include "base/text.h"

#include <string.h>

#define SCOPES_MAX   40
#define ACCOUNTS_MAX 64
#define LOG_MAX      ((size_t)256 * 1024)

/* --- who it is --- */

static void remember(const struct km_soap_node *body, const char *path, char *ret_text, size_t size)
{
	char text[64];

	if (ret_text[0] == '\0' && km_soap_reply_text(body, path, text, sizeof(text)) == 0) {
		(void)km_bytes_copy_text(km_bytes_text(text), ret_text, size);
	}
}

static void take_information(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	struct km_job *job = reading->job;

	km_onvif_reading_text(reading, KM_FACT_MAKER, body, "Manufacturer");
	km_onvif_reading_text(reading, KM_FACT_MODEL, body, "Model");
	km_onvif_reading_text(reading, KM_FACT_FIRMWARE, body, "FirmwareVersion");
	km_onvif_reading_text(reading, KM_FACT_SERIAL, body, "SerialNumber");
	km_onvif_reading_text(reading, KM_FACT_HARDWARE, body, "HardwareId");
	remember(body, "Manufacturer", job->maker, sizeof(job->maker));
	remember(body, "Model", job->model, sizeof(job->model));
}

static void take_scopes(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	const struct km_soap_node *scope = km_soap_reply_child(body, "Scopes");

	for (unsigned i = 1; scope != NULL && i <= SCOPES_MAX; i++) {
		char text[KM_FACT_VALUE_SIZE];
		char number[16];

		(void)snprintf(number, sizeof(number), "%u", i);
		if (km_soap_reply_text(scope, "ScopeItem", text, sizeof(text)) == 0) {
			km_ws_discovery_decode(text);
			km_onvif_reading_give(reading, KM_FACT_SCOPE, number, text, "");
		}
		scope = km_soap_reply_next(scope, "Scopes");
	}
}

static void take_host_name(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	km_onvif_reading_text(reading, KM_FACT_HOST_NAME, body, "HostnameInformation/Name");
}

/* --- accounts --- */

static void take_users(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	const struct km_soap_node *user = km_soap_reply_child(body, "User");
	const char *own = reading->job->user;
	bool is_seen = false;

	for (unsigned i = 0; user != NULL && i < ACCOUNTS_MAX; i++) {
		char name[KM_FACT_SUBJECT_SIZE];
		char level[32];

		if (km_soap_reply_text(user, "Username", name, sizeof(name)) == 0 &&
		    km_soap_reply_text(user, "UserLevel", level, sizeof(level)) == 0) {
			km_onvif_reading_lower(level);
			km_onvif_reading_give(reading, KM_FACT_ACCOUNT, name, level, "");
			if (own[0] != '\0' && strcmp(name, own) == 0) {
				is_seen = true;
				km_onvif_reading_give(reading, KM_FACT_OWN_LEVEL, "", level, "");
				(void)km_bytes_copy_text(km_bytes_text(level), reading->own_level,
				    sizeof(reading->own_level));
			}
		}
		user = km_soap_reply_next(user, "User");
	}
	if (!is_seen) {
		km_onvif_reading_unknown(reading, KM_FACT_OWN_LEVEL, "",
		    own[0] == '\0' ? "its entry holds no account"
				   : "its list of accounts does not hold the recorder's");
	}
}

static void take_complexity(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	uint32_t length = 0;

	if (km_soap_reply_number(body, "MinLen", 1000, &length) == 0) {
		km_onvif_reading_number(reading, KM_FACT_PASSWORD_MIN, "", length, "");
	} else {
		km_onvif_reading_unknown(reading, KM_FACT_PASSWORD_MIN, "", "it does not say");
	}
}

/* --- what it is able to --- */

/* A flag of GetServiceCapabilities: an attribute of its group. */
static bool has_flag(const struct km_soap_node *body, const char *group, const char *name)
{
	char path[64];
	bool is_set = false;

	(void)snprintf(path, sizeof(path), "Capabilities/%s", group);
	return km_soap_reply_attribute_yes_no(km_soap_reply_find(body, path), name, &is_set) == 0 &&
	       is_set;
}

static void give_abilities(struct km_onvif_reading *reading, bool is_updatable)
{
	reading->abilities.are_known = true;
	km_onvif_reading_yes_no(
	    reading, KM_FACT_FILTER_ABLE, "", reading->abilities.has_filter, "");
	km_onvif_reading_yes_no(reading, KM_FACT_UPDATE_OVER_HTTP, "", is_updatable, "");
	if (!reading->abilities.has_log) {
		km_onvif_reading_yes_no(reading, KM_FACT_LOG_ABLE, "", false,
		    "its capabilities say that it gives no system log");
	}
}

static void take_service_abilities(
    struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	const struct km_soap_node *security = km_soap_reply_find(body, "Capabilities/Security");
	char most[16];
	uint32_t count = 0;

	reading->abilities.has_filter = has_flag(body, "Network", "IPFilter");
	reading->abilities.has_log = has_flag(body, "System", "SystemLogging") ||
				     has_flag(body, "System", "HttpSystemLogging");
	give_abilities(reading, has_flag(body, "System", "HttpFirmwareUpgrade"));
	if (km_soap_reply_attribute(security, "MaxUsers", most, sizeof(most)) == 0 &&
	    km_bytes_parse_u32(km_bytes_text(most), 100000, &count) == 0) {
		km_onvif_reading_number(reading, KM_FACT_ACCOUNTS_MAX, "", count, "");
	} else {
		km_onvif_reading_unknown(reading, KM_FACT_ACCOUNTS_MAX, "", "it does not say");
	}
}

static bool has_element(const struct km_soap_node *body, const char *path)
{
	bool is_set = false;

	return km_soap_reply_yes_no(body, path, &is_set) == 0 && is_set;
}

/* The same from an older device [ONVIF Core 8.1.2.2]. */
static void take_old_abilities(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	const struct km_soap_node *device = km_soap_reply_find(body, "Capabilities/Device");

	reading->abilities.has_filter = has_element(device, "Network/IPFilter");
	reading->abilities.has_log = has_element(device, "System/SystemLogging") ||
				     has_element(device, "System/Extension/HttpSystemLogging");
	give_abilities(reading, has_element(device, "System/Extension/HttpFirmwareUpgrade"));
	km_onvif_reading_unknown(reading, KM_FACT_ACCOUNTS_MAX, "", "it does not say");
}

static int read_abilities(struct km_onvif_reading *reading)
{
	static const struct km_onvif_read old = { KM_ONVIF_DEVICE, "GetCapabilities",
		"<Category>Device</Category>", take_old_abilities,
		{ KM_FACT_FILTER_ABLE, KM_FACT_UPDATE_OVER_HTTP, KM_FACT_ACCOUNTS_MAX } };
	int err = KM_ERR_STATE;

	if (reading->why_nothing == NULL) {
		err = km_onvif_reading_ask(
		    reading, KM_ONVIF_DEVICE, "GetServiceCapabilities", KM_BYTES(""), true);
	}
	if (err == KM_ERR_CLOSED || err == KM_ERR_MEMORY) {
		return err;
	}
	if (err == 0) {
		take_service_abilities(reading, reading->answer.body);
		return 0;
	}
	return km_onvif_reading_run(reading, &old, 1);
}

/* --- its log --- */

static void judge_log(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	char *text = malloc(LOG_MAX);
	struct km_access_log log = { 0 };
	char detail[128];

	if (text == NULL || km_soap_reply_text(body, "SystemLog/String", text, LOG_MAX) < 0 ||
	    text[0] == '\0') {
		static const char why[] = "the log is empty, or comes as an attachment";

		km_onvif_reading_yes_no(reading, KM_FACT_LOG_ABLE, "", true, "");
		km_onvif_reading_unknown(reading, KM_FACT_LOG_LOGINS, "", why);
		km_onvif_reading_unknown(reading, KM_FACT_LOG_TIMES, "", why);
		km_onvif_reading_unknown(reading, KM_FACT_SECRET_IN_LOG, "", why);
		free(text);
		return;
	}
	log = km_access_log_read(km_bytes_text(text), km_bytes_text(reading->job->password));
	explicit_bzero(text, LOG_MAX);
	free(text);
	if (log.has_secret) {
		reading->proof = KM_BYTES("");
	}
	(void)snprintf(detail, sizeof(detail), "%u lines, %u of them with date and time", log.lines,
	    log.timed_lines);
	km_onvif_reading_yes_no(reading, KM_FACT_LOG_ABLE, "", true, detail);
	km_onvif_reading_yes_no(
	    reading, KM_FACT_LOG_TIMES, "", log.lines > 0 && log.timed_lines == log.lines, detail);
	km_onvif_reading_yes_no(reading, KM_FACT_SECRET_IN_LOG, "", log.has_secret,
	    "looked for: the password of the recorder's account");
	if (log.has_login && log.has_failure) {
		km_onvif_reading_yes_no(reading, KM_FACT_LOG_LOGINS, "", true, detail);
	} else {
		km_onvif_reading_unknown(reading, KM_FACT_LOG_LOGINS, "",
		    log.has_login     ? "good logins are in it, but no failed one is recognised"
		    : log.has_failure ? "failed logins are in it, but no good one is recognised"
				      : "no line of it is recognised as a login");
	}
}

static int read_log(struct km_onvif_reading *reading)
{
	static const struct km_onvif_read rows[] = {
		{ KM_ONVIF_DEVICE, "GetSystemLog", "<LogType>Access</LogType>", judge_log,
		    { KM_FACT_LOG_LOGINS, KM_FACT_LOG_TIMES, KM_FACT_SECRET_IN_LOG } },
	};
	int err = km_onvif_reading_run(reading, rows, KM_COUNT(rows));

	/* Its capabilities said already that it has none, or it was never asked. */
	if (err == 0 && reading->answer.body == NULL &&
	    (!reading->abilities.are_known || reading->abilities.has_log)) {
		km_onvif_reading_unknown(reading, KM_FACT_LOG_ABLE, "",
		    reading->why_nothing != NULL ? reading->why_nothing : reading->answer.why);
	}
	return err;
}

/* Nobody restarts a camera to find out. */
static void judge_restart(struct km_onvif_reading *reading)
{
	bool is_administrator = strcmp(reading->own_level, "administrator") == 0;

	if (is_administrator) {
		km_onvif_reading_yes_no(reading, KM_FACT_REBOOT_ABLE, "", true,
		    "every ONVIF device knows SystemReboot, and the recorder's account may use it; "
		    "not tried");
	} else {
		km_onvif_reading_unknown(reading, KM_FACT_REBOOT_ABLE, "",
		    "the recorder's account is not known to be an administrator's; not tried");
	}
}

int km_onvif_system_read(struct km_onvif_reading *reading)
{
	static const struct km_onvif_read rows[] = {
		{ KM_ONVIF_DEVICE, "GetDeviceInformation", NULL, take_information,
		    { KM_FACT_MAKER, KM_FACT_MODEL, KM_FACT_FIRMWARE, KM_FACT_SERIAL,
			KM_FACT_HARDWARE } },
		{ KM_ONVIF_DEVICE, "GetScopes", NULL, take_scopes, { KM_FACT_SCOPE } },
		{ KM_ONVIF_DEVICE, "GetHostname", NULL, take_host_name, { KM_FACT_HOST_NAME } },
		{ KM_ONVIF_DEVICE, "GetUsers", NULL, take_users,
		    { KM_FACT_ACCOUNT, KM_FACT_OWN_LEVEL } },
		{ KM_ONVIF_DEVICE, "GetPasswordComplexityConfiguration", NULL, take_complexity,
		    { KM_FACT_PASSWORD_MIN } },
	};
	int err = km_onvif_reading_run(reading, rows, KM_COUNT(rows));

	if (err == 0) {
		err = read_abilities(reading);
	}
	if (err == 0) {
		err = read_log(reading);
	}
	if (err == 0) {
		km_onvif_client_finish(&reading->answer);
		reading->proof = KM_BYTES("");
		judge_restart(reading);
	}
	return err;
}
