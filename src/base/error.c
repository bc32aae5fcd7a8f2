#include "base/error.h"

const char *km_error_text(int code)
{
	switch (code) {
	case 0:
		return "success";
#define KM_ERROR(name, number, text)                                                               \
	case (number):                                                                             \
		return text;
#include "base/error.tbl"
#undef KM_ERROR
	default:
		return "unknown error";
	}
}

const char *km_error_name(int code)
{
	switch (code) {
	case 0:
		return "OK";
#define KM_ERROR(name, number, text)                                                               \
	case (number):                                                                             \
		return #name;
#include "base/error.tbl"
#undef KM_ERROR
	default:
		return "UNKNOWN";
	}
}

int km_fault_set(
    struct km_fault *ret_fault, size_t offset, const char *clause, const char *text, int code)
{
	if (ret_fault != NULL) {
		*ret_fault = (struct km_fault){ .offset = offset, .clause = clause, .text = text };
	}
	return code;
}
