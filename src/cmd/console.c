/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm console: the serial port of a VM, or its text screen and keyboard. */
#include "base/clock.h"
#include "base/option.h"
#include "base/reason.h"
#include "cmd/client.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/terminal.h"
#include "door/keys.h"
#include "door/screen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* After an ESC, this long for the rest of a key's sequence. */
#define ESCAPE_NS (50 * NS_PER_MILLISECOND)

/* A console may have to be connected to somewhere first, for which its engine has a time of its own. */
#define OPENING_PATIENCE_NS (600 * NS_PER_SECOND)
/* A run that ends is not asked why for longer. */
#define WHY_PATIENCE_NS (2 * NS_PER_SECOND)
#define WHY_PAUSE_NS    (200 * NS_PER_MILLISECOND)

enum { BYTES_AT_ONCE = 4096, FRAME_BYTES = 2 + 2 * ENGINE_SCREEN_CELLS };

struct console_options {
    const char *run, *detach_key;
    uint64_t settle_ns;
    bool screen, quiet, help;
};

#define FIELD(name) offsetof(struct console_options, name)

static const struct option_spec specs[] = {
    RUN_NAME_SPEC(struct console_options, run),
    {"screen", OPTION_FLAG, NULL, "the text screen and the keyboard instead of the serial port",
     FIELD(screen), .fallback = NULL},
    {"detach-key", OPTION_TEXT, "KEY",
     "the key that leaves the console, on a terminal: ^] for Ctrl-], a character, or none", FIELD(detach_key),
     .fallback = "^]"},
    {"settle", OPTION_DURATION, "TIME",
     "after the end of standard input, leave when the VM was silent for so long", FIELD(settle_ns),
     .fallback = "500ms", .least = 0.01, .most = 3600},
    {"quiet", OPTION_FLAG, NULL, "do not say how to leave", FIELD(quiet), .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

struct session {
    const struct console_options *options;
    struct call call;
    uint64_t vm;
    struct terminal terminal;
    int signals;
    int detach;       /* the byte of the detach key; -1: none */
    bool on_terminal; /* standard input is one */
    bool shows;       /* the screen is drawn on a terminal */
    bool input_ended, over, vm_ended;
    uint64_t quiet_since_ns, escape_ns;
    uint8_t pending[BYTES_AT_ONCE * KEYS_CODES_MOST]; /* for the VM */
    size_t pending_count;
    struct keys keys;
    uint8_t frame[FRAME_BYTES];
    size_t frame_count;
    struct engine_screen screen;
    bool have_screen;
    struct screen_view view;
};

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

/* "^]": what Ctrl makes of the key; one character: itself. */
static int parse_key(const char *text, int *ret_byte, struct reason *reason)
{
    if (strcmp(text, "none") == 0)
        *ret_byte = -1;
    else if (text[0] == '^' && text[1] == '?' && !text[2])
        *ret_byte = 0x7f;
    else if (text[0] == '^' && ((text[1] >= '@' && text[1] <= '_') || (text[1] >= 'a' && text[1] <= 'z')) &&
             !text[2])
        *ret_byte = text[1] & 0x1f;
    else if (text[0] && !text[1])
        *ret_byte = (unsigned char)text[0];
    else
        return reason_set(
            reason, EINVAL,
            "--detach-key takes ^ and a character for Ctrl with it, one character, or none, not '%.100s'",
            text);
    return 0;
}

static void say_how_to_leave(const struct session *session, const char *vm)
{
    const char *key = session->options->detach_key;
    bool with_ctrl = key[0] == '^' && key[1];

    if (session->options->quiet || !session->on_terminal)
        return;
    fprintf(stderr, "VM %s of run %s; ", vm, session->call.run);
    if (session->detach < 0)
        fprintf(stderr, "no key detaches, but signals do\n");
    else
        fprintf(stderr, "%s%s detaches\n", with_ctrl ? "Ctrl-" : "", key + with_ctrl);
}

static void put_output(struct session *session, const uint8_t *bytes, size_t count)
{
    while (count > 0) {
        ssize_t put = write(STDOUT_FILENO, bytes, count);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            session->over = true; /* who reads it has gone */
            return;
        }
        bytes += put;
        count -= (size_t)put;
    }
}

static void take_frame(struct session *session)
{
    session->screen.cursor = (uint16_t)(session->frame[0] | session->frame[1] << 8);
    memcpy(session->screen.cells, session->frame + 2, sizeof(session->screen.cells));
    session->have_screen = true;
    if (session->shows) {
        screen_draw(&session->view, &session->screen, stdout);
        fflush(stdout);
    }
}

/* Bytes from the run. */
static void take_output(struct session *session, const uint8_t *bytes, size_t count)
{
    if (!session->options->screen) {
        put_output(session, bytes, count);
        count = 0;
    }
    while (count > 0) {
        size_t piece =
            FRAME_BYTES - session->frame_count < count ? FRAME_BYTES - session->frame_count : count;

        memcpy(session->frame + session->frame_count, bytes, piece);
        session->frame_count += piece;
        bytes += piece;
        count -= piece;
        if (session->frame_count == FRAME_BYTES) {
            take_frame(session);
            session->frame_count = 0;
        }
    }
    /* Only now: who reads it may have let it wait. */
    session->quiet_since_ns = clock_now_ns();
}

/* Bytes from the user. */
static void take_input(struct session *session, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (session->on_terminal && bytes[i] == session->detach) {
            session->over = true;
            return;
        }
        if (session->options->screen)
            session->pending_count +=
                keys_take(&session->keys, bytes[i], session->pending + session->pending_count);
        else
            session->pending[session->pending_count++] = bytes[i];
    }
    session->escape_ns = keys_are_open(&session->keys) ? clock_now_ns() + ESCAPE_NS : CLOCK_NEVER;
}

static void read_input(struct session *session)
{
    uint8_t bytes[BYTES_AT_ONCE];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

    if (got > 0) {
        take_input(session, bytes, (size_t)got);
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
        session->input_ended = true;
        session->quiet_since_ns = clock_now_ns();
    }
}

static void send_pending(struct session *session)
{
    ssize_t put =
        send(session->call.fd, session->pending, session->pending_count, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (put < 0 && errno != EINTR && errno != EAGAIN) {
        session->pending_count = 0; /* the run's end shows itself on receiving */
    } else if (put > 0) {
        session->pending_count -= (size_t)put;
        memmove(session->pending, session->pending + put, session->pending_count);
        session->quiet_since_ns = clock_now_ns();
    }
}

static void receive(struct session *session)
{
    uint8_t bytes[BYTES_AT_ONCE * 4];
    ssize_t got = recv(session->call.fd, bytes, sizeof(bytes), MSG_DONTWAIT);

    if (got > 0)
        take_output(session, bytes, (size_t)got);
    else if (got == 0 || (errno != EINTR && errno != EAGAIN))
        session->over = session->vm_ended = true;
}

static void take_signal(struct session *session)
{
    struct signalfd_siginfo info;

    if (read(session->signals, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    if (info.ssi_signo != SIGWINCH) {
        session->over = true;
        return;
    }
    terminal_size(&session->view.columns, &session->view.rows);
    session->view.is_shown = false;
    if (session->shows && session->have_screen) {
        screen_draw(&session->view, &session->screen, stdout);
        fflush(stdout);
    }
}

/* When there is something to do although nothing happens. */
static uint64_t next_deadline(const struct session *session)
{
    uint64_t next = session->escape_ns;
    uint64_t settled = session->quiet_since_ns + session->options->settle_ns;

    if (session->input_ended && session->pending_count == 0 && settled < next)
        next = settled;
    return next;
}

static void look_at_clock(struct session *session)
{
    uint64_t now = clock_now_ns();

    if (now >= session->escape_ns) {
        session->pending_count += keys_end(&session->keys, session->pending + session->pending_count);
        session->escape_ns = CLOCK_NEVER;
    }
    if (session->input_ended && session->pending_count == 0 &&
        now >= session->quiet_since_ns + session->options->settle_ns)
        session->over = true;
}

static void step(struct session *session)
{
    struct pollfd files[] = {
        {.fd = session->call.fd, .events = (short)(POLLIN | (session->pending_count > 0 ? POLLOUT : 0))},
        {.fd = session->input_ended || session->pending_count > 0 ? -1 : STDIN_FILENO, .events = POLLIN},
        {.fd = session->signals, .events = POLLIN},
    };

    if (poll(files, 3, clock_poll_timeout_ms(next_deadline(session))) < 0)
        return;
    if (files[0].revents & (POLLIN | POLLHUP | POLLERR))
        receive(session);
    if (files[0].revents & POLLOUT)
        send_pending(session);
    if (files[1].revents)
        read_input(session);
    if (files[2].revents)
        take_signal(session);
    look_at_clock(session);
}

static int catch_signals(void)
{
    const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP};
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    for (size_t i = 0; i < sizeof(caught) / sizeof(caught[0]); i++)
        sigaddset(&set, caught[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* What the run says of the VM; true: it is running. */
static bool ask_about(struct call *call, uint64_t vm, struct reason *ret_words)
{
    json_t *answer = NULL;
    int error = call_do(call, json_pack("{s:s, s:I}", "do", "vm", "vm", (json_int_t)vm), WHY_PATIENCE_NS,
                        &answer, NULL);
    const char *words = error ? NULL : json_string_value(json_object_get(answer, "words"));
    bool running = !error && json_is_true(json_object_get(answer, "running"));

    if (words)
        reason_set(ret_words, 0, "%s", words);
    json_decref(answer);
    return running;
}

/* Why the run closed the console, as far as it still tells. That a VM has ended may be known a little later
 * than that its console has. */
static void explain_end(const struct session *session, const char *vm, struct reason *ret_words)
{
    uint64_t until_ns = clock_now_ns() + WHY_PATIENCE_NS;
    struct runs runs;
    struct call call;
    bool running;

    reason_set(ret_words, 0, "VM %s has ended", vm);
    if (runs_open(&runs, false, NULL) < 0)
        return;
    int error = call_open(&runs, session->call.run, WHY_PATIENCE_NS, &call, NULL);

    runs_close(&runs);
    if (error)
        return;
    while ((running = ask_about(&call, session->vm, ret_words)) && clock_now_ns() < until_ns)
        clock_sleep_until(clock_now_ns() + WHY_PAUSE_NS);
    if (running)
        reason_set(ret_words, 0,
                   "the console of VM %s was closed by what it is connected to; the VM is running", vm);
    call_close(&call);
}

static int talk(struct session *session, const char *vm)
{
    struct reason why;

    session->on_terminal = isatty(STDIN_FILENO);
    session->shows = session->options->screen && isatty(STDOUT_FILENO);
    session->escape_ns = CLOCK_NEVER;
    session->quiet_since_ns = clock_now_ns();
    session->signals = catch_signals();
    terminal_size(&session->view.columns, &session->view.rows);
    say_how_to_leave(session, vm);
    session->terminal.fd = -1;
    if (session->on_terminal)
        terminal_take(&session->terminal, STDIN_FILENO, session->shows);
    /* What came with the answer. */
    if (session->call.in_count > 0)
        take_output(session, (const uint8_t *)session->call.in, session->call.in_count);
    while (!session->over)
        step(session);
    terminal_give_back(&session->terminal);
    if (session->options->screen && !session->shows && session->have_screen)
        screen_print(&session->screen, stdout);
    if (session->vm_ended)
        explain_end(session, vm, &why);
    if (session->on_terminal && !session->options->quiet)
        fprintf(stderr, "\n%s\n", session->vm_ended ? why.text : "detached");
    else if (session->vm_ended)
        fprintf(stderr, "mvm console: %s\n", why.text);
    return session->vm_ended ? EXIT_FAILED : EXIT_DONE;
}

static int open_console(struct session *session, const char *vm_text, struct reason *reason)
{
    json_t *answer;
    int error = client_parse_vm(vm_text, &session->vm, reason);

    if (!error)
        error = parse_key(session->options->detach_key, &session->detach, reason);
    if (!error)
        error = client_connect(session->options->run, &session->call, reason);
    if (error)
        return error;
    error = call_do(&session->call,
                    json_pack("{s:s, s:I, s:b}", "do", "console", "vm", (json_int_t)session->vm, "screen",
                              (int)session->options->screen),
                    OPENING_PATIENCE_NS, &answer, reason);
    if (!error)
        json_decref(answer);
    else
        call_close(&session->call);
    return error;
}

static int console_main(int argc, char **argv)
{
    struct console_options options = {0};
    struct option_set set = option_set_for(&own_set, &options);
    struct session *session = calloc(1, sizeof(*session));
    struct reason reason = {"no memory"};
    char **operands;
    int count, status = session ? options_parse(&set, 1, argc, argv, &operands, &count, &reason) : -ENOMEM;

    if (!status && options.help) {
        command_print_help(&cmd_console, &set, 1, stdout);
        free(session);
        return EXIT_DONE;
    }
    if (!status && count != 1)
        status = reason_set(&reason, EINVAL, "give the number of one VM");
    if (!status) {
        session->options = &options;
        status = open_console(session, operands[0], &reason);
    }
    if (!status) {
        status = talk(session, operands[0]);
        call_close(&session->call);
    }
    free(session);
    if (status >= 0)
        return status;
    fprintf(stderr, "mvm console: %s\n", reason.text);
    return client_status(status);
}

const struct command cmd_console = {
    .name = "console",
    .summary = "the serial port of a VM, or its screen and keyboard",
    .usage = (const char *const[]){"[--run NAME] ID [--screen]", NULL},
    .text = "Connects this terminal to the serial port of VM ID; with --screen, shows its text screen and "
            "hands it the "
            "keys. Where standard input is no terminal, it is sent as it is, and what the VM says (or, at "
            "the end, its "
            "screen) is printed.",
    .more = "The terminal is put into raw mode and restored whatever happens. One console, or one question, "
            "at a time "
            "belongs to a VM; others are told that it is busy. In a pipe the console leaves when the VM was "
            "silent for "
            "--settle after the end of the input.",
    .options = (const struct option_set *const[]){&own_set, NULL},
    .statuses =
        (const struct command_status[]){
            {0, "left"}, {1, "the VM, its console or the run ended"}, {2, "bad usage"}, {0}},
    .examples =
        (const struct command_example[]){{"mvm console 7", "The serial port of VM 7; Ctrl-] leaves"},
                                         {"mvm console 7 --screen", "Its 80x25 text screen and its keyboard"},
                                         {"printf 'GET / HTTP/1.1\\r\\nHost: 7\\r\\n\\r\\n' | mvm console 7",
                                          "An HTTP request by the serial port of the guest web"},
                                         {0}},
    .see = "run ask trace",
    .no_json = "it carries the bytes of a VM, as they are",
    .operands = OPERANDS_OTHER,
    .run = console_main,
};
