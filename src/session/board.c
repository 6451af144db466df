#include "session/board.h"

#include <stdatomic.h>
#include <string.h>

#include <apr_shm.h>
#include <apr_strings.h>

#define BOARD_MAGIC APR_UINT64_C(0x31445241424155)
#define BOARD_LAYOUT 3u /* counts up with every change of what follows */

struct board_t {
    apr_uint64_t magic; /* these three keep their place in every layout */
    apr_uint32_t layout;
    _Atomic apr_uint32_t generation;

    _Atomic apr_int64_t words[BOARD_WORDS];
    _Atomic apr_uint32_t turn; /* odd while the text is written */
    _Atomic char problem[BOARD_TEXT_SIZE];
    /* A mark with a time in its low bits; 0: unused. */
    _Atomic apr_uint64_t told[BOARD_TOLD_SETS][BOARD_TOLD_WAYS];
};

apr_status_t board_create(board_t **board, apr_pool_t *pool)
{
    apr_shm_t *memory;
    apr_status_t status = apr_shm_create(&memory, sizeof(board_t), NULL, pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    *board = apr_shm_baseaddr_get(memory);
    memset((void *)*board, 0, sizeof(board_t));
    (*board)->magic = BOARD_MAGIC;
    (*board)->layout = BOARD_LAYOUT;
    return APR_SUCCESS;
}

apr_status_t board_check(const board_t *board)
{
    return board->magic == BOARD_MAGIC && board->layout == BOARD_LAYOUT ? APR_SUCCESS
                                                                        : APR_EMISMATCH;
}

apr_uint32_t board_settings_generation(const board_t *board)
{
    return atomic_load_explicit(&board->generation, memory_order_acquire);
}

void board_settings_changed(board_t *board)
{
    atomic_fetch_add_explicit(&board->generation, 1, memory_order_release);
}

apr_int64_t board_get(const board_t *board, board_word_t word)
{
    return atomic_load_explicit(&board->words[word], memory_order_relaxed);
}

void board_set(board_t *board, board_word_t word, apr_int64_t value)
{
    atomic_store_explicit(&board->words[word], value, memory_order_relaxed);
}

void board_add(board_t *board, board_word_t word, apr_int64_t value)
{
    atomic_fetch_add_explicit(&board->words[word], value, memory_order_relaxed);
}

/* A keeper that died in between leaves the turn odd; its successor's first text makes it even. */
void board_set_problem(board_t *board, const char *text)
{
    apr_uint32_t turn = atomic_load(&board->turn) | 1;
    apr_size_t length = text ? strlen(text) : 0;

    atomic_store(&board->turn, turn);
    for (apr_size_t i = 0; i < BOARD_TEXT_SIZE; i++) {
        char byte = i < length && i < BOARD_TEXT_SIZE - 1 ? text[i] : '\0';

        atomic_store_explicit(&board->problem[i], byte, memory_order_relaxed);
    }
    atomic_store(&board->turn, turn + 1);
}

void board_get_problem(const board_t *board, char text[BOARD_TEXT_SIZE])
{
    apr_uint32_t turn = atomic_load(&board->turn);

    for (apr_size_t i = 0; i < BOARD_TEXT_SIZE; i++) {
        text[i] = atomic_load_explicit(&board->problem[i], memory_order_relaxed);
    }
    text[BOARD_TEXT_SIZE - 1] = '\0';
    atomic_thread_fence(memory_order_acquire);
    if (turn % 2 || atomic_load(&board->turn) != turn) {
        *text = '\0';
    }
}

/* ---- what was told ---- */

#define SECONDS_MASK APR_UINT64_C(0xffffff) /* 194 days, then the count begins anew */
#define ROUNDS 8

static apr_uint64_t age_of(apr_uint64_t told, apr_uint64_t now)
{
    return told ? (now - told) & SECONDS_MASK : SECONDS_MASK + 1;
}

static int is_same(apr_uint64_t told, apr_uint64_t mark)
{
    return told && ((told ^ mark) & ~SECONDS_MASK) == 0;
}

/* The mark's own place, else that of what was told first; *told is what stands there. */
static int place_of(const _Atomic apr_uint64_t *set, apr_uint64_t mark, apr_uint64_t now,
                    apr_uint64_t *told)
{
    int place = 0;

    *told = atomic_load(&set[0]);
    for (int i = 0; i < BOARD_TOLD_WAYS; i++) {
        apr_uint64_t word = atomic_load(&set[i]);

        if (is_same(word, mark)) {
            *told = word;
            return i;
        }
        if (age_of(word, now) > age_of(*told, now)) {
            *told = word;
            place = i;
        }
    }
    return place;
}

int board_told(board_t *board, apr_uint64_t mark, apr_time_t now, apr_interval_time_t interval)
{
    _Atomic apr_uint64_t *set = board->told[mark % BOARD_TOLD_SETS];
    apr_uint64_t seconds = (apr_uint64_t)apr_time_sec(now) & SECONDS_MASK;

    /* Again where another process was faster: it may have told the same. */
    for (int round = 0; round < ROUNDS; round++) {
        apr_uint64_t told;
        int place = place_of(set, mark, seconds, &told);

        if (is_same(told, mark) && age_of(told, seconds) < (apr_uint64_t)apr_time_sec(interval)) {
            return 1;
        }
        if (atomic_compare_exchange_strong(&set[place], &told, (mark & ~SECONDS_MASK) | seconds)) {
            return 0;
        }
    }
    return 0;
}
