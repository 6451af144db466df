/* A checkpoint of any node and numbers reads back as the same, and is none any more once a bit of
 * it is changed or its end is cut off. Any bytes are read without harm. */
#include <stdlib.h>
#include <string.h>

#include "target.h"
#include "trail/checkpoint.h"

#define HEAD_BYTES 43 /* which byte to change, which bit of it, and the five numbers */
#define END_OF_TIME (apr_uint64_t)253402300800 /* seconds, at the end of the year 9999 */

static const unsigned char key[SIGNATURE_KEY_SIZE] = "0123456789abcdef0123456789abcde";

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static apr_int64_t number(const uint8_t *bytes)
{
    apr_int64_t number;

    memcpy(&number, bytes, sizeof(number));
    return number;
}

static void hash(char hex[DIGEST_HEX_SIZE], const void *data, apr_size_t length)
{
    unsigned char digest[DIGEST_SIZE];

    digest_sha256(data, length, digest);
    digest_hex(digest, DIGEST_SIZE, hex);
}

/* The node's name is what stands behind the numbers. */
static void fill(checkpoint_t *checkpoint, const uint8_t *data, size_t size)
{
    size_t length = size - HEAD_BYTES;

    memset(checkpoint, 0, sizeof(*checkpoint));
    checkpoint->number = number(data + 3);
    checkpoint->time =
        apr_time_from_sec((apr_int64_t)((apr_uint64_t)number(data + 11) % END_OF_TIME));
    checkpoint->id = number(data + 19);
    checkpoint->sequence = number(data + 27);
    checkpoint->events = number(data + 35);
    hash(checkpoint->hash, data, size);
    hash(checkpoint->previous, data, HEAD_BYTES);
    memcpy(checkpoint->node, data + HEAD_BYTES,
           length < CHECKPOINT_NODE_SIZE ? length : CHECKPOINT_NODE_SIZE - 1);
}

static void check_same(const checkpoint_t *is, const checkpoint_t *was)
{
    require(is->number == was->number && is->time == was->time && is->id == was->id);
    require(is->sequence == was->sequence && is->events == was->events);
    require(!strcmp(is->node, was->node) && !strcmp(is->hash, was->hash));
    require(!strcmp(is->previous, was->previous) && !strcmp(is->key, was->key));
}

static void check_written(const uint8_t *data, size_t size)
{
    char text[CHECKPOINT_TEXT_SIZE];
    checkpoint_t checkpoint, again;
    apr_size_t length, at;

    fill(&checkpoint, data, size);
    if (checkpoint_write(&checkpoint, key, text) != APR_SUCCESS) {
        return;
    }
    length = strlen(text);
    require(checkpoint_read(&again, text) == APR_SUCCESS);
    check_same(&again, &checkpoint);
    at = (data[0] | (apr_size_t)data[1] << 8) % length;
    text[at] = (char)((unsigned char)text[at] ^ (1u << data[2] % 8));
    require(checkpoint_read(&again, text) != APR_SUCCESS);
    text[at] = (char)((unsigned char)text[at] ^ (1u << data[2] % 8));
    text[at] = '\0';
    require(checkpoint_read(&again, text) != APR_SUCCESS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[CHECKPOINT_TEXT_SIZE + 1];
    checkpoint_t checkpoint;
    size_t length = size < sizeof(text) ? size : sizeof(text) - 1;

    memcpy(text, data, length);
    text[length] = '\0';
    if (checkpoint_read(&checkpoint, text) == APR_SUCCESS) {
        require(strlen(checkpoint.node) > 0 && strlen(checkpoint.key) == 2 * DIGEST_SIZE);
    }
    if (size > HEAD_BYTES) {
        check_written(data, size);
    }
    return 0;
}
