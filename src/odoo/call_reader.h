/* What the readers of the single kinds of routes share: the request as far as it was read. Filled
 * by call.c, read by whoever makes a call of it. */
#ifndef ODOO_CALL_READER_H
#define ODOO_CALL_READER_H

#include "envelope.h"
#include "odoo/call.h"
#include "odoo/fields.h"

typedef struct call_kind_t call_kind_t;

struct call_reader_t {
    apr_pool_t *pool;
    const route_t *route;
    call_request_t request;
    const redact_t *redact;
    values_level_t values;
    const call_kind_t *kind; /* NULL: nothing there makes a call */
    const char *const *names;
    envelope_t *envelope;          /* of a JSON body, or of JSON in a field; else NULL */
    const envelope_parts_t *parts; /* what it held, once it is read */
    fields_t *fields;              /* of a form and of a query, else NULL */
    apr_uint64_t length;           /* of the body so far */
    int complete;
    int truncated;
    int body_ignored;
    int finished;
    call_t call;
};

/* How requests on one kind of route are read. */
struct call_kind_t {
    route_kind_t route;
    envelope_shape_t shape;
    const char *const *names; /* of parameters or fields; NULL: the route's own */
    const char *json_field;   /* the field that holds a JSON text, read as ENVELOPE_BARE */
    /* Fills in the call; 0 if this request is no call that Odoo can read. */
    int (*read)(call_reader_t *reader);
};

/* A parameter of the request, wherever it stands; NULL if it was not sent. */
json_value_t *call_parameter(const call_reader_t *reader, const char *name);

/* The same as a text; NULL if it is none or empty. */
const char *call_parameter_text(const call_reader_t *reader, const char *name);

/* 1 for a method that only asks to be shown something. */
int call_only_shows(const call_reader_t *reader);

/* Readers of doors (call_door.c). */
int call_door_read(call_reader_t *reader);
int call_unknown_read(call_reader_t *reader);
int call_page_read(call_reader_t *reader);
int call_export_read(call_reader_t *reader);
int call_report_read(call_reader_t *reader);
int call_report_file_read(call_reader_t *reader);
int call_download_read(call_reader_t *reader);
int call_json1_read(call_reader_t *reader);

#endif
