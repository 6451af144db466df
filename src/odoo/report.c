#include "report.h"

#include <stdlib.h>
#include <string.h>

typedef struct report_t {
    const char *name, *model;
} report_t;

/* Sorted by name, for bsearch. */
static const report_t reports[] = {
    {"account.report_hash_integrity", "res.company"},
    {"account.report_invoice", "account.move"},
    {"account.report_invoice_with_payments", "account.move"},
    {"account.report_original_vendor_bill", "account.move"},
    {"account.report_payment_receipt", "account.payment"},
    {"account.report_statement", "account.bank.statement"},
    {"base.report_irmodulereference", "ir.module.module"},
    {"event.event_report_template_foldable_badge", "event.event"},
    {"event.event_report_template_full_page_ticket", "event.event"},
    {"hr.print_employee_badge", "hr.employee"},
    {"hr_expense.report_expense_sheet", "hr.expense.sheet"},
    {"hr_timesheet.report_project_task_timesheet", "project.task"},
    {"hr_timesheet.report_timesheet", "account.analytic.line"},
    {"hr_timesheet.report_timesheet_project", "project.project"},
    {"mrp.report_mrporder", "mrp.production"},
    {"point_of_sale.report_invoice", "pos.order"},
    {"point_of_sale.report_userlabel", "res.users"},
    {"purchase.report_purchaseorder", "purchase.order"},
    {"purchase.report_purchasequotation", "purchase.order"},
    {"repair.report_repairorder2", "repair.order"},
    {"sale.report_saleorder", "sale.order"},
    {"sale.report_saleorder_pro_forma", "sale.order"},
    {"sale.report_saleorder_raw", "sale.order"},
    {"sale_timesheet.report_timesheet_account_move", "account.move"},
    {"sale_timesheet.report_timesheet_sale_order", "sale.order"},
    {"stock.report_deliveryslip", "stock.picking"},
    {"stock.report_inventory", "stock.quant"},
    {"stock.report_location_barcode", "stock.location"},
    {"stock.report_lot_label", "stock.lot"},
    {"stock.report_picking", "stock.picking"},
    {"stock.report_picking_type_label", "stock.picking.type"},
    {"stock.report_return_slip", "stock.picking"},
    {"stock_picking_batch.report_picking_batch", "stock.picking.batch"},
    {"survey.certification_report_view", "survey.user_input"},
    {"web.preview_externalreport", "res.company"},
    {"web.preview_internalreport", "res.company"},
};

static int compare_name(const void *name, const void *row)
{
    return strcmp(name, ((const report_t *)row)->name);
}

const char *report_model(const char *name)
{
    const report_t *row = bsearch(name, reports, sizeof(reports) / sizeof(reports[0]),
                                  sizeof(reports[0]), compare_name);

    return row ? row->model : NULL;
}
