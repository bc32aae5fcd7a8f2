/*
 * Memory that runs out when told to: malloc, calloc and realloc of the whole test program, of the
 * libraries too.
 */
#ifndef KM_TESTS_ALLOCATION_FAULTS_H
#define KM_TESTS_ALLOCATION_FAULTS_H

#include <stdbool.h>

/* The `nth` allocation of this thread from now on fails (from 1), and all after it if is_for_good.
 */
void allocation_faults_begin(unsigned nth, bool is_for_good);

/* No more failures. Whether any allocation was refused. */
bool allocation_faults_end(void);

#endif
