/* Allocations of our own code that fail on demand; those of libraries and of the tests' disk never do. */
#ifndef SWORNLOG_TESTS_FAULTS_OURS_H
#define SWORNLOG_TESTS_FAULTS_OURS_H

#include "lib/base.h"

enum alloc_mode { ALLOC_ONCE, ALLOC_FROM_THEN_ON };

/* The n-th allocation from now fails (1 is the next), in the second mode all later ones too. 0: none. */
void alloc_fail(uint64_t n, enum alloc_mode mode);
/* Whether one has failed since. */
bool alloc_failed(void);

#endif
