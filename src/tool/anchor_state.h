/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trust anchors that a client keeps: a JSON file with one set for each publisher, each with
 * the sequence number used last and where it came from, so that publishers do not disturb each
 * other (RFC 10002 section 6.15). One more set holds what the user named.
 */
#ifndef CMC_TOOL_ANCHOR_STATE_H
#define CMC_TOOL_ANCHOR_STATE_H

#include "client/anchors.h"
#include "tool/tool.h"

struct json_t;

struct tool_anchor_state {
    struct json_t *root; /* owned */
    int lock;            /* file descriptor, or -1 */
};

/*
 * Read the file, or begin anew when there is none. lock: nobody else may read it so until
 * tool_anchors_close(). Errors: CMC_E_LOCAL, CMC_E_INPUT (not such a file).
 */
enum cmc_rc tool_anchors_open(struct tool *t, const char *path, bool lock,
                              struct tool_anchor_state *out) CMC_MUST_USE;
void tool_anchors_close(struct tool_anchor_state *s);
enum cmc_rc tool_anchors_save(struct tool *t, const char *path,
                              const struct tool_anchor_state *s) CMC_MUST_USE;

/* All anchors of all sets, each once, as whole DERs in the arena. */
enum cmc_rc tool_anchors_all(struct tool *t, const struct tool_anchor_state *s,
                             struct cmc_slice **out, size_t *n) CMC_MUST_USE;

/* Add certificates that the user named, from a file; those that are there stay as they are. */
enum cmc_rc tool_anchors_add_local(struct tool *t, struct tool_anchor_state *s, const char *source,
                                   const struct cmc_slice *certs, size_t n) CMC_MUST_USE;
/* Forget what the user named. */
void tool_anchors_drop_local(struct tool_anchor_state *s);
/* Forget a publisher, by the hash that the file has. CMC_E_NOTFOUND. */
enum cmc_rc tool_anchors_forget(struct tool *t, struct tool_anchor_state *s,
                                struct cmc_slice publisher) CMC_MUST_USE;

/*
 * Replace the set of the update's publisher. Errors: CMC_E_REFUSED when its sequence number is not
 * greater than the last one of this publisher.
 */
enum cmc_rc tool_anchors_update(struct tool *t, struct tool_anchor_state *s,
                                const struct cmc_anchor_update *u, const char *source,
                                int64_t now) CMC_MUST_USE;

/* The sets as PEM, each certificate under a line that says where it comes from. */
enum cmc_rc tool_anchors_pem(struct tool *t, const struct tool_anchor_state *s,
                             struct cmc_buf *out) CMC_MUST_USE;

#endif
