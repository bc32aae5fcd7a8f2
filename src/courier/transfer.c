#include "courier/transfer.h"

#include "base/time.h"
#include "courier/mail_text.h"
#include "courier/notice_json.h"
#include "courier/trust.h"
#include "io/clock.h"
#include "model/states.h"
#include "proto/service_url.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_SECONDS 20L
#define WHOLE_SECONDS   60L
#define ANSWER_MAX      ((size_t)64 * 1024) /* bytes of an answer, which is thrown away */
#define SYSTEM_CA       "/etc/ssl/certs/ca-certificates.crt"
#define URL_SIZE        (KM_SERVICE_URL_SIZE + 300)

/* A socket of libcurl's that is watched. */
struct socket_watch {
	struct socket_watch *next;
	curl_socket_t fd;
	struct km_transfers *transfers;
	struct km_watch *watch;
};

struct km_transfers {
	struct km_loop *loop;
	CURLM *multi;
	struct km_timer *timer;
	struct socket_watch *sockets;
};

struct km_transfer {
	struct km_transfers *transfers;
	const struct km_message_courier_destination *to;
	void (*on_done)(void *context, const struct km_post_outcome *outcome);
	void *context;
	CURL *easy;
	struct curl_slist *list; /* recipients, or headers */
	struct km_buf body;
	size_t sent;
	size_t answered;
	struct km_trust trust;
	char error[CURL_ERROR_SIZE];
};

/* --- libcurl's sockets and timer on our loop --- */

static void end_transfer(struct km_transfer *transfer);

static void take_results(struct km_transfers *transfers);

static void act(struct km_transfers *transfers, curl_socket_t fd, int mask)
{
	int running = 0;

	(void)curl_multi_socket_action(transfers->multi, fd, mask, &running);
	take_results(transfers);
}

static void on_ready(void *context, unsigned events)
{
	struct socket_watch *socket = context;
	int mask = ((events & KM_LOOP_READ) != 0 ? CURL_CSELECT_IN : 0) |
		   ((events & KM_LOOP_WRITE) != 0 ? CURL_CSELECT_OUT : 0);

	act(socket->transfers, socket->fd, mask);
}

static void on_timer(void *context)
{
	act(context, CURL_SOCKET_TIMEOUT, 0);
}

static void forget_socket(struct km_transfers *transfers, curl_socket_t fd)
{
	struct socket_watch **place = &transfers->sockets;

	while (*place != NULL && (*place)->fd != fd) {
		place = &(*place)->next;
	}
	if (*place != NULL) {
		struct socket_watch *gone = *place;

		*place = gone->next;
		km_watch_destroy(gone->watch);
		free(gone);
	}
}

static struct socket_watch *watch_socket(struct km_transfers *transfers, curl_socket_t fd)
{
	struct socket_watch *socket = transfers->sockets;

	while (socket != NULL && socket->fd != fd) {
		socket = socket->next;
	}
	if (socket != NULL) {
		return socket;
	}
	socket = calloc(1, sizeof(*socket));
	if (socket == NULL ||
	    km_watch_create(transfers->loop, fd, on_ready, socket, &socket->watch) < 0) {
		free(socket);
		return NULL;
	}
	socket->fd = fd;
	socket->transfers = transfers;
	socket->next = transfers->sockets;
	transfers->sockets = socket;
	return socket;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *unused)
{
	struct km_transfers *transfers = context;
	struct socket_watch *socket = NULL;

	(void)easy;
	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		forget_socket(transfers, fd);
		return 0;
	}
	socket = watch_socket(transfers, fd);
	if (socket == NULL) {
		return -1;
	}
	km_watch_set(socket->watch, ((what & CURL_POLL_IN) != 0 ? KM_LOOP_READ : 0U) |
					((what & CURL_POLL_OUT) != 0 ? KM_LOOP_WRITE : 0U));
	return 0;
}

/* A watch must end before its descriptor does. */
static int on_close_socket(void *context, curl_socket_t fd)
{
	forget_socket(context, fd);
	return close(fd);
}

static int on_wish_timer(CURLM *multi, long delay_ms, void *context)
{
	struct km_transfers *transfers = context;

	(void)multi;
	if (delay_ms < 0) {
		km_timer_stop(transfers->timer);
	} else {
		/* Never from in here, even for 0. */
		km_timer_start(transfers->timer, delay_ms * INT64_C(1000), 0);
	}
	return 0;
}

/* --- what became of it --- */

static const char *reason_of(const struct km_transfer *transfer, CURLcode code)
{
	if (transfer->trust.failure[0] != '\0') {
		return transfer->trust.failure;
	}
	return transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code);
}

/* The server does not take this mail, whoever sends it when [RFC 5321 4.2.3]. */
static bool is_refused_mail(long status)
{
	return status == 552 || status == 554;
}

static void judge_mail(
    const struct km_transfer *transfer, CURLcode code, long status, struct km_post_outcome *outcome)
{
	if (code == CURLE_OK) {
		km_post_say(outcome, 0, false, "the mail server took it (%ld)", status);
	} else {
		km_post_say(outcome, KM_ERR_CLOSED, is_refused_mail(status), "%s%s",
		    reason_of(transfer, code),
		    code == CURLE_USE_SSL_FAILED
			? " (nothing was sent: the server offers no STARTTLS)"
			: "");
	}
}

static void judge_webhook(
    const struct km_transfer *transfer, CURLcode code, long status, struct km_post_outcome *outcome)
{
	bool is_taken = status >= 200 && status < 300;
	/* Not 401, 403, 404: those are settings, which people put right. */
	bool is_final = status == 400 || status == 413 || status == 415 || status == 422;

	if (status > 0 && (code == CURLE_OK || code == CURLE_WRITE_ERROR)) {
		km_post_say(outcome, is_taken ? 0 : KM_ERR_DENIED, is_final, "HTTP status %ld%s",
		    status,
		    status >= 300 && status < 400 ? " (redirections are not followed)" : "");
	} else {
		km_post_say(outcome, KM_ERR_CLOSED, false, "%s", reason_of(transfer, code));
	}
}

static void finish_transfer(struct km_transfer *transfer, CURLcode code)
{
	struct km_post_outcome outcome = { 0 };
	void (*on_done)(void *context, const struct km_post_outcome *outcome) = transfer->on_done;
	void *context = transfer->context;
	long status = 0;

	(void)curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
	if (transfer->to->kind == KM_DESTINATION_MAIL) {
		judge_mail(transfer, code, status, &outcome);
	} else {
		judge_webhook(transfer, code, status, &outcome);
	}
	end_transfer(transfer);
	on_done(context, &outcome);
}

static void take_results(struct km_transfers *transfers)
{
	CURLMsg *message = NULL;
	int left = 0;

	while ((message = curl_multi_info_read(transfers->multi, &left)) != NULL) {
		struct km_transfer *transfer = NULL;
		CURLcode code = message->data.result;

		if (message->msg == CURLMSG_DONE &&
		    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer) ==
			CURLE_OK) {
			finish_transfer(transfer, code);
		}
	}
}

/* --- a transfer --- */

static size_t on_read(char *ret_data, size_t size, size_t count, void *context)
{
	struct km_transfer *transfer = context;
	struct km_bytes part =
	    km_bytes_slice(km_buf_view(&transfer->body), transfer->sent, size * count);

	if (part.size > 0) {
		memcpy(ret_data, part.data, part.size);
	}
	transfer->sent += part.size;
	return part.size;
}

static size_t on_answer(char *data, size_t size, size_t count, void *context)
{
	struct km_transfer *transfer = context;

	(void)data;
	transfer->answered += size * count;
	return transfer->answered > ANSWER_MAX ? 0 : size * count;
}

static CURLcode on_tls(CURL *easy, void *context, void *trust)
{
	(void)easy;
	return km_trust_apply(trust, context) < 0 ? CURLE_SSL_CIPHER : CURLE_OK;
}

static int add_to_list(struct km_transfer *transfer, const char *text)
{
	struct curl_slist *list = curl_slist_append(transfer->list, text);

	if (list == NULL) {
		return KM_ERR_MEMORY;
	}
	transfer->list = list;
	return 0;
}

#define SET(transfer, option, value)                                                               \
	do {                                                                                       \
		if (curl_easy_setopt((transfer)->easy, (option), (value)) != CURLE_OK) {           \
			return KM_ERR_UNSUPPORTED;                                                 \
		}                                                                                  \
	} while (0)

static int set_trust(struct km_transfer *transfer)
{
	const struct km_message_courier_destination *to = transfer->to;
	struct curl_blob ca = {
		.data = (void *)to->ca, .len = to->ca_size, .flags = CURL_BLOB_COPY
	};

	transfer->trust.is_pinned = to->pin_size == sizeof(transfer->trust.pin);
	memcpy(transfer->trust.pin, to->pin, sizeof(transfer->trust.pin));
	SET(transfer, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(transfer, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(transfer, CURLOPT_SSL_VERIFYHOST, transfer->trust.is_pinned ? 0L : 2L);
	SET(transfer, CURLOPT_CAPATH, NULL);
	if (to->ca_size > 0) {
		SET(transfer, CURLOPT_CAINFO_BLOB, &ca);
	} else {
		SET(transfer, CURLOPT_CAINFO, SYSTEM_CA);
	}
	SET(transfer, CURLOPT_SSL_CTX_FUNCTION, on_tls);
	SET(transfer, CURLOPT_SSL_CTX_DATA, &transfer->trust);
	return 0;
}

/* What holds for both: no other protocol, no proxy, no redirection, no file of the user's. */
static int set_bounds(struct km_transfer *transfer, const char *url)
{
	SET(transfer, CURLOPT_URL, url);
	SET(transfer, CURLOPT_PROTOCOLS_STR, "https,smtp,smtps");
	SET(transfer, CURLOPT_FOLLOWLOCATION, 0L);
	SET(transfer, CURLOPT_PROXY, "");
	SET(transfer, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(transfer, CURLOPT_NOSIGNAL, 1L);
	SET(transfer, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	SET(transfer, CURLOPT_TIMEOUT, WHOLE_SECONDS);
	SET(transfer, CURLOPT_FRESH_CONNECT, 1L);
	SET(transfer, CURLOPT_FORBID_REUSE, 1L);
	SET(transfer, CURLOPT_ERRORBUFFER, transfer->error);
	SET(transfer, CURLOPT_PRIVATE, transfer);
	SET(transfer, CURLOPT_READFUNCTION, on_read);
	SET(transfer, CURLOPT_READDATA, transfer);
	SET(transfer, CURLOPT_WRITEFUNCTION, on_answer);
	SET(transfer, CURLOPT_WRITEDATA, transfer);
	SET(transfer, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
	SET(transfer, CURLOPT_CLOSESOCKETDATA, transfer->transfers);
	return set_trust(transfer);
}

static int set_mail(struct km_transfer *transfer, const struct km_post *post)
{
	struct km_bytes rest = km_bytes_text(post->to->recipients);
	char line[300];
	int err = km_mail_text_write(post, km_clock_unix_us(), &transfer->body);

	while (err == 0 && rest.size > 0) {
		struct km_bytes one = km_bytes_trim(km_bytes_split(&rest, ','));

		(void)snprintf(line, sizeof(line), "<%.*s>", (int)one.size, (const char *)one.data);
		err = add_to_list(transfer, line);
	}
	if (err < 0) {
		return err;
	}
	(void)snprintf(line, sizeof(line), "<%s>", post->to->sender);
	SET(transfer, CURLOPT_MAIL_FROM, line);
	SET(transfer, CURLOPT_MAIL_RCPT, transfer->list);
	SET(transfer, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	SET(transfer, CURLOPT_UPLOAD, 1L);
	SET(transfer, CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->body.size);
	if (post->to->user[0] != '\0') {
		SET(transfer, CURLOPT_USERNAME, post->to->user);
		SET(transfer, CURLOPT_PASSWORD, post->to->password);
	}
	return 0;
}

static int set_webhook(struct km_transfer *transfer, const struct km_post *post)
{
	char signature[KM_NOTICE_JSON_SIGNATURE_SIZE];
	char line[128];
	char id[KM_UUID_TEXT_SIZE];
	int64_t now_s = km_clock_unix_us() / KM_TIME_SECOND_US;
	struct km_json json;
	int err = 0;

	km_json_init(&json, KM_NOTICE_JSON_MAX);
	err = km_notice_json_write(&post->notices[0], post->host_name, &json);
	if (err == 0) {
		km_buf_add(&transfer->body, km_buf_view(&json.buf));
		err = km_notice_json_sign(km_bytes_text(post->to->password), now_s,
		    km_buf_view(&transfer->body), signature);
	}
	km_json_finish(&json);
	if (err == 0) {
		err = add_to_list(transfer, "Content-Type: application/json");
	}
	if (err == 0) {
		(void)snprintf(line, sizeof(line), "X-Komainu-Timestamp: %lld", (long long)now_s);
		err = add_to_list(transfer, line);
	}
	if (err == 0) {
		(void)snprintf(line, sizeof(line), "X-Komainu-Signature: %s", signature);
		err = add_to_list(transfer, line);
	}
	if (err == 0) {
		km_uuid_write(&post->id, id);
		(void)snprintf(line, sizeof(line), "X-Komainu-Notice: %s", id);
		err = add_to_list(transfer, line);
	}
	if (err == 0) {
		err = add_to_list(transfer, "Expect:"); /* the body is small: send it at once */
	}
	if (err < 0) {
		return err;
	}
	SET(transfer, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(transfer, CURLOPT_USERAGENT, "Komainu/" KM_VERSION);
	SET(transfer, CURLOPT_POST, 1L);
	SET(transfer, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)transfer->body.size);
	SET(transfer, CURLOPT_HTTPHEADER, transfer->list);
	return 0;
}

/* libcurl greets a mail server with the name behind the host [RFC 5321 4.1.1.1]. */
static void write_url(const struct km_post *post, char ret_url[static URL_SIZE])
{
	char host[256];
	size_t size = strlen(post->to->url);

	if (post->to->kind != KM_DESTINATION_MAIL) {
		(void)snprintf(ret_url, URL_SIZE, "%s", post->to->url);
		return;
	}
	km_post_write_host(post->host_name, host, sizeof(host));
	(void)snprintf(ret_url, URL_SIZE, "%s%s%s", post->to->url,
	    size > 0 && post->to->url[size - 1] == '/' ? "" : "/", host);
}

static int set_up(struct km_transfer *transfer, const struct km_post *post)
{
	char url[URL_SIZE];
	struct km_service_url checked;
	int err = km_service_url_parse(km_bytes_text(post->to->url), &checked, NULL);

	transfer->easy = curl_easy_init();
	if (err < 0 || transfer->easy == NULL) {
		return err < 0 ? err : KM_ERR_MEMORY;
	}
	write_url(post, url);
	err = set_bounds(transfer, url);
	if (err == 0) {
		err = post->to->kind == KM_DESTINATION_MAIL ? set_mail(transfer, post)
							    : set_webhook(transfer, post);
	}
	return err;
}

int km_transfer_start(struct km_transfers *transfers, const struct km_post *post,
    void (*on_done)(void *context, const struct km_post_outcome *outcome), void *context,
    struct km_transfer **ret_transfer)
{
	struct km_transfer *transfer = calloc(1, sizeof(*transfer));
	int err = 0;

	if (transfer == NULL) {
		return KM_ERR_MEMORY;
	}
	transfer->transfers = transfers;
	transfer->to = post->to;
	transfer->on_done = on_done;
	transfer->context = context;
	km_buf_init(&transfer->body, 2 * KM_MAIL_TEXT_MAX);
	err = set_up(transfer, post);
	if (err == 0 && curl_multi_add_handle(transfers->multi, transfer->easy) != CURLM_OK) {
		err = KM_ERR_MEMORY;
	}
	if (err < 0) {
		end_transfer(transfer);
		return err;
	}
	*ret_transfer = transfer;
	return 0;
}

static void end_transfer(struct km_transfer *transfer)
{
	if (transfer->easy != NULL) {
		(void)curl_multi_remove_handle(transfer->transfers->multi, transfer->easy);
		curl_easy_cleanup(transfer->easy);
	}
	curl_slist_free_all(transfer->list);
	km_buf_finish(&transfer->body);
	free(transfer);
}

void km_transfer_cancel(struct km_transfer *transfer)
{
	if (transfer != NULL) {
		end_transfer(transfer);
	}
}

/* --- all of them --- */

int km_transfers_create(struct km_loop *loop, struct km_transfers **ret_transfers)
{
	struct km_transfers *transfers = calloc(1, sizeof(*transfers));
	int err = 0;

	if (transfers == NULL) {
		return KM_ERR_MEMORY;
	}
	transfers->loop = loop;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(transfers);
		return KM_ERR_CRYPTO;
	}
	err = km_timer_create(loop, on_timer, transfers, &transfers->timer);
	transfers->multi = curl_multi_init();
	if (err == 0 &&
	    (transfers->multi == NULL ||
		curl_multi_setopt(transfers->multi, CURLMOPT_SOCKETFUNCTION, on_socket) !=
		    CURLM_OK ||
		curl_multi_setopt(transfers->multi, CURLMOPT_SOCKETDATA, transfers) != CURLM_OK ||
		curl_multi_setopt(transfers->multi, CURLMOPT_TIMERFUNCTION, on_wish_timer) !=
		    CURLM_OK ||
		curl_multi_setopt(transfers->multi, CURLMOPT_TIMERDATA, transfers) != CURLM_OK)) {
		err = KM_ERR_MEMORY;
	}
	if (err < 0) {
		km_transfers_destroy(transfers);
		return err;
	}
	*ret_transfers = transfers;
	return 0;
}

void km_transfers_destroy(struct km_transfers *transfers)
{
	if (transfers == NULL) {
		return;
	}
	(void)curl_multi_cleanup(transfers->multi);
	while (transfers->sockets != NULL) {
		forget_socket(transfers, transfers->sockets->fd);
	}
	if (transfers->timer != NULL) {
		km_timer_destroy(transfers->timer);
	}
	curl_global_cleanup();
	free(transfers);
}
