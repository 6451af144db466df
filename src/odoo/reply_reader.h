/* The reader of an answer, for the two files that it is written in. */
#ifndef ODOO_REPLY_READER_H
#define ODOO_REPLY_READER_H

#include "odoo/reply.h"
#include "reply_envelope.h"
#include "reply_script.h"

struct reply_reader_t {
    apr_pool_t *pool;
    const route_t *route;
    const call_t *call; /* may be NULL */
    reply_head_t head;
    reply_envelope_t *envelope; /* of a JSON-RPC answer, else NULL */
    reply_script_t *script;     /* in front of the JSON of an upload, else NULL */
    identity_page_t *page;      /* of a page, else NULL */
    int done;                   /* the rest cannot change the result */
    reply_t reply;
};

static inline int reply_status_in(int status, int first, int last)
{
    return status >= first && status <= last;
}

/* Fills in of the reply what status, Location and cookies tell; the body may tell more. */
void reply_conclude(reply_reader_t *reader);

/* 1 if the head tells that Odoo logged the session out that a call came in. */
int reply_logs_out(const reply_reader_t *reader);

#endif
