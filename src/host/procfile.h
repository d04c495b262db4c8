/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small text files of the kernel (/proc, /sys): held open and read again and again, read once, or written.
 * Nothing is allocated. */
#ifndef MVM_HOST_PROCFILE_H
#define MVM_HOST_PROCFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Room for a path with its root before it. */
enum { PROCFILE_PATH = 4096 };

/* Opens `root`/`path` for reading. Returns the file descriptor or -errno. */
int procfile_open(const char *root, const char *path);

/*
 * Reads the open file from its beginning and hands every line, without its newline, to `take` until that
 * returns false or the file ends. `buffer` holds a part of the file at a time; a line that does not fit is
 * handed over cut, once. Returns 0 or -errno.
 */
int procfile_each_line(int fd, char *buffer, size_t room, bool (*take)(void *context, const char *line),
                       void *context);

/* The same of `root`/`path`, which is opened for it. */
int procfile_lines(const char *root, const char *path, bool (*take)(void *context, const char *line),
                   void *context);

/* Reads the first `room` - 1 bytes of `root`/`path` as text, without newlines at its end. Returns 0 or
 * -errno. */
int procfile_text(const char *root, const char *path, char *ret_text, size_t room);

/* Reads `root`/`path`, which begins with a decimal number. -EBADMSG when it does not. */
int procfile_number(const char *root, const char *path, uint64_t *ret_number);

/* Reads what a setting is: the first line of `root`/`path`, or of a choice such as "always [madvise] never"
 * the word in brackets. -EOVERFLOW when that has no room; or another -errno. */
int procfile_setting(const char *root, const char *path, char *ret_value, size_t room);

/* Writes `text` to `root`/`path`, in place of what is there, at once, as settings are to be written. Returns
 * 0 or -errno. */
int procfile_write(const char *root, const char *path, const char *text);

/* Reads a decimal number after blanks at `*at` and moves `*at` behind it. False, and `*at` stays, when there
 * is none or it is beyond 64 bits. */
bool text_number(const char **at, uint64_t *ret_number);

/* What follows `name` when `line` begins with it, or NULL. */
const char *text_after(const char *line, const char *name);

/* Copies as much of `text` as has room, NUL-terminated. */
void text_copy(char *ret_text, size_t room, const char *text);

#endif
