/* SPDX-License-Identifier: Apache-2.0 */
#include "server/target.h"

enum cmc_rc cmc_target_init(struct cmc_target *t, const struct cmc_conf_target *conf,
                            const atomic_bool *stop, struct cmc_err *err)
{
    *t = (struct cmc_target){.conf = conf, .base = {.name = conf->name, .what = conf->what}};
    switch (conf->kind) {
    case CMC_TARGET_LDAP:
        t->base.put = cmc_publish_ldap_put;
        if (cmc_publish_ldap_new(&conf->ldap, &t->ldap, err) != CMC_OK) {
            if (err != NULL)
                cmc_err_prefix(err, "publication target %s", conf->name);
            return CMC_E_USAGE;
        }
        t->base.self = t->ldap;
        return CMC_OK;
    case CMC_TARGET_COMMAND:
        t->command = (struct cmc_publish_command){
            .argv = conf->command, .timeout = conf->timeout, .stop = stop};
        t->base.put = cmc_publish_command_put;
        t->base.self = &t->command;
        return CMC_OK;
    case CMC_TARGET_FOLDER:
    default:
        t->folder.directory = conf->directory;
        for (size_t i = 0; i < CMC_PUBLISH_KINDS; i++)
            t->folder.names[i] = conf->files[i];
        t->base.put = cmc_publish_folder_put;
        t->base.self = &t->folder;
        return CMC_OK;
    }
}

void cmc_target_rest(struct cmc_target *t)
{
    if (t->ldap != NULL)
        cmc_publish_ldap_rest(t->ldap);
}

void cmc_target_end(struct cmc_target *t)
{
    cmc_publish_ldap_free(t->ldap);
    t->ldap = NULL;
}
