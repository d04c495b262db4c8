/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two threads meet here, the caller's and the one of libwebsockets: in what `lock` is of. */
#include "cloud/consoles.h"

#include "base/clock.h"
#include "base/reason.h"
#include "base/ring.h"
#include "base/thread.h"
#include "cloud/websocket_address.h"

#include <errno.h>
#include <libwebsockets.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A console pauses when it has no room for two pieces more. */
enum { PIECE_MOST = 4096, ROOM_LEAST = 2 * PIECE_MOST };

/* How long the other end has to close, and how often is looked at what has no descriptor. */
#define CLOSE_NS (1 * NS_PER_SECOND)
#define LOOK_NS  (100 * NS_PER_MILLISECOND)

static const char no_client[] = "cannot make a client for serial consoles";
static const char closed[] = "the serial console was closed by the cloud";

enum state { WAITING, ADDRESSED, CONNECTING, OPEN, ENDED };

struct console {
    struct consoles *all;
    struct console *next;
    enum state state;
    bool only_secure, dropped;
    char *url; /* in ADDRESSED */
    uint64_t deadline_ns;
    int error; /* in ENDED */
    struct reason reason;
    struct ring in, out;
    bool paused;
    /* The thread's. */
    struct lws *connection; /* NULL: none */
    bool established;       /* the connection */
    uint64_t kill_ns;       /* it is to close, and is cut off then; 0: it is not; CLOCK_NEVER: it was */
    uint8_t in_bytes[CONSOLE_IN_ROOM], out_bytes[CONSOLE_OUT_ROOM];
};

struct consoles {
    char *ca_file;
    int event;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows, and of the consoles */
    struct console *first;
    unsigned count;
    struct lws_context *context; /* NULL: the thread has not begun */
    bool ending;
    bool broken;     /* there can be no context, and the thread has ended */
    bool some_ended; /* for consoles_clear() */
    /* The thread's. */
    lws_sorted_usec_list_t look;
};

/* For the thread of libwebsockets to look at the consoles; with the lock. */
static void wake(struct consoles *all)
{
    if (all->context)
        lws_cancel_service(all->context);
}

static void tell(struct consoles *all)
{
    eventfd_write(all->event, 1);
}

/* With the lock. */
static void end(struct console *console, int error, const char *words)
{
    if (console->state == ENDED)
        return;
    console->error = reason_set(&console->reason, error, "%s", words);
    console->state = ENDED;
    console->all->some_ended = console->all->some_ended || !console->dropped;
    tell(console->all);
}

static bool is_to_close(const struct console *console)
{
    return console->dropped || console->state == ENDED;
}

/* What came, with the lock. The pause comes before the room is used up; what libwebsockets hands over all the
 * same would be lost, which ends the console. */
static void take(struct console *console, struct lws *connection, const uint8_t *bytes, size_t count)
{
    if (ring_put(&console->in, bytes, count) < count) {
        end(console, ENOBUFS, "the serial console says more than is read");
    } else if (!console->paused && console->in.room - console->in.count < ROOM_LEAST) {
        console->paused = true;
        lws_rx_flow_control(connection, 0);
    }
    tell(console->all);
}

/* With the lock. False: the connection is lost. */
static bool send_some(struct console *console, struct lws *connection)
{
    unsigned char bytes[LWS_PRE + PIECE_MOST];
    size_t count = ring_take(&console->out, bytes + LWS_PRE, PIECE_MOST);

    if (count == 0)
        return true;
    tell(console->all);
    if (lws_write(connection, bytes + LWS_PRE, count, LWS_WRITE_BINARY) < (int)count)
        return false;
    if (console->out.count > 0)
        lws_callback_on_writable(connection);
    return true;
}

/* With the lock; what is not 0 closes the connection. */
static int happen(struct console *console, struct lws *connection, enum lws_callback_reasons event,
                  const void *bytes, size_t count)
{
    switch (event) {
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        end(console, ECONNREFUSED, "the serial console cannot be connected to");
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
        end(console, ECONNRESET, closed);
        return 0;
    /* Of one that is cut off while it closes nothing else is told. */
    case LWS_CALLBACK_WSI_DESTROY:
        console->connection = NULL;
        end(console, ECONNRESET, closed);
        return 0;
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        console->established = true;
        if (console->state == CONNECTING)
            console->state = OPEN;
        tell(console->all);
        lws_callback_on_writable(connection);
        break;
    case LWS_CALLBACK_CLIENT_RECEIVE:
        if (!is_to_close(console))
            take(console, connection, bytes, count);
        break;
    default:
        if (!is_to_close(console) && !send_some(console, connection))
            return -1;
        break;
    }
    return is_to_close(console) ? -1 : 0;
}

static int on_event(struct lws *connection, enum lws_callback_reasons event, void *user, void *in,
                    size_t length)
{
    struct console *console = user;

    switch (event) {
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_CLIENT_CLOSED:
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
    case LWS_CALLBACK_CLIENT_WRITEABLE:
    case LWS_CALLBACK_CLIENT_RECEIVE:
    case LWS_CALLBACK_WSI_DESTROY:
        break;
    default:
        return 0;
    }
    /* Connections of libwebsockets' own, such as what it is woken by. */
    if (!console)
        return 0;
    pthread_mutex_t *lock = &console->all->lock;

    pthread_mutex_lock(lock);
    int result = happen(console, connection, event, in, length);

    pthread_mutex_unlock(lock);
    return result;
}

static const struct lws_protocols protocols[] = {
    {.name = "binary", .callback = on_event, .rx_buffer_size = PIECE_MOST},
    {.name = NULL},
};

/* With the lock, which is given away meanwhile: names are looked up, and events come. */
static void begin(struct console *console)
{
    struct consoles *all = console->all;
    char *url = console->url;
    bool only_secure = console->only_secure, begun = false;
    struct websocket_address address;
    struct reason reason = {"the serial console cannot be connected to"};

    console->url = NULL;
    console->state = CONNECTING;
    pthread_mutex_unlock(&all->lock);
    int error = websocket_address_parse(url, only_secure, &address, &reason);

    if (!error) {
        begun = websocket_address_connect(&address, all->context, console, &console->connection);
        websocket_address_release(&address);
    }
    explicit_bzero(url, strlen(url));
    free(url);
    pthread_mutex_lock(&all->lock);
    if (!begun)
        end(console, error ? -error : ECONNREFUSED, reason.text);
}

/* What is to be done for a console, with the lock; returns when the next look at it is due. */
static uint64_t attend(struct console *console, uint64_t now)
{
    if (console->state == ADDRESSED && !console->dropped)
        begin(console);
    if (console->state == CONNECTING && now >= console->deadline_ns)
        end(console, ETIMEDOUT, "the serial console did not answer in time");
    if (!console->connection)
        return CLOCK_NEVER;
    if (is_to_close(console)) {
        bool first = console->kill_ns == 0;

        if (first)
            console->kill_ns = console->established ? now + CLOSE_NS : now;
        if (first && console->established)
            lws_callback_on_writable(console->connection);
        if (now >= console->kill_ns && console->kill_ns != CLOCK_NEVER) {
            lws_set_timeout(console->connection, PENDING_TIMEOUT_USER_OK, LWS_TO_KILL_ASYNC);
            console->kill_ns = CLOCK_NEVER;
        }
        return now + LOOK_NS;
    }
    if (console->out.count > 0 && console->state == OPEN)
        lws_callback_on_writable(console->connection);
    if (console->paused && console->in.room - console->in.count >= ROOM_LEAST) {
        console->paused = false;
        lws_rx_flow_control(console->connection, 1);
    }
    return console->state == CONNECTING ? now + LOOK_NS : CLOCK_NEVER;
}

static void free_console(struct console *console)
{
    if (console->url)
        explicit_bzero(console->url, strlen(console->url));
    free(console->url);
    free(console);
}

/* Looks at all, and frees those that were dropped and are disconnected; with the lock. Returns when it is to
 * be called again. Only this thread takes one off the list. */
static uint64_t attend_all(struct consoles *all)
{
    uint64_t now = clock_now_ns(), next = CLOCK_NEVER;
    struct console **at = &all->first, *console;

    for (console = all->first; console; console = console->next) {
        console->dropped = console->dropped || all->ending;
        uint64_t due = attend(console, now);

        next = due < next ? due : next;
    }
    while ((console = *at)) {
        if (console->dropped && !console->connection) {
            *at = console->next;
            all->count--;
            free_console(console);
        } else {
            at = &console->next;
        }
    }
    return next;
}

static void look(lws_sorted_usec_list_t *list)
{
    (void)list;
}

/* Until something happens, or the time has come. */
static void serve(struct consoles *all, uint64_t until_ns)
{
    uint64_t now = clock_now_ns();

    if (until_ns != CLOCK_NEVER)
        lws_sul_schedule(all->context, 0, &all->look, look,
                         (lws_usec_t)((until_ns > now ? until_ns - now : 1) / 1000));
    lws_service(all->context, 0);
    lws_sul_schedule(all->context, 0, &all->look, look, LWS_SET_TIMER_USEC_CANCEL);
}

static void *work(void *context)
{
    struct consoles *all = context;
    struct lws_context *made = websocket_context(protocols, true, all->ca_file, CONSOLES_MOST, NULL);

    pthread_mutex_lock(&all->lock);
    all->context = made;
    while (made) {
        uint64_t next = attend_all(all);

        if (all->ending && !all->first)
            break;
        pthread_mutex_unlock(&all->lock);
        serve(all, next);
        pthread_mutex_lock(&all->lock);
    }
    all->context = NULL;
    all->broken = !made;
    for (struct console *console = all->first; console; console = console->next)
        end(console, ENOMEM, no_client);
    pthread_mutex_unlock(&all->lock);
    websocket_context_free(made);
    return NULL;
}

static void free_consoles(struct consoles *all)
{
    while (all->first) {
        struct console *next = all->first->next;

        free_console(all->first);
        all->first = next;
    }
    if (all->event >= 0)
        close(all->event);
    pthread_mutex_destroy(&all->lock);
    free(all->ca_file);
    free(all);
}

int consoles_open(const char *ca_file, struct consoles **ret_consoles, struct reason *reason)
{
    struct consoles *all = calloc(1, sizeof(*all));

    if (!all)
        return reason_set(reason, ENOMEM, "no memory for serial consoles");
    pthread_mutex_init(&all->lock, NULL);
    all->ca_file = ca_file ? strdup(ca_file) : NULL;
    all->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int error = all->event < 0 ? reason_errno(reason, errno, "cannot make an event descriptor") : 0;

    if (!error && ca_file && !all->ca_file)
        error = reason_set(reason, ENOMEM, "no memory for serial consoles");
    int failure = error ? 0 : thread_start(&all->thread, work, all);

    if (failure)
        error = reason_errno(reason, failure, "cannot start a thread");
    if (error)
        free_consoles(all);
    else
        *ret_consoles = all;
    return error;
}

void consoles_close(struct consoles *all)
{
    if (!all)
        return;
    pthread_mutex_lock(&all->lock);
    all->ending = true;
    wake(all);
    pthread_mutex_unlock(&all->lock);
    pthread_join(all->thread, NULL);
    free_consoles(all);
}

int consoles_descriptor(const struct consoles *all)
{
    return all->event;
}

bool consoles_clear(struct consoles *all)
{
    eventfd_t ignored;

    pthread_mutex_lock(&all->lock);
    bool ended = all->some_ended;

    all->some_ended = false;
    eventfd_read(all->event, &ignored);
    pthread_mutex_unlock(&all->lock);
    return ended;
}

int console_open(struct consoles *all, struct console **ret_console, struct reason *reason)
{
    struct console *console = calloc(1, sizeof(*console));

    if (!console)
        return reason_set(reason, ENOMEM, "no memory for a serial console");
    console->all = all;
    console->in = (struct ring){.bytes = console->in_bytes, .room = CONSOLE_IN_ROOM};
    console->out = (struct ring){.bytes = console->out_bytes, .room = CONSOLE_OUT_ROOM};
    pthread_mutex_lock(&all->lock);
    bool full = all->count == CONSOLES_MOST, broken = all->broken;

    if (!full && !broken) {
        console->next = all->first;
        all->first = console;
        all->count++;
    }
    pthread_mutex_unlock(&all->lock);
    if (full || broken) {
        free(console);
        return broken ? reason_set(reason, ENOMEM, "%s", no_client)
                      : reason_set(reason, EMFILE, "%d serial consoles are open already", CONSOLES_MOST);
    }
    *ret_console = console;
    return 0;
}

void console_connect(struct console *console, const char *url, bool only_secure, uint64_t deadline_ns)
{
    char *copy = strdup(url);

    pthread_mutex_lock(&console->all->lock);
    console->url = copy;
    console->only_secure = only_secure;
    console->deadline_ns = deadline_ns;
    if (console->state == WAITING && copy) {
        console->state = ADDRESSED;
        wake(console->all);
    } else {
        end(console, ENOMEM, "no memory for a serial console");
    }
    pthread_mutex_unlock(&console->all->lock);
}

void console_fail(struct console *console, int error, const struct reason *reason)
{
    pthread_mutex_lock(&console->all->lock);
    end(console, -error, reason->text);
    pthread_mutex_unlock(&console->all->lock);
}

void console_drop(struct console *console)
{
    struct consoles *all = console ? console->all : NULL;

    if (!all)
        return;
    pthread_mutex_lock(&all->lock);
    console->dropped = true;
    wake(all);
    pthread_mutex_unlock(&all->lock);
}

int console_state(struct console *console, struct reason *reason)
{
    pthread_mutex_lock(&console->all->lock);
    int state = console->state == OPEN    ? 1
                : console->state == ENDED ? reason_set(reason, -console->error, "%s", console->reason.text)
                                          : 0;

    pthread_mutex_unlock(&console->all->lock);
    return state;
}

size_t console_read(struct console *console, uint8_t *ret_bytes, size_t room)
{
    pthread_mutex_lock(&console->all->lock);
    size_t taken = ring_take(&console->in, ret_bytes, room);

    if (console->paused && taken > 0)
        wake(console->all);
    pthread_mutex_unlock(&console->all->lock);
    return taken;
}

size_t console_write(struct console *console, const uint8_t *bytes, size_t count)
{
    pthread_mutex_lock(&console->all->lock);
    size_t put = console->state == ENDED ? 0 : ring_put(&console->out, bytes, count);

    if (put > 0)
        wake(console->all);
    pthread_mutex_unlock(&console->all->lock);
    return put;
}
