/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "load/targets.h"

#include <math.h>
#include <stddef.h>

const char *const target_names[] = {
    [TARGETS_UNIFORM] = "uniform",
    [TARGETS_ZIPF] = "zipf",
    [TARGETS_ROUND_ROBIN] = "round-robin",
    NULL,
};

/* In the paper h and H: x^-skew and its integral. */

static double density(double skew, double x)
{
    return exp(-skew * log(x));
}

static double integral(double skew, double x)
{
    double log_x = log(x), t = (1 - skew) * log_x;

    /* (x^(1-skew) - 1) / (1 - skew), which at a skew of 1 is log x. */
    return (fabs(t) > 1e-8 ? expm1(t) / t : 1 + t / 2) * log_x;
}

static double integral_inverse(double skew, double y)
{
    double t = y * (1 - skew);

    if (t < -1)
        t = -1; /* by rounding alone */
    return exp((fabs(t) > 1e-8 ? log1p(t) / t : 1 - t / 2) * y);
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        uint64_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

void targets_set(struct targets *targets, enum target_kind kind, uint64_t vms, double skew)
{
    *targets = (struct targets){.kind = kind, .vms = vms, .skew = skew};
    if (kind != TARGETS_ZIPF)
        return;
    targets->integral_first = integral(skew, 1.5) - 1;
    targets->integral_last = integral(skew, (double)vms + 0.5);
    targets->shortcut = 2 - integral_inverse(skew, integral(skew, 2.5) - density(skew, 2));
    /* Near the golden section, so that neighbours in rank are far from each other. */
    targets->stride = (uint64_t)((double)vms * 0.6180339887498949);
    while (targets->stride < 1 || common_divisor(targets->stride, vms) != 1)
        targets->stride++;
}

static uint64_t zipf_rank(const struct targets *targets, struct random *random)
{
    double skew = targets->skew;

    for (;;) {
        double chance = (double)(random_next(random) >> 11) * 0x1p-53;
        double u = targets->integral_last + chance * (targets->integral_first - targets->integral_last);
        double x = integral_inverse(skew, u), k = floor(x + 0.5);

        if (k < 1)
            k = 1;
        else if (k > (double)targets->vms)
            k = (double)targets->vms;
        if (k - x <= targets->shortcut || u >= integral(skew, k + 0.5) - density(skew, k))
            return (uint64_t)k - 1;
    }
}

uint64_t targets_ranked(const struct targets *targets, uint64_t rank)
{
    return targets->kind == TARGETS_ZIPF
               ? (uint64_t)((unsigned __int128)rank * targets->stride % targets->vms)
               : rank;
}

uint64_t targets_choose(const struct targets *targets, uint64_t number, struct random *random)
{
    switch (targets->kind) {
    case TARGETS_ROUND_ROBIN:
        return number % targets->vms;
    case TARGETS_ZIPF:
        return targets_ranked(targets, zipf_rank(targets, random));
    case TARGETS_UNIFORM:
        break;
    }
    return random_below(random, targets->vms);
}
