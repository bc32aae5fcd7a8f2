#include "auditor/rtsp_ask.h"

#include "base/time.h"
#include "io/clock.h"
#include "proto/url.h"

#define PATIENCE_US   (4 * KM_TIME_SECOND_US)
#define QUESTION_SIZE 4096

void km_rtsp_ask_write_url(
    const struct km_job *job, const struct km_rtsp_ask *ask, struct km_buf *buf)
{
	char host[KM_ADDRESS_TEXT_SIZE];
	struct km_url url = {
		.is_tls = ask->is_tls,
		.is_ipv6 = job->egress.addresses[0].u.any.sa_family == AF_INET6,
		.port = ask->port,
		.path = km_bytes_text(ask->path),
	};

	km_address_write_host(&job->egress.addresses[0], host);
	url.host = km_bytes_text(host);
	km_url_write(&url, buf);
}

static int read_answer(struct km_talk *talk, int64_t deadline_us, uint8_t *storage,
    struct km_rtsp_message *ret_message, struct km_bytes *ret_raw)
{
	size_t size = 0;
	size_t count = 0;
	size_t consumed = 0;
	int err = 0;

	while (size < KM_RTSP_ASK_BYTES_MAX) {
		err = km_talk_receive(
		    talk, storage + size, KM_RTSP_ASK_BYTES_MAX - size, deadline_us, &count);
		if (err < 0) {
			return err;
		}
		size += count;
		err = km_rtsp_parse_message(km_bytes_from(storage, size), KM_RTSP_ASK_BYTES_MAX,
		    ret_message, &consumed, NULL);
		if (err != KM_ERR_SHORT) {
			*ret_raw = km_bytes_from(storage, consumed);
			return err == 0 && ret_message->is_request ? KM_ERR_FORMAT : err;
		}
	}
	return KM_ERR_LIMIT;
}

int km_rtsp_ask_run(struct km_job *job, const struct km_rtsp_ask *ask,
    uint8_t storage[static KM_RTSP_ASK_BYTES_MAX], struct km_rtsp_message *ret_message,
    struct km_bytes *ret_raw)
{
	struct km_talk_place place = { .address = job->egress.addresses[0], .is_tls = ask->is_tls };
	struct km_rtsp_request request = {
		.method = ask->method, .cseq = 1, .authorization = ask->authorization
	};
	int64_t deadline_us = km_clock_monotonic_us() + PATIENCE_US;
	struct km_bytes raw = { 0 };
	struct km_talk *own = NULL;
	struct km_talk **talk = ask->talk == NULL ? &own : ask->talk;
	char url_text[KM_URL_MAX];
	char text[QUESTION_SIZE];
	struct km_buf url;
	struct km_buf question;
	int err = 0;

	if (ask->method != KM_RTSP_OPTIONS && ask->method != KM_RTSP_DESCRIBE) {
		return KM_ERR_UNSUPPORTED;
	}
	km_buf_init_fixed(&url, url_text, sizeof(url_text));
	km_buf_init_fixed(&question, text, sizeof(text));
	km_rtsp_ask_write_url(job, ask, &url);
	request.url = km_buf_view(&url);
	km_address_set_port(&place.address, ask->port);
	err = km_buf_error(&url);
	if (err == 0) {
		err = km_rtsp_write_request(&request, &question);
	}
	if (err == 0 && *talk == NULL) {
		err = km_talk_open(&job->egress, &place, deadline_us, talk);
	}
	if (err == 0) {
		err = km_talk_send(*talk, km_buf_view(&question), deadline_us);
	}
	if (err == 0) {
		err = read_answer(*talk, deadline_us, storage, ret_message, &raw);
	}
	if (err == 0) {
		*ret_raw = raw;
	}
	km_talk_close(own);
	km_buf_wipe(&question);
	return err;
}
