/* The thread that sends: its queues, and that nobody waits for a server that does not answer. Real
 * mail servers are in t/70-alerts.t. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <apr_general.h>
#include <apr_strings.h>

#include "alert/delivery.h"

static apr_pool_t *pool;

/* A port that takes connections and says nothing; *socket_file is closed by the test. */
static int silent_port(int *socket_file)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);

    *socket_file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(*socket_file, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(*socket_file, 16), 0);
    assert_int_equal(getsockname(*socket_file, (struct sockaddr *)&address, &length), 0);
    return ntohs(address.sin_port);
}

static delivery_t *start(int port, apr_interval_time_t timeout)
{
    delivery_config_t config = {.url = apr_psprintf(pool, "smtp://127.0.0.1:%d", port),
                                .from = "audit@example.com",
                                .timeout = timeout};
    delivery_t *delivery;

    assert_int_equal(delivery_start(&delivery, &config), APR_SUCCESS);
    return delivery;
}

static void take(delivery_t *delivery, delivery_result_t *result)
{
    for (int i = 0; i < 6000; i++) {
        if (delivery_take(delivery, result)) {
            return;
        }
        apr_sleep(apr_time_from_msec(20));
    }
    fail_msg("no result");
}

static void test_nobody_there(void **state)
{
    int file, port = silent_port(&file);
    delivery_result_t result;
    delivery_t *delivery = start(port, apr_time_from_sec(5));

    (void)state;
    close(file);
    assert_int_equal(delivery_offer(delivery, "one", "a@example.com", "x"), APR_SUCCESS);
    take(delivery, &result);
    assert_string_equal(result.id, "one");
    assert_int_equal(result.outcome, DELIVERY_AGAIN);
    assert_true(strlen(result.reason) > 0);
    assert_int_equal(delivery_pending(delivery), 0);
    assert_true(delivery_stop(delivery, apr_time_from_sec(10)));
}

static void test_silence_has_an_end(void **state)
{
    int file, port = silent_port(&file);
    delivery_result_t result;
    delivery_t *delivery = start(port, apr_time_from_msec(300));

    (void)state;
    assert_int_equal(delivery_offer(delivery, "one", "a@example.com", "x"), APR_SUCCESS);
    take(delivery, &result);
    assert_int_equal(result.outcome, DELIVERY_AGAIN);
    assert_true(delivery_stop(delivery, apr_time_from_sec(10)));
    close(file);
}

static void test_queue_is_bounded(void **state)
{
    int file, port = silent_port(&file);
    delivery_t *delivery = start(port, apr_time_from_sec(60));

    (void)state;
    for (int i = 0; i < DELIVERY_QUEUE; i++) {
        assert_int_equal(delivery_offer(delivery, "x", "a@example.com", "x"), APR_SUCCESS);
    }
    assert_int_equal(delivery_offer(delivery, "x", "a@example.com", "x"), APR_EAGAIN);
    assert_int_equal(delivery_pending(delivery), DELIVERY_QUEUE);
    /* In the middle of a try, which would go on for a minute. */
    assert_true(delivery_stop(delivery, apr_time_from_sec(10)));
    close(file);
}

static const char *write_file(const char *text, mode_t mode)
{
    static char path[] = "/tmp/test_alert_delivery.XXXXXX";
    int file;

    strcpy(path + strlen(path) - 6, "XXXXXX");
    file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(write(file, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(fchmod(file, mode), 0);
    close(file);
    return path;
}

static const char *check(const char *text, mode_t mode, int lines)
{
    const char *path = write_file(text, mode), *problem = delivery_check_file(path, lines);

    unlink(path);
    return problem;
}

static void test_files(void **state)
{
    delivery_config_t config = {.url = "smtp://x"};
    const char *path = write_file("me\nse cret\r\n", 0600);

    (void)state;
    assert_null(delivery_read_credentials(&config, path));
    unlink(path);
    assert_string_equal(config.user, "me");
    assert_string_equal(config.password, "se cret");
    assert_null(check("me\nsecret", 0400, 2));
    assert_null(check("secret\n", 0600, 1));
    assert_non_null(check("me\nsecret\n", 0640, 2));
    assert_non_null(check("me\nsecret\n", 0604, 2));
    assert_non_null(check("me\n", 0600, 2));
    assert_non_null(check("me\nsecret\n", 0600, 1));
    assert_non_null(check("me\nsecret\nmore\n", 0600, 2));
    assert_non_null(check("", 0600, 1));
    assert_non_null(check("\n", 0600, 1));
    assert_non_null(check(apr_psprintf(pool, "%0600d", 1), 0600, 1));
    assert_non_null(delivery_check_file("/nowhere/x", 1));
    assert_non_null(delivery_check_file("/tmp", 1));
}

static void test_urls(void **state)
{
    (void)state;
    assert_null(delivery_check_mail_url("smtp://mail.example.com"));
    assert_null(delivery_check_mail_url("smtps://[::1]:465"));
    assert_non_null(delivery_check_mail_url("mail.example.com"));
    assert_non_null(delivery_check_mail_url("http://mail.example.com"));
    assert_non_null(delivery_check_mail_url("smtp://"));
    assert_non_null(delivery_check_mail_url("smtp://me:secret@mail.example.com"));
    assert_non_null(delivery_check_mail_url("smtp://mail.example.com/x"));
    assert_non_null(delivery_check_mail_url("smtp://mail\r\nx"));
    assert_null(delivery_check_webhook_url("https://chat.example.com/hooks/1"));
    assert_non_null(delivery_check_webhook_url("file:///etc/passwd"));
    assert_non_null(delivery_check_webhook_url("https://u:p@x/"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_silence_has_an_end),
        cmocka_unit_test(test_queue_is_bounded),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_urls),
    };
    int failed;

    apr_initialize();
    apr_pool_create(&pool, NULL);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    apr_terminate();
    return failed;
}
