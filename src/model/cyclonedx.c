#include "model/cyclonedx.h"

#include "base/time.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define REFERENCE_SIZE 96
#define PURL_SIZE      320

static bool is_program(const struct km_message_part *part)
{
	return strcmp(part->name, part->program) == 0;
}

static void write_reference(
    const struct km_message_part *part, char ret_text[static REFERENCE_SIZE])
{
	(void)snprintf(ret_text, REFERENCE_SIZE, "%s:%s", is_program(part) ? "program" : "library",
	    part->name);
}

/* Percent-encoded as package URLs want it: [purl-spec, character encoding]. */
static void add_encoded(struct km_buf *buf, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char byte = (unsigned char)*text;

		if (isalnum(byte) || strchr("-._~", byte) != NULL) {
			km_buf_add_u8(buf, byte);
		} else {
			km_buf_add_format(buf, "%%%02X", byte);
		}
	}
}

static void write_purl(struct km_json *json, const struct km_message_part *part)
{
	char storage[PURL_SIZE];
	struct km_buf buf;

	if (part->package[0] == '\0' || part->package_version[0] == '\0') {
		return;
	}
	km_buf_init_fixed(&buf, storage, sizeof(storage));
	km_buf_add_text(&buf, "pkg:deb/debian/");
	add_encoded(&buf, part->package);
	km_buf_add_text(&buf, "@");
	add_encoded(&buf, part->package_version);
	if (part->architecture[0] != '\0') {
		km_buf_add_text(&buf, "?arch=");
		add_encoded(&buf, part->architecture);
	}
	km_buf_add_u8(&buf, 0);
	if (km_buf_error(&buf) == 0) {
		km_json_text(json, "purl", storage);
	}
}

static void write_license(struct km_json *json)
{
	km_json_open(json, "licenses", '[');
	km_json_open(json, NULL, '{');
	km_json_open(json, "license", '{');
	km_json_text(json, "id", "Apache-2.0");
	km_json_close(json, '}');
	km_json_close(json, '}');
	km_json_close(json, ']');
}

static void write_component(struct km_json *json, const struct km_message_part *part)
{
	char reference[REFERENCE_SIZE];

	write_reference(part, reference);
	km_json_open(json, NULL, '{');
	km_json_text(json, "type", is_program(part) ? "application" : "library");
	km_json_text(json, "bom-ref", reference);
	km_json_text(json, "name", part->name);
	if (part->version[0] != '\0') {
		km_json_text(json, "version", part->version);
	} else if (part->package_version[0] != '\0') {
		km_json_text(json, "version", part->package_version);
	}
	if (is_program(part)) {
		write_license(json);
	}
	write_purl(json, part);
	km_json_close(json, '}');
}

/* The same library in several programs is one component. */
static bool is_first(const struct km_message_part *parts, size_t place)
{
	for (size_t i = 0; i < place; i++) {
		if (strcmp(parts[i].name, parts[place].name) == 0) {
			return false;
		}
	}
	return true;
}

static void write_metadata(struct km_json *json, int64_t unix_us)
{
	char time[KM_TIME_TEXT_SIZE];

	km_time_write(unix_us, time);
	km_json_open(json, "metadata", '{');
	km_json_text(json, "timestamp", time);
	km_json_open(json, "component", '{');
	km_json_text(json, "type", "application");
	km_json_text(json, "bom-ref", "recorder");
	km_json_text(json, "name", "komainu");
	km_json_text(json, "version", KM_VERSION);
	write_license(json);
	km_json_close(json, '}');
	km_json_close(json, '}');
}

static void write_dependencies(
    struct km_json *json, const struct km_message_part *parts, size_t count)
{
	char reference[REFERENCE_SIZE];

	km_json_open(json, "dependencies", '[');
	km_json_open(json, NULL, '{');
	km_json_text(json, "ref", "recorder");
	km_json_open(json, "dependsOn", '[');
	for (size_t i = 0; i < count; i++) {
		if (is_program(&parts[i])) {
			write_reference(&parts[i], reference);
			km_json_text(json, NULL, reference);
		}
	}
	km_json_close(json, ']');
	km_json_close(json, '}');
	for (size_t i = 0; i < count; i++) {
		if (!is_program(&parts[i])) {
			continue;
		}
		write_reference(&parts[i], reference);
		km_json_open(json, NULL, '{');
		km_json_text(json, "ref", reference);
		km_json_open(json, "dependsOn", '[');
		for (size_t j = 0; j < count; j++) {
			if (!is_program(&parts[j]) &&
			    strcmp(parts[j].program, parts[i].name) == 0) {
				write_reference(&parts[j], reference);
				km_json_text(json, NULL, reference);
			}
		}
		km_json_close(json, ']');
		km_json_close(json, '}');
	}
	km_json_close(json, ']');
}

void km_cyclonedx_write(struct km_json *json, const struct km_message_part *parts, size_t count,
    const struct km_uuid *serial, int64_t unix_us)
{
	char uuid[KM_UUID_TEXT_SIZE];
	char urn[KM_UUID_TEXT_SIZE + 16];

	km_uuid_write(serial, uuid);
	(void)snprintf(urn, sizeof(urn), "urn:uuid:%s", uuid);
	km_json_open(json, NULL, '{');
	km_json_text(json, "bomFormat", "CycloneDX");
	km_json_text(json, "specVersion", "1.5");
	km_json_text(json, "serialNumber", urn);
	km_json_i64(json, "version", 1);
	write_metadata(json, unix_us);
	km_json_open(json, "components", '[');
	for (size_t i = 0; i < count; i++) {
		if (is_first(parts, i)) {
			write_component(json, &parts[i]);
		}
	}
	km_json_close(json, ']');
	write_dependencies(json, parts, count);
	km_json_close(json, '}');
}
