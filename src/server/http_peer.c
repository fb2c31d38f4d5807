/* SPDX-License-Identifier: Apache-2.0 */
/* Who is connected, and how many of them there may be. */
#include <netinet/in.h>
#include <stdio.h>

#include "server/http_int.h"

/* An IPv4 address, or the /64 network of an IPv6 one: what one subscriber has to his name. */
uint64_t cmc_http_address_key(const struct sockaddr *sa)
{
    const struct sockaddr_in *v4 = (const void *)sa;
    const struct sockaddr_in6 *v6 = (const void *)sa;
    uint64_t key = 0;

    if (sa->sa_family == AF_INET)
        return v4->sin_addr.s_addr;
    if (sa->sa_family == AF_INET6)
        memcpy(&key, &v6->sin6_addr, sizeof key);
    return key;
}

void cmc_http_peer_text(const struct sockaddr *sa, char out[CMC_HTTP_PEER_OCTETS])
{
    const struct sockaddr_in *v4 = (const void *)sa;
    const struct sockaddr_in6 *v6 = (const void *)sa;
    char a[INET6_ADDRSTRLEN];

    if (sa->sa_family == AF_INET)
        (void)snprintf(out, CMC_HTTP_PEER_OCTETS, "%s:%u",
                       evutil_inet_ntop(AF_INET, &v4->sin_addr, a, sizeof a), ntohs(v4->sin_port));
    else if (sa->sa_family == AF_INET6)
        (void)snprintf(out, CMC_HTTP_PEER_OCTETS, "[%s]:%u",
                       evutil_inet_ntop(AF_INET6, &v6->sin6_addr, a, sizeof a),
                       ntohs(v6->sin6_port));
    else
        (void)snprintf(out, CMC_HTTP_PEER_OCTETS, "unknown");
}

size_t cmc_http_address_list(uint64_t address)
{
    return (size_t)((address * 0x9e3779b97f4a7c15u) >> 56) % CMC_HTTP_ADDRESS_LISTS;
}

/* The cap that one more connection would break, or NULL. */
static const char *cap_reached(const struct cmc_http *h, uint64_t address)
{
    const struct cmc_http_conn *c;
    unsigned int n = 0;

    if (h->conn_count >= h->limits.connections)
        return "connections";
    if (h->limits.per_address == 0)
        return NULL;
    LIST_FOREACH(c, &h->by_address[cmc_http_address_list(address)], by_address)
    {
        if (c->address == address && ++n >= h->limits.per_address)
            return "connections per address";
    }
    return NULL;
}

/* At most one line a second: refusals come in floods. */
static void log_refused(struct cmc_http *h, const char *cap, const char *peer)
{
    time_t now = time(NULL);
    char count[16];

    h->refused++;
    if (now == h->refused_at)
        return;
    (void)snprintf(count, sizeof count, "%u", h->refused);
    cmc_log_event(h->log, CMC_LOG_WARNING, "http-connection-refused", "cap", cap, "peer", peer,
                  "count", count, NULL);
    h->refused_at = now;
    h->refused = 0;
}

bool cmc_http_may_connect(struct cmc_http *h, uint64_t address, const char *peer)
{
    const char *cap = cap_reached(h, address);

    if (cap != NULL)
        log_refused(h, cap, peer);
    return cap == NULL;
}
