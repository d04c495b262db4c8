/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command `save`: the population as a file. Nothing else is served until it is written. */
#include "door/server.h"

#include "base/clock.h"
#include "base/reason.h"

#include <errno.h>
#include <unistd.h>

void door_save(struct door *door, struct peer *peer, json_t *arguments)
{
    const struct engine *engine = door->setup.engine;
    const char *path = json_string_value(json_object_get(arguments, "path"));
    bool overwrite = json_is_true(json_object_get(arguments, "overwrite"));
    struct reason reason = {""};
    uint64_t began_ns = clock_now_ns();

    if (!path || path[0] != '/') {
        peer_refuse(peer, true, "\"path\" is the absolute path of the file to write");
        return;
    }
    if (!(engine->capabilities & ENGINE_SAVES)) {
        peer_refuse(peer, true, "populations of the engine %s cannot be saved", engine->name);
        return;
    }
    if (!overwrite && access(path, F_OK) == 0) {
        peer_refuse(peer, true, "'%s' is there already; --overwrite replaces it", path);
        return;
    }
    int error = engine->save(door->population, path, &reason);

    if (error)
        peer_refuse(peer, error == -ENOTSUP, "%s", reason.text);
    else
        peer_say(peer, json_pack("{s:b, s:f}", "ok", 1, "seconds",
                                 (double)(clock_now_ns() - began_ns) / (double)NS_PER_SECOND));
}
