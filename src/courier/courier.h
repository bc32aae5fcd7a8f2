/*
 * The role courier: sends messages to people and machines outside, over TLS only. It holds what
 * opens those services, and what is being sent; it opens no file but the resolver's and the
 * system's authorities, and never sees a picture.
 */
#ifndef KM_COURIER_COURIER_H
#define KM_COURIER_COURIER_H

/* Serve until the channel says stop or closes. Returns the exit status of the process. */
int km_courier_run(void);

#endif
