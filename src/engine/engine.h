/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine contract: a way of running VMs, as everything above sees it.
 *
 * An engine is one `static const`-like table (`struct engine`) in a file of its own under src/engine/, listed
 * in engine_table (src/engine/table.c). To add one, copy docs/engine-example.c, fill its functions and add
 * the row. No code outside an engine's file asks which engine it is; it asks for a capability.
 *
 * Calls come from one thread, but for those of ports (struct engine_port). A population is used as: probe,
 * open, then any order of grow, submit and reap, wait, counts, take_boot_times; and close, once, whatever
 * failed before. VMs are numbered 0, 1, 2, ... in the order in which they were started; a number is never
 * used again. Where starts were refused or called off there may be gaps: is_running() is false for those.
 *
 * Errors are negative errno values with a sentence in `reason`. A VM that fails or dies is not an error: it
 * is counted (struct engine_counts), and the engine's own words about it are kept (last_failure).
 */
#ifndef MVM_ENGINE_ENGINE_H
#define MVM_ENGINE_ENGINE_H

#include "base/activity.h"
#include "base/option.h"
#include "guest/image.h"
#include "host/needs.h"
#include "result/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reason;

/* What an engine can do beyond starting VMs. */
enum engine_capability {
    ENGINE_BOOTS_IMAGES = 1 << 0,  /* runs the image's instructions; else it only pretends */
    ENGINE_ASKS = 1 << 1,          /* carries lines to and from each VM's serial port: submit and reap */
    ENGINE_ANNOUNCES = 1 << 2,     /* sees a VM's readiness line, so boot times are real */
    ENGINE_HAS_PROCESSES = 1 << 3, /* VMs live in other processes than this one */
    ENGINE_CONSOLES = 1 << 4,      /* bytes to and from a VM's serial port: console_*() */
    ENGINE_SCREENS = 1 << 5,       /* with it a keyboard, console_press(), and a text screen, screen() */
    ENGINE_SAVES = 1 << 6,      /* writes a population to a file and brings it back: save, look and restore */
    ENGINE_TRACES = 1 << 7,     /* tells what a VM executes: trace_start(), trace_read() and trace_stop() */
    ENGINE_ASKS_WHOLE = 1 << 8, /* asks may say where their answer ends: engine_ask.is_whole */
};

/* What a population is made with. Everything pointed at outlives the population. */
struct engine_setup {
    const struct image *image;
    const char *image_path; /* the same image as a file, absolute; engines that need a file use this one */
    const char *ready_line; /* the line by which a VM announces that it is ready; NULL: it will not, do not
                               wait for one */
    const void *options;    /* the struct that the engine's option table filled */
    uint64_t seed;          /* for whatever the engine chooses by chance */
    const char *run_name;   /* what the run is called, by run_check_name()'s rule: whatever the engine makes
                               that may outlive this process carries it, so that it is found again. NULL: it has
                               no name */
    bool one_of_several; /* other populations of this engine are open at the same time: what the kernel tells
                            this process of its children may be told to another one */
};

/* How many VMs are in which state. started = booting + running + failed + died. */
struct engine_counts {
    uint64_t started;         /* starts that the engine carried out */
    uint64_t numbers;         /* all VM numbers are below this; 0: the same as started */
    uint64_t booting;         /* started and not yet ready */
    uint64_t running;         /* ready and not known to have ended */
    uint64_t failed;          /* ended, or ran out of time, before they were ready */
    uint64_t died;            /* ended by themselves after they were ready */
    const char *last_failure; /* of the latest failed or died VM, in its own words; "" for none; owned by the
                                 population */
};

/* How the caller watches long calls: `go_on` is called at least every 100 ms; false ends the call early with
 * -ECANCELED. */
struct engine_watch {
    bool (*go_on)(void *context, const struct engine_counts *counts);
    void *context;
};

/*
 * Bytes to a VM and what it answers: a line, or what the caller takes for whole. The caller owns it and all
 * it points at, from submit until it is reaped. A VM answers one ask at a time.
 */
struct engine_ask {
    /* Filled by the caller. */
    uint64_t vm;
    const char *request; /* bytes to send, line feed included */
    size_t request_length;
    char *answer;         /* room for the answer; NUL-terminated; without is_whole a longer line is cut */
    size_t answer_room;   /* at least 1 */
    uint64_t deadline_ns; /* CLOCK_MONOTONIC */
    void *context;
    /* Where the answer ends. NULL: with its first line feed, which is not kept. Else the answer is kept as it
     * comes, and after each piece of it this is asked, on a thread of the engine, whether
     * answer[0 .. answer_length) is whole (bytes behind its end may be among them). It must be quick and call
     * nothing of the engine. When the room is full before: -EMSGSIZE. With ENGINE_ASKS_WHOLE only; others end
     * such an ask with -ENOTSUP. */
    bool (*is_whole)(struct engine_ask *ask);
    /* Filled by the engine. */
    int status; /* 0: answered; -ETIMEDOUT; -ECONNRESET: the VM has ended; -EBUSY: another ask is under way;
                   -EMSGSIZE, -ENOTSUP: see is_whole; -ENOMEM. The answer is what came until then. */
    /* An earlier ask to this VM ended before its answer did (by its deadline, or for want of room), and
     * nothing has shown since that none of it is left: this answer may be the rest of that one. It is filled
     * before the first piece comes; is_whole may clear it when the answer cannot be to anything older, and
     * with status 0 the engine then forgets it. */
    bool late;
    size_t answer_length;
    uint64_t submitted_ns, answered_ns; /* CLOCK_MONOTONIC */
    /* The engine's own, from submit to reap. */
    size_t sent;
    struct engine_ask *next;
};

/* Why VMs failed or died, and how many did: for people. */
enum { ENGINE_ENDS_MOST = 16, ENGINE_END_NAME = 80 };

struct engine_ends {
    struct engine_end {
        char why[ENGINE_END_NAME];
        uint64_t vms;
    } list[ENGINE_ENDS_MOST];
    size_t count;
};

/* Appends, or adds to the entry of that name. What has no room is counted as "other". */
void engine_ends_add(struct engine_ends *ends, const char *why, uint64_t vms);

/* One of several hosts that VMs of a population are on or may come to, as what places them there counts it.
 */
enum { ENGINE_HOST_NAME = 200 };

struct engine_host {
    char name[ENGINE_HOST_NAME];
    uint64_t vms; /* of the population that run there */
    /* Given away to VMs of anybody, of what may be given; and what that is. NAN: not known. */
    double cpu_percent, memory_percent, disk_percent;
    double vcpus, memory_bytes, disk_bytes;
};

/* What VMs have been doing. An event is a wake: a VM was given a CPU because something was there for it to
 * do; its work are instructions, 0 where they are not counted. */
struct engine_live {
    struct heat heat;
    struct activity_busiest busiest;
    uint64_t wakes;        /* all since the population was opened */
    uint64_t instructions; /* 0: not counted */
    uint64_t runnable;     /* VMs that wait for a CPU now */
    uint64_t memory_used;  /* bytes of the VMs' own state, and of what is held for them; 0: not known */
    uint64_t memory_held;
};

/* What a file says that a population was saved in. */
struct engine_saved {
    uint8_t image[IMAGE_SIZE];
    uint64_t vms;
};

/* A text screen of 80 x 25 cells, each a character of code page 437 and an attribute, as in a PC's text page
 * at B8000h. */
enum { ENGINE_SCREEN_COLUMNS = 80, ENGINE_SCREEN_ROWS = 25, ENGINE_SCREEN_CELLS = 80 * 25 };

struct engine_screen {
    uint8_t cells[2 * ENGINE_SCREEN_CELLS];
    uint16_t cursor; /* the cell's number; ENGINE_SCREEN_CELLS and more when it is hidden */
};

/* A population belongs to its engine; the first member of an engine's own struct. */
struct population {
    const struct engine *engine;
};

/* A way for a thread to ask VMs beside the thread that has the population; the first member of an engine's
 * own struct. Each port is used by one thread at a time. */
struct engine_port {
    const struct engine *engine;
};

struct engine {
    const char *name;
    const char *summary;   /* one sentence without a full stop */
    char class_letter;     /* DESIGN's classes: 'A', 'B', 'C', 'D', 'T'; '-' where there is no VM */
    unsigned capabilities; /* enum engine_capability */
    unsigned asks_at_once; /* how many asks of a proof of life are under way together; 0: a default for VMs
                              that run side by side */
    const char *left_out;  /* a sentence: this mvm was built without it. probe() says so, and there is nothing
                              else. NULL: it is there */

    const struct option_spec *options; /* the engine's own options, shown in --help; NULL for none */
    size_t option_count;
    size_t options_size; /* sizeof the struct they fill */

    /* The engine that these options make of it: one of the same name and options, whose class or capabilities
     * may differ. NULL: options change nothing of that. Callers go through engine_variant(). */
    const struct engine *(*variant)(const void *options);

    /* Can this engine run here with these options? 0, or a negative errno and one sentence ("no /dev/kvm on
     * this machine"). Cheap, and leaves nothing behind. */
    int (*probe)(const void *options, struct reason *reason);

    /* What VMs with these options need of a host, for `mvm host`. `ret_needs` is zeroed by the caller. What
     * is counted (tasks, mvm's own descriptors) is right to the last one, so that the limit at which a run
     * ends can be foretold; open files of the whole host are right within some tens, as the kernel counts
     * them; memory is an estimate, or left at 0 with these options. Cheap, starts nothing, and is called
     * whether or not the engine can run here. */
    void (*needs)(const void *options, struct host_needs *ret_needs);

    /* Adds what a result should say of the engine: versions, the options in effect, the binaries' hashes. */
    int (*describe)(const struct engine_setup *setup, struct result *result, struct reason *reason);

    /* Makes an empty population. On failure nothing is left. */
    int (*open)(const struct engine_setup *setup, struct population **ret_population, struct reason *reason);

    /*
     * Starts `count` more VMs and returns when each of them is ready, failed or died. The engine bounds how
     * many boot at once. Returns 0 however many of them failed; -ECANCELED when the watch said stop (starts
     * cease, those under way go on and are counted); another error when no further VM can be started at all
     * (no processes, no files, no memory), with the reason; the population as it stands is kept in every
     * case.
     */
    int (*grow)(struct population *population, uint64_t count, const struct engine_watch *watch,
                struct reason *reason);

    /* Writes the population to a file, which is there as a whole or not at all; it goes on to live, and asks
     * under way stay so. -EBUSY: VMs are booting; -ENOTSUP: not with these options. */
    int (*save)(struct population *population, const char *path, struct reason *reason);
    /* What is in such a file. -EBADMSG: it is none; -EINVAL: these options are not for it. */
    int (*look)(const char *path, const void *options, struct engine_saved *ret_saved, struct reason *reason);
    /* Makes a population of it, whose VMs go on where they were. -EBADMSG: it was cut off or altered;
     * -ENOMEM. On failure nothing has run. */
    int (*restore)(const struct engine_setup *setup, const char *path, struct population **ret_population,
                   struct reason *reason);

    /* Begins to trace a VM, one at a time. -ESRCH: it is not running; -EBUSY: another one is traced; -ENOMEM.
     * The descriptor tells when there is something to read. */
    int (*trace_start)(struct population *population, uint64_t vm);
    /* Whole lines of text, of at most `room` bytes together; returns their bytes. *ret_lost: how many lines
     * are missing behind them. */
    size_t (*trace_read)(struct population *population, char *ret_text, size_t room, uint64_t *ret_lost);
    void (*trace_stop)(struct population *population); /* also when none was begun */

    /* Numbers at this moment. */
    void (*counts)(struct population *population, struct engine_counts *ret_counts);

    /* False for a number in a gap, and for those that no VM has had yet. NULL: there are no gaps. */
    bool (*was_started)(struct population *population, uint64_t vm);

    /* True while VM number `vm` is running. */
    bool (*is_running)(struct population *population, uint64_t vm);

    /*
     * Hands over the boot times (start until ready, in seconds) of VMs that became ready since the last call:
     * at most `room` of them; returns how many. 0 without ENGINE_ANNOUNCES.
     */
    size_t (*take_boot_times)(struct population *population, double *ret_seconds, size_t room);

    /* Sets numbers that the engine itself counted, such as instructions or bytes, with the unit in each name.
     * NULL: it counts nothing. -ENOMEM or 0. */
    int (*account)(struct population *population, struct result_counters *counters);

    /*
     * Sends the asks, of which thousands may be under way. Never blocks and never fails as a whole: an ask
     * that cannot be sent is reaped with its status. NULL without ENGINE_ASKS.
     */
    void (*submit)(struct population *population, struct engine_ask *const *asks, size_t count);

    /* Waits until `until_ns` for finished asks; stores at most `room` of them and returns how many (0: none
     * in time). */
    size_t (*reap)(struct population *population, struct engine_ask **ret_asks, size_t room,
                   uint64_t until_ns);

    /*
     * A descriptor that poll() finds readable when something may have happened: an ask was finished, a VM
     * ended. The caller then calls wait() with a time that has passed, and after it reap() until nothing more
     * comes. The deadline of an ask is no event: reap() is to be called then as well. The descriptor is the
     * population's; a negative errno when there can be none.
     */
    int (*descriptor)(struct population *population);

    /*
     * Ports: submit() and reap() from other threads, as many as there are ports, at the same time as anything
     * else that is called but open() and close(). An ask comes back to the port that submitted it.
     * port_open() and port_close() are called like anything else by the thread that has the population; a
     * port is closed before its population, and when it holds no ask. was_started() and is_running() may
     * be called by the ports' threads too. All NULL where the engine is for one thread.
     */
    int (*port_open)(struct population *population, struct engine_port **ret_port, struct reason *reason);
    void (*port_close)(struct engine_port *port);
    void (*port_submit)(struct engine_port *port, struct engine_ask *const *asks, size_t count);
    size_t (*port_reap)(struct engine_port *port, struct engine_ask **ret_asks, size_t room,
                        uint64_t until_ns);
    /* From now on port_submit() may carry asks out on the thread that calls it, for about a millisecond, when
     * the threads that do it else have nothing to do: that saves the way to another thread and back. What is
     * finished then is not told by the descriptor, so port_reap() is to be called after each submit. For
     * threads that can wait so long and have no better use of the time. */
    void (*port_lend)(struct engine_port *port);
    /* A descriptor that poll() finds readable when there may be something to reap; the port's. port_clear()
     * makes it unreadable and is to be called before reaping until nothing more comes. -errno: there is none.
     */
    int (*port_descriptor)(struct engine_port *port);
    void (*port_clear)(struct engine_port *port);

    /*
     * The console of VM `vm`. While it is open, what the VM sends on its serial port is kept for
     * console_read(), and the VM is held back when too much is; asks to it end with -EBUSY. console_read()
     * and console_write() return how many bytes they took, never wait, and are worth another try when the
     * descriptor is readable. NULL without ENGINE_CONSOLES. -EBUSY: there is one already, or an ask is under
     * way; -ESRCH: the VM is not running; with a sentence.
     */
    int (*console_open)(struct population *population, uint64_t vm, struct reason *reason);
    void (*console_close)(struct population *population, uint64_t vm);
    /* Of an open console, where opening takes time, and where it may end before its VM does. 1: bytes go both
     * ways; 0: not yet, and what is written is kept; -errno, with a sentence: it could not be opened, or has
     * ended. What it said before is still to be read, and console_close() is due. NULL: it is open until the
     * VM ends. */
    int (*console_state)(struct population *population, uint64_t vm, struct reason *reason);
    size_t (*console_read)(struct population *population, uint64_t vm, uint8_t *ret_bytes, size_t room);
    size_t (*console_write)(struct population *population, uint64_t vm, const uint8_t *bytes, size_t count);

    /* Scan codes (set 1) for the keyboard of a VM with an open console; returns how many were taken. The text
     * screen: -ESRCH when the VM is not running. NULL without ENGINE_SCREENS. */
    size_t (*console_press)(struct population *population, uint64_t vm, const uint8_t *codes, size_t count);
    int (*screen)(struct population *population, uint64_t vm, struct engine_screen *ret_screen);

    /* Why VM `vm` failed or died, in few words ("triple fault"); "" while it has not.
     * Cut to the room. */
    void (*explain)(struct population *population, uint64_t vm, char *ret_text, size_t room);

    /* The same of all, by reason; `ret_ends` is zeroed by the caller. */
    void (*ends)(struct population *population, struct engine_ends *ret_ends);

    /* Bytes of memory that all VMs together take, as far as the engine can tell; 0: not known. */
    uint64_t (*memory)(struct population *population);

    /*
     * The hosts that VMs are on or may come to, malloc'd, at this moment. May take as long as some requests
     * to others; -ECANCELED when the watch (NULL: none) said stop. NULL: VMs are on this host.
     */
    int (*hosts)(struct population *population, const struct engine_watch *watch,
                 struct engine_host **ret_hosts, size_t *ret_count, struct reason *reason);

    /* For live views, some times a second. The cost does not grow with the number of VMs. Heat and busiest
     * are counted only while somebody looks at them: from a look with `watch` on, and until a minute after
     * the last one. NULL: the engine cannot tell what its VMs do. */
    void (*live)(struct population *population, bool watch, struct engine_live *ret_live);

    /* Lets time pass until `until_ns`, at next to no cost, while the engine notices VMs that end. May return
     * earlier, when something happened or a signal came; callers look at the clock. */
    void (*wait)(struct population *population, uint64_t until_ns);

    /*
     * What is not this host's kernel's to end when this process dies: VMs of a daemon or of a cloud, and what
     * belongs to them. Both NULL where there is no such thing.
     *
     * sweep: removes all that runs of that name have left whose process is no more, and nothing else. What
     * was removed is told in `ret_words`, in words that can stand after a colon ("3 servers and 1 image"), ""
     * for nothing, also when it fails on its way. -EBUSY: a run of that name lives; nothing was removed.
     *
     * clear: ends every VM, before close(), and says what could not be removed, and what removes it later.
     * Nothing but close() may follow. Callers go through engine_end().
     */
    int (*sweep)(const void *options, const char *run_name, char *ret_words, size_t room,
                 struct reason *reason);
    int (*clear)(struct population *population, struct reason *reason);

    /* Ends every VM and frees all; returns when they are gone. Asks under way are dropped. NULL is fine. */
    void (*close)(struct population *population);
};

enum { ENGINE_RUN_NAME_ROOM = 33, ENGINE_SWEPT_ROOM = 200 };

/* The end of a population: clear(), where the engine has it, and close(). What clear() returned, else 0. */
int engine_end(struct population *population, struct reason *reason);

/* All engines, `*ret_count` of them, in the order in which they are listed to users. */
const struct engine *const *engine_table(size_t *ret_count);

/* The engine of that name, or NULL. */
const struct engine *engine_find(const char *name);

/* What `engine` is with these options, once they are parsed; probe() and all else are to be called on that.
 */
const struct engine *engine_variant(const struct engine *engine, const void *options);

#endif
