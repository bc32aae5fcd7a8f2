#include "crypto/box.h"

#include "base/error.h"
#include "crypto/aead.h"
#include "crypto/random.h"

#include <string.h>

int km_box_seal(const uint8_t key[static KM_BOX_KEY_BYTES], struct km_bytes purpose,
    struct km_bytes secret, struct km_buf *box)
{
	struct km_aead *aead = NULL;
	size_t before = box->size;
	uint8_t *start = NULL;
	int err = km_aead_create(key, &aead);

	if (err < 0) {
		return err;
	}
	start = km_buf_grow(box, KM_AEAD_NONCE_BYTES + secret.size + KM_AEAD_TAG_BYTES);
	err = start == NULL ? km_buf_error(box) : km_random_fill(start, KM_AEAD_NONCE_BYTES);
	if (err == 0) {
		err = km_aead_seal(aead, start, purpose, secret, start + KM_AEAD_NONCE_BYTES);
	}
	if (err < 0 && start != NULL) {
		box->size = before;
	}
	km_aead_destroy(aead);
	return err;
}

int km_box_open(const uint8_t key[static KM_BOX_KEY_BYTES], struct km_bytes purpose,
    struct km_bytes box, struct km_buf *secret)
{
	struct km_bytes sealed = km_bytes_after(box, KM_AEAD_NONCE_BYTES);
	struct km_aead *aead = NULL;
	size_t before = secret->size;
	uint8_t *start = NULL;
	int err = 0;

	if (box.size < KM_BOX_EXTRA_BYTES) {
		return KM_ERR_SHORT;
	}
	err = km_aead_create(key, &aead);
	if (err < 0) {
		return err;
	}
	/* The room is taken only when the box opens: km_aead_open zeroes what it does not trust. */
	err = km_buf_reserve(secret, sealed.size - KM_AEAD_TAG_BYTES);
	if (err == 0) {
		start = secret->data + before;
		err = km_aead_open(aead, box.data, purpose, sealed, start);
	}
	if (err == 0) {
		secret->size = before + sealed.size - KM_AEAD_TAG_BYTES;
	}
	km_aead_destroy(aead);
	return err;
}
