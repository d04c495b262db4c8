/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whole files: read, written so that a reader never sees half of one, hashed. */
#ifndef MVM_BASE_FILE_H
#define MVM_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>

struct reason;

enum { SHA256_TEXT_ROOM = 65 };

/*
 * Reads the file `path` whole. On success `*ret_bytes` is a malloc'd buffer, NUL-terminated past its end,
 * that the caller frees, and `*ret_length` its length without that NUL. Files above `limit` bytes are refused
 * with -EFBIG.
 */
int file_read(const char *path, size_t limit, char **ret_bytes, size_t *ret_length, struct reason *reason);

/*
 * Replaces `path` by `length` bytes so that at every moment, also after a crash or SIGKILL, the file is
 * either the old one or the new one, whole: written beside it, fsync'd, renamed over it.
 */
int file_replace(const char *path, const void *bytes, size_t length, struct reason *reason);

/* SHA-256 of `length` bytes as 64 lower-case hexadecimal digits. */
void sha256_text(const void *bytes, size_t length, char ret_text[SHA256_TEXT_ROOM]);

/* The same of a file of any size. */
int file_sha256(const char *path, char ret_text[SHA256_TEXT_ROOM], struct reason *reason);

/* The path of `below` in the user's cache: $XDG_CACHE_HOME, else ~/.cache; what is not absolute is ignored
 * (XDG Base Directory Specification). -ENOENT: neither is set; -ENAMETOOLONG: more than `room`, and the path
 * is cut. */
int user_cache_path(const char *below, char *ret_path, size_t room);

/* Makes the directory `path` and its parents (mode 0777 less umask); one that exists already is success. */
int directory_make(const char *path, struct reason *reason);

#endif
