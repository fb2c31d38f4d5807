/* SPDX-License-Identifier: Apache-2.0 */
/* A store in a directory of its own, and records to put into it. */
#ifndef CMC_TEST_STORE_HELPER_H
#define CMC_TEST_STORE_HELPER_H

#include <sqlite3.h>

#include "store/store.h"

#define NOW 1800000000

struct place {
    char dir[64], path[96];
    struct cmc_store *store;
    struct cmc_reader *reader;
    struct cmc_arena *arena;
    struct cmc_err err;
};

extern const struct cmc_slice issuer_a, issuer_b;

/* cmocka setup and teardown: *state is a struct place with an empty, open store. */
int place_make(void **state);
int place_remove(void **state);
/* As place_make(), but without a store. */
int place_make_bare(void **state);
/* Open what is at place->path, and a reader. */
void place_open(struct place *p, bool create);
void place_close(struct place *p);

/* Certificate number n of issuer_a; the serial is 20 octets that do not follow the order of n.
 * What it points to is static for n, until 64 further calls in the same thread. */
struct cmc_cert_record cert_make(uint32_t n);
struct cmc_slice serial_make(uint32_t n);
/* 32 octets made of n; lives as the serial does. */
const uint8_t *digest_make(uint32_t n);

/* Put certificates 0 .. n-1 of issuer_a. */
void put_certs(struct place *p, uint32_t n);
enum cmc_rc change(struct place *p, uint32_t n, enum cmc_cert_state from, enum cmc_cert_state to,
                   uint32_t reason);
uint64_t generation(struct place *p);
int64_t audit_count(struct place *p);

/* Back to officers without limits. */
#define SQL_BEFORE_OFFICER                                                                         \
    "ALTER TABLE officer DROP COLUMN profiles; ALTER TABLE officer DROP COLUMN names;"             \
    "DELETE FROM counter WHERE name = 'officer-change';"                                           \
    "ALTER TABLE secret DROP COLUMN names; ALTER TABLE held DROP COLUMN asked_by;"                 \
    "UPDATE meta SET value = 8 WHERE key = 'schema_version';"
/* Back to one CRL for each issuer. */
#define SQL_BEFORE_CRL_PARTS                                                                       \
    SQL_BEFORE_OFFICER                                                                             \
    "ALTER TABLE issuer ADD COLUMN crl_number INTEGER NOT NULL DEFAULT 0;"                         \
    "UPDATE issuer SET crl_number ="                                                               \
    " coalesce((SELECT p.crl_number FROM crl_part p WHERE p.issuer = id AND p.part = 0), 0);"      \
    "DROP TABLE crl_part; DROP TABLE crl_change;"                                                  \
    "DELETE FROM counter WHERE name = 'crl-changes';"                                              \
    "DROP INDEX cert_revoked; ALTER TABLE cert DROP COLUMN part;"                                  \
    "CREATE INDEX cert_revoked ON cert"                                                            \
    " (issuer, serial, not_after, state, reason, revoked_at, invalidity_at) WHERE state <> 0;"     \
    "ALTER TABLE crl RENAME TO parted;"                                                            \
    "CREATE TABLE crl (issuer INTEGER PRIMARY KEY REFERENCES issuer(id), number INTEGER NOT NULL," \
    " this_update INTEGER NOT NULL, next_update INTEGER NOT NULL, generation INTEGER NOT NULL,"    \
    " der BLOB NOT NULL) STRICT;"                                                                  \
    "INSERT INTO crl SELECT issuer, number, this_update, next_update, generation, der FROM parted" \
    " WHERE part = 0 AND delta = 0;"                                                               \
    "DROP TABLE parted; DROP INDEX crl_history_time; ALTER TABLE crl_history RENAME TO parted;"    \
    "CREATE TABLE crl_history (issuer INTEGER NOT NULL REFERENCES issuer(id),"                     \
    " number INTEGER NOT NULL, this_update INTEGER NOT NULL, next_update INTEGER NOT NULL,"        \
    " der BLOB NOT NULL, PRIMARY KEY (issuer, number)) STRICT;"                                    \
    "INSERT INTO crl_history SELECT issuer, number, this_update, next_update, der FROM parted"     \
    " WHERE part = 0;"                                                                             \
    "CREATE INDEX crl_history_time ON crl_history (issuer, this_update, number);"                  \
    "DROP TABLE parted; ALTER TABLE crl_file RENAME TO parted;"                                    \
    "CREATE TABLE crl_file (issuer INTEGER NOT NULL REFERENCES issuer(id),"                        \
    " number INTEGER NOT NULL, octets INTEGER NOT NULL, PRIMARY KEY (issuer, number))"             \
    " STRICT, WITHOUT ROWID;"                                                                      \
    "INSERT INTO crl_file SELECT issuer, number, octets FROM parted WHERE part = 0;"               \
    "DROP TABLE parted;"                                                                           \
    "UPDATE meta SET value = 7 WHERE key = 'schema_version';"
/* Back from schema version 3 to what was there before. */
#define SQL_BEFORE_SCHEMA_3                                                                        \
    SQL_BEFORE_CRL_PARTS                                                                           \
    "DROP TABLE crl_file;"                                                                         \
    "DROP TABLE unique_key; DROP TABLE publication; DROP TABLE cert_digest; DROP TABLE anchor;"    \
    "DROP TABLE anchor_set; DROP TABLE crl_history;"                                               \
    "DROP TABLE approval; DROP TABLE held; DROP TABLE held_message; DROP TABLE await;"             \
    "DROP TABLE nonce; DROP TABLE nonce_secret;"                                                   \
    "DELETE FROM counter WHERE name = 'answers-forgotten';"

/* Run SQL past the store, as somebody with the sqlite3 shell would. */
void sql(const char *path, const char *text);

#endif
