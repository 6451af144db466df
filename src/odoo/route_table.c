#include "route_table.h"

#include "text/form.h"

#define PASSES 1
#define GATED 0
#define PERSONAL 1
#define NOISE 0
#define TAIL 1
#define EXACT 0

#define ANYBODY 0u
#define USER ROUTE_BY_USER
#define POST ROUTE_BY_POST

#define BODY_(word) ROUTE_BODY_##word
#define REPLY_(word) ROUTE_REPLY_##word

/* Rows by what they have in common. */

/* What is sent and answered there is read by code of its own. */
#define SPECIAL(kind, path, tail, channel, body, reply, personal, passes, flags)                   \
    {                                                                                              \
        kind, path, tail, channel, BODY_(body), REPLY_(reply), personal, passes, flags,            \
            OPERATION_NONE, NULL, NULL, NULL, NULL, NULL                                           \
    }

/* No events: files, noise, pages, ways to a session, descriptions of models and views. */
#define STATIC(path, tail)                                                                         \
    SPECIAL(ROUTE_STATIC, path, tail, "http", IGNORED, IGNORED, NOISE, PASSES, ANYBODY)
#define POLL(path, tail)                                                                           \
    SPECIAL(ROUTE_POLL, path, tail, "http", IGNORED, IGNORED, NOISE, GATED, ANYBODY)
#define PAGE(path, tail, body)                                                                     \
    SPECIAL(ROUTE_PAGE, path, tail, "http", body, PAGE, PERSONAL, GATED, USER)
#define WAY_IN(path, tail)                                                                         \
    SPECIAL(ROUTE_OTHER, path, tail, "http", IGNORED, IGNORED, PERSONAL, PASSES, ANYBODY)
#define META(path, tail)                                                                           \
    SPECIAL(ROUTE_OTHER, path, tail, "http", IGNORED, IGNORED, PERSONAL, GATED, ANYBODY)

/* The row itself tells what a request there does. */
#define DOOR(path, tail, channel, body, reply, flags, operation, model, method, ids, values,       \
             result)                                                                               \
    {                                                                                              \
        ROUTE_DOOR, path, tail, channel, BODY_(body), REPLY_(reply), PERSONAL, GATED, flags,       \
            OPERATION_##operation, model, method, ids, values, result                              \
    }
#define JSON_DOOR(path, flags, operation, model, method, ids, values, result)                      \
    DOOR(path, EXACT, "http", JSON, JSONRPC, flags, operation, model, method, ids, values, result)
#define WEB_DOOR(path, operation, model, method, ids, values, result)                              \
    DOOR(path, EXACT, "web", JSON, JSONRPC, USER, operation, model, method, ids, values, result)
#define FORM_DOOR(path, reply, flags, operation, model, method, ids, values)                       \
    DOOR(path, EXACT, "http", FORM, reply, flags, operation, model, method, ids, values, NULL)
/* Makes attachments of files. */
#define UPLOAD(path, reply, flags, values, result)                                                 \
    DOOR(path, EXACT, "http", FORM, reply, ROUTE_BY_POST | (flags), CREATE, "ir.attachment", NULL, \
         NULL, values, result)
/* Sent by the web client on its own. */
#define BACKGROUND(path, model, ids, values)                                                       \
    {                                                                                              \
        ROUTE_DOOR, path, EXACT, "http", ROUTE_BODY_JSON, ROUTE_REPLY_JSONRPC, NOISE, GATED,       \
            ANYBODY, OPERATION_CALL, model, NULL, ids, values, NULL                                \
    }
/* Opens a session by a form. */
#define LOGIN_DOOR(path, reply, flags, operation, model, method, values)                           \
    {                                                                                              \
        ROUTE_DOOR, path, EXACT, "http", ROUTE_BODY_FORM, REPLY_(reply), PERSONAL, PASSES, flags,  \
            OPERATION_##operation, model, method, NULL, values, NULL                               \
    }
#define DOWNLOAD(path)                                                                             \
    {                                                                                              \
        ROUTE_DOWNLOAD, path, TAIL, "http", ROUTE_BODY_FORM, ROUTE_REPLY_HEAD, NOISE, GATED,       \
            ANYBODY, OPERATION_DOWNLOAD, "ir.attachment", NULL, NULL, NULL, NULL                   \
    }

/* An attachment that is shown in a conversation. */
#define CONVERSATION_FILE(path)                                                                    \
    {                                                                                              \
        ROUTE_DOOR, path, EXACT, "http", ROUTE_BODY_FORM, ROUTE_REPLY_HEAD, NOISE, GATED, ANYBODY, \
            OPERATION_DOWNLOAD, "ir.attachment", NULL, "<attachment>", NULL, NULL                  \
    }
/* A link of a mail: it changes something by GET, and leads to the record that it changed. */
#define RECORD_LINK(path, model, method)                                                           \
    FORM_DOOR(path, RECORD, ANYBODY, CALL, model, method, "@res_id", NULL)
/* A page of the portal that is shown as a report, too. */
#define PORTAL_DOCUMENT(path, model)                                                               \
    FORM_DOOR(path, HEAD, ROUTE_BY_REPORT, REPORT, model, "print", "<id>", "report_type")
/* A link that changes something, and then shows a page. */
#define LINK(path, model, method, ids, values)                                                     \
    FORM_DOOR(path, HEAD, ANYBODY, CALL, model, method, ids, values)

/* Where the answer to a new message has it: 16 and 17, 18, 19. */
#define MESSAGE_RESULT "id {mail.message}[0].id message_id"

/* The two editors have the same endpoints. */
#define EDITOR(root)                                                                               \
    JSON_DOOR(root "/attachment/add_data", USER, CREATE, "ir.attachment", NULL, NULL,              \
              "name res_model res_id", "id !error"),                                               \
        JSON_DOOR(root "/attachment/add_url", USER, CREATE, "ir.attachment", NULL, NULL,           \
                  "url res_model res_id", "id !error"),                                            \
        JSON_DOOR(root "/attachment/remove", USER, UNLINK, "ir.attachment", NULL, "@ids", NULL,    \
                  NULL),                                                                           \
        JSON_DOOR(root "/modify_image/<id>", USER, CALL, "ir.attachment", "modify_image", "<id>",  \
                  "res_model res_id name mimetype", NULL),                                         \
        JSON_DOOR(root "/save_library_media", USER, CREATE, "ir.attachment", NULL, NULL, NULL,     \
                  "[].id"),                                                                        \
        JSON_DOOR(root "/checklist", USER, WRITE, "@res_model", "checklist", "@res_id",            \
                  "filename checklistId checked", NULL),                                           \
        JSON_DOOR(root "/stars", USER, WRITE, "@res_model", "stars", "@res_id",                    \
                  "filename starsId rating", NULL),                                                \
        POLL(root "/bus_broadcast", EXACT), POLL(root "/get_ice_servers", EXACT)

const route_t route_table[] = {
    SPECIAL(ROUTE_CALL_KW, "/web/dataset/call_kw", TAIL, "web", JSON, JSONRPC, PERSONAL, GATED,
            USER),
    SPECIAL(ROUTE_CALL_BUTTON, "/web/dataset/call_button", TAIL, "web", JSON, JSONRPC, PERSONAL,
            GATED, USER),
    SPECIAL(ROUTE_RESEQUENCE, "/web/dataset/resequence", EXACT, "web", JSON, JSONRPC, PERSONAL,
            GATED, USER),
    /* These three are 16's. */
    SPECIAL(ROUTE_CALL_KW, "/web/dataset/call", EXACT, "web", JSON, JSONRPC, PERSONAL, GATED, USER),
    WEB_DOOR("/web/dataset/search_read", READ, "@model", "search_read", NULL, "fields",
             "records[].id"),
    WEB_DOOR("/web/dataset/load", READ, "@model", "load", "@id", "fields", NULL),

    STATIC("/<module>/static", TAIL),
    STATIC("/web/assets", TAIL),
    STATIC("/web/service-worker.js", EXACT),
    DOWNLOAD("/web/image"),
    DOWNLOAD("/web/content"),
    POLL("/web/bundle", TAIL),
    POLL("/web/binary/company_logo", EXACT),
    POLL("/web/health", EXACT),
    POLL("/web/version", EXACT),
    POLL("/json/version", EXACT),
    POLL("/web/manifest.webmanifest", EXACT),
    POLL("/web/offline", EXACT),
    POLL("/odoo/offline", EXACT),
    SPECIAL(ROUTE_POLL, "/web/webclient/version_info", EXACT, "http", IGNORED, IGNORED, NOISE,
            PASSES, ANYBODY),
    POLL("/web/webclient", TAIL),
    POLL("/website/translations", TAIL),
    POLL("/websocket/health", EXACT),
    POLL("/websocket/peek_notifications", EXACT),
    POLL("/websocket/update_bus_presence", EXACT),
    POLL("/websocket/on_closed", EXACT),
    SPECIAL(ROUTE_WEBSOCKET, "/websocket", EXACT, "http", IGNORED, IGNORED, NOISE, GATED, ANYBODY),
    POLL("/bus", TAIL),
    POLL("/mail/data", EXACT),
    POLL("/mail/load_message_failures", EXACT),
    POLL("/mail/thread/data", EXACT),
    POLL("/mail/thread/messages", EXACT),
    POLL("/mail/inbox/messages", EXACT),
    POLL("/mail/history/messages", EXACT),
    POLL("/mail/starred/messages", EXACT),
    POLL("/discuss/channel/ping", EXACT),
    POLL("/discuss/channel/messages", EXACT),
    POLL("/discuss/channel/members", EXACT),
    POLL("/mail/channel/ping", EXACT),
    POLL("/mail/channel/messages", EXACT),
    POLL("/calendar/notify", EXACT),
    POLL("/mail/rtc/session/notify_call_members", EXACT),
    POLL("/im_livechat/cors/channel/ping", EXACT),
    POLL("/pos-self/ping", EXACT),
    POLL("/hr_attendance/kiosk_keepalive", EXACT),
    POLL("/hr_attendance/attendance_user_data", EXACT),
    POLL("/im_livechat/init", EXACT),

    SPECIAL(ROUTE_TOTP, "/web/login/totp", EXACT, "http", IGNORED, HEAD, PERSONAL, PASSES, ANYBODY),
    SPECIAL(ROUTE_LOGIN, "/web/login", EXACT, "http", FORM, HEAD, PERSONAL, PASSES, ANYBODY),
    SPECIAL(ROUTE_AUTHENTICATE, "/web/session/authenticate", EXACT, "web", JSON, JSONRPC, PERSONAL,
            PASSES, ANYBODY),
    SPECIAL(ROUTE_LOGOUT, "/web/session/logout", EXACT, "web", IGNORED, HEAD, PERSONAL, PASSES,
            ANYBODY),
    SPECIAL(ROUTE_DESTROY, "/web/session/destroy", EXACT, "web", IGNORED, JSONRPC, PERSONAL, GATED,
            ANYBODY),
    SPECIAL(ROUTE_SESSION_INFO, "/web/session/get_session_info", EXACT, "web", IGNORED, JSONRPC,
            NOISE, GATED, USER),
    SPECIAL(ROUTE_POLL, "/web/session/check", EXACT, "web", IGNORED, IGNORED, NOISE, GATED,
            ANYBODY),
    META("/web/session/account", EXACT),
    META("/web/session/modules", EXACT),
    META("/web/session/get_lang_list", EXACT),
    FORM_DOOR("/web/become", HEAD, USER, CALL, "res.users", "become", NULL, NULL),
    LOGIN_DOOR("/web/signup", REDIRECT, POST | ROUTE_LOGS_IN, CREATE, "res.users", "signup",
               "login name"),
    LOGIN_DOOR("/web/reset_password", WORDS, POST | ROUTE_LOGS_IN, CALL, "res.users",
               "reset_password", "login"),
    /* Other ways to a session: open to somebody whose session was refused. */
    WAY_IN("/web/login_successful", EXACT),
    WAY_IN("/auth/passkey/start-auth", EXACT),
    SPECIAL(ROUTE_SIGN_IN, "/auth_oauth/signin", EXACT, "http", IGNORED, HEAD, PERSONAL, PASSES,
            ANYBODY),
    SPECIAL(ROUTE_SIGN_IN, "/auth_oauth/oea", EXACT, "http", IGNORED, HEAD, PERSONAL, PASSES,
            ANYBODY),
    WAY_IN("/auth_oauth", TAIL),

    WEB_DOOR("/web/action/run", CALL, "ir.actions.server", "run", "@action_id", NULL, NULL),
    WEB_DOOR("/web/action/load_breadcrumbs", CALL, NULL, NULL, NULL, "actions", NULL),
    META("/web/action/load", EXACT),
    META("/web/export/formats", EXACT),
    META("/web/export/get_fields", EXACT),
    META("/web/export/namelist", EXACT),
    META("/web/model/get_definitions", EXACT),
    META("/web/domain/validate", EXACT),
    META("/report/check_wkhtmltopdf", EXACT),
    META("/calendar/check_credentials", EXACT),
    META("/base_setup/data", EXACT),
    META("/base_setup/demo_active", EXACT),
    META("/sale/product_configurator/get_values", EXACT),
    META("/sale_product_configurator/get_values", EXACT),
    META("/my/counters", EXACT),
    META("/web/sign/get_fonts", TAIL),
    META("/website/theme_customize_data_get", EXACT),
    META("/website/get_switchable_related_views", EXACT),
    META("/hr/get_redirect_model", EXACT),
    JSON_DOOR("/hr/get_org_chart", USER, READ, "hr.employee", "get_org_chart", "@employee_id", NULL,
              NULL),
    JSON_DOOR("/hr/get_subordinates", USER, READ, "hr.employee", "get_subordinates", "@employee_id",
              NULL, NULL),
    JSON_DOOR("/web/view/edit_custom", USER, WRITE, "ir.ui.view.custom", NULL, "@custom_id", "arch",
              NULL),
    SPECIAL(ROUTE_EXPORT, "/web/export/csv", EXACT, "http", FORM, FILE, PERSONAL, GATED, USER),
    SPECIAL(ROUTE_EXPORT, "/web/export/xlsx", EXACT, "http", FORM, FILE, PERSONAL, GATED, USER),
    SPECIAL(ROUTE_EXPORT, "/web/pivot/export_xlsx", EXACT, "http", FORM, FILE, PERSONAL, GATED,
            USER),
    SPECIAL(ROUTE_REPORT_FILE, "/report/download", EXACT, "http", FORM, FILE, PERSONAL, GATED,
            USER),
    SPECIAL(ROUTE_REPORT, "/report/html/<name>", TAIL, "http", FORM, HEAD, PERSONAL, GATED, USER),
    SPECIAL(ROUTE_REPORT, "/report/pdf/<name>", TAIL, "http", FORM, HEAD, PERSONAL, GATED, USER),
    SPECIAL(ROUTE_REPORT, "/report/text/<name>", TAIL, "http", FORM, HEAD, PERSONAL, GATED, USER),
    FORM_DOOR("/web/partner/vcard", FILE, USER, EXPORT, "res.partner", "vcard",
              "@partner_ids|@partner_id", NULL),
    FORM_DOOR("/web_enterprise/partner/<id>/vcard", FILE, USER, EXPORT, "res.partner", "vcard",
              "<id>", NULL),

    FORM_DOOR("/account/download_invoice_documents/<ids>/<type>", FILE, USER, EXPORT,
              "account.move", "download_invoice_documents", "<ids>", NULL),
    FORM_DOOR("/account/download_invoice_attachments/<ids>", FILE, USER, EXPORT, "ir.attachment",
              "download_invoice_attachments", "<ids>", NULL),
    FORM_DOOR("/account/download_move_attachments/<ids>", FILE, USER, EXPORT, "account.move",
              "download_move_attachments", "<ids>", NULL),
    FORM_DOOR("/print/cv", FILE, USER, REPORT, "hr.employee", "cv", "@employee_ids", NULL),
    FORM_DOOR("/stock/pdf/<report>", FILE, USER, REPORT, "@active_model", "<report>", "@active_id",
              NULL),
    FORM_DOOR("/event/<id>/my_tickets", HEAD, ANYBODY, REPORT, "event.event", "my_tickets", "<id>",
              "registration_ids"),
    FORM_DOOR("/my/picking/pdf/<id>", HEAD, ANYBODY, REPORT, "stock.picking", "pdf", "<id>", NULL),
    FORM_DOOR("/my/picking/return/pdf/<id>", HEAD, ANYBODY, REPORT, "stock.picking", "return_pdf",
              "<id>", NULL),
    CONVERSATION_FILE("/discuss/channel/<channel>/attachment/<attachment>"),
    CONVERSATION_FILE("/discuss/channel/<channel>/image/<attachment>"),
    CONVERSATION_FILE("/discuss/channel/<channel>/image/<attachment>/<size>"),
    CONVERSATION_FILE("/mail/attachment/pdf_first_page/<attachment>"),
    CONVERSATION_FILE("/mail/channel/<channel>/attachment/<attachment>"),
    CONVERSATION_FILE("/mail/channel/<channel>/image/<attachment>"),
    CONVERSATION_FILE("/mail/channel/<channel>/image/<attachment>/<size>"),

    /* Programs: the caller is named in the body or by a key, not by a session. */
    SPECIAL(ROUTE_JSONRPC, "/jsonrpc", EXACT, "jsonrpc", JSON, JSONRPC, PERSONAL, GATED,
            ROUTE_SESSIONLESS),
    SPECIAL(ROUTE_XMLRPC, "/xmlrpc/2/<service>", EXACT, "xmlrpc", XML, XMLRPC, PERSONAL, GATED,
            ROUTE_SESSIONLESS),
    SPECIAL(ROUTE_XMLRPC, "/xmlrpc/<service>", EXACT, "xmlrpc", XML, XMLRPC, PERSONAL, GATED,
            ROUTE_SESSIONLESS),
    SPECIAL(ROUTE_JSON1, "/json/1", TAIL, "json1", FORM, JSON, PERSONAL, GATED, ANYBODY),
    SPECIAL(ROUTE_JSON2, "/json/2/<model>/<method>", EXACT, "json2", JSON, JSON, PERSONAL, GATED,
            ANYBODY),

    JSON_DOOR("/mail/message/post", ANYBODY, CREATE, "mail.message", NULL, NULL,
              "thread_model thread_id post_data", MESSAGE_RESULT),
    JSON_DOOR("/mail/message/update_content", ANYBODY, WRITE, "mail.message", "update_content",
              "@message_id", "body attachment_ids partner_ids update_data", NULL),
    JSON_DOOR("/mail/message/reaction", ANYBODY, WRITE, "mail.message", "reaction", "@message_id",
              "content action", NULL),
    JSON_DOOR("/mail/message/add_reaction", ANYBODY, WRITE, "mail.message", "add_reaction",
              "@message_id", "content", NULL),
    JSON_DOOR("/mail/message/remove_reaction", ANYBODY, WRITE, "mail.message", "remove_reaction",
              "@message_id", "content", NULL),
    JSON_DOOR("/mail/link_preview/delete", ANYBODY, UNLINK, "mail.link.preview", NULL,
              "@link_preview_ids|@link_preview_id", NULL, NULL),
    JSON_DOOR("/mail/attachment/delete", ANYBODY, UNLINK, "ir.attachment", NULL, "@attachment_id",
              NULL, NULL),
    UPLOAD("/web/binary/upload_attachment", UPLOAD, USER, "model id", "[].id"),
    UPLOAD("/mail/attachment/upload", JSON, ANYBODY, "thread_model thread_id is_pending",
           "id data.attachment_id data.{ir.attachment}[0].id !error"),
    UPLOAD("/portal/attachment/add", JSON, ANYBODY, "name res_model res_id", "id"),
    FORM_DOOR("/base_import/set_file", HEAD, USER | POST, WRITE, "base_import.import", "set_file",
              "@id|@import_id", NULL),
    FORM_DOOR("/mail/attachment/zip", FILE, ANYBODY, EXPORT, "ir.attachment", "zip", "@file_ids",
              NULL),
    JSON_DOOR("/mail/thread/subscribe", USER, CALL, "@res_model", "message_subscribe", "@res_id",
              "partner_ids", NULL),
    JSON_DOOR("/mail/thread/unsubscribe", USER, CALL, "@res_model", "message_unsubscribe",
              "@res_id", "partner_ids", NULL),
    JSON_DOOR("/discuss/channel/fold", ANYBODY, CALL, "discuss.channel", "fold", "@channel_id",
              NULL, NULL),
    JSON_DOOR("/mail/chatter_post", ANYBODY, CREATE, "mail.message", NULL, NULL,
              "res_model res_id message", "default_message_id"),
    JSON_DOOR("/mail/guest/update_name", ANYBODY, WRITE, "mail.guest", NULL, "@guest_id", "name",
              NULL),
    FORM_DOOR("/mail/unfollow", HEAD, ANYBODY, CALL, "@model", "message_unsubscribe", "@res_id",
              "pid"),
    /* Of a new user 16 and 17 make the first conversation here. */
    BACKGROUND("/mail/init_messaging", NULL, NULL, NULL),
    /* Asked for behind each message that is sent. */
    BACKGROUND("/mail/link_preview", "mail.message", "@message_id", NULL),
    BACKGROUND("/mail/attachment/update_thumbnail", "ir.attachment", "@attachment_id", NULL),
    /* What /mail/data asks for, where it may leave something behind: 19 makes channels here. */
    BACKGROUND("/mail/action", NULL, NULL, "fetch_params"),
    /* How far somebody has read, told as messages arrive. */
    BACKGROUND("/mail/channel/set_last_seen_message", "mail.channel", "@channel_id", NULL),
    BACKGROUND("/discuss/channel/set_last_seen_message", "discuss.channel", "@channel_id", NULL),
    BACKGROUND("/discuss/channel/mark_as_read", "discuss.channel", "@channel_id", NULL),
    BACKGROUND("/mail/rtc/session/update_and_broadcast", NULL, NULL, NULL),
    BACKGROUND("/calendar/notify_ack", NULL, NULL, NULL),
    /* Somebody types: nothing is saved. */
    META("/mail/channel/notify_typing", EXACT),
    META("/discuss/channel/notify_typing", EXACT),
    META("/im_livechat/notify_typing", EXACT),
    JSON_DOOR("/portal/attachment/remove", ANYBODY, UNLINK, "ir.attachment", NULL, "@attachment_id",
              NULL, NULL),
    JSON_DOOR("/mail_plugin/partner/create", ANYBODY, CREATE, "res.partner", NULL, NULL,
              "email name company", "id !error"),
    JSON_DOOR("/mail_plugin/log_mail_content", ANYBODY, CREATE, "mail.message", NULL, NULL,
              "model res_id message", NULL),
    DOOR("/mail_plugin", TAIL, "http", ANY, ANY, POST, CALL, NULL, NULL, NULL, NULL, NULL),
    DOOR("/mail_client_extension", TAIL, "http", ANY, ANY, POST, CALL, NULL, NULL, NULL, NULL,
         NULL),

    FORM_DOOR("/my/account", REDIRECT, USER | POST, WRITE, "res.partner", NULL, NULL,
              "name email phone company_name vat street street2 city zipcode country_id state_id"),
    FORM_DOOR("/my/security", WORDS, USER | POST | ROUTE_ABOUT_USER, PASSWORD_CHANGED, "res.users",
              NULL, NULL, NULL),
    FORM_DOOR("/my/deactivate_account", REDIRECT, USER | POST | ROUTE_ABOUT_USER, WRITE,
              "res.users", "deactivate_account", NULL, NULL),
    DOOR("/my/address/submit", EXACT, "http", FORM, JSON, USER | POST, WRITE, "res.partner", NULL,
         "@partner_id", "name email phone company_name vat street street2 city zip country_id",
         "!invalid_fields"),
    JSON_DOOR("/my/address/archive", USER, WRITE, "res.partner", NULL, "@partner_id", NULL, NULL),
    JSON_DOOR("/my/orders/<id>/accept", ANYBODY, CALL, "sale.order", "accept", "<id>", "name",
              "!error"),
    FORM_DOOR("/my/orders/<id>/decline", HEAD, POST, CALL, "sale.order", "decline", "<id>",
              "decline_message"),
    JSON_DOOR("/my/orders/<id>/update_line_dict", ANYBODY, CALL, "sale.order", "update_line_dict",
              "<id>", "line_id remove unlink input_quantity", "!error"),
    JSON_DOOR("/my/orders/<id>/transaction", ANYBODY, CALL, "sale.order", "transaction", "<id>",
              NULL, "!error"),
    JSON_DOOR("/invoice/transaction/<id>", ANYBODY, CALL, "account.move", "transaction", "<id>",
              NULL, "!error"),
    DOOR("/my/purchase/<id>/update", EXACT, "http", FORM, HEAD, POST, CALL, "purchase.order",
         "update", "<id>", NULL, NULL),
    FORM_DOOR("/my/orders/<id>/document/<document>", HEAD, ANYBODY, DOWNLOAD, "product.document",
              NULL, "<document>", NULL),
    FORM_DOOR("/my/orders/<id>/download_edi", HEAD, ANYBODY, EXPORT, "sale.order", "download_edi",
              "<id>", NULL),
    FORM_DOOR("/my/purchase/<id>/download_edi", HEAD, ANYBODY, EXPORT, "purchase.order",
              "download_edi", "<id>", NULL),
    PORTAL_DOCUMENT("/my/orders/<id>", "sale.order"),
    PORTAL_DOCUMENT("/my/quotes/<id>", "sale.order"),
    PORTAL_DOCUMENT("/my/invoices/<id>", "account.move"),
    PORTAL_DOCUMENT("/my/purchase/<id>", "purchase.order"),
    PORTAL_DOCUMENT("/my/task/<id>", "project.task"),
    PORTAL_DOCUMENT("/my/tasks/<id>", "project.task"),
    PORTAL_DOCUMENT("/my/projects/<project>/task/<id>", "project.task"),
    FORM_DOOR("/shop/print", HEAD, ANYBODY, REPORT, "sale.order", "print", NULL, NULL),
    /* Asked again and again while a payment is under way, and may end it. */
    BACKGROUND("/payment/status/poll", NULL, NULL, NULL),
    DOOR("/payment/<provider>/return", EXACT, "http", ANY, ANY, ANYBODY, CALL, NULL, NULL, NULL,
         NULL, NULL),
    DOOR("/payment", TAIL, "http", ANY, ANY, POST, CALL, NULL, NULL, NULL, NULL, NULL),
    EDITOR("/web_editor"),
    EDITOR("/html_editor"),
    DOOR("/website/form/<model>", EXACT, "http", FORM, JSON, POST, CREATE, "<model>", NULL, NULL,
         FORM_ANY_NAME, "id !error !error_fields"),
    DOOR("/website/action/<action>", TAIL, "http", ANY, HEAD, ANYBODY, CALL, "ir.actions.server",
         "run", NULL, NULL, NULL),
    RECORD_LINK("/lead/case_mark_won", "crm.lead", "case_mark_won"),
    RECORD_LINK("/lead/case_mark_lost", "crm.lead", "case_mark_lost"),
    RECORD_LINK("/lead/convert", "crm.lead", "convert"),
    RECORD_LINK("/leave/approve", "hr.leave", "approve"),
    RECORD_LINK("/leave/validate", "hr.leave", "validate"),
    RECORD_LINK("/leave/refuse", "hr.leave", "refuse"),
    RECORD_LINK("/allocation/approve", "hr.leave.allocation", "approve"),
    RECORD_LINK("/allocation/validate", "hr.leave.allocation", "validate"),
    RECORD_LINK("/allocation/refuse", "hr.leave.allocation", "refuse"),
    LINK("/calendar/<what>/accept", "calendar.event", "accept", "@id", NULL),
    LINK("/calendar/<what>/decline", "calendar.event", "decline", "@id", NULL),
    LINK("/calendar/meeting/join", "calendar.event", "join", NULL, NULL),
    LINK("/calendar/join_videocall/<token>", "calendar.event", "join_videocall", NULL, NULL),
    LINK("/digest/<id>/unsubscribe", "digest.digest", "unsubscribe", "<id>", "user_id"),
    LINK("/digest/<id>/unsubscribe_oneclik", "digest.digest", "unsubscribe", "<id>", "user_id"),
    LINK("/digest/<id>/set_periodicity", "digest.digest", "set_periodicity", "<id>", "periodicity"),
    LINK("/mailing/<id>/unsubscribe", "mailing.mailing", "unsubscribe", "<id>", NULL),
    LINK("/mail/mailing/<id>/unsubscribe", "mailing.mailing", "unsubscribe", "<id>", NULL),
    LINK("/survey/start/<survey>", "survey.survey", "start", NULL, NULL),
    LINK("/survey/test/<survey>", "survey.survey", "test", NULL, NULL),
    LINK("/survey/retry/<survey>/<answer>", "survey.survey", "retry", NULL, NULL),
    LINK("/chatbot/<script>/test", "chatbot.script", "test", "<script>", NULL),
    /* Where Google and Microsoft send back to whoever lets Odoo use an account there. */
    LINK("/google_account/authentication", NULL, NULL, NULL, NULL),
    LINK("/microsoft_account/authentication", NULL, NULL, NULL, NULL),
    LINK("/google_gmail/confirm", NULL, NULL, NULL, NULL),
    LINK("/microsoft_outlook/confirm", NULL, NULL, NULL, NULL),
    LINK("/slides/slide/<slide>/set_completed", "slide.slide", "set_completed", "<slide>", NULL),
    LINK("/slides/slide/<slide>/set_uncompleted", "slide.slide", "set_uncompleted", "<slide>",
         NULL),
    LINK("/slides/channel/enroll", "slide.channel", "enroll", "@channel_id", NULL),
    LINK("/shop/payment/validate", "sale.order", "payment_validate", "@sale_order_id", NULL),
    /* The screen that is left open to all logs its user out. */
    SPECIAL(ROUTE_LOGOUT, "/hr_attendance/kiosk_mode_menu", TAIL, "http", IGNORED, HEAD, PERSONAL,
            GATED, ANYBODY),
    /* The page of a point of sale opens a session of it by a GET: 16 and 17, and 18 and 19. */
    FORM_DOOR("/pos/ui/<config>", HEAD, USER, CALL, "pos.config", "open_ui", "<config>", NULL),
    FORM_DOOR("/pos/ui", HEAD, USER, CALL, "pos.config", "open_ui", "@config_id", NULL),
    FORM_DOOR("/pos/web", HEAD, USER, CALL, "pos.config", "open_ui", "@config_id", NULL),
    DOOR("/web/hook", TAIL, "http", ANY, HEAD, ANYBODY, CALL, "base.automation", NULL, NULL, NULL,
         NULL),
    LOGIN_DOOR("/base_import_module/login_upload", HEAD, POST, CALL, "ir.module.module",
               "login_upload", "login force"),

    /* The database manager: no session, a master password. */
    LOGIN_DOOR("/web/database/create", REDIRECT, POST | ROUTE_LOGS_IN, CALL, NULL, "create",
               "name lang login"),
    FORM_DOOR("/web/database/duplicate", REDIRECT, POST, CALL, NULL, "duplicate", NULL,
              "name new_name"),
    FORM_DOOR("/web/database/drop", REDIRECT, POST, CALL, NULL, "drop", NULL, "name"),
    FORM_DOOR("/web/database/backup", FILE, POST, EXPORT, NULL, "backup", NULL,
              "name backup_format"),
    FORM_DOOR("/web/database/restore", REDIRECT, POST, CALL, NULL, "restore", NULL, "name copy"),
    FORM_DOOR("/web/database/change_password", REDIRECT, POST, CALL, NULL, "change_password", NULL,
              NULL),
    META("/web/database", TAIL),

    PAGE("/web", EXACT, IGNORED),
    PAGE("/odoo", TAIL, ANY),
    PAGE("/scoped_app", TAIL, IGNORED),
};

const apr_size_t route_table_length = sizeof(route_table) / sizeof(route_table[0]);
