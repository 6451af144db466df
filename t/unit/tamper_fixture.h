/* A trail that is changed behind the keeper's back, and what user-audit says of it. */
#ifndef TAMPER_FIXTURE_H
#define TAMPER_FIXTURE_H

#include "test_store_fixture.h"

#define TAMPER_OUTPUT_SIZE 65536

/* What the command said last. */
extern char tamper_output[TAMPER_OUTPUT_SIZE];

/* Opens the database by hand; the fixture's store is closed. */
void tamper_open(fixture_t *fixture);
/* Runs a statement, which must work. */
void tamper_sql(fixture_t *fixture, const char *statement);
/* Keeps the trail as it is in tables kept_*, and puts it back from there. */
void tamper_keep(fixture_t *fixture);
void tamper_put_back(fixture_t *fixture);

/* Runs user-audit; gives its exit status. */
int tamper_run(fixture_t *fixture, const char *words);
/* The same, which must end and speak like this. */
void tamper_expect(fixture_t *fixture, const char *words, int status, const char *said);
/* Runs statements, parted by ";;", has user-audit find what they did, and puts the trail back. */
void tamper_find(fixture_t *fixture, const char *statements, const char *said);

#endif
