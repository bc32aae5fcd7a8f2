#include "proto/recognise.h"

#define SHORTEST 4 /* bytes that tell protocols apart */

static const char *const protocol_names[] = {
#define KM_PROTOCOL(NAME, name) name,
#include "proto/protocols.tbl"
#undef KM_PROTOCOL
};

const char *km_recognise_name(enum km_protocol protocol)
{
	return (size_t)protocol < KM_COUNT(protocol_names) ? protocol_names[protocol] : "unknown";
}

/* --- questions --- */

#define HTTP_QUESTION                                                                              \
	"GET / HTTP/1.1\r\nHost: camera\r\nUser-Agent: Komainu-audit\r\nAccept: */*\r\n"           \
	"Connection: close\r\n\r\n"

#define RTSP_QUESTION "OPTIONS * RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: Komainu-audit\r\n\r\n"

/*
 * A ClientHello of TLS 1.2 [RFC 5246 7.4.1.2] with suites of all times, so that old and new
 * servers choose one: they answer with a handshake record, or with an alert.
 */
static const uint8_t tls_question[] = {
	0x16, 0x03, 0x01, 0x00, 0x4d, /* record: handshake, 77 bytes */
	0x01, 0x00, 0x00, 0x49,       /* ClientHello, 73 bytes */
	0x03, 0x03,                   /* TLS 1.2 */
	'k', 'o', 'm', 'a', 'i', 'n', 'u', ' ', 'a', 's', 'k', 's', ' ', 'w', 'h', 'o', ' ', 's',
	'p', 'e', 'a', 'k', 's', ' ', 'T', 'L', 'S', ' ', 'h', 'e', 'r', 'e', 0x00, /* no session */
	0x00, 0x0e, 0xc0, 0x2f, 0xc0, 0x2b, 0xc0, 0x13, 0x00, 0x9c, 0x00, 0x2f, 0x00, 0x35, 0x00,
	0x0a,                                                       /* 7 suites */
	0x01, 0x00,                                                 /* no compression */
	0x00, 0x12,                                                 /* extensions, 18 bytes */
	0x00, 0x0a, 0x00, 0x04, 0x00, 0x02, 0x00, 0x17,             /* groups: P-256 */
	0x00, 0x0d, 0x00, 0x06, 0x00, 0x04, 0x04, 0x01, 0x04, 0x03, /* signatures: SHA-256 */
};

/* SSLRequest, which asks for nothing but "do you speak TLS?" [PostgreSQL 55.7] */
static const uint8_t postgresql_question[] = { 0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f };

/* OP_QUERY on admin.$cmd with {isMaster: 1}, which all versions answer without login. */
static const uint8_t mongodb_question[] = { 0x3a, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0xd4, 0x07, 0,
	0, /* 58 bytes, request 1, OP_QUERY */
	0, 0, 0, 0, 'a', 'd', 'm', 'i', 'n', '.', '$', 'c', 'm', 'd', 0, 0, 0, 0, 0, 0xff, 0xff,
	0xff, 0xff, 0x13, 0, 0, 0, 0x10, 'i', 's', 'M', 'a', 's', 't', 'e', 'r', 0, 1, 0, 0, 0, 0 };

/* CONNECT of MQTT 3.1.1, clean session, no account [MQTT 3.1]. */
static const uint8_t mqtt_question[] = { 0x10, 0x13, 0, 4, 'M', 'Q', 'T', 'T', 4, 2, 0, 10, 0, 7,
	'k', 'o', 'm', 'a', 'i', 'n', 'u' };

struct km_bytes km_recognise_question(enum km_question question)
{
	switch (question) {
	case KM_QUESTION_HTTP:
		return KM_BYTES(HTTP_QUESTION);
	case KM_QUESTION_TLS:
		return KM_BYTES_OF(tls_question);
	case KM_QUESTION_RTSP:
		return KM_BYTES(RTSP_QUESTION);
	case KM_QUESTION_REDIS:
		return KM_BYTES("PING\r\n");
	case KM_QUESTION_MEMCACHED:
		return KM_BYTES("version\r\n");
	case KM_QUESTION_POSTGRESQL:
		return KM_BYTES_OF(postgresql_question);
	case KM_QUESTION_MONGODB:
		return KM_BYTES_OF(mongodb_question);
	case KM_QUESTION_MQTT:
		return KM_BYTES_OF(mqtt_question);
	case KM_QUESTION_NONE:
	case KM_QUESTION_COUNT:
		break;
	}
	return (struct km_bytes){ 0 };
}

/* --- answers --- */

static bool contains(struct km_bytes input, struct km_bytes sequence)
{
	return km_bytes_find_seq(input, sequence) < input.size;
}

static struct km_bytes first_line(struct km_bytes input)
{
	return km_bytes_trim(km_bytes_line(&input));
}

/* Text that servers of one protocol begin with, and no others. */
struct beginning {
	struct km_bytes text;
	enum km_protocol protocol;
	enum km_recognise_access access;
};

#define BEGINNING(literal) .text = { (const uint8_t *)("" literal), sizeof(literal) - 1 }

static const struct beginning beginnings[] = {
	{ BEGINNING("HTTP/"), KM_PROTOCOL_HTTP, KM_RECOGNISE_UNSAID },
	{ BEGINNING("RTSP/"), KM_PROTOCOL_RTSP, KM_RECOGNISE_UNSAID },
	{ BEGINNING("SSH-"), KM_PROTOCOL_SSH, KM_RECOGNISE_UNSAID },
	{ BEGINNING("RFB 0"), KM_PROTOCOL_VNC, KM_RECOGNISE_UNSAID },
	{ BEGINNING("+PONG"), KM_PROTOCOL_REDIS, KM_RECOGNISE_OPEN },
	{ BEGINNING("-NOAUTH"), KM_PROTOCOL_REDIS, KM_RECOGNISE_LOCKED },
	{ BEGINNING("-DENIED"), KM_PROTOCOL_REDIS, KM_RECOGNISE_LOCKED },
	{ BEGINNING("-ERR "), KM_PROTOCOL_REDIS, KM_RECOGNISE_UNSAID },
	{ BEGINNING("VERSION "), KM_PROTOCOL_MEMCACHED, KM_RECOGNISE_OPEN },
	{ BEGINNING("ERROR\r\n"), KM_PROTOCOL_MEMCACHED, KM_RECOGNISE_UNSAID },
};

static bool match_beginning(struct km_bytes input, struct km_recognised *recognised)
{
	for (size_t i = 0; i < KM_COUNT(beginnings); i++) {
		if (km_bytes_has_prefix(input, beginnings[i].text)) {
			*recognised = (struct km_recognised){
				.protocol = beginnings[i].protocol,
				.access = beginnings[i].access,
				.banner = first_line(input),
			};
			return true;
		}
	}
	return false;
}

/* What an HTTP server may be besides. */
static void look_into_http(struct km_bytes input, struct km_recognised *recognised)
{
	if (contains(input, KM_BYTES("access MongoDB over HTTP"))) {
		recognised->protocol = KM_PROTOCOL_MONGODB;
	} else if (contains(input, KM_BYTES("You Know, for Search")) ||
		   contains(input, KM_BYTES("X-elastic-product"))) {
		recognised->protocol = KM_PROTOCOL_ELASTICSEARCH;
		recognised->access = contains(input, KM_BYTES("\"cluster_name\""))
					 ? KM_RECOGNISE_OPEN
					 : KM_RECOGNISE_LOCKED;
	} else if (contains(input, KM_BYTES("application/ipp")) ||
		   contains(input, KM_BYTES("Server: CUPS/")) ||
		   contains(input, KM_BYTES(" IPP/"))) {
		recognised->protocol = KM_PROTOCOL_IPP;
	}
}

/* "220 ..." greets in FTP [RFC 959] and SMTP [RFC 5321] alike. */
static bool match_220(struct km_bytes input, struct km_recognised *recognised)
{
	struct km_bytes line = first_line(input);

	if (!km_bytes_has_prefix(line, KM_BYTES("220 ")) &&
	    !km_bytes_has_prefix(line, KM_BYTES("220-"))) {
		return false;
	}
	*recognised = (struct km_recognised){
		.protocol = contains(line, KM_BYTES("SMTP")) ? KM_PROTOCOL_SMTP : KM_PROTOCOL_FTP,
		.banner = line,
	};
	return true;
}

/* Negotiation [RFC 854], or a prompt for a name, which some simple devices send alone. */
static bool match_telnet(struct km_bytes input, struct km_recognised *recognised)
{
	bool is_negotiating = input.size >= 3 && input.data[0] == 0xff && input.data[1] >= 0xfa &&
			      input.data[1] < 0xff;
	struct km_bytes start = km_bytes_slice(input, 0, 512);

	if (!is_negotiating && !contains(start, KM_BYTES("login: ")) &&
	    !contains(start, KM_BYTES("Login: ")) && !contains(start, KM_BYTES("Username: "))) {
		return false;
	}
	*recognised = (struct km_recognised){ .protocol = KM_PROTOCOL_TELNET };
	if (!is_negotiating) {
		start = km_bytes_trim(start);
		recognised->banner = first_line(start);
	}
	return true;
}

/* A packet with number 0 and protocol version 10, or an error that comes instead of it. */
static bool match_mysql(struct km_bytes input, struct km_recognised *recognised)
{
	struct km_bytes version = km_bytes_slice(input, 5, 64);
	size_t size = 0;

	if (input.size < 6 || input.data[2] != 0 || input.data[3] != 0) {
		return false;
	}
	size = input.data[0] + 256U * input.data[1];
	if (input.data[4] == 0xff && size >= 9 && input.size > 7) {
		*recognised = (struct km_recognised){ .protocol = KM_PROTOCOL_MYSQL };
		return contains(input, KM_BYTES("MySQL")) || contains(input, KM_BYTES("MariaDB"));
	}
	if (input.data[4] != 10 || size < 20) {
		return false;
	}
	*recognised = (struct km_recognised){
		.protocol = KM_PROTOCOL_MYSQL,
		.banner = km_bytes_slice(version, 0, km_bytes_find(version, 0)),
	};
	return true;
}

/* A record of TLS: an alert or a ServerHello [RFC 8446 5.1]. */
static bool match_tls(struct km_bytes input, struct km_recognised *recognised)
{
	if ((input.data[0] != 0x15 && input.data[0] != 0x16) || input.data[1] != 3 ||
	    input.data[2] > 4) {
		return false;
	}
	*recognised = (struct km_recognised){ .protocol = KM_PROTOCOL_TLS };
	return true;
}

/* CONNACK: accepted, or why not [MQTT 3.2]. */
static bool match_mqtt(struct km_bytes input, struct km_recognised *recognised)
{
	if (input.size < 4 || input.data[0] != 0x20 || input.data[1] != 2 || input.data[2] > 1 ||
	    input.data[3] > 5) {
		return false;
	}
	*recognised = (struct km_recognised){
		.protocol = KM_PROTOCOL_MQTT,
		.access = input.data[3] == 0 ? KM_RECOGNISE_OPEN : KM_RECOGNISE_LOCKED,
	};
	return true;
}

/* OP_REPLY or OP_MSG to our request 1. */
static bool match_mongodb(struct km_bytes input, struct km_recognised *recognised)
{
	static const uint8_t to_us[] = { 1, 0, 0, 0 };

	if (input.size < 16 ||
	    !km_bytes_is_equal(km_bytes_slice(input, 8, 4), KM_BYTES_OF(to_us))) {
		return false;
	}
	*recognised = (struct km_recognised){ .protocol = KM_PROTOCOL_MONGODB };
	return (input.data[12] == 1 || (input.data[12] == 0xdd && input.data[13] == 7));
}

static bool match_postgresql(struct km_bytes input, struct km_recognised *recognised)
{
	if (input.size != 1 || (input.data[0] != 'S' && input.data[0] != 'N')) {
		return false;
	}
	*recognised = (struct km_recognised){ .protocol = KM_PROTOCOL_POSTGRESQL };
	return true;
}

int km_recognise_answer(
    enum km_question question, struct km_bytes input, struct km_recognised *ret_recognised)
{
	struct km_recognised recognised = { 0 };

	if (question == KM_QUESTION_POSTGRESQL && match_postgresql(input, &recognised)) {
		*ret_recognised = recognised;
		return 0;
	}
	if (input.size < SHORTEST) {
		/* Negotiation of telnet may come in pieces of three bytes. */
		if (input.size < 3 || !match_telnet(input, &recognised)) {
			return KM_ERR_SHORT;
		}
	} else if (match_beginning(input, &recognised)) {
		if (recognised.protocol == KM_PROTOCOL_HTTP) {
			look_into_http(input, &recognised);
		}
	} else if (!match_220(input, &recognised) && !match_tls(input, &recognised) &&
		   !match_mysql(input, &recognised) &&
		   !(question == KM_QUESTION_MQTT && match_mqtt(input, &recognised)) &&
		   !(question == KM_QUESTION_MONGODB && match_mongodb(input, &recognised)) &&
		   !match_telnet(input, &recognised)) {
		return KM_ERR_NOT_FOUND;
	}
	*ret_recognised = recognised;
	return 0;
}
