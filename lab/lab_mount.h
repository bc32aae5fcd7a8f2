/*
 * One path of the virtual camera: its encoder pipeline, the thread that draws and feeds it, the
 * counts, and the misbehaviour that happens inside the stream (stall, new size, damage).
 *
 * The first picture goes to the encoder at DESCRIBE, since the SDP needs its parameter sets, and is
 * held back until PLAY; all others are made in real time while a client plays. So no picture is
 * lost before the first client, and with --frames N exactly N are sent.
 */
#ifndef KM_LAB_MOUNT_H
#define KM_LAB_MOUNT_H

#include "lab_options.h"

#include <gst/rtsp-server/rtsp-server.h>

struct km_lab_mount;

/*
 * Both pointers must outlive the mount. first_play_us is the monotonic time of the process's first
 * PLAY, 0 before it; the mount only reads it.
 */
struct km_lab_mount *km_lab_mount_create(
    const struct km_lab_options *options, const char *path, const _Atomic int64_t *first_play_us);

void km_lab_mount_destroy(struct km_lab_mount *mount);

/* Make it answer under its path. */
void km_lab_mount_attach(struct km_lab_mount *mount, GstRTSPMountPoints *points);

/* Ask the encoder for a key frame now if the media already runs: a further client has started. */
void km_lab_mount_force_key(GstRTSPMedia *media);

/* Print the counts as event `name`. */
void km_lab_mount_report(struct km_lab_mount *mount, const char *name);

#endif
