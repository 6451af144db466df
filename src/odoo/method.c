#include "odoo/method.h"

#include <stdlib.h>
#include <string.h>

#define NONE OPERATION_NONE
#define CREATE OPERATION_CREATE
#define WRITE OPERATION_WRITE
#define UNLINK OPERATION_UNLINK
#define READ OPERATION_READ
#define SEARCH OPERATION_SEARCH
#define EXPORT OPERATION_EXPORT
#define IMPORT OPERATION_IMPORT
#define CALL OPERATION_CALL
#define PASSWORD_CHANGED OPERATION_PASSWORD_CHANGED

#define IDS METHOD_IDS
#define SHOWS METHOD_SHOWS
#define MODEL_METHOD 0 /* @api.model: no ids */

/* Sorted by name, for bsearch; of one name the rows of a model stand before the one for any.
 * A method that is missing here is a call that may write, so only a method that provably saves
 * nothing may stand as NONE. */
static const method_t methods[] = {
    {"action_archive", NULL, WRITE, IDS, NULL, NULL, NULL, "active", NULL},
    {"action_close_dialog", NULL, NONE, IDS, NULL, NULL, NULL, NULL, NULL},
    {"action_fetch_favorites", "mailing.mailing", READ, MODEL_METHOD, "extra_domain", NULL, NULL,
     NULL, "[].id"},
    {"action_get", "res.users", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"action_open_document", NULL, NONE, IDS, NULL, NULL, NULL, NULL, NULL},
    /* Where somebody has not proved lately who they are, it answers a dialog and does nothing. */
    {"action_revoke_all_devices", "res.users", CALL, IDS | METHOD_REVOKES, NULL, NULL, NULL, NULL,
     "res_id !res_model"},
    {"action_unarchive", NULL, WRITE, IDS, NULL, NULL, NULL, "active", NULL},
    {"activity_format", NULL, READ, IDS, NULL, NULL, NULL, NULL, NULL},
    {"authenticate", NULL, CALL, METHOD_SECRET, NULL, NULL, NULL, NULL, NULL},
    {"autocomplete", "res.partner", NONE, MODEL_METHOD | METHOD_BACKGROUND, NULL, NULL, NULL, NULL,
     NULL},
    /* One's own, asked for in a dialog, may first ask who one is and do nothing. */
    {"change_password", "change.password.own", PASSWORD_CHANGED,
     IDS | METHOD_SECRET | METHOD_PASSWORD, NULL, NULL, NULL, NULL, "res_id !res_model"},
    {"change_password", "res.users", PASSWORD_CHANGED, MODEL_METHOD | METHOD_SECRET, NULL, NULL,
     NULL, NULL, NULL},
    {"change_password", NULL, CALL, METHOD_MAYBE_IDS | METHOD_SECRET, NULL, NULL, NULL, NULL, NULL},
    {"change_password_button", "change.password.wizard", PASSWORD_CHANGED, IDS, NULL, NULL, NULL,
     NULL, NULL},
    {"channel_create", "discuss.channel", CREATE, METHOD_NAME, "name group_id", "name", NULL, NULL,
     "id {discuss.channel}[0].id"},
    {"channel_create", "mail.channel", CREATE, METHOD_NAME, "name group_id", "name", NULL, NULL,
     "id"},
    {"channel_fetched", NULL, CALL, IDS | METHOD_BACKGROUND, NULL, NULL, NULL, NULL, NULL},
    {"check_access_rights", NULL, NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"check_access_rule", NULL, NONE, IDS, NULL, NULL, NULL, NULL, NULL},
    {"check_credentials", NULL, CALL, METHOD_SECRET, NULL, NULL, NULL, NULL, NULL},
    {"check_iban", "res.partner.bank", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"check_synchronization_status", "res.users", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"context_get", "res.users", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"copy", NULL, CREATE, METHOD_SOURCES, "default", "default", NULL, NULL, ". []"},
    {"copy_data", NULL, READ, IDS, "default", NULL, NULL, NULL, NULL},
    {"copy_multi", NULL, CREATE, METHOD_SOURCES, "default", "default", NULL, NULL, "[]"},
    {"create", NULL, CREATE, MODEL_METHOD, "vals_list/vals/values", "vals_list", NULL, NULL,
     ". []"},
    {"create_filter", "ir.filters", CREATE, MODEL_METHOD, "vals", "vals", NULL, NULL, "."},
    /* Where there is a favourite of the same name it is written, and the answer does not tell. */
    {"create_or_replace", "ir.filters", CALL, MODEL_METHOD, "vals", NULL, NULL, NULL, "."},
    {"default_get", NULL, NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"display_name_for", "ir.model", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"execute_import", "base_import.import", IMPORT, IDS | METHOD_DRY_RUN,
     "fields columns options dryrun", NULL, "fields", NULL, "ids[]"},
    {"exists", NULL, SEARCH, IDS, NULL, NULL, NULL, NULL, "[]"},
    {"export_data", NULL, EXPORT, IDS, "fields_to_export", NULL, "fields_to_export", NULL, NULL},
    {"fields_get", NULL, NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"fields_view_get", NULL, NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"filtered", NULL, READ, IDS, "func", NULL, NULL, NULL, NULL},
    {"filtered_domain", NULL, SEARCH, IDS, "domain", NULL, NULL, NULL, NULL},
    {"formatted_read_group", NULL, SEARCH, MODEL_METHOD, "domain groupby aggregates", NULL,
     "groupby", NULL, NULL},
    {"formatted_read_grouping_sets", NULL, SEARCH, MODEL_METHOD, "domain grouping_sets aggregates",
     NULL, NULL, NULL, NULL},
    {"get_activity_data", "mail.activity", SEARCH, MODEL_METHOD, NULL, NULL, NULL, NULL,
     "activity_res_ids[]"},
    {"get_attendee_detail", "res.partner", NONE, IDS, NULL, NULL, NULL, NULL, NULL},
    {"get_available_models", "ir.model", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"get_company_currency_for_spreadsheet", "res.currency", NONE, MODEL_METHOD, NULL, NULL, NULL,
     NULL, NULL},
    {"get_currencies_for_spreadsheet", "res.currency", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL,
     NULL},
    {"get_current_website", "website", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"get_default_duration", "calendar.event", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"get_discuss_videocall_location", "calendar.event", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL,
     NULL},
    {"get_external_id", NULL, READ, IDS, NULL, NULL, NULL, NULL, NULL},
    {"get_extra_print_items", NULL, NONE, IDS, NULL, NULL, NULL, NULL, NULL},
    {"get_field_translations", NULL, NONE, IDS, NULL, NULL, NULL, NULL, NULL},
    {"get_fiscal_dates", "res.company", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"get_formview_action", NULL, NONE, IDS, NULL, NULL, NULL, NULL, NULL},
    {"get_formview_id", NULL, NONE, IDS, NULL, NULL, NULL, NULL, NULL},
    {"get_import_templates", NULL, NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"get_installed", "res.lang", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"get_last_update_or_default", "project.project", NONE, IDS, NULL, NULL, NULL, NULL, NULL},
    {"get_locales_for_spreadsheet", "res.lang", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"get_mention_suggestions", NULL, READ, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"get_mention_suggestions_from_channel", NULL, READ, MODEL_METHOD, NULL, NULL, NULL, NULL,
     NULL},
    {"get_metadata", NULL, READ, IDS, NULL, NULL, NULL, NULL, NULL},
    {"get_model_options", NULL, NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"get_properties_base_definition", NULL, NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"get_property_definition", NULL, NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"get_rainbowman_message", "crm.lead", NONE, IDS, NULL, NULL, NULL, NULL, NULL},
    {"get_rates_for_spreadsheet", "res.currency.rate", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL,
     NULL},
    {"get_single_product_variant", "product.template", NONE, IDS, NULL, NULL, NULL, NULL, NULL},
    {"get_state_selections", "calendar.event", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"get_survey_templates_data", "survey.survey", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL,
     NULL},
    {"get_template_tasks", "project.project", NONE, IDS, NULL, NULL, NULL, NULL, NULL},
    {"get_unusual_days", NULL, NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"get_valid_action_reports", "ir.actions.report", NONE, IDS, NULL, NULL, NULL, NULL, NULL},
    {"get_view", NULL, NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"get_views", NULL, NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"get_working_hours_for_all_attendees", "res.partner", NONE, MODEL_METHOD, NULL, NULL, NULL,
     NULL, NULL},
    {"get_worklocation", "res.partner", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"get_xml_id", NULL, READ, IDS, NULL, NULL, NULL, NULL, NULL},
    {"has_access", NULL, NONE, IDS, NULL, NULL, NULL, NULL, NULL},
    {"has_group", "res.users", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"has_groups", "res.users", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"has_searchable_parent_relation", NULL, NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"im_search", "res.partner", READ, MODEL_METHOD | METHOD_BACKGROUND, NULL, NULL, NULL, NULL,
     "[].id"},
    {"im_search", "res.users", READ, MODEL_METHOD | METHOD_BACKGROUND, NULL, NULL, NULL, NULL,
     "[].id"},
    {"lazy_session_info", "ir.http", NONE, MODEL_METHOD | METHOD_BACKGROUND, NULL, NULL, NULL, NULL,
     NULL},
    {"load", NULL, IMPORT, METHOD_ROWS, "fields data", "data", "fields", NULL, "ids[]"},
    {"load_menus", "ir.ui.menu", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"load_views", NULL, NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"load_web_menus", "ir.ui.menu", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"make_key", NULL, CALL, METHOD_MAYBE_IDS | METHOD_SECRET, NULL, NULL, NULL, NULL, NULL},
    {"mapped", NULL, READ, IDS, "func", NULL, "func", NULL, NULL},
    {"message_get_followers", NULL, READ, IDS, NULL, NULL, NULL, NULL, NULL},
    {"name_create", NULL, CREATE, METHOD_NAME, "name", "name", NULL, NULL, "[0]"},
    {"name_get", NULL, READ, IDS, NULL, NULL, NULL, "display_name", "[][0]"},
    {"name_search", NULL, READ, MODEL_METHOD, "name args/domain operator limit", NULL, NULL,
     "display_name", "[][0]"},
    /* Where a letter's template has a report, this prints it and keeps it as an attachment. */
    {"onchange", "mail.compose.message", CALL, IDS, NULL, NULL, NULL, NULL, NULL},
    {"onchange", NULL, NONE, IDS, NULL, NULL, NULL, NULL, NULL},
    {"parse_preview", "base_import.import", NONE, IDS, NULL, NULL, NULL, NULL, NULL},
    {"read", NULL, READ, IDS | SHOWS, "fields load", NULL, "fields", NULL, "[].id"},
    {"read_group", NULL, SEARCH, MODEL_METHOD, "domain fields groupby", NULL, "fields", NULL, NULL},
    {"read_progress_bar", NULL, SEARCH, MODEL_METHOD, "domain group_by progress_bar", NULL,
     "group_by", NULL, NULL},
    {"register_devices", NULL, CALL, METHOD_SECRET | METHOD_BACKGROUND, NULL, NULL, NULL, NULL,
     NULL},
    {"render_public_asset", "ir.ui.view", NONE, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"reset_password", "res.users", CALL, MODEL_METHOD, "login", NULL, NULL, NULL, NULL},
    {"revoke", "res.device", CALL, IDS | METHOD_REVOKES, NULL, NULL, NULL, NULL,
     "res_id !res_model"},
    {"revoke_all_devices", "res.users.identitycheck", CALL, IDS | METHOD_REVOKES, NULL, NULL, NULL,
     NULL, NULL},
    {"run", "ir.actions.server", CALL, IDS, NULL, NULL, NULL, NULL, NULL},
    {"run_check", "res.users.identitycheck", CALL, IDS | METHOD_CHECK, NULL, NULL, NULL, NULL,
     NULL},
    {"search", NULL, SEARCH, MODEL_METHOD, "domain/args offset limit order", NULL, NULL, NULL,
     "[]"},
    {"search_count", NULL, SEARCH, MODEL_METHOD, "domain/args limit", NULL, NULL, NULL, NULL},
    {"search_fetch", NULL, SEARCH, MODEL_METHOD, "domain field_names", NULL, "field_names", NULL,
     "[]"},
    {"search_for_channel_invite", NULL, READ, MODEL_METHOD, NULL, NULL, NULL, NULL, NULL},
    {"search_panel_select_multi_range", NULL, SEARCH, MODEL_METHOD, "field_name", NULL,
     "field_name", NULL, NULL},
    {"search_panel_select_range", NULL, SEARCH, MODEL_METHOD, "field_name", NULL, "field_name",
     NULL, NULL},
    {"search_read", NULL, READ, SHOWS, "domain fields offset limit order", NULL, "fields", NULL,
     "[].id"},
    {"set_param", "ir.config_parameter", CALL, MODEL_METHOD, "key value", NULL, NULL, NULL, NULL},
    {"sorted", NULL, READ, IDS, "key", NULL, NULL, NULL, NULL},
    {"systray_get_activities", "res.users", NONE, MODEL_METHOD | METHOD_BACKGROUND, NULL, NULL,
     NULL, NULL, NULL},
    {"toggle_active", NULL, WRITE, IDS, NULL, NULL, NULL, "active", NULL},
    {"unlink", NULL, UNLINK, IDS, NULL, NULL, NULL, NULL, NULL},
    {"update", NULL, WRITE, IDS, "values", "values", NULL, NULL, NULL},
    {"update_field_translations", NULL, WRITE, IDS, "field_name translations source_lang",
     "translations", "field_name", NULL, NULL},
    {"web_name_search", NULL, READ, MODEL_METHOD, "name specification domain operator limit", NULL,
     "specification", NULL, "[].id"},
    {"web_override_translations", NULL, WRITE, IDS, "values", "values", NULL, NULL, NULL},
    {"web_read", NULL, READ, IDS | SHOWS, "specification", NULL, "specification", NULL, "[].id"},
    {"web_read_group", NULL, SEARCH, SHOWS | METHOD_GROUPS, "domain fields/groupby", NULL, NULL,
     NULL, "groups[].(__groups)__records[].id groups[].__data.records[].id"},
    {"web_resequence", NULL, WRITE, IDS | SHOWS, "specification field_name offset", NULL,
     "field_name", "sequence", NULL},
    {"web_save", NULL, WRITE, IDS | SHOWS | METHOD_SAVE, "vals/values specification next_id",
     "vals", NULL, NULL, "[].id"},
    {"web_save_multi", NULL, WRITE, IDS | SHOWS, "vals_list specification", "vals_list", NULL, NULL,
     NULL},
    {"web_search_read", NULL, READ, SHOWS,
     "domain fields/specification offset limit order count_limit", NULL, "fields", NULL,
     "records[].id"},
    {"write", NULL, WRITE, IDS, "vals/values", "vals", NULL, NULL, NULL},
};

#define METHOD_COUNT (sizeof(methods) / sizeof(methods[0]))

static const method_t unknown = {"", NULL, CALL, METHOD_MAYBE_IDS, NULL, NULL, NULL, NULL, NULL};

static int compare_name(const void *name, const void *row)
{
    return strcmp(name, ((const method_t *)row)->name);
}

const method_t *method_find(const char *model, const char *name)
{
    const method_t *row = bsearch(name, methods, METHOD_COUNT, sizeof(methods[0]), compare_name);

    if (!row) {
        return &unknown;
    }
    while (row > methods && strcmp(row[-1].name, name) == 0) {
        row--;
    }
    for (; row < methods + METHOD_COUNT && strcmp(row->name, name) == 0; row++) {
        if (!row->model || strcmp(row->model, model) == 0) {
            return row;
        }
    }
    return &unknown;
}

/* 1 if the name is among the "/"-parted names. */
static int is_named(const char *names, apr_size_t length, const char *name)
{
    apr_size_t wanted = strlen(name);
    const char *end = names + length;

    while (names < end) {
        const char *slash = memchr(names, '/', (apr_size_t)(end - names));
        const char *stop = slash ? slash : end;

        if ((apr_size_t)(stop - names) == wanted && memcmp(names, name, wanted) == 0) {
            return 1;
        }
        names = stop + 1;
    }
    return 0;
}

const char *method_parameter(const method_t *method, int position, apr_size_t *length)
{
    const char *names = method->parameters;

    if (!names) {
        return NULL;
    }
    for (; position > 0; position--) {
        names = strchr(names, ' ');
        if (!names) {
            return NULL;
        }
        names++;
    }
    *length = strcspn(names, " ");
    return names;
}

int method_position(const method_t *method, const char *parameter)
{
    const char *names;
    apr_size_t length;

    for (int i = 0; (names = method_parameter(method, i, &length)) != NULL; i++) {
        if (is_named(names, length, parameter)) {
            return i;
        }
    }
    return -1;
}

const method_t *method_row(apr_size_t index)
{
    return index < METHOD_COUNT ? &methods[index] : NULL;
}
