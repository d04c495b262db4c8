/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/kvm_kick.h"

#include "base/clock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

/* What the signal's handler, which is told nothing, has to reach: each thread has its own. */
static _Thread_local struct kvm_run *volatile running;
static _Thread_local volatile sig_atomic_t kicked;

static int kick_signal(void)
{
    return SIGRTMIN;
}

static void on_kick(int number)
{
    struct kvm_run *run = running;

    (void)number;
    kicked = 1;
    if (run)
        *(volatile uint8_t *)&run->immediate_exit = 1;
}

static void install(void)
{
    struct sigaction action = {.sa_handler = on_kick, .sa_flags = SA_RESTART};

    sigemptyset(&action.sa_mask);
    sigaction(kick_signal(), &action, NULL);
}

static int make(struct kvm_kick *kick)
{
    static pthread_once_t installed = PTHREAD_ONCE_INIT;
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = kick_signal()};
    sigset_t only;

    pthread_once(&installed, install);
    event._sigev_un._tid = gettid();
    if (timer_create(CLOCK_MONOTONIC, &event, &kick->timer) < 0)
        return -errno;
    sigemptyset(&only);
    sigaddset(&only, kick_signal());
    pthread_sigmask(SIG_UNBLOCK, &only, NULL);
    kick->made = true;
    return 0;
}

int kvm_kick_arm(struct kvm_kick *kick, struct kvm_run *run, uint64_t at_ns)
{
    if (!kick->made) {
        int error = make(kick);

        if (error)
            return error;
    }
    running = run;
    /* A signal from here on ends the next KVM_RUN; one that came before is seen below. */
    *(volatile uint8_t *)&run->immediate_exit = 0;
    if (kicked) {
        kicked = 0;
        kick->armed_ns = 0;
    }
    if (kick->armed_ns && kick->armed_ns <= at_ns)
        return 0;
    struct itimerspec when = {
        .it_value = {.tv_sec = (time_t)(at_ns / NS_PER_SECOND), .tv_nsec = (long)(at_ns % NS_PER_SECOND)}};

    if (timer_settime(kick->timer, TIMER_ABSTIME, &when, NULL) < 0)
        return -errno;
    kick->armed_ns = at_ns;
    kick->settings++;
    return 0;
}

void kvm_kick_leave(void)
{
    running = NULL;
}

void kvm_kick_release(struct kvm_kick *kick)
{
    if (kick->made)
        timer_delete(kick->timer);
    kick->made = false;
}
