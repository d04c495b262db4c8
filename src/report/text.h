/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of results as words for people; shared by tables, pictures and comparisons. */
#ifndef MVM_REPORT_TEXT_H
#define MVM_REPORT_TEXT_H

#include "result/result.h"

#include <stddef.h>
#include <stdio.h>

enum { TEXT_ROOM = 256 };

/*
 * Copies `text`, which may come from a hostile file, for showing: control characters become spaces (no
 * terminal sequences, no line breaks), bytes that are not UTF-8 become '?', and what does not fit `room`
 * bytes is cut between characters. Returns `ret_text`.
 */
const char *text_clean(const char *text, char *ret_text, size_t room);

/* Characters in UTF-8 text: what a terminal shows as columns, East Asian wide ones apart. */
size_t text_columns(const char *text);

/* "2025-01-31 18:05:00 UTC"; "unknown" for times that no calendar has. */
const char *text_date(double unix_seconds, char ret_text[TEXT_ROOM]);

/* "640 ns", "3.8 us", "26 ms", "0.52 s", "75 s", "12 min 3 s", "3 h 20 min". */
const char *text_duration(double seconds, char ret_text[TEXT_ROOM]);

/* "11.9 MiB (11.8 to 12.0)", "1.00 MiB (1019 KiB to 1.01 MiB)", or "unknown". */
const char *text_memory_slope(const struct slope *slope, char ret_text[TEXT_ROOM]);

/* "0.0123 % (0.0120 to 0.0126)", or "unknown". */
const char *text_cpu_slope(const struct slope *slope, char ret_text[TEXT_ROOM]);

/* What 100 % means in a run: "the whole host", "a share of 4.00 GiB of memory", ... */
const char *text_whole(const struct result *result, char ret_text[TEXT_ROOM]);

/* "none", "500 requests a second, uniform", "500 requests a second for /, zipf". */
const char *text_load(const struct result *result, char ret_text[TEXT_ROOM]);

/* "AMD EPYC 7B13, 2 CPUs, 7.7 GiB of memory, Linux 6.1.0". */
const char *text_host(const struct host_fingerprint *host, char ret_text[2 * TEXT_ROOM]);

/* Said of a result whose host's processor is emulated (`mvm lab`). */
extern const char text_emulated[];

/* What a class letter means (DESIGN.md, "Words"): "own live hypervisor object, booted"; NULL for an unknown
 * one. */
const char *text_class(const char *letter);

/* "322 of 322 answered", "not proven". */
const char *text_liveness(const struct result *result, char ret_text[TEXT_ROOM]);

/* Prints `text` (cleaned) after `head`, broken between words so that no line passes 110 columns; further
 * lines begin with as many spaces as `head` has columns. */
void text_print_wrapped(const char *head, const char *text, FILE *to);

#endif
