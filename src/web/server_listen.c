#include "web/server_listen.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#define BACKLOG 128

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
	struct sockaddr_storage storage;
};

static int fill_address(
    const char *text, uint16_t port, union address *ret_address, socklen_t *ret_size)
{
	union address address = { 0 };

	if (inet_pton(AF_INET, text, &address.four.sin_addr) == 1) {
		address.four.sin_family = AF_INET;
		address.four.sin_port = htons(port);
		*ret_size = sizeof(address.four);
	} else if (inet_pton(AF_INET6, text, &address.six.sin6_addr) == 1) {
		address.six.sin6_family = AF_INET6;
		address.six.sin6_port = htons(port);
		*ret_size = sizeof(address.six);
	} else {
		return KM_ERR_CONFIG;
	}
	*ret_address = address;
	return 0;
}

int km_server_listen_open(const char *text, uint16_t port, int *ret_fd)
{
	union address address;
	socklen_t size = 0;
	int one = 1;
	int zero = 0;
	int fd = -1;
	int err = fill_address(text, port, &address, &size);

	if (err < 0) {
		return err;
	}
	fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		return KM_ERR_SYS;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (address.any.sa_family == AF_INET6) {
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	}
	if (bind(fd, &address.any, size) < 0 || listen(fd, BACKLOG) < 0) {
		int saved = errno;

		(void)close(fd);
		errno = saved;
		return KM_ERR_SYS;
	}
	*ret_fd = fd;
	return 0;
}

static void write_peer(const union address *address, char ret_peer[static KM_SERVER_PEER_SIZE])
{
	const void *bytes = &address->six.sin6_addr;
	int family = AF_INET6;

	if (address->any.sa_family == AF_INET) {
		bytes = &address->four.sin_addr;
		family = AF_INET;
	} else if (IN6_IS_ADDR_V4MAPPED(&address->six.sin6_addr)) {
		bytes = address->six.sin6_addr.s6_addr + 12;
		family = AF_INET;
	}
	if (inet_ntop(family, bytes, ret_peer, KM_SERVER_PEER_SIZE) == NULL) {
		ret_peer[0] = '\0';
	}
}

int km_server_listen_accept(int listen_fd, int *ret_fd, char ret_peer[static KM_SERVER_PEER_SIZE])
{
	union address address = { 0 };
	socklen_t size = sizeof(address);
	int one = 1;
	int fd = accept4(listen_fd, &address.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		return errno == EAGAIN || errno == EWOULDBLOCK ? KM_ERR_AGAIN : KM_ERR_SYS;
	}
	/* Head and body leave in two writes, which must not wait for each other's receipt. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	write_peer(&address, ret_peer);
	*ret_fd = fd;
	return 0;
}

bool km_server_listen_has_hung_up(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLRDHUP };

	return fd >= 0 && poll(&poll_fd, 1, 0) == 1 &&
	       (poll_fd.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}
