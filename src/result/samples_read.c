/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "result/samples_read.h"

#include "base/reason.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A sample a second for four months; memory for it is some 500 MB at the very most. */
enum { SAMPLES_MOST = 10000000, COLUMNS_MOST = 512 };

/* What a column of the file is to us. */
enum { COLUMN_IGNORED = -1, COLUMN_TIME = RESOURCE_COUNT };

struct reader {
    struct sample_log log;
    size_t room;
    double first; /* time of the first sample */
    int columns[COLUMNS_MOST];
    size_t column_count;
    const char *path;
    size_t line; /* from 1 */
    struct reason *reason;
};

static int column_of(const char *name, size_t length)
{
    static const char ending[] = "_percent";
    const size_t ending_length = sizeof(ending) - 1;

    if (length == strlen("unix_seconds") && memcmp(name, "unix_seconds", length) == 0)
        return COLUMN_TIME;
    if (length <= ending_length || memcmp(name + length - ending_length, ending, ending_length) != 0)
        return COLUMN_IGNORED;
    for (enum resource resource = 0; resource < RESOURCE_COUNT; resource++) {
        const char *wanted = resource_name(resource);

        if (strlen(wanted) == length - ending_length && memcmp(name, wanted, strlen(wanted)) == 0)
            return (int)resource;
    }
    return COLUMN_IGNORED;
}

static int read_names(struct reader *reader, const char *line)
{
    bool timed = false;

    for (const char *at = line;; at++) {
        size_t length = strcspn(at, ",\n");

        if (reader->column_count == COLUMNS_MOST)
            return reason_set(reader->reason, EBADMSG, "%s: more than %d columns", reader->path,
                              COLUMNS_MOST);
        int column = column_of(at, length);

        timed = timed || column == COLUMN_TIME;
        reader->columns[reader->column_count++] = column;
        at += length;
        if (*at != ',')
            break;
    }
    if (!timed)
        return reason_set(reader->reason, EBADMSG, "%s: its first line names no column unix_seconds",
                          reader->path);
    return 0;
}

static int no_memory(const struct reader *reader)
{
    return reason_set(reader->reason, ENOMEM, "no memory for the samples in %s", reader->path);
}

/* Room for one more sample. */
static int grow(struct reader *reader)
{
    if (reader->log.count < reader->room)
        return 0;
    if (reader->log.count >= SAMPLES_MOST)
        return reason_set(reader->reason, EFBIG, "%s: more than %d samples", reader->path, SAMPLES_MOST);
    size_t room = reader->room ? 2 * reader->room : 4096;
    double *seconds = realloc(reader->log.seconds, room * sizeof(*seconds));

    if (!seconds)
        return no_memory(reader);
    reader->log.seconds = seconds;
    for (size_t i = 0; i < RESOURCE_COUNT; i++) {
        if (!reader->log.percent[i])
            continue;
        float *percent = realloc(reader->log.percent[i], room * sizeof(*percent));

        if (!percent)
            return no_memory(reader);
        reader->log.percent[i] = percent;
    }
    reader->room = room;
    return 0;
}

/* A resource gets its memory with its first value; it was not known before. */
static int set_percent(struct reader *reader, int resource, double value)
{
    float **percent = &reader->log.percent[resource];

    if (!*percent && isnan(value))
        return 0;
    if (!*percent) {
        *percent = malloc(reader->room * sizeof(**percent));
        if (!*percent)
            return no_memory(reader);
        for (size_t i = 0; i < reader->log.count; i++)
            (*percent)[i] = NAN;
    }
    (*percent)[reader->log.count] = (float)value;
    return 0;
}

static int take_cell(struct reader *reader, int column, double value)
{
    if (column != COLUMN_TIME)
        return set_percent(reader, column, value);
    if (isnan(value))
        return reason_set(reader->reason, EBADMSG, "%s: line %zu has no unix_seconds", reader->path,
                          reader->line);
    if (reader->log.count == 0)
        reader->first = value;
    reader->log.seconds[reader->log.count] = value - reader->first;
    return 0;
}

static int read_line(struct reader *reader, const char *line)
{
    const char *at = line;
    int error = grow(reader);

    for (size_t i = 0; !error && i < reader->column_count; i++) {
        const char *end = at + strcspn(at, ",\n");

        if (i + 1 < reader->column_count && *end != ',')
            return reason_set(reader->reason, EBADMSG, "%s: line %zu has %zu cells, not %zu", reader->path,
                              reader->line, i + 1, reader->column_count);
        if (reader->columns[i] != COLUMN_IGNORED) {
            char *after = NULL;
            double value = end == at ? NAN : strtod(at, &after);

            if (end != at && (after != end || !isfinite(value)))
                return reason_set(reader->reason, EBADMSG, "%s: line %zu: '%.*s' is not a number",
                                  reader->path, reader->line, (int)(end - at < 40 ? end - at : 40), at);
            error = take_cell(reader, reader->columns[i], value);
        }
        at = end + (*end == ',');
    }
    reader->log.count += !error;
    return error;
}

static int read_all(struct reader *reader, FILE *from)
{
    char *line = NULL;
    size_t room = 0;
    int error = 0;

    for (ssize_t length; !error && (length = getline(&line, &room, from)) >= 0;) {
        reader->line++;
        if (strlen(line) != (size_t)length)
            error = reason_set(reader->reason, EBADMSG, "%s: line %zu holds a NUL byte", reader->path,
                               reader->line);
        else
            error = reader->line == 1 ? read_names(reader, line) : read_line(reader, line);
    }
    if (!error && ferror(from))
        error = reason_errno(reader->reason, errno, "cannot read %s", reader->path);
    free(line);
    return error;
}

void sample_log_release(struct sample_log *log)
{
    free(log->seconds);
    for (size_t i = 0; i < RESOURCE_COUNT; i++)
        free(log->percent[i]);
    *log = (struct sample_log){0};
}

int sample_log_read(struct sample_log *ret_log, const char *directory, struct reason *reason)
{
    struct stat status;
    const char *slash = strrchr(directory, '/');
    bool file = stat(directory, &status) == 0 && !S_ISDIR(status.st_mode);
    char *path;

    if (asprintf(&path, "%.*s%s%s", file ? (int)(slash ? slash - directory + 1 : 0) : (int)strlen(directory),
                 directory, file ? "" : "/", "samples.csv") < 0)
        return reason_set(reason, ENOMEM, "no memory to read the samples of %s", directory);
    struct reader reader = {.path = path, .reason = reason};
    FILE *from = fopen(path, "re");
    int error = from ? read_all(&reader, from) : reason_errno(reason, errno, "cannot read %s", path);

    if (from)
        fclose(from);
    if (error)
        sample_log_release(&reader.log);
    else
        *ret_log = reader.log;
    free(path);
    return error;
}
