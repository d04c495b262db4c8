/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who one is to a cloud, as every OpenStack client takes it: an entry of clouds.yaml (with secure.yaml beside
 * it), or the variables OS_*. Passwords and application credentials (v3) are known.
 *
 * clouds.yaml is the first of $OS_CLIENT_CONFIG_FILE, ./clouds.yaml, $XDG_CONFIG_HOME/openstack (or
 * ~/.config/openstack) and /etc/openstack. An entry is chosen by `cloud`, else by OS_CLOUD; without either
 * the variables count.
 */
#ifndef MVM_CLOUD_CREDENTIALS_H
#define MVM_CLOUD_CREDENTIALS_H

struct reason;

/* Texts are malloc'd; NULL where there is nothing. */
struct cloud_credentials {
    char *auth_url;
    char *application_credential_id, *application_credential_name, *application_credential_secret;
    char *user_id, *username, *password, *user_domain_id, *user_domain_name;
    char *project_id, *project_name, *project_domain_id, *project_domain_name;
    char *region;
    char *interface; /* "public", "internal" or "admin" */
    char *ca_file;
};

/* Finds and checks them. -ENOENT: there is no such file or entry; -EINVAL: something is missing, or of no use
 * here, with a sentence. On failure nothing is left. No reason has a secret. */
int cloud_credentials_read(const char *cloud, struct cloud_credentials *ret_credentials,
                           struct reason *reason);

/* Safe on zeroed ones. Secrets are overwritten. */
void cloud_credentials_release(struct cloud_credentials *credentials);

#endif
