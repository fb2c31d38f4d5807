/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 10002 appendix A, row by row: what its module allows decodes and comes back octet for
 * octet, and what it does not allow is refused. The octets come from the module by another way
 * than our encoder.
 */
#include "helper.h"

#include "asn1/cmc.h"
#include "asn1/codec.h"
#include "asn1/oids.h"

enum { BAD = 0, GOOD = 1 };

static const struct row {
    const struct cmc_item *item;
    int good;
    const char *octets;
} syntax_rows[] = {
    /* [10002-A-d] */
    {&cmc_it_body_part_id, GOOD, "020100"},
    {&cmc_it_body_part_id, GOOD, "020101"},
    {&cmc_it_body_part_id, GOOD, "02047fffffff"},
    {&cmc_it_body_part_id, GOOD, "02050080000000"},
    {&cmc_it_body_part_id, GOOD, "020500ffffffff"},
    {&cmc_it_body_part_id, BAD, "02050100000000"},
    {&cmc_it_body_part_id, BAD, "0201ff"},
    {&cmc_it_body_part_id, BAD, "0a0101"},
    /* [10002-A-e, 10002-A-f] */
    {&cmc_it_body_part_path, GOOD, "300a020105020500ffffffff"},
    {&cmc_it_body_part_path, BAD, "3000"},
    {&cmc_it_body_part_path, BAD, "30030201ff"},
    {&cmc_it_body_part_path, BAD, "020101"},
    {&cmc_it_body_part_list, GOOD, "300a020105020500ffffffff"},
    {&cmc_it_body_part_list, BAD, "3000"},
    {&cmc_it_body_part_list, BAD, "30030201ff"},
    {&cmc_it_body_part_list, BAD, "020101"},
    /* [10002-A-g] */
    {&cmc_it_body_part_reference, GOOD, "020107"},
    {&cmc_it_body_part_reference, GOOD, "3006020107020101"},
    {&cmc_it_body_part_reference, BAD, "3000"},
    {&cmc_it_body_part_reference, BAD, "0401aa"},
    {&cmc_it_body_part_reference, BAD, "a003020101"},
    {&cmc_it_body_part_reference, BAD, "3103020101"},
    {&cmc_it_body_part_reference, BAD, "0a0101"},
    /* [10002-A-b] */
    {&cmc_it_pkidata, GOOD, "30083000300030003000"},
    {&cmc_it_pkidata, GOOD,
     "304b3014301202010106082b0601050507070631030401aa300ca20a02010206032a03"
     "04050030173015020103301006092a864886f70d010701a0030401aa300c300a020104"
     "06032a03040500"},
    {&cmc_it_pkidata, BAD, "3006300030003000"},
    {&cmc_it_pkidata, BAD, "300a30003000300030003000"},
    {&cmc_it_pkidata, BAD, "31083000300030003000"},
    {&cmc_it_pkidata, BAD, "30083100300030003000"},
    {&cmc_it_pkidata, BAD,
     "3028300ca20a02010206032a030405003014301202010106082b060105050707063103"
     "0401aa30003000"},
    {&cmc_it_pkidata, BAD,
     "302b300030173015020103301006092a864886f70d010701a0030401aa300ca20a0201"
     "0206032a030405003000"},
    {&cmc_it_pkidata, BAD,
     "302b30003000300c300a02010406032a0304050030173015020103301006092a864886"
     "f70d010701a0030401aa"},
    /* [10002-A-c] */
    {&cmc_it_pkiresponse, GOOD, "3006300030003000"},
    {&cmc_it_pkiresponse, GOOD,
     "303d3014301202010106082b0601050507070631030401aa3017301502010330100609"
     "2a864886f70d010701a0030401aa300c300a02010406032a03040500"},
    {&cmc_it_pkiresponse, BAD, "300430003000"},
    {&cmc_it_pkiresponse, BAD, "30083000300030003000"},
    {&cmc_it_pkiresponse, BAD,
     "30263014301202010106082b0601050507070631030401aa300ca20a02010206032a03"
     "0405003000"},
    {&cmc_it_pkiresponse, BAD,
     "30293000300c300a02010406032a0304050030173015020103301006092a864886f70d"
     "010701a0030401aa"},
    /* [10002-A-h] */
    {&cmc_it_tagged_attribute, GOOD, "301202010106082b0601050507070631030401aa"},
    {&cmc_it_tagged_attribute, GOOD, "300f02010106032a030431050201010500"},
    {&cmc_it_tagged_attribute, BAD, "301202010106082b0601050507070630030401aa"},
    {&cmc_it_tagged_attribute, BAD, "300802010131030401aa"},
    {&cmc_it_tagged_attribute, BAD, "300f06082b0601050507070631030401aa"},
    {&cmc_it_tagged_attribute, BAD, "300d02010106082b06010505070706"},
    /* [10002-A-n, 10002-A-r] */
    {&cmc_it_tagged_request, GOOD,
     "a051020101304c303f020100300c310a300806035504030c0161302a300506032b6570"
     "0321000000000000000000000000000000000000000000000000000000000000000000"
     "a000300506032b657003020001"},
    {&cmc_it_tagged_request, GOOD, "a10730050201013000"},
    {&cmc_it_tagged_request, GOOD, "a20a02010206032a03040500"},
    {&cmc_it_tagged_request, BAD, "a30a02010206032a03040500"},
    {&cmc_it_tagged_request, BAD, "300a02010206032a03040500"},
    {&cmc_it_tagged_request, BAD, "a20c300a02010206032a03040500"},
    {&cmc_it_tagged_request, BAD, "a2050201020500"},
    {&cmc_it_tagged_request, BAD, "a20802010206032a0304"},
    {&cmc_it_tagged_request, BAD, "620a02010206032a03040500"},
    /* [10002-A-o, 10002-A-ba] */
    {&cmc_it_tagged_request, BAD,
     "a04e304c303f020100300c310a300806035504030c0161302a300506032b6570032100"
     "0000000000000000000000000000000000000000000000000000000000000000a00030"
     "0506032b657003020001"},
    {&cmc_it_tagged_request, BAD, "a003020101"},
    {&cmc_it_tagged_request, GOOD,
     "a06d0201013068305b020100300c310a300806035504030c0161302a300506032b6570"
     "0321000000000000000000000000000000000000000000000000000000000000000000"
     "a01c300f06082b0601050507071731030401aa300906032a030431020500300506032b"
     "657003020001"},
    /* [10002-A-q] */
    {&cmc_it_tagged_request, GOOD, "a10b3009020500ffffffff3000"},
    {&cmc_it_tagged_request, BAD, "a10b3009020501000000003000"},
    {&cmc_it_tagged_request, BAD, "a10730050201ff3000"},
    /* [10002-A-s] */
    {&cmc_it_tagged_content_info, GOOD, "3015020103301006092a864886f70d010701a0030401aa"},
    {&cmc_it_tagged_content_info, BAD, "3012301006092a864886f70d010701a0030401aa"},
    {&cmc_it_tagged_content_info, BAD, "30060201030401aa"},
    {&cmc_it_tagged_content_info, BAD, "3003020103"},
    /* [10002-A-t] */
    {&cmc_it_other_msg, GOOD, "300a02010406032a03040500"},
    {&cmc_it_other_msg, GOOD, "300f02010406032a030430050201010500"},
    {&cmc_it_other_msg, BAD, "300802010406032a0304"},
    {&cmc_it_other_msg, BAD, "300706032a03040500"},
    {&cmc_it_other_msg, BAD, "300702010405000500"},
    /* [10002-A-u] */
    {&cmc_it_extension_req, GOOD, "300c300a0603551d0e0403040101"},
    {&cmc_it_extension_req, BAD, "3000"},
    {&cmc_it_extension_req, BAD, "300a0603551d0e0403040101"},
    {&cmc_it_extension_req, BAD, "310c300a0603551d0e0403040101"},
    /* [10002-A-v, 10002-A-w] */
    {&cmc_it_status_info, GOOD, "30080201003003020101"},
    {&cmc_it_status_info, GOOD, "300b0201023003020101020107"},
    {&cmc_it_status_info, GOOD, "301e020103300302010130140401aa180f32303236303130313030303030305a"},
    {&cmc_it_status_info, GOOD, "300f02010230030201010c026e6f020107"},
    {&cmc_it_status_info, BAD, "30050201003000"},
    {&cmc_it_status_info, BAD, "300a02010030053003020101"},
    {&cmc_it_status_info, BAD, "3003020100"},
    {&cmc_it_status_info, BAD, "30110201023003020101a10706032a03040500"},
    {&cmc_it_status_info, BAD, "300b02010230030201010101ff"},
    {&cmc_it_status_info, BAD, "300b02010230030201010a0107"},
    /* [10002-A-x, 10002-A-y, 10002-A-z] */
    {&cmc_it_status_info_v2, GOOD, "30080201003003020101"},
    {&cmc_it_status_info_v2, GOOD, "3010020100300b0201013006020102020103"},
    {&cmc_it_status_info_v2, GOOD, "300b0201023003020101020107"},
    {&cmc_it_status_info_v2, GOOD,
     "301e020103300302010130140401aa180f32303236303130313030303030305a"},
    {&cmc_it_status_info_v2, GOOD, "30110201023003020101a10706032a03040500"},
    {&cmc_it_status_info_v2, BAD, "30050201003000"},
    {&cmc_it_status_info_v2, BAD, "300702010030023000"},
    {&cmc_it_status_info_v2, BAD, "3003020100"},
    {&cmc_it_status_info_v2, BAD, "30110201023003020101a00706032a03040500"},
    {&cmc_it_status_info_v2, BAD, "30110201023003020101a20706032a03040500"},
    {&cmc_it_status_info_v2, BAD, "300b02010230030201010401aa"},
    {&cmc_it_status_info_v2, BAD, "300f0201023003020101a10506032a0304"},
    {&cmc_it_status_info_v2, BAD, "300e0201023003020101a10405000500"},
    /* [10002-A-a] */
    {&cmc_it_status_info_v2, BAD, "30130201023003020101a109300706032a03040500"},
    {&cmc_it_general_names, GOOD, "3010a40e300c310a300806035504030c0161"},
    {&cmc_it_general_names, BAD, "300ea40c310a300806035504030c0161"},
    /* [10002-A-aa] */
    {&cmc_it_status_info, GOOD, "300c02010030030201010c02c3a5"},
    {&cmc_it_status_info, BAD, "300b0201003003020101160161"},
    {&cmc_it_status_info, BAD, "300b02010030030201010c01e5"},
    {&cmc_it_status_info, BAD, "300e02010230030201010201070c0161"},
    {&cmc_it_status_info, BAD, "300b0201020c01613003020101"},
    {&cmc_it_status_info_v2, GOOD, "300c02010030030201010c02c3a5"},
    {&cmc_it_status_info_v2, BAD, "300b0201003003020101160161"},
    {&cmc_it_status_info_v2, BAD, "300b02010030030201010c01e5"},
    {&cmc_it_status_info_v2, BAD, "300e02010230030201010201070c0161"},
    {&cmc_it_status_info_v2, BAD, "300b0201020c01613003020101"},
    /* [10002-A-ab, 10002-A-ac] */
    {&cmc_it_status_info, BAD, "30080a01003003020101"},
    {&cmc_it_status_info, GOOD, "30080201073003020101"},
    {&cmc_it_status_info, GOOD, "300b020102300302010102010d"},
    {&cmc_it_status_info, GOOD, "300c0201023003020101020207cf"},
    {&cmc_it_status_info, BAD, "30080201ff3003020101"},
    {&cmc_it_status_info_v2, BAD, "30080a01003003020101"},
    {&cmc_it_status_info_v2, GOOD, "30080201073003020101"},
    {&cmc_it_status_info_v2, GOOD, "300b020102300302010102010d"},
    {&cmc_it_status_info_v2, GOOD, "300c0201023003020101020207cf"},
    {&cmc_it_status_info_v2, BAD, "30080201ff3003020101"},
    /* [10002-A-ad] */
    {&cmc_it_status_info_v2, BAD, "300d020103300302010130030401aa"},
    {&cmc_it_status_info_v2, BAD, "301b02010330030201013011180f32303236303130313030303030305a"},
    {&cmc_it_status_info_v2, BAD,
     "301e02010330030201013014180f32303236303130313030303030305a0401aa"},
    {&cmc_it_status_info_v2, BAD, "301c020103300302010130120401aa170d3236303130313030303030305a"},
    /* [10002-A-ae] */
    {&cmc_it_add_extensions, GOOD, "30160201003003020101300c300a0603551d0e0403040101"},
    {&cmc_it_add_extensions, GOOD, "300702010030003000"},
    {&cmc_it_add_extensions, BAD, "301830030201003003020101300c300a0603551d0e0403040101"},
    {&cmc_it_add_extensions, BAD, "30080201003003020101"},
    {&cmc_it_add_extensions, BAD, "301802010030053003020101300c300a0603551d0e0403040101"},
    /* [10002-A-af, 10002-A-ag] */
    {&cmc_it_mod_cert_template, GOOD, "300c300302010130030201013000"},
    {&cmc_it_mod_cert_template, GOOD, "300f300302010130030201010101003000"},
    {&cmc_it_mod_cert_template, BAD, "300a02010030030201013000"},
    {&cmc_it_mod_cert_template, BAD, "3009300302010130003000"},
    {&cmc_it_mod_cert_template, BAD, "3009300030030201013000"},
    {&cmc_it_mod_cert_template, BAD, "300d30030201013003020101010100"},
    /* [10002-A-ah] */
    {&cmc_it_encrypted_pop, GOOD,
     "3039a20a02010206032a03040500300f06092a864886f70d010703a0020500300a0608"
     "2a864886f70d0209300b06096086480165030402010401aa"},
    {&cmc_it_encrypted_pop, BAD,
     "3039300a02010206032a03040500300f06092a864886f70d010703a0020500300a0608"
     "2a864886f70d0209300b06096086480165030402010401aa"},
    {&cmc_it_encrypted_pop, BAD,
     "3039a30a02010206032a03040500300f06092a864886f70d010703a0020500300a0608"
     "2a864886f70d0209300b06096086480165030402010401aa"},
    {&cmc_it_encrypted_pop, BAD,
     "302ca20a02010206032a03040500300f06092a864886f70d010703a0020500300a0608"
     "2a864886f70d02090401aa"},
    {&cmc_it_encrypted_pop, BAD,
     "3039a20a02010206032a03040500300f06092a864886f70d010703a0020500300a0608"
     "2a864886f70d0209300b0609608648016503040201030100"},
    /* [10002-A-ai] */
    {&cmc_it_decrypted_pop, GOOD, "3012020101300a06082a864886f70d02090401aa"},
    {&cmc_it_decrypted_pop, BAD, "301602050100000000300a06082a864886f70d02090401aa"},
    {&cmc_it_decrypted_pop, BAD, "30060201010401aa"},
    {&cmc_it_decrypted_pop, BAD, "300f020101300a06082a864886f70d0209"},
    {&cmc_it_decrypted_pop, BAD, "300f300a06082a864886f70d02090401aa"},
    /* [10002-A-aj] */
    {&cmc_it_lra_pop_witness, GOOD, "30080201003003020101"},
    {&cmc_it_lra_pop_witness, GOOD, "30050201003000"},
    {&cmc_it_lra_pop_witness, BAD, "3003020100"},
    {&cmc_it_lra_pop_witness, BAD, "30053003020101"},
    {&cmc_it_lra_pop_witness, BAD, "300802010030030201ff"},
    /* [10002-A-ak] */
    {&cmc_it_get_cert, GOOD, "3013a40e300c310a300806035504030c0161020109"},
    {&cmc_it_get_cert, GOOD, "30078602753a020109"},
    {&cmc_it_get_cert, BAD, "3011300c310a300806035504030c0161020109"},
    {&cmc_it_get_cert, BAD, "3011a40c310a300806035504030c0161020109"},
    {&cmc_it_get_cert, BAD, "3010a40e300c310a300806035504030c0161"},
    /* [10002-A-al] */
    {&cmc_it_get_crl, GOOD, "300e300c310a300806035504030c0161"},
    {&cmc_it_get_crl, GOOD, "3012300c310a300806035504030c01618602753a"},
    {&cmc_it_get_crl, GOOD, "301f300c310a300806035504030c0161180f32303236303130313030303030305a"},
    {&cmc_it_get_crl, GOOD, "3012300c310a300806035504030c016103020640"},
    {&cmc_it_get_crl, GOOD,
     "3023300c310a300806035504030c01618602753a180f32303236303130313030303030"
     "305a"},
    {&cmc_it_get_crl, GOOD, "3016300c310a300806035504030c01618602753a03020640"},
    {&cmc_it_get_crl, GOOD,
     "3023300c310a300806035504030c0161180f32303236303130313030303030305a0302"
     "0640"},
    {&cmc_it_get_crl, GOOD,
     "3027300c310a300806035504030c01618602753a180f32303236303130313030303030"
     "305a03020640"},
    {&cmc_it_get_crl, BAD, "3000"},
    {&cmc_it_get_crl, BAD,
     "3023300c310a300806035504030c0161180f32303236303130313030303030305a8602"
     "753a"},
    {&cmc_it_get_crl, BAD,
     "3023300c310a300806035504030c016103020640180f32303236303130313030303030"
     "305a"},
    {&cmc_it_get_crl, BAD, "301d300c310a300806035504030c0161170d3236303130313030303030305a"},
    {&cmc_it_get_crl, BAD, "3010a40e300c310a300806035504030c0161"},
    /* [10002-A-am] */
    {&cmc_it_revoke_request, GOOD, "3014300c310a300806035504030c01610201090a0101"},
    {&cmc_it_revoke_request, GOOD,
     "3025300c310a300806035504030c01610201090a0101180f3230323630313031303030"
     "3030305a"},
    {&cmc_it_revoke_request, GOOD, "3017300c310a300806035504030c01610201090a01010401aa"},
    {&cmc_it_revoke_request, GOOD, "3017300c310a300806035504030c01610201090a01010c0163"},
    {&cmc_it_revoke_request, GOOD,
     "3028300c310a300806035504030c01610201090a0101180f3230323630313031303030"
     "3030305a0401aa"},
    {&cmc_it_revoke_request, GOOD,
     "3028300c310a300806035504030c01610201090a0101180f3230323630313031303030"
     "3030305a0c0163"},
    {&cmc_it_revoke_request, GOOD, "301a300c310a300806035504030c01610201090a01010401aa0c0163"},
    {&cmc_it_revoke_request, GOOD,
     "302b300c310a300806035504030c01610201090a0101180f3230323630313031303030"
     "3030305a0401aa0c0163"},
    {&cmc_it_revoke_request, BAD, "3014300c310a300806035504030c0161020109020101"},
    {&cmc_it_revoke_request, BAD, "3011300c310a300806035504030c0161020109"},
    {&cmc_it_revoke_request, BAD,
     "3028300c310a300806035504030c01610201090a01010401aa180f3230323630313031"
     "3030303030305a"},
    {&cmc_it_revoke_request, BAD, "301a300c310a300806035504030c01610201090a01010c01630401aa"},
    {&cmc_it_revoke_request, BAD, "3017300c310a300806035504030c01610201090a0101160163"},
    {&cmc_it_revoke_request, BAD, "3016a40e300c310a300806035504030c01610201090a0101"},
    /* [10002-A-an] */
    {&cmc_it_issuer_serial, GOOD, "3011300c310a300806035504030c0161020109"},
    {&cmc_it_issuer_serial, BAD, "300e300c310a300806035504030c0161"},
    {&cmc_it_issuer_serial, BAD, "3013a40e300c310a300806035504030c0161020109"},
    {&cmc_it_issuer_serial, BAD, "3011020109300c310a300806035504030c0161"},
    /* [10002-A-ap] */
    {&cmc_it_unsigned_data, GOOD, "300c300302010106032a03040500"},
    {&cmc_it_unsigned_data, BAD, "3009300006032a03040500"},
    {&cmc_it_unsigned_data, BAD, "300a02010106032a03040500"},
    {&cmc_it_unsigned_data, BAD, "300a300302010106032a0304"},
    {&cmc_it_unsigned_data, BAD, "300730030201010500"},
    /* [10002-A-aq] */
    {&cmc_it_trust_anchors, GOOD, "3018020101300b060960864801650304020130060401aa0401aa"},
    {&cmc_it_trust_anchors, GOOD, "301a0209c00000000000000000300b06096086480165030402013000"},
    {&cmc_it_trust_anchors, GOOD,
     "303a022610000000000000000000000000000000000000000000000000000000000000"
     "00000000000000300b060960864801650304020130030401aa"},
    {&cmc_it_trust_anchors, BAD, "300802010130030401aa"},
    {&cmc_it_trust_anchors, BAD, "3010020101300b0609608648016503040201"},
    {&cmc_it_trust_anchors, BAD, "3015020101300b06096086480165030402013003020101"},
    {&cmc_it_trust_anchors, BAD, "3013020101300b06096086480165030402010401aa"},
    /* [10002-A-at] */
    {&cmc_it_publish_cert, GOOD, "3017300b060960864801650304020130030401aa3003020100"},
    {&cmc_it_publish_cert, GOOD, "301b300b06096086480165030402013000300a02010130053003020102"},
    {&cmc_it_publish_cert, GOOD,
     "3027300b060960864801650304020130030401aa3013020101300e3003020102300702"
     "01038602753a"},
    {&cmc_it_publish_cert, BAD, "3019300b060960864801650304020130030401aa30050201013000"},
    {&cmc_it_publish_cert, BAD, "3017300b060960864801650304020130030401aa30030a0101"},
    {&cmc_it_publish_cert, BAD, "3012300b060960864801650304020130030401aa"},
    {&cmc_it_publish_cert, BAD, "300a30030401aa3003020101"},
    {&cmc_it_publish_cert, BAD, "3017300b060960864801650304020130030201013003020101"},
    /* [10002-A-au] */
    {&cmc_it_control_processed, GOOD, "300d300b0201013006020102020103"},
    {&cmc_it_control_processed, BAD, "3003020101"},
    {&cmc_it_control_processed, BAD, "30023000"},
    {&cmc_it_control_processed, BAD, "3000"},
    {&cmc_it_control_processed, BAD, "300430023000"},
    /* [10002-A-av, 10002-A-aw] */
    {&cmc_it_identity_proof_v2, GOOD,
     "301c300b0609608648016503040201300a06082a864886f70d02090401aa"},
    {&cmc_it_identity_proof_v2, BAD, "3010300b06096086480165030402010401aa"},
    {&cmc_it_identity_proof_v2, BAD, "3019300b0609608648016503040201300a06082a864886f70d0209"},
    {&cmc_it_identity_proof_v2, BAD,
     "301d300b0609608648016503040201300a06082a864886f70d0209030200aa"},
    {&cmc_it_identity_proof_v2, BAD, "0401aa"},
    {&cmc_it_pop_link_witness_v2, GOOD,
     "301c300b0609608648016503040201300a06082a864886f70d02090401aa"},
    {&cmc_it_pop_link_witness_v2, BAD, "3010300b06096086480165030402010401aa"},
    {&cmc_it_pop_link_witness_v2, BAD, "3019300b0609608648016503040201300a06082a864886f70d0209"},
    {&cmc_it_pop_link_witness_v2, BAD,
     "301d300b0609608648016503040201300a06082a864886f70d0209030200aa"},
    {&cmc_it_pop_link_witness_v2, BAD, "0401aa"},
    /* [10002-A-az] */
    {&cmc_it_change_subject_name, GOOD, "300e300c310a300806035504030c0161"},
    {&cmc_it_change_subject_name, GOOD, "300da10b8209612e6578616d706c65"},
    {&cmc_it_change_subject_name, GOOD,
     "301b300c310a300806035504030c0161a10b8209612e6578616d706c65"},
    {&cmc_it_change_subject_name, BAD, "3000"},
    {&cmc_it_change_subject_name, BAD,
     "301ba10b8209612e6578616d706c65300c310a300806035504030c0161"},
    {&cmc_it_change_subject_name, BAD, "3010a00e300c310a300806035504030c0161"},
    {&cmc_it_change_subject_name, BAD, "3007a1053003820161"},
    {&cmc_it_change_subject_name, BAD, "3002a100"},
};

static void one_row(struct cmc_arena *arena, size_t n, const struct row *row)
{
    struct cmc_slice in = hex(arena, row->octets), out = CMC_SLICE_NONE;
    void *v = cmc_arena_alloc(arena, row->item->size);
    enum cmc_rc rc;

    assert_non_null(v);
    rc = cmc_decode(row->item, in, arena, v, NULL);
    if (rc != (row->good ? CMC_OK : CMC_E_INPUT))
        fail_msg("row %zu, %s %s: %s", n, row->item->name, row->octets, cmc_rc_name(rc));
    if (!row->good)
        return;
    assert_int_equal(cmc_encode_arena(row->item, v, arena, &out, NULL), CMC_OK);
    if (!cmc_slice_eq(in, out))
        fail_msg("row %zu, %s %s: other octets came back", n, row->item->name, row->octets);
}

static void the_module_row_by_row(void **state)
{
    for (size_t i = 0; i < CMC_COUNT(syntax_rows); i++) {
        one_row(*state, i, &syntax_rows[i]);
        cmc_arena_reset(*state);
    }
}

/*
 * Cmc-Control-Set: id-cmc and a number; a value that its type allows, and one that it does not.
 * [10002-A-i, 10002-A-j, 10002-A-l, 10002-A-an, 10002-A-ar, 10002-A-as, 10002-A-ax, 10002-A-ay]
 */
static const struct {
    unsigned int number;
    const char *good, *bad;
} control_rows[] = {
    {1, "30080201003003020101", "30050201003000"},
    {2, "0c0161", "0c01e5"},
    {3, "0401aa", "020101"},
    {4, "0401aa", "0c0161"},
    {5, "0201fb", "0401aa"},
    {6, "0401aa", "020101"},
    {7, "0401aa", "020101"},
    {8, "300702010030003000", "300c300302010130030201013000"},
    {9,
     "3039a20a02010206032a03040500300f06092a864886f70d010703a0020500300a06082a864886f70d0209300b060"
     "96086480165030402010401aa",
     "0401aa"},
    {10, "3012020101300a06082a864886f70d02090401aa", "0401aa"},
    {11, "30050201003000", "3003020100"},
    {15, "3013a40e300c310a300806035504030c0161020109", "3011300c310a300806035504030c0161020109"},
    {16, "300e300c310a300806035504030c0161", "3010a40e300c310a300806035504030c0161"},
    {17, "3014300c310a300806035504030c01610201090a0101",
     "3014300c310a300806035504030c0161020109020101"},
    {18, "0401aa", "0c0161"},
    {19, "0401aa", "0c0161"},
    {21, "0401aa", "020101"},
    {22, "0401aa", "020101"},
    {23, "0401aa", "020101"},
    {24, "3011300c310a300806035504030c0161020109", "3013a40e300c310a300806035504030c0161020109"},
    {25, "300d02010030080201013003020101", "30050201003000"},
    {26, "3012020101300b06096086480165030402013000", "3010020101300b0609608648016503040201"},
    {27, "020500ffffffff", "02050100000000"},
    {28, "3003020101", "3000"},
    {29, "3003020101", "3000"},
    {30, "3014300b060960864801650304020130003003020100",
     "3016300b0609608648016503040201300030050201013000"},
    {31, "300c300302010130030201013000", "300a02010030030201013000"},
    {32, "30053003020101", "3003020101"},
    {33, "301c300b0609608648016503040201300a06082a864886f70d02090401aa", "0401aa"},
    {34, "301c300b0609608648016503040201300a06082a864886f70d02090401aa", "0401aa"},
    {35, "3003020101", "3000"},
    {37, "3003020101", "3000"},
};

static void every_control_has_its_type(void **state)
{
    uint8_t oid[] = {0x2b, 6, 1, 5, 5, 7, 7, 0};
    size_t row = 0;

    for (uint8_t number = 0; number < 64; number++) {
        const struct cmc_item *it;
        void *v;

        oid[7] = number;
        it = cmc_control_item(cmc_slice(oid, sizeof oid));
        if (row == CMC_COUNT(control_rows) || control_rows[row].number != number) {
            if (it != NULL)
                fail_msg("id-cmc %u is no control", number);
            continue;
        }
        if (it == NULL)
            fail_msg("id-cmc %u is a control", number);
        v = cmc_arena_alloc(*state, it->size);
        assert_non_null(v);
        if (cmc_decode(it, hex(*state, control_rows[row].good), *state, v, NULL) != CMC_OK)
            fail_msg("id-cmc %u: %s is refused", number, control_rows[row].good);
        v = cmc_arena_alloc(*state, it->size);
        assert_non_null(v);
        if (cmc_decode(it, hex(*state, control_rows[row].bad), *state, v, NULL) != CMC_E_INPUT)
            fail_msg("id-cmc %u: %s is taken", number, control_rows[row].bad);
        row++;
    }
    assert_int_equal(row, CMC_COUNT(control_rows));
}

/* The set is extensible: a control that nobody knows keeps its values. [10002-A-i] */
static void an_unknown_control_is_kept(void **state)
{
    struct cmc_tagged_attribute ta = {0};

    assert_int_equal(cmc_decode(&cmc_it_tagged_attribute,
                                hex(*state, "300c 020107 06032a0304 3102 0c00"), *state, &ta, NULL),
                     CMC_OK);
    assert_null(cmc_control_item(ta.type));
    assert_int_equal(ta.values.n, 1);
    assert_slice_equal(*CMC_AT(struct cmc_slice, ta.values, 0), hex(*state, "0c00"));
}

/* Decode a TLV with this tag and n octets of content, and see the same octets come back. */
static void long_value(struct cmc_arena *arena, const struct cmc_item *it, uint8_t tag, size_t n)
{
    uint8_t *p = cmc_arena_alloc(arena, n + 5);
    struct cmc_slice v = CMC_SLICE_NONE, out;
    struct cmc_slice in = cmc_slice(p, n + 5);

    assert_non_null(p);
    p[0] = tag;
    p[1] = 0x83;
    p[2] = (uint8_t)(n >> 16);
    p[3] = (uint8_t)(n >> 8);
    p[4] = (uint8_t)n;
    memset(p + 5, 0x81, n); /* of an INTEGER: negative */
    assert_int_equal(cmc_decode(it, in, arena, &v, NULL), CMC_OK);
    assert_int_equal(v.n, n);
    assert_int_equal(cmc_encode_arena(it, &v, arena, &out, NULL), CMC_OK);
    assert_slice_equal(out, in);
}

/* The module puts no limit to these; what we echo has one of its own. [10002-A-k] */
static void octet_strings_are_of_any_size(void **state)
{
    const struct cmc_slice *const types[] = {
        &cmc_oid_id_cmc_identityProof,  &cmc_oid_id_cmc_dataReturn,
        &cmc_oid_id_cmc_regInfo,        &cmc_oid_id_cmc_responseInfo,
        &cmc_oid_id_cmc_queryPending,   &cmc_oid_id_cmc_popLinkRandom,
        &cmc_oid_id_cmc_senderNonce,    &cmc_oid_id_cmc_recipientNonce,
        &cmc_oid_id_cmc_popLinkWitness,
    };

    for (size_t i = 0; i < CMC_COUNT(types); i++)
        long_value(*state, cmc_control_item(*types[i]), CMC_T_OCTET_STRING, 100000);
}

/* [10002-A-m, 10002-A-aq] */
static void integers_without_a_range(void **state)
{
    struct cmc_slice v = CMC_SLICE_NONE, out;

    assert_int_equal(cmc_decode(&cmc_it_transaction_id, hex(*state, "02020081"), *state, &v, NULL),
                     CMC_OK);
    assert_int_equal(cmc_encode_arena(&cmc_it_transaction_id, &v, *state, &out, NULL), CMC_OK);
    assert_slice_equal(out, hex(*state, "02020081"));
    for (size_t n = 256; n <= 4096; n *= 2) {
        uint8_t *p = cmc_arena_alloc(*state, n + 4);

        assert_non_null(p);
        p[0] = CMC_T_INTEGER;
        p[1] = 0x82;
        p[2] = (uint8_t)(n >> 8);
        p[3] = (uint8_t)n;
        memset(p + 4, 0x81, n); /* negative */
        v = CMC_SLICE_NONE;
        assert_int_equal(cmc_decode(&cmc_it_transaction_id, cmc_slice(p, n + 4), *state, &v, NULL),
                         CMC_OK);
        assert_int_equal(cmc_encode_arena(&cmc_it_transaction_id, &v, *state, &out, NULL), CMC_OK);
        assert_slice_equal(out, cmc_slice(p, n + 4));
    }
}

/* TRUE is the DEFAULT of replace, and DER leaves it out. [10002-A-ag] */
static void replace_is_true_by_default(void **state)
{
    struct cmc_mod_cert_template mod = {0};

    assert_int_equal(cmc_decode(&cmc_it_mod_cert_template,
                                hex(*state, "300c 3003020101 3003020101 3000"), *state, &mod, NULL),
                     CMC_OK);
    assert_true(mod.replace);
    assert_int_equal(cmc_decode(&cmc_it_mod_cert_template,
                                hex(*state, "300f 3003020101 3003020101 010100 3000"), *state, &mod,
                                NULL),
                     CMC_OK);
    assert_false(mod.replace);
}

/* A number that we have no name for is kept. [10002-A-ac] */
static void unknown_fail_info_is_kept(void **state)
{
    struct cmc_status_info_v2 si = {0};

    assert_int_equal(cmc_decode(&cmc_it_status_info_v2,
                                hex(*state, "300c 020102 3003020101 020207cf"), *state, &si, NULL),
                     CMC_OK);
    assert_non_null(si.other);
    assert_int_equal(si.other->u.fail_info, 1999);
}

/* Nothing to change the subject to cannot be written either. [10002-A-az, 10002-7.1-b] */
static void an_empty_change_of_name_is_not_written(void **state)
{
    const struct cmc_change_subject_name none = {0};
    struct cmc_slice out;

    assert_int_equal(cmc_encode_arena(&cmc_it_change_subject_name, &none, *state, &out, NULL),
                     CMC_E_BUG);
}

/* RFC 2986's attributes are written even when there are none. [10002-A-p] */
static void an_empty_set_of_attributes_is_written(void **state)
{
    struct cmc_csr csr = {0};
    struct cmc_slice out;
    /* CN=a, an Ed25519 key of zeros */
    struct cmc_slice in =
        hex(*state, "304c 303f 020100 300c310a300806035504030c0161 302a300506032b6570032100"
                    "0000000000000000000000000000000000000000000000000000000000000000"
                    "a000 300506032b6570 0302 0001");
    assert_int_equal(cmc_decode(&cmc_it_csr, in, *state, &csr, NULL), CMC_OK);
    assert_non_null(csr.info.attributes.v);
    csr.raw = csr.info.raw = csr.info.spki.raw = CMC_SLICE_NONE;
    assert_int_equal(cmc_encode_arena(&cmc_it_csr, &csr, *state, &out, NULL), CMC_OK);
    assert_slice_equal(out, in);
}

/* The numbers that the RFC gives, against those that we use. */
static void object_identifiers(void **state)
{
    static const struct {
        const struct cmc_slice *oid;
        const char *dotted;
    } oids[] = {
        {&cmc_oid_id_cct_PKIData, "1.3.6.1.5.5.7.12.2"},                 /* [10002-A-b] */
        {&cmc_oid_id_cct_PKIResponse, "1.3.6.1.5.5.7.12.3"},             /* [10002-A-c] */
        {&cmc_oid_id_cmc_statusInfo, "1.3.6.1.5.5.7.7.1"},               /* [10002-A-j] */
        {&cmc_oid_id_cmc_responseBody, "1.3.6.1.5.5.7.7.37"},            /* [10002-A-j] */
        {&cmc_oid_id_cmc_changeSubjectName, "1.3.6.1.5.5.7.7.36"},       /* [10002-A-az] */
        {&cmc_oid_id_extensionRequest, "1.2.840.113549.1.9.14"},         /* [10002-A-u] */
        {&cmc_oid_id_alg_noSignature, "1.3.6.1.5.5.7.6.2"},              /* [10002-A-ao] */
        {&cmc_oid_id_aa_cmc_unsignedData, "1.2.840.113549.1.9.16.2.34"}, /* [10002-A-ap] */
        {&cmc_oid_id_kp_cmcCA, "1.3.6.1.5.5.7.3.27"},                    /* [10002-A-bb] */
        {&cmc_oid_id_kp_cmcRA, "1.3.6.1.5.5.7.3.28"},                    /* [10002-A-bb] */
        {&cmc_oid_id_kp_cmcArchive, "1.3.6.1.5.5.7.3.29"},               /* [10002-A-bb] */
        {&cmc_oid_id_ad_cmc, "1.3.6.1.5.5.7.48.12"},                     /* [10002-A-bb] */
    };
    char text[128];

    (void)state;
    for (size_t i = 0; i < CMC_COUNT(oids); i++)
        assert_string_equal(cmc_oid_text(*oids[i].oid, text, sizeof text), oids[i].dotted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(the_module_row_by_row),
        WITH_ARENA(every_control_has_its_type),
        WITH_ARENA(an_unknown_control_is_kept),
        WITH_ARENA(octet_strings_are_of_any_size),
        WITH_ARENA(integers_without_a_range),
        WITH_ARENA(replace_is_true_by_default),
        WITH_ARENA(unknown_fail_info_is_kept),
        WITH_ARENA(an_empty_change_of_name_is_not_written),
        WITH_ARENA(an_empty_set_of_attributes_is_written),
        WITH_ARENA(object_identifiers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
