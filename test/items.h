/* SPDX-License-Identifier: Apache-2.0 */
/* Every type that stands on its own in a message: what property tests and fuzzers walk. */
#ifndef CMC_TEST_ITEMS_H
#define CMC_TEST_ITEMS_H

#include "asn1/cmc.h"
#include "asn1/ocsp.h"

/* Append only: the seeds of the fuzzers name a type by its index here. */
static const struct cmc_item *const all_items[] = {
    &cmc_it_content_info,
    &cmc_it_signed_data,
    &cmc_it_pkidata,
    &cmc_it_pkiresponse,
    &cmc_it_csr,
    &cmc_it_cert_req_msg,
    &cmc_it_cert_req_messages,
    &cmc_it_cert,
    &cmc_it_crl,
    &cmc_it_enveloped_data,
    &cmc_it_auth_enveloped_data,
    &cmc_it_authenticated_data,
    &cmc_it_tagged_attribute,
    &cmc_it_tagged_request,
    &cmc_it_tagged_content_info,
    &cmc_it_other_msg,
    &cmc_it_status_info,
    &cmc_it_status_info_v2,
    &cmc_it_add_extensions,
    &cmc_it_mod_cert_template,
    &cmc_it_encrypted_pop,
    &cmc_it_decrypted_pop,
    &cmc_it_lra_pop_witness,
    &cmc_it_get_cert,
    &cmc_it_get_crl,
    &cmc_it_revoke_request,
    &cmc_it_identity_proof_v2,
    &cmc_it_pop_link_witness_v2,
    &cmc_it_trust_anchors,
    &cmc_it_publish_cert,
    &cmc_it_control_processed,
    &cmc_it_change_subject_name,
    &cmc_it_unsigned_data,
    &cmc_it_body_part_path,
    &cmc_it_body_part_reference,
    &cmc_it_kemri,
    &cmc_it_pss_params,
    &cmc_it_gcm_params,
    &cmc_it_pbkdf2_params,
    &cmc_it_algorithm_protection,
    &cmc_it_algid,
    &cmc_it_attributes,
    &cmc_it_extensions,
    &cmc_it_spki,
    &cmc_it_name_rdns,
    &cmc_it_issuer_serial,
    &cmc_it_general_names,
    &cmc_it_basic_constraints,
    &cmc_it_authority_key_id,
    &cmc_it_dist_points,
    &cmc_it_issuing_dist_point,
    &cmc_it_access_info,
    &cmc_it_key_usage,
    &cmc_it_eku,
    &cmc_it_pop,
    &cmc_it_recipient_info,
    &cmc_it_ocsp_request,
    &cmc_it_ocsp_response,
    &cmc_it_ocsp_basic_response,
};
#define ALL_ITEMS (sizeof all_items / sizeof all_items[0])

#endif
