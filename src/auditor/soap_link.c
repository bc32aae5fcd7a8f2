#include "auditor/soap_link.h"

#include "auditor/soap_reply.h"
#include "base/text.h"
#include "base/time.h"
#include "crypto/secret.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_MS     4000L
#define HEADERS_MAX    ((size_t)64 * 1024)
#define CHALLENGES_MAX 8
#define CHALLENGE_SIZE 1024
#define URL_SIZE       1024
#define SYSTEM_CA      "/etc/ssl/certs/ca-certificates.crt"
/* Cameras sign their own certificates with RSA of 1024 bits: level 2, Debian's, takes none. */
#define CIPHERS "DEFAULT@SECLEVEL=1"

struct km_soap_link {
	struct km_job *job;
	CURL *easy;
	struct km_buf addresses; /* "host:port:address,address" for libcurl, made anew each time */
	char host[KM_JOB_HOST_SIZE];
	bool is_literal; /* digits: there is no name to look up */
	bool is_literal_v6;
	enum km_soap_trust trust;
	bool is_refused; /* the gate let nothing through */
	/* of the request under way */
	const struct km_soap_post *post;
	struct km_soap_answer *answer;
	uint64_t sent;
	size_t header_bytes;
	size_t challenge_count;
	char challenges[CHALLENGES_MAX][CHALLENGE_SIZE];
	char error[CURL_ERROR_SIZE];
};

int km_soap_link_prepare(void)
{
	km_soap_reply_prepare();
	return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? 0 : KM_ERR_CRYPTO;
}

/* --- what libcurl calls --- */

static curl_socket_t on_open_socket(
    void *context, curlsocktype purpose, struct curl_sockaddr *target)
{
	struct km_soap_link *link = context;
	struct km_address address;
	int fd = -1;

	(void)purpose;
	if (km_address_from(&target->addr, target->addrlen, &address) < 0 ||
	    !km_egress_is_allowed(&link->job->egress, &address)) {
		link->is_refused = true;
		return CURL_SOCKET_BAD;
	}
	if (km_egress_socket(&link->job->egress, &address, SOCK_STREAM, &fd) < 0) {
		return CURL_SOCKET_BAD;
	}
	return fd;
}

static int on_progress(
    void *context, curl_off_t down_total, curl_off_t down, curl_off_t up_total, curl_off_t up)
{
	struct km_soap_link *link = context;

	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	return km_job_is_cancelled(link->job) ? 1 : 0;
}

static size_t on_body(char *data, size_t size, size_t count, void *context)
{
	struct km_soap_link *link = context;

	km_buf_add_data(&link->answer->body, data, size * count);
	return km_buf_error(&link->answer->body) < 0 ? 0 : size * count;
}

static void note_challenge(struct km_soap_link *link, struct km_bytes value)
{
	if (link->challenge_count < CHALLENGES_MAX &&
	    km_bytes_copy_text(value, link->challenges[link->challenge_count], CHALLENGE_SIZE) ==
		0) {
		link->challenge_count++;
	}
}

static size_t on_header(char *data, size_t size, size_t count, void *context)
{
	struct km_soap_link *link = context;
	struct km_bytes rest = km_bytes_from(data, size * count);
	struct km_bytes name;

	link->header_bytes += size * count;
	if (link->header_bytes > HEADERS_MAX) {
		return 0;
	}
	if (km_bytes_find(rest, ':') < rest.size) {
		name = km_bytes_split(&rest, ':');
		if (km_bytes_is_equal_nocase(name, KM_BYTES("WWW-Authenticate"))) {
			note_challenge(link, km_bytes_trim(rest));
		}
	}
	return size * count;
}

static size_t on_read(char *ret_data, size_t size, size_t count, void *context)
{
	struct km_soap_link *link = context;
	uint64_t left = link->post->file_size - link->sent;
	size_t want = size * count < left ? size * count : (size_t)left;
	ssize_t got = pread(link->post->file_fd, ret_data, want, (off_t)link->sent);

	if (got < 0 || (got == 0 && want > 0)) {
		return CURL_READFUNC_ABORT;
	}
	link->sent += (uint64_t)got;
	return (size_t)got;
}

/* --- who the other side is --- */

static bool is_made_out_to(X509 *certificate, const char *host)
{
	struct km_address address;

	if (km_address_parse(km_bytes_text(host), 0, &address) == 0) {
		return X509_check_ip_asc(certificate, host, 0) == 1;
	}
	return X509_check_host(certificate, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) ==
	       1;
}

/* Called by OpenSSL instead of its own check. A pin that does not match ends the connection; what
 * is not known to anybody goes on, but gets no password to read. Returns 1 to go on. */
static int on_certificate(X509_STORE_CTX *chain, void *context)
{
	struct km_soap_link *link = context;
	X509 *certificate = X509_STORE_CTX_get0_cert(chain);
	uint8_t sha256[32];
	unsigned size = 0;

	link->trust = KM_SOAP_TRUST_UNVERIFIED;
	if (certificate == NULL || X509_digest(certificate, EVP_sha256(), sha256, &size) != 1) {
		return 0;
	}
	if (link->job->has_pin) {
		if (!km_secret_is_equal_bytes(KM_BYTES_OF(link->job->pin), KM_BYTES_OF(sha256))) {
			X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
			(void)snprintf(link->answer->why, sizeof(link->answer->why),
			    "its certificate is not the one that its entry holds: it was renewed, "
			    "or another device answers");
			return 0;
		}
		link->trust = KM_SOAP_TRUST_PINNED;
	} else if (X509_verify_cert(chain) == 1 && is_made_out_to(certificate, link->host)) {
		link->trust = KM_SOAP_TRUST_VERIFIED;
	}
	if (link->trust == KM_SOAP_TRUST_UNVERIFIED && link->post->needs_trust) {
		X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
		(void)snprintf(link->answer->why, sizeof(link->answer->why),
		    "its certificate is neither verified nor pinned, so no secret is sent");
		return 0;
	}
	X509_STORE_CTX_set_error(chain, X509_V_OK);
	return 1;
}

static CURLcode on_tls(CURL *easy, void *context, void *link)
{
	SSL_CTX *tls = context;

	(void)easy;
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(tls, on_certificate, link);
	if (!((struct km_soap_link *)link)->job->has_pin) {
		/* A system without authorities is not an error: nobody is verified then. */
		(void)SSL_CTX_load_verify_file(tls, SYSTEM_CA);
	}
	return CURLE_OK;
}

/* --- set-up --- */

#define SET(easy, option, value)                                                                   \
	do {                                                                                       \
		if (curl_easy_setopt((easy), (option), (value)) != CURLE_OK) {                     \
			return KM_ERR_MEMORY;                                                      \
		}                                                                                  \
	} while (0)

static int set_callbacks(struct km_soap_link *link)
{
	CURL *easy = link->easy;

	SET(easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
	SET(easy, CURLOPT_OPENSOCKETDATA, link);
	SET(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
	SET(easy, CURLOPT_XFERINFODATA, link);
	SET(easy, CURLOPT_NOPROGRESS, 0L);
	SET(easy, CURLOPT_WRITEFUNCTION, on_body);
	SET(easy, CURLOPT_WRITEDATA, link);
	SET(easy, CURLOPT_HEADERFUNCTION, on_header);
	SET(easy, CURLOPT_HEADERDATA, link);
	SET(easy, CURLOPT_READFUNCTION, on_read);
	SET(easy, CURLOPT_READDATA, link);
	SET(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls);
	SET(easy, CURLOPT_SSL_CTX_DATA, link);
	SET(easy, CURLOPT_ERRORBUFFER, link->error);
	return 0;
}

static int set_bounds(struct km_soap_link *link)
{
	CURL *easy = link->easy;

	SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(easy, CURLOPT_FOLLOWLOCATION, 0L);
	SET(easy, CURLOPT_PROXY, "");
	SET(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(easy, CURLOPT_NOSIGNAL, 1L);
	SET(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
	SET(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(easy, CURLOPT_PATH_AS_IS, 1L);
	SET(easy, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
	SET(easy, CURLOPT_MAXCONNECTS, 2L);
	SET(easy, CURLOPT_USERAGENT, "Komainu/" KM_VERSION);
	SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(easy, CURLOPT_SSL_CIPHER_LIST, CIPHERS);
	/* on_certificate decides instead; it is not called for a session that is taken up again. */
	SET(easy, CURLOPT_SSL_VERIFYPEER, 0L);
	SET(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	SET(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	return 0;
}

int km_soap_link_create(struct km_job *job, struct km_soap_link **ret_link)
{
	struct km_soap_link *link = calloc(1, sizeof(*link));
	struct km_bytes host = km_bytes_text(job->host);
	struct km_address address;
	int err = 0;

	if (link == NULL) {
		return KM_ERR_MEMORY;
	}
	link->job = job;
	if (host.size > 2 && host.data[0] == '[') {
		host = km_bytes_slice(host, 1, host.size - 2);
	}
	(void)km_bytes_copy_text(host, link->host, sizeof(link->host));
	link->is_literal = km_address_parse(host, 0, &address) == 0;
	link->is_literal_v6 = link->is_literal && address.u.any.sa_family == AF_INET6;
	km_buf_init(&link->addresses, 4096);
	link->easy = curl_easy_init();
	err = link->easy == NULL ? KM_ERR_MEMORY : set_callbacks(link);
	if (err == 0) {
		err = set_bounds(link);
	}
	if (err < 0) {
		km_soap_link_destroy(link);
		return err;
	}
	*ret_link = link;
	return 0;
}

void km_soap_link_destroy(struct km_soap_link *link)
{
	if (link != NULL) {
		if (link->easy != NULL) {
			curl_easy_cleanup(link->easy);
		}
		km_buf_finish(&link->addresses);
		free(link);
	}
}

enum km_soap_trust km_soap_link_trust(const struct km_soap_link *link)
{
	return link->trust;
}

void km_soap_link_release(struct km_soap_answer *answer)
{
	km_buf_finish(&answer->body);
	explicit_bzero(answer, sizeof(*answer));
}

/* --- a request --- */

/* libcurl shall not look up names: the gate has the addresses. */
static void write_addresses(struct km_soap_link *link, uint16_t port)
{
	const struct km_egress *egress = &link->job->egress;

	km_buf_clear(&link->addresses);
	km_buf_add_format(&link->addresses, "%s:%u:", link->host, (unsigned)port);
	for (size_t i = 0; i < egress->address_count; i++) {
		char text[KM_ADDRESS_TEXT_SIZE];
		bool is_v6 = egress->addresses[i].u.any.sa_family == AF_INET6;

		km_address_write_host(&egress->addresses[i], text);
		km_buf_add_format(&link->addresses, "%s%s%s%s", i > 0 ? "," : "", is_v6 ? "[" : "",
		    text, is_v6 ? "]" : "");
	}
	km_buf_add_u8(&link->addresses, '\0');
}

static bool is_path(const char *path)
{
	for (const char *at = path; *at != '\0'; at++) {
		if (*at <= ' ' || *at > '~' || *at == '#') {
			return false;
		}
	}
	return path[0] == '/';
}

static int add_header(struct curl_slist **list, const char *name, const char *value)
{
	char line[2048];
	struct curl_slist *longer = NULL;
	int size = snprintf(line, sizeof(line), "%s: %s", name, value);

	if (size < 0 || (size_t)size >= sizeof(line)) {
		return KM_ERR_LIMIT;
	}
	longer = curl_slist_append(*list, line);
	explicit_bzero(line, sizeof(line));
	if (longer == NULL) {
		return KM_ERR_MEMORY;
	}
	*list = longer;
	return 0;
}

/* "Expect:" without a value: the body is sent at once, as few cameras know how to go on. */
static int make_headers(const struct km_soap_post *post, struct curl_slist **ret_list)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");
	int err = list == NULL ? KM_ERR_MEMORY : 0;

	if (err == 0) {
		err = add_header(&list, "Content-Type", post->content_type);
	}
	if (err == 0 && post->authorization != NULL) {
		err = add_header(&list, "Authorization", post->authorization);
	}
	if (err < 0) {
		curl_slist_free_all(list);
		return err;
	}
	*ret_list = list;
	return 0;
}

static int set_request(struct km_soap_link *link, const struct km_soap_post *post, const char *url,
    struct curl_slist *headers, struct curl_slist *addresses)
{
	CURL *easy = link->easy;

	SET(easy, CURLOPT_URL, url);
	SET(easy, CURLOPT_HTTPHEADER, headers);
	SET(easy, CURLOPT_RESOLVE, addresses);
	SET(easy, CURLOPT_TIMEOUT_MS, (long)(post->patience_us / 1000) + 1);
	/* The check of a certificate belongs to a connection's start. */
	SET(easy, CURLOPT_FRESH_CONNECT, post->needs_trust ? 1L : 0L);
	SET(easy, CURLOPT_POST, 1L);
	if (post->body.size > 0 || post->file_size == 0) {
		SET(easy, CURLOPT_POSTFIELDS,
		    post->body.size > 0 ? (const char *)post->body.data : "");
		SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->body.size);
	} else {
		SET(easy, CURLOPT_POSTFIELDS, NULL);
		SET(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)post->file_size);
	}
	return 0;
}

static void choose_challenge(struct km_soap_link *link, struct km_soap_answer *answer)
{
	struct km_bytes values[CHALLENGES_MAX];

	for (size_t i = 0; i < link->challenge_count; i++) {
		values[i] = km_bytes_text(link->challenges[i]);
	}
	answer->has_challenge =
	    km_digest_auth_choose(values, link->challenge_count, true, &answer->challenge) == 0;
	answer->offers_basic =
	    answer->has_challenge && answer->challenge.scheme == KM_DIGEST_AUTH_BASIC;
}

static int judge(struct km_soap_link *link, CURLcode code, struct km_soap_answer *answer)
{
	if (code == CURLE_OK) {
		choose_challenge(link, answer);
		return 0;
	}
	if (answer->why[0] == '\0') {
		(void)snprintf(answer->why, sizeof(answer->why), "%s",
		    link->is_refused         ? "it is not an address of this camera"
		    : link->error[0] != '\0' ? link->error
					     : curl_easy_strerror(code));
	} else {
		return KM_ERR_DENIED; /* on_certificate said it */
	}
	switch (code) {
	case CURLE_OPERATION_TIMEDOUT:
		return KM_ERR_TIMEOUT;
	case CURLE_ABORTED_BY_CALLBACK:
		return km_job_is_cancelled(link->job) ? KM_ERR_CLOSED : KM_ERR_SYS;
	case CURLE_WRITE_ERROR:
		(void)snprintf(answer->why, sizeof(answer->why), "its answer is too long");
		return KM_ERR_LIMIT;
	case CURLE_OUT_OF_MEMORY:
		return KM_ERR_MEMORY;
	case CURLE_GOT_NOTHING:
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
	case CURLE_PARTIAL_FILE:
		return KM_ERR_FORMAT;
	default:
		return link->is_refused ? KM_ERR_DENIED : KM_ERR_SYS;
	}
}

static int perform(struct km_soap_link *link, const struct km_soap_post *post, const char *url,
    struct km_soap_answer *answer)
{
	struct curl_slist *headers = NULL;
	struct curl_slist *addresses = NULL;
	long sent_bytes = 0;
	int err = make_headers(post, &headers);

	/* An entry for digits would be needless, and one for those of IPv6 is an error to libcurl.
	 */
	if (err == 0 && !link->is_literal) {
		write_addresses(link, post->port);
		addresses = curl_slist_append(NULL, (const char *)link->addresses.data);
		err = addresses == NULL ? KM_ERR_MEMORY : 0;
	}
	if (err == 0) {
		err = set_request(link, post, url, headers, addresses);
	}
	if (err == 0) {
		err = judge(link, curl_easy_perform(link->easy), answer);
		(void)curl_easy_getinfo(link->easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
		answer->was_sent = sent_bytes > 0;
	}
	if (err == 0) {
		(void)curl_easy_getinfo(link->easy, CURLINFO_RESPONSE_CODE, &answer->status);
	}
	(void)curl_easy_setopt(link->easy, CURLOPT_HTTPHEADER, NULL);
	(void)curl_easy_setopt(link->easy, CURLOPT_RESOLVE, NULL);
	(void)curl_easy_setopt(link->easy, CURLOPT_POSTFIELDS, NULL);
	for (struct curl_slist *line = headers; line != NULL; line = line->next) {
		explicit_bzero(line->data, strlen(line->data));
	}
	curl_slist_free_all(headers);
	curl_slist_free_all(addresses);
	return err;
}

int km_soap_link_post(
    struct km_soap_link *link, const struct km_soap_post *post, struct km_soap_answer *ret_answer)
{
	char url[URL_SIZE];
	int size = snprintf(url, sizeof(url), "%s://%s%s%s:%u%s", post->is_tls ? "https" : "http",
	    link->is_literal_v6 ? "[" : "", link->host, link->is_literal_v6 ? "]" : "",
	    (unsigned)post->port, post->path);
	int err = 0;

	*ret_answer = (struct km_soap_answer){ 0 };
	km_buf_init(&ret_answer->body, KM_SOAP_REPLY_MAX);
	if (size < 0 || (size_t)size >= sizeof(url) || !is_path(post->path)) {
		(void)snprintf(ret_answer->why, sizeof(ret_answer->why), "its URL makes no sense");
		return KM_ERR_FORMAT;
	}
	if (post->needs_trust && !post->is_tls) {
		(void)snprintf(ret_answer->why, sizeof(ret_answer->why),
		    "the connection is readable for others, so no secret is sent");
		return KM_ERR_DENIED;
	}
	err = km_egress_wait(&link->job->egress);
	if (err < 0) {
		return err;
	}
	link->post = post;
	link->answer = ret_answer;
	link->sent = 0;
	link->header_bytes = 0;
	link->challenge_count = 0;
	link->is_refused = false;
	link->error[0] = '\0';
	link->trust = post->is_tls ? link->trust : KM_SOAP_TRUST_CLEAR;
	err = perform(link, post, url, ret_answer);
	link->post = NULL;
	link->answer = NULL;
	return err;
}
