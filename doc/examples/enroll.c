/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Enrol with libcmc: a new key, a request signed by an officer, the answer checked.
 *
 *   cc enroll.c $(pkg-config --cflags --libs libcmc) -o enroll
 *   ./enroll http://ca.example/cmc ca.crt officer.crt officer.key "CN=host.example" host.key \
 *       >host.crt
 */
#include <cmc/cmc.h>
#include <ctype.h>
#include <stdio.h>

/* What came from the server may hold anything: not for a terminal as it is. */
static void print_safe(const char *text)
{
    for (; *text != '\0'; text++)
        (void)fputc(iscntrl((unsigned char)*text) ? '?' : *text, stderr);
    (void)fputc('\n', stderr);
}

/* Why the server did not do it. */
static void print_outcomes(const struct cmcl_response *response)
{
    for (size_t i = 0; i < cmcl_response_outcome_count(response); i++) {
        (void)fprintf(stderr,
                      "%s, %s: ", cmcl_status_name(cmcl_response_outcome_status(response, i)),
                      cmcl_fail_info_name(cmcl_response_outcome_fail_info(response, i)));
        print_safe(cmcl_response_outcome_get0_text(response, i));
    }
}

int main(int argc, char **argv)
{
    struct cmcl_context *ctx = NULL;
    struct cmcl_key *officer_key = NULL, *key = NULL;
    struct cmcl_certs *anchors = NULL, *officer = NULL;
    struct cmcl_csr *csr = NULL;
    struct cmcl_request *request = NULL;
    struct cmcl_transport *transport = NULL;
    struct cmcl_response *response = NULL;
    char *pem = NULL;
    const uint8_t *cert;
    size_t n;
    int status = 1;

    if (argc != 7) {
        (void)fprintf(stderr, "usage: enroll URL CA OFFICER-CERT OFFICER-KEY SUBJECT KEY-OUT\n");
        return 2;
    }
    if (cmcl_context_new(&ctx) != CMCL_OK) {
        (void)fprintf(stderr, "enroll: cannot set up cryptography\n");
        return 1;
    }
    /* Who is trusted, who asks, and where. */
    if (cmcl_certs_load(ctx, argv[2], NULL, &anchors) != CMCL_OK ||
        cmcl_certs_load(ctx, argv[3], NULL, &officer) != CMCL_OK ||
        cmcl_key_load(ctx, argv[4], NULL, &officer_key) != CMCL_OK ||
        cmcl_transport_new_http(ctx, argv[1], 0, &transport) != CMCL_OK)
        goto out;
    /* The key is saved before it is used: no certificate may come back for a key that is lost. */
    if (cmcl_key_generate(ctx, "ec:P-256", &key) != CMCL_OK ||
        cmcl_key_save(key, argv[6], NULL) != CMCL_OK ||
        cmcl_csr_new(key, CMCL_PKCS10, argv[5], NULL, 0, &csr) != CMCL_OK)
        goto out;
    if (cmcl_request_new(ctx, &request) != CMCL_OK ||
        cmcl_request_add_csr(request, csr) != CMCL_OK ||
        cmcl_request_set1_signer(request, officer_key, officer, CMCL_SID_ISSUER_SERIAL) != CMCL_OK)
        goto out;
    if (cmcl_exchange(transport, request, anchors, 0, &response) != CMCL_OK)
        goto out;
    if (cmcl_response_status(response) != CMCL_STATUS_SUCCESS) {
        print_outcomes(response);
        goto out;
    }
    if (cmcl_response_get0_cert_for(response, csr, &cert, &n) == CMCL_OK &&
        cmcl_pem_get1(ctx, "CERTIFICATE", cert, n, &pem) == CMCL_OK && fputs(pem, stdout) >= 0 &&
        fflush(stdout) == 0)
        status = 0;
out:
    if (status != 0 && *cmcl_error_text(ctx) != '\0')
        print_safe(cmcl_error_text(ctx));
    cmcl_free(pem);
    cmcl_response_free(response);
    cmcl_transport_free(transport);
    cmcl_request_free(request);
    cmcl_csr_free(csr);
    cmcl_key_free(key);
    cmcl_key_free(officer_key);
    cmcl_certs_free(officer);
    cmcl_certs_free(anchors);
    cmcl_context_free(ctx);
    return status;
}
