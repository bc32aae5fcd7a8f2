#include "floor_live.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* The same cipher as web's, without a certificate: a handshake is no part of the floor. */
#define SUITE      "ADH-AES256-GCM-SHA384:@SECLEVEL=0"
#define READ_BYTES 65536
#define EVENTS_MAX 64

static SSL_CTX *make_context(const SSL_METHOD *method)
{
	SSL_CTX *tls = SSL_CTX_new(method);

	if (tls == NULL || SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(tls, SUITE) != 1 || SSL_CTX_set_dh_auto(tls, 1) != 1) {
		return NULL;
	}
	return tls;
}

static SSL *make_link(SSL_CTX *tls, int fd)
{
	const int on = 1;
	SSL *link = SSL_new(tls);

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return link != NULL && SSL_set_fd(link, fd) == 1 ? link : NULL;
}

/* Read what has come; whether the link goes on. The bytes need not be decrypted here. */
static bool read_link(int fd)
{
	static uint8_t bytes[READ_BYTES];

	return recv(fd, bytes, sizeof(bytes), 0) > 0;
}

/* The viewers: connect, and read until the other side has closed all. Never returns. */
static void view(const struct sockaddr_in *address, uint32_t count)
{
	struct epoll_event events[EVENTS_MAX];
	SSL_CTX *tls = make_context(TLS_client_method());
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	uint32_t left = count;

	for (uint32_t i = 0; i < count; i++) {
		int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
		SSL *link = tls != NULL && fd >= 0 ? make_link(tls, fd) : NULL;

		if (link == NULL ||
		    connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 ||
		    SSL_connect(link) != 1 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) {
			_exit(1);
		}
	}
	while (left > 0) {
		int ready = epoll_wait(epoll, events, EVENTS_MAX, -1);

		for (int i = 0; i < ready; i++) {
			if (!read_link(events[i].data.fd)) {
				(void)close(events[i].data.fd);
				left--;
			}
		}
	}
	_exit(0);
}

/* Twice, so that it is a child of init. */
static bool start_viewers(const struct sockaddr_in *address, uint32_t count)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0) {
		if (fork() == 0) {
			view(address, count);
		}
		_exit(0);
	}
	return child > 0 && waitpid(child, &status, 0) == child;
}

bool km_floor_live_open(uint32_t count, SSL **ret_links)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(address);
	SSL_CTX *tls = make_context(TLS_server_method());
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool is_good = tls != NULL &&
		       bind(listener, (struct sockaddr *)&address, sizeof(address)) == 0 &&
		       listen(listener, 128) == 0 &&
		       getsockname(listener, (struct sockaddr *)&address, &size) == 0 &&
		       start_viewers(&address, count);

	(void)signal(SIGPIPE, SIG_IGN);
	for (uint32_t i = 0; is_good && i < count; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		ret_links[i] = fd >= 0 ? make_link(tls, fd) : NULL;
		is_good = ret_links[i] != NULL && SSL_accept(ret_links[i]) == 1;
	}
	(void)close(listener);
	SSL_CTX_free(tls);
	return is_good;
}
