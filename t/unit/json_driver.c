/* Reads JSON texts from standard input and answers what the scanner, the tree and the writer make
 * of each, for json_python.py to compare with Python's json module.
 *
 * A request is a line with the length of the text in bytes, then the text. An answer is a line
 * "verdict fault duplicate cuts length", then the value as written. Verdict: 1 if accepted; cuts:
 * 1 if every way of cutting the text gave the same. */
#include <stdio.h>
#include <stdlib.h>

#include <apr_general.h>

#include "json_cuts.h"

#define LONGEST_TEXT (64u << 20)
#define RANDOM_CUTS 3

static const json_limits_t limits = {.nodes = 1000000,
                                     .bytes = 32u << 20,
                                     .string = 1u << 20,
                                     .members = 1000000};

static void answer(apr_pool_t *pool, const char *data, apr_size_t length, apr_uint32_t *chance)
{
    json_record_t record;
    int same = json_record_cuts(&record, pool, &limits, data, length, RANDOM_CUTS, chance);

    printf("%d %d %d %d %" APR_SIZE_T_FMT "\n", record.accepted, (int)record.fault,
           record.duplicate_key, same, record.output.length);
    fwrite(buffer_string(&record.output), 1, record.output.length, stdout);
    fflush(stdout);
}

/* Returns 0 when there is no further text, 1 after an answer, -1 if the request is broken. */
static int serve(apr_pool_t *pool, apr_uint32_t *chance)
{
    unsigned long length;
    char line[32], *data;

    if (!fgets(line, sizeof(line), stdin)) {
        return 0;
    }
    length = strtoul(line, NULL, 10);
    if (length > LONGEST_TEXT) {
        return -1;
    }
    /* Exactly as long as the text, so that a sanitizer sees a read behind it. */
    data = malloc(length ? length : 1);
    if (!data || fread(data, 1, length, stdin) != length) {
        free(data);
        return -1;
    }
    answer(pool, data, length, chance);
    free(data);
    return 1;
}

int main(void)
{
    apr_uint32_t chance = 1;
    apr_pool_t *pool;
    int served;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    do {
        served = serve(pool, &chance);
        apr_pool_clear(pool);
    } while (served > 0);
    apr_terminate();
    return served ? EXIT_FAILURE : EXIT_SUCCESS;
}
