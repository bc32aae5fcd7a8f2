/*
 * The few things that C17 has no word for.
 */
#ifndef KM_BASE_COMPILER_H
#define KM_BASE_COMPILER_H

#define KM_MUST_USE            __attribute__((warn_unused_result))
#define KM_PRINTF(text, first) __attribute__((format(printf, text, first)))

#define KM_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* The struct that holds `member`, from a pointer to that member. */
#define KM_CONTAINER(pointer, type, member)                                                        \
	((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#endif
