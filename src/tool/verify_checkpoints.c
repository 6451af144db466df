/* The checkpoints that a verification compares the trail with. */
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/proof.h"
#include "text/key_file.h"
#include "verify.h"

#define AT_ONCE 1000

/* With --key only these count; without, whoever signed: then a checkpoint says no more than that
 * nobody without a key of its own wrote the trail anew. */
static int is_accepted(const tool_t *tool, const checkpoint_t *checkpoint)
{
    for (int i = 0; i < tool->key_count; i++) {
        if (!strcmp(tool->keys[i], checkpoint->key)) {
            return 1;
        }
    }
    return tool->key_count == 0;
}

/* ---- files ---- */

static int bad_file(const char *path, apr_status_t status)
{
    char reason[128];

    if (status == APR_EINVAL || status == APR_EACCES) {
        printf("%s is no checkpoint, or was altered\n", path);
        return EXIT_TAMPERED;
    }
    fprintf(stderr, "user-audit: cannot read %s: %s\n", path,
            apr_strerror(status, reason, sizeof(reason)));
    return EXIT_UNREADABLE;
}

static int expect_file(tool_t *tool, verify_t *verify, const char *path)
{
    checkpoint_t checkpoint;
    char text[CHECKPOINT_TEXT_SIZE];
    apr_status_t status = checkpoint_load(path, &checkpoint, text, tool->pool);

    if (status != APR_SUCCESS) {
        return bad_file(path, status);
    }
    if (!is_accepted(tool, &checkpoint)) {
        printf("%s is signed with the key %s, which is none of those given\n", path,
               checkpoint.key);
        return EXIT_TAMPERED;
    }
    verify_expect(verify, &checkpoint);
    return EXIT_SUCCESS;
}

/* The last file of each node of the folder; none if the folder cannot be read. */
static int expect_folder(tool_t *tool, verify_t *verify)
{
    const char *folder = apr_pstrcat(tool->pool, tool->state_dir, "/checkpoints", NULL);
    apr_array_header_t *chains;
    int result = EXIT_SUCCESS;

    if (store_chains(tool->store, &chains, tool->pool) != APR_SUCCESS) {
        return tool_unreadable(tool);
    }
    for (int i = 0; i < chains->nelts && !result; i++) {
        checkpoint_t checkpoint;
        char text[CHECKPOINT_TEXT_SIZE];
        apr_status_t status = checkpoint_last(folder, APR_ARRAY_IDX(chains, i, store_chain_t).node,
                                              &checkpoint, text, tool->pool);

        if (status == APR_EINVAL || status == APR_EACCES) {
            result = bad_file(apr_pstrcat(tool->pool, "the last file of ", folder, NULL), status);
        }
        else if (status == APR_SUCCESS && is_accepted(tool, &checkpoint)) {
            verify_expect(verify, &checkpoint);
            apr_hash_set(tool->filed, apr_pstrdup(tool->pool, checkpoint.node), APR_HASH_KEY_STRING,
                         apr_pmemdup(tool->pool, &checkpoint.number, sizeof(checkpoint.number)));
        }
    }
    return result;
}

int verify_read_files(tool_t *tool, verify_t *verify)
{
    int result;

    tool->filed = apr_hash_make(tool->pool);
    result = tool->csv ? EXIT_SUCCESS : expect_folder(tool, verify);
    for (int i = 0; i < tool->file_count && !result; i++) {
        result = expect_file(tool, verify, tool->files[i]);
    }
    return result;
}

/* ---- the store's ---- */

typedef struct stored_t {
    tool_t *tool;
    verify_t *verify; /* NULL: numbers are looked at */
    char node[CHECKPOINT_NODE_SIZE], digest[DIGEST_HEX_SIZE];
    apr_int64_t number;
    apr_array_header_t *nodes; /* of verify_node_t * */
} stored_t;

static const char *altered(const stored_t *stored, const store_checkpoint_t *row, const char *how)
{
    return apr_psprintf(stored->tool->pool,
                        "checkpoint %" APR_INT64_T_FMT " of node %s in the store %s", row->number,
                        row->node, how);
}

static const char *read_row(stored_t *stored, const store_checkpoint_t *row,
                            checkpoint_t *checkpoint)
{
    if (checkpoint_read(checkpoint, row->text) != APR_SUCCESS ||
        strcmp(checkpoint->node, row->node) || checkpoint->number != row->number) {
        return altered(stored, row, "was altered");
    }
    return is_accepted(stored->tool, checkpoint)
               ? NULL
               : altered(stored, row, "is signed with a key that is none of those given");
}

/* The store lacks numbers where an older copy was restored, up to the one the chain goes on from.
 */
static int was_restored(const stored_t *stored, const char *name, apr_int64_t number)
{
    for (int i = 0; i < stored->nodes->nelts; i++) {
        const verify_node_t *node = APR_ARRAY_IDX(stored->nodes, i, const verify_node_t *);

        for (int j = 0; j < node->restored->nelts && !strcmp(node->name, name); j++) {
            if (APR_ARRAY_IDX(node->restored, j, apr_int64_t) == number) {
                return 1;
            }
        }
    }
    return 0;
}

static const char *check_number(stored_t *stored, const store_checkpoint_t *row,
                                const checkpoint_t *checkpoint)
{
    int same = !strcmp(stored->node, row->node);
    apr_int64_t before = same ? stored->number : 0;
    const char *digest = same ? stored->digest : CHECKPOINT_NONE;

    if (row->number == before + 1 ? strcmp(checkpoint->previous, digest) != 0
                                  : !was_restored(stored, row->node, row->number - 1)) {
        return altered(stored, row, "does not follow on the one before: one is missing or altered");
    }
    return NULL;
}

/* A checkpoint is in the store before it is in a file. */
static void note_stored(stored_t *stored, const store_checkpoint_t *row)
{
    const apr_int64_t *filed = apr_hash_get(stored->tool->filed, row->node, APR_HASH_KEY_STRING);

    if (filed && *filed <= row->number) {
        apr_hash_set(stored->tool->filed, row->node, APR_HASH_KEY_STRING, NULL);
    }
}

static const char *visit_row(stored_t *stored, const store_checkpoint_t *row)
{
    checkpoint_t checkpoint;
    const char *fault = read_row(stored, row, &checkpoint);

    if (!fault && stored->verify) {
        verify_expect(stored->verify, &checkpoint);
    }
    else if (!fault) {
        fault = check_number(stored, row, &checkpoint);
        note_stored(stored, row);
    }
    apr_cpystrn(stored->node, row->node, sizeof(stored->node));
    stored->number = row->number;
    checkpoint_digest(row->text, stored->digest);
    return fault;
}

static apr_status_t visit_rows(stored_t *stored, const char **fault)
{
    apr_array_header_t *rows;
    apr_pool_t *pool;
    apr_status_t status;

    apr_pool_create(&pool, stored->tool->pool);
    do {
        status = store_checkpoints(stored->tool->store, stored->node, stored->number, AT_ONCE,
                                   &rows, pool);
        for (int i = 0; status == APR_SUCCESS && i < rows->nelts && !*fault; i++) {
            *fault = visit_row(stored, &APR_ARRAY_IDX(rows, i, store_checkpoint_t));
        }
    } while (status == APR_SUCCESS && !*fault && rows->nelts == AT_ONCE);
    apr_pool_destroy(pool);
    return status;
}

int verify_read_stored(tool_t *tool, verify_t *verify, const char **fault)
{
    stored_t stored = {.tool = tool, .verify = verify};

    return visit_rows(&stored, fault) == APR_SUCCESS ? EXIT_SUCCESS : tool_unreadable(tool);
}

static const char *first_missing(const tool_t *tool)
{
    apr_hash_index_t *at = apr_hash_first(tool->pool, tool->filed);

    return at ? apr_psprintf(tool->pool,
                             "checkpoint %" APR_INT64_T_FMT " of node %s stands in a file, but "
                             "not in the store: it was removed there",
                             *(const apr_int64_t *)apr_hash_this_val(at),
                             (const char *)apr_hash_this_key(at))
              : NULL;
}

const char *verify_checkpoint_numbers(tool_t *tool, verify_t *verify)
{
    stored_t stored = {.tool = tool, .nodes = verify_nodes(verify, tool->pool)};
    const char *fault = NULL;

    if (visit_rows(&stored, &fault) != APR_SUCCESS) {
        fault = "the checkpoints of the store cannot be read";
    }
    return fault ? fault : first_missing(tool);
}
