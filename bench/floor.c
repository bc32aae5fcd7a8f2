/*
 * komainu-bench-floor: the least work that recording can be. See README.md.
 *
 * Reads N streams of the replay server, strips interleaving and RTP headers, gathers the payload in
 * buffers of 256 KiB, encrypts each with AES-256-GCM and writes it to one file per camera, with an
 * fdatasync every 8 MB. In the mode `live` it also sends each picture over TLS to a viewer. It
 * knows its one peer: anything unexpected ends it.
 */
#include "floor_live.h"

#include "base/bytes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define CAMERAS_MAX   1024
#define BUFFER_BYTES  262144
#define TAG_BYTES     16
#define SYNC_BYTES    8000000
#define HEAD_BYTES    16 /* interleaved header and RTP header */
#define RTCP_HEAD     4
#define ANSWER_BYTES  8192
#define RECEIVE_BYTES 1048576
#define EVENTS_MAX    64

struct camera {
	int socket;
	int file;
	uint8_t head[HEAD_BYTES];
	size_t head_size;
	size_t payload_left;
	bool is_rtp;
	bool is_last; /* packet of a picture */
	uint8_t *buffer;
	size_t buffer_size;
	size_t unseen_from; /* what follows in the buffer was not sent to the viewer */
	uint64_t offset;
	uint64_t unsynced;
	uint64_t blocks;
	EVP_CIPHER_CTX *cipher;
};

struct floor {
	struct camera cameras[CAMERAS_MAX];
	uint32_t camera_count;
	uint32_t tick_ms; /* 0: wake for each arrival */
	bool is_live;
	SSL *viewers[CAMERAS_MAX];
	int receive_bytes;
	uint16_t port;
	const char *folder;
	uint8_t received[BUFFER_BYTES];
	uint8_t sealed[BUFFER_BYTES + TAG_BYTES];
	int epoll;
	int signals;
	int timer;
	bool is_over;
	uint64_t packets;
	uint64_t frames;
	uint64_t bytes;
	uint64_t wakes;
};

static void die(const char *what)
{
	fprintf(stderr, "komainu-bench-floor: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* One picture, or its part before a block ends, in as few records as there can be. */
static void show(struct floor *floor, struct camera *camera)
{
	size_t size = camera->buffer_size - camera->unseen_from;

	if (floor->is_live && size > 0 &&
	    SSL_write(floor->viewers[camera - floor->cameras], camera->buffer + camera->unseen_from,
		(int)size) != (int)size) {
		die("viewer");
	}
	camera->unseen_from = camera->buffer_size;
}

/* Encrypt what is gathered, under a nonce that counts, and write it. */
static void flush(struct floor *floor, struct camera *camera)
{
	uint8_t nonce[12] = { 0 };
	int size = 0;
	int last = 0;

	if (camera->buffer_size == 0) {
		return;
	}
	show(floor, camera);
	memcpy(nonce, &camera->blocks, sizeof(camera->blocks));
	camera->blocks++;
	if (!EVP_EncryptInit_ex(camera->cipher, NULL, NULL, NULL, nonce) ||
	    !EVP_EncryptUpdate(
		camera->cipher, floor->sealed, &size, camera->buffer, (int)camera->buffer_size) ||
	    !EVP_EncryptFinal_ex(camera->cipher, floor->sealed + size, &last) ||
	    !EVP_CIPHER_CTX_ctrl(
		camera->cipher, EVP_CTRL_GCM_GET_TAG, TAG_BYTES, floor->sealed + size)) {
		die("AES-256-GCM");
	}
	size += TAG_BYTES;
	if (pwrite(camera->file, floor->sealed, (size_t)size, (off_t)camera->offset) != size) {
		die("write");
	}
	camera->offset += (uint64_t)size;
	camera->unsynced += (uint64_t)size;
	camera->buffer_size = 0;
	camera->unseen_from = 0;
	if (camera->unsynced >= SYNC_BYTES) {
		if (fdatasync(camera->file)) {
			die("fdatasync");
		}
		camera->unsynced = 0;
	}
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* A whole head is there: learn how much payload follows it. */
static void take_head(struct floor *floor, struct camera *camera)
{
	const uint8_t *head = camera->head;
	size_t size = (size_t)head[2] << 8 | head[3];

	camera->is_rtp = (head[1] & 1) == 0;
	camera->payload_left = camera->is_rtp ? size - (HEAD_BYTES - RTCP_HEAD) : size;
	if (head[0] != '$' || (camera->is_rtp && size < HEAD_BYTES - RTCP_HEAD)) {
		die("not an interleaved frame");
	}
	if (camera->is_rtp) {
		floor->packets++;
		camera->is_last = head[5] >> 7 != 0;
		floor->frames += camera->is_last;
	}
}

/* First the four bytes that say how much follows; for RTP twelve more. */
static size_t head_wanted(const struct camera *camera)
{
	return camera->head_size < RTCP_HEAD ? RTCP_HEAD : HEAD_BYTES;
}

static bool is_head_whole(const struct camera *camera)
{
	return camera->head_size == HEAD_BYTES ||
	       (camera->head_size == RTCP_HEAD && (camera->head[1] & 1));
}

static void take_payload(
    struct floor *floor, struct camera *camera, const uint8_t *data, size_t size)
{
	while (camera->is_rtp && size > 0) {
		size_t part = smaller(size, BUFFER_BYTES - camera->buffer_size);

		memcpy(camera->buffer + camera->buffer_size, data, part);
		camera->buffer_size += part;
		data += part;
		size -= part;
		if (camera->buffer_size == BUFFER_BYTES) {
			flush(floor, camera);
		}
	}
}

static void take(struct floor *floor, struct camera *camera, const uint8_t *data, size_t size)
{
	size_t part = 0;

	while (size > 0) {
		if (camera->payload_left > 0) {
			part = smaller(size, camera->payload_left);
			take_payload(floor, camera, data, part);
			camera->payload_left -= part;
			if (camera->payload_left == 0 && camera->is_rtp && camera->is_last) {
				show(floor, camera);
			}
		} else {
			part = smaller(size, head_wanted(camera) - camera->head_size);
			memcpy(camera->head + camera->head_size, data, part);
			camera->head_size += part;
			if (is_head_whole(camera)) {
				take_head(floor, camera);
				camera->head_size = 0;
			}
		}
		data += part;
		size -= part;
	}
}

/* One recv; whether there may be more. */
static bool receive(struct floor *floor, struct camera *camera)
{
	ssize_t got = recv(camera->socket, floor->received, sizeof(floor->received), MSG_DONTWAIT);

	if (got < 0 && errno == EAGAIN) {
		return false;
	}
	if (got <= 0) {
		floor->is_over = true;
		return false;
	}
	floor->bytes += (uint64_t)got;
	take(floor, camera, floor->received, (size_t)got);
	return got == (ssize_t)sizeof(floor->received);
}

static void drain_all(struct floor *floor)
{
	uint64_t expirations = 0;

	if (read(floor->timer, &expirations, sizeof(expirations)) < 0) {
		return;
	}
	for (uint32_t i = 0; i < floor->camera_count; i++) {
		while (receive(floor, &floor->cameras[i])) {
		}
	}
}

static void run(struct floor *floor)
{
	struct epoll_event events[EVENTS_MAX];

	while (!floor->is_over) {
		int count = epoll_wait(floor->epoll, events, EVENTS_MAX, -1);

		floor->wakes++;
		for (int i = 0; i < count; i++) {
			if (events[i].data.ptr == &floor->signals) {
				floor->is_over = true;
			} else if (events[i].data.ptr == &floor->timer) {
				drain_all(floor);
			} else {
				receive(floor, events[i].data.ptr);
			}
		}
	}
}

/* Read exactly one answer with its body, byte by byte so that no media is swallowed. */
static void read_answer(int fd)
{
	char text[ANSWER_BYTES] = "";
	size_t size = 0;
	const char *length = NULL;
	size_t body = 0;

	while (size < 4 || memcmp(text + size - 4, "\r\n\r\n", 4) != 0) {
		if (size == sizeof(text) - 1 || recv(fd, text + size, 1, 0) != 1) {
			die("RTSP answer");
		}
		size++;
	}
	length = strcasestr(text, "Content-Length:");
	body = length ? strtoul(length + strlen("Content-Length:"), NULL, 10) : 0;
	if (strncmp(text, "RTSP/1.0 200", 12) != 0 || body > sizeof(text) ||
	    (body > 0 && recv(fd, text, body, MSG_WAITALL) != (ssize_t)body)) {
		die("RTSP answer");
	}
}

static void ask(const struct floor *floor, int fd, uint32_t index, const char *format)
{
	char text[512];
	char request[640];
	int size = 0;

	snprintf(text, sizeof(text), "rtsp://127.0.0.1:%u/%u", floor->port, index);
	size = snprintf(request, sizeof(request), "%.*s %s%s", (int)strcspn(format, " "), format,
	    text, format + strcspn(format, " "));
	if (send(fd, request, (size_t)size, MSG_NOSIGNAL) != size) {
		die("RTSP request");
	}
	read_answer(fd);
}

static void open_stream(struct floor *floor, uint32_t index)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(floor->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (setsockopt(
		fd, SOL_SOCKET, SO_RCVBUF, &floor->receive_bytes, sizeof(floor->receive_bytes)) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		die("connect");
	}
	ask(floor, fd, index, "DESCRIBE  RTSP/1.0\r\nCSeq: 1\r\n\r\n");
	ask(floor, fd, index,
	    "SETUP /trackID=0 RTSP/1.0\r\nCSeq: 2\r\n"
	    "Transport: RTP/AVP/TCP;unicast;interleaved=0-1\r\n\r\n");
	ask(floor, fd, index, "PLAY  RTSP/1.0\r\nCSeq: 3\r\n\r\n");
	floor->cameras[index].socket = fd;
}

static void open_camera(struct floor *floor, uint32_t index)
{
	struct camera *camera = &floor->cameras[index];
	uint8_t key[32];
	char path[4096];

	snprintf(path, sizeof(path), "%s/%u.gcm", floor->folder, index);
	camera->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	camera->buffer = malloc(BUFFER_BYTES);
	camera->cipher = EVP_CIPHER_CTX_new();
	if (camera->file < 0 || !camera->buffer || !camera->cipher ||
	    RAND_bytes(key, sizeof(key)) != 1 ||
	    !EVP_EncryptInit_ex(camera->cipher, EVP_aes_256_gcm(), NULL, key, NULL)) {
		die(path);
	}
	open_stream(floor, index);
}

static void watch(struct floor *floor, int fd, void *tag)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = tag };

	if (fd < 0 || epoll_ctl(floor->epoll, EPOLL_CTL_ADD, fd, &event)) {
		die("epoll");
	}
}

static void start(struct floor *floor)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	floor->epoll = epoll_create1(EPOLL_CLOEXEC);
	floor->signals = signalfd(-1, &set, SFD_CLOEXEC);
	watch(floor, floor->signals, &floor->signals);
	if (floor->is_live && !km_floor_live_open(floor->camera_count, floor->viewers)) {
		die("viewers");
	}
	for (uint32_t i = 0; i < floor->camera_count; i++) {
		open_camera(floor, i);
		if (floor->tick_ms == 0) {
			watch(floor, floor->cameras[i].socket, &floor->cameras[i]);
		}
	}
	if (floor->tick_ms > 0) {
		struct timespec tick = {
			.tv_sec = floor->tick_ms / 1000,
			.tv_nsec = (long)(floor->tick_ms % 1000) * 1000000,
		};
		struct itimerspec spec = { .it_interval = tick, .it_value = tick };

		floor->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
		timerfd_settime(floor->timer, 0, &spec, NULL);
		watch(floor, floor->timer, &floor->timer);
	}
	printf("{\"event\":\"ready\",\"cameras\":%u}\n", floor->camera_count);
	fflush(stdout);
}

/* Take what the sockets still hold, write the last blocks, print the counts. */
static void finish(struct floor *floor)
{
	struct rusage usage;

	for (uint32_t i = 0; i < floor->camera_count; i++) {
		struct camera *camera = &floor->cameras[i];

		while (receive(floor, camera)) {
		}
		flush(floor, camera);
		EVP_CIPHER_CTX_free(camera->cipher);
		SSL_free(floor->viewers[i]);
		free(camera->buffer);
		close(camera->file);
		close(camera->socket);
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("{\"event\":\"end\",\"mode\":\"%s\",\"packets\":%" PRIu64 ",\"frames\":%" PRIu64
	       ",\"bytes\":%" PRIu64 ",\"wakes\":%" PRIu64 ",\"cpu_s\":%.6f}\n",
	    floor->tick_ms   ? "tick"
	    : floor->is_live ? "live"
			     : "arrival",
	    floor->packets, floor->frames, floor->bytes, floor->wakes,
	    (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
}

static const char help[] =
    "komainu-bench-floor: the least work that recording N cameras can be\n\n"
    "  --port N          of komainu-bench-replay\n"
    "  --cameras N       streams /0 to /N-1 (1)\n"
    "  --dir FOLDER      one file per camera there\n"
    "  --mode NAME       arrival: wake for what comes (default); tick: drain all together;\n"
    "                    live: arrival, and each picture goes to a viewer over TLS\n"
    "  --tick-ms N       1 to 10000, for --mode tick (200)\n"
    "  --rcvbuf BYTES    of each socket; must hold a tick's data (1048576)\n\n"
    "Runs until SIGTERM, then prints its counts as JSON.\n";

static bool parse_number(const char *name, const char *text, uint32_t most, uint32_t *ret_value)
{
	if (km_bytes_parse_u32(km_bytes_text(text), most, ret_value)) {
		fprintf(stderr, "--%s: '%s' is not right; give a whole number up to %u\n", name,
		    text, most);
		return false;
	}
	return true;
}

static bool parse_mode(const char *text, struct floor *floor, bool *ret_is_tick)
{
	*ret_is_tick = strcmp(text, "tick") == 0;
	floor->is_live = strcmp(text, "live") == 0;
	if (!*ret_is_tick && !floor->is_live && strcmp(text, "arrival") != 0) {
		fprintf(stderr, "--mode: '%s' is not right; give arrival, live or tick\n", text);
		return false;
	}
	return true;
}

static bool parse(int argc, char **argv, struct floor *floor)
{
	static const struct option table[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "cameras", required_argument, NULL, 'n' },
		{ "dir", required_argument, NULL, 'd' },
		{ "mode", required_argument, NULL, 'm' },
		{ "tick-ms", required_argument, NULL, 't' },
		{ "rcvbuf", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	uint32_t values['t' + 1] = { ['n'] = 1, ['t'] = 200, ['r'] = RECEIVE_BYTES };
	const uint32_t most['t' + 1] = {
		['n'] = CAMERAS_MAX, ['p'] = 65535, ['t'] = 10000, ['r'] = 1 << 30
	};
	bool is_tick = false;
	int index = 0;
	int found = 0;

	while ((found = getopt_long(argc, argv, "", table, &index)) != -1) {
		if (found == 'd') {
			floor->folder = optarg;
		} else if (found == 'h') {
			fputs(help, stdout);
			exit(0);
		} else if (found == '?' || (found == 'm' && !parse_mode(optarg, floor, &is_tick)) ||
			   (found != 'm' && !parse_number(table[index].name, optarg, most[found],
						&values[found]))) {
			return false;
		}
	}
	floor->port = (uint16_t)values['p'];
	floor->camera_count = values['n'];
	floor->receive_bytes = (int)values['r'];
	floor->tick_ms = is_tick ? values['t'] : 0;
	if (!floor->folder || floor->port == 0 || floor->camera_count == 0 || optind < argc ||
	    (is_tick && floor->tick_ms == 0)) {
		fprintf(stderr, "give --port and --dir, numbers from 1; --help lists all\n");
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct floor floor;

	if (!parse(argc, argv, &floor)) {
		return 2;
	}
	start(&floor);
	run(&floor);
	finish(&floor);
	return 0;
}
