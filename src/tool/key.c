/* user-audit public-key. */
#include <apr_strings.h>
#include <stdio.h>
#include <stdlib.h>

#include "text/key_file.h"
#include "text/signature.h"
#include "tool.h"

int tool_public_key(tool_t *tool)
{
    const char *path = apr_pstrcat(tool->pool, tool->state_dir, "/checkpoint.key", NULL);
    unsigned char key[KEY_FILE_BYTES], public_key[SIGNATURE_KEY_SIZE];
    char hex[2 * SIGNATURE_KEY_SIZE + 1], reason[128];
    apr_status_t status = key_file_read(path, key);

    if (status == APR_SUCCESS) {
        status = signature_public_key(key, public_key);
    }
    if (status != APR_SUCCESS) {
        fprintf(stderr, "user-audit: the key %s cannot be read: %s\n", path,
                apr_strerror(status, reason, sizeof(reason)));
        return EXIT_UNREADABLE;
    }
    digest_hex(public_key, sizeof(public_key), hex);
    printf("%s\n", hex);
    return EXIT_SUCCESS;
}
