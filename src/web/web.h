/*
 * The role web: serves users over HTTPS. Its one context, passed down.
 */
#ifndef KM_WEB_WEB_H
#define KM_WEB_WEB_H

#include "priv/role_process.h"
#include "web/archive_pool.h"
#include "web/ask.h"
#include "web/keys.h"
#include "web/server.h"

struct km_live;

struct km_web {
	struct km_loop *loop;
	struct km_role_process *process;
	struct km_server_tls *tls;
	struct km_server *server;
	struct km_ask *ask;
	struct km_keys *keys;
	struct km_archive_pool *archives;
	struct km_live *live;
	size_t jobs;        /* disk jobs under way, see km_call_submit */
	size_t exports;     /* under way */
	bool is_reporting;  /* a paper of the checklist is being made */
	bool is_setup_done; /* as guard said; never goes back */
	char version[32];   /* as guard said; empty before */
};

/* Serve until guard says stop or closes the channel. Returns the exit status of the process. */
int km_web_run(void);

#endif
