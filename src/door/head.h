/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Heads of HTTP requests: where they end, whether a VM may have them, and which VM the path means. The parser
 * is libhttp-parser's; what is added here is that a VM, whose own parser may be of a few bytes, sees the end
 * of a head exactly where the door sees it.
 */
#ifndef MVM_DOOR_HEAD_H
#define MVM_DOOR_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct head {
    size_t start;  /* of the request line: empty lines before it are no part of the request */
    size_t end;    /* one past the empty line */
    size_t target; /* where the request target begins, and how long it is */
    size_t target_length;
    bool is_safe;    /* GET or HEAD: may be sent twice */
    bool is_head;    /* HEAD: its answer has no body */
    bool keep_alive; /* HTTP/1.1 without "Connection: close": the client may send another request */
};

/* How far earlier looks at the same bytes came; zeroed to begin with. */
struct head_progress {
    size_t scanned, parsed;
};

/* More bytes are needed; no status of HTTP. */
enum { HEAD_PARTIAL = 1 };

/*
 * Looks at the first `count` bytes that came. 0: a whole head is there. HEAD_PARTIAL. Else the status with
 * which it is to be refused: 400 malformed, 431 no end within `most` bytes, 501 a request with a body or a
 * method that asks for another protocol.
 */
int head_parse(const char *bytes, size_t count, size_t most, struct head_progress *progress,
               struct head *ret_head);

/*
 * The VM in a target of the form /vm/NUMBER, /vm/NUMBER/... or /vm/NUMBER?..., also behind http://HOST. False
 * when it has not that form. The VM is to be given the head without the `*ret_cut` bytes that begin at the
 * target, and with a '/' in their place when `*ret_slash`.
 */
bool head_vm(const char *bytes, const struct head *head, uint64_t *ret_vm, size_t *ret_cut, bool *ret_slash);

/* Writes the head as the VM is to have it; `to` has room for head->end - head->start + 1 bytes. Returns the
 * bytes written. */
size_t head_write(char *to, const char *bytes, const struct head *head, size_t cut, bool slash);

#endif
