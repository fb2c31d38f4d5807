/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the benchmarks share: a server in a folder of its own, a load over keep-alive connections,
 * and the floor: the bare EVP operations that the work cannot do without, measured by the same
 * program in the same run with keys loaded.
 *
 * A failure ends the program: a benchmark that went wrong has nothing to say.
 */
#ifndef CMC_TEST_BENCH_H
#define CMC_TEST_BENCH_H

#include <openssl/ssl.h>
#include <sys/types.h>
#include <time.h>

#include "base/arena.h"
#include "crypto/crypto.h"

#define BENCH_PATH 256
#define MICRO      1e6

/* err may be NULL. */
_Noreturn void bench_die(const char *what, const struct cmc_err *err);
double bench_seconds(clockid_t clock);
void *bench_alloc(size_t count, size_t size);
/* Run a program to its end; its standard output is dropped. */
void bench_run(const char *const *argv);
/* Start one that goes on until it is killed; what it says is dropped. */
pid_t bench_spawn(const char *const *argv);
void bench_kill(pid_t pid);
uint16_t bench_free_port(void);
bool bench_listens(uint16_t port);
/* Send one request and read the whole answer, however large. Returns the wall seconds. */
double bench_fetch(uint16_t port, struct cmc_slice request, size_t *octets);
/* One line of the table: what ./bench reads. better: "<=" or ">=". */
void bench_result(const char *name, double value, const char *unit, const char *better,
                  double goal);
void bench_note(const char *fmt, ...) CMC_PRINTF(1, 2);

/* -- the server -------------------------------------------------------------------------- */

struct bench_server {
    char dir[BENCH_PATH]; /* removed by bench_server_stop(); the authority is in ca/ */
    const char *cmcd;
    pid_t pid;
    uint16_t port, tls_port;
    clockid_t cpu; /* of all its threads */
};

/* cmcd init in a new folder. key_type: "ec:P-256". workers 0: as init writes it. */
void bench_server_init(struct bench_server *s, const char *cmcd, const char *key_type,
                       unsigned int workers);
void bench_server_start(struct bench_server *s);
/* It ends, and may be started again; stop removes its folder too. */
void bench_server_end(struct bench_server *s);
void bench_server_stop(struct bench_server *s);
/* "DIR/ca/NAME" into out; returns out. */
const char *bench_file(const struct bench_server *s, const char *name, char out[BENCH_PATH * 2]);

/* -- the load ---------------------------------------------------------------------------- */

struct bench_load {
    uint16_t port;
    bool tls;
    size_t connections;
    struct cmc_slice *requests; /* whole HTTP requests */
    size_t n, warm_up;          /* the first so many are not measured */
    clockid_t cpu;              /* of the server */
    double (*floor)(void *arg); /* microseconds; measured before, in the middle and after */
    void *floor_arg;
};

struct bench_outcome {
    double cpu;                         /* microseconds of the server for each request */
    double floor, floor_min, floor_max; /* the median of three */
    double rate;                        /* requests a second, the load on the same machine */
    double p50, p99;                    /* latency, microseconds */
};

void bench_drive(const struct bench_load *l, struct bench_outcome *out);
void bench_print(const struct bench_outcome *o, size_t per_request, const char *what);

/* -- the floor --------------------------------------------------------------------------- */

/* Microseconds of one signature, and of one verification, by EVP_DigestSign and -Verify. */
double bench_sign_us(EVP_PKEY *key);
double bench_verify_us(EVP_PKEY *key);

#endif
