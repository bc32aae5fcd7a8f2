#include "web/server_read.h"

#include <libwebsockets.h>
#include <string.h>

#define PARAMETERS_MAX 16 /* of a query */

static bool copy_header(struct lws *wsi, enum lws_token_indexes token, char *to, size_t size)
{
	to[0] = '\0';
	if (lws_hdr_total_length(wsi, token) == 0) {
		return true;
	}
	return lws_hdr_copy(wsi, to, (int)size, token) >= 0;
}

static bool copy_custom(struct lws *wsi, const char *name, char *to, size_t size)
{
	int length = lws_hdr_custom_length(wsi, name, (int)strlen(name));

	to[0] = '\0';
	if (length <= 0) {
		return true;
	}
	return lws_hdr_custom_copy(wsi, to, (int)size, name, (int)strlen(name)) >= 0;
}

/* The query again as it came; the library has cut it at each '&'. */
static bool copy_query(struct lws *wsi, char *to, size_t size)
{
	size_t used = 0;

	to[0] = '\0';
	for (int i = 0; i < PARAMETERS_MAX; i++) {
		int length = lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, i);

		if (length <= 0) {
			return true;
		}
		if (used + (size_t)length + 2 > size) {
			return false;
		}
		if (used > 0) {
			to[used++] = '&';
		}
		length = lws_hdr_copy_fragment(
		    wsi, to + used, (int)(size - used), WSI_TOKEN_HTTP_URI_ARGS, i);
		if (length < 0) {
			return false;
		}
		used += strlen(to + used);
	}
	return false;
}

/* What the program calls itself, for people to read: only what is printable, and not all of it. */
static void copy_program(struct lws *wsi, char *ret_text, size_t size)
{
	char text[1024];
	int length = lws_hdr_copy(wsi, text, sizeof(text), WSI_TOKEN_HTTP_USER_AGENT);
	size_t used = 0;

	for (int i = 0; i < length && used + 1 < size; i++) {
		if (text[i] >= ' ' && text[i] <= '~') {
			ret_text[used++] = text[i];
		}
	}
	ret_text[used] = '\0';
}

static enum km_method method_from(int lws_method)
{
	switch (lws_method) {
	case LWSHUMETH_GET:
		return KM_METHOD_GET;
	case LWSHUMETH_HEAD:
		return KM_METHOD_HEAD;
	case LWSHUMETH_POST:
		return KM_METHOD_POST;
	case LWSHUMETH_PATCH:
		return KM_METHOD_PATCH;
	case LWSHUMETH_DELETE:
		return KM_METHOD_DELETE;
	default:
		return KM_METHOD_OTHER;
	}
}

/* Returns 0 or the HTTP status to refuse with. */
static unsigned read_head(struct lws *wsi, struct km_request *to)
{
	char *path = NULL;
	int path_size = 0;
	int method = lws_http_get_uri_and_method(wsi, &path, &path_size);

	if (method < 0 || path == NULL || path_size <= 0 || (size_t)path_size >= sizeof(to->path)) {
		return HTTP_STATUS_REQ_URI_TOO_LONG;
	}
	to->method = method_from(method);
	memcpy(to->path, path, (size_t)path_size);
	to->path[path_size] = '\0';
	if (strlen(to->path) != (size_t)path_size) {
		return HTTP_STATUS_BAD_REQUEST;
	}
	if (!copy_query(wsi, to->query, sizeof(to->query))) {
		return HTTP_STATUS_REQ_URI_TOO_LONG;
	}
	if (!copy_header(wsi, WSI_TOKEN_HOST, to->host, sizeof(to->host)) ||
	    !copy_header(wsi, WSI_TOKEN_ORIGIN, to->origin, sizeof(to->origin)) ||
	    !copy_header(wsi, WSI_TOKEN_HTTP_COOKIE, to->cookie, sizeof(to->cookie)) ||
	    !copy_header(
		wsi, WSI_TOKEN_HTTP_AUTHORIZATION, to->authorization, sizeof(to->authorization)) ||
	    !copy_header(wsi, WSI_TOKEN_HTTP_RANGE, to->range, sizeof(to->range)) ||
	    !copy_header(wsi, WSI_TOKEN_HTTP_IF_RANGE, to->if_range, sizeof(to->if_range)) ||
	    !copy_header(
		wsi, WSI_TOKEN_HTTP_IF_NONE_MATCH, to->if_none_match, sizeof(to->if_none_match)) ||
	    !copy_header(
		wsi, WSI_TOKEN_HTTP_CONTENT_TYPE, to->content_type, sizeof(to->content_type)) ||
	    !copy_custom(wsi, "x-komainu-csrf:", to->csrf, sizeof(to->csrf))) {
		return HTTP_STATUS_BAD_REQUEST;
	}
	copy_program(wsi, to->program, sizeof(to->program));
	return 0;
}

/* How many bytes of body follow. Returns 0 or the HTTP status to refuse with. */
static unsigned read_body_size(struct lws *wsi, enum km_method method, uint64_t *ret_size)
{
	char text[24];
	bool takes_body = method == KM_METHOD_POST || method == KM_METHOD_PATCH;
	uint64_t size = 0;

	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0) {
		return HTTP_STATUS_NOT_IMPLEMENTED; /* the library would take chunks for the body */
	}
	if (!copy_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH, text, sizeof(text))) {
		return HTTP_STATUS_BAD_REQUEST;
	}
	if (text[0] == '\0') {
		if (takes_body) {
			return HTTP_STATUS_LENGTH_REQUIRED;
		}
		*ret_size = 0;
		return 0;
	}
	if (km_bytes_parse_u64(km_bytes_text(text), UINT64_MAX, &size) < 0 ||
	    (size > 0 && !takes_body)) {
		return HTTP_STATUS_BAD_REQUEST;
	}
	*ret_size = size;
	return 0;
}

unsigned km_server_read(struct lws *wsi, struct km_request *ret_request, uint64_t *ret_body_bytes)
{
	unsigned status = read_head(wsi, ret_request);

	return status != 0 ? status : read_body_size(wsi, ret_request->method, ret_body_bytes);
}
