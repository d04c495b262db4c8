/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of commands as JSON, for programs that make something of it. */
#include "cmd/help.h"

#include "engine/engine.h"
#include "result/json.h"

static const char *const kinds[] = {
    [OPTION_FLAG] = "flag",         [OPTION_TEXT] = "text",   [OPTION_LIST] = "list",
    [OPTION_CHOICE] = "choice",     [OPTION_COUNT] = "count", [OPTION_NUMBER] = "number",
    [OPTION_PERCENT] = "percent",   [OPTION_SIZE] = "size",   [OPTION_BITS] = "bits",
    [OPTION_DURATION] = "duration",
};

static const char *const operands[] = {
    [OPERANDS_NONE] = "none",           [OPERANDS_OTHER] = "other", [OPERANDS_FILE] = "file",
    [OPERANDS_DIRECTORY] = "directory", [OPERANDS_RUN] = "run",     [OPERANDS_COMMAND] = "command",
    [OPERANDS_PROGRAM] = "program",
};

static json_t *texts(const char *const *list)
{
    json_t *array = json_array();

    for (size_t i = 0; list && list[i]; i++)
        json_array_append_new(array, json_string(list[i]));
    return array;
}

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static void add_options(json_t *array, const char *title, const struct option_spec *specs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_t *option = json_object();
        bool ranged = specs[i].least != 0 || specs[i].most != 0;

        json_object_set_new(option, "name", json_string(specs[i].name));
        json_object_set_new(option, "group", text_or_null(title));
        json_object_set_new(option, "kind", json_string(kinds[specs[i].kind]));
        json_object_set_new(option, "argument", text_or_null(specs[i].argument));
        json_object_set_new(option, "help", json_string(specs[i].help));
        json_object_set_new(option, "default", text_or_null(specs[i].fallback));
        json_object_set_new(option, "choices",
                            specs[i].kind == OPTION_CHOICE ? texts(specs[i].choices) : json_null());
        json_object_set_new(option, "least", ranged ? result_json_number(specs[i].least) : json_null());
        json_object_set_new(option, "most", ranged ? result_json_number(specs[i].most) : json_null());
        json_array_append_new(array, option);
    }
}

static void add_command(const struct command *command, void *context)
{
    json_t *object = json_object(), *options = json_array(), *statuses = json_array(),
           *examples = json_array();

    for (size_t i = 0; command->options && command->options[i]; i++)
        add_options(options, command->options[i]->title, command->options[i]->specs,
                    command->options[i]->count);
    for (size_t i = 0; command->statuses && command->statuses[i].meaning; i++)
        json_array_append_new(statuses, json_pack("{s:i, s:s}", "status", command->statuses[i].status,
                                                  "meaning", command->statuses[i].meaning));
    for (size_t i = 0; command->examples && command->examples[i].line; i++)
        json_array_append_new(examples, json_pack("{s:s, s:s}", "line", command->examples[i].line, "what",
                                                  command->examples[i].what));
    json_object_set_new(object, "name", json_string(command->name));
    json_object_set_new(object, "summary", json_string(command->summary));
    json_object_set_new(object, "usage", texts(command->usage));
    json_object_set_new(object, "text", json_string(command->text));
    json_object_set_new(object, "runs", json_boolean(!command->parts));
    json_object_set_new(object, "operands", json_string(operands[command->operands]));
    json_object_set_new(object, "options", options);
    json_object_set_new(object, "takes_engine", json_boolean(command->engine != NULL));
    json_object_set_new(object, "default_engine",
                        command->engine && *command->engine ? json_string(command->engine) : json_null());
    json_object_set_new(object, "exit_statuses", statuses);
    json_object_set_new(object, "examples", examples);
    json_object_set_new(object, "json_schema", text_or_null(command->json));
    json_object_set_new(object, "json_lines", json_boolean(command->json_lines));
    json_object_set_new(object, "no_json", text_or_null(command->no_json));
    json_array_append_new(context, object);
}

int help_print_json(FILE *to)
{
    size_t count;
    const struct engine *const *table = engine_table(&count);
    json_t *root = json_object(), *commands = json_array(), *engines = json_array();

    command_each(add_command, commands);
    for (size_t i = 0; i < count; i++) {
        json_t *engine = json_object(), *options = json_array();

        add_options(options, NULL, table[i]->options, table[i]->option_count);
        json_object_set_new(engine, "name", json_string(table[i]->name));
        json_object_set_new(engine, "summary", json_string(table[i]->summary));
        json_object_set_new(engine, "class", json_stringn(&table[i]->class_letter, 1));
        json_object_set_new(engine, "options", options);
        json_array_append_new(engines, engine);
    }
    json_object_set_new(root, "version", json_string(MVM_VERSION));
    json_object_set_new(root, "commands", commands);
    json_object_set_new(root, "engines", engines);
    int error = json_dumpf(root, to, RESULT_JSON_FLAGS);

    fputc('\n', to);
    json_decref(root);
    return error;
}
