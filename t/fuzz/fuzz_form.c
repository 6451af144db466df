/* The first byte says how the form behind it is cut: every way of cutting gives the same fields. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "target.h"
#include "text/form.h"
#include "text/utf8.h"

static const char *const names[] = {"login", "password", "a", "", NULL};

static void require(int truth)
{
    if (!truth) {
        abort();
    }
}

static form_reader_t *read_form(apr_pool_t *pool, const char *data, size_t size, size_t piece)
{
    form_reader_t *reader = form_reader_create(pool, names);

    for (size_t at = 0; at < size; at += piece) {
        form_reader_feed(reader, data + at, size - at < piece ? size - at : piece);
    }
    form_reader_end(reader);
    return reader;
}

static void require_equal(const char *left, const char *right)
{
    require(left && right ? !strcmp(left, right) : left == right);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    apr_pool_t *pool;
    form_reader_t *whole, *cut;
    const char *form = (const char *)data + 1;

    if (size < 2) {
        return 0;
    }
    apr_initialize();
    apr_pool_create(&pool, NULL);
    size--;
    whole = read_form(pool, form, size, size);
    cut = read_form(pool, form, size, 1 + data[0] % 16);
    for (int i = 0; names[i]; i++) {
        const char *value = form_value(whole, names[i]);

        require_equal(value, form_value(cut, names[i]));
        require(!value || utf8_valid_prefix(value, strlen(value)) == strlen(value));
        if (!memchr(form, 0, size)) {
            require_equal(value,
                          form_query_value(pool, apr_pstrmemdup(pool, form, size), names[i]));
        }
    }
    apr_pool_destroy(pool);
    return 0;
}
