/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "load/question.h"

#include <errno.h>
#include <string.h>

size_t question_size(const struct question_form *form)
{
    return sizeof(struct question) + form->answer_room + 1 + CHALLENGE_REQUEST_ROOM + form->http_length;
}

static struct question *of(struct engine_ask *ask)
{
    return ask->context;
}

/* Drops what stands before the right answer to the challenge, and that. False: it is not there yet. */
static bool is_in_step(struct question *question)
{
    struct engine_ask *ask = &question->ask;
    char line[CHALLENGE_ANSWER_ROOM];
    const size_t length = CHALLENGE_NONCE + 2;

    if (!question->resync)
        return true;
    memcpy(line, question->challenge.answer, length - 1);
    line[length - 1] = '\n';
    const char *found =
        memmem(ask->answer + question->parsed, ask->answer_length - question->parsed, line, length);

    if (!found) {
        /* The beginning of it may be there. */
        if (ask->answer_length >= question->parsed + length)
            question->parsed = ask->answer_length - length + 1;
        return false;
    }
    question->parsed = (size_t)(found - ask->answer) + length;
    question->resync = false;
    ask->late = false;
    return true;
}

static bool is_http_whole(struct engine_ask *ask)
{
    struct question *question = of(ask);

    if (!is_in_step(question))
        return false;
    http_answer_take(&question->http, ask->answer + question->parsed, ask->answer_length - question->parsed);
    question->parsed = ask->answer_length;
    return question->http.whole || question->http.bad;
}

static bool is_challenge_whole(struct engine_ask *ask)
{
    return is_in_step(of(ask));
}

/* A line feed ends whatever is left of a line, and the challenge shows where the answer to the request
 * begins. */
static void prepend_challenge(struct question *question)
{
    char *text = question->bytes + question->form->answer_room;
    const size_t length = CHALLENGE_REQUEST_ROOM - 1;

    text[0] = '\n';
    memcpy(text + 1, question->challenge.request, length);
    memcpy(text + 1 + length, question->form->http, question->form->http_length);
    question->ask.request = text;
    question->ask.request_length = 1 + length + question->form->http_length;
}

void question_ask(struct question *question, struct question_form *form, struct queued_vm *vm)
{
    question->form = form;
    question->vm = vm;
    question->parsed = 0;
    question->resync = vm->late && form->whole;
    question->ask = (struct engine_ask){
        .vm = question->request.vm,
        .answer = question->bytes,
        .answer_room = form->answer_room,
        .deadline_ns = question->request.deadline_ns,
        .context = question,
    };
    if (!form->http || question->resync)
        challenge_make(&question->challenge, &form->random);
    if (!form->http) {
        question->ask.request = question->challenge.request;
        question->ask.request_length = CHALLENGE_REQUEST_ROOM - 1;
        question->ask.is_whole = question->resync ? is_challenge_whole : NULL;
        return;
    }
    question->ask.request = form->http;
    question->ask.request_length = form->http_length;
    question->ask.is_whole = is_http_whole;
    if (question->resync)
        prepend_challenge(question);
    http_answer_begin(&question->http, &form->expected);
}

static enum load_outcome judge_answer(struct question *question)
{
    const struct engine_ask *ask = &question->ask;

    if (question->form->http)
        return http_answer_judge(&question->http);
    /* One that was waited for is the right one. */
    return ask->is_whole || challenge_answered(&question->challenge, ask->answer, ask->answer_length)
               ? LOAD_RIGHT
               : LOAD_WRONG;
}

static enum load_outcome judge(struct question *question, bool was_late)
{
    enum load_outcome outcome;

    switch (question->ask.status) {
    case 0:
        outcome = judge_answer(question);
        /* It may be what was left of an answer that came too late. */
        return outcome != LOAD_RIGHT && was_late ? LOAD_TIMEOUT : outcome;
    case -ETIMEDOUT:
        return LOAD_TIMEOUT;
    case -EMSGSIZE:
        return was_late ? LOAD_TIMEOUT : LOAD_NOT_HTTP;
    case -ECONNRESET:
        return LOAD_RESET;
    case -EBUSY:
        return LOAD_BUSY;
    }
    return LOAD_HOST;
}

enum load_outcome question_judge(struct question *question)
{
    const struct engine_ask *ask = &question->ask;
    bool was_late = ask->late || question->resync || (question->vm->late && !question->form->whole);
    enum load_outcome outcome = judge(question, was_late);
    bool http_is_out = question->form->http && (question->http.bad || question->http.extra);

    question->vm->late = outcome == LOAD_TIMEOUT || ask->status == -EMSGSIZE || http_is_out;
    return outcome;
}
