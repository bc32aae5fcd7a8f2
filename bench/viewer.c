/*
 * komainu-bench-viewer: watches cameras live over WebSocket, as the page does. See README.md.
 *
 * Reads from standard input the session's cookie, then a camera id a line. Says what it saw when
 * SIGTERM comes. Pictures tell by their stamp (replay_clip.h) when they were sent; those that were
 * sent before the viewer came are part of its first burst and count as fragments only.
 */
#include "replay_clip.h"

#include "base/bytes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CAMERAS_MAX  1024
#define DELAYS_MAX   1000000
#define HEAD_MAX     8192
#define CONTROL_MAX  125
#define READ_BYTES   32768
#define TAIL_BYTES   KM_REPLAY_CLIP_STAMP_BYTES
#define SANE_US      INT64_C(60000000)
#define OP_TEXT      1
#define OP_BINARY    2
#define OP_CLOSE     8
#define OP_PING      9
#define OP_PONG      10
#define MASK_BIT     0x80
#define FINAL_BIT    0x80
#define HEADER_BYTES 14 /* of a WebSocket frame, at most [RFC 6455 5.2] */

struct camera {
	int fd;
	SSL *ssl;
	int64_t began_us;
	int64_t first_us; /* of the first picture; 0: none yet */
	uint8_t header[HEADER_BYTES];
	size_t header_size;
	uint64_t left; /* bytes of the frame's payload to come */
	bool is_in_frame;
	bool is_closed;
	uint8_t opcode;  /* of the message */
	uint8_t control; /* of the frame, if it is a control frame; 0 */
	uint8_t kept[CONTROL_MAX];
	size_t kept_size;
	uint8_t tail[TAIL_BYTES]; /* the message's last bytes */
	size_t tail_size;
};

struct viewer {
	SSL_CTX *tls;
	int epoll;
	uint16_t port;
	char cookie[256];
	struct camera cameras[CAMERAS_MAX];
	size_t camera_count;
	size_t closed;
	uint64_t fragments;
	uint64_t skips; /* times that the server left pictures out */
	double *delays_ms;
	size_t delay_count;
};

static volatile sig_atomic_t is_over;

static void on_signal(int number)
{
	(void)number;
	is_over = 1;
}

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- messages --- */

/* The moment in a message's last bytes; 0 if there is none. */
static int64_t read_stamp(const struct camera *camera)
{
	const uint8_t *tail = camera->tail;
	int64_t stamp_us = 0;

	if (camera->tail_size < TAIL_BYTES || tail[0] != KM_REPLAY_CLIP_STAMP_MARK0 ||
	    tail[1] != KM_REPLAY_CLIP_STAMP_MARK1) {
		return 0;
	}
	for (size_t i = 2; i < TAIL_BYTES; i++) {
		if ((tail[i] & 0x80) == 0) {
			return 0;
		}
		stamp_us = stamp_us << 7 | (tail[i] & 0x7f);
	}
	return stamp_us;
}

static void take_message(struct viewer *viewer, struct camera *camera)
{
	int64_t stamp_us = read_stamp(camera);
	int64_t now = now_us();

	if (camera->opcode == OP_TEXT) {
		viewer->skips += camera->kept_size >= 17 &&
				 memcmp(camera->kept, "{\"kind\":\"skipped\"", 17) == 0;
		return;
	}
	if (stamp_us == 0) {
		return;
	}
	viewer->fragments++;
	if (camera->first_us == 0) {
		camera->first_us = now;
	}
	if (stamp_us >= camera->began_us && now - stamp_us < SANE_US &&
	    viewer->delay_count < DELAYS_MAX) {
		viewer->delays_ms[viewer->delay_count++] = (double)(now - stamp_us) / 1000;
	}
}

static void close_camera(struct viewer *viewer, struct camera *camera)
{
	if (!camera->is_closed) {
		camera->is_closed = true;
		viewer->closed++;
		(void)epoll_ctl(viewer->epoll, EPOLL_CTL_DEL, camera->fd, NULL);
	}
}

/* Clients mask what they send [RFC 6455 5.3]; a mask of zeros changes nothing. */
static void send_pong(struct camera *camera)
{
	uint8_t frame[2 + 4 + CONTROL_MAX] = { FINAL_BIT | OP_PONG,
		(uint8_t)(MASK_BIT | camera->kept_size) };

	memcpy(frame + 6, camera->kept, camera->kept_size);
	(void)SSL_write(camera->ssl, frame, (int)(6 + camera->kept_size));
}

static void keep_tail(struct camera *camera, const uint8_t *data, size_t size)
{
	size_t keep = 0;

	if (size >= TAIL_BYTES) {
		memcpy(camera->tail, data + size - TAIL_BYTES, TAIL_BYTES);
		camera->tail_size = TAIL_BYTES;
		return;
	}
	keep = camera->tail_size + size > TAIL_BYTES ? TAIL_BYTES - size : camera->tail_size;
	memmove(camera->tail, camera->tail + camera->tail_size - keep, keep);
	memcpy(camera->tail + keep, data, size);
	camera->tail_size = keep + size;
}

static void end_frame(struct viewer *viewer, struct camera *camera)
{
	camera->is_in_frame = false;
	camera->header_size = 0;
	if (camera->control == OP_PING) {
		send_pong(camera);
	} else if (camera->control == OP_CLOSE) {
		close_camera(viewer, camera);
	} else if (camera->control == 0 && camera->header[0] & FINAL_BIT) {
		take_message(viewer, camera);
		camera->tail_size = 0;
		camera->kept_size = 0;
		return;
	}
	if (camera->control != 0) {
		camera->kept_size = 0;
	}
}

/* Returns how many bytes the frame's header has, as far as it is known. */
static size_t header_bytes(const struct camera *camera)
{
	size_t length = camera->header_size < 2 ? 0 : camera->header[1] & 0x7f;

	return length < 126 ? 2 : length == 126 ? 4 : 10;
}

static void begin_frame(struct viewer *viewer, struct camera *camera)
{
	uint8_t opcode = camera->header[0] & 0x0f;
	size_t size = header_bytes(camera);

	camera->left = 0;
	for (size_t i = size == 2 ? 1 : 2; i < size; i++) {
		camera->left =
		    camera->left << 8 | (size == 2 ? camera->header[i] & 0x7f : camera->header[i]);
	}
	camera->control = opcode >= OP_CLOSE ? opcode : 0;
	if (opcode == OP_TEXT || opcode == OP_BINARY) {
		camera->opcode = opcode;
	}
	camera->is_in_frame = true;
	if (camera->left == 0) {
		end_frame(viewer, camera);
	}
}

static void take_bytes(struct viewer *viewer, struct camera *camera, struct km_bytes view)
{
	while (view.size > 0 && !camera->is_closed) {
		size_t size = view.size < camera->left ? view.size : (size_t)camera->left;
		size_t kept = sizeof(camera->kept) - camera->kept_size;

		if (!camera->is_in_frame) {
			camera->header[camera->header_size++] = view.data[0];
			view = km_bytes_after(view, 1);
			if (camera->header_size >= 2 &&
			    camera->header_size == header_bytes(camera)) {
				begin_frame(viewer, camera);
			}
			continue;
		}
		kept = kept < size ? kept : size;
		memcpy(camera->kept + camera->kept_size, view.data, kept);
		camera->kept_size += kept;
		if (camera->control == 0) {
			keep_tail(camera, view.data, size);
		}
		camera->left -= size;
		view = km_bytes_after(view, size);
		if (camera->left == 0) {
			end_frame(viewer, camera);
		}
	}
}

static void on_ready(struct viewer *viewer, struct camera *camera)
{
	uint8_t data[READ_BYTES];
	int got = 0;

	while (!camera->is_closed && (got = SSL_read(camera->ssl, data, sizeof(data))) > 0) {
		take_bytes(viewer, camera, km_bytes_from(data, (size_t)got));
	}
	if (got <= 0 && SSL_get_error(camera->ssl, got) != SSL_ERROR_WANT_READ) {
		close_camera(viewer, camera);
	}
}

/* --- connecting --- */

/* The answer to the upgrade; what follows it are frames already. */
static bool take_answer(struct viewer *viewer, struct camera *camera)
{
	char head[HEAD_MAX];
	size_t size = 0;
	char *end = NULL;

	while (end == NULL && size < sizeof(head) - 1) {
		int got = SSL_read(camera->ssl, head + size, (int)(sizeof(head) - 1 - size));

		if (got <= 0) {
			return false;
		}
		size += (size_t)got;
		head[size] = '\0';
		end = strstr(head, "\r\n\r\n");
	}
	if (end == NULL || strncmp(head, "HTTP/1.1 101", 12) != 0) {
		fprintf(stderr, "the recorder answers: %.*s\n", (int)strcspn(head, "\r"), head);
		return false;
	}
	end += 4;
	take_bytes(viewer, camera, km_bytes_from((uint8_t *)end, size - (size_t)(end - head)));
	return true;
}

static bool open_link(struct viewer *viewer, struct camera *camera)
{
	const int on = 1;
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(viewer->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};

	camera->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (camera->fd < 0 ||
	    connect(camera->fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		return false;
	}
	(void)setsockopt(camera->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	camera->ssl = SSL_new(viewer->tls);
	return camera->ssl != NULL && SSL_set_fd(camera->ssl, camera->fd) == 1 &&
	       SSL_connect(camera->ssl) == 1;
}

static bool watch(struct viewer *viewer, const char *id)
{
	struct camera *camera = &viewer->cameras[viewer->camera_count++];
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = camera };
	char request[1024];
	int size = snprintf(request, sizeof(request),
	    "GET /api/v1/cameras/%s/live HTTP/1.1\r\nHost: localhost:%u\r\n"
	    "Origin: https://localhost:%u\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
	    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a29tYWludS1iZW5jaC13cw==\r\n"
	    "Sec-WebSocket-Protocol: komainu-live\r\nCookie: %s\r\n\r\n",
	    id, viewer->port, viewer->port, viewer->cookie);

	camera->began_us = now_us();
	if (!open_link(viewer, camera) || SSL_write(camera->ssl, request, size) != size ||
	    !take_answer(viewer, camera)) {
		return false;
	}
	if (fcntl(camera->fd, F_SETFL, O_NONBLOCK) != 0 ||
	    epoll_ctl(viewer->epoll, EPOLL_CTL_ADD, camera->fd, &event) != 0) {
		return false;
	}
	on_ready(viewer, camera);
	return true;
}

static bool watch_all(struct viewer *viewer)
{
	char line[256];

	if (fgets(viewer->cookie, sizeof(viewer->cookie), stdin) == NULL) {
		return false;
	}
	viewer->cookie[strcspn(viewer->cookie, "\n")] = '\0';
	while (viewer->camera_count < CAMERAS_MAX && fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (!watch(viewer, line)) {
			fprintf(stderr, "%s: cannot be watched\n", line);
			return false;
		}
	}
	printf("{\"event\":\"watching\",\"cameras\":%zu}\n", viewer->camera_count);
	fflush(stdout);
	return true;
}

/* --- the result --- */

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return left < right ? -1 : left > right;
}

static double quantile(double *values, size_t count, double part)
{
	if (count == 0) {
		return -1;
	}
	qsort(values, count, sizeof(*values), compare);
	return values[(size_t)(part * (double)(count - 1) + 0.5)];
}

static void print_result(struct viewer *viewer)
{
	double first_ms[CAMERAS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < viewer->camera_count; i++) {
		const struct camera *camera = &viewer->cameras[i];

		if (camera->first_us > 0) {
			first_ms[count++] = (double)(camera->first_us - camera->began_us) / 1000;
		}
	}
	printf("{\"event\":\"end\",\"cameras\":%zu,\"with_pictures\":%zu,\"closed\":%zu,"
	       "\"fragments\":%" PRIu64 ",\"skips\":%" PRIu64 ",\"delays\":%zu,"
	       "\"delay_ms\":{\"p50\":%.2f,\"p99\":%.2f,\"max\":%.2f},"
	       "\"first_picture_ms\":{\"p50\":%.1f,\"max\":%.1f}}\n",
	    viewer->camera_count, count, viewer->closed, viewer->fragments, viewer->skips,
	    viewer->delay_count, quantile(viewer->delays_ms, viewer->delay_count, 0.5),
	    quantile(viewer->delays_ms, viewer->delay_count, 0.99),
	    quantile(viewer->delays_ms, viewer->delay_count, 1), quantile(first_ms, count, 0.5),
	    quantile(first_ms, count, 1));
	fflush(stdout);
}

static void run(struct viewer *viewer)
{
	struct epoll_event events[64];

	while (!is_over) {
		int count = epoll_wait(viewer->epoll, events, 64, 1000);

		for (int i = 0; i < count; i++) {
			on_ready(viewer, events[i].data.ptr);
		}
	}
}

int main(int argc, char **argv)
{
	static struct viewer viewer;
	struct sigaction action = { .sa_handler = on_signal };
	uint32_t port = 0;

	if (argc != 3 || strcmp(argv[1], "--port") != 0 ||
	    km_bytes_parse_u32(km_bytes_text(argv[2]), UINT16_MAX, &port)) {
		fprintf(stderr, "komainu-bench-viewer --port N: the cookie and then camera ids, "
				"a line each, are read from standard input\n");
		return 2;
	}
	viewer.port = (uint16_t)port;
	(void)sigaction(SIGTERM, &action, NULL);
	(void)sigaction(SIGINT, &action, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	viewer.tls = SSL_CTX_new(TLS_client_method());
	viewer.epoll = epoll_create1(EPOLL_CLOEXEC);
	viewer.delays_ms = calloc(DELAYS_MAX, sizeof(*viewer.delays_ms));
	if (viewer.tls == NULL || viewer.epoll < 0 || viewer.delays_ms == NULL ||
	    !watch_all(&viewer)) {
		return 1;
	}
	run(&viewer);
	print_result(&viewer);
	for (size_t i = 0; i < viewer.camera_count; i++) {
		SSL_free(viewer.cameras[i].ssl);
		(void)close(viewer.cameras[i].fd);
	}
	free(viewer.delays_ms);
	SSL_CTX_free(viewer.tls);
	return 0;
}
