/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A host that is read by `ssh HOST mvm sample --json --on-request`: one process of ssh for the whole run,
 * unless the connection ends. It ends when its standard input does, and so does what it runs there.
 */
#include "base/clock.h"
#include "host/spawn.h"
#include "node/node_private.h"
#include "result/sample_json.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct node_ssh {
    char *program;
    bool begun, ended;
    uint64_t ended_ns;
    pid_t pid;
    int input, output, errors; /* -1: closed */
    bool named;                /* the line about the host has come */
    uint64_t owed;             /* answers that have not come, to what was given up too */
    uint64_t words_until_ns;   /* the output has ended, and last words are waited for; 0: it has not */
    struct host_limits limits;
    char line[SAMPLE_LINE_MOST + 1], words[256],
        last_words[256]; /* words: of standard error, the line that is coming */
    size_t length, words_length;
    struct reason reason; /* why it has ended */
};

int node_ssh_open(struct node *node, struct reason *reason)
{
    struct node_ssh *ssh = calloc(1, sizeof(*ssh));

    if (!ssh)
        return reason_set(reason, ENOMEM, "no memory for readers of other hosts");
    *ssh = (struct node_ssh){.input = -1, .output = -1, .errors = -1};
    int error = program_find("ssh", &ssh->program, reason);

    if (error) {
        free(ssh);
        return error;
    }
    node->ssh = ssh;
    return 0;
}

static void close_file(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

/* Waits for it, and kills it when it takes too long. */
static void reap(struct node_ssh *ssh, uint64_t until_ns)
{
    int status;
    pid_t got;

    if (ssh->pid <= 0)
        return;
    while ((got = waitpid(ssh->pid, &status, WNOHANG)) == 0 && clock_now_ns() < until_ns)
        clock_sleep_until(clock_now_ns() + 5 * NS_PER_MILLISECOND);
    if (got == 0) {
        kill(ssh->pid, SIGKILL);
        while (waitpid(ssh->pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    ssh->pid = 0;
}

/* It is over: what is under way and all that comes fails with this. */
static void end(struct node *node, const char *why)
{
    struct node_ssh *ssh = node->ssh;

    if (ssh->ended)
        return;
    ssh->ended = true;
    ssh->ended_ns = clock_now_ns();
    reason_set(&ssh->reason, EPIPE, "%s", why);
    close_file(&ssh->input);
    close_file(&ssh->output);
    close_file(&ssh->errors);
    /* Its end is not waited for while others are to be read. */
    reap(ssh, 0);
    node_fail(node, -EPIPE, &ssh->reason);
}

static int make_pipe(int *ret_ours, int *ret_theirs, bool we_read)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return -errno;
    int theirs = spawn_descriptor(ends[we_read ? 1 : 0]);

    *ret_ours = ends[we_read ? 0 : 1];
    if (theirs < 0) {
        close_file(ret_ours);
        return theirs;
    }
    *ret_theirs = theirs;
    fcntl(*ret_ours, F_SETFL, O_NONBLOCK);
    return 0;
}

enum { ARGUMENTS_MOST = 32 };

/* No word of these is looked at by a shell here, and none that comes from a cloud stands where an option may;
 * the far side's shell gets the last ones. */
static void make_arguments(const struct node *node, char *arguments[ARGUMENTS_MOST])
{
    static const char *const options[] = {
        "ssh", "-T",
        "-o",  "BatchMode=yes",
        "-o",  "ConnectTimeout=10",
        "-o",  "ServerAliveInterval=5",
        "-o",  "ServerAliveCountMax=3",
        "-o",  "ClearAllForwardings=yes",
        "-o",  "ControlMaster=no", /* which would stay */
        "-o",  "LogLevel=ERROR",
    };
    const struct node_address *address = &node->address;
    size_t count = 0;

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        arguments[count++] = (char *)options[i];
    if (address->port[0]) {
        arguments[count++] = "-p";
        arguments[count++] = (char *)address->port;
    }
    if (address->user[0]) {
        arguments[count++] = "-l";
        arguments[count++] = (char *)address->user;
    }
    arguments[count++] = "--";
    arguments[count++] = (char *)address->host;
    arguments[count++] = address->path[0] ? (char *)address->path : "mvm";
    arguments[count++] = "sample";
    arguments[count++] = "--json";
    arguments[count++] = "--on-request";
    arguments[count] = NULL;
}

static int begin(struct node *node, struct reason *reason)
{
    struct node_ssh *ssh = node->ssh;
    int theirs[3] = {-1, -1, -1};
    char *arguments[ARGUMENTS_MOST];
    int error = make_pipe(&ssh->input, &theirs[0], false);

    if (!error)
        error = make_pipe(&ssh->output, &theirs[1], true);
    if (!error)
        error = make_pipe(&ssh->errors, &theirs[2], true);
    if (error) {
        reason_errno(reason, -error, "cannot make a pipe");
    } else {
        make_arguments(node, arguments);
        const struct spawn spawn = {
            .program = ssh->program,
            .arguments = arguments,
            .group = 0,
            .standard_input = theirs[0],
            .standard_output = theirs[1],
            .standard_error = theirs[2],
            .extra = -1,
        };
        pid_t pid = spawn_process(&spawn, reason);

        ssh->pid = pid > 0 ? pid : 0;
        error = pid > 0 ? 0 : (int)pid;
    }
    for (int i = 0; i < 3; i++)
        close_file(&theirs[i]);
    return error;
}

/* Nothing of the process that has ended is left to the next one. */
static void forget(struct node_ssh *ssh)
{
    ssh->begun = ssh->ended = ssh->named = false;
    ssh->owed = ssh->words_until_ns = 0;
    ssh->length = ssh->words_length = 0;
    ssh->last_words[0] = '\0';
}

void node_ssh_ask(struct node *node)
{
    struct node_ssh *ssh = node->ssh;
    struct reason reason = {""};

    if (ssh->ended && node->answered_before && clock_now_ns() - ssh->ended_ns >= node_again_ns(node))
        forget(ssh);
    if (ssh->ended) {
        node_fail(node, -EPIPE, &ssh->reason);
        return;
    }
    if (!ssh->begun) {
        ssh->begun = true;
        if (begin(node, &reason) < 0) {
            end(node, reason.text);
            return;
        }
    }
    if (write(ssh->input, "\n", 1) == 1) {
        ssh->owed++;
        return;
    }
    /* A reader that is gone is told by its own words, which node_ssh_heard() takes. */
    if (errno != EPIPE)
        end(node, "it takes no more requests");
}

void node_ssh_give_up(struct node *node)
{
    struct node_ssh *ssh = node->ssh;

    /* One that has never answered will not do so the next time either. */
    if (!ssh->named)
        end(node, ssh->last_words[0] ? ssh->last_words : "no answer of ssh in time");
}

size_t node_ssh_files(const struct node *node, struct pollfd *ret_files)
{
    const struct node_ssh *ssh = node->ssh;
    size_t count = 0;

    if (ssh->output >= 0)
        ret_files[count++] = (struct pollfd){.fd = ssh->output, .events = POLLIN};
    if (ssh->errors >= 0)
        ret_files[count++] = (struct pollfd){.fd = ssh->errors, .events = POLLIN};
    return count;
}

static void end_words(struct node_ssh *ssh)
{
    if (ssh->words_length > 0) {
        memcpy(ssh->last_words, ssh->words, ssh->words_length);
        ssh->last_words[ssh->words_length] = '\0';
    }
    ssh->words_length = 0;
}

/* What ssh itself, or what it runs there, says is wrong: its last line, in what a terminal can show. A piece
 * of it at a time, since it may say more without end. */
static void hear_errors(struct node_ssh *ssh)
{
    char bytes[4096];
    ssize_t got = ssh->errors >= 0 ? read(ssh->errors, bytes, sizeof(bytes)) : -1;

    for (ssize_t i = 0; i < got; i++) {
        if (bytes[i] == '\n' || bytes[i] == '\r')
            end_words(ssh);
        else if (ssh->words_length + 1 < sizeof(ssh->words))
            ssh->words[ssh->words_length++] = isprint((unsigned char)bytes[i]) ? bytes[i] : '?';
    }
    if (got != 0)
        return;
    end_words(ssh);
    close_file(&ssh->errors);
}

/* The first line is about the host. */
static void hear_host(struct node *node, const char *line, size_t length)
{
    struct node_ssh *ssh = node->ssh;
    struct sample_host host;
    struct reason reason = {""}, sentence;

    if (sample_host_read(&host, line, length, &reason) < 0) {
        reason_set(&sentence, EBADMSG,
                   "what it says is not of 'mvm sample' (%.200s); does a file of its shell print something?",
                   reason.text);
        end(node, sentence.text);
    } else if (host.ticks_per_second != (uint64_t)sysconf(_SC_CLK_TCK)) {
        end(node, "its kernel counts CPU time in another unit than this host's");
    } else {
        ssh->named = true;
        ssh->limits = host.limits;
        ssh->limits.own_files = ssh->limits.own_maps = ssh->limits.cgroup_pids = 0;
    }
}

static void hear_line(struct node *node, const char *line, size_t length)
{
    struct node_ssh *ssh = node->ssh;
    struct host_reading reading;
    struct reason reason = {""}, sentence;

    if (!ssh->named) {
        hear_host(node, line, length);
        return;
    }
    if (sample_reading_read(&reading, line, length, &reason) < 0) {
        reason_set(&sentence, EBADMSG, "what it says is not of 'mvm sample' (%.200s)", reason.text);
        end(node, sentence.text);
        return;
    }
    if (ssh->owed == 0)
        end(node, "it says what was not asked");
    else if (--ssh->owed == 0) /* else it is to what was given up */
        node_answer(node, &reading, &ssh->limits);
}

static void hear_lines(struct node *node)
{
    struct node_ssh *ssh = node->ssh;
    char *feed, *at = ssh->line;

    ssh->line[ssh->length] = '\0';
    while (!ssh->ended && (feed = memchr(at, '\n', ssh->length - (size_t)(at - ssh->line)))) {
        hear_line(node, at, (size_t)(feed - at));
        at = feed + 1;
    }
    ssh->length -= (size_t)(at - ssh->line);
    memmove(ssh->line, at, ssh->length);
    if (ssh->length == SAMPLE_LINE_MOST)
        end(node, "what it says is not of 'mvm sample' (a line without an end)");
}

/* Its last words may come after the end of its output. */
#define LAST_WORDS_NS (NS_PER_SECOND / 2)

/* A piece of the output at a time, for the same reason. */
static void hear_output(struct node *node)
{
    struct node_ssh *ssh = node->ssh;
    ssize_t got =
        ssh->output >= 0 ? read(ssh->output, ssh->line + ssh->length, SAMPLE_LINE_MOST - ssh->length) : -1;

    if (got > 0) {
        ssh->length += (size_t)got;
        hear_lines(node);
    } else if (got == 0) {
        close_file(&ssh->output);
        ssh->words_until_ns = clock_now_ns() + LAST_WORDS_NS;
    }
}

void node_ssh_heard(struct node *node)
{
    struct node_ssh *ssh = node->ssh;

    if (!ssh->begun || ssh->ended)
        return;
    hear_errors(ssh);
    hear_output(node);
    if (ssh->words_until_ns > 0 && (ssh->errors < 0 || clock_now_ns() >= ssh->words_until_ns))
        end(node, ssh->last_words[0] ? ssh->last_words
                  : ssh->named       ? "the connection has ended"
                                     : "ssh ended without a word");
}

void node_ssh_hang_up(struct node *node)
{
    struct node_ssh *ssh = node->ssh;

    if (!ssh)
        return;
    ssh->ended = true;
    close_file(&ssh->input);
    close_file(&ssh->output);
    close_file(&ssh->errors);
}

void node_ssh_close(struct node *node, uint64_t until_ns)
{
    if (!node->ssh)
        return;
    node_ssh_hang_up(node);
    reap(node->ssh, until_ns);
    free(node->ssh->program);
    free(node->ssh);
    node->ssh = NULL;
}
