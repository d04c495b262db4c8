/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/yaml.h"

#include "base/file.h"
#include "base/reason.h"

#include <errno.h>
#include <stdlib.h>
#include <yaml.h>

enum { FILE_MOST = 1 << 20, LEVELS_MOST = 32, VALUES_MOST = 10000 };

struct reading {
    yaml_document_t document;
    unsigned values;
};

/* NULL: it is too deep or too large, or a key is no text, or there is no memory. */
static json_t *value_of(struct reading *reading, int node_number, unsigned level)
{
    yaml_node_t *node = yaml_document_get_node(&reading->document, node_number);

    if (!node || level > LEVELS_MOST || ++reading->values > VALUES_MOST)
        return NULL;
    if (node->type == YAML_SCALAR_NODE)
        return json_stringn((const char *)node->data.scalar.value, node->data.scalar.length);
    if (node->type == YAML_SEQUENCE_NODE) {
        json_t *array = json_array();

        for (yaml_node_item_t *item = node->data.sequence.items.start;
             array && item < node->data.sequence.items.top; item++) {
            if (json_array_append_new(array, value_of(reading, *item, level + 1)) < 0) {
                json_decref(array);
                return NULL;
            }
        }
        return array;
    }
    json_t *object = node->type == YAML_MAPPING_NODE ? json_object() : NULL;

    for (yaml_node_pair_t *pair = object ? node->data.mapping.pairs.start : NULL;
         object && pair < node->data.mapping.pairs.top; pair++) {
        yaml_node_t *key = yaml_document_get_node(&reading->document, pair->key);
        json_t *value = value_of(reading, pair->value, level + 1);

        if (!key || key->type != YAML_SCALAR_NODE ||
            json_object_set_new(object, (const char *)key->data.scalar.value, value) < 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

int yaml_read(const char *path, json_t **ret_value, struct reason *reason)
{
    struct reading reading = {.values = 0};
    yaml_parser_t parser;
    char *bytes;
    size_t length;
    int error = file_read(path, FILE_MOST, &bytes, &length, reason);

    if (error)
        return error;
    if (!yaml_parser_initialize(&parser)) {
        free(bytes);
        return reason_set(reason, ENOMEM, "no memory to read %s", path);
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, length);
    if (!yaml_parser_load(&parser, &reading.document)) {
        /* Not what stands there, which may be a password. */
        error =
            reason_set(reason, EINVAL, "%s is not YAML: %s in line %zu", path,
                       parser.problem ? parser.problem : "it cannot be read", parser.problem_mark.line + 1);
    } else {
        *ret_value =
            yaml_document_get_root_node(&reading.document) ? value_of(&reading, 1, 0) : json_object();
        if (!*ret_value)
            error = reason_set(reason, EINVAL, "%s has too many or too deep values, or keys that are no text",
                               path);
        yaml_document_delete(&reading.document);
    }
    yaml_parser_delete(&parser);
    free(bytes);
    return error;
}
