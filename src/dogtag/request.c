/* SPDX-License-Identifier: Apache-2.0 */
#include "dogtag/request.h"

uint32_t dog_request_id(struct dog_request *rq)
{
    for (;;) {
        uint32_t id = rq->next_id++;
        bool taken = false;

        for (size_t i = 0; i < rq->ninputs && rq->fixed_ids && !taken; i++)
            taken = rq->inputs[i].rq.body_part_id == id;
        if (!taken)
            return id;
    }
}

enum cmc_rc dog_request_own_key(struct dog_request *rq, const char *why)
{
    const char *id = NULL;
    enum cmc_rc rc;

    if (rq->own != NULL)
        return CMC_OK;
    rc = dog_config_want(rq->d, rq->cfg, "request.privKeyId", why, &id);
    if (rc == CMC_OK)
        rc = dog_db_key(rq->d, &rq->db, id, &rq->own);
    if (rc == CMC_E_NOTFOUND)
        cmc_err_prefix(&rq->d->err, "request.privKeyId=%s", id);
    return rc;
}
