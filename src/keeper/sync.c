/* Machines that share a store tell each other of their sessions: last action, whose they are, and
 * how they ended. In one transaction the words of others are taken over and then the own ones
 * written; since writers take turns, nobody writes over a word that they have not heard. */
#include "keeper_state.h"

#include <string.h>

#include <apr_strings.h>

#include "session/revocation.h"

/* Ends are told at once and heard a second later, however long either takes: so they are in force
 * within two seconds wherever the database answers. Last actions can wait. */
#define HEARING_GAP apr_time_from_sec(1)
#define SPEECH_GAP apr_time_from_sec(1)
#define SPEECH_SHARE 20                /* of the time, at most one part in so many, but for ends */
#define SYNC_PIECE 500                 /* words read at a time */
#define LOOK_BACK apr_time_from_sec(2) /* begun before and done after the last look */
#define START_BACK apr_time_from_sec(60)
#define TELL_PIECE 2000 /* slots of what was there before, each time */
#define PURGE_GAP apr_time_from_sec(86400)
#define KEY_NAME "site_key"

/* ---- one key for all ---- */

static void tell_other_key(keeper_t *keeper)
{
    if (!keeper->other_key) {
        keeper_log(
            keeper, KEEPER_ERROR, APR_SUCCESS,
            "the database belongs to machines with another key than %s/site.key, so sessions "
            "are not shared: stop httpd, remove site.key, sessions and revoked from that "
            "folder, and start again; the sessions of this machine are forgotten then",
            keeper->config->state_dir);
    }
    keeper->other_key = 1;
}

/* 1 if the store's key is this machine's. A store that has none gets it. */
static int agree_on_key(keeper_t *keeper, apr_status_t *status)
{
    char own[DIGEST_HEX_SIZE];
    const char *known = NULL;

    digest_hex(keeper->config->key->bytes, DIGEST_SIZE, own);
    *status = store_meta_get(keeper->store, KEY_NAME, &known, keeper->sync_pool);
    if (*status == APR_NOTFOUND) {
        *status = store_meta_set(keeper->store, KEY_NAME, own);
        return 1;
    }
    if (*status == APR_SUCCESS && (!known || strcmp(known, own))) {
        tell_other_key(keeper);
        return 0;
    }
    keeper->other_key = 0;
    return 1;
}

/* ---- what others say ---- */

typedef struct hearing_t {
    keeper_t *keeper;
    apr_array_header_t *sessions; /* session_t */
    apr_int64_t last;             /* number of the last word */
    int count;
} hearing_t;

static apr_time_t boot_time_of(apr_time_t then, apr_time_t now, apr_time_t now_boot)
{
    return then < now ? now_boot - (now - then) : now_boot;
}

static void hear(void *payload, apr_int64_t number, const char *node, const char *line)
{
    hearing_t *hearing = payload;
    keeper_t *keeper = hearing->keeper;
    apr_time_t now = apr_time_now(), now_boot = boot_time_now();
    session_t session;

    hearing->last = number;
    hearing->count++;
    if (!node || !line || (keeper->heard && !strcmp(node, keeper->node)) ||
        session_line_parse(line, &session) != APR_SUCCESS) {
        return;
    }
    session.elsewhere = strcmp(node, keeper->node) != 0;
    session.started_boot = boot_time_of(session.started, now, now_boot);
    session.last_action_boot = boot_time_of(session.last_action, now, now_boot);
    APR_ARRAY_PUSH(hearing->sessions, session_t) = session;
}

/* What must hold here without the database too: ends, and programs that were let in again. */
static int is_decision(keeper_t *keeper, const session_t *told)
{
    session_t known;
    int program = told->kind == SESSION_KIND_USER || told->kind == SESSION_KIND_KEY;
    apr_status_t status = session_table_find(keeper->config->sessions, &told->fingerprint, &known);

    if (told->kind == SESSION_KIND_MARK) {
        return status != APR_SUCCESS || told->ended > known.ended;
    }
    if (told->state == SESSION_REVOKED) {
        return status != APR_SUCCESS ||
               (known.state != SESSION_REVOKED && (!program || told->ended >= known.started));
    }
    return program && told->state == SESSION_OPEN && status == APR_SUCCESS &&
           known.state == SESSION_REVOKED && told->started > known.ended;
}

/* Disk before memory, here as well. */
static apr_status_t take_over(keeper_t *keeper, const apr_array_header_t *sessions)
{
    apr_array_header_t *decisions = apr_array_make(keeper->sync_pool, 8, sizeof(session_t));
    apr_status_t status = APR_SUCCESS;

    for (int i = 0; i < sessions->nelts; i++) {
        if (is_decision(keeper, &APR_ARRAY_IDX(sessions, i, session_t))) {
            APR_ARRAY_PUSH(decisions, session_t) = APR_ARRAY_IDX(sessions, i, session_t);
        }
    }
    if (decisions->nelts) {
        status = revocation_append_all(keeper->revoked_file, (session_t *)decisions->elts,
                                       decisions->nelts, keeper->sync_pool);
    }
    if (status != APR_SUCCESS && !keeper->revoked_reported) {
        keeper_log(keeper, KEEPER_ERROR, status,
                   "cannot write %s: sessions that other machines ended are refused, but may be "
                   "used again after a restart without the database",
                   keeper->revoked_file);
    }
    keeper->revoked_reported = status != APR_SUCCESS;
    for (int i = 0; i < sessions->nelts; i++) {
        session_table_restore(keeper->config->sessions, &APR_ARRAY_IDX(sessions, i, session_t));
    }
    return APR_SUCCESS;
}

static apr_status_t hear_others(keeper_t *keeper)
{
    hearing_t hearing = {keeper, NULL, keeper->heard, SYNC_PIECE};
    apr_status_t status = APR_SUCCESS;

    while (status == APR_SUCCESS && hearing.count == SYNC_PIECE) {
        apr_pool_clear(keeper->sync_pool);
        hearing.sessions = apr_array_make(keeper->sync_pool, 32, sizeof(session_t));
        hearing.count = 0;
        status = store_shared_read(keeper->store, hearing.last, SYNC_PIECE, hear, &hearing,
                                   keeper->sync_pool);
        if (status == APR_SUCCESS && hearing.sessions->nelts) {
            status = take_over(keeper, hearing.sessions);
        }
    }
    if (status == APR_SUCCESS) {
        keeper->heard = hearing.last;
    }
    return status;
}

/* ---- what this machine says ---- */

typedef struct speech_t {
    keeper_t *keeper;
    apr_status_t status;
} speech_t;

/* Nobody else can tell the same end: who did so before was heard, who is to come will hear this. */
static int say(void *payload, const session_t *present)
{
    speech_t *speech = payload;
    keeper_t *keeper = speech->keeper;
    char line[REVOCATION_MAX_LINE], key[DIGEST_HEX_SIZE];
    session_t session = *present;
    apr_time_t last = session.ended > session.last_seen ? session.ended : session.last_seen;

    if (present->end_untold &&
        session_table_take_untold(keeper->config->sessions, &present->fingerprint, &session)) {
        cleanup_tell_end(keeper, &session);
    }
    session.end_untold = 0;
    session_line_print(&session, line);
    digest_hex(session.fingerprint.bytes, DIGEST_SIZE, key);
    speech->status =
        store_shared_put(keeper->store, key, keeper->node, last + REVOCATION_KEPT, line);
    return speech->status != APR_SUCCESS;
}

static int say_end(void *payload, const session_t *session)
{
    return session->state == SESSION_REVOKED && !session->elsewhere && say(payload, session);
}

static int say_own(void *payload, const session_t *session)
{
    return !session->elsewhere && say(payload, session);
}

/* A new keeper cannot know what the one before has told, nor to which database: it tells all that
 * is its machine's own, what people ended first, the rest little by little. */
static apr_status_t speak(keeper_t *keeper, apr_uint32_t *place)
{
    session_table_t *sessions = keeper->config->sessions;
    speech_t speech = {keeper, APR_SUCCESS};

    if (!keeper->told_ends) {
        keeper->told_to = boot_time_now() - START_BACK;
        session_table_each(sessions, say_end, &speech);
    }
    if (speech.status == APR_SUCCESS) {
        session_table_each_changed(sessions, keeper->told_to, say, &speech);
    }
    *place = 0;
    if (speech.status == APR_SUCCESS && !keeper->told_all) {
        *place =
            session_table_each_piece(sessions, keeper->tell_place, TELL_PIECE, say_own, &speech);
    }
    return speech.status;
}

/* ---- */

/* The own words are kept back unless it `speaks`. */
static apr_status_t converse(keeper_t *keeper, int speaks, apr_uint32_t *place)
{
    apr_status_t status;

    if (!agree_on_key(keeper, &status) || status != APR_SUCCESS) {
        return status;
    }
    status = hear_others(keeper);
    if (status == APR_SUCCESS && speaks) {
        status = speak(keeper, place);
    }
    if (status == APR_SUCCESS) {
        status = sync_settings(keeper);
    }
    if (status == APR_SUCCESS && boot_time_now() - keeper->shared_purged_at >= PURGE_GAP) {
        keeper->shared_purged_at = boot_time_now();
        status = store_shared_purge(keeper->store, apr_time_now());
    }
    return status;
}

static int can_share(const keeper_t *keeper)
{
    return keeper->store && keeper->config->sessions && keeper->config->key &&
           store_is_shared(keeper->store);
}

/* To machines with another key nothing was. */
static void was_told(keeper_t *keeper, apr_time_t begun, apr_uint32_t place)
{
    apr_interval_time_t took = keeper->heard_at - begun;

    keeper->spoken_at = keeper->heard_at;
    keeper->speech_gap = SPEECH_SHARE * took > SPEECH_GAP ? SPEECH_SHARE * took : SPEECH_GAP;
    if (!keeper->other_key) {
        keeper->told_to = begun - LOOK_BACK;
        keeper->told_ends = 1;
        keeper->told_all |= place == 0;
        keeper->tell_place = place;
    }
}

void sync_tick(keeper_t *keeper)
{
    apr_time_t now = boot_time_now();
    apr_uint32_t place = 0, generation;
    apr_status_t status;
    int speaks;

    if (!can_share(keeper)) {
        return;
    }
    generation = session_table_generation(keeper->config->sessions);
    speaks =
        generation != keeper->shared_generation || now - keeper->spoken_at >= keeper->speech_gap;
    if (!speaks && now - keeper->heard_at < HEARING_GAP) {
        return;
    }
    status = database_begin(keeper);
    if (status == APR_SUCCESS) {
        status = database_end(keeper, converse(keeper, speaks, &place));
    }
    keeper->heard_at = boot_time_now();
    if (speaks && status == APR_SUCCESS) {
        keeper->shared_generation = generation;
        was_told(keeper, now, place);
    }
    if (status == APR_SUCCESS && !keeper->other_key) {
        session_table_set_synced(keeper->config->sessions, keeper->heard_at);
    }
    apr_pool_clear(keeper->sync_pool);
}
