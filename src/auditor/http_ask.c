#include "auditor/http_ask.h"

#include "auditor/talk.h"
#include "base/buf.h"
#include "base/time.h"
#include "io/clock.h"

#define PATIENCE_US   (4 * KM_TIME_SECOND_US)
#define QUESTION_SIZE 3072

/* Host is the address in digits: a name could be answered by something else's virtual host. */
static int write_question(struct km_job *job, const struct km_http_ask *ask, struct km_buf *buf)
{
	char host[KM_ADDRESS_TEXT_SIZE];
	struct km_address address = job->egress.addresses[0];

	km_address_set_port(&address, ask->port);
	km_address_write(&address, host);
	km_buf_add_format(buf,
	    "%s %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: Komainu-audit\r\nAccept: */*\r\n",
	    ask->method, ask->path, host);
	if (ask->authorization.size > 0) {
		km_buf_add_text(buf, "Authorization: ");
		km_buf_add(buf, ask->authorization);
		km_buf_add_text(buf, "\r\n");
	}
	km_buf_add_text(buf, "Connection: close\r\n\r\n");
	return km_buf_error(buf);
}

/* Whether all of it is there, as far as it says how long it is: some never hang up. */
static bool is_whole(const struct km_http_reply *reply)
{
	uint64_t length = 0;

	return km_bytes_parse_u64(
		   km_http_reply_find(reply, "Content-Length", 0), UINT64_MAX, &length) == 0 &&
	       reply->body.size >= length;
}

/* Read until the headers are there, or for bodies until the end, the maximum or the deadline. */
static int read_answer(struct km_talk *talk, const struct km_http_ask *ask, int64_t deadline_us,
    uint8_t *storage, struct km_http_reply *ret_reply, struct km_bytes *ret_raw)
{
	size_t size = 0;
	size_t count = 0;
	int err = 0;
	int parsed = KM_ERR_SHORT;

	while (err == 0 && size < KM_HTTP_ASK_BYTES_MAX) {
		err = km_talk_receive(
		    talk, storage + size, KM_HTTP_ASK_BYTES_MAX - size, deadline_us, &count);
		if (err == 0) {
			size += count;
			parsed = km_http_reply_parse(km_bytes_from(storage, size), ret_reply);
			if (parsed != KM_ERR_SHORT &&
			    (parsed < 0 || ask->is_headers_only || is_whole(ret_reply))) {
				break;
			}
		}
	}
	if (parsed == 0) {
		*ret_raw = km_bytes_from(
		    storage, ask->is_headers_only ? size - ret_reply->body.size : size);
		return 0;
	}
	return size > 0 ? parsed : err;
}

int km_http_ask_run(struct km_job *job, const struct km_http_ask *ask,
    uint8_t storage[static KM_HTTP_ASK_BYTES_MAX], struct km_http_reply *ret_reply,
    struct km_bytes *ret_raw)
{
	struct km_talk_place place = { .address = job->egress.addresses[0], .is_tls = ask->is_tls };
	int64_t deadline_us = km_clock_monotonic_us() + PATIENCE_US;
	struct km_talk *talk = NULL;
	char text[QUESTION_SIZE];
	struct km_buf question;
	int err = 0;

	km_address_set_port(&place.address, ask->port);
	km_buf_init_fixed(&question, text, sizeof(text));
	err = write_question(job, ask, &question);
	if (err == 0) {
		err = km_talk_open(&job->egress, &place, deadline_us, &talk);
	}
	if (err == 0) {
		err = km_talk_send(talk, km_buf_view(&question), deadline_us);
	}
	if (err == 0) {
		err = read_answer(talk, ask, deadline_us, storage, ret_reply, ret_raw);
	}
	km_talk_close(talk);
	km_buf_wipe(&question);
	return err;
}
