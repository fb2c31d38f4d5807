/* SPDX-License-Identifier: Apache-2.0 */
/* cmc csr: a key and a certification request for it. */
#include "tool/input.h"
#include "tool/newcsr.h"

struct csr {
    struct tool_key_options key;
    struct tool_csr_options csr;
    const char *out;
    bool der;
};

static const struct cmc_option rows[] = {
    CMC_OPTION_HEADING("The key"),
    TOOL_KEY_ROWS(struct csr, key),
    CMC_OPTION_HEADING("What is asked for"),
    TOOL_CSR_ROWS(struct csr, csr),
    TOOL_CHANGE_ROWS(struct csr, csr.change),
    CMC_OPTION("id", 0, UINT, "NUMBER", struct csr, csr.id,
               "certReqId of a CRMF request (a random one otherwise)"),
    CMC_OPTION_HEADING("Output"),
    CMC_OPTION("out", 'o', STRING, "FILE", struct csr, out, "write here, not to standard output"),
    CMC_OPTION("der", 0, FLAG, NULL, struct csr, der, "write DER, not PEM"),
    CMC_OPTION_END,
};

static const struct cmc_options options = {
    .command = "cmc csr",
    .operands = "",
    .about = "Make a certification request, PKCS#10 or CRMF, signed by its own key if it can sign.",
    .rows = rows,
};

static enum cmc_rc run(struct tool *t, const struct csr *o)
{
    enum cmc_request_form form;
    struct cmc_slice der = CMC_SLICE_NONE;
    EVP_PKEY *key = NULL;
    const char *label;
    enum cmc_rc rc = tool_csr_form(t, &o->csr, &form);

    if (rc == CMC_OK)
        rc = tool_key_check(t, &o->key);
    /* Before a key is made for nothing. */
    if (rc == CMC_OK && o->csr.subject == NULL)
        rc = tool_usage(t, "no --subject; as --subject \"O=Example, CN=alice\" (\"\" for none)");
    if (rc == CMC_OK)
        rc = tool_key_get(t, &o->key, &key);
    if (rc == CMC_OK)
        rc = tool_csr_make(t, &o->csr, key, NULL, &der);
    if (rc == CMC_OK && form == CMC_FORM_CRMF)
        rc = tool_crmf_wrap(t, der, &der);
    label = form == CMC_FORM_CRMF ? TOOL_LABEL_CRMF : TOOL_LABEL_PKCS10;
    if (rc == CMC_OK)
        rc = tool_write(t, o->out, o->der ? NULL : label, der);
    EVP_PKEY_free(key);
    return rc;
}

int tool_cmd_csr(struct tool *t, int argc, char **argv)
{
    struct csr o = {0};
    char **operands;
    size_t n;
    int code = tool_options(t, &options, argc, argv, &o, &operands, &n);

    return code == TOOL_GO_ON ? tool_end(t, run(t, &o)) : code;
}
