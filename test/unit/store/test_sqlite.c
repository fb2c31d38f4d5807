/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "helper.h"

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void assert_refused(struct place *p, const char *url, bool create, enum cmc_rc rc,
                           const char *text)
{
    struct cmc_store *s = NULL;
    enum cmc_rc got = cmc_store_open(url, create, &s, &p->err);

    if (got != rc || strstr(p->err.text, text) == NULL)
        fail_msg("%s: %s: %s", url, cmc_rc_name(got), got != CMC_OK ? p->err.text : "");
    assert_null(s);
    assert_null(strchr(p->err.text, '\n'));
}

static void put_file(const char *path, const char *content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), (ssize_t)strlen(content));
    close(fd);
}

static void made_once_with_mode_0600(void **state)
{
    struct place *p = *state;
    mode_t old = umask(0);
    char wal[128];
    struct stat st;

    place_open(p, true);
    umask(old);
    put_certs(p, 1);
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    (void)snprintf(wal, sizeof wal, "%s-wal", p->path);
    assert_int_equal(stat(wal, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_refused(p, p->path, true, CMC_E_CONFLICT, "there already");
    place_close(p);
    assert_refused(p, p->path, true, CMC_E_CONFLICT, "there already");
    /* A store that was closed is one file, ready to be copied. */
    assert_int_not_equal(stat(wal, &st), 0);
}

static void a_scheme_or_a_path(void **state)
{
    struct place *p = *state;
    struct cmc_store *s = NULL;
    char url[128];

    (void)snprintf(url, sizeof url, "sqlite:%s", p->path);
    assert_int_equal(cmc_store_open(url, true, &s, &p->err), CMC_OK);
    cmc_store_close(s);
    place_open(p, false);
    assert_refused(p, "postgresql://x/y", false, CMC_E_USAGE, "postgresql://x/y");
    assert_refused(p, "sqlit:x", false, CMC_E_USAGE, "unknown kind of database");
    assert_refused(p, "sqlite:", false, CMC_E_USAGE, "the path is missing");
    assert_refused(p, "", false, CMC_E_USAGE, "the path is missing");
    cmc_store_close(NULL);
    cmc_reader_free(NULL);
}

static void a_path_is_only_a_path(void **state)
{
    struct place *p = *state;
    int here = open(".", O_RDONLY);
    struct cmc_store *s = NULL;
    enum cmc_rc rc;

    assert_int_equal(chdir(p->dir), 0);
    rc = cmc_store_open("sqlite::memory:", true, &s, &p->err);
    cmc_store_close(s);
    assert_int_equal(unlink(":memory:"), 0);
    assert_int_equal(fchdir(here), 0);
    close(here);
    assert_int_equal(rc, CMC_OK);
}

static void what_is_no_store_is_refused_and_left_alone(void **state)
{
    struct place *p = *state;
    struct stat st;
    char lost[128];

    assert_refused(p, p->path, false, CMC_E_LOCAL, "No such file");
    assert_int_not_equal(stat(p->path, &st), 0);
    (void)snprintf(lost, sizeof lost, "%s/none/db", p->dir);
    assert_refused(p, lost, false, CMC_E_LOCAL, "No such file");
    assert_refused(p, lost, true, CMC_E_LOCAL, "No such file");
    assert_refused(p, p->dir, false, CMC_E_LOCAL, "not a regular file");

    put_file(p->path, "");
    assert_refused(p, p->path, false, CMC_E_LOCAL, "not a database of cmcd");
    put_file(p->path, "This is text, and long enough to be taken for the header of a database.  "
                      "This is text, and long enough to be taken for the header of a database.");
    assert_refused(p, p->path, false, CMC_E_LOCAL, "not a database");
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(st.st_size, 144);
    assert_int_equal(unlink(p->path), 0);
    sql(p->path, "CREATE TABLE somebody_elses (x)");
    assert_refused(p, p->path, false, CMC_E_LOCAL, "not a database of cmcd");
}

static void a_truncated_store_is_refused(void **state)
{
    struct place *p = *state;

    place_open(p, true);
    put_certs(p, 50);
    place_close(p);
    assert_int_equal(truncate(p->path, 4096), 0);
    assert_refused(p, p->path, false, CMC_E_LOCAL, "malformed");
}

static void a_newer_schema_is_refused(void **state)
{
    struct place *p = *state;

    place_open(p, true);
    place_close(p);
    sql(p->path, "UPDATE meta SET value = 999 WHERE key = 'schema_version'");
    assert_refused(p, p->path, false, CMC_E_LOCAL, "schema version 999 is newer");
    sql(p->path, "UPDATE meta SET value = -1 WHERE key = 'schema_version'");
    assert_refused(p, p->path, false, CMC_E_LOCAL, "schema version -1 is none of ours");
    sql(p->path, "DELETE FROM meta");
    assert_refused(p, p->path, false, CMC_E_LOCAL, "no schema version");
    sql(p->path, "DROP TABLE meta");
    assert_refused(p, p->path, false, CMC_E_LOCAL, "no such table: meta");
}

/* Version 0 is a store before its first table: each later step runs from there. */
static void an_older_schema_is_migrated(void **state)
{
    struct place *p = *state;

    sql(p->path, "PRAGMA application_id = 0x434d4353;"
                 "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL)"
                 " STRICT, WITHOUT ROWID;"
                 "INSERT INTO meta VALUES ('schema_version', 0)");
    place_open(p, false);
    put_certs(p, 3);
    assert_int_equal(change(p, 1, CMC_CERT_VALID, CMC_CERT_REVOKED, 1), CMC_OK);
    place_close(p);
    /* The second time there is nothing to migrate, and nothing is lost. */
    place_open(p, false);
    assert_int_equal(generation(p), 1);
}

static void a_migration_that_fails_changes_nothing(void **state)
{
    struct place *p = *state;

    sql(p->path, "PRAGMA application_id = 0x434d4353;"
                 "CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL)"
                 " STRICT, WITHOUT ROWID;"
                 "INSERT INTO meta VALUES ('schema_version', 0);"
                 "CREATE TABLE crl (in_the_way)");
    assert_refused(p, p->path, false, CMC_E_LOCAL, "table crl already exists");
    sql(p->path, "CREATE TABLE counter (was_rolled_back); DROP TABLE counter; DROP TABLE crl");
    place_open(p, false);
    put_certs(p, 1);
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, place_make_bare, place_remove)
    const struct CMUnitTest tests[] = {
        IN_PLACE(made_once_with_mode_0600),
        IN_PLACE(a_scheme_or_a_path),
        IN_PLACE(a_path_is_only_a_path),
        IN_PLACE(what_is_no_store_is_refused_and_left_alone),
        IN_PLACE(a_truncated_store_is_refused),
        IN_PLACE(a_newer_schema_is_refused),
        IN_PLACE(an_older_schema_is_migrated),
        IN_PLACE(a_migration_that_fails_changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
