/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

struct place {
    char dir[64], file[128];
};

static int make_place(void **state)
{
    struct place *p = calloc(1, sizeof *p);

    (void)snprintf(p->dir, sizeof p->dir, "/tmp/cmc-test-file-XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    (void)snprintf(p->file, sizeof p->file, "%s/f", p->dir);
    *state = p;
    return 0;
}

static int remove_place(void **state)
{
    struct place *p = *state;

    (void)unlink(p->file);
    assert_int_equal(rmdir(p->dir), 0); /* fails when a temporary file was left behind */
    free(p);
    return 0;
}

static void assert_content(const char *path, const char *text)
{
    struct cmc_err err;
    struct cmc_buf b;

    cmc_buf_init(&b, 1 << 20);
    assert_int_equal(cmc_file_read(path, &b, &err), CMC_OK);
    assert_string_equal(cmc_buf_cstr(&b), text);
    cmc_buf_free(&b);
}

static void writes_and_replaces(void **state)
{
    struct place *p = *state;
    struct stat st;

    assert_int_equal(cmc_file_write(p->file, 0600, CMC_SLICE_LIT("one"), NULL), CMC_OK);
    assert_content(p->file, "one");
    assert_int_equal(stat(p->file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(cmc_file_write(p->file, 0644, CMC_SLICE_LIT(""), NULL), CMC_OK);
    assert_content(p->file, "");
    assert_int_equal(stat(p->file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0644);
}

static void the_umask_does_not_change_the_mode(void **state)
{
    struct place *p = *state;
    mode_t old = umask(0777);
    struct stat st;

    assert_int_equal(cmc_file_write(p->file, 0640, CMC_SLICE_LIT("x"), NULL), CMC_OK);
    umask(old);
    assert_int_equal(stat(p->file, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
}

static void create_does_not_replace(void **state)
{
    struct place *p = *state;
    struct cmc_err err;

    assert_int_equal(cmc_file_create(p->file, 0600, CMC_SLICE_LIT("one"), &err), CMC_OK);
    assert_int_equal(cmc_file_create(p->file, 0600, CMC_SLICE_LIT("two"), &err), CMC_E_CONFLICT);
    assert_non_null(strstr(err.text, p->file));
    assert_content(p->file, "one");
}

static void a_failed_write_leaves_the_old_file(void **state)
{
    struct place *p = *state;
    static const char big[65536];
    struct rlimit old, small;
    struct cmc_err err;

    assert_int_equal(cmc_file_write(p->file, 0600, CMC_SLICE_LIT("old"), NULL), CMC_OK);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 4096;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(cmc_file_write(p->file, 0600, cmc_slice(big, sizeof big), &err), CMC_E_LOCAL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
    assert_non_null(strstr(err.text, "File too large"));
    assert_content(p->file, "old");
}

static void the_limit_of_a_read(void **state)
{
    struct place *p = *state;
    struct cmc_err err;
    struct cmc_buf b;

    assert_int_equal(cmc_file_write(p->file, 0600, CMC_SLICE_LIT("12345"), NULL), CMC_OK);
    cmc_buf_init(&b, 5);
    assert_int_equal(cmc_file_read(p->file, &b, &err), CMC_OK);
    assert_int_equal(b.n, 5);
    cmc_buf_free(&b);
    cmc_buf_init(&b, 4);
    assert_int_equal(cmc_file_read(p->file, &b, &err), CMC_E_LIMIT);
    assert_non_null(strstr(err.text, "larger than 4 octets"));
    cmc_buf_free(&b);
}

static void errors_name_path_and_reason(void **state)
{
    struct place *p = *state;
    struct cmc_err err;
    struct cmc_buf b;
    char lost[160];

    cmc_buf_init(&b, 100);
    assert_int_equal(cmc_file_read(p->file, &b, &err), CMC_E_LOCAL);
    assert_non_null(strstr(err.text, p->file));
    assert_non_null(strstr(err.text, "No such file"));
    assert_int_equal(cmc_file_read(p->dir, &b, &err), CMC_E_LOCAL);
    assert_non_null(strstr(err.text, "Is a directory"));
    (void)snprintf(lost, sizeof lost, "%s/none/f", p->dir);
    assert_int_equal(cmc_file_write(lost, 0600, CMC_SLICE_LIT("x"), &err), CMC_E_LOCAL);
    assert_non_null(strstr(err.text, lost));
    assert_int_equal(cmc_file_create(lost, 0600, CMC_SLICE_LIT("x"), &err), CMC_E_LOCAL);
    assert_int_equal(cmc_file_sync_directory(lost, &err), CMC_E_LOCAL);
    assert_int_equal(cmc_file_sync_directory(p->file, &err), CMC_OK);
    assert_int_equal(cmc_file_write(p->dir, 0600, CMC_SLICE_LIT("x"), &err), CMC_E_LOCAL);
    assert_non_null(strstr(err.text, "Is a directory"));
    cmc_buf_free(&b);
}

/* The first octets of another file, wherever its offset stands; one that is too short is told. */
static void copies_an_open_file(void **state)
{
    struct place *p = *state;
    char from[160], text[64];
    struct stat st;
    struct cmc_err err = {0};
    int fd;

    (void)snprintf(from, sizeof from, "%s/from", p->dir);
    assert_int_equal(cmc_file_write(from, 0600, CMC_SLICE_LIT("0123456789"), NULL), CMC_OK);
    assert_int_equal(cmc_file_write(p->file, 0600, CMC_SLICE_LIT("old"), NULL), CMC_OK);
    fd = open(from, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(lseek(fd, 5, SEEK_SET), 5);
    assert_int_equal(cmc_file_copy(p->file, 0644, fd, 8, &err), CMC_OK);
    assert_content(p->file, "01234567");
    assert_int_equal(stat(p->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);
    assert_int_equal(cmc_file_copy(p->file, 0644, fd, 11, &err), CMC_E_LOCAL);
    assert_non_null(strstr(err.text, "has become shorter"));
    assert_content(p->file, "01234567");
    (void)close(fd);
    (void)unlink(from);
    /* What the system does not copy by itself goes through memory. */
    fd = open("/proc/self/comm", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, text, 4, 0), 4);
    text[4] = '\0';
    assert_int_equal(cmc_file_copy(p->file, 0644, fd, 4, &err), CMC_OK);
    assert_content(p->file, text);
    (void)close(fd);
}

static void a_device_stays_a_device(void **state)
{
    struct stat st;

    (void)state;
    assert_int_equal(cmc_file_write("/dev/null", 0600, CMC_SLICE_LIT("x"), NULL), CMC_OK);
    assert_int_equal(stat("/dev/null", &st), 0);
    assert_true(S_ISCHR(st.st_mode));
}

static void dash_is_standard_input_and_output(void **state)
{
    struct place *p = *state;
    int in = dup(STDIN_FILENO), out = dup(STDOUT_FILENO), fd;

    /* cmocka prints to standard output too, so nothing is asserted while it is turned away. */
    enum cmc_rc rc;

    (void)fflush(stdout);
    fd = open(p->file, O_RDWR | O_CREAT, 0600);
    (void)dup2(fd, STDOUT_FILENO);
    rc = cmc_file_write("-", 0, CMC_SLICE_LIT("through stdout"), NULL);
    (void)dup2(out, STDOUT_FILENO);
    assert_int_equal(rc, CMC_OK);
    assert_content(p->file, "through stdout");
    assert_int_equal(lseek(fd, 8, SEEK_SET), 8);
    (void)dup2(fd, STDIN_FILENO);
    assert_content("-", "stdout");
    (void)dup2(in, STDIN_FILENO);
    close(fd);
    close(in);
    close(out);
}

int main(void)
{
#define IN_PLACE(f) cmocka_unit_test_setup_teardown(f, make_place, remove_place)
    const struct CMUnitTest tests[] = {
        IN_PLACE(writes_and_replaces),
        IN_PLACE(the_umask_does_not_change_the_mode),
        IN_PLACE(create_does_not_replace),
        IN_PLACE(a_failed_write_leaves_the_old_file),
        IN_PLACE(the_limit_of_a_read),
        IN_PLACE(errors_name_path_and_reason),
        IN_PLACE(copies_an_open_file),
        cmocka_unit_test(a_device_stays_a_device),
        IN_PLACE(dash_is_standard_input_and_output),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
