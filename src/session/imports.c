#include "session/imports.h"

#include <string.h>

#include <apr_shm.h>

/* What a place holds, as words, so that it can be copied while another process writes it. */
typedef struct import_t {
    fingerprint_t owner;
    apr_int64_t record;
    char model[IMPORTS_MODEL_SIZE];
} import_t;

#define IMPORT_WORDS (sizeof(import_t) / sizeof(apr_uint64_t))

_Static_assert(sizeof(import_t) % sizeof(apr_uint64_t) == 0, "copied word by word");

/* The turn is odd while the place is written. A process that dies in between leaves it so: that one
 * place is then lost until httpd is stopped. */
typedef struct place_t {
    apr_uint64_t turn;
    apr_uint64_t words[IMPORT_WORDS];
} place_t;

struct imports_t {
    place_t places[IMPORTS_PLACES];
};

apr_status_t imports_create(imports_t **imports, apr_pool_t *pool)
{
    apr_shm_t *memory;
    apr_status_t status = apr_shm_create(&memory, sizeof(imports_t), NULL, pool);

    if (status != APR_SUCCESS) {
        return status;
    }
    *imports = apr_shm_baseaddr_get(memory);
    memset(*imports, 0, sizeof(imports_t));
    return APR_SUCCESS;
}

/* The owner is a keyed hash already: nobody chooses where it falls. */
static place_t *place_of(imports_t *imports, const fingerprint_t *owner, apr_int64_t record)
{
    apr_uint64_t key;

    memcpy(&key, owner->bytes, sizeof(key));
    return &imports->places[(key ^ (apr_uint64_t)record) % IMPORTS_PLACES];
}

static int take_turn(place_t *place, apr_uint64_t *turn)
{
    *turn = __atomic_load_n(&place->turn, __ATOMIC_ACQUIRE);
    return *turn % 2 == 0 && __atomic_compare_exchange_n(&place->turn, turn, *turn + 1, 0,
                                                         __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

void imports_note(imports_t *imports, const fingerprint_t *owner, apr_int64_t record,
                  const char *model)
{
    place_t *place = place_of(imports, owner, record);
    apr_uint64_t words[IMPORT_WORDS], turn;
    import_t import = {.owner = *owner, .record = record};

    if (strlen(model) >= sizeof(import.model) || !take_turn(place, &turn)) {
        return;
    }
    strcpy(import.model, model);
    memcpy(words, &import, sizeof(words));
    for (apr_size_t i = 0; i < IMPORT_WORDS; i++) {
        __atomic_store_n(&place->words[i], words[i], __ATOMIC_RELAXED);
    }
    __atomic_store_n(&place->turn, turn + 2, __ATOMIC_RELEASE);
}

/* 0 if it was written meanwhile. */
static int copy_place(place_t *place, import_t *import)
{
    apr_uint64_t words[IMPORT_WORDS];
    apr_uint64_t before = __atomic_load_n(&place->turn, __ATOMIC_ACQUIRE);

    for (apr_size_t i = 0; i < IMPORT_WORDS; i++) {
        words[i] = __atomic_load_n(&place->words[i], __ATOMIC_RELAXED);
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    memcpy(import, words, sizeof(words));
    return before % 2 == 0 && __atomic_load_n(&place->turn, __ATOMIC_RELAXED) == before;
}

int imports_find(imports_t *imports, const fingerprint_t *owner, apr_int64_t record,
                 char model[IMPORTS_MODEL_SIZE])
{
    import_t import;

    if (!copy_place(place_of(imports, owner, record), &import) || !import.model[0] ||
        import.record != record || memcmp(&import.owner, owner, sizeof(*owner)) != 0) {
        return 0;
    }
    memcpy(model, import.model, IMPORTS_MODEL_SIZE);
    return 1;
}
