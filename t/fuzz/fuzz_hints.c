/* Lines of the input are the six Client Hints. What a structured field gives is printable ASCII and
 * is the same when written and read again; packed and unpacked, hints say the same. */
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "../../src/client/structured_field.h"
#include "client/client_hints.h"
#include "target.h"

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static int same_text(const char *left, const char *right)
{
    return left && right ? strcmp(left, right) == 0 : left == right;
}

static const char *quoted(const char *text, apr_pool_t *pool)
{
    char *out = apr_palloc(pool, 2 * strlen(text) + 3), *to = out;

    *to++ = '"';
    for (; *text; text++) {
        require(*text >= ' ' && *text <= '~');
        if (*text == '"' || *text == '\\') {
            *to++ = '\\';
        }
        *to++ = *text;
    }
    *to++ = '"';
    *to = '\0';
    return out;
}

static void check_string(const char *text, apr_pool_t *pool)
{
    const char *again;

    if (text) {
        require(structured_field_string(quoted(text, pool), &again, pool));
        require(strcmp(text, again) == 0);
    }
}

static void check_field(const char *field, apr_pool_t *pool)
{
    structured_member_t members[CLIENT_HINT_BRANDS];
    const char *text;
    int truth, count;

    if (structured_field_string(field, &text, pool)) {
        check_string(text, pool);
    }
    if (structured_field_boolean(field, &truth)) {
        require(truth == 0 || truth == 1);
    }
    if (structured_field_list(field, members, CLIENT_HINT_BRANDS, &count, pool)) {
        require(count >= 0 && count <= CLIENT_HINT_BRANDS);
        for (int i = 0; i < count; i++) {
            check_string(members[i].text, pool);
            check_string(members[i].version, pool);
        }
    }
}

static void check_packing(const client_hint_headers_t *headers, apr_pool_t *pool)
{
    const char *packed = client_hints_pack(headers, pool);
    client_hint_headers_t unpacked;
    client_hints_t before, after;

    require(!packed || strlen(packed) <= CLIENT_HINTS_PACKED_MAX);
    client_hints_unpack(&unpacked, packed, pool);
    require(same_text(packed, client_hints_pack(&unpacked, pool)));
    client_hints_read(&before, &unpacked, pool);
    client_hints_unpack(&unpacked, client_hints_pack(&unpacked, pool), pool);
    client_hints_read(&after, &unpacked, pool);
    require(same_text(before.brand, after.brand));
    require(same_text(before.brand_version, after.brand_version));
    require(same_text(before.platform, after.platform));
    require(same_text(before.platform_version, after.platform_version));
    require(same_text(before.model, after.model) && before.mobile == after.mobile);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *lines[CLIENT_HINT_COUNT] = {NULL};
    client_hint_headers_t unpacked;
    apr_pool_t *pool;
    char *text;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    text = apr_pstrmemdup(pool, (const char *)data, size);
    for (int i = 0; text && i < CLIENT_HINT_COUNT; i++) {
        lines[i] = text;
        text = strchr(text, '\n');
        if (text) {
            *text++ = '\0';
        }
        check_field(lines[i], pool);
        client_hints_unpack(&unpacked, lines[i], pool);
    }
    check_packing(&(client_hint_headers_t){lines[0], lines[1], lines[2], lines[3], lines[4],
                                           lines[5]},
                  pool);
    apr_pool_destroy(pool);
    return 0;
}
