/*
 * The role receiver: takes the streams of its cameras into rings. It holds the credentials of these
 * cameras and parses what they send; it has no keys, no disk, no database.
 */
#ifndef KM_RECEIVER_RECEIVER_H
#define KM_RECEIVER_RECEIVER_H

/* Serve until the channel says stop or closes. Returns the exit status of the process. */
int km_receiver_run(void);

#endif
