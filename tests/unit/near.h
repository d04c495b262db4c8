/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cmocka's assert_float_equal() rounds to single precision first. Include after <cmocka.h>. */
#ifndef MVM_TESTS_NEAR_H
#define MVM_TESTS_NEAR_H

#include <math.h>

#define assert_near(value, expected, within)                                                                 \
    do {                                                                                                     \
        double value_ = (value), expected_ = (expected);                                                     \
                                                                                                             \
        if (!(fabs(value_ - expected_) <= (within)))                                                         \
            fail_msg("%s is %.17g, not %.17g", #value, value_, expected_);                                   \
    } while (0)

#endif
