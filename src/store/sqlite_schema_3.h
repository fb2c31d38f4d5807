/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schema version 3: what lasts longer than one exchange. Each part that adds tables in this
 * version has its own list here; sqlite.c runs them as one step.
 *
 * A message is kept once, however many of its requests are held. The key of a nonce is random,
 * so its table is kept small: what is too old is swept away.
 */
#ifndef CMC_STORE_SQLITE_SCHEMA_3_H
#define CMC_STORE_SQLITE_SCHEMA_3_H

#define CMC_SQLITE_PENDING_TABLES                                                                  \
    "CREATE TABLE held_message ("                                                                  \
    " id INTEGER PRIMARY KEY,"                                                                     \
    " digest BLOB NOT NULL UNIQUE,"                                                                \
    " octets BLOB NOT NULL) STRICT;"                                                               \
    "CREATE TABLE held ("                                                                          \
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"                                                       \
    " token BLOB NOT NULL UNIQUE,"                                                                 \
    " state INTEGER NOT NULL,"                                                                     \
    " owner BLOB NOT NULL,"                                                                        \
    " key BLOB NOT NULL,"                                                                          \
    " requester TEXT,"                                                                             \
    " endpoint TEXT NOT NULL,"                                                                     \
    " profile TEXT NOT NULL,"                                                                      \
    " body_part INTEGER NOT NULL,"                                                                 \
    " simple INTEGER NOT NULL,"                                                                    \
    " request BLOB NOT NULL,"                                                                      \
    " subject BLOB NOT NULL,"                                                                      \
    " subject_text TEXT,"                                                                          \
    " extensions BLOB,"                                                                            \
    " txn_id BLOB,"                                                                                \
    " held_at INTEGER NOT NULL,"                                                                   \
    " poll_at INTEGER NOT NULL,"                                                                   \
    " needed INTEGER NOT NULL,"                                                                    \
    " message INTEGER NOT NULL REFERENCES held_message(id),"                                       \
    " decided_at INTEGER NOT NULL DEFAULT 0,"                                                      \
    " decided_by TEXT,"                                                                            \
    " reason TEXT,"                                                                                \
    " issuer BLOB,"                                                                                \
    " serial BLOB) STRICT;"                                                                        \
    "CREATE INDEX held_open ON held (id) WHERE state < 2;"                                         \
    "CREATE INDEX held_ended ON held (decided_at) WHERE state >= 2;"                               \
    "CREATE INDEX held_by_message ON held (message);"                                              \
    "CREATE TABLE approval ("                                                                      \
    " held INTEGER NOT NULL REFERENCES held(id) ON DELETE CASCADE,"                                \
    " by TEXT NOT NULL,"                                                                           \
    " at INTEGER NOT NULL,"                                                                        \
    " PRIMARY KEY (held, by)) STRICT, WITHOUT ROWID;"                                              \
    "CREATE TABLE await ("                                                                         \
    " issuer BLOB NOT NULL,"                                                                       \
    " serial BLOB NOT NULL,"                                                                       \
    " state INTEGER NOT NULL,"                                                                     \
    " owner BLOB NOT NULL,"                                                                        \
    " key BLOB NOT NULL,"                                                                          \
    " endpoint TEXT NOT NULL,"                                                                     \
    " body_part INTEGER NOT NULL,"                                                                 \
    " txn_id BLOB,"                                                                                \
    " issued_at INTEGER NOT NULL,"                                                                 \
    " deadline INTEGER NOT NULL,"                                                                  \
    " PRIMARY KEY (serial, issuer)) STRICT, WITHOUT ROWID;"                                        \
    "CREATE INDEX await_deadline ON await (deadline) WHERE state = 0;"                             \
    "CREATE INDEX await_transaction ON await (txn_id) WHERE state = 0;"                            \
    "CREATE TABLE nonce ("                                                                         \
    " key BLOB PRIMARY KEY,"                                                                       \
    " message BLOB NOT NULL,"                                                                      \
    " at INTEGER NOT NULL) STRICT, WITHOUT ROWID;"                                                 \
    "CREATE INDEX nonce_at ON nonce (at);"                                                         \
    "CREATE TABLE nonce_secret ("                                                                  \
    " id INTEGER PRIMARY KEY CHECK (id = 1),"                                                      \
    " secret BLOB NOT NULL) STRICT;"                                                               \
    "INSERT INTO counter VALUES ('answers-forgotten', 0);"

#define CMC_SQLITE_SCHEMA_3 CMC_SQLITE_PENDING_TABLES

#endif
