/* The sink's control socket: one question, one line of answer. */
#ifndef SWORNLOG_LIB_CONTROL_H
#define SWORNLOG_LIB_CONTROL_H

#include "lib/buf.h"
#include "lib/cursor.h"

#define CONTROL_ANSWER_MAX 65536

/* Send `question`, and append the answer's first line, without its newline, to `ret`. Waits up to so many
 * seconds for it. -EPROTO: no whole line came; -EAGAIN: no answer in time. */
must_check int control_ask(const char *socket_path, struct span question, unsigned wait_s, struct buf *ret);

#endif
