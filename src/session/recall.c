#include "session/recall.h"

#include <string.h>

#include <apr_shm.h>

#define RECALL_MAGIC APR_UINT64_C(0x314c4c4143455255)

/* What a place holds, as words, so that it can be copied while another process writes it. */
typedef struct word_t {
    fingerprint_t owner;
    apr_int64_t kind;
    apr_int64_t record;
    char text[RECALL_TEXT_SIZE];
} word_t;

#define WORD_SIZE (sizeof(word_t) / sizeof(apr_uint64_t))

_Static_assert(sizeof(word_t) % sizeof(apr_uint64_t) == 0, "copied word by word");

/* The turn is odd while the place is written. A process that dies in between leaves it so: that one
 * place is then lost until httpd is stopped. */
typedef struct place_t {
    apr_uint64_t turn;
    apr_uint64_t words[WORD_SIZE];
} place_t;

struct recall_t {
    apr_uint64_t magic;
    apr_uint64_t size; /* of the whole: another layout has another size */
    place_t places[RECALL_PLACES];
};

apr_status_t recall_create(recall_t **recall, apr_pool_t *pool)
{
    apr_shm_t *memory;
    apr_status_t status = apr_shm_create(&memory, sizeof(recall_t), NULL, pool);

    if (status != APR_SUCCESS) {
        return APR_ENOMEM;
    }
    *recall = apr_shm_baseaddr_get(memory);
    memset(*recall, 0, sizeof(recall_t));
    (*recall)->magic = RECALL_MAGIC;
    (*recall)->size = sizeof(recall_t);
    return APR_SUCCESS;
}

apr_status_t recall_check(const recall_t *recall)
{
    return recall->magic == RECALL_MAGIC && recall->size == sizeof(recall_t) ? APR_SUCCESS
                                                                             : APR_EMISMATCH;
}

/* The owner is a keyed hash already: nobody chooses where it falls. */
static place_t *place_of(recall_t *recall, const fingerprint_t *owner, apr_int64_t record)
{
    apr_uint64_t key;

    memcpy(&key, owner->bytes, sizeof(key));
    return &recall->places[(key ^ (apr_uint64_t)record) % RECALL_PLACES];
}

static int take_turn(place_t *place, apr_uint64_t *turn)
{
    *turn = __atomic_load_n(&place->turn, __ATOMIC_ACQUIRE);
    return *turn % 2 == 0 && __atomic_compare_exchange_n(&place->turn, turn, *turn + 1, 0,
                                                         __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void recall_note(recall_t *recall, const fingerprint_t *owner, recall_kind_t kind,
                 apr_int64_t record, const char *text)
{
    place_t *place = place_of(recall, owner, record);
    apr_uint64_t words[WORD_SIZE], turn;
    word_t word = {.owner = *owner, .kind = kind, .record = record};

    if (strlen(text) >= sizeof(word.text) || !take_turn(place, &turn)) {
        return;
    }
    strcpy(word.text, text);
    memcpy(words, &word, sizeof(words));
    for (apr_size_t i = 0; i < WORD_SIZE; i++) {
        __atomic_store_n(&place->words[i], words[i], __ATOMIC_RELAXED);
    }
    __atomic_store_n(&place->turn, turn + 2, __ATOMIC_RELEASE);
}

/* 0 if it was written meanwhile. */
static int copy_place(place_t *place, word_t *word)
{
    apr_uint64_t words[WORD_SIZE];
    apr_uint64_t before = __atomic_load_n(&place->turn, __ATOMIC_ACQUIRE);

    for (apr_size_t i = 0; i < WORD_SIZE; i++) {
        words[i] = __atomic_load_n(&place->words[i], __ATOMIC_RELAXED);
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    memcpy(word, words, sizeof(words));
    return before % 2 == 0 && __atomic_load_n(&place->turn, __ATOMIC_RELAXED) == before;
}

int recall_find(recall_t *recall, const fingerprint_t *owner, recall_kind_t kind,
                apr_int64_t record, char text[RECALL_TEXT_SIZE])
{
    word_t word;

    if (!copy_place(place_of(recall, owner, record), &word) || word.kind != kind ||
        word.record != record || memcmp(&word.owner, owner, sizeof(*owner)) != 0) {
        return 0;
    }
    memcpy(text, word.text, RECALL_TEXT_SIZE);
    return 1;
}
