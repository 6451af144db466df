/* Who a session is. */
#include <string.h>

#include "table_layout.h"

int session_is_nameless(const session_t *session)
{
    return session->uid == 0 && !*session->login;
}

void session_set_identity(session_t *session, const session_t *identity)
{
    session->uid = 0;
    session->manager = 0;
    session->rights_checked = 0;
    memset(session->login, 0, sizeof(session->login));
    table_order_stores();
    session_copy_text(session->database, sizeof(session->database), identity->database);
    session_copy_text(session->name, sizeof(session->name), identity->name);
    session_copy_text(session->timezone, sizeof(session->timezone), identity->timezone);
    session->provisional = identity->provisional;
    table_order_stores();
    session_copy_text(session->login, sizeof(session->login), identity->login);
    table_order_stores();
    session->uid = identity->uid;
    session->manager = identity->manager;
    session->rights_checked = identity->rights_checked;
}

static int same_text(const char *known, const char *told)
{
    return !*known || !*told || !strcmp(known, told);
}

/* A user is a number within a database; of a provisional one only the login is known. */
static int same_user(const session_t *known, const session_t *told)
{
    if (!same_text(known->database, told->database)) {
        return 0;
    }
    if (known->uid && told->uid) {
        return known->uid == told->uid;
    }
    return same_text(known->login, told->login);
}

static int identity_change(const session_t *known, const session_t *told)
{
    if (session_is_nameless(known) || (known->provisional && !told->provisional)) {
        return 1;
    }
    if (!same_user(known, told)) {
        return 2;
    }
    return (!*known->login && *told->login) || (!known->uid && told->uid);
}

static void keep_text(char *text, apr_size_t size, const char *known)
{
    if (!*text) {
        session_copy_text(text, size, known);
    }
}

/* What the new word about the same user leaves open stays as it was. */
static void keep_known(session_t *told, const session_t *known)
{
    keep_text(told->database, sizeof(told->database), known->database);
    keep_text(told->login, sizeof(told->login), known->login);
    keep_text(told->name, sizeof(told->name), known->name);
    keep_text(told->timezone, sizeof(told->timezone), known->timezone);
    if (!told->uid) {
        told->uid = known->uid;
    }
    if (!told->rights_checked) {
        told->rights_checked = known->rights_checked;
        told->manager = known->manager;
    }
}

static void apply_identity(session_t *session, const session_t *identity)
{
    session_t told = *identity;

    session_end_texts(&told);
    if (same_user(session, &told)) {
        keep_known(&told, session);
    }
    session_set_identity(session, &told);
}

static int is_only_a_claim(const session_t *known, const session_t *told)
{
    return told->provisional && known->uid && !known->provisional;
}

apr_status_t session_table_identify(session_table_t *table, const fingerprint_t *fingerprint,
                                    const session_t *identity, int *changed)
{
    table_entry_t entry;
    apr_status_t rv = table_enter_change(&entry, table, fingerprint);

    *changed = 0;
    if (rv != APR_SUCCESS) {
        return rv;
    }
    if (!session_is_nameless(identity) && !is_only_a_claim(entry.session, identity)) {
        *changed = identity_change(entry.session, identity);
        apply_identity(entry.session, identity);
    }
    table_leave(&entry);
    return APR_SUCCESS;
}

int session_table_take_question(session_table_t *table, const fingerprint_t *fingerprint,
                                apr_time_t now, apr_interval_time_t gap)
{
    table_entry_t entry;
    int taken;

    if (table_enter_change(&entry, table, fingerprint) != APR_SUCCESS) {
        return 0;
    }
    /* A clock that was set back must not put the question off. */
    taken = entry.session->uid == 0 &&
            (now - entry.session->rights_checked >= gap || now < entry.session->rights_checked);
    if (taken) {
        entry.session->rights_checked = now;
    }
    table_leave(&entry);
    return taken;
}
