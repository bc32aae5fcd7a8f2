/*
 * The stage `video`: what the camera gives of its pictures to somebody without a login. Streams
 * are described, never set up or played; of a picture the headers are read. [IPA a12-2]
 *
 * A nonsense path is asked for first: who answers that like a real one proves nothing by the rest.
 */
#include "auditor/http_ask.h"
#include "auditor/own_path.h"
#include "auditor/rtsp_ask.h"
#include "auditor/stages.h"
#include "base/text.h"
#include "crypto/random.h"
#include "model/states.h"
#include "proto/sdp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORTS_MAX     4 /* of each kind that are asked */
#define NONSENSE_SIZE 48

enum kind {
	KIND_RTSP,
	KIND_PICTURE,
};

struct path_row {
	enum kind kind;
	const char *maker;
	const char *path;
};

static const struct path_row paths[] = {
#define KM_VIDEO_PATH(KIND, name, text) { .kind = KIND_##KIND, .maker = (name), .path = (text) },
#include "auditor/video_paths.tbl"
#undef KM_VIDEO_PATH
};

/* What came of asking for one path. */
enum outcome {
	OUTCOME_GIVEN,   /* described, or a picture's headers */
	OUTCOME_LOGIN,   /* it asks for a login, or refuses */
	OUTCOME_ABSENT,  /* it answers, but has nothing there */
	OUTCOME_NOTHING, /* no answer that makes sense */
};

struct visit {
	struct km_job *job;
	uint16_t port;
	bool is_tls;
	char subject[16]; /* "tcp/554" */
	unsigned given;   /* of the paths of this port */
	unsigned locked;
	unsigned absent;
	uint8_t answer[KM_HTTP_ASK_BYTES_MAX]; /* RTSP's, too */
};

_Static_assert(KM_HTTP_ASK_BYTES_MAX >= KM_RTSP_ASK_BYTES_MAX, "one storage for both");

static int write_nonsense(char ret_path[static NONSENSE_SIZE], const char *ending)
{
	uint8_t random[8] = { 0 };
	char hex[2 * sizeof(random) + 1];
	int err = km_random_fill(random, sizeof(random));

	if (err == 0) {
		err = km_text_write_hex(KM_BYTES_OF(random), hex, sizeof(hex));
	}
	if (err == 0) {
		(void)snprintf(ret_path, NONSENSE_SIZE, "/komainu-%s%s", hex, ending);
	}
	return err;
}

static bool is_for(const struct visit *visit, const struct path_row *row, enum kind kind)
{
	return row->kind == kind &&
	       (row->maker[0] == '\0' || strcmp(row->maker, visit->job->maker) == 0);
}

static void count(struct visit *visit, enum outcome outcome)
{
	visit->given += outcome == OUTCOME_GIVEN;
	visit->locked += outcome == OUTCOME_LOGIN;
	visit->absent += outcome == OUTCOME_ABSENT;
}

/* --- streams --- */

static enum outcome describe(struct visit *visit, const char *path, struct km_bytes *ret_raw)
{
	struct km_rtsp_ask ask = { .port = visit->port,
		.is_tls = visit->is_tls,
		.method = KM_RTSP_DESCRIBE,
		.path = path };
	struct km_rtsp_message answer;
	struct km_sdp sdp;

	if (km_rtsp_ask_run(visit->job, &ask, visit->answer, &answer, ret_raw) < 0) {
		return OUTCOME_NOTHING;
	}
	if (answer.status == 401 || answer.status == 403) {
		return OUTCOME_LOGIN;
	}
	if (answer.status != 200) {
		return OUTCOME_ABSENT;
	}
	return km_sdp_parse(answer.body, &sdp, NULL) == 0 ? OUTCOME_GIVEN : OUTCOME_ABSENT;
}

static void give_stream(struct visit *visit, const char *path, enum outcome outcome,
    bool answers_any, const struct km_bytes *raw)
{
	char subject[KM_FACT_SUBJECT_SIZE];

	count(visit, outcome);
	(void)snprintf(
	    subject, sizeof(subject), "%s %s", visit->subject, path[0] == '\0' ? "/" : path);
	if (outcome == OUTCOME_GIVEN && answers_any) {
		km_job_give_unknown(visit->job, KM_FACT_OPEN_VIDEO, KM_FROM_PROBE, subject,
		    "it describes nonsense paths, too: what it would play is not known");
	} else if (outcome == OUTCOME_GIVEN) {
		km_job_give_yes_no(visit->job, KM_FACT_OPEN_VIDEO, KM_FROM_PROBE, subject, true,
		    "described without a login; it was not played", raw);
	} else if (outcome == OUTCOME_LOGIN) {
		km_job_give_yes_no(visit->job, KM_FACT_OPEN_VIDEO, KM_FROM_PROBE, subject, false,
		    "it asks for a login", raw);
	}
}

static int look_at_streams(struct visit *visit, const struct km_own_path *own)
{
	char nonsense[NONSENSE_SIZE];
	struct km_bytes raw = { 0 };
	bool answers_any = false;
	enum outcome outcome = OUTCOME_NOTHING;

	if (write_nonsense(nonsense, "") < 0) {
		return 0;
	}
	outcome = describe(visit, nonsense, &raw);
	answers_any = outcome == OUTCOME_GIVEN;
	if (outcome != OUTCOME_NOTHING) {
		km_job_give_yes_no(visit->job, KM_FACT_ANSWERS_ANY_PATH, KM_FROM_PROBE,
		    visit->subject, answers_any, "asked for a path that nobody has", &raw);
	}
	if (own->port == visit->port) {
		outcome = describe(visit, own->path, &raw);
		give_stream(visit, own->path, outcome, answers_any, &raw);
		if (outcome == OUTCOME_ABSENT || outcome == OUTCOME_NOTHING) {
			km_job_give_unknown(visit->job, KM_FACT_OPEN_VIDEO, KM_FROM_PROBE,
			    visit->subject, "it gave no description of its own stream's path");
		}
	}
	if (own->hidden_port == visit->port) {
		km_job_give_unknown(visit->job, KM_FACT_OPEN_VIDEO, KM_FROM_PROBE, visit->subject,
		    "its own stream's path may be a login, so it was not asked for");
	}
	for (size_t i = 0; i < KM_COUNT(paths) && !km_job_is_cancelled(visit->job); i++) {
		if (is_for(visit, &paths[i], KIND_RTSP) &&
		    (own->port != visit->port || strcmp(own->path, paths[i].path) != 0)) {
			outcome = describe(visit, paths[i].path, &raw);
			give_stream(visit, paths[i].path, outcome, answers_any, &raw);
		}
	}
	return km_job_is_cancelled(visit->job) ? KM_ERR_CLOSED : 0;
}

/* --- pictures --- */

static bool is_picture(const struct km_http_reply *reply)
{
	struct km_bytes kind = km_http_reply_find(reply, "Content-Type", 0);

	return km_bytes_has_prefix_nocase(kind, KM_BYTES("image/")) ||
	       km_bytes_has_prefix_nocase(kind, KM_BYTES("video/")) ||
	       km_bytes_has_prefix_nocase(kind, KM_BYTES("multipart/"));
}

static enum outcome look_for_picture(
    struct visit *visit, const char *path, struct km_bytes *ret_raw)
{
	struct km_http_ask ask = { .port = visit->port,
		.is_tls = visit->is_tls,
		.is_headers_only = true,
		.method = "GET",
		.path = path };
	struct km_http_reply reply;

	if (km_http_ask_run(visit->job, &ask, visit->answer, &reply, ret_raw) < 0) {
		return OUTCOME_NOTHING;
	}
	if (reply.status == 401 || reply.status == 403) {
		return OUTCOME_LOGIN;
	}
	return reply.status == 200 && is_picture(&reply) ? OUTCOME_GIVEN : OUTCOME_ABSENT;
}

static void give_pictures(struct visit *visit)
{
	char detail[96];

	(void)snprintf(detail, sizeof(detail),
	    "of the usual paths %u ask for a login, %u are not there", visit->locked,
	    visit->absent);
	if (visit->given == 0 && visit->locked + visit->absent > 0) {
		km_job_give_yes_no(visit->job, KM_FACT_OPEN_PICTURE, KM_FROM_PROBE, visit->subject,
		    false, detail, NULL);
	}
}

static int look_at_pictures(struct visit *visit)
{
	char nonsense[NONSENSE_SIZE];
	char subject[KM_FACT_SUBJECT_SIZE];
	struct km_bytes raw = { 0 };

	if (write_nonsense(nonsense, ".jpg") < 0) {
		return 0;
	}
	if (look_for_picture(visit, nonsense, &raw) == OUTCOME_GIVEN) {
		km_job_give_yes_no(visit->job, KM_FACT_ANSWERS_ANY_PATH, KM_FROM_PROBE,
		    visit->subject, true, "asked for a picture that nobody has", &raw);
		km_job_give_unknown(visit->job, KM_FACT_OPEN_PICTURE, KM_FROM_PROBE, visit->subject,
		    "it answers nonsense paths as pictures, too");
		return 0;
	}
	for (size_t i = 0; i < KM_COUNT(paths) && !km_job_is_cancelled(visit->job); i++) {
		enum outcome outcome = OUTCOME_NOTHING;

		if (!is_for(visit, &paths[i], KIND_PICTURE)) {
			continue;
		}
		outcome = look_for_picture(visit, paths[i].path, &raw);
		count(visit, outcome);
		if (outcome == OUTCOME_GIVEN) {
			(void)snprintf(
			    subject, sizeof(subject), "%s %s", visit->subject, paths[i].path);
			km_job_give_yes_no(visit->job, KM_FACT_OPEN_PICTURE, KM_FROM_PROBE, subject,
			    true, "its headers came without a login; it was not read", &raw);
		}
	}
	give_pictures(visit);
	return km_job_is_cancelled(visit->job) ? KM_ERR_CLOSED : 0;
}

static int look_at_port(
    struct visit *visit, const struct km_seen_port *port, const struct km_own_path *own)
{
	visit->port = port->number;
	visit->is_tls = km_sightings_is_tls(port);
	visit->given = 0;
	visit->locked = 0;
	visit->absent = 0;
	(void)snprintf(visit->subject, sizeof(visit->subject), "tcp/%u", port->number);
	return km_sightings_is_rtsp(port) ? look_at_streams(visit, own) : look_at_pictures(visit);
}

int km_stage_video_run(struct km_job *job)
{
	struct visit *visit = calloc(1, sizeof(*visit));
	struct km_own_path own;
	unsigned streams = 0;
	unsigned pictures = 0;
	int err = visit == NULL ? KM_ERR_MEMORY : 0;

	if (err < 0) {
		return err;
	}
	visit->job = job;
	km_own_path_read(job, &own);
	for (size_t i = 0; i < job->seen.port_count && err == 0; i++) {
		const struct km_seen_port *port = &job->seen.port[i];

		if ((km_sightings_is_rtsp(port) && streams++ < PORTS_MAX) ||
		    (km_sightings_is_http(port) && pictures++ < PORTS_MAX)) {
			err = look_at_port(visit, port, &own);
		}
		km_job_progress(job, "video", (uint32_t)i + 1, (uint32_t)job->seen.port_count);
	}
	/* The first bytes of a picture may have come with its headers. */
	explicit_bzero(visit, sizeof(*visit));
	free(visit);
	return err;
}
