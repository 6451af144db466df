/* The setters of the directives about alerts, for the table. Private to the room. */
#ifndef HTTPD_ALERT_DIRECTIVES_H
#define HTTPD_ALERT_DIRECTIVES_H

#include "httpd/config.h"

const char *alert_set_smtp(cmd_parms *cmd, void *dir, int argc, char *const argv[]);
const char *alert_set_credentials(cmd_parms *cmd, void *dir, const char *value);
const char *alert_set_from(cmd_parms *cmd, void *dir, const char *value);
const char *alert_set_webhook(cmd_parms *cmd, void *dir, const char *url, const char *secrets,
                              const char *option);
const char *alert_set_limit(cmd_parms *cmd, void *dir, const char *of_user, const char *of_all);
const char *alert_set_give_up(cmd_parms *cmd, void *dir, const char *value);
const char *alert_add_line(cmd_parms *cmd, void *dir, int argc, char *const argv[]);
const char *alert_set_page_url(cmd_parms *cmd, void *dir, const char *value);

#endif
