#include "auditor/own_path.h"

#include "auditor/onvif_place.h"
#include "proto/url.h"

void km_own_path_read(const struct km_job *job, struct km_own_path *ret_path)
{
	const struct km_bytes password = km_bytes_text(job->password);
	struct km_own_path own = { 0 };
	struct km_url url;

	if (km_url_parse(km_bytes_text(job->rtsp_url), &url, NULL) < 0) {
		*ret_path = own;
		return;
	}
	if (km_onvif_place_may_log_in(url.path, password)) {
		url.path = km_bytes_slice(url.path, 0, km_bytes_find(url.path, '?'));
	}
	own.is_tls = url.is_tls;
	if (km_onvif_place_may_log_in(url.path, password)) {
		own.hidden_port = url.port;
	} else if (km_bytes_copy_text(url.path, own.path, sizeof(own.path)) == 0) {
		own.port = url.port;
	}
	*ret_path = own;
}
