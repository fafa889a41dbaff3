/* Finds public test data that lies beside the checkout and is not part of it. */
#ifndef SWORNLOG_TESTS_SUPPORT_TEST_DATA_H
#define SWORNLOG_TESTS_SUPPORT_TEST_DATA_H

#include "lib/buf.h"

/* Read `name` below $SWORNLOG_TEST_DATA, or below ../shared/data, into `ret`. False, with a plain word on
 * standard error that the test skips, if it is not there. */
must_check bool test_data_read(const char *name, struct buf *ret);

#endif
