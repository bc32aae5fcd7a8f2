#include "auditor/talk.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE_BYTES 4096

struct km_talk {
	struct km_egress *egress;
	int fd;
	SSL *ssl;
	BIO *inward;  /* the library's; from the network */
	BIO *outward; /* the library's; to the network */
};

/* The lowest security level is right here alone: to see that a device takes TLS 1.0 one must be
 * able to speak it. */
static SSL_CTX *create_context(const struct km_talk_offer *offer)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	bool is_fine = context != NULL;

	if (!is_fine) {
		return NULL;
	}
	SSL_CTX_set_security_level(context, 0);
	SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
	(void)SSL_CTX_set_options(context,
	    SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
	is_fine =
	    SSL_CTX_set_min_proto_version(
		context, offer->min_version == 0 ? TLS1_VERSION : offer->min_version) == 1 &&
	    SSL_CTX_set_max_proto_version(context, offer->max_version) == 1 &&
	    SSL_CTX_set_cipher_list(context,
		offer->suites == NULL ? "ALL:COMPLEMENTOFALL:@SECLEVEL=0" : offer->suites) == 1 &&
	    (offer->suites13 == NULL || SSL_CTX_set_ciphersuites(context, offer->suites13) == 1);
	if (!is_fine) {
		SSL_CTX_free(context);
		return NULL;
	}
	return context;
}

static int create_session(struct km_talk *talk, const struct km_talk_offer *offer)
{
	SSL_CTX *context = create_context(offer);

	if (context != NULL) {
		talk->ssl = SSL_new(context);
		SSL_CTX_free(context);
	}
	talk->inward = BIO_new(BIO_s_mem());
	talk->outward = BIO_new(BIO_s_mem());
	if (talk->ssl == NULL || talk->inward == NULL || talk->outward == NULL) {
		BIO_free(talk->inward);
		BIO_free(talk->outward);
		return context == NULL ? KM_ERR_CRYPTO : KM_ERR_MEMORY;
	}
	SSL_set_bio(talk->ssl, talk->inward, talk->outward);
	SSL_set_connect_state(talk->ssl);
	return 0;
}

/* Send what the library has written. */
static int flush(struct km_talk *talk, int64_t deadline_us)
{
	uint8_t piece[PIECE_BYTES];
	int count = 0;
	int err = 0;

	while (err == 0 && BIO_ctrl_pending(talk->outward) > 0) {
		count = BIO_read(talk->outward, piece, sizeof(piece));
		if (count <= 0) {
			return KM_ERR_CRYPTO;
		}
		err = km_egress_send(
		    talk->egress, talk->fd, km_bytes_from(piece, (size_t)count), deadline_us);
	}
	return err;
}

/* Give the library what comes next. */
static int feed(struct km_talk *talk, int64_t deadline_us)
{
	uint8_t piece[PIECE_BYTES];
	size_t count = 0;
	int err =
	    km_egress_receive(talk->egress, talk->fd, piece, sizeof(piece), deadline_us, &count);

	if (err == 0 && BIO_write(talk->inward, piece, (int)count) != (int)count) {
		err = KM_ERR_MEMORY;
	}
	return err;
}

/* One step of the library said `result`: go on with the network, or why not. */
static int go_on(struct km_talk *talk, int result, int64_t deadline_us)
{
	int why = SSL_get_error(talk->ssl, result);
	int err = flush(talk, deadline_us);

	ERR_clear_error();
	if (why == SSL_ERROR_ZERO_RETURN) {
		return KM_ERR_CLOSED;
	}
	if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
		return KM_ERR_CRYPTO;
	}
	return err < 0 ? err : feed(talk, deadline_us);
}

static int shake_hands(struct km_talk *talk, int64_t deadline_us)
{
	int err = 0;

	while (err == 0) {
		int result = 0;

		ERR_clear_error();
		result = SSL_do_handshake(talk->ssl);
		if (result == 1) {
			return flush(talk, deadline_us);
		}
		err = go_on(talk, result, deadline_us);
	}
	return err;
}

int km_talk_open(struct km_egress *egress, const struct km_talk_place *place, int64_t deadline_us,
    struct km_talk **ret_talk)
{
	struct km_talk *talk = calloc(1, sizeof(*talk));
	int err = 0;

	if (talk == NULL) {
		return KM_ERR_MEMORY;
	}
	talk->egress = egress;
	talk->fd = -1;
	err = km_egress_connect(egress, &place->address, deadline_us, &talk->fd);
	if (err == 0 && place->is_tls) {
		err = create_session(talk, &place->offer);
		if (err == 0) {
			err = shake_hands(talk, deadline_us);
		}
	}
	if (err < 0) {
		int why = errno;

		km_talk_close(talk);
		errno = why;
		return err;
	}
	*ret_talk = talk;
	return 0;
}

int km_talk_send(struct km_talk *talk, struct km_bytes data, int64_t deadline_us)
{
	int result = 0;
	int err = 0;

	if (talk->ssl == NULL) {
		return km_egress_send(talk->egress, talk->fd, data, deadline_us);
	}
	while (err == 0) {
		size_t count = 0;

		ERR_clear_error();
		result = SSL_write_ex(talk->ssl, data.data, data.size, &count);
		if (result == 1) {
			return flush(talk, deadline_us);
		}
		err = go_on(talk, result, deadline_us);
	}
	return err;
}

int km_talk_receive(
    struct km_talk *talk, void *ret_data, size_t size, int64_t deadline_us, size_t *ret_count)
{
	int err = 0;

	if (talk->ssl == NULL) {
		return km_egress_receive(
		    talk->egress, talk->fd, ret_data, size, deadline_us, ret_count);
	}
	while (err == 0) {
		int result = 0;

		ERR_clear_error();
		result = SSL_read_ex(talk->ssl, ret_data, size, ret_count);
		if (result == 1) {
			return 0;
		}
		err = go_on(talk, result, deadline_us);
	}
	return err;
}

const SSL *km_talk_session(const struct km_talk *talk)
{
	return talk->ssl;
}

void km_talk_close(struct km_talk *talk)
{
	const struct linger none = { .l_onoff = 1 };

	if (talk == NULL) {
		return;
	}
	SSL_free(talk->ssl);
	if (talk->fd >= 0) {
		/* A picture that is on its way is not waited for. */
		(void)setsockopt(talk->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
		(void)close(talk->fd);
	}
	free(talk);
}
