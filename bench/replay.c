/*
 * komainu-bench-replay: N cameras from one clip, over RTSP with interleaved TCP. See README.md.
 *
 * One thread, one epoll. Each playing connection sends the clip on its own grid of 1/fps; cameras
 * are staggered over one picture's time. A picture that a slow client does not take is sent later,
 * never dropped, so that sent and kept can be compared; the largest delay is reported.
 */
#include "replay_clip.h"
#include "replay_rtsp.h"

#include "base/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define CAMERAS_MAX  1024
#define CLIENTS_MAX  1024
#define INPUT_BYTES  8192
#define ANSWER_BYTES 8192
#define EVENTS_MAX   64
#define NTP_UNIX_S   2208988800U
#define REPORT_US    5000000
#define BURST_GAP_US 500
#define TICKS90K     90000
#define SENDER_BYTES 32 /* interleaved header and an SR without blocks */
#define NEVER        INT64_MAX

struct camera {
	uint64_t frames;
	uint64_t plays;
	int64_t first_frame; /* index in the endlessly repeated clip; -1 if none was sent */
	int64_t last_frame;
	int64_t late_us; /* largest delay of a picture's last byte */
};

struct client {
	int fd; /* -1: free */
	struct km_replay_dialog dialog;
	uint8_t input[INPUT_BYTES];
	size_t input_size;
	bool is_playing;
	bool is_blocked; /* waits for EPOLLOUT */
	int64_t start_us;
	int64_t frame;  /* the next one, or the one in `output` */
	int64_t due_us; /* when there is something to do */
	int64_t report_us;
	uint8_t *output; /* one picture */
	size_t output_size;
	size_t output_at;
	uint16_t sequence;
	uint32_t ssrc;
	uint32_t packets;
	uint32_t octets;
};

struct server {
	struct km_replay_clip clip;
	struct camera cameras[CAMERAS_MAX];
	struct client *clients;
	int client_top; /* slots from here on were never used */
	uint32_t camera_count;
	uint32_t fps;
	size_t burst_bytes; /* 0: a whole picture */
	int64_t limit;      /* frames per PLAY; 0: no end */
	const char *report;
	bool wants_stamps;
	int port;
	int epoll;
	int timer;
	int listener;
	int signals;
	bool is_paused; /* after SIGUSR1 */
	bool is_over;
};

static int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void watch(struct server *server, struct client *client, bool for_output)
{
	struct epoll_event event = { .events = EPOLLIN | (for_output ? (uint32_t)EPOLLOUT : 0U),
		.data.ptr = client };

	client->is_blocked = for_output;
	epoll_ctl(server->epoll, EPOLL_CTL_MOD, client->fd, &event);
}

static void close_client(struct client *client)
{
	if (client->fd >= 0) {
		close(client->fd);
		free(client->output);
		*client = (struct client){ .fd = -1, .due_us = NEVER };
	}
}

static void add_sender_report(struct client *client, int64_t frame, uint32_t fps)
{
	struct timespec wall;
	struct km_buf out;

	clock_gettime(CLOCK_REALTIME, &wall);
	km_buf_init_fixed(&out, client->output + client->output_size, SENDER_BYTES);
	km_buf_add_u8(&out, '$');
	km_buf_add_u8(&out, client->dialog.channel + 1U);
	km_buf_add_u16(&out, SENDER_BYTES - 4);
	km_buf_add_u16(&out, 0x80c8);
	km_buf_add_u16(&out, 6);
	km_buf_add_u32(&out, client->ssrc);
	km_buf_add_u32(&out, (uint32_t)wall.tv_sec + NTP_UNIX_S);
	km_buf_add_u32(&out, (uint32_t)(((uint64_t)wall.tv_nsec << 32) / 1000000000U));
	km_buf_add_u32(&out, (uint32_t)(frame * TICKS90K / fps));
	km_buf_add_u32(&out, client->packets);
	km_buf_add_u32(&out, client->octets);
	client->output_size += out.size;
}

/* Prepare the next picture, with a sender report behind it when one is due. */
static void load_frame(struct server *server, struct client *client, int64_t now)
{
	uint32_t index = (uint32_t)(client->frame % server->clip.frame_count);
	uint32_t packets = server->clip.frames[index].packets;
	struct km_replay_patch patch = {
		.channel = client->dialog.channel,
		.sequence = client->sequence,
		.timestamp_ticks90k = (uint32_t)(client->frame * TICKS90K / server->fps),
		.ssrc = client->ssrc,
		.stamp_us = server->wants_stamps ? now_us() : 0,
	};

	client->output_at = 0;
	client->output_size = km_replay_clip_write(&server->clip, index, &patch, client->output);
	client->sequence = (uint16_t)(client->sequence + packets);
	client->packets += packets;
	client->octets += (uint32_t)(client->output_size - packets * 16U);
	if (now >= client->report_us) {
		add_sender_report(client, client->frame, server->fps);
		client->report_us = now + REPORT_US;
	}
}

static int64_t frame_due_us(const struct server *server, const struct client *client)
{
	return client->start_us + client->frame * 1000000 / server->fps;
}

static void count_frame(struct server *server, struct client *client, int64_t now)
{
	struct camera *camera = &server->cameras[client->dialog.camera];
	int64_t late_us = now - frame_due_us(server, client);

	camera->frames++;
	camera->first_frame = camera->first_frame < 0 ? client->frame : camera->first_frame;
	camera->last_frame = client->frame;
	camera->late_us = late_us > camera->late_us ? late_us : camera->late_us;
	client->frame++;
	client->output_size = 0;
	client->due_us = frame_due_us(server, client);
	if (server->limit > 0 && client->frame >= server->limit) {
		client->is_playing = false;
		client->due_us = NEVER;
	}
}

/* Send what is due of the picture. Sets when to come back. */
static void send_due(struct server *server, struct client *client, int64_t now)
{
	size_t left = 0;
	ssize_t sent = 0;

	if (client->output_size == 0) {
		if (server->is_paused) {
			client->due_us = NEVER;
			return;
		}
		load_frame(server, client, now);
	}
	left = client->output_size - client->output_at;
	if (server->burst_bytes > 0 && left > server->burst_bytes) {
		left = server->burst_bytes;
	}
	sent = send(client->fd, client->output + client->output_at, left, MSG_NOSIGNAL);
	if (sent < 0 && errno != EAGAIN) {
		close_client(client);
		return;
	}
	client->output_at += sent > 0 ? (size_t)sent : 0;
	if (sent < (ssize_t)left) {
		client->due_us = NEVER;
		watch(server, client, true);
	} else if (client->output_at == client->output_size) {
		count_frame(server, client, now);
	} else {
		client->due_us = now + BURST_GAP_US;
	}
}

static void play(struct server *server, struct client *client)
{
	int64_t frame_us = 1000000 / server->fps;
	int64_t phase_us = frame_us * client->dialog.camera / server->camera_count;
	int64_t now = now_us();

	if (client->is_playing) {
		return;
	}
	if (!client->output) {
		client->output = malloc(server->clip.frame_size_max + SENDER_BYTES);
	}
	if (!client->output) {
		close_client(client);
		return;
	}
	client->is_playing = true;
	client->start_us = now - now % frame_us + frame_us + phase_us - client->frame * frame_us;
	client->due_us = frame_due_us(server, client);
	client->report_us = now;
	server->cameras[client->dialog.camera].plays++;
	printf("{\"event\":\"play\",\"camera\":%u}\n", client->dialog.camera);
	fflush(stdout);
}

static void do_step(struct server *server, struct client *client)
{
	switch (client->dialog.step) {
	case KM_REPLAY_STEP_NONE:
		break;
	case KM_REPLAY_STEP_PLAY:
		play(server, client);
		break;
	case KM_REPLAY_STEP_PAUSE:
		client->is_playing = false;
		client->due_us = NEVER;
		break;
	case KM_REPLAY_STEP_CLOSE:
		close_client(client);
		break;
	}
}

/*
 * Take one request off the input. Returns false if there is no whole one. An answer goes between
 * two pictures; answers are small, so a client that has no room for one is cut off.
 */
static bool take_request(struct server *server, struct client *client)
{
	uint8_t storage[ANSWER_BYTES];
	struct km_buf answer;
	size_t used = 0;

	km_buf_init_fixed(&answer, storage, sizeof(storage));
	used = km_replay_rtsp_take(
	    km_bytes_from(client->input, client->input_size), &client->dialog, &answer);
	if (used == 0) {
		return false;
	}
	client->input_size -= used;
	memmove(client->input, client->input + used, client->input_size);
	if (answer.size > 0 &&
	    send(client->fd, answer.data, answer.size, MSG_NOSIGNAL) != (ssize_t)answer.size) {
		close_client(client);
		return false;
	}
	do_step(server, client);
	return client->fd >= 0;
}

/* Requests wait while a picture is half sent. */
static void take_requests(struct server *server, struct client *client)
{
	while (client->fd >= 0 && client->output_size == 0 && client->input_size > 0 &&
	       take_request(server, client)) {
	}
}

static void on_input(struct server *server, struct client *client)
{
	ssize_t got = recv(client->fd, client->input + client->input_size,
	    sizeof(client->input) - client->input_size, 0);

	if (got <= 0) {
		if (got == 0 || errno != EAGAIN) {
			close_client(client);
		}
		return;
	}
	client->input_size += (size_t)got;
	take_requests(server, client);
	if (client->fd >= 0 && client->input_size == sizeof(client->input)) {
		close_client(client);
	}
}

static void on_accept(struct server *server)
{
	const int on = 1;
	int fd = accept4(server->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct client *client = server->clients;
	struct epoll_event event = { .events = EPOLLIN };

	for (int i = 0; i < CLIENTS_MAX && client->fd >= 0; i++) {
		client++;
	}
	if (fd < 0 || client == server->clients + CLIENTS_MAX) {
		if (fd >= 0) {
			close(fd);
		}
		return;
	}
	if (client - server->clients >= server->client_top) {
		server->client_top = (int)(client - server->clients) + 1;
	}
	*client = (struct client){ .fd = fd, .due_us = NEVER };
	client->dialog.fmtp = server->clip.fmtp;
	client->dialog.camera_count = server->camera_count;
	if (getrandom(&client->dialog.session, sizeof(client->dialog.session), 0) < 0 ||
	    getrandom(&client->ssrc, sizeof(client->ssrc), 0) < 0) {
		close_client(client);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	event.data.ptr = client;
	epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Do all that is due, then set the timer for what comes next. */
static void on_timer(struct server *server)
{
	int64_t now = now_us();
	int64_t next = NEVER;
	struct itimerspec spec = { 0 };

	for (int i = 0; i < server->client_top; i++) {
		struct client *client = &server->clients[i];

		if (client->fd >= 0 && client->is_playing && client->due_us <= now) {
			send_due(server, client, now);
			take_requests(server, client);
		}
		if (client->fd >= 0 && client->is_playing && client->due_us < next) {
			next = client->due_us;
		}
	}
	if (next != NEVER) {
		next = next > now ? next : now + 1;
		spec.it_value.tv_sec = next / 1000000;
		spec.it_value.tv_nsec = next % 1000000 * 1000;
	}
	timerfd_settime(server->timer, TFD_TIMER_ABSTIME, &spec, NULL);
}

static void on_signal(struct server *server)
{
	struct signalfd_siginfo info;

	if (read(server->signals, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
		return;
	}
	if (info.ssi_signo == SIGUSR1) {
		server->is_paused = true;
	} else {
		server->is_over = true;
	}
}

static void on_client(struct server *server, struct client *client, uint32_t events)
{
	if (events & EPOLLOUT) {
		watch(server, client, false);
		send_due(server, client, now_us());
		take_requests(server, client);
	}
	if (client->fd >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		on_input(server, client);
	}
}

static void dispatch(struct server *server, const struct epoll_event *event)
{
	uint64_t expirations = 0;

	if (event->data.ptr == &server->listener) {
		on_accept(server);
	} else if (event->data.ptr == &server->signals) {
		on_signal(server);
	} else if (event->data.ptr == &server->timer) {
		if (read(server->timer, &expirations, sizeof(expirations)) < 0) {
			return;
		}
	} else {
		on_client(server, event->data.ptr, event->events);
	}
}

static void run(struct server *server)
{
	struct epoll_event events[EVENTS_MAX];

	while (!server->is_over) {
		int count = epoll_wait(server->epoll, events, EVENTS_MAX, -1);

		for (int i = 0; i < count; i++) {
			dispatch(server, &events[i]);
		}
		on_timer(server);
	}
}

static bool add_watch(struct server *server, int *fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = fd };

	return *fd >= 0 && epoll_ctl(server->epoll, EPOLL_CTL_ADD, *fd, &event) == 0;
}

static bool start(struct server *server)
{
	const int on = 1;
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)server->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t size = sizeof(address);
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	server->epoll = epoll_create1(EPOLL_CLOEXEC);
	server->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	server->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	server->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(server->listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(server->listener, 128) ||
	    getsockname(server->listener, (struct sockaddr *)&address, &size)) {
		return false;
	}
	server->port = ntohs(address.sin_port);
	return add_watch(server, &server->timer) && add_watch(server, &server->signals) &&
	       add_watch(server, &server->listener);
}

static void write_report(const struct server *server)
{
	FILE *file = server->report ? fopen(server->report, "we") : NULL;
	struct rusage usage;

	if (!file) {
		return;
	}
	getrusage(RUSAGE_SELF, &usage);
	fprintf(file, "{\"cpu_s\":%.6f,\"cameras\":[",
	    (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6);
	for (uint32_t i = 0; i < server->camera_count; i++) {
		const struct camera *camera = &server->cameras[i];

		fprintf(file,
		    "%s\n{\"camera\":%u,\"frames\":%" PRIu64 ",\"plays\":%" PRIu64
		    ",\"first\":%" PRId64 ",\"last\":%" PRId64 ",\"late_ms\":%" PRId64 "}",
		    i ? "," : "", i, camera->frames, camera->plays, camera->first_frame,
		    camera->last_frame, camera->late_us / 1000);
	}
	fprintf(file, "]}\n");
	fclose(file);
}

static void print_ready(const struct server *server)
{
	const struct km_replay_clip *clip = &server->clip;
	double seconds = (double)clip->frame_count / server->fps;

	printf("{\"event\":\"ready\",\"port\":%d,\"cameras\":%u,\"fps\":%u,\"clip_frames\":%u,"
	       "\"packets_per_frame\":%.1f,\"kbit\":%.0f}\n",
	    server->port, server->camera_count, server->fps, clip->frame_count,
	    (double)clip->packet_count / clip->frame_count,
	    (double)clip->packets.size * 8 / 1000 / seconds);
	fflush(stdout);
}

static const char help[] =
    "komainu-bench-replay: N cameras from one H.264 clip, rtsp://127.0.0.1:PORT/0 to /N-1\n\n"
    "  --clip FILE     Annex B H.264, one slice a picture (bench/run.py makes one)\n"
    "  --cameras N     1 to 1024 (1)\n"
    "  --port N        0 chooses one (0)\n"
    "  --fps N         pictures a second (15)\n"
    "  --frames N      end after so many pictures per PLAY; 0: no end (0)\n"
    "  --burst BYTES   send pictures in parts, 0.5 ms apart; 0: whole (0)\n"
    "  --stamp         pictures end with the moment they were sent, for komainu-bench-viewer\n"
    "  --report FILE   write the counts there at SIGTERM\n\n"
    "SIGUSR1: send no further pictures, keep the links.\n";

static bool parse_number(const char *name, const char *text, uint32_t most, uint32_t *ret_value)
{
	if (km_bytes_parse_u32(km_bytes_text(text), most, ret_value)) {
		fprintf(stderr, "--%s: '%s' is not right; give a whole number up to %u\n", name,
		    text, most);
		return false;
	}
	return true;
}

static bool parse(int argc, char **argv, struct server *server, const char **ret_clip)
{
	static const struct option table[] = {
		{ "clip", required_argument, NULL, 'c' },
		{ "cameras", required_argument, NULL, 'n' },
		{ "port", required_argument, NULL, 'p' },
		{ "fps", required_argument, NULL, 'f' },
		{ "frames", required_argument, NULL, 'l' },
		{ "burst", required_argument, NULL, 'b' },
		{ "report", required_argument, NULL, 'r' },
		{ "stamp", no_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	uint32_t values['r' + 1] = { ['n'] = 1, ['f'] = 15 };
	const uint32_t most['r' + 1] = { ['n'] = CAMERAS_MAX,
		['p'] = 65535,
		['f'] = 240,
		['l'] = INT32_MAX,
		['b'] = INT32_MAX };
	int index = 0;
	int found = 0;

	while ((found = getopt_long(argc, argv, "", table, &index)) != -1) {
		if (found == 'c') {
			*ret_clip = optarg;
		} else if (found == 'r') {
			server->report = optarg;
		} else if (found == 's') {
			server->wants_stamps = true;
		} else if (found == 'h') {
			fputs(help, stdout);
			exit(0);
		} else if (found == '?' ||
			   !parse_number(table[index].name, optarg, most[found], &values[found])) {
			return false;
		}
	}
	server->camera_count = values['n'];
	server->port = (int)values['p'];
	server->fps = values['f'];
	server->limit = values['l'];
	server->burst_bytes = values['b'];
	if (!*ret_clip || server->camera_count == 0 || server->fps == 0 || optind < argc) {
		fprintf(stderr, "give --clip FILE; --cameras and --fps from 1; --help lists all\n");
		return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	static struct server server;
	const char *path = NULL;
	int err = 0;

	if (!parse(argc, argv, &server, &path)) {
		return 2;
	}
	err = km_replay_clip_load(path, &server.clip);
	if (err) {
		fprintf(stderr, "--clip: '%s': %s\n", path, km_error_text(err));
		return 1;
	}
	server.clients = calloc(CLIENTS_MAX, sizeof(*server.clients));
	for (int i = 0; server.clients && i < CLIENTS_MAX; i++) {
		server.clients[i] = (struct client){ .fd = -1, .due_us = NEVER };
	}
	for (int i = 0; i < CAMERAS_MAX; i++) {
		server.cameras[i].first_frame = -1;
		server.cameras[i].last_frame = -1;
	}
	if (!server.clients || !start(&server)) {
		fprintf(stderr, "--port: cannot listen on %d: %s\n", server.port, strerror(errno));
		return 1;
	}
	print_ready(&server);
	run(&server);
	write_report(&server);
	for (int i = 0; i < CLIENTS_MAX; i++) {
		close_client(&server.clients[i]);
	}
	free(server.clients);
	km_replay_clip_finish(&server.clip);
	return 0;
}
