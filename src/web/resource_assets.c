/* The page itself. */
#include "web/assets.h"
#include "web/call.h"

#include <string.h>

void km_resource_assets_page(struct km_call *call);
void km_resource_assets_icon(struct km_call *call);
void km_resource_assets_file(struct km_call *call);

static const struct km_asset *find(const char *path)
{
	size_t low = 0;
	size_t high = km_assets_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(path, km_assets[middle].path);

		if (order == 0) {
			return &km_assets[middle];
		}
		if (order < 0) {
			high = middle;
		} else {
			low = middle + 1;
		}
	}
	return NULL;
}

static void add_header(struct km_response *response, const char *name, const char *value)
{
	response->headers[response->header_count].name = name;
	response->headers[response->header_count++].value = value;
}

/* Every browser that can play the video can unpack gzip, so there is one form of each file. */
static void serve(struct km_call *call, const char *path)
{
	const struct km_request *request = km_call_request(call);
	const struct km_asset *asset = find(path);
	struct km_response response = { .status = 200 };

	if (asset == NULL) {
		km_call_fail(call, 404, "not_found", "there is nothing at this path");
		return;
	}
	response.content_type = asset->mime;
	response.cache_control =
	    asset->is_hashed ? "public, max-age=31536000, immutable" : "no-cache";
	add_header(&response, "etag:", asset->etag);
	if (asset->is_gzip) {
		add_header(&response, "content-encoding:", "gzip");
	}
	if (km_request_has_etag(
		km_bytes_text(request->if_none_match), km_bytes_text(asset->etag))) {
		response.status = 304;
	} else {
		response.fixed = km_bytes_from(asset->data, asset->size);
	}
	km_call_answer(call, &response);
}

void km_resource_assets_page(struct km_call *call)
{
	serve(call, "/index.html");
}

void km_resource_assets_icon(struct km_call *call)
{
	serve(call, "/favicon.svg");
}

void km_resource_assets_file(struct km_call *call)
{
	serve(call, km_call_request(call)->path);
}
