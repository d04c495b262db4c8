/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plots of the picture of the quality of service, private to src/report/qos_*.c: both share the axis of
 * VMs of a struct picture, whose top and bottom are moved from one to the next. */
#ifndef MVM_REPORT_QOS_PLOT_H
#define MVM_REPORT_QOS_PLOT_H

#include "report/svg.h"

/* Latencies: the axis is logarithmic, whole powers of ten of seconds at its ends. */
struct qos_scale {
    double least, most;
};

/* Percentiles that are drawn, each with a dash and a marker of its own. */
enum qos_curve { QOS_P50, QOS_P99, QOS_P999, QOS_CURVES };

const char *qos_curve_name(enum qos_curve curve);
const char *qos_curve_dash(enum qos_curve curve);
void qos_curve_marker(FILE *to, enum qos_curve curve, double x, double y);

void qos_latency_plot(const struct picture *picture);
void qos_throughput_plot(const struct picture *picture);

#endif
