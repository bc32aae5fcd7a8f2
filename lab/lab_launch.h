/*
 * The pipeline of the virtual camera in gst-launch's language.
 */
#ifndef KM_LAB_LAUNCH_H
#define KM_LAB_LAUNCH_H

#include "lab_options.h"

/* appsrc "video" to payloader "pay0"; with audio, test source "audio" to "pay1". For g_free. */
char *km_lab_launch_write(const struct km_lab_options *options);

#endif
