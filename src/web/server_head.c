#include "web/server_head.h"

#include <inttypes.h>

static void add_security_headers(struct km_buf *headers)
{
	km_buf_add_text(headers,
	    "strict-transport-security: max-age=31536000\r\n"
	    "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; "
	    "img-src 'self' blob: data:; media-src 'self' blob:; font-src 'self'; "
	    "connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; "
	    "form-action 'self'; frame-ancestors 'none'\r\n"
	    "x-content-type-options: nosniff\r\n"
	    "x-frame-options: DENY\r\n"
	    "referrer-policy: no-referrer\r\n"
	    "cross-origin-opener-policy: same-origin\r\n"
	    "cross-origin-resource-policy: same-origin\r\n"
	    "cross-origin-embedder-policy: require-corp\r\n"
	    "permissions-policy: camera=(), microphone=(), geolocation=(), usb=(), payment=()\r\n");
}

static const char *status_text(unsigned status)
{
	static const struct {
		unsigned status;
		const char *text;
	} texts[] = {
		{ 200, "OK" },
		{ 201, "Created" },
		{ 204, "No Content" },
		{ 206, "Partial Content" },
		{ 304, "Not Modified" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 409, "Conflict" },
		{ 411, "Length Required" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 416, "Range Not Satisfiable" },
		{ 422, "Unprocessable Content" },
		{ 426, "Upgrade Required" },
		{ 429, "Too Many Requests" },
		{ 501, "Not Implemented" },
		{ 503, "Service Unavailable" },
	};

	for (size_t i = 0; i < KM_COUNT(texts); i++) {
		if (texts[i].status == status) {
			return texts[i].text;
		}
	}
	return "Internal Server Error";
}

void km_server_head_write(
    const struct km_response *response, bool must_close, struct km_buf *headers)
{
	km_buf_add_format(
	    headers, "HTTP/1.1 %u %s\r\n", response->status, status_text(response->status));
	add_security_headers(headers);
	km_buf_add_format(headers, "cache-control: %s\r\n",
	    response->cache_control != NULL ? response->cache_control : "no-store");
	if (response->content_type != NULL) {
		km_buf_add_format(headers, "content-type: %s\r\n", response->content_type);
	}
	for (size_t i = 0; i < response->header_count; i++) {
		km_buf_add_format(
		    headers, "%s %s\r\n", response->headers[i].name, response->headers[i].value);
	}
	if (response->status != 204 && response->status != 304) {
		km_buf_add_format(
		    headers, "content-length: %llu\r\n", (unsigned long long)response->size);
	}
	if (must_close) {
		km_buf_add_text(headers, "connection: close\r\n");
	}
	km_buf_add_text(headers, "\r\n");
}
