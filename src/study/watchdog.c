/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/watchdog.h"

#include "base/clock.h"
#include "host/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOOK_MS = 100 };

static void judge(struct watchdog_board *board, pid_t run, bool for_memory)
{
    /* Once: the verdict is read by others as soon as `killed` is set. */
    if (atomic_load(&board->killed))
        return;
    atomic_store(&board->for_memory, for_memory);
    atomic_store(&board->killed, true);
    kill(run, SIGKILL);
}

/* Memory and swap that can be had; swap comes behind. */
static bool take_available(void *context, const char *line)
{
    const char *memory = text_after(line, "MemAvailable:"), *swap = text_after(line, "SwapFree:");
    const char *at = memory ? memory : swap;
    uint64_t *bytes = context, kib;

    if (at && text_number(&at, &kib))
        *bytes += kib * 1024;
    return !swap;
}

static void look(struct watchdog_board *board, int meminfo, uint64_t floor)
{
    pid_t run = atomic_load(&board->run);
    uint64_t available = 0, now = clock_now_ns();
    char buffer[4096];

    if (run <= 0)
        return;
    uint64_t beat = atomic_load(&board->beat_ns), patience = atomic_load(&board->patience_ns);

    bool known =
        meminfo >= 0 && procfile_each_line(meminfo, buffer, sizeof(buffer), take_available, &available) == 0;

    if (known && available < floor) {
        snprintf(board->verdict, sizeof(board->verdict),
                 "the watchdog ended the row at %llu VMs: the host had %llu MiB of memory available, less "
                 "than the last "
                 "reserve of %llu MiB",
                 (unsigned long long)atomic_load(&board->vms), (unsigned long long)(available >> 20),
                 (unsigned long long)(floor >> 20));
        judge(board, run, true);
    } else if (now > beat && now - beat > patience) {
        snprintf(board->verdict, sizeof(board->verdict),
                 "the watchdog ended the row at %llu VMs: mvm itself gave no sign of life for %llu s",
                 (unsigned long long)atomic_load(&board->vms),
                 (unsigned long long)((now - beat) / NS_PER_SECOND));
        judge(board, run, false);
    }
}

static _Noreturn void be_watchdog(struct watchdog_board *board, int life,
                                  const struct watchdog_settings *settings)
{
    char text[16] = "0";

    prctl(PR_SET_NAME, "mvm-watchdog");
    setpgid(0, 0);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_IGN);
    atomic_store(&board->locked, mlockall(MCL_CURRENT | MCL_FUTURE) == 0);
    procfile_text("", "/proc/self/oom_score_adj", text, sizeof(text));
    atomic_store(&board->oom_score_adj, (int)strtol(text, NULL, 10));

    int meminfo = procfile_open(settings->root, "/proc/meminfo");
    struct pollfd gone = {.fd = life, .events = POLLIN};

    atomic_store(&board->ready, true);
    while (poll(&gone, 1, LOOK_MS) <= 0)
        look(board, meminfo, settings->memory_floor_bytes);

    /* The caller has stopped us (then it has taken everything back), or it is gone. */
    pid_t run = atomic_load(&board->run);

    if (run > 0)
        kill(run, SIGKILL);
    knob_journal_undo(&board->journal, settings->root);
    _exit(0);
}

int watchdog_start(struct watchdog *ret_watchdog, const struct watchdog_settings *settings,
                   struct reason *reason)
{
    struct watchdog_board *board =
        mmap(NULL, sizeof(*board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int life[2];

    if (board == MAP_FAILED)
        return reason_errno(reason, errno, "no memory for the watchdog");
    if (pipe2(life, O_CLOEXEC) < 0) {
        int error = reason_errno(reason, errno, "cannot make a pipe");

        munmap(board, sizeof(*board));
        return error;
    }
    pid_t pid = fork();

    if (pid < 0) {
        int error = reason_errno(reason, errno, "cannot start the watchdog");

        close(life[0]);
        close(life[1]);
        munmap(board, sizeof(*board));
        return error;
    }
    if (pid == 0) {
        close(life[1]);
        be_watchdog(board, life[0], settings);
    }
    close(life[0]);
    while (!atomic_load(&board->ready) && waitpid(pid, NULL, WNOHANG) == 0)
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
    *ret_watchdog = (struct watchdog){.board = board, .pid = pid, .life = life[1]};
    return 0;
}

void watchdog_stop(struct watchdog *watchdog)
{
    if (!watchdog->board)
        return;
    close(watchdog->life);
    while (waitpid(watchdog->pid, NULL, 0) < 0 && errno == EINTR)
        ;
    munmap(watchdog->board, sizeof(*watchdog->board));
    *watchdog = (struct watchdog){.pid = -1, .life = -1};
}

void watchdog_beat(struct watchdog_board *board, uint64_t vms, uint64_t patience_ns)
{
    atomic_store(&board->vms, vms);
    atomic_store(&board->patience_ns, patience_ns);
    atomic_store(&board->beat_ns, clock_now_ns());
}

static int wait_for(struct watchdog_board *board, pid_t pid, bool (*interrupted)(void *context),
                    void *context)
{
    siginfo_t ended = {0};
    bool told = false;
    int status;

    /* Not reaped yet, so that the number is still its own while the watchdog may use it. */
    while (waitid(P_PID, (id_t)pid, &ended, WEXITED | WNOWAIT | WNOHANG) < 0 || ended.si_pid != pid) {
        if (!told && interrupted(context))
            told = kill(pid, SIGTERM) == 0;
        clock_sleep_until(clock_now_ns() + 20 * NS_PER_MILLISECOND);
    }
    atomic_store(&board->run, 0);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int watchdog_run(struct watchdog *watchdog, int (*work)(void *context), bool (*interrupted)(void *context),
                 void *context, uint64_t patience_ns, struct reason *reason)
{
    struct watchdog_board *board = watchdog->board;
    int gate[2];

    atomic_store(&board->killed, false);
    board->error = 0;
    board->reason = (struct reason){""};
    watchdog_beat(board, 0, patience_ns);
    if (pipe2(gate, O_CLOEXEC) < 0)
        return reason_errno(reason, errno, "cannot make a pipe");
    pid_t parent = getpid(), pid = fork();

    if (pid == 0) {
        char byte;

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(watchdog->life);
        close(gate[1]);
        /* The watchdog knows this process before it does anything. */
        bool known = read(gate[0], &byte, 1) == 1 && getppid() == parent;

        close(gate[0]);
        _exit(known ? work(context) : 127);
    }
    close(gate[0]);
    if (pid < 0) {
        close(gate[1]);
        return reason_errno(reason, errno, "cannot start a process for the row");
    }
    atomic_store(&board->run, pid);
    bool begun = write(gate[1], "", 1) == 1;

    close(gate[1]);
    return begun ? wait_for(board, pid, interrupted, context)
                 : (wait_for(board, pid, interrupted, context),
                    reason_set(reason, EIO, "cannot start a process for the row"));
}
