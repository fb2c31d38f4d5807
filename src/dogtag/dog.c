/* SPDX-License-Identifier: Apache-2.0 */
#include "dogtag/dog.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/file.h"

/* One line, whatever stands in the text. */
static void line(const struct dog *d, const char *text, const char *clause)
{
    (void)fprintf(stderr, "%s: ", d->name);
    for (const char *p = text; *p != '\0'; p++)
        (void)fputc((unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p, stderr);
    if (clause != NULL)
        (void)fprintf(stderr, " (%s)", clause);
    (void)fputc('\n', stderr);
}

enum cmc_rc dog_usage(struct dog *d, const char *fmt, ...)
{
    char text[CMC_LIMIT_ERROR_TEXT];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return cmc_fail(&d->err, CMC_E_USAGE, NULL, "%s", text);
}

enum cmc_rc dog_no_memory(struct dog *d)
{
    return cmc_fail(&d->err, CMC_E_MEM, NULL, "out of memory");
}

void dog_warn(const struct dog *d, const char *fmt, ...)
{
    char text[CMC_LIMIT_ERROR_TEXT];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    line(d, text, NULL);
}

void dog_say(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    (void)vprintf(fmt, ap);
    va_end(ap);
}

enum cmc_rc dog_options(struct dog *d, const struct cmc_options *o, int argc, char **argv,
                        void *values, bool *go_on)
{
    char **operands = NULL;
    size_t n = 0;
    bool helped = false;
    enum cmc_rc rc = cmc_options_parse(o, argc, argv, values, &operands, &n, &helped, &d->err);

    *go_on = rc == CMC_OK && !helped;
    return rc;
}

enum cmc_rc dog_read(struct dog *d, const char *path, struct cmc_slice *out)
{
    enum cmc_rc rc;
    struct cmc_buf b;

    *out = CMC_SLICE_NONE;
    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    rc = cmc_file_read(path, &b, &d->err);
    if (rc == CMC_OK) {
        *out = cmc_arena_slice(d->arena, cmc_buf_get0(&b));
        if (out->p == NULL)
            rc = dog_no_memory(d);
    }
    cmc_buf_free(&b);
    return rc;
}

enum cmc_rc dog_write(struct dog *d, const char *path, struct cmc_slice data)
{
    return cmc_file_write(path, 0644, data, &d->err);
}

int dog_main(const char *name, enum cmc_rc (*run)(struct dog *d, int argc, char **argv), int argc,
             char **argv)
{
    struct dog d = {.name = name};
    enum cmc_rc rc;

    /* A reader that goes away is an error of a write, not the end of the process. */
    (void)signal(SIGPIPE, SIG_IGN);
    d.arena = cmc_arena_new(CMC_LIMIT_ARENA_OCTETS);
    rc = d.arena != NULL ? cmc_crypto_new(&d.crypto, &d.err) : dog_no_memory(&d);
    if (rc == CMC_OK)
        rc = run(&d, argc, argv);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        int e = errno;

        if (rc == CMC_OK)
            rc = cmc_fail(&d.err, CMC_E_LOCAL, NULL, "standard output: %s", strerror(e));
    }
    if (rc != CMC_OK)
        line(&d, d.err.text[0] != '\0' ? d.err.text : cmc_rc_name(rc), d.err.clause);
    cmc_crypto_free(d.crypto);
    cmc_arena_free(d.arena);
    return rc == CMC_OK ? d.status : 1;
}
