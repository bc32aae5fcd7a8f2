/*
 * Requests to the guard and the rights that they need (requests.tbl).
 */
#ifndef KM_MODEL_REQUESTS_H
#define KM_MODEL_REQUESTS_H

#include "model/messages.h"
#include "model/rights.h"

/* The right that a request needs. Returns 0, or KM_ERR_NOT_FOUND: this kind is no request. */
KM_MUST_USE int km_requests_right(enum km_message_kind kind, enum km_right *ret_right);

#endif
