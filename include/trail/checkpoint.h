/* A checkpoint: a signed statement that a node's chain had this hash at this sequence. Kept in the
 * store and as a small file that can be shipped elsewhere, where whoever rewrites store and keys
 * does not reach it. docs/trail.md documents the text. Pure, but for the files. */
#ifndef TRAIL_CHECKPOINT_H
#define TRAIL_CHECKPOINT_H

#include <apr_pools.h>
#include <apr_time.h>

#include "text/digest.h"
#include "text/signature.h"

#define CHECKPOINT_NODE_SIZE 129
#define CHECKPOINT_TEXT_SIZE 1024 /* holds any checkpoint, with NUL */
#define CHECKPOINT_NONE "0000000000000000000000000000000000000000000000000000000000000000"

typedef struct checkpoint_t {
    char node[CHECKPOINT_NODE_SIZE];
    apr_int64_t number; /* of the node's checkpoints, from 1 */
    apr_time_t time;
    apr_int64_t id, sequence; /* of the event that was last */
    char hash[DIGEST_HEX_SIZE];
    apr_int64_t events;             /* of the node that were in the store */
    char previous[DIGEST_HEX_SIZE]; /* checkpoint_digest of the one before; CHECKPOINT_NONE */
    char key[DIGEST_HEX_SIZE];      /* public key of who signed */
} checkpoint_t;

/* Signs; sets KEY. APR_EINVAL if the node's name has characters that a line cannot hold. */
apr_status_t checkpoint_write(checkpoint_t *checkpoint, const unsigned char key[SIGNATURE_KEY_SIZE],
                              char text[CHECKPOINT_TEXT_SIZE]);

/* APR_EINVAL if the text is not, byte for byte, what checkpoint_write makes; APR_EACCES if it is
 * not signed by the key it names. Whether that key is the right one is the caller's to know. */
apr_status_t checkpoint_read(checkpoint_t *checkpoint, const char *text);

/* SHA-256 over the whole text, which the next checkpoint carries. */
void checkpoint_digest(const char *text, char hex[DIGEST_HEX_SIZE]);

/* ---- the folder <StateDir>/checkpoints: the keeper writes, anybody may read ---- */

/* <number in ten digits>-<node>.checkpoint, by rename and forced to disk; makes the folder. */
apr_status_t checkpoint_save(const char *folder, const checkpoint_t *checkpoint, const char *text,
                             apr_pool_t *pool);

/* The node's checkpoint with the highest number; its text in *text. APR_NOTFOUND if there is none,
 * or what checkpoint_read says of that file. */
apr_status_t checkpoint_last(const char *folder, const char *node, checkpoint_t *checkpoint,
                             char text[CHECKPOINT_TEXT_SIZE], apr_pool_t *pool);

/* Reads one file: what reading it or checkpoint_read said. */
apr_status_t checkpoint_load(const char *path, checkpoint_t *checkpoint,
                             char text[CHECKPOINT_TEXT_SIZE], apr_pool_t *pool);

#endif
