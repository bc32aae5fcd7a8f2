#include "io/udp.h"

#include "base/error.h"

#include <assert.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#define PAIR_TRIES        32
#define RTCP_BUFFER_BYTES 65536

static int open_port(const struct km_address *local, uint16_t port, int buffer_bytes, int *ret_fd)
{
	struct km_address address = *local;
	int fd = socket(local->u.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return KM_ERR_SYS;
	}
	if (buffer_bytes > 0) {
		/* The system bounds it (net.core.rmem_max); less is not an error. */
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer_bytes, sizeof(buffer_bytes));
	}
	km_address_set_port(&address, port);
	if (bind(fd, &address.u.any, address.size) < 0) {
		int saved = errno;

		(void)close(fd);
		errno = saved;
		return KM_ERR_SYS;
	}
	*ret_fd = fd;
	return 0;
}

/* Returns 0, KM_ERR_AGAIN (odd, or the neighbour is taken) or KM_ERR_SYS. */
static int try_pair(
    const struct km_address *local, int receive_buffer_bytes, struct km_udp_pair *ret_pair)
{
	struct km_udp_pair pair = { .rtp_fd = -1, .rtcp_fd = -1 };
	struct km_address chosen = { .size = sizeof(chosen.u) };
	int err = open_port(local, 0, receive_buffer_bytes, &pair.rtp_fd);

	if (err < 0) {
		return err;
	}
	if (getsockname(pair.rtp_fd, &chosen.u.any, &chosen.size) < 0) {
		err = KM_ERR_SYS;
		goto out;
	}
	pair.rtp_port = km_address_port(&chosen);
	err = KM_ERR_AGAIN;
	if (pair.rtp_port % 2 == 0 && open_port(local, (uint16_t)(pair.rtp_port + 1),
					  RTCP_BUFFER_BYTES, &pair.rtcp_fd) == 0) {
		*ret_pair = pair;
		return 0;
	}
out:
	km_udp_pair_close(&pair);
	return err;
}

int km_udp_pair_open(
    const struct km_address *local, int receive_buffer_bytes, struct km_udp_pair *ret_pair)
{
	for (int i = 0; i < PAIR_TRIES; i++) {
		int err = try_pair(local, receive_buffer_bytes, ret_pair);

		if (err != KM_ERR_AGAIN) {
			return err;
		}
	}
	return KM_ERR_LIMIT;
}

void km_udp_pair_close(struct km_udp_pair *pair)
{
	if (pair->rtp_fd >= 0) {
		(void)close(pair->rtp_fd);
	}
	if (pair->rtcp_fd >= 0) {
		(void)close(pair->rtcp_fd);
	}
	pair->rtp_fd = -1;
	pair->rtcp_fd = -1;
}

static bool is_from(const struct km_address *from, const struct km_address *peer)
{
	return km_address_is_same_host(from, peer) &&
	       (km_address_port(peer) == 0 || km_address_port(peer) == km_address_port(from));
}

int km_udp_receive(int fd, const struct km_address *peer, struct km_udp_packet *packets,
    size_t count, size_t *ret_count, size_t *ret_dropped)
{
	struct mmsghdr headers[KM_UDP_BATCH_MAX];
	struct iovec parts[KM_UDP_BATCH_MAX];
	size_t kept = 0;
	int got = 0;

	assert(count > 0 && count <= KM_UDP_BATCH_MAX);
	memset(headers, 0, sizeof(headers[0]) * count);
	for (size_t i = 0; i < count; i++) {
		parts[i] = (struct iovec){ packets[i].data, packets[i].capacity };
		headers[i].msg_hdr.msg_iov = &parts[i];
		headers[i].msg_hdr.msg_iovlen = 1;
		headers[i].msg_hdr.msg_name = &packets[i].from.u;
		headers[i].msg_hdr.msg_namelen = sizeof(packets[i].from.u);
	}
	do {
		got = recvmmsg(fd, headers, (unsigned)count, MSG_DONTWAIT, NULL);
	} while (got < 0 && errno == EINTR);
	if (got < 0) {
		return errno == EAGAIN || errno == EWOULDBLOCK ? KM_ERR_AGAIN : KM_ERR_SYS;
	}
	for (size_t i = 0; i < (size_t)got; i++) {
		packets[i].size = headers[i].msg_len;
		packets[i].from.size = headers[i].msg_hdr.msg_namelen;
		if ((headers[i].msg_hdr.msg_flags & MSG_TRUNC) == 0 &&
		    (peer == NULL || is_from(&packets[i].from, peer))) {
			struct km_udp_packet swap = packets[kept];

			packets[kept++] = packets[i];
			if (kept - 1 != i) {
				packets[i] = swap;
			}
		}
	}
	*ret_count = kept;
	*ret_dropped = (size_t)got - kept;
	return 0;
}

int km_udp_send(int fd, const struct km_address *to, struct km_bytes packet)
{
	ssize_t sent = 0;

	do {
		sent = sendto(fd, packet.data, packet.size, MSG_DONTWAIT | MSG_NOSIGNAL, &to->u.any,
		    to->size);
	} while (sent < 0 && errno == EINTR);
	if (sent >= 0) {
		return 0;
	}
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? KM_ERR_AGAIN
									   : KM_ERR_SYS;
}
