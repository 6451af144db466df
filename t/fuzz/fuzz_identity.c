/* Looks for session_info in pages. However a page is cut, the same is found. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>

#include "odoo/identity.h"
#include "target.h"
#include "text/utf8.h"

static apr_pool_t *root;

static const identity_t *read_cut(apr_pool_t *pool, const char *data, size_t size, size_t piece)
{
    identity_page_t *page = identity_page_create(pool);

    for (size_t done = 0; done < size; done += piece) {
        if (identity_page_feed(page, data + done, piece < size - done ? piece : size - done)) {
            break;
        }
    }
    return identity_page_result(page);
}

static void must(int good)
{
    if (!good) {
        abort();
    }
}

static int same(const char *left, const char *right)
{
    return left && right ? strcmp(left, right) == 0 : left == right;
}

static void must_be_same(const identity_t *left, const identity_t *right)
{
    must(!left == !right);
    if (left) {
        must(left->uid == right->uid && left->frontend == right->frontend);
        must(left->is_system == right->is_system && left->is_admin == right->is_admin);
        must(same(left->login, right->login) && same(left->name, right->name));
        must(same(left->database, right->database) && same(left->timezone, right->timezone));
    }
}

static void must_be_sound(const identity_t *identity)
{
    if (identity) {
        must(identity->uid >= 0 && (!identity->frontend || identity->uid == 0));
        must(!identity->login || utf8_valid_prefix(identity->login, strlen(identity->login)) ==
                                     strlen(identity->login));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {1, 5, 64};
    const identity_t *whole;
    apr_pool_t *pool;

    if (!root) {
        apr_initialize();
        apr_pool_create(&root, NULL);
    }
    apr_pool_create(&pool, root);
    whole = read_cut(pool, (const char *)data, size, size + 1);
    must_be_sound(whole);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        must_be_same(whole, read_cut(pool, (const char *)data, size, pieces[i]));
    }
    apr_pool_destroy(pool);
    return 0;
}
