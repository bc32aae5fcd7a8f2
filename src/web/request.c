#include "web/request.h"

#include "base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define PARAMETERS_MAX 8

const char *km_request_method_name(enum km_method method)
{
	static const char *const names[] = {
		[KM_METHOD_GET] = "GET",
		[KM_METHOD_HEAD] = "HEAD",
		[KM_METHOD_POST] = "POST",
		[KM_METHOD_PATCH] = "PATCH",
		[KM_METHOD_DELETE] = "DELETE",
	};

	return (size_t)method < KM_COUNT(names) ? names[method] : "other";
}

static int refuse(struct km_refusal *ret_refusal, const char *field, const char *text, int err)
{
	if (ret_refusal != NULL) {
		(void)snprintf(ret_refusal->field, sizeof(ret_refusal->field), "%s", field);
		(void)snprintf(ret_refusal->text, sizeof(ret_refusal->text), "%s", text);
	}
	return err;
}

/* Which of the names it is, or their count. */
static size_t name_index(struct km_bytes name, const char *const *names, size_t *ret_count)
{
	size_t index = 0;
	size_t found = SIZE_MAX;

	while (names[index] != NULL) {
		if (km_bytes_is_equal(name, km_bytes_text(names[index]))) {
			found = index;
		}
		index++;
	}
	*ret_count = index;
	return found;
}

int km_request_check_query(
    struct km_bytes query, const char *const *names, struct km_refusal *ret_refusal)
{
	unsigned seen = 0;
	size_t parameters = 0;

	while (query.size > 0) {
		struct km_bytes value = km_bytes_split(&query, '&');
		struct km_bytes name = km_bytes_split(&value, '=');
		size_t count = 0;
		size_t index = name_index(name, names, &count);

		if (++parameters > PARAMETERS_MAX) {
			return refuse(ret_refusal, "", "too many query parameters", KM_ERR_FORMAT);
		}
		if (index == SIZE_MAX) {
			return refuse(ret_refusal, "",
			    count > 0 ? "the query holds a parameter that is not known here"
				      : "no query is taken here",
			    KM_ERR_FORMAT);
		}
		if ((seen & 1U << index) != 0) {
			return refuse(ret_refusal, names[index], "the parameter is there twice",
			    KM_ERR_FORMAT);
		}
		seen |= 1U << index;
	}
	return 0;
}

static bool find_parameter(struct km_bytes query, const char *name, struct km_bytes *ret_value)
{
	while (query.size > 0) {
		struct km_bytes value = km_bytes_split(&query, '&');

		if (km_bytes_is_equal(km_bytes_split(&value, '='), km_bytes_text(name))) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static int parse_i64(struct km_bytes text, int64_t *ret_value)
{
	bool is_negative = text.size > 0 && text.data[0] == '-';
	uint64_t magnitude = 0;
	int err =
	    km_bytes_parse_u64(is_negative ? km_bytes_after(text, 1) : text, INT64_MAX, &magnitude);

	if (err == 0) {
		*ret_value = is_negative ? -(int64_t)magnitude : (int64_t)magnitude;
	}
	return err;
}

int km_request_query_i64(struct km_bytes query, const char *name, int64_t least, int64_t most,
    int64_t *ret_value, struct km_refusal *ret_refusal)
{
	struct km_bytes text = { 0 };
	int64_t value = 0;
	char words[128];

	if (!find_parameter(query, name, &text)) {
		return refuse(
		    ret_refusal, name, "the query parameter is missing", KM_ERR_NOT_FOUND);
	}
	if (parse_i64(text, &value) < 0) {
		return refuse(ret_refusal, name, "a whole decimal number is needed", KM_ERR_FORMAT);
	}
	if (value < least || value > most) {
		(void)snprintf(words, sizeof(words), "it must lie between %" PRIi64 " and %" PRIi64,
		    least, most);
		return refuse(ret_refusal, name, words, KM_ERR_RANGE);
	}
	*ret_value = value;
	return 0;
}

int km_request_decode(struct km_bytes value, char *ret_text, size_t size, size_t *ret_size)
{
	size_t count = 0;

	for (size_t i = 0; i < value.size; i++) {
		uint8_t byte = value.data[i] == '+' ? ' ' : value.data[i];

		if (count == size) {
			return KM_ERR_LIMIT;
		}
		if (byte == '%') {
			if (value.size - i < 3 ||
			    km_text_parse_hex(km_bytes_slice(value, i + 1, 2), &byte, 1) < 0) {
				return KM_ERR_FORMAT;
			}
			i += 2;
		}
		ret_text[count++] = (char)byte;
	}
	*ret_size = count;
	return 0;
}

int km_request_query_span(struct km_bytes query, int64_t most_us, int64_t *ret_from_us,
    int64_t *ret_to_us, struct km_refusal *ret_refusal)
{
	/* Far enough for any year, and sums of two stay inside 64 bits. */
	const int64_t bound = INT64_MAX / 4;
	int64_t from = 0;
	int64_t to = 0;
	char words[128];
	int err = km_request_query_i64(query, "from", 0, bound, &from, ret_refusal);

	if (err == 0) {
		err = km_request_query_i64(query, "to", 0, bound, &to, ret_refusal);
	}
	if (err < 0) {
		return err;
	}
	if (from >= to) {
		return refuse(ret_refusal, "to", "it must be later than from", KM_ERR_RANGE);
	}
	if (to - from > most_us) {
		(void)snprintf(words, sizeof(words),
		    "at most %" PRIi64 " seconds can be asked for at once", most_us / 1000000);
		return refuse(ret_refusal, "to", words, KM_ERR_RANGE);
	}
	*ret_from_us = from;
	*ret_to_us = to;
	return 0;
}

enum km_range_kind km_request_range(
    struct km_bytes range, uint64_t size, uint64_t *ret_first, uint64_t *ret_count)
{
	struct km_bytes unit = KM_BYTES("bytes=");
	struct km_bytes rest = km_bytes_trim(range);
	struct km_bytes start = { 0 };
	uint64_t first = 0;
	uint64_t last = UINT64_MAX;
	size_t dash = 0;

	if (!km_bytes_has_prefix_nocase(rest, unit)) {
		return KM_RANGE_WHOLE;
	}
	rest = km_bytes_trim(km_bytes_after(rest, unit.size));
	dash = km_bytes_find(rest, '-');
	if (dash == rest.size || km_bytes_find(rest, ',') < rest.size) {
		return KM_RANGE_WHOLE;
	}
	start = km_bytes_slice(rest, 0, dash);
	rest = km_bytes_after(rest, dash + 1);
	if (start.size == 0) {
		if (km_bytes_parse_u64(rest, UINT64_MAX, &last) < 0) {
			return KM_RANGE_WHOLE;
		}
		if (last == 0 || size == 0) {
			return KM_RANGE_OUTSIDE;
		}
		first = last < size ? size - last : 0;
		last = size - 1;
	} else {
		if (km_bytes_parse_u64(start, UINT64_MAX, &first) < 0 ||
		    (rest.size > 0 && km_bytes_parse_u64(rest, UINT64_MAX, &last) < 0) ||
		    last < first) {
			return KM_RANGE_WHOLE;
		}
		if (first >= size) {
			return KM_RANGE_OUTSIDE;
		}
		last = last < size ? last : size - 1;
	}
	*ret_first = first;
	*ret_count = last - first + 1;
	return KM_RANGE_PART;
}

int km_request_session(struct km_bytes cookie, uint8_t ret_token[static KM_REQUEST_TOKEN_BYTES])
{
	uint8_t token[KM_REQUEST_TOKEN_BYTES];
	bool is_found = false;

	while (cookie.size > 0) {
		struct km_bytes value = km_bytes_trim(km_bytes_split(&cookie, ';'));
		struct km_bytes name = km_bytes_split(&value, '=');

		if (!km_bytes_is_equal(name, KM_BYTES(KM_REQUEST_COOKIE_NAME))) {
			continue;
		}
		if (is_found || value.size != 2 * sizeof(token) ||
		    km_text_parse_hex(value, token, sizeof(token)) < 0) {
			return KM_ERR_FORMAT;
		}
		is_found = true;
	}
	if (!is_found) {
		return KM_ERR_NOT_FOUND;
	}
	memcpy(ret_token, token, sizeof(token));
	return 0;
}

int km_request_bearer(
    struct km_bytes authorization, uint8_t ret_token[static KM_REQUEST_TOKEN_BYTES])
{
	struct km_bytes scheme = KM_BYTES("Bearer ");
	struct km_bytes prefix = KM_BYTES("kmt_");
	struct km_bytes text = km_bytes_trim(authorization);
	uint8_t storage[KM_REQUEST_TOKEN_BYTES];
	struct km_buf token;
	int err = KM_ERR_FORMAT;

	if (text.size == 0) {
		return KM_ERR_NOT_FOUND;
	}
	if (!km_bytes_has_prefix_nocase(text, scheme)) {
		return KM_ERR_FORMAT;
	}
	text = km_bytes_trim(km_bytes_after(text, scheme.size));
	km_buf_init_fixed(&token, storage, sizeof(storage));
	if (km_bytes_has_prefix(text, prefix) &&
	    km_text_parse_base64(km_bytes_after(text, prefix.size), &token) == 0 &&
	    token.size == sizeof(storage)) {
		memcpy(ret_token, storage, sizeof(storage));
		err = 0;
	}
	explicit_bzero(storage, sizeof(storage));
	return err;
}

int km_request_credential(const struct km_request *request,
    uint8_t ret_token[static KM_REQUEST_TOKEN_BYTES], bool *ret_is_bearer)
{
	int err = km_request_bearer(km_bytes_text(request->authorization), ret_token);

	*ret_is_bearer = err != KM_ERR_NOT_FOUND;
	return *ret_is_bearer ? err : km_request_session(km_bytes_text(request->cookie), ret_token);
}

bool km_request_is_same_origin(struct km_bytes origin, struct km_bytes host)
{
	struct km_bytes scheme = KM_BYTES("https://");
	struct km_bytes port = KM_BYTES(":443");
	struct km_bytes named = km_bytes_after(origin, scheme.size);

	if (host.size == 0 || !km_bytes_has_prefix_nocase(origin, scheme)) {
		return false;
	}
	/* Browsers leave the default port out of Origin, and some clients write it into Host. */
	if (host.size > port.size &&
	    km_bytes_is_equal(km_bytes_after(host, host.size - port.size), port)) {
		host.size -= port.size;
	}
	return km_bytes_is_equal_nocase(named, host);
}

bool km_request_has_etag(struct km_bytes if_none_match, struct km_bytes etag)
{
	while (if_none_match.size > 0) {
		struct km_bytes one = km_bytes_trim(km_bytes_split(&if_none_match, ','));

		if (km_bytes_has_prefix(one, KM_BYTES("W/"))) {
			one = km_bytes_after(one, 2);
		}
		if (km_bytes_is_equal(one, KM_BYTES("*")) || km_bytes_is_equal(one, etag)) {
			return true;
		}
	}
	return false;
}
