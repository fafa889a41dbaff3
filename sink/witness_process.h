/* The process that talks with witnesses: it has the network and the sink's TLS key, and neither the log's key
 * nor the store. So whatever a witness sends can at worst keep cosignatures away. */
#ifndef SWORNLOG_SINK_WITNESS_PROCESS_H
#define SWORNLOG_SINK_WITNESS_PROCESS_H

#include "sink/child.h"
#include "sink/witness_http.h"
#include "sink/witness_message.h"

/* Start it. To be called before there are keys, sockets or threads. The policy and the options' strings are
 * the caller's until the fork. */
must_check int witness_process_start(const struct witness_http_options *o, const struct policy *p,
                                     struct child *ret);
/* Does not block: -EAGAIN if the process is behind. */
must_check int witness_process_send(const struct child *w, const struct witness_message *m);
/* 1 and a message, which points into `packet`; 0 if there is none; -EPIPE if the process is gone, -EBADMSG.
 */
must_check int witness_process_receive(const struct child *w, uint8_t packet[WITNESS_PACKET_MAX],
                                       struct witness_message *ret);

#endif
