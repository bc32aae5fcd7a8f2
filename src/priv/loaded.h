/*
 * The libraries that this process runs with: the loaded objects, and the version that each tells
 * about itself. [IPA a22-2]
 */
#ifndef KM_PRIV_LOADED_H
#define KM_PRIV_LOADED_H

#include <stddef.h>

/*
 * One a line: its file name ("libuv.so.1"), a space, and its version as it tells at run time
 * ("1.44.2"; "" for one that tells none). What does not fit into `size` bytes is left out. Makes no
 * system call of its own, so that it may run inside the sandbox.
 */
void km_loaded_write(char *ret_text, size_t size);

#endif
