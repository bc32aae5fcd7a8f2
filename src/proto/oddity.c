#include "proto/oddity.h"

const char *km_oddity_text(uint32_t oddity)
{
	switch (oddity) {
#define KM_ODDITY(name, bit, text)                                                                 \
	case KM_ODDITY_##name:                                                                     \
		return text;
#include "proto/oddity.tbl"
#undef KM_ODDITY
	default:
		return "does something unknown";
	}
}

const char *km_oddity_name(uint32_t oddity)
{
	switch (oddity) {
#define KM_ODDITY(name, bit, text)                                                                 \
	case KM_ODDITY_##name:                                                                     \
		return #name;
#include "proto/oddity.tbl"
#undef KM_ODDITY
	default:
		return "UNKNOWN";
	}
}
