/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and certificates that live in a token: an NSS database (cert9.db, key4.db), which NSS's
 * softoken serves as a PKCS#11 module, or any other PKCS#11 token. Callers that only have a URI
 * need nothing of this: cmc_key_load() and cmc_certs_load() of key.h come here.
 *
 * Threads: a struct cmc_token belongs to one thread at a time; different ones may be used at
 * once. The EVP_PKEYs it hands out may be used and freed by any thread, several at once, and
 * stay good after cmc_token_free(): what they need stays open until the last one is freed. Free
 * them all before main() returns. A process that has opened a token must not fork and go on in
 * the child: PKCS#11 does not survive it.
 *
 * One process opens one NSS database: softoken can be initialised only once at a time.
 */
#ifndef CMC_KEY_TOKEN_H
#define CMC_KEY_TOKEN_H

#include "key/key.h"

struct cmc_token;

/* Which token. Strings are borrowed for the call. */
struct cmc_token_place {
    const char *dbdir;  /* directory of an NSS database, "sql:" before it allowed, or NULL */
    const char *module; /* path of a PKCS#11 module, or NULL: those that dbdir's pkcs11.txt names,
                           then those that p11-kit knows */
    const char *token;  /* its label. With dbdir, NULL, "", "internal", "Internal Key Storage
                           Token" and "NSS Certificate DB" mean the database itself */
    bool write;         /* keys or certificates will be made in it */
};

/*
 * Open a token. pass NULL: no login, so certificates (and trust) can be read and keys cannot,
 * unless the token wants no login. Otherwise, where the token wants one, exactly one login is
 * tried. c must outlive the token.
 * Errors, one line each: CMC_E_USAGE (password wrong or missing; no such directory; cert8.db, with
 * the command that converts it; another database is open), CMC_E_NOTFOUND (no such token, naming
 * those present), CMC_E_LOCAL (module not loadable, database damaged, token locked or removed).
 */
enum cmc_rc cmc_token_open(const struct cmc_crypto *c, const struct cmc_token_place *place,
                           const struct cmc_passphrase *pass, struct cmc_token **out,
                           struct cmc_err *err) CMC_MUST_USE;
void cmc_token_free(struct cmc_token *t); /* takes NULL */

/* "NSS Certificate DB", "my HSM": for messages. */
const char *cmc_token_label(const struct cmc_token *t);

/*
 * A token that goes away while its keys are in use: an operation then fails with CMC_E_RETRY, and
 * the token is gone back to, and logged in to, when a key of it is next used (in growing intervals
 * while that fails). A password from a file is read anew for that. One that the token has refused
 * is not tried a second time, so a changed password does not lock the token.
 */
struct cmc_token_state {
    char label[33];
    bool away;
    int64_t since;                  /* of being away, seconds of the epoch */
    char why[CMC_LIMIT_ERROR_TEXT]; /* what the token, or the way to it, said last */
};
/* The tokens that this process has open, at most max. Returns how many were written. */
size_t cmc_tokens_now(struct cmc_token_state *out, size_t max);
/*
 * Have fn called when a token has gone away or is back: once each, in the thread that found out.
 * One that was back at once is told as back only. fn must not use keys. NULL: nobody is told.
 */
typedef void (*cmc_token_watch_fn)(void *arg, const struct cmc_token_state *state);
void cmc_tokens_watch(cmc_token_watch_fn fn, void *arg);

/*
 * The private key of the certificate with this nickname ("nick" or "token:nick"), or, in tokens
 * that label keys (not NSS), the key with this label. Of several certificates of one nickname the
 * first in the order of cmc_token_certs_by_nickname() that has a key. The caller frees *out.
 * Errors: CMC_E_NOTFOUND (no such certificate or key: the text says which), CMC_E_USAGE (several
 * keys fit; not logged in), CMC_E_LOCAL.
 */
enum cmc_rc cmc_token_key_by_nickname(struct cmc_token *t, const char *nickname, EVP_PKEY **out,
                                      struct cmc_err *err) CMC_MUST_USE;

/* The private key with these octets as CKA_ID. Errors as above. */
enum cmc_rc cmc_token_key_by_id(struct cmc_token *t, struct cmc_slice id, EVP_PKEY **out,
                                struct cmc_err *err) CMC_MUST_USE;

/*
 * Key ids as Dogtag's tools write and read them: the octets of CKA_ID as a two's complement number
 * in lower-case hex, '-' before it when negative, leading zeros dropped. When read, that is
 * extended to 20 octets; "0x..." is plain hex, one zero put before it where the count is odd.
 * Errors: CMC_E_INPUT (not such a number, or above 64 octets), CMC_E_MEM.
 */
enum cmc_rc cmc_key_id_parse(const char *text, struct cmc_arena *arena, struct cmc_slice *id,
                             struct cmc_err *err) CMC_MUST_USE;
/* NULL when out of memory. */
const char *cmc_key_id_text(struct cmc_slice id, struct cmc_arena *arena);

struct cmc_token_cert {
    const char *nickname; /* CKA_LABEL; "" where it has none */
    struct cmc_slice der; /* the whole certificate; it decodes */
    struct cmc_slice id;  /* CKA_ID, which its key has too; may be empty */
    bool has_key;         /* a private key with this id is there; always false when not
                             logged in */
};

/*
 * All X.509 certificates of the token (for building chains), into the arena. Those that do not
 * decode are left out. None at all is no error: *n is 0.
 * Errors: CMC_E_LOCAL, CMC_E_LIMIT, CMC_E_MEM.
 */
enum cmc_rc cmc_token_certs(struct cmc_token *t, struct cmc_arena *arena,
                            struct cmc_token_cert **out, size_t *n,
                            struct cmc_err *err) CMC_MUST_USE;

/*
 * Those of a nickname ("nick" or "token:nick"), best first as NSS chooses: those valid now before
 * others, then the one whose validity began last. At least one, else CMC_E_NOTFOUND.
 */
enum cmc_rc cmc_token_certs_by_nickname(struct cmc_token *t, const char *nickname,
                                        struct cmc_arena *arena, struct cmc_token_cert **out,
                                        size_t *n, struct cmc_err *err) CMC_MUST_USE;

/* What an NSS database says about trusting a certificate for one purpose, as certutil letters. */
enum {
    CMC_TRUST_VALID_CA = 1 << 0,   /* c */
    CMC_TRUST_CA = 1 << 1,         /* C: issues server (or mail, code) certificates we trust */
    CMC_TRUST_CLIENT_CA = 1 << 2,  /* T: issues TLS client certificates we trust */
    CMC_TRUST_PEER = 1 << 3,       /* P: itself trusted, whoever issued it */
    CMC_TRUST_PROHIBITED = 1 << 4, /* p alone: never */
};

struct cmc_token_trust {
    unsigned int ssl, mail, code; /* CMC_TRUST_ flags */
};

/*
 * The trust of a certificate (whole DER) as the database has it; all 0 where it says nothing, and
 * in tokens that are no NSS database. certutil's 'u' is cmc_token_cert.has_key. NSS guards trust by
 * a MAC under the password and checks it when logged in (some milliseconds for each certificate;
 * what it then does not give out is 0 here); without a login trust is read unchecked. The roots
 * that NSS brings along are not in the database and not known here. Errors: CMC_E_INPUT (no
 * certificate), CMC_E_LOCAL, CMC_E_MEM.
 */
enum cmc_rc cmc_token_trust(struct cmc_token *t, struct cmc_slice der, struct cmc_token_trust *out,
                            struct cmc_err *err) CMC_MUST_USE;

/* An attribute of a new key that the caller may leave to us. */
enum cmc_tristate { CMC_UNSAID = 0, CMC_NO, CMC_YES };

enum {
    CMC_KEY_SIGN = 1 << 0,    /* sign */
    CMC_KEY_DECRYPT = 1 << 1, /* RSA: decrypt and unwrap (encryptedPOP needs it) */
    CMC_KEY_DERIVE = 1 << 2,  /* EC: ECDH */
    CMC_KEY_WRAP = 1 << 3,    /* RSA: wrap by the public and unwrap by the private key only */
};

struct cmc_token_keygen {
    const char *spec;  /* "rsa:BITS" (1024 to 16384; the token decides), "ec:CURVE" with CURVE of
                          P-256, nistp256, secp256r1, prime256v1 and so on for 384 and 521 */
    const char *label; /* CKA_LABEL of both keys; NULL, as Dogtag's tools: none. certutil -K then
                          shows an NSS key by the nickname of its certificate */
    bool temporary;    /* a session key: gone when the token is closed */
    enum cmc_tristate sensitive;   /* CKA_SENSITIVE; unsaid: yes for a permanent key */
    enum cmc_tristate extractable; /* CKA_EXTRACTABLE; unsaid: the token decides */
    unsigned int usage;            /* CMC_KEY_ flags; 0: sign, for RSA also decrypt, for EC also
                                      derive */
};

/*
 * Make a key pair in the token. Its id (CKA_ID) is what NSS would give it: SHA-1 of the modulus or
 * of the EC point; *id goes into the arena (id may be NULL). A permanent one needs
 * cmc_token_place.write.
 * Errors: CMC_E_USAGE (spec, not writable, not logged in), CMC_E_LOCAL (the token refuses).
 */
enum cmc_rc cmc_token_generate(struct cmc_token *t, const struct cmc_token_keygen *spec,
                               struct cmc_arena *arena, struct cmc_slice *id, EVP_PKEY **out,
                               struct cmc_err *err) CMC_MUST_USE;

/* How a private key is wrapped: RFC 3394 after PKCS#7 padding (PKCS#11's AES_KEY_WRAP_PAD), RFC
 * 5649, CBC with padding. */
enum cmc_token_wrap_kind {
    CMC_WRAP_AES_PAD,
    CMC_WRAP_AES_KWP,
    CMC_WRAP_AES_CBC_PAD,
    CMC_WRAP_DES3_CBC_PAD
};

/*
 * The private key with this id as PrivateKeyInfo, wrapped by a secret key (its octets), into the
 * arena. iv: for CBC. Errors: CMC_E_USAGE (the token does not let it out, or does not know the
 * way), CMC_E_NOTFOUND, CMC_E_LOCAL.
 */
enum cmc_rc cmc_token_wrap(struct cmc_token *t, struct cmc_slice id, enum cmc_token_wrap_kind kind,
                           struct cmc_slice secret, struct cmc_slice iv, struct cmc_arena *arena,
                           struct cmc_slice *out, struct cmc_err *err) CMC_MUST_USE;

/*
 * Put a certificate into the token under a nickname; its CKA_ID is that of its key where the key
 * is there. One that is there already, or another of its issuer and serial number, is
 * CMC_E_CONFLICT; so is, in NSS, a nickname that another subject has. Needs cmc_token_place.write.
 * Trust is not set: that is certutil's work.
 */
enum cmc_rc cmc_token_cert_import(struct cmc_token *t, struct cmc_slice der, const char *nickname,
                                  struct cmc_err *err) CMC_MUST_USE;

#endif
