#include "session/shown.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <apr_shm.h>
#include <apr_strings.h>

#include "shared_lock.h"

#define SHOWN_MAGIC APR_UINT64_C(0x314e574f48534155)
#define SHOWN_LAYOUT 1u /* counts up with every change of what follows */

#define SETS (SHOWN_ENTRIES / SHOWN_WAYS)
#define KEY_WORDS 2
#define HALF_KEY (DIGEST_SIZE / 2)
#define TEXT_SIZE (SHOWN_ENTRY_SIZE - KEY_WORDS * sizeof(apr_uint64_t) - 2 * sizeof(apr_uint32_t))

/* The text is a row of name NUL value NUL. */
typedef struct entry_t {
    apr_uint64_t key[KEY_WORDS]; /* both 0: free */
    apr_uint32_t used;           /* turn of the set at its last use */
    apr_uint32_t length;
    char text[TEXT_SIZE];
} entry_t;

_Static_assert(sizeof(entry_t) == SHOWN_ENTRY_SIZE, "entries fill their pages");

typedef struct guard_t {
    pthread_mutex_t lock;
    apr_uint32_t turn;
} guard_t;

/* The guards stand apart from the entries, so that memory is only taken for what is in use. */
struct shown_t {
    apr_uint64_t magic; /* these two keep their place in every layout */
    apr_uint32_t layout;
    unsigned char hash_key[DIGEST_SIZE];
    guard_t guards[SETS];
    entry_t entries[SHOWN_ENTRIES];
};

/* ---- the memory ---- */

/* The kernel hands the memory out zeroed. */
apr_status_t shown_create(shown_t **shown, apr_pool_t *pool)
{
    apr_shm_t *memory;
    apr_status_t status = apr_shm_create(&memory, sizeof(shown_t), NULL, pool);

    *shown = NULL;
    if (status != APR_SUCCESS) {
        return status;
    }
    *shown = apr_shm_baseaddr_get(memory);
    status = digest_random((*shown)->hash_key, sizeof((*shown)->hash_key));
    for (int i = 0; status == APR_SUCCESS && i < SETS; i++) {
        status = shared_lock_init(&(*shown)->guards[i].lock);
    }
    if (status != APR_SUCCESS) {
        apr_shm_destroy(memory);
        *shown = NULL;
        return status;
    }
    (*shown)->layout = SHOWN_LAYOUT;
    (*shown)->magic = SHOWN_MAGIC;
    return APR_SUCCESS;
}

apr_status_t shown_check(const shown_t *shown)
{
    return shown->magic == SHOWN_MAGIC && shown->layout == SHOWN_LAYOUT ? APR_SUCCESS
                                                                        : APR_EMISMATCH;
}

/* ---- keys ---- */

void shown_view(const shown_t *shown, const fingerprint_t *session, apr_int64_t uid,
                const char *database, const char *model, shown_view_t *view)
{
    unsigned char whose[DIGEST_SIZE + sizeof(*session) + sizeof(uid)];

    digest_sha256(database, strlen(database), whose);
    memcpy(whose + DIGEST_SIZE, session, sizeof(*session));
    memcpy(whose + DIGEST_SIZE + sizeof(*session), &uid, sizeof(uid));
    digest_hmac(shown->hash_key, whose, sizeof(whose), model, strlen(model), view->key);
}

typedef struct place_t {
    apr_uint64_t key[KEY_WORDS];
    guard_t *guard;
    entry_t *entries; /* SHOWN_WAYS of them */
} place_t;

static void place_of(shown_t *shown, const shown_view_t *view, apr_int64_t record, place_t *place)
{
    apr_size_t set;

    for (int i = 0; i < KEY_WORDS; i++) {
        place->key[i] = digest_siphash(view->key + i * HALF_KEY, &record, sizeof(record));
    }
    place->key[0] |= 1; /* never a free entry's */
    set = (apr_size_t)(place->key[1] % SETS);
    place->guard = &shown->guards[set];
    place->entries = &shown->entries[set * SHOWN_WAYS];
}

/* 0 if the lock cannot be had. A dead owner may have left any entry half written. */
static int lock(const place_t *place)
{
    int error = pthread_mutex_lock(&place->guard->lock);

    if (error == EOWNERDEAD) {
        for (int i = 0; i < SHOWN_WAYS; i++) {
            memset(place->entries[i].key, 0, sizeof(place->entries[i].key));
        }
        error = pthread_mutex_consistent(&place->guard->lock);
    }
    return error == 0;
}

static void unlock(const place_t *place)
{
    pthread_mutex_unlock(&place->guard->lock);
}

/* ---- within the lock ---- */

static entry_t *find(const place_t *place)
{
    for (int i = 0; i < SHOWN_WAYS; i++) {
        entry_t *entry = &place->entries[i];

        if (memcmp(entry->key, place->key, sizeof(entry->key)) == 0) {
            entry->used = ++place->guard->turn;
            return entry;
        }
    }
    return NULL;
}

/* Of the free ones, else the one that was used least recently; turns may run over. */
static entry_t *take(const place_t *place)
{
    entry_t *oldest = &place->entries[0];

    for (int i = 0; i < SHOWN_WAYS; i++) {
        entry_t *entry = &place->entries[i];

        if (!entry->key[0]) {
            oldest = entry;
            break;
        }
        if (place->guard->turn - entry->used > place->guard->turn - oldest->used) {
            oldest = entry;
        }
    }
    memcpy(oldest->key, place->key, sizeof(oldest->key));
    oldest->length = 0;
    oldest->used = ++place->guard->turn;
    return oldest;
}

/* Steps through the entry's fields; the first time *at is its text. */
static int next_field(const entry_t *entry, const char **at, shown_field_t *field)
{
    if (*at >= entry->text + entry->length) {
        return 0;
    }
    field->name = *at;
    field->value = field->name + strlen(field->name) + 1;
    *at = field->value + strlen(field->value) + 1;
    return 1;
}

/* The place of the field of that name among them; count if there is none. */
static apr_size_t place_among(const shown_field_t *fields, apr_size_t count, const char *name)
{
    apr_size_t i = 0;

    while (i < count && strcmp(fields[i].name, name) != 0) {
        i++;
    }
    return i;
}

static void append(char *text, apr_size_t *length, const shown_field_t *field)
{
    apr_size_t name = strlen(field->name) + 1, value = strlen(field->value) + 1;

    if (name > SHOWN_NAME_SIZE || value > SHOWN_VALUE_SIZE || name + value > TEXT_SIZE - *length) {
        return;
    }
    memcpy(text + *length, field->name, name);
    memcpy(text + *length + name, field->value, value);
    *length += name + value;
}

/* What was shown now stands first, so that what was shown long ago is what finds no room. */
static void merge(entry_t *entry, const shown_field_t *fields, apr_size_t count)
{
    char text[TEXT_SIZE];
    apr_size_t length = 0;
    const char *at = entry->text;
    shown_field_t old;

    for (apr_size_t i = 0; i < count; i++) {
        if (fields[i].value) {
            append(text, &length, &fields[i]);
        }
    }
    while (next_field(entry, &at, &old)) {
        if (place_among(fields, count, old.name) == count) {
            append(text, &length, &old);
        }
    }
    memcpy(entry->text, text, length);
    entry->length = (apr_uint32_t)length;
    if (length == 0) {
        memset(entry->key, 0, sizeof(entry->key));
    }
}

/* ---- what others call ---- */

void shown_note(shown_t *shown, const shown_view_t *view, apr_int64_t record,
                const shown_field_t *fields, apr_size_t count, int make)
{
    place_t place;
    entry_t *entry;

    place_of(shown, view, record, &place);
    if (!lock(&place)) {
        return;
    }
    entry = find(&place);
    if (!entry && make) {
        entry = take(&place);
    }
    if (entry) {
        merge(entry, fields, count);
    }
    unlock(&place);
}

apr_size_t shown_find(shown_t *shown, const shown_view_t *view, apr_int64_t record,
                      shown_field_t *fields, apr_size_t count, apr_pool_t *pool)
{
    place_t place;
    entry_t *entry;
    apr_size_t found = 0;

    place_of(shown, view, record, &place);
    if (!lock(&place)) {
        return 0;
    }
    entry = find(&place);
    if (entry) {
        const char *at = entry->text;
        shown_field_t old;

        while (next_field(entry, &at, &old)) {
            apr_size_t asked = place_among(fields, count, old.name);

            if (asked < count) {
                fields[asked].value = apr_pstrdup(pool, old.value);
                found++;
            }
        }
    }
    unlock(&place);
    return found;
}

void shown_forget(shown_t *shown, const shown_view_t *view, apr_int64_t record)
{
    place_t place;
    entry_t *entry;

    place_of(shown, view, record, &place);
    if (lock(&place)) {
        entry = find(&place);
        if (entry) {
            memset(entry->key, 0, sizeof(entry->key));
        }
        unlock(&place);
    }
}
