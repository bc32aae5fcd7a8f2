#include "auditor/remedy_job.h"

#include "auditor/onvif_change.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "io/clock.h"
#include "model/remedies.h"
#include "model/states.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CHANGES_MAX 2
#define FILE_BLOCK  ((size_t)64 * 1024)
#define SETTLE_MS   2000 /* a camera may need a moment until a new password counts */

struct remedy {
	struct km_job *job;
	const struct km_message_remedy_begin *order;
	int file_fd;
	void (*on_said)(void *context, struct km_message_remedy_said *said);
	void *context;
	struct km_message_remedy_done *done;
	bool was_refused; /* by the camera, after it was sent */
	size_t count;
	struct km_onvif_change changes[CHANGES_MAX];
};

static bool is_preview(const struct remedy *remedy)
{
	return remedy->order->mode == KM_MODE_PREVIEW;
}

/* --- what is told --- */

static void say(struct remedy *remedy, unsigned does, const char *operation, struct km_bytes text)
{
	struct km_message_remedy_said *said = calloc(1, sizeof(*said));
	const struct km_egress *egress = &remedy->job->egress;

	/* Without memory the step goes untold; what it did is told by the end. */
	if (said == NULL) {
		return;
	}
	said->does = (uint8_t)does;
	(void)snprintf(said->operation, sizeof(said->operation), "%s", operation);
	if (egress->address_count > 0) {
		char host[KM_ADDRESS_TEXT_SIZE];

		km_address_write_host(&egress->addresses[0], host);
		(void)snprintf(said->target, sizeof(said->target), "%s", host);
	}
	(void)km_bytes_copy_text(text, said->parameters, sizeof(said->parameters));
	remedy->on_said(remedy->context, said);
	free(said);
}

static int fail(struct remedy *remedy, int err, const char *text)
{
	(void)snprintf(remedy->done->text, sizeof(remedy->done->text), "%s", text);
	return err;
}

/* --- the order as changes --- */

static struct km_onvif_change *add_change(struct remedy *remedy, enum km_onvif_change_kind kind)
{
	struct km_onvif_change *change = &remedy->changes[remedy->count++];

	change->kind = kind;
	change->firmware_fd = -1;
	return change;
}

static int read_password(struct remedy *remedy)
{
	const struct km_message_remedy_begin *order = remedy->order;
	struct km_onvif_change *change = add_change(remedy, KM_ONVIF_CHANGE_PASSWORD);

	memcpy(change->account, order->account, sizeof(change->account));
	memcpy(change->level, order->level, sizeof(change->level));
	change->allows_clear = order->allows_clear != 0;
	/* A preview knows no secret; it shows stars in its place. */
	(void)snprintf(change->password, sizeof(change->password), "%s",
	    is_preview(remedy) ? "***" : order->wanted);
	return 0;
}

/* "HTTP=80,8080": switched off. */
static int read_service(struct km_onvif_change *change, struct km_bytes line)
{
	struct km_bytes ports = line;
	struct km_bytes name = km_bytes_split(&ports, '=');
	struct km_onvif_change_service *service = NULL;
	uint32_t port = 0;

	if (change->service_count == KM_ONVIF_CHANGE_SERVICES_MAX) {
		return KM_ERR_LIMIT;
	}
	service = &change->services[change->service_count++];
	if (km_bytes_copy_text(name, service->name, sizeof(service->name)) < 0) {
		return KM_ERR_FORMAT;
	}
	while (ports.size > 0) {
		if (service->port_count == KM_ONVIF_CHANGE_PORTS_MAX ||
		    km_bytes_parse_u32(km_bytes_split(&ports, ','), 65535, &port) < 0) {
			return KM_ERR_FORMAT;
		}
		service->ports[service->port_count++] = (uint16_t)port;
	}
	return 0;
}

static int read_services(struct remedy *remedy)
{
	struct km_bytes lines = km_bytes_text(remedy->order->services);
	struct km_onvif_change *services = NULL;
	bool has_discovery = false;
	int err = 0;

	while (err == 0 && lines.size > 0) {
		struct km_bytes line = km_bytes_line(&lines);

		if (km_bytes_is_equal(line, KM_BYTES("DISCOVERY"))) {
			has_discovery = true;
			continue;
		}
		if (services == NULL) {
			services = add_change(remedy, KM_ONVIF_CHANGE_SERVICES);
		}
		err = read_service(services, line);
	}
	if (err == 0 && has_discovery) {
		add_change(remedy, KM_ONVIF_CHANGE_DISCOVERY)->is_discoverable = false;
	}
	return err;
}

static int read_servers(struct remedy *remedy)
{
	struct km_bytes names = km_bytes_text(remedy->order->servers);
	struct km_onvif_change *change = add_change(remedy, KM_ONVIF_CHANGE_NTP);

	while (names.size > 0) {
		struct km_bytes name = km_bytes_trim(km_bytes_split(&names, ','));

		if (change->server_count == KM_ONVIF_CHANGE_SERVERS_MAX ||
		    km_bytes_copy_text(name, change->servers[change->server_count],
			sizeof(change->servers[0])) < 0) {
			return KM_ERR_LIMIT;
		}
		change->server_count++;
	}
	return 0;
}

static int add_address(
    struct km_onvif_change *change, const struct km_address *address, unsigned prefix)
{
	struct km_onvif_change_address *one = NULL;

	if (change->address_count == KM_ONVIF_CHANGE_ADDRESSES_MAX) {
		return KM_ERR_LIMIT;
	}
	one = &change->addresses[change->address_count++];
	one->address = *address;
	one->prefix = (uint8_t)prefix;
	return 0;
}

static unsigned bits_of(const struct km_address *address)
{
	return address->u.any.sa_family == AF_INET6 ? 128 : 32;
}

/* The recorder's own address, as the camera sees it. Nothing is sent for that. */
static int find_own(struct km_job *job, struct km_address *ret_address)
{
	struct km_address *camera = &job->egress.addresses[0];
	struct sockaddr_storage own;
	socklen_t size = sizeof(own);
	int fd = -1;
	int err = job->egress.address_count == 0 ? KM_ERR_NOT_FOUND : 0;

	if (err == 0) {
		struct km_address to = *camera;

		km_address_set_port(&to, 80);
		err = km_egress_socket(&job->egress, &to, SOCK_DGRAM, &fd);
		if (err == 0 && (connect(fd, &to.u.any, to.size) < 0 ||
				    getsockname(fd, (struct sockaddr *)&own, &size) < 0)) {
			err = KM_ERR_SYS;
		}
	}
	if (fd >= 0) {
		(void)close(fd);
	}
	return err < 0 ? err : km_address_from((struct sockaddr *)&own, size, ret_address);
}

static int read_addresses(struct remedy *remedy)
{
	struct km_bytes list = km_bytes_text(remedy->order->addresses);
	struct km_onvif_change *change = add_change(remedy, KM_ONVIF_CHANGE_FILTER);
	int err = 0;

	if (remedy->order->is_off) {
		return 0;
	}
	err = find_own(remedy->job, &change->keep);
	if (err == 0) {
		err = add_address(change, &change->keep, bits_of(&change->keep));
	}
	while (err == 0 && list.size > 0) {
		struct km_bytes bits = km_bytes_trim(km_bytes_split(&list, ','));
		struct km_bytes digits = km_bytes_split(&bits, '/');
		struct km_address address;
		uint32_t prefix = 0;

		err = km_address_parse(digits, 0, &address);
		prefix = err < 0 ? 0 : bits_of(&address);
		if (err == 0 && bits.size > 0) {
			err = km_bytes_parse_u32(bits, prefix, &prefix);
		}
		if (err == 0) {
			err = add_address(change, &address, prefix);
		}
	}
	return err;
}

static int read_order(struct remedy *remedy)
{
	const struct km_message_remedy_begin *order = remedy->order;

	switch ((enum km_remedy)order->kind) {
	case KM_REMEDY_PASSWORD:
		return read_password(remedy);
	case KM_REMEDY_SERVICES:
		return read_services(remedy);
	case KM_REMEDY_NTP:
		return read_servers(remedy);
	case KM_REMEDY_FILTER:
		return read_addresses(remedy);
	case KM_REMEDY_REBOOT:
		(void)add_change(remedy, KM_ONVIF_CHANGE_RESTART);
		return 0;
	case KM_REMEDY_RESET:
		add_change(remedy, KM_ONVIF_CHANGE_FACTORY_DEFAULT)->is_hard = order->is_hard != 0;
		return 0;
	case KM_REMEDY_FIRMWARE: {
		struct km_onvif_change *change = add_change(remedy, KM_ONVIF_CHANGE_FIRMWARE);

		change->firmware_fd = remedy->file_fd;
		change->firmware_size = order->file_bytes;
		return 0;
	}
	}
	return KM_ERR_UNSUPPORTED;
}

/* --- preview --- */

static int hash_file(struct remedy *remedy, struct km_digest *digest,
    uint8_t ret_hash[static KM_DIGEST_SHA256_BYTES])
{
	uint64_t size = remedy->order->file_bytes;
	uint8_t *block = malloc(FILE_BLOCK);
	uint64_t done = 0;
	int err = block == NULL ? KM_ERR_MEMORY : 0;

	while (err == 0 && done < size) {
		size_t want = size - done < FILE_BLOCK ? (size_t)(size - done) : FILE_BLOCK;
		ssize_t got = pread(remedy->file_fd, block, want, (off_t)done);

		if (got <= 0 || km_job_is_cancelled(remedy->job)) {
			err = got < 0 ? KM_ERR_SYS : got == 0 ? KM_ERR_SHORT : KM_ERR_CLOSED;
			break;
		}
		err = km_digest_update(digest, km_bytes_from(block, (size_t)got));
		done += (uint64_t)got;
	}
	free(block);
	return err == 0 ? km_digest_finish(digest, ret_hash) : err;
}

/* The message alone does not tell what is sent after it. */
static int preview_file(struct remedy *remedy)
{
	const struct km_message_remedy_begin *order = remedy->order;
	struct km_digest *digest = NULL;
	uint8_t hash[KM_DIGEST_SHA256_BYTES];
	char hex[2 * sizeof(hash) + 1];
	char text[sizeof(order->file) + sizeof(hex) + 64];
	int err = km_digest_create(&digest);

	if (err == 0) {
		err = hash_file(remedy, digest, hash);
	}
	km_digest_destroy(digest);
	if (err < 0) {
		return fail(remedy, err, "the file cannot be read");
	}
	(void)km_text_write_hex(KM_BYTES_OF(hash), hex, sizeof(hex));
	(void)snprintf(text, sizeof(text), "%s: %llu bytes, SHA-256 %s", order->file,
	    (unsigned long long)order->file_bytes, hex);
	say(remedy, KM_STEP_SEND, KM_REMEDIES_FILE_STEP, km_bytes_text(text));
	return 0;
}

static int preview(struct remedy *remedy)
{
	for (size_t i = 0; i < remedy->count; i++) {
		const struct km_onvif_change *change = &remedy->changes[i];
		struct km_buf text;
		int err = 0;

		km_buf_init(&text, KM_ONVIF_CHANGE_TEXT_MAX - 1);
		err = km_onvif_change_preview(change, &text);
		if (err == 0) {
			say(remedy, KM_STEP_SEND, km_onvif_change_operation(change->kind),
			    km_buf_view(&text));
		}
		km_buf_finish(&text);
		if (err < 0) {
			return fail(remedy, err, km_error_text(err));
		}
	}
	if (remedy->order->kind == KM_REMEDY_PASSWORD) {
		say(remedy, KM_STEP_TRY, "login", KM_BYTES("the new password: must be let in"));
		say(remedy, KM_STEP_TRY, "login", KM_BYTES("the old password: must be refused"));
	}
	return remedy->order->kind == KM_REMEDY_FIRMWARE ? preview_file(remedy) : 0;
}

/* --- carrying out --- */

static void wait_a_moment(const struct remedy *remedy)
{
	const struct timespec pause = { .tv_nsec = 100 * 1000000L };

	for (int ms = 0; ms < SETTLE_MS && !km_job_is_cancelled(remedy->job); ms += 100) {
		(void)nanosleep(&pause, NULL);
	}
}

static unsigned verdict_of(int err)
{
	switch (err) {
	case 0:
		return KM_LOGIN_IS_TAKEN;
	case KM_ERR_AUTH:
		return KM_LOGIN_IS_REFUSED;
	case KM_ERR_STATE:
		return KM_LOGIN_IS_ANY;
	case KM_ERR_DENIED:
		return KM_LOGIN_IS_UNTRIED;
	default:
		return KM_LOGIN_IS_NO_ANSWER;
	}
}

static unsigned try_login(
    struct remedy *remedy, const char *which, const struct km_onvif_change_login *login)
{
	struct km_onvif_outcome outcome = { 0 };
	char text[320];
	unsigned verdict = verdict_of(km_onvif_change_try_login(remedy->job, login, &outcome));

	(void)snprintf(text, sizeof(text), "the %s password: %s", which,
	    verdict == KM_LOGIN_IS_TAKEN     ? "let in"
	    : verdict == KM_LOGIN_IS_REFUSED ? "refused"
	    : verdict == KM_LOGIN_IS_ANY     ? "everybody is let in"
					     : outcome.text);
	say(remedy, KM_STEP_TRY, "login", km_bytes_text(text));
	return verdict;
}

/* is_taken: the camera has just said that it took it. */
static void try_wanted(struct remedy *remedy, bool is_taken)
{
	const struct km_onvif_change_login login = {
		.user = remedy->order->account,
		.password = remedy->order->wanted,
		.ledger = KM_REMEDIES_LEDGER_NEW,
		.is_own = is_taken,
	};

	remedy->done->wanted = (uint8_t)try_login(remedy, "new", &login);
}

/* That it is refused costs the camera a failed login; is_own: it was let in a moment ago. */
static void try_earlier(struct remedy *remedy, bool is_own)
{
	const struct km_onvif_change_login login = {
		.user = remedy->order->account,
		.password = remedy->order->password,
		.ledger = KM_REMEDIES_LEDGER_OLD,
		.is_own = is_own,
	};

	if (remedy->order->password[0] != '\0') {
		remedy->done->earlier = (uint8_t)try_login(remedy, "old", &login);
	}
}

/* What left may have been taken, however little of the answer is readable; but for a refusal. */
static bool may_be_taken(const struct km_onvif_outcome *outcome)
{
	return outcome->was_sent && !outcome->is_refused;
}

static int apply(struct remedy *remedy)
{
	const char *guess = remedy->order->is_guess != 0 ? KM_REMEDIES_LEDGER_OLD : NULL;
	int err = 0;

	for (size_t i = 0; err == 0 && i < remedy->count; i++) {
		struct km_onvif_outcome outcome = { 0 };
		const char *operation = km_onvif_change_operation(remedy->changes[i].kind);

		err = km_onvif_change_apply(remedy->job, &remedy->changes[i], guess, &outcome);
		say(remedy, KM_STEP_SEND, operation, km_bytes_text(outcome.text));
		(void)snprintf(remedy->done->text, sizeof(remedy->done->text), "%s: %.180s%s",
		    operation, outcome.text,
		    err < 0 && i > 0 ? "; what was sent before it was taken" : "");
		if (outcome.down_time_us > remedy->done->down_time_us) {
			remedy->done->down_time_us = outcome.down_time_us;
		}
		remedy->was_refused = err < 0 && outcome.was_sent && outcome.is_refused;
		remedy->done->may_be_taken = err < 0 && may_be_taken(&outcome);
	}
	return err;
}

static int change_password(struct remedy *remedy)
{
	struct km_message_remedy_done *done = remedy->done;
	int err = apply(remedy);

	if (remedy->was_refused) {
		/* It is what the change was sent with: no failed login if the camera is honest. */
		try_earlier(remedy, true);
		if (done->earlier != KM_LOGIN_IS_REFUSED) {
			return err;
		}
	} else if (err < 0 && !done->may_be_taken) {
		return err;
	}
	if (err < 0) {
		/* Until it counts, the old one is let in, which must not be taken for an answer. */
		wait_a_moment(remedy);
	}
	try_wanted(remedy, err == 0);
	if (done->wanted == KM_LOGIN_IS_REFUSED && err == 0) {
		wait_a_moment(remedy);
		try_wanted(remedy, false);
		if (done->wanted == KM_LOGIN_IS_UNTRIED) {
			done->wanted = KM_LOGIN_IS_REFUSED;
		}
	}
	if (done->wanted == KM_LOGIN_IS_TAKEN) {
		err = 0;
	}
	if (done->earlier == KM_LOGIN_IS_UNTRIED &&
	    (done->wanted == KM_LOGIN_IS_TAKEN || done->wanted == KM_LOGIN_IS_REFUSED)) {
		try_earlier(remedy, false);
	}
	return err;
}

/* After a crash: at most two logins, with the two that the guard has stored. */
static int settle(struct remedy *remedy)
{
	try_wanted(remedy, false);
	if (remedy->done->wanted == KM_LOGIN_IS_REFUSED) {
		try_earlier(remedy, false);
	} else if (remedy->done->wanted == KM_LOGIN_IS_ANY) {
		(void)fail(remedy, 0,
		    "the camera lets in everybody, so it does not tell which password holds");
	}
	return 0;
}

void km_remedy_job_run(struct km_job *job, const struct km_message_remedy_begin *order, int file_fd,
    void (*on_said)(void *context, struct km_message_remedy_said *said), void *context,
    struct km_message_remedy_done *ret_done)
{
	struct remedy *remedy = calloc(1, sizeof(*remedy));
	int err = KM_ERR_MEMORY;

	*ret_done = (struct km_message_remedy_done){ 0 };
	if (remedy == NULL) {
		ret_done->err = err;
		(void)snprintf(ret_done->text, sizeof(ret_done->text), "%s", km_error_text(err));
		return;
	}
	remedy->job = job;
	remedy->order = order;
	remedy->file_fd = file_fd;
	remedy->on_said = on_said;
	remedy->context = context;
	remedy->done = ret_done;
	if (order->mode == KM_MODE_SETTLE) {
		err = settle(remedy);
	} else {
		err = read_order(remedy);
		if (err < 0) {
			(void)fail(remedy, err, "the order makes no sense");
		} else if (is_preview(remedy)) {
			err = preview(remedy);
		} else if (order->kind == KM_REMEDY_PASSWORD) {
			err = change_password(remedy);
		} else {
			err = apply(remedy);
		}
	}
	ret_done->err = err;
	explicit_bzero(remedy, sizeof(*remedy));
	free(remedy);
}
