/*
 * By what names lists of weaknesses know the libraries of the recorder (own_products.tbl).
 */
#ifndef KM_MODEL_OWN_PRODUCTS_H
#define KM_MODEL_OWN_PRODUCTS_H

#include <stdbool.h>
#include <stddef.h>

struct km_own_product {
	const char *package; /* Debian's package begins with it */
	const char *vendor;
	const char *product;
};

/* The rows of the table. Static. */
const struct km_own_product *km_own_products(size_t *ret_count);

/* Whether a list's vendor and product are one of them. */
bool km_own_products_has(const char *vendor, const char *product);

/* Whether a package is what a row means: "libssl3", not "libssl-dev" ("libssl" and a digit or
 * -digit). */
bool km_own_products_is_package(const struct km_own_product *product, const char *package);

#endif
