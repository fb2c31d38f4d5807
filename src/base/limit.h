/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every limit of the project in one place. A limit that is hit is reported by
 * its name, so that an operator can find the line below from the message.
 */
#ifndef CMC_BASE_LIMIT_H
#define CMC_BASE_LIMIT_H

/* A CRL with entries of more than this is a file beside the database, and so much of it is held in
 * memory at a time. */
#define CMC_LIMIT_CRL_HELD_OCTETS 65536u
/* CRLs that the certificates of one CA key are spread over. */
#define CMC_LIMIT_CRL_SHARDS 256u
/* Octets of one message, request or response, before anything is decoded. */
#define CMC_LIMIT_MESSAGE_OCTETS (16u * 1024u * 1024u)
/* Nesting of constructed encodings in one ASN.1 value. */
#define CMC_LIMIT_ASN1_DEPTH 32u
/* Elements of one SEQUENCE OF or SET OF, when the schema says nothing smaller. */
#define CMC_LIMIT_ASN1_ELEMENTS 65536u
/* TLVs in one message: what bounds the work of the first pass. */
#define CMC_LIMIT_ASN1_TLVS 2000000u
/* Octets of the content of one OBJECT IDENTIFIER. */
#define CMC_LIMIT_OID_OCTETS 64u
/* Octets of one INTEGER (transactionId, serialNumber, RSA modulus). */
#define CMC_LIMIT_INTEGER_OCTETS 4096u
/* Bits of a Diffie-Hellman modulus: the least that is safe, the most that is worth our time. */
#define CMC_LIMIT_DH_BITS_MIN 2048u
#define CMC_LIMIT_DH_BITS_MAX 8192u
/* Memory of one request arena. */
#define CMC_LIMIT_ARENA_OCTETS (256u * 1024u * 1024u)

/* Certificates and CRLs in the SignedData of one message. */
#define CMC_LIMIT_CMS_CERTS 32u
#define CMC_LIMIT_CMS_CRLS  8u
/* The same in what is decoded: a response holds a certificate for each request of a message. */
#define CMC_LIMIT_CMS_ISSUED (CMC_LIMIT_REQUESTS + CMC_LIMIT_CMS_CERTS)
/* SignerInfos in one SignedData. */
#define CMC_LIMIT_CMS_SIGNERS 16u
/* Recipients of one EnvelopedData, AuthEnvelopedData or AuthenticatedData. */
#define CMC_LIMIT_CMS_RECIPIENTS 16u
/* CMS structures around one PKIData or PKIResponse: signed, encrypted, signed. */
#define CMC_LIMIT_CMS_LAYERS 3u
/* Attributes in one SignerInfo, PKCS#10 or CRMF message. */
#define CMC_LIMIT_ATTRIBUTES 64u
/* Extensions asked for in one request, or present in one certificate. */
#define CMC_LIMIT_EXTENSIONS 64u
/* Controls and certification requests in one PKIData; a control each revokes 10,000 at once. */
#define CMC_LIMIT_CONTROLS 16384u
#define CMC_LIMIT_REQUESTS 4096u
/* Elements of one BodyPartPath. */
#define CMC_LIMIT_PATH 16u
/* Octets of a senderNonce, transactionId or dataReturn that we keep or echo. */
#define CMC_LIMIT_NONCE_OCTETS       256u
#define CMC_LIMIT_TRANSACTION_OCTETS 256u
#define CMC_LIMIT_DATA_RETURN_OCTETS 65536u
/* Rounds of PBKDF2 that a peer may ask of us, and octets of the key it makes. */
#define CMC_LIMIT_PBKDF2_ROUNDS 10000000u
#define CMC_LIMIT_PBKDF2_KEY    1024u
/* The same over all POP link witnesses of one message, each of which brings its own. */
#define CMC_LIMIT_POP_LINK_ROUNDS 2000000u
/* The same for one PasswordRecipientInfo, which works before anybody is known to have asked. */
#define CMC_LIMIT_PASSWORD_ROUNDS 1000000u
/* Octets of a shared secret, and of the identification that names it. */
#define CMC_LIMIT_SECRET_OCTETS   1024u
#define CMC_LIMIT_IDENTITY_OCTETS 255u
/* Characters that a shared secret has at least (RFC 10002 section 6.2). */
#define CMC_LIMIT_SECRET_CHARACTERS 16u
/* Certificates that one transaction of cmcd revoke changes. Nothing else is written meanwhile. */
#define CMC_LIMIT_REVOKE_AT_ONCE 100000u
/* Entries of one name space: of an officer, a shared secret, or the RAs of an endpoint. */
#define CMC_LIMIT_NAME_RULES 64u
/* Octets of the statusString that we emit. */
#define CMC_LIMIT_STATUS_STRING 512u

/* Certificates and CRLs that one message may ask for, and certificates that it may publish. */
#define CMC_LIMIT_GET_CERTS     16u
#define CMC_LIMIT_GET_CRLS      CMC_LIMIT_CMS_CRLS
#define CMC_LIMIT_PUBLISH_CERTS 256u
/* Octets of a CRL that a directory server is given: LDAP has no way to do it in pieces. */
#define CMC_LIMIT_LDAP_OCTETS (64u * 1024u * 1024u)
/* Trust anchors in one published set; they travel in one message with the responder's chain. */
#define CMC_LIMIT_ANCHORS 16u
/* Certificates that one OCSP request asks about, and octets of a nonce (RFC 9654). */
#define CMC_LIMIT_OCSP_REQUESTS     64u
#define CMC_LIMIT_OCSP_NONCE_OCTETS 128u
/* OCSP answers that a worker keeps, and octets of one with its request. */
#define CMC_LIMIT_OCSP_CACHE         4096u
#define CMC_LIMIT_OCSP_CACHED_OCTETS 16384u

/* Size of an error text, and of one log line. */
#define CMC_LIMIT_ERROR_TEXT 512u
#define CMC_LIMIT_LOG_LINE   4096u

/* A file named on a command line or in a configuration. */
#define CMC_LIMIT_FILE_OCTETS (64u * 1024u * 1024u)
/* Configuration: entries of each list. */
#define CMC_LIMIT_CONF_LISTENERS   16u
#define CMC_LIMIT_CONF_AUTHORITIES 16u
#define CMC_LIMIT_CONF_TARGETS     16u
#define CMC_LIMIT_CONF_PROFILES    256u
#define CMC_LIMIT_CONF_ENDPOINTS   256u
/* Tokens that status and doctor tell of. */
#define CMC_LIMIT_TOKENS 16u
/* Worker threads of cmcd. */
#define CMC_LIMIT_WORKERS 64u
/* Transactions that one durable commit of the store takes together. */
#define CMC_LIMIT_GROUP_COMMIT 128u
/* So many are enough to be worth a commit, though more are announced; and so long is waited. */
#define CMC_LIMIT_GROUP_GATHER       32u
#define CMC_LIMIT_GROUP_MICROSECONDS 5000u
/* Transactions that may wait for the writer before requests are told to try later. */
#define CMC_LIMIT_WRITER_QUEUE 4096u

#endif
