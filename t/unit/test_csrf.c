/* Tokens of forms and what browsers say about where a form comes from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <apr_general.h>
#include <apr_strings.h>
#include <string.h>

#include "admin/csrf.h"

#define NOW apr_time_from_sec(1790000000)
#define DAY apr_time_from_sec(86400)
#define REFERENCE "00112233445566778899aabbccddeeff"

static const site_key_t key = {{1, 2, 3}}, other_key = {{1, 2, 4}};

static void test_a_token_holds_today_and_tomorrow(void **state)
{
    char token[CSRF_TOKEN_SIZE];

    (void)state;
    csrf_token(&key, REFERENCE, NOW, token);
    assert_int_equal(strlen(token), CSRF_TOKEN_SIZE - 1);
    assert_true(csrf_token_valid(&key, REFERENCE, NOW, token));
    assert_true(csrf_token_valid(&key, REFERENCE, NOW + DAY, token));
    assert_false(csrf_token_valid(&key, REFERENCE, NOW + 2 * DAY, token));
    assert_false(csrf_token_valid(&key, REFERENCE, NOW - DAY, token));
}

static void test_a_token_is_of_one_session_and_key(void **state)
{
    char token[CSRF_TOKEN_SIZE];

    (void)state;
    csrf_token(&key, REFERENCE, NOW, token);
    assert_false(csrf_token_valid(&other_key, REFERENCE, NOW, token));
    assert_false(csrf_token_valid(&key, "ffeeddccbbaa99887766554433221100", NOW, token));
}

static void test_other_texts_are_no_token(void **state)
{
    char token[CSRF_TOKEN_SIZE], longer[CSRF_TOKEN_SIZE + 1];

    (void)state;
    csrf_token(&key, REFERENCE, NOW, token);
    assert_false(csrf_token_valid(&key, REFERENCE, NOW, NULL));
    assert_false(csrf_token_valid(&key, REFERENCE, NOW, ""));
    assert_false(csrf_token_valid(&key, REFERENCE, NOW, token + 1));
    apr_snprintf(longer, sizeof(longer), "%sa", token);
    assert_false(csrf_token_valid(&key, REFERENCE, NOW, longer));
    token[CSRF_TOKEN_SIZE - 2] = token[CSRF_TOKEN_SIZE - 2] == '0' ? '1' : '0';
    assert_false(csrf_token_valid(&key, REFERENCE, NOW, token));
}

typedef struct sender_t {
    const char *origin, *site, *host;
    int ours;
} sender_t;

static const sender_t senders[] = {
    {NULL, NULL, "odoo.example.com", 1},
    {NULL, NULL, NULL, 1},
    {"https://odoo.example.com", "same-origin", "odoo.example.com", 1},
    {"http://odoo.example.com:8080", NULL, "odoo.example.com:8080", 1},
    {"https://ODOO.example.com", NULL, "odoo.EXAMPLE.com", 1},
    {NULL, "none", "odoo.example.com", 1},
    {"https://evil.example", NULL, "odoo.example.com", 0},
    {"https://odoo.example.com.evil.example", NULL, "odoo.example.com", 0},
    {"https://odoo.example.com:8443", NULL, "odoo.example.com", 0},
    {"null", NULL, "odoo.example.com", 0},
    {"", NULL, "odoo.example.com", 0},
    {"odoo.example.com", NULL, "odoo.example.com", 0},
    {"https://odoo.example.com", NULL, NULL, 0},
    {"https://", NULL, "", 0},
    {"https://odoo.example.com", "cross-site", "odoo.example.com", 0},
    {NULL, "same-site", "odoo.example.com", 0},
    {NULL, "", "odoo.example.com", 0},
};

static void test_senders_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++) {
        const sender_t *sender = &senders[i];

        if (csrf_same_origin(sender->origin, sender->site, sender->host) != sender->ours) {
            fail_msg("sender %d", (int)i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_token_holds_today_and_tomorrow),
        cmocka_unit_test(test_a_token_is_of_one_session_and_key),
        cmocka_unit_test(test_other_texts_are_no_token),
        cmocka_unit_test(test_senders_are_told_apart),
    };

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
