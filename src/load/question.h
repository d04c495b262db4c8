/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is asked straight of a VM, and what became of it: a challenge, or an HTTP request.
 *
 * A VM that did not answer in time may do so later, into the answer to the next request. Such a VM is brought
 * back into step: before an HTTP request it is sent a line feed and a challenge, and what comes before the
 * right answer to that is dropped; before the right answer to a challenge anything is dropped.
 */
#ifndef MVM_LOAD_QUESTION_H
#define MVM_LOAD_QUESTION_H

#include "base/random.h"
#include "engine/engine.h"
#include "guest/challenge.h"
#include "load/http_answer.h"
#include "load/vm_queue.h"

/* How questions are asked, the same for all of a way. */
struct question_form {
    bool whole;         /* the engine lets the asker say where an answer ends */
    const char *http;   /* the HTTP request; NULL: challenges */
    size_t http_length; /* its bytes */
    struct http_expected expected;
    size_t answer_room;
    struct random random;
};

struct question {
    struct load_request request; /* the first member */
    struct engine_ask ask;
    const struct question_form *form;
    struct queued_vm *vm;
    struct challenge challenge;
    struct http_answer http;
    bool resync;   /* the right answer to the challenge is waited for */
    size_t parsed; /* bytes of the answer that were looked at */
    char bytes[];  /* room for the answer, and behind it for the request to a VM that is out of step */
};

/* Bytes of a question of this form. */
size_t question_size(const struct question_form *form);

/* Fills the ask for a request to a VM. */
void question_ask(struct question *question, struct question_form *form, struct queued_vm *vm);

/* The ask has ended: what became of the request. Says of the VM whether it is late now. */
enum load_outcome question_judge(struct question *question);

#endif
