/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers as people read them on a screen that changes. Each returns `text`. */
#ifndef MVM_CMD_TOP_TEXT_H
#define MVM_CMD_TOP_TEXT_H

enum { TOP_TEXT_ROOM = 32 };

/* "0", "0.02", "3.2", "12,345", "12.3 M" */
const char *top_text_rate(double rate, char text[TOP_TEXT_ROOM]);

/* "12.3 us", "1.20 ms", "2.10 s"; "-" for 0. */
const char *top_text_time(double ns, char text[TOP_TEXT_ROOM]);

/* "12 s", "5 min", "2 h 5 min", "6 d 1 h" */
const char *top_text_age(double seconds, char text[TOP_TEXT_ROOM]);

#endif
