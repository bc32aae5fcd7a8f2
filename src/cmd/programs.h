/*
 * Where the roles' executables are: beside komainu (a build directory), else where they were
 * installed.
 */
#ifndef KM_CMD_PROGRAMS_H
#define KM_CMD_PROGRAMS_H

#include "base/compiler.h"

#define KM_PROGRAMS_PATH_SIZE 1024

/* The directory. Returns 0 or KM_ERR_NOT_FOUND. */
KM_MUST_USE int km_programs_find(char ret_directory[static KM_PROGRAMS_PATH_SIZE]);

#endif
