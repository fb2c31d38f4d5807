/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The limits of officers and shared secrets: profiles with a comma between them, names with a
 * line feed; NULL is no limit. held.asked_by: see struct cmc_held. The counter officer-change is
 * the audit record of the last change of an officer.
 */
#ifndef CMC_STORE_SQLITE_SCHEMA_OFFICER_H
#define CMC_STORE_SQLITE_SCHEMA_OFFICER_H

#define CMC_SQLITE_SCHEMA_OFFICER                                                                  \
    "ALTER TABLE officer ADD COLUMN profiles TEXT;"                                                \
    "ALTER TABLE officer ADD COLUMN names TEXT;"                                                   \
    "ALTER TABLE secret ADD COLUMN names TEXT;"                                                    \
    "ALTER TABLE held ADD COLUMN asked_by TEXT;"                                                   \
    "INSERT INTO counter VALUES ('officer-change', 0);"

#endif
