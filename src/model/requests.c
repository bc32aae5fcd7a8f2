#include "model/requests.h"

int km_requests_right(enum km_message_kind kind, enum km_right *ret_right)
{
	switch ((int)kind) {
#define KM_REQUEST(message, RIGHT, text)                                                           \
	case KM_MESSAGE_##message:                                                                 \
		*ret_right = KM_RIGHT_##RIGHT;                                                     \
		return 0;
#include "model/requests.tbl"
#undef KM_REQUEST
	default:
		return KM_ERR_NOT_FOUND;
	}
}
