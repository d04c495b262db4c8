/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/credentials.h"

#include "base/reason.h"
#include "cloud/http.h"
#include "cloud/yaml.h"

#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(name) offsetof(struct cloud_credentials, name)

/* The names of one thing: in clouds.yaml, and as a variable. */
static const struct {
    const char *key, *variable;
    size_t offset;
} fields[] = {
    {"auth_url", "OS_AUTH_URL", AT(auth_url)},
    {"application_credential_id", "OS_APPLICATION_CREDENTIAL_ID", AT(application_credential_id)},
    {"application_credential_name", "OS_APPLICATION_CREDENTIAL_NAME", AT(application_credential_name)},
    {"application_credential_secret", "OS_APPLICATION_CREDENTIAL_SECRET", AT(application_credential_secret)},
    {"user_id", "OS_USER_ID", AT(user_id)},
    {"username", "OS_USERNAME", AT(username)},
    {"password", "OS_PASSWORD", AT(password)},
    {"user_domain_id", "OS_USER_DOMAIN_ID", AT(user_domain_id)},
    {"user_domain_name", "OS_USER_DOMAIN_NAME", AT(user_domain_name)},
    {"project_id", "OS_PROJECT_ID", AT(project_id)},
    {"project_name", "OS_PROJECT_NAME", AT(project_name)},
    {"project_domain_id", "OS_PROJECT_DOMAIN_ID", AT(project_domain_id)},
    {"project_domain_name", "OS_PROJECT_DOMAIN_NAME", AT(project_domain_name)},
    {"region_name", "OS_REGION_NAME", AT(region)},
    {"interface", "OS_INTERFACE", AT(interface)},
    {"cacert", "OS_CACERT", AT(ca_file)},
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };

static char **field_of(struct cloud_credentials *credentials, size_t i)
{
    return (char **)((char *)credentials + fields[i].offset);
}

void cloud_credentials_release(struct cloud_credentials *credentials)
{
    for (size_t i = 0; i < FIELDS; i++) {
        char **field = field_of(credentials, i);

        if (*field)
            explicit_bzero(*field, strlen(*field));
        free(*field);
        *field = NULL;
    }
}

static int set_field(struct cloud_credentials *credentials, size_t i, const char *value,
                     struct reason *reason)
{
    char *copy = strdup(value), **field = field_of(credentials, i);

    if (!copy)
        return reason_set(reason, ENOMEM, "no memory for credentials");
    free(*field);
    *field = copy;
    return 0;
}

static int check(const struct cloud_credentials *credentials, const char *from, struct reason *reason)
{
    const struct cloud_credentials *c = credentials;
    bool by_credential = c->application_credential_secret != NULL, secure;
    const char *missing = NULL;

    if (!c->auth_url)
        missing = "the address of Keystone (auth_url, OS_AUTH_URL)";
    else if (by_credential && !c->application_credential_id && !c->application_credential_name)
        missing = "application_credential_id (OS_APPLICATION_CREDENTIAL_ID)";
    else if (by_credential && !c->application_credential_id && !c->username && !c->user_id)
        missing = "the user of the application credential (username), which is given by its name";
    else if (!by_credential && !c->password)
        missing = "a password (OS_PASSWORD) or an application credential's secret";
    else if (!by_credential && !c->username && !c->user_id)
        missing = "username (OS_USERNAME)";
    else if (!by_credential && !c->project_name && !c->project_id)
        missing = "project_name (OS_PROJECT_NAME)";
    if (missing)
        return reason_set(reason, EINVAL, "%s lacks %s", from, missing);
    if (!http_url_is_good(c->auth_url, &secure))
        return reason_set(reason, EINVAL, "%s: auth_url is to be a URL of http or https without a user in it",
                          from);
    if (c->interface && strcmp(c->interface, "public") != 0 && strcmp(c->interface, "internal") != 0 &&
        strcmp(c->interface, "admin") != 0)
        return reason_set(reason, EINVAL, "%s: interface is to be public, internal or admin", from);
    if (c->ca_file && access(c->ca_file, R_OK) < 0)
        return reason_errno(reason, errno, "%s: cannot read the certificates of cacert, %s", from,
                            c->ca_file);
    return 0;
}

static int read_variables(struct cloud_credentials *credentials, struct reason *reason)
{
    int error = 0;

    for (size_t i = 0; !error && i < FIELDS; i++) {
        const char *value = getenv(fields[i].variable);

        if (value && value[0])
            error = set_field(credentials, i, value, reason);
    }
    if (!error && !credentials->auth_url)
        return reason_set(
            reason, EINVAL,
            "no cloud is named: give --cloud NAME, an entry of clouds.yaml, or set OS_CLOUD, or "
            "OS_AUTH_URL and the other variables of OpenStack clients");
    return error ? error : check(credentials, "the environment", reason);
}

/* The first file of those that are looked at; the last one when none is there. */
static void find_file(char *ret_path, size_t room)
{
    const char *given = getenv("OS_CLIENT_CONFIG_FILE"), *config = getenv("XDG_CONFIG_HOME"),
               *home = getenv("HOME");

    snprintf(ret_path, room, "%s", given ? given : "clouds.yaml");
    if (given || access(ret_path, F_OK) == 0)
        return;
    if (config && config[0] == '/')
        snprintf(ret_path, room, "%s/openstack/clouds.yaml", config);
    else
        snprintf(ret_path, room, "%s/.config/openstack/clouds.yaml", home ? home : "");
    if (access(ret_path, F_OK) < 0)
        snprintf(ret_path, room, "/etc/openstack/clouds.yaml");
}

/* Takes what the entry says. Values of its "auth", and some beside it. */
static int take_entry(struct cloud_credentials *credentials, const json_t *entry, const char *path,
                      const char *cloud, struct reason *reason)
{
    const json_t *auth = json_object_get(entry, "auth");
    const char *verify = json_string_value(json_object_get(entry, "verify"));
    int error = 0;

    if (!json_is_object(entry) || (auth && !json_is_object(auth)))
        return reason_set(reason, EINVAL, "the entry '%.100s' of %s is no mapping with one of 'auth' in it",
                          cloud, path);
    if (verify && (strcasecmp(verify, "false") == 0 || strcasecmp(verify, "no") == 0))
        return reason_set(reason, EINVAL,
                          "the entry '%.100s' of %s has 'verify: %s', but certificates are always verified; "
                          "'cacert' names a file of those to trust",
                          cloud, path, verify);
    for (size_t i = 0; !error && i < FIELDS; i++) {
        const json_t *value = json_object_get(auth, fields[i].key);

        if (!value)
            value = json_object_get(entry, fields[i].key);
        if (value && !json_is_string(value))
            return reason_set(reason, EINVAL, "'%s' of the entry '%.100s' of %s is no text", fields[i].key,
                              cloud, path);
        if (value && json_string_length(value) > 0)
            error = set_field(credentials, i, json_string_value(value), reason);
    }
    return error;
}

/* Secrets may stand apart, in secure.yaml in the same folder. */
static int take_secure(struct cloud_credentials *credentials, const char *path, const char *cloud,
                       struct reason *reason)
{
    const char *slash = strrchr(path, '/');
    char secure[PATH_MAX];
    json_t *all;

    snprintf(secure, sizeof(secure), "%.*ssecure.yaml", slash ? (int)(slash - path) + 1 : 0, path);
    if (access(secure, F_OK) < 0)
        return 0;
    int error = yaml_read(secure, &all, reason);

    if (error)
        return error;
    const json_t *entry = json_object_get(json_object_get(all, "clouds"), cloud);

    if (entry)
        error = take_entry(credentials, entry, secure, cloud, reason);
    json_decref(all);
    return error;
}

static int read_file(const char *cloud, struct cloud_credentials *credentials, struct reason *reason)
{
    char path[PATH_MAX], from[PATH_MAX + 128];
    json_t *all;

    find_file(path, sizeof(path));
    int error = yaml_read(path, &all, reason);

    if (error)
        return error;
    const json_t *entry = json_object_get(json_object_get(all, "clouds"), cloud);

    if (!entry)
        error = reason_set(reason, ENOENT, "%s has no cloud '%.100s'", path, cloud);
    else
        error = take_entry(credentials, entry, path, cloud, reason);
    json_decref(all);
    if (!error)
        error = take_secure(credentials, path, cloud, reason);
    snprintf(from, sizeof(from), "the entry '%.100s' of %.4000s", cloud, path);
    return error ? error : check(credentials, from, reason);
}

int cloud_credentials_read(const char *cloud, struct cloud_credentials *ret_credentials,
                           struct reason *reason)
{
    struct cloud_credentials credentials = {0};
    const char *chosen = cloud ? cloud : getenv("OS_CLOUD");
    int error =
        chosen && chosen[0] ? read_file(chosen, &credentials, reason) : read_variables(&credentials, reason);

    if (error)
        cloud_credentials_release(&credentials);
    else
        *ret_credentials = credentials;
    return error;
}
