/*
 * Names of makers (makers.tbl): the one under which all names of a maker are filed.
 */
#ifndef KM_MODEL_MAKERS_H
#define KM_MODEL_MAKERS_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

#define KM_MAKERS_NAME_SIZE 64

/*
 * The name of the table for a name as a device or a list writes it ("Hangzhou Hikvision Digital
 * Technology" gives "hikvision"); the folded name itself if it is not in the table. Returns
 * whether it is.
 */
bool km_makers_find(const char *text, char ret_name[static KM_MAKERS_NAME_SIZE]);

#endif
