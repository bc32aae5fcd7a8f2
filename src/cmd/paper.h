/*
 * Papers that verbs write: where to, and in which language.
 */
#ifndef KM_CMD_PAPER_H
#define KM_CMD_PAPER_H

#include "cmd/verb.h"

/* --language ja or en (or not given: en). Exit status, and 0 for done. */
enum km_exit km_paper_take_language(const struct km_arguments *arguments, bool *ret_is_japanese);

/*
 * Write it to a file, which is replaced as a whole or not at all; NULL: to standard output. Exit
 * status, and 0 for done.
 */
enum km_exit km_paper_put(const char *path, struct km_bytes paper);

#endif
