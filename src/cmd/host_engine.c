/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/host_engine.h"

#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int host_engine_choose(struct host_engine *ret_engine, int argc, char **argv, struct reason *reason)
{
    const char *name = options_peek("engine", argc, argv);
    const struct engine *engine = engine_find(name ? name : "qemu");

    *ret_engine = (struct host_engine){.named = name != NULL};
    if (!engine)
        return reason_set(reason, EINVAL, "there is no engine '%s'; 'mvm scale --help' lists them", name);
    ret_engine->options = calloc(1, engine->options_size + 1);
    if (!ret_engine->options)
        return reason_set(reason, ENOMEM, "no memory");
    ret_engine->engine = engine;
    snprintf(ret_engine->title, sizeof(ret_engine->title), "Options of the engine %s", engine->name);
    return 0;
}

struct option_set host_engine_set(struct host_engine *engine)
{
    return (struct option_set){.title = engine->title,
                               .specs = engine->engine->options,
                               .count = engine->engine->option_count,
                               .values = engine->options,
                               .absent = engine->engine->left_out};
}

int host_engine_needs(struct host_engine *engine, uint64_t memory_each, struct host_needs *ret_needs,
                      struct reason *ret_obstacle, struct reason *reason)
{
    engine->engine = engine_variant(engine->engine, engine->options);
    *ret_obstacle = (struct reason){""};
    if (engine->engine->left_out)
        return reason_set(reason, EINVAL, "%s", engine->engine->left_out);

    /* A wish that is none is refused; a host that cannot fulfil it is what is asked about. Nobody who wants
     * to know what the engine qemu would need has to have it installed. */
    if (engine->engine->probe(engine->options, ret_obstacle) == -EINVAL)
        return reason_set(reason, EINVAL, "%s", ret_obstacle->text);
    *ret_needs = (struct host_needs){0};
    engine->engine->needs(engine->options, ret_needs);
    if (memory_each > 0) {
        ret_needs->memory = (struct host_need){.each = memory_each};
        ret_needs->memory_error = 0;
        ret_needs->memory_source = "as given by --memory-each";
    }
    return 0;
}

void host_engine_release(struct host_engine *engine)
{
    free(engine->options);
    engine->options = NULL;
}

int host_part_usage(const char *part, const struct reason *reason)
{
    fprintf(stderr, "mvm host %s: %s\n", part, reason->text);
    return EXIT_USAGE;
}

int host_part_main(const struct host_part *part, void *options, const bool *help, int argc, char **argv)
{
    struct host_engine engine;
    struct reason reason = {""};
    char **operands;
    int operand_count, status;

    if (host_engine_choose(&engine, argc, argv, &reason) < 0)
        return host_part_usage(part->name, &reason);
    const struct option_set sets[] = {option_set_for(part->set, options), host_engine_set(&engine)};

    if (options_parse(sets, 2, argc, argv, &operands, &operand_count, &reason) < 0) {
        status = host_part_usage(part->name, &reason);
    } else if (*help) {
        command_print_help(part->command, sets, 2, stdout);
        status = EXIT_DONE;
    } else if (operand_count > 0) {
        reason_set(&reason, EINVAL, "'%s' is not an option", operands[0]);
        status = host_part_usage(part->name, &reason);
    } else {
        status = part->run(options, &engine);
    }
    options_release(sets, 2);
    host_engine_release(&engine);
    return status;
}
