/* SPDX-License-Identifier: Apache-2.0 */
/* Where profiles are written: in the configuration, or each in a file of its own. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "server/conf_int.h"

/* Files named by 'profile-files', those of folders one by one. */
struct names {
    char *v[CMC_LIMIT_CONF_PROFILES];
    uint32_t n;
};

static enum cmc_rc too_many(struct cmc_conf_loading *l)
{
    return cmc_conf_tree_fail(l->tree, l->err, "profile-files", "more than %u profiles",
                              CMC_LIMIT_CONF_PROFILES);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "x.yaml", but not ".x.yaml", which editors write. */
static bool is_profile(const char *name)
{
    size_t n = strlen(name);

    return n > 5 && name[0] != '.' && strcmp(name + n - 5, ".yaml") == 0;
}

/* In the order of their names, so that the same folder gives the same list everywhere. */
static enum cmc_rc list_folder(struct cmc_conf_loading *l, const char *folder, struct names *out)
{
    uint32_t first = out->n;
    const struct dirent *entry;
    enum cmc_rc rc = CMC_OK;
    DIR *dir = opendir(folder);

    if (dir == NULL)
        return cmc_fail(l->err, CMC_E_LOCAL, NULL, "%s: %s", folder, strerror(errno));
    while (rc == CMC_OK && (entry = readdir(dir)) != NULL) {
        if (!is_profile(entry->d_name))
            continue;
        if (out->n == CMC_LIMIT_CONF_PROFILES) {
            rc = too_many(l);
            break;
        }
        out->v[out->n] = cmc_arena_printf(l->arena, "%s/%s", folder, entry->d_name);
        rc = out->v[out->n] != NULL ? CMC_OK : cmc_conf_no_memory(l->err);
        out->n++;
    }
    (void)closedir(dir);
    if (rc == CMC_OK)
        qsort(out->v + first, out->n - first, sizeof out->v[0], by_name);
    return rc;
}

static enum cmc_rc list_files(struct cmc_conf_loading *l, struct names *out)
{
    char place[CMC_CONF_PLACE_MAX];
    unsigned int n = 0;
    char **paths = NULL;
    enum cmc_rc rc =
        cmc_conf_copy_paths(l, l->raw->profile_files, l->raw->profile_files_count, &paths, &n);

    for (unsigned int i = 0; rc == CMC_OK && i < n; i++) {
        size_t len = strlen(paths[i]);
        struct stat st;

        (void)snprintf(place, sizeof place, "profile-files/%u", i);
        if (stat(paths[i], &st) != 0) {
            rc = cmc_conf_tree_fail(l->tree, l->err, place, "%s: %s", paths[i], strerror(errno));
        } else if (S_ISDIR(st.st_mode)) {
            uint32_t before = out->n;

            if (len > 1 && paths[i][len - 1] == '/')
                paths[i][len - 1] = '\0';
            rc = list_folder(l, paths[i], out);
            if (rc == CMC_OK && out->n == before)
                rc = cmc_conf_tree_fail(l->tree, l->err, place, "%s: no file *.yaml in it",
                                        paths[i]);
        } else if (out->n == CMC_LIMIT_CONF_PROFILES) {
            rc = too_many(l);
        } else {
            out->v[out->n++] = paths[i];
        }
    }
    return rc;
}

static enum cmc_rc read_files(struct cmc_conf_loading *l, const struct names *names)
{
    enum cmc_rc rc = CMC_OK;

    l->files = cmc_arena_array(l->arena, names->n, sizeof *l->files);
    if (l->files == NULL)
        return cmc_conf_no_memory(l->err);
    for (uint32_t i = 0; rc == CMC_OK && i < names->n; i++) {
        struct cmc_conf_profile_file *f = &l->files[l->nfiles++];
        void *raw = NULL;

        rc = cmc_conf_read(names->v[i], "the profile", &cmc_conf_profile_schema, &l->seen, &f->tree,
                           &raw, l->err);
        f->raw = raw;
        l->profiles[l->nprofiles++] =
            (struct cmc_conf_profile_source){.tree = f->tree, .raw = f->raw, .prefix = ""};
    }
    return rc;
}

enum cmc_rc cmc_conf_find_profiles(struct cmc_conf_loading *l)
{
    struct names *names = cmc_arena_alloc(l->arena, sizeof *names);
    enum cmc_rc rc;

    if (names == NULL)
        return cmc_conf_no_memory(l->err);
    rc = list_files(l, names);
    if (rc != CMC_OK)
        return rc;
    if (l->raw->profiles_count + names->n > CMC_LIMIT_CONF_PROFILES)
        return too_many(l);
    if (l->raw->profiles_count + names->n == 0)
        return cmc_conf_tree_fail(l->tree, l->err, "",
                                  "no profile; write 'profiles', or 'profile-files' with the "
                                  "folder that they are in");
    l->profiles = cmc_arena_array(l->arena, l->raw->profiles_count + names->n, sizeof *l->profiles);
    if (l->profiles == NULL)
        return cmc_conf_no_memory(l->err);
    for (uint32_t i = 0; i < l->raw->profiles_count; i++) {
        struct cmc_conf_profile_source *s = &l->profiles[l->nprofiles++];

        s->tree = l->tree;
        s->raw = &l->raw->profiles[i];
        s->prefix = cmc_arena_printf(l->arena, "profiles/%u/", i);
        if (s->prefix == NULL)
            return cmc_conf_no_memory(l->err);
    }
    return read_files(l, names);
}

void cmc_conf_profile_files_end(struct cmc_conf_loading *l)
{
    for (uint32_t i = 0; i < l->nfiles; i++)
        cmc_conf_read_end(&cmc_conf_profile_schema, l->files[i].tree, l->files[i].raw);
    l->nfiles = 0;
}
