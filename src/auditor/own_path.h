/*
 * The path of the camera's own stream (its entry's rtsp URL), as it may be asked for without a
 * login and shown in facts: without the query if that may be a login, and not at all if the rest
 * may be one, too.
 */
#ifndef KM_AUDITOR_OWN_PATH_H
#define KM_AUDITOR_OWN_PATH_H

#include "auditor/job.h"

struct km_own_path {
	uint16_t port;        /* 0: there is no path that may be asked for */
	uint16_t hidden_port; /* not 0: it is there, but its path may be a login */
	bool is_tls;
	char path[KM_JOB_URL_SIZE];
};

void km_own_path_read(const struct km_job *job, struct km_own_path *ret_path);

#endif
