/*
 * The role writer: rings to encrypted segments and index, retention, recovery.
 *
 * The main thread talks to guard; the storage thread does the rest.
 */
#ifndef KM_WRITER_WRITER_H
#define KM_WRITER_WRITER_H

/* Store until guard says stop or closes the channel. Returns the exit status of the process. */
int km_writer_run(void);

#endif
