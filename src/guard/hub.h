/*
 * The guard's middle: what it holds, and the parts that answer each role's messages. Private to
 * guard/.
 */
#ifndef KM_GUARD_HUB_H
#define KM_GUARD_HUB_H

#include "base/time.h"
#include "guard/accounts.h"
#include "guard/cameras.h"
#include "guard/children.h"
#include "guard/database.h"
#include "guard/options.h"
#include "guard/sessions.h"
#include "guard/tokens.h"
#include "guard/vault.h"
#include "io/loop.h"
#include "model/messages.h"
#include "priv/log.h"

#define KM_HUB_PATH_SIZE   1024
#define KM_HUB_CAMERAS_MAX 4096

/* A camera as it lives in this process. */
struct km_hub_camera {
	struct km_camera entry;
	struct km_process *receiver;             /* who takes its stream; NULL while disabled */
	struct km_message_camera_state received; /* the last that its receiver said */
	struct km_message_stream_state stored;   /* the last that the writer said */
	uint64_t frames_before;                  /* counted by processes that have ended */
	uint64_t stored_before;
	int ring_memory_fd; /* -1: no ring */
	int ring_event_fd;
	uint64_t ring_generation;
	unsigned ring_count;  /* that its receiver has made since it takes this camera */
	bool was_up;          /* pictures came since it was enabled */
	bool is_lost;         /* noted, and not yet back */
	bool is_refused;      /* the same */
	int64_t lost_unix_us; /* label of the last picture, or since when there is none */
	int64_t noted_us;     /* see km_hub_may_note_camera */
	bool is_clock_off;    /* noted */
	unsigned clock_looks; /* in a row at which its clock was not as noted */
	bool is_watched;
	bool is_marked; /* still there, while the entries are read again */
	bool is_told;   /* what the courier knows of it is told_connected */
	bool told_connected;
	bool is_changed;         /* its entry, since it was last looked at for an audit */
	int64_t audit_look_us;   /* when to see again whether an audit is due */
	int64_t audited_back_us; /* the return from an outage that an audit followed already */
};

struct km_logins;           /* guard/logins */
struct km_care;             /* guard/care */
struct km_journal_keeper;   /* guard/journal_keeper */
struct km_hub_certificates; /* guard/hub_certificates */
struct km_hub_listeners;    /* guard/hub_listeners */
struct km_hub_courier;      /* guard/hub_courier */
struct km_hub_auditor;      /* guard/hub_auditor */
struct km_hub_remedies;     /* guard/hub_remedies */

struct km_hub {
	struct km_loop *loop;
	struct km_log *log;
	struct km_options options;
	char state_directory[KM_HUB_PATH_SIZE];
	char recordings[KM_HUB_PATH_SIZE]; /* absolute */
	char index[KM_HUB_PATH_SIZE];      /* absolute */
	struct km_database *database;
	struct km_vault *vault;
	struct km_sessions sessions;
	struct km_cidr_list allow_from; /* who may come at all, besides this machine */
	unsigned factor_roles;          /* bit n: account role n must have a second factor */
	int64_t refused_noted_us;       /* when a refused address was last written down */
	struct km_logins *logins;
	struct km_care *care;
	struct km_journal_keeper *journal;
	struct km_children *children;
	struct km_hub_certificates *certificates;
	struct km_hub_listeners *listeners;
	struct km_process *writer;
	struct km_process *web;
	struct km_hub_courier *outside; /* messages to outside, and the process that sends them */
	struct km_hub_auditor *auditor; /* audits, and the process that carries them out */
	struct km_hub_remedies *remedies;
	struct km_hub_camera **cameras; /* by name */
	size_t camera_count;
	struct km_message_storage_state storage;
	int64_t started_unix_us;
	bool is_stopping;
};

struct km_hub_camera *km_hub_find(struct km_hub *hub, const struct km_uuid *id);

/* What somebody may do has changed, or a session has ended: web looks anew at what is open. */
void km_hub_tell_rights(struct km_hub *hub);

/* Pack and send; a child that cannot take it is restarted by its owner. Logs what fails. */
void km_hub_send(struct km_process *child, enum km_message_kind kind, const void *message);
void km_hub_send_fds(struct km_process *child, enum km_message_kind kind, const void *message,
    const int *fds, size_t fd_count);

/* Read the entries from the database and bring receivers and writer in line with them. */
KM_MUST_USE int km_hub_reload(struct km_hub *hub);

/* One per role: a message that the table allows, already checked for its direction. */
void km_hub_on_receiver(struct km_hub *hub, struct km_process *child, enum km_message_kind kind,
    struct km_bytes message, int *fds, size_t fd_count);
void km_hub_on_writer(struct km_hub *hub, struct km_process *child, enum km_message_kind kind,
    struct km_bytes message);
void km_hub_on_web(struct km_hub *hub, struct km_process *child, enum km_message_kind kind,
    struct km_bytes message);

/* Who a session, or an API token, speaks for. */
struct km_hub_identity {
	struct km_account account;
	const struct km_session *session; /* NULL: it is a token */
	struct km_token token;
	bool lacks_factor; /* the role must have a second factor, and there is none yet */
};

/* Returns 0, KM_ERR_AUTH (nothing that lives), or an error of the database. */
KM_MUST_USE int km_hub_identify(
    struct km_hub *hub, struct km_bytes token, struct km_hub_identity *ret_identity);

/* Whether it may do this, to this camera (nil: none). 0, KM_ERR_DENIED, or of the database. */
KM_MUST_USE int km_hub_allow(struct km_hub *hub, const struct km_hub_identity *identity,
    enum km_right right, const struct km_uuid *camera);

/*
 * Whether it may come from there: the lists of the service, of the account and of the token. 0 or
 * KM_ERR_DENIED. Notes the use of a token.
 */
KM_MUST_USE int km_hub_admit(
    struct km_hub *hub, const struct km_hub_identity *identity, const char *address);

/* Whether the account's role must have a second factor. */
bool km_hub_wants_factor(const struct km_hub *hub, enum km_account_role role);

/* Take the rules for people out of the options. KM_ERR_CONFIG: they were not judged. */
KM_MUST_USE int km_hub_begin_people(struct km_hub *hub);

/*
 * The account behind a session, if it may do this, to this camera (nil: to none in particular).
 * Returns 0, KM_ERR_AUTH (no living session), KM_ERR_DENIED, or an error of the database.
 */
KM_MUST_USE int km_hub_check(struct km_hub *hub, struct km_bytes token, enum km_right right,
    const struct km_uuid *camera, struct km_account *ret_account);

/* A child runs: tell it what it needs. */
void km_hub_start_receiver(struct km_hub *hub, struct km_process *child);
void km_hub_start_writer(struct km_hub *hub, struct km_process *child);
void km_hub_start_web(struct km_hub *hub, struct km_process *child);

/* A child has ended. */
void km_hub_end_receiver(struct km_hub *hub, struct km_process *child);
void km_hub_end_writer(struct km_hub *hub);
void km_hub_end_web(struct km_hub *hub);

/* What every role may say (ready, event). Returns whether it was one of those. */
bool km_hub_on_any(struct km_hub *hub, struct km_process *child, enum km_message_kind kind,
    struct km_bytes message);

/*
 * Whether what a child says may become one more entry of the journal, which keeps everything: some
 * hundred at once, then one a second. Logs if not.
 */
bool km_hub_may_note(struct km_hub *hub, struct km_process *child);

/*
 * The same for a camera that comes and goes: some dozens of entries at once, then one in ten
 * seconds, so that it fills the journal for nobody else.
 */
bool km_hub_may_note_camera(struct km_hub *hub, struct km_hub_camera *camera);

/* Send a data key, or why not; wipes it. */
void km_hub_answer_key(
    struct km_process *child, uint32_t request, int err, struct km_vault_key *key);

/* Tell a camera's receiver, or the writer, about it. */
void km_hub_tell_receiver(struct km_hub *hub, const struct km_hub_camera *camera);
void km_hub_tell_writer(struct km_hub *hub, const struct km_hub_camera *camera);

void km_hub_close_ring(struct km_hub_camera *camera);

/* Send the ring of a camera, if there is one, as the answer to `request` (0: unasked). */
void km_hub_send_ring(struct km_process *to, const struct km_hub_camera *camera, uint32_t request);

/* The answer to status_get: `send` gets each message; `may_see` decides per camera (NULL: all). */
void km_hub_tell_status(struct km_hub *hub, uint32_t request,
    void (*send)(void *context, enum km_message_kind kind, const void *message),
    bool (*may_see)(void *context, const struct km_uuid *camera), void *context);

#endif
