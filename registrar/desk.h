/* Between the network and the decisions: which request goes where, and who sends it. */
#ifndef SWORNLOG_REGISTRAR_DESK_H
#define SWORNLOG_REGISTRAR_DESK_H

#include "lib/http_server.h"
#include "registrar/registrar.h"

/* `r` outlives what is served with it. */
struct http_handler desk_handler(struct registrar *r);

#endif
