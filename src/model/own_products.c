#include "model/own_products.h"

#include "base/compiler.h"
#include "proto/cpe.h"

#include <ctype.h>
#include <string.h>

static const struct km_own_product products[] = {
#define KM_OWN_PRODUCT(package, vendor, product) { package, vendor, product },
#include "model/own_products.tbl"
#undef KM_OWN_PRODUCT
};

const struct km_own_product *km_own_products(size_t *ret_count)
{
	*ret_count = KM_COUNT(products);
	return products;
}

bool km_own_products_has(const char *vendor, const char *product)
{
	char folded_vendor[KM_CPE_VENDOR_SIZE];
	char folded_product[KM_CPE_PRODUCT_SIZE];

	(void)km_cpe_fold(vendor, folded_vendor, sizeof(folded_vendor));
	(void)km_cpe_fold(product, folded_product, sizeof(folded_product));
	for (size_t i = 0; i < KM_COUNT(products); i++) {
		if (strcmp(folded_vendor, products[i].vendor) == 0 &&
		    strcmp(folded_product, products[i].product) == 0) {
			return true;
		}
	}
	return false;
}

bool km_own_products_is_package(const struct km_own_product *product, const char *package)
{
	size_t size = strlen(product->package);
	const char *rest = package + size;

	if (strncmp(package, product->package, size) != 0) {
		return false;
	}
	return *rest == '\0' || isdigit((unsigned char)*rest) || rest[-1] == '6' ||
	       (*rest == '-' && isdigit((unsigned char)rest[1])) ||
	       (*rest == '-' && strncmp(rest, "-gnutls", 7) == 0);
}
