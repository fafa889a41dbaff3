#include "collector/delivery.h"

#include <criterion/criterion.h>

Test(delivery, counts_what_lies_before_a_mark_that_has_left)
{
	struct delivery d = { 0 };
	delivery_put(&d, 100);
	delivery_mark(&d, 3);
	delivery_put(&d, 100);
	delivery_gone(&d, 99);
	delivery_mark(&d, 6);
	cr_assert_eq(d.gone, 0);
	delivery_gone(&d, 1);
	delivery_mark(&d, 6);
	cr_assert_eq(d.gone, 3);
	delivery_gone(&d, 100);
	delivery_mark(&d, 6);
	cr_assert_eq(d.gone, 6);
}

Test(delivery, counts_all_once_the_queue_is_empty)
{
	struct delivery d = { 0 };
	delivery_put(&d, 10);
	delivery_gone(&d, 10);
	delivery_mark(&d, 2);
	cr_assert_eq(d.gone, 2);
	delivery_put(&d, 10);
	delivery_restart(&d, 5);
	cr_assert_eq(d.gone, 5);
	delivery_put(&d, 10);
	delivery_mark(&d, 6);
	cr_assert_eq(d.gone, 5);
}
