#include "auditor/udp_survey.h"

#include "base/text.h"
#include "base/time.h"
#include "crypto/random.h"
#include "io/clock.h"
#include "model/states.h"
#include "proto/http_reply.h"
#include "proto/inquiry.h"
#include "proto/mdns_reply.h"
#include "proto/snmp_engine.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define TRIES          2
#define PATIENCE_US    (1200 * (KM_TIME_SECOND_US / 1000))
#define SLICE_MS       100
#define DATAGRAM_BYTES 4096
#define QUESTION_BYTES 1024
#define STRANGERS_MAX  64 /* datagrams of others that are passed over in one wait */

enum ask_name {
#define KM_UDP_ASK(port, NAME, name) ASK_##NAME,
#include "auditor/udp_asks.tbl"
#undef KM_UDP_ASK
	ASK_COUNT
};

struct ask_row {
	uint16_t port;
	const char *name;
};

static const struct ask_row rows[] = {
#define KM_UDP_ASK(number, NAME, text) { .port = (number), .name = (text) },
#include "auditor/udp_asks.tbl"
#undef KM_UDP_ASK
};

enum fate {
	FATE_SILENT,
	FATE_REFUSED,
	FATE_ANSWERED,
	FATE_FAILED, /* it could not be sent, or the network says that it did not get there */
};

struct survey {
	struct km_job *job;
	int fd[ASK_COUNT];
	enum fate fate[ASK_COUNT];
};

/* --- questions --- */

static void write_ssdp(const struct survey *survey, struct km_buf *buf)
{
	char host[KM_ADDRESS_TEXT_SIZE];
	struct km_address address = survey->job->egress.addresses[0];

	km_address_set_port(&address, rows[ASK_SSDP].port);
	km_address_write(&address, host);
	km_buf_add_format(buf,
	    "M-SEARCH * HTTP/1.1\r\nHOST: %s\r\nMAN: \"ssdp:discover\"\r\nST: upnp:rootdevice\r\n"
	    "USER-AGENT: Komainu-audit\r\n\r\n",
	    host);
}

static int write_question(const struct survey *survey, size_t which, struct km_buf *buf)
{
	struct km_uuid id = { 0 };
	int err = km_random_uuid(&id);

	switch ((enum ask_name)which) {
	case ASK_TFTP: /* to read what cannot be there [RFC 1350 5] */
		km_buf_add(buf, KM_BYTES("\0\1komainu-no-such-file\0octet\0"));
		break;
	case ASK_SNMP:
		km_buf_add(buf, km_snmp_engine_question());
		break;
	case ASK_SSDP:
		write_ssdp(survey, buf);
		break;
	case ASK_WS_DISCOVERY:
		km_inquiry_write(KM_INQUIRY_WS_DISCOVERY, &id, buf);
		break;
	case ASK_MDNS:
		km_buf_add(buf, km_mdns_reply_question());
		break;
	case ASK_HIKVISION:
		km_inquiry_write(KM_INQUIRY_HIKVISION, &id, buf);
		break;
	case ASK_DAHUA:
		km_inquiry_write(KM_INQUIRY_DAHUA, &id, buf);
		break;
	case ASK_COUNT:
		break;
	}
	return err < 0 ? err : km_buf_error(buf);
}

/* --- answers: each writes what it says; false if it is not an answer to the question --- */

static bool read_snmp(struct survey *survey, struct km_bytes input, struct km_buf *said)
{
	struct km_snmp_engine engine;
	char text[64];

	if (km_snmp_engine_parse(input, &engine) < 0) {
		return false;
	}
	(void)snprintf(text, sizeof(text), "SNMP enterprise %u;", engine.enterprise);
	km_sightings_add_text(&survey->job->seen, KM_SIGHTING_DISCOVERY, km_bytes_text(text));
	km_buf_add_format(
	    said, "SNMPv3 engine of enterprise %u, up %u s", engine.enterprise, engine.up_s);
	return true;
}

static bool read_ssdp(struct survey *survey, struct km_bytes input, struct km_buf *said)
{
	struct km_http_reply reply;
	struct km_bytes server = { 0 };

	if (km_http_reply_parse(input, &reply) < 0) {
		return false;
	}
	server = km_http_reply_find(&reply, "SERVER", 0);
	km_sightings_add_text(&survey->job->seen, KM_SIGHTING_DISCOVERY, server);
	km_buf_add_text(said, "UPnP ");
	km_text_add_escaped(said, server, 200);
	return true;
}

static bool read_mdns(struct survey *survey, struct km_bytes input, struct km_buf *said)
{
	struct km_mdns_reply reply;

	if (km_mdns_reply_parse(input, &reply) < 0) {
		return false;
	}
	km_buf_add_text(said, "mDNS");
	for (size_t i = 0; i < reply.count; i++) {
		km_buf_add_format(said, " %.60s", reply.name[i]);
		km_sightings_add_text(
		    &survey->job->seen, KM_SIGHTING_DISCOVERY, km_bytes_text(reply.name[i]));
	}
	/* Some of the names were left out, if they are many. */
	said->err = 0;
	return true;
}

static bool read_tftp(struct km_bytes input, struct km_buf *said)
{
	/* Data (3) or an error (5) [RFC 1350 5]. */
	if (input.size < 4 || input.data[0] != 0 || (input.data[1] != 3 && input.data[1] != 5)) {
		return false;
	}
	km_buf_add_text(said, "TFTP ");
	km_text_add_escaped(said,
	    input.data[1] == 5
		? km_bytes_slice(input, 4, km_bytes_find(km_bytes_after(input, 4), 0))
		: KM_BYTES("gives files that nobody has"),
	    100);
	return true;
}

static void keep(struct km_bytes text, char *ret_text, size_t size)
{
	if (ret_text[0] == '\0' && km_text_is_clean_utf8(text)) {
		(void)km_bytes_copy_text(text, ret_text, size);
	}
}

static void add_said(struct km_buf *said, const char *label, struct km_bytes value)
{
	if (value.size > 0) {
		km_buf_add_text(said, label);
		km_text_add_escaped(said, value, 60);
	}
}

static bool read_inquiry(
    struct survey *survey, enum km_inquiry inquiry, struct km_bytes input, struct km_buf *said)
{
	static const char *const makers[] = { [KM_INQUIRY_HIKVISION] = "SADP of Hikvision",
		[KM_INQUIRY_DAHUA] = "DHIP of Dahua",
		[KM_INQUIRY_WS_DISCOVERY] = "WS-Discovery" };
	struct km_sightings *seen = &survey->job->seen;
	struct km_inquiry_answer answer;

	if (km_inquiry_parse(inquiry, input, &answer) < 0) {
		return false;
	}
	km_buf_add_text(said, makers[inquiry]);
	add_said(said, ", model ", answer.model);
	add_said(said, ", firmware ", answer.firmware);
	add_said(said, ", serial ", answer.serial);
	add_said(said, ", MAC ", answer.mac);
	add_said(said, ", activated ", answer.activated);
	if (inquiry != KM_INQUIRY_WS_DISCOVERY) {
		km_sightings_add_text(seen, KM_SIGHTING_DISCOVERY, km_bytes_text(makers[inquiry]));
		keep(answer.model, seen->model, sizeof(seen->model));
		keep(answer.firmware, seen->firmware, sizeof(seen->firmware));
		keep(answer.mac, seen->mac, sizeof(seen->mac));
	}
	return true;
}

static bool read_answer(
    struct survey *survey, size_t which, struct km_bytes input, struct km_buf *said)
{
	switch ((enum ask_name)which) {
	case ASK_TFTP:
		return read_tftp(input, said);
	case ASK_SNMP:
		return read_snmp(survey, input, said);
	case ASK_SSDP:
		return read_ssdp(survey, input, said);
	case ASK_WS_DISCOVERY:
		return read_inquiry(survey, KM_INQUIRY_WS_DISCOVERY, input, said);
	case ASK_MDNS:
		return read_mdns(survey, input, said);
	case ASK_HIKVISION:
		return read_inquiry(survey, KM_INQUIRY_HIKVISION, input, said);
	case ASK_DAHUA:
		return read_inquiry(survey, KM_INQUIRY_DAHUA, input, said);
	case ASK_COUNT:
		break;
	}
	return false;
}

static void on_answer(struct survey *survey, size_t which, struct km_bytes input)
{
	char text[KM_FACT_VALUE_SIZE];
	char subject[16];
	struct km_buf said;
	bool is_known = false;

	km_buf_init_fixed(&said, text, sizeof(text) - 1);
	is_known = read_answer(survey, which, input, &said);
	if (!is_known) {
		km_buf_clear(&said);
		km_buf_add_format(&said, "an answer of %zu bytes, not in the protocol", input.size);
	}
	text[said.size] = '\0';
	survey->fate[which] = FATE_ANSWERED;
	(void)snprintf(subject, sizeof(subject), "udp/%u", rows[which].port);
	km_job_give(survey->job, KM_FACT_PORT_OPEN, KM_FROM_PROBE, subject,
	    is_known ? rows[which].name : "unknown", text, &input);
	if (is_known) {
		km_job_give(survey->job, KM_FACT_DISCOVERY_ANSWER, KM_FROM_PROBE, rows[which].name,
		    text, "asked without login", &input);
	}
}

/* --- the sockets --- */

/* What an error of its socket means. */
static enum fate fate_of(int why)
{
	switch (why) {
	case ECONNREFUSED:
		return FATE_REFUSED;
	case EAGAIN:
	case EINTR:
		return FATE_SILENT;
	default:
		return FATE_FAILED;
	}
}

static void open_all(struct survey *survey)
{
	const int yes = 1;

	for (size_t i = 0; i < ASK_COUNT; i++) {
		struct km_address address = survey->job->egress.addresses[0];

		km_address_set_port(&address, rows[i].port);
		if (km_egress_socket(&survey->job->egress, &address, SOCK_DGRAM, &survey->fd[i]) <
		    0) {
			survey->fate[i] = FATE_FAILED;
			continue;
		}
		/* Not connected, as answers come from other ports, too; refusals are still told. */
		(void)setsockopt(survey->fd[i], IPPROTO_IP, IP_RECVERR, &yes, sizeof(yes));
		if (address.u.any.sa_family == AF_INET6) {
			(void)setsockopt(
			    survey->fd[i], IPPROTO_IPV6, IPV6_RECVERR, &yes, sizeof(yes));
		}
	}
}

static int ask_all(struct survey *survey)
{
	uint8_t storage[QUESTION_BYTES];
	struct km_buf question;

	for (size_t i = 0; i < ASK_COUNT; i++) {
		struct km_address address = survey->job->egress.addresses[0];

		if (survey->fate[i] != FATE_SILENT) {
			continue;
		}
		km_buf_init_fixed(&question, storage, sizeof(storage));
		km_address_set_port(&address, rows[i].port);
		if (km_egress_wait(&survey->job->egress) < 0) {
			return KM_ERR_CLOSED;
		}
		if (write_question(survey, i, &question) < 0 ||
		    !km_egress_is_allowed(&survey->job->egress, &address)) {
			survey->fate[i] = FATE_FAILED;
		} else if (sendto(survey->fd[i], question.data, question.size, MSG_NOSIGNAL,
			       &address.u.any, address.size) < 0) {
			survey->fate[i] = fate_of(errno);
		}
	}
	return 0;
}

static void receive(struct survey *survey, size_t which)
{
	uint8_t data[DATAGRAM_BYTES];

	for (unsigned i = 0; i < STRANGERS_MAX && survey->fate[which] == FATE_SILENT; i++) {
		struct km_address from = { .size = sizeof(from.u) };
		ssize_t count =
		    recvfrom(survey->fd[which], data, sizeof(data), 0, &from.u.any, &from.size);

		if (count < 0) {
			survey->fate[which] = fate_of(errno);
			return;
		}
		if (count > 0 && km_egress_is_allowed(&survey->job->egress, &from)) {
			on_answer(survey, which, km_bytes_from(data, (size_t)count));
		}
	}
}

/* As long as one is kept the socket counts as ready, though nothing is to be read. */
static void drop_errors(int fd)
{
	struct msghdr message = { 0 };

	for (unsigned i = 0; i < STRANGERS_MAX; i++) {
		if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
			return;
		}
	}
}

static int await(struct survey *survey)
{
	int64_t deadline_us = km_clock_monotonic_us() + PATIENCE_US;

	while (km_clock_monotonic_us() < deadline_us) {
		struct pollfd ready[ASK_COUNT];
		bool is_waiting = false;

		for (size_t i = 0; i < ASK_COUNT; i++) {
			bool is_open = survey->fate[i] == FATE_SILENT;

			ready[i] =
			    (struct pollfd){ .fd = is_open ? survey->fd[i] : -1, .events = POLLIN };
			is_waiting = is_waiting || is_open;
		}
		if (!is_waiting) {
			return 0;
		}
		if (km_job_is_cancelled(survey->job)) {
			return KM_ERR_CLOSED;
		}
		if (poll(ready, ASK_COUNT, SLICE_MS) <= 0) {
			continue;
		}
		for (size_t i = 0; i < ASK_COUNT; i++) {
			if (ready[i].fd >= 0 && ready[i].revents != 0) {
				receive(survey, i);
				drop_errors(survey->fd[i]);
			}
		}
	}
	return 0;
}

static void tell_rest(struct survey *survey)
{
	char tried[64];
	char detail[KM_FACT_DETAIL_SIZE];
	struct km_buf list;
	struct km_buf refused;

	km_buf_init_fixed(&list, tried, sizeof(tried) - 1);
	km_buf_init_fixed(&refused, detail, sizeof(detail) - 1);
	for (size_t i = 0; i < ASK_COUNT; i++) {
		char subject[16];

		/* One that was not asked is not newly open when it answers later. */
		if (survey->fate[i] != FATE_FAILED) {
			km_buf_add_format(&list, "%s%u", list.size > 0 ? "," : "", rows[i].port);
		}
		(void)snprintf(subject, sizeof(subject), "udp/%u", rows[i].port);
		if (survey->fate[i] == FATE_REFUSED) {
			km_buf_add_format(&refused, "%s refused; ", subject);
		} else if (survey->fate[i] == FATE_SILENT) {
			km_job_give_unknown(survey->job, KM_FACT_PORT_OPEN, KM_FROM_PROBE, subject,
			    "no answer in 2 tries: closed, filtered, or of few words");
		} else if (survey->fate[i] == FATE_FAILED) {
			km_job_give_unknown(survey->job, KM_FACT_PORT_OPEN, KM_FROM_PROBE, subject,
			    "it could not be asked");
		}
	}
	tried[list.size] = '\0';
	detail[refused.size] = '\0';
	if (list.size > 0) {
		km_job_give(
		    survey->job, KM_FACT_PORTS_TRIED, KM_FROM_PROBE, "udp", tried, detail, NULL);
	} else {
		km_job_give_unknown(survey->job, KM_FACT_PORTS_TRIED, KM_FROM_PROBE, "udp",
		    "none of them could be asked");
	}
}

int km_udp_survey_run(struct km_job *job)
{
	struct survey survey = { .job = job };
	int err = 0;

	for (size_t i = 0; i < ASK_COUNT; i++) {
		survey.fd[i] = -1;
	}
	open_all(&survey);
	for (unsigned i = 0; i < TRIES && err == 0; i++) {
		err = ask_all(&survey);
		if (err == 0) {
			err = await(&survey);
		}
	}
	if (err == 0) {
		tell_rest(&survey);
	}
	for (size_t i = 0; i < ASK_COUNT; i++) {
		if (survey.fd[i] >= 0) {
			(void)close(survey.fd[i]);
		}
	}
	return err;
}
