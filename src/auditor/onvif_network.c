/* How it is on the network: services, address filter, clock source, wireless, TLS. [ONVIF Core 8.2]
 */
#include "auditor/onvif_reading.h"

#include <string.h>

#define PROTOCOLS_MAX  16
#define PORTS_MAX      16
#define SERVERS_MAX    8
#define ADDRESSES_MAX  64
#define INTERFACES_MAX 8
#define IEEE_80211     71 /* of interfaces in SNMP [RFC 2863, IANAifType] */

/* --- services --- */

static void write_ports(const struct km_soap_node *protocol, char *ret_text, size_t size)
{
	const struct km_soap_node *port = km_soap_reply_child(protocol, "Port");
	size_t length = 0;

	ret_text[0] = '\0';
	for (unsigned i = 0; port != NULL && i < PORTS_MAX; i++) {
		uint32_t number = 0;

		if (km_soap_reply_number(port, "", UINT16_MAX, &number) == 0) {
			int more = snprintf(ret_text + length, size - length, "%s%u",
			    length > 0 ? "," : "", (unsigned)number);

			if (more < 0 || (size_t)more >= size - length) {
				ret_text[length] = '\0';
				return;
			}
			length += (size_t)more;
		}
		port = km_soap_reply_next(port, "Port");
	}
}

static void take_protocols(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	const struct km_soap_node *protocol = km_soap_reply_child(body, "NetworkProtocols");
	bool has_https = false;

	for (unsigned i = 0; protocol != NULL && i < PROTOCOLS_MAX; i++) {
		char name[32];
		char ports[128];
		bool is_on = false;

		(void)km_soap_reply_text(protocol, "Name", name, sizeof(name));
		km_onvif_reading_lower(name);
		if (km_soap_reply_yes_no(protocol, "Enabled", &is_on) == 0) {
			write_ports(protocol, ports, sizeof(ports));
			km_onvif_reading_give(
			    reading, KM_FACT_SERVICE_SET, name, is_on ? ports : "", "");
			has_https = has_https || (is_on && strcmp(name, "https") == 0);
		}
		protocol = km_soap_reply_next(protocol, "NetworkProtocols");
	}
	km_onvif_reading_yes_no(reading, KM_FACT_HTTPS, "", has_https, "");
}

static void take_discovery(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	char mode[32];

	if (km_soap_reply_text(body, "DiscoveryMode", mode, sizeof(mode)) < 0) {
		km_onvif_reading_unknown(reading, KM_FACT_DISCOVERABLE, "", "it does not say");
		return;
	}
	km_onvif_reading_yes_no(
	    reading, KM_FACT_DISCOVERABLE, "", strcmp(mode, "Discoverable") == 0, mode);
}

static void take_zero_configuration(
    struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	bool is_on = false;

	if (km_soap_reply_yes_no(body, "ZeroConfiguration/Enabled", &is_on) < 0) {
		km_onvif_reading_unknown(
		    reading, KM_FACT_ZERO_CONFIGURATION, "", "it does not say");
		return;
	}
	km_onvif_reading_yes_no(reading, KM_FACT_ZERO_CONFIGURATION, "", is_on, "");
}

static void take_dynamic_dns(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	char type[32];

	if (km_soap_reply_text(body, "DynamicDNSInformation/Type", type, sizeof(type)) < 0) {
		km_onvif_reading_unknown(reading, KM_FACT_DYNAMIC_DNS, "", "it does not say");
		return;
	}
	km_onvif_reading_yes_no(
	    reading, KM_FACT_DYNAMIC_DNS, "", strcmp(type, "NoUpdate") != 0, type);
}

/* --- hosts and addresses --- */

static int take_server(const struct km_soap_node *server, char *ret_text, size_t size)
{
	static const char *const paths[] = { "DNSname", "IPv4Address", "IPv6Address" };

	for (size_t i = 0; i < KM_COUNT(paths); i++) {
		if (km_soap_reply_text(server, paths[i], ret_text, size) == 0 &&
		    ret_text[0] != '\0') {
			return 0;
		}
	}
	return KM_ERR_NOT_FOUND;
}

static void take_ntp(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	const struct km_soap_node *information = km_soap_reply_child(body, "NTPInformation");
	bool is_from_dhcp = false;
	unsigned count = 0;
	const char *kind = NULL;
	const struct km_soap_node *server = NULL;

	if (km_soap_reply_yes_no(information, "FromDHCP", &is_from_dhcp) < 0) {
		is_from_dhcp = false;
	}
	kind = is_from_dhcp ? "NTPFromDHCP" : "NTPManual";
	server = km_soap_reply_child(information, kind);
	for (; server != NULL && count < SERVERS_MAX; server = km_soap_reply_next(server, kind)) {
		char number[16];
		char text[128];

		if (take_server(server, text, sizeof(text)) == 0) {
			(void)snprintf(number, sizeof(number), "%u", ++count);
			km_onvif_reading_give(reading, KM_FACT_NTP_SERVER, number, text,
			    is_from_dhcp ? "from DHCP" : "");
		}
	}
	if (count == 0) {
		km_onvif_reading_unknown(reading, KM_FACT_NTP_SERVER, "",
		    is_from_dhcp ? "it takes one from DHCP, and tells none" : "none is set");
	}
}

static unsigned give_addresses(struct km_onvif_reading *reading, const struct km_soap_node *filter,
    const char *kind, unsigned count)
{
	const struct km_soap_node *entry = km_soap_reply_child(filter, kind);

	for (; entry != NULL && count < ADDRESSES_MAX; entry = km_soap_reply_next(entry, kind)) {
		char address[64];
		char text[96];
		char number[16];
		uint32_t prefix = 0;

		if (km_soap_reply_text(entry, "Address", address, sizeof(address)) == 0 &&
		    km_soap_reply_number(entry, "PrefixLength", 128, &prefix) == 0) {
			(void)snprintf(number, sizeof(number), "%u", ++count);
			(void)snprintf(text, sizeof(text), "%s/%u", address, (unsigned)prefix);
			km_onvif_reading_give(reading, KM_FACT_FILTER_ADDRESS, number, text, "");
		}
	}
	return count;
}

static void take_filter(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	const struct km_soap_node *filter = km_soap_reply_child(body, "IPAddressFilter");
	char type[16];
	unsigned count = 0;

	if (km_soap_reply_text(filter, "Type", type, sizeof(type)) < 0) {
		km_onvif_reading_unknown(reading, KM_FACT_FILTER_KIND, "", "it does not say");
		return;
	}
	count = give_addresses(reading, filter, "IPv4Address", 0);
	count = give_addresses(reading, filter, "IPv6Address", count);
	km_onvif_reading_lower(type);
	/* An empty list limits nobody [ONVIF Core 8.2.19]. */
	km_onvif_reading_give(reading, KM_FACT_FILTER_KIND, "", count == 0 ? "off" : type, "");
}

static int read_filter(struct km_onvif_reading *reading)
{
	static const struct km_onvif_read row = { KM_ONVIF_DEVICE, "GetIPAddressFilter", NULL,
		take_filter, { KM_FACT_FILTER_KIND } };

	if (reading->abilities.are_known && !reading->abilities.has_filter) {
		km_onvif_reading_unknown(reading, KM_FACT_FILTER_KIND, "",
		    "its capabilities say that it cannot limit source addresses over ONVIF");
		return 0;
	}
	return km_onvif_reading_run(reading, &row, 1);
}

/* --- interfaces --- */

static const char *cipher_of(const struct km_soap_node *security)
{
	static const char *const known[] = { "ccmp", "tkip", "any", "extended" };
	char mode[16];
	char algorithm[16];

	if (km_soap_reply_text(security, "Mode", mode, sizeof(mode)) < 0) {
		return NULL;
	}
	km_onvif_reading_lower(mode);
	if (strcmp(mode, "none") == 0) {
		return "none";
	}
	if (strcmp(mode, "wep") == 0) {
		return "wep";
	}
	if (strcmp(mode, "extended") == 0) {
		return "extended";
	}
	(void)km_soap_reply_text(security, "Algorithm", algorithm, sizeof(algorithm));
	km_onvif_reading_lower(algorithm);
	for (size_t i = 0; i < KM_COUNT(known); i++) {
		if (strcmp(algorithm, known[i]) == 0) {
			return known[i];
		}
	}
	return "any"; /* left out: the access point chooses [ONVIF Core,
		       * tt:Dot11SecurityConfiguration]
		       */
}

/* Returns whether this interface is a wireless one in use. */
static bool take_wireless(struct km_onvif_reading *reading, const struct km_soap_node *interface)
{
	const struct km_soap_node *extension = km_soap_reply_child(interface, "Extension");
	const struct km_soap_node *settings = km_soap_reply_child(extension, "Dot11");
	char token[KM_ONVIF_READING_TOKEN_SIZE];
	char name[64];
	uint32_t type = 0;
	bool is_on = false;

	if (km_soap_reply_yes_no(interface, "Enabled", &is_on) < 0 || !is_on) {
		return false;
	}
	if (km_soap_reply_number(extension, "InterfaceType", 100000, &type) < 0) {
		type = 0;
	}
	(void)km_soap_reply_attribute(interface, "token", token, sizeof(token));
	for (; settings != NULL; settings = km_soap_reply_next(settings, "Dot11")) {
		const char *cipher = cipher_of(km_soap_reply_child(settings, "Security"));

		(void)km_soap_reply_text(settings, "Alias", name, sizeof(name));
		if (cipher != NULL) {
			km_onvif_reading_give(reading, KM_FACT_WIRELESS_CIPHER,
			    token[0] != '\0' ? token : "wireless", cipher, name);
		}
		type = IEEE_80211;
	}
	return type == IEEE_80211;
}

static void take_interfaces(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	const struct km_soap_node *interface = km_soap_reply_child(body, "NetworkInterfaces");
	bool has_address = false;
	bool is_wireless = false;

	for (unsigned i = 0; interface != NULL && i < INTERFACES_MAX; i++) {
		char address[32];

		if (!has_address && km_soap_reply_text(interface, "Info/HwAddress", address,
					sizeof(address)) == 0) {
			km_onvif_reading_lower(address);
			for (char *at = address; *at != '\0'; at++) {
				if (*at == '-') {
					*at = ':';
				}
			}
			km_onvif_reading_give(reading, KM_FACT_MAC, "", address, "");
			has_address = true;
		}
		is_wireless = take_wireless(reading, interface) || is_wireless;
		interface = km_soap_reply_next(interface, "NetworkInterfaces");
	}
	if (!has_address) {
		km_onvif_reading_unknown(reading, KM_FACT_MAC, "", "it does not say");
	}
	km_onvif_reading_yes_no(reading, KM_FACT_WIRELESS, "", is_wireless, "");
}

/* --- TLS --- */

static void take_tls_versions(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	char text[64];
	struct km_bytes rest;

	(void)km_soap_reply_text(body, "Versions", text, sizeof(text));
	rest = km_bytes_text(text);
	while (rest.size > 0) {
		struct km_bytes version = km_bytes_split(&rest, ' ');
		char subject[48];

		if (version.size > 0 && version.size < 16) {
			(void)snprintf(subject, sizeof(subject), "tcp/443 TLS %.*s",
			    (int)version.size, (const char *)version.data);
			km_onvif_reading_yes_no(
			    reading, KM_FACT_TLS_VERSION, subject, true, "it says that it is on");
		}
	}
}

static bool has_count(const struct km_soap_node *node, const char *name)
{
	char text[32];

	return km_soap_reply_attribute(node, name, text, sizeof(text)) == 0 && text[0] != '\0' &&
	       strcmp(text, "0") != 0 && strcmp(text, "false") != 0;
}

static void take_security(struct km_onvif_reading *reading, const struct km_soap_node *body)
{
	const struct km_soap_node *all = km_soap_reply_child(body, "Capabilities");
	const struct km_soap_node *keys = km_soap_reply_child(all, "KeystoreCapabilities");
	const struct km_soap_node *server = km_soap_reply_child(all, "TLSServerCapabilities");
	bool has_server = has_count(server, "TLSServerSupported");
	bool takes_one = has_count(keys, "MaximumNumberOfCertificates") ||
			 has_count(keys, "PKCS10") ||
			 has_count(keys, "PKCS10ExternalCertificationWithRSA") ||
			 has_count(keys, "PKCS12CertificateWithRSAPrivateKeyUpload");

	km_onvif_reading_yes_no(reading, KM_FACT_CERTIFICATE_ABLE, "", has_server && takes_one, "");
}

static int read_tls(struct km_onvif_reading *reading)
{
	static const struct km_onvif_read rows[] = {
		{ KM_ONVIF_SECURITY, "GetServiceCapabilities", NULL, take_security,
		    { KM_FACT_CERTIFICATE_ABLE } },
	};
	static const struct km_onvif_read versions = { KM_ONVIF_SECURITY, "GetEnabledTLSVersions",
		NULL, take_tls_versions, { 0 } };
	int err = km_onvif_reading_run(reading, rows, KM_COUNT(rows));

	if (err == 0 && reading->why_nothing == NULL &&
	    km_onvif_client_has(reading->client, KM_ONVIF_SECURITY)) {
		err = km_onvif_reading_run(reading, &versions, 1);
	}
	return err;
}

int km_onvif_network_read(struct km_onvif_reading *reading)
{
	static const struct km_onvif_read rows[] = {
		{ KM_ONVIF_DEVICE, "GetNetworkProtocols", NULL, take_protocols,
		    { KM_FACT_SERVICE_SET, KM_FACT_HTTPS } },
		{ KM_ONVIF_DEVICE, "GetDiscoveryMode", NULL, take_discovery,
		    { KM_FACT_DISCOVERABLE } },
		{ KM_ONVIF_DEVICE, "GetZeroConfiguration", NULL, take_zero_configuration,
		    { KM_FACT_ZERO_CONFIGURATION } },
		{ KM_ONVIF_DEVICE, "GetDynamicDNS", NULL, take_dynamic_dns,
		    { KM_FACT_DYNAMIC_DNS } },
		{ KM_ONVIF_DEVICE, "GetNTP", NULL, take_ntp, { KM_FACT_NTP_SERVER } },
		{ KM_ONVIF_DEVICE, "GetNetworkInterfaces", NULL, take_interfaces,
		    { KM_FACT_MAC, KM_FACT_WIRELESS } },
	};
	int err = km_onvif_reading_run(reading, rows, KM_COUNT(rows));

	if (err == 0) {
		err = read_filter(reading);
	}
	if (err == 0) {
		err = read_tls(reading);
	}
	return err;
}
