/* The gate makes no system call: a process that the kernel would kill for one gates thousands of
 * sessions, refuses some and lets some expire. Where the kernel has no clock to share it must be
 * asked for the time, so that alone is let pass. */
#include "session_fixture.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session/board.h"

#define SLOTS 20000
#define SESSIONS 20000
#define COOKIE "0123456789abcdef0123456789abcdef01234567"

#define LET_PASS(number)                                                                           \
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

/* From here on any other call is the last. 0 if that could be arranged. */
static int forbid_calls(void)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        LET_PASS(SYS_clock_gettime),
        LET_PASS(SYS_gettimeofday),
        LET_PASS(SYS_exit_group),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
    };
    struct sock_fprog filter = {sizeof(steps) / sizeof(*steps), steps};

    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
}

/* How a process of its own ends that does the work without system calls. */
static int outcome_of(void (*work)(session_table_t *table, board_t *board), session_table_t *table,
                      board_t *board)
{
    pid_t child = fork();
    int status;

    assert_true(child >= 0);
    if (child == 0) {
        if (forbid_calls()) {
            _exit(99);
        }
        work(table, board);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void ask_the_kernel(session_table_t *table, board_t *board)
{
    (void)table;
    (void)board;
    syscall(SYS_getppid);
}

/* What the gate does with a request. */
static void gate_all(session_table_t *table, board_t *board)
{
    static const site_key_t key = {{1, 2, 3}};
    session_limits_t limits = {.idle = DAY};

    for (unsigned number = 1; number <= SESSIONS; number++) {
        fingerprint_t fingerprint = fingerprint_number(number), of_cookie;
        session_t session;
        int ended;

        board_settings_generation(board);
        fingerprint_of_cookie(&key, "shop", COOKIE, &of_cookie);
        limits.not_before = session_table_marked(table, &of_cookie);
        session_table_gate(table, &fingerprint, &limits, (int)number % 2, apr_time_now(),
                           boot_time_now() + number % 3 * DAY, &session, &ended);
        if (session.state == SESSION_REVOKED || session.state == SESSION_EXPIRED) {
            session_table_refuse(table, &fingerprint);
        }
        session_table_generation(table);
    }
}

/* Valgrind and the sanitizers make calls of their own. */
static int is_watched(void)
{
#ifdef __SANITIZE_ADDRESS__
    return 1;
#else
    return getenv("LD_PRELOAD") && strstr(getenv("LD_PRELOAD"), "valgrind");
#endif
}

static void the_gate_asks_the_kernel_nothing(void **state)
{
    session_table_t *table = new_table(*state, SLOTS);
    board_t *board;
    int status;

    if (is_watched()) {
        skip();
    }
    assert_int_equal(board_create(&board, *state), APR_SUCCESS);
    for (unsigned number = 1; number <= SESSIONS; number++) {
        session_t session = session_number(number, 0), before;

        session.last_action_boot = session.started_boot = boot_time_now();
        assert_int_equal(session_table_restore(table, &session), APR_SUCCESS);
        if (number % 5 == 0) {
            session_table_end(table, &session.fingerprint, SESSION_REVOKED, SESSION_REASON_OWNER,
                              NULL, &before);
        }
    }
    gate_all(table, board); /* what is made once, such as the digest's context */
    status = outcome_of(ask_the_kernel, table, board);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    status = outcome_of(gate_all, table, board);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {WITH_POOL(the_gate_asks_the_kernel_nothing)};

    apr_initialize();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
