/*
 * The files of the page, built into the program by ui/embed.py.
 */
#ifndef KM_WEB_ASSETS_H
#define KM_WEB_ASSETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct km_asset {
	const char *path; /* "/index.html", "/assets/app-1a2b3c4d.js" */
	const char *mime;
	const char *etag; /* with its quotes; of the bytes as sent */
	const uint8_t *data;
	size_t size;
	bool is_gzip;
	bool is_hashed; /* its name changes with its content */
};

/* Sorted by path. */
extern const struct km_asset km_assets[];
extern const size_t km_assets_count;

#endif
