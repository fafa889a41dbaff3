/* `swornlog-witness keygen`: a new witness's key, and the empty state that goes with it. */
#ifndef SWORNLOG_WITNESS_KEYGEN_H
#define SWORNLOG_WITNESS_KEYGEN_H

/* Returns the exit status. */
int keygen_main(int argc, char **argv);

#endif
