#include "trail/checkpoint.h"

#include <string.h>

#include <apr_strings.h>

#include "text/duration.h"

#define HEAD "mod_user_audit checkpoint 1\n"
#define SIGNATURE_HEX_SIZE (2 * SIGNATURE_SIZE + 1)
#define LINE_SIZE 160 /* more than a node's name or a signature with its word */

/* ---- writing ---- */

/* All but the signature; returns its length, 0 if it does not fit. */
static apr_size_t write_unsigned(const checkpoint_t *checkpoint, char text[CHECKPOINT_TEXT_SIZE])
{
    char time[TIME_TEXT_SIZE];
    int length =
        apr_snprintf(text, CHECKPOINT_TEXT_SIZE - SIGNATURE_HEX_SIZE - sizeof("signature \n"),
                     HEAD "node %s\nnumber %" APR_INT64_T_FMT "\ntime %s\nid %" APR_INT64_T_FMT
                          "\nsequence %" APR_INT64_T_FMT "\nhash %s\nevents %" APR_INT64_T_FMT
                          "\nprevious %s\nkey %s\n",
                     checkpoint->node, checkpoint->number, time_write(time, checkpoint->time),
                     checkpoint->id, checkpoint->sequence, checkpoint->hash, checkpoint->events,
                     checkpoint->previous, checkpoint->key);

    return length > 0 ? (apr_size_t)length : 0;
}

static int is_line(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 127) {
            return 0;
        }
    }
    return 1;
}

apr_status_t checkpoint_write(checkpoint_t *checkpoint, const unsigned char key[SIGNATURE_KEY_SIZE],
                              char text[CHECKPOINT_TEXT_SIZE])
{
    unsigned char public_key[SIGNATURE_KEY_SIZE], signature[SIGNATURE_SIZE];
    apr_size_t length;
    apr_status_t status;

    if (!*checkpoint->node || !is_line(checkpoint->node)) {
        return APR_EINVAL;
    }
    status = signature_public_key(key, public_key);
    if (status == APR_SUCCESS) {
        digest_hex(public_key, sizeof(public_key), checkpoint->key);
        length = write_unsigned(checkpoint, text);
        status = signature_sign(key, text, length, signature);
        memcpy(text + length, "signature ", sizeof("signature "));
        length += sizeof("signature ") - 1;
        digest_hex(signature, sizeof(signature), text + length);
        strcat(text, "\n");
    }
    return status;
}

/* ---- reading ---- */

/* Takes the line "<word> <value>\n" from the front. */
static int take(const char **text, const char *word, char value[LINE_SIZE])
{
    apr_size_t head = strlen(word), length;

    if (strncmp(*text, word, head) || (*text)[head] != ' ') {
        return 0;
    }
    *text += head + 1;
    length = strcspn(*text, "\n");
    if (length >= LINE_SIZE || (*text)[length] != '\n') {
        return 0;
    }
    apr_cpystrn(value, *text, length + 1);
    *text += length + 1;
    return 1;
}

static int take_number(const char **text, const char *word, apr_int64_t *number)
{
    char value[LINE_SIZE];

    if (!take(text, word, value)) {
        return 0;
    }
    *number = apr_atoi64(value);
    return 1;
}

static int take_hex(const char **text, const char *word, char hex[DIGEST_HEX_SIZE])
{
    char value[LINE_SIZE];
    unsigned char bytes[DIGEST_SIZE];

    if (!take(text, word, value) || digest_unhex(value, bytes, sizeof(bytes)) != APR_SUCCESS) {
        return 0;
    }
    digest_hex(bytes, sizeof(bytes), hex);
    return 1;
}

static int take_node(const char **text, char node[CHECKPOINT_NODE_SIZE])
{
    char value[LINE_SIZE];

    if (!take(text, "node", value) || strlen(value) >= CHECKPOINT_NODE_SIZE) {
        return 0;
    }
    apr_cpystrn(node, value, CHECKPOINT_NODE_SIZE);
    return 1;
}

static int take_time(const char **text, apr_time_t *time)
{
    char value[LINE_SIZE];

    return take(text, "time", value) && time_parse(value, time) == APR_SUCCESS;
}

static int take_all(const char **text, checkpoint_t *checkpoint)
{
    return take_node(text, checkpoint->node) && take_number(text, "number", &checkpoint->number) &&
           take_time(text, &checkpoint->time) && take_number(text, "id", &checkpoint->id) &&
           take_number(text, "sequence", &checkpoint->sequence) &&
           take_hex(text, "hash", checkpoint->hash) &&
           take_number(text, "events", &checkpoint->events) &&
           take_hex(text, "previous", checkpoint->previous) &&
           take_hex(text, "key", checkpoint->key);
}

/* The last line, as checkpoint_write makes it: in lower case, and nothing behind it. */
static int take_signature(const char **text, unsigned char signature[SIGNATURE_SIZE])
{
    char value[LINE_SIZE], again[SIGNATURE_HEX_SIZE];

    if (!take(text, "signature", value) || **text ||
        digest_unhex(value, signature, SIGNATURE_SIZE) != APR_SUCCESS) {
        return 0;
    }
    digest_hex(signature, SIGNATURE_SIZE, again);
    return strcmp(value, again) == 0;
}

apr_status_t checkpoint_read(checkpoint_t *checkpoint, const char *text)
{
    char again[CHECKPOINT_TEXT_SIZE];
    unsigned char public_key[SIGNATURE_KEY_SIZE], signature[SIGNATURE_SIZE];
    const char *rest = text + strlen(HEAD);
    apr_size_t length;

    memset(checkpoint, 0, sizeof(*checkpoint));
    if (strlen(text) >= CHECKPOINT_TEXT_SIZE || strncmp(text, HEAD, strlen(HEAD)) ||
        !take_all(&rest, checkpoint)) {
        return APR_EINVAL;
    }
    length = (apr_size_t)(rest - text);
    if (write_unsigned(checkpoint, again) != length || memcmp(again, text, length) ||
        !take_signature(&rest, signature) ||
        digest_unhex(checkpoint->key, public_key, sizeof(public_key)) != APR_SUCCESS) {
        return APR_EINVAL;
    }
    return signature_valid(public_key, text, length, signature) ? APR_SUCCESS : APR_EACCES;
}

void checkpoint_digest(const char *text, char hex[DIGEST_HEX_SIZE])
{

    digest_sha256_hex(text, strlen(text), hex);
}
