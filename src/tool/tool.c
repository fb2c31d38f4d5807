/* SPDX-License-Identifier: Apache-2.0 */
#include "tool/tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"

enum cmc_rc tool_crypto(struct tool *t)
{
    return t->crypto != NULL ? CMC_OK : cmc_crypto_new(&t->crypto, &t->err);
}

/* -- messages ---------------------------------------------------------------------------- */

int tool_exit_code(enum cmc_rc rc)
{
    static const int codes[] = {
        [CMC_OK] = TOOL_OK,
        [CMC_E_INPUT] = TOOL_FAILED,
        [CMC_E_LIMIT] = TOOL_FAILED,
        [CMC_E_REFUSED] = TOOL_FAILED,
        [CMC_E_CRYPTO] = TOOL_FAILED,
        [CMC_E_NOTFOUND] = TOOL_FAILED,
        [CMC_E_CONFLICT] = TOOL_LOCAL,
        [CMC_E_RETRY] = TOOL_TRY_LATER,
        [CMC_E_USAGE] = TOOL_USAGE,
        [CMC_E_LOCAL] = TOOL_LOCAL,
        [CMC_E_MEM] = TOOL_LOCAL,
        [CMC_E_BUG] = TOOL_LOCAL,
    };

    return (size_t)rc < sizeof codes / sizeof codes[0] ? codes[rc] : TOOL_LOCAL;
}

/* The length of the UTF-8 character at the start of s, or 0. */
static size_t utf8_length(struct cmc_slice s)
{
    uint8_t c = s.p[0];
    size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : 0;

    if (c >= 0xf0 && c < 0xf5)
        n = 4;
    if (n > s.n)
        return 0;
    for (size_t i = 1; i < n; i++) {
        if ((s.p[i] & 0xc0) != 0x80)
            return 0;
    }
    return n;
}

/* U+202A..U+202E and U+2066..U+2069 turn the direction of the text around them. */
static bool turns_text(struct cmc_slice c)
{
    return c.n == 3 && c.p[0] == 0xe2 &&
           ((c.p[1] == 0x80 && c.p[2] >= 0xaa && c.p[2] <= 0xae) ||
            (c.p[1] == 0x81 && c.p[2] >= 0xa6 && c.p[2] <= 0xa9));
}

void tool_safe(struct cmc_buf *b, struct cmc_slice s)
{
    while (s.n > 0) {
        size_t n = utf8_length(s);
        bool plain = n > 0 && !(n == 1 && (s.p[0] < 0x20 || s.p[0] == 0x7f)) &&
                     !(n == 2 && s.p[0] == 0xc2 && s.p[1] < 0xa0) && !turns_text(cmc_slice(s.p, n));

        n = n > 0 ? n : 1;
        for (size_t i = 0; i < n && !plain; i++)
            cmc_buf_printf(b, "\\x%02x", s.p[i]);
        if (plain)
            cmc_buf_add(b, s.p, n);
        s = cmc_slice(s.p + n, s.n - n);
    }
}

static void say(const struct tool *t, const char *text, const char *clause)
{
    struct cmc_buf b;
    const char *line;

    cmc_buf_init(&b, 16u * CMC_LIMIT_ERROR_TEXT);
    cmc_buf_printf(&b, "cmc%s%s: ", t->command != NULL ? " " : "",
                   t->command != NULL ? t->command : "");
    tool_safe(&b, cmc_slice_str(text));
    if (clause != NULL)
        cmc_buf_printf(&b, " (%s)", clause);
    cmc_buf_byte(&b, '\n');
    line = cmc_buf_cstr(&b);
    (void)fputs(line != NULL ? line : "cmc: out of memory\n", stderr);
    cmc_buf_free(&b);
}

int tool_end(struct tool *t, enum cmc_rc rc)
{
    if (rc != CMC_OK)
        say(t, t->err.text[0] != '\0' ? t->err.text : cmc_rc_name(rc), t->err.clause);
    return rc != CMC_OK && t->exit != 0 ? t->exit : tool_exit_code(rc);
}

enum cmc_rc tool_usage(struct tool *t, const char *fmt, ...)
{
    char text[CMC_LIMIT_ERROR_TEXT];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return cmc_fail(&t->err, CMC_E_USAGE, NULL, "%s", text);
}

void tool_note(const struct tool *t, const char *fmt, ...)
{
    char text[CMC_LIMIT_ERROR_TEXT];
    va_list ap;

    va_start(ap, fmt);
    (void)vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    say(t, text, NULL);
}

int tool_options(struct tool *t, const struct cmc_options *o, int argc, char **argv, void *values,
                 char ***operands, size_t *noperands)
{
    bool helped = false;
    enum cmc_rc rc =
        cmc_options_parse(o, argc, argv, values, operands, noperands, &helped, &t->err);

    if (rc != CMC_OK)
        return tool_end(t, rc);
    return helped ? TOOL_OK : TOOL_GO_ON;
}

/* -- files ------------------------------------------------------------------------------- */

enum cmc_rc tool_print(struct tool *t, struct cmc_slice text)
{
    if ((text.n > 0 && fwrite(text.p, 1, text.n, stdout) != text.n) || fflush(stdout) != 0)
        return cmc_fail(&t->err, CMC_E_LOCAL, NULL, "standard output: %s", strerror(errno));
    return CMC_OK;
}

enum cmc_rc tool_read(struct tool *t, const char *path, struct cmc_slice *out)
{
    enum cmc_rc rc;
    struct cmc_buf b;

    *out = CMC_SLICE_NONE;
    cmc_buf_init(&b, CMC_LIMIT_FILE_OCTETS);
    rc = cmc_file_read(path, &b, &t->err);
    if (rc == CMC_OK) {
        *out = cmc_arena_slice(t->arena, cmc_buf_get0(&b));
        if (out->p == NULL)
            rc = cmc_fail(&t->err, CMC_E_MEM, NULL, "%s: no memory to read it", path);
    }
    cmc_buf_free(&b);
    return rc;
}

enum cmc_rc tool_write(struct tool *t, const char *path, const char *label, struct cmc_slice der)
{
    enum cmc_rc rc = CMC_OK;
    struct cmc_slice text = der;
    struct cmc_buf b;

    cmc_buf_init(&b, 2u * CMC_LIMIT_FILE_OCTETS);
    if (label != NULL) {
        rc = cmc_pem_write(label, der, &b, &t->err);
        text = cmc_buf_get0(&b);
    }
    if (rc == CMC_OK && label == NULL && path == NULL && isatty(STDOUT_FILENO))
        rc = tool_usage(t, "DER is not for a terminal; name a file with --out (\"-\" to insist)");
    else if (rc == CMC_OK && (path == NULL || strcmp(path, "-") == 0))
        rc = tool_print(t, text);
    else if (rc == CMC_OK)
        rc = cmc_file_write(path, 0644, text, &t->err);
    cmc_buf_free(&b);
    return rc;
}

enum cmc_rc tool_must_not_exist(struct tool *t, const char *path)
{
    if (access(path, F_OK) == 0)
        return cmc_fail(&t->err, CMC_E_CONFLICT, NULL,
                        "%s: exists already, and keys are not overwritten; name another file",
                        path);
    return CMC_OK;
}
