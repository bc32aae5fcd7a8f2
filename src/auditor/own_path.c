#include "auditor/own_path.h"

#include "proto/url.h"

/* Names of parameters that cameras take logins in, in their usual spellings. */
static bool has_secret(struct km_bytes query)
{
	static const char *const names[] = { "user", "usr", "pass", "pwd", "psw", "auth", "token",
		"key" };

	for (size_t at = 0; at < query.size; at++) {
		for (size_t i = 0; i < KM_COUNT(names); i++) {
			if (km_bytes_has_prefix_nocase(
				km_bytes_after(query, at), km_bytes_text(names[i]))) {
				return true;
			}
		}
	}
	return false;
}

void km_own_path_read(const struct km_job *job, struct km_own_path *ret_path)
{
	struct km_own_path own = { 0 };
	struct km_url url;
	size_t question = 0;

	if (km_url_parse(km_bytes_text(job->rtsp_url), &url, NULL) == 0) {
		question = km_bytes_find(url.path, '?');
		if (has_secret(km_bytes_after(url.path, question))) {
			url.path = km_bytes_slice(url.path, 0, question);
		}
		own.is_tls = url.is_tls;
		own.port =
		    km_bytes_copy_text(url.path, own.path, sizeof(own.path)) == 0 ? url.port : 0;
	}
	*ret_path = own;
}
