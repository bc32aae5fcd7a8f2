#include "auditor/ws_search.h"

#include "base/time.h"
#include "crypto/random.h"
#include "io/clock.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKETS_MAX  32
#define DATAGRAM_MAX 65536
#define ANSWERS_MAX  4096         /* of one search: a flood ends it */
#define AGAIN_US     (500 * 1000) /* each probe is sent twice [WS-Discovery 1.0, 3.1.3] */
#define SLICE_MS     100
#define PROBES       2

struct search {
	struct km_ws_search *what;
	struct km_uuid ids[PROBES];
	nfds_t count;
	struct pollfd sockets[SOCKETS_MAX];
	struct km_address groups[SOCKETS_MAX];
	size_t answers;
	uint8_t *datagram;
};

/* --- sockets --- */

/* Bound to the interface's own address, so that the answers come back the same way. */
static int open_v4(const struct sockaddr_in *own)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in from = *own;
	const unsigned char hops = 1;

	from.sin_port = 0;
	if (fd >= 0 && (bind(fd, (const struct sockaddr *)&from, sizeof(from)) < 0 ||
			   setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &own->sin_addr,
			       sizeof(own->sin_addr)) < 0 ||
			   setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof(hops)) < 0)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int open_v6(const struct sockaddr_in6 *own)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in6 from = *own;
	const int hops = 1;
	const int index = (int)own->sin6_scope_id;

	from.sin6_port = 0;
	if (fd >= 0 &&
	    (bind(fd, (const struct sockaddr *)&from, sizeof(from)) < 0 ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index)) < 0 ||
		setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) < 0)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void open_one(struct search *search, const struct sockaddr *own)
{
	struct km_address *group = &search->groups[search->count];
	int fd = -1;

	if (own->sa_family == AF_INET) {
		fd = open_v4((const struct sockaddr_in *)(const void *)own);
		if (km_address_parse(
			KM_BYTES(KM_WS_DISCOVERY_GROUP_V4), KM_WS_DISCOVERY_PORT, group) < 0) {
			return;
		}
	} else {
		const struct sockaddr_in6 *own6 = (const struct sockaddr_in6 *)(const void *)own;

		fd = open_v6(own6);
		if (km_address_parse(
			KM_BYTES(KM_WS_DISCOVERY_GROUP_V6), KM_WS_DISCOVERY_PORT, group) < 0) {
			return;
		}
		group->u.v6.sin6_scope_id = own6->sin6_scope_id;
	}
	if (fd >= 0) {
		search->sockets[search->count++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	}
}

static bool is_wanted(const struct search *search, const struct ifaddrs *at)
{
	const char *only = search->what->interface;
	unsigned unwanted = only[0] == '\0' ? IFF_LOOPBACK : 0;

	if (at->ifa_addr == NULL || (at->ifa_flags & IFF_UP) == 0 ||
	    (at->ifa_flags & unwanted) != 0 ||
	    (only[0] != '\0' && strcmp(only, at->ifa_name) != 0)) {
		return false;
	}
	if (at->ifa_addr->sa_family == AF_INET) {
		return true;
	}
	/* Link-local is what ff02::c is asked from. */
	return at->ifa_addr->sa_family == AF_INET6 &&
	       IN6_IS_ADDR_LINKLOCAL(
		   &((const struct sockaddr_in6 *)(const void *)at->ifa_addr)->sin6_addr);
}

static int open_sockets(struct search *search)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0) {
		return KM_ERR_SYS;
	}
	for (const struct ifaddrs *at = all; at != NULL && search->count < SOCKETS_MAX;
	     at = at->ifa_next) {
		if (is_wanted(search, at)) {
			open_one(search, at->ifa_addr);
		}
	}
	freeifaddrs(all);
	search->what->interface_count = search->count;
	return search->count == 0 ? KM_ERR_NOT_FOUND : 0;
}

/* --- asking and listening --- */

static int ask(struct search *search)
{
	uint8_t storage[KM_WS_DISCOVERY_PROBE_MAX];
	struct km_buf probe;

	km_buf_init_fixed(&probe, storage, sizeof(storage));
	for (unsigned i = 0; i < PROBES; i++) {
		int err = 0;

		km_buf_clear(&probe);
		err = km_ws_discovery_write_probe(
		    &probe, &search->ids[i], (enum km_ws_discovery_type)i);
		if (err < 0) {
			return err;
		}
		for (nfds_t at = 0; at < search->count; at++) {
			const struct km_address *group = &search->groups[at];

			/* An interface without a cable fails: the others may not. */
			(void)sendto(search->sockets[at].fd, probe.data, probe.size, MSG_NOSIGNAL,
			    &group->u.any, group->size);
		}
	}
	return 0;
}

static bool is_same_device(const struct km_ws_device *device, const struct km_ws_match *match,
    const struct km_address *sender)
{
	if (device->match.endpoint[0] != '\0' &&
	    strcmp(device->match.endpoint, match->endpoint) == 0) {
		return true;
	}
	return km_address_is_same_host(&device->sender, sender) &&
	       strcmp(device->match.addresses, match->addresses) == 0;
}

static void take_match(
    struct km_ws_search *what, const struct km_ws_match *match, const struct km_address *sender)
{
	for (size_t i = 0; i < what->count; i++) {
		if (is_same_device(&what->devices[i], match, sender)) {
			return;
		}
	}
	if (what->count < KM_WS_SEARCH_DEVICES_MAX) {
		what->devices[what->count++] =
		    (struct km_ws_device){ .match = *match, .sender = *sender };
	}
}

static void listen_to(struct search *search, int fd)
{
	struct km_ws_match matches[KM_WS_DISCOVERY_MATCHES_MAX];
	struct sockaddr_storage from = { 0 };
	socklen_t from_size = sizeof(from);
	struct km_address sender;
	size_t count = 0;
	int err = 0;
	ssize_t size = recvfrom(
	    fd, search->datagram, DATAGRAM_MAX, 0, (struct sockaddr *)(void *)&from, &from_size);

	if (size < 0 ||
	    km_address_from((const struct sockaddr *)(const void *)&from, from_size, &sender) < 0) {
		return;
	}
	search->answers++;
	err = km_ws_discovery_read(
	    km_bytes_from(search->datagram, (size_t)size), search->ids, PROBES, matches, &count);
	if (err < 0) {
		search->what->broken_count += err == KM_ERR_NOT_FOUND ? 0 : 1;
		return;
	}
	for (size_t i = 0; i < count; i++) {
		take_match(search->what, &matches[i], &sender);
	}
}

static int listen_for(struct search *search)
{
	int64_t now_us = km_clock_monotonic_us();
	int64_t again_us = now_us + AGAIN_US;
	int64_t end_us = now_us + search->what->span_us;
	int err = 0;

	while (err == 0 && now_us < end_us && search->answers < ANSWERS_MAX) {
		int ready = poll(search->sockets, search->count, SLICE_MS);

		if (ready < 0 && errno != EINTR) {
			return KM_ERR_SYS;
		}
		for (nfds_t i = 0; ready > 0 && i < search->count; i++) {
			if (search->sockets[i].revents != 0) {
				listen_to(search, search->sockets[i].fd);
			}
		}
		now_us = km_clock_monotonic_us();
		if (now_us >= again_us) {
			again_us = INT64_MAX;
			err = ask(search);
		}
		if (atomic_load(search->what->is_cancelled)) {
			err = KM_ERR_CLOSED;
		}
	}
	return err;
}

int km_ws_search_run(struct km_ws_search *what)
{
	struct search search = { .what = what, .datagram = malloc(DATAGRAM_MAX) };
	int err = search.datagram == NULL ? KM_ERR_MEMORY : 0;

	what->count = 0;
	for (unsigned i = 0; err == 0 && i < PROBES; i++) {
		err = km_random_uuid(&search.ids[i]);
	}
	if (err == 0) {
		err = open_sockets(&search);
	}
	if (err == 0) {
		err = ask(&search);
	}
	if (err == 0) {
		err = listen_for(&search);
	}
	for (nfds_t i = 0; i < search.count; i++) {
		(void)close(search.sockets[i].fd);
	}
	free(search.datagram);
	return err;
}
