/* The host log hears why a collector does not start: otherwise nothing would tell of the silence that
 * follows. */
#ifndef SWORNLOG_COLLECTOR_REFUSAL_H
#define SWORNLOG_COLLECTOR_REFUSAL_H

/* `why` is a sentence. Waits up to two seconds for the sealer behind the socket to take it. */
void refusal_tell(const char *socket, const char *why);

#endif
