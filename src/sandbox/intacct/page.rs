//! The page at `/`: the company's books for people.

use std::fmt::Write as _;

use rust_decimal::Decimal;

use super::company::Company;
use super::records::{DocumentState, Receivable};
use super::sales::SalesDocument;
use super::values::print_amount;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1c2330}\
table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}th,td{padding:.25rem .6rem;border-bottom:1px solid #dde2ea;text-align:left}\
th{background:#f3f5f9}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}tr.total td{font-weight:600;border-top:2px solid #1c2330}\
p.empty{color:#6b7482}code{background:#f3f5f9;padding:.1rem .3rem}";

/// A latest-first list shows at most so many rows; the JSON has them all.
const MOST_ROWS: usize = 200;

/// The page as HTML.
pub(super) fn render(company: &Company) -> String {
    let log = company.requests();
    let mut out = String::new();
    let id = escape(&company.settings().company_id);
    let _ = write!(
        out,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{id}: sandbox books</title><style>{STYLE}</style></head><body>\
         <h1>{id}: a Sage Intacct company on loopback</h1>\
         <p>{} requests, {} API transactions. As JSON: <code>/books/trial-balance</code>, <code>/books/invoices</code> and so on, \
         <code>/requests</code>, <code>/faults</code>.</p>",
        log.requests, log.api_transactions
    );
    trial_balance(&mut out, company);
    receivables(&mut out, "Invoices", &company.invoices());
    receivables(&mut out, "Adjustments (credit and debit memos)", &company.adjustments());
    sales(&mut out, &company.sales_documents());
    payments(&mut out, company);
    journals(&mut out, company);
    customers(&mut out, company);
    faults(&mut out, company);
    out.push_str("</body></html>");
    out
}

/// A cell: its text, and whether it is a number.
type Cell = (String, bool);

fn text(value: impl Into<String>) -> Cell {
    (value.into(), false)
}

fn money(value: Decimal) -> Cell {
    (if value.is_zero() { String::new() } else { print_amount(value) }, true)
}

fn table(out: &mut String, title: &str, heads: &[(&str, bool)], rows: &[Vec<Cell>], total: Option<&[Cell]>) {
    let _ = write!(out, "<h2>{}</h2>", escape(title));
    if rows.is_empty() {
        out.push_str("<p class=\"empty\">Nothing yet.</p>");
        return;
    }
    out.push_str("<table><tr>");
    for (head, number) in heads {
        let _ = write!(out, "<th{}>{}</th>", class(*number), escape(head));
    }
    out.push_str("</tr>");
    for row in rows.iter().take(MOST_ROWS) {
        row_of(out, "", row);
    }
    if let Some(total) = total {
        row_of(out, " class=\"total\"", total);
    }
    out.push_str("</table>");
    if rows.len() > MOST_ROWS {
        let _ = write!(out, "<p class=\"empty\">{} more, see the JSON.</p>", rows.len() - MOST_ROWS);
    }
}

fn row_of(out: &mut String, attribute: &str, cells: &[Cell]) {
    let _ = write!(out, "<tr{attribute}>");
    for (value, number) in cells {
        let _ = write!(out, "<td{}>{}</td>", class(*number), escape(value));
    }
    out.push_str("</tr>");
}

fn class(number: bool) -> &'static str {
    if number { " class=\"n\"" } else { "" }
}

fn trial_balance(out: &mut String, company: &Company) {
    let balances = company.trial_balance();
    let rows: Vec<_> = balances
        .iter()
        .map(|row| vec![text(&row.account), text(&row.title), money(row.debit), money(row.credit)])
        .collect();
    let (debits, credits) = (balances.iter().map(|row| row.debit).sum(), balances.iter().map(|row| row.credit).sum());
    let total = [text(""), text("Total"), money(debits), money(credits)];
    let heads = [("Account", false), ("Title", false), ("Debit", true), ("Credit", true)];
    table(out, "Trial balance", &heads, &rows, Some(&total));
}

fn receivables(out: &mut String, title: &str, receivables: &[Receivable]) {
    let row = |document: &Receivable| {
        vec![
            text(&document.number),
            text(&document.reference),
            text(&document.customer_id),
            text(document.posting_date.to_string()),
            text(&document.currency),
            money(document.total),
            money(document.open),
            text(match document.state {
                DocumentState::Draft => "Draft",
                DocumentState::Posted => "Posted",
                DocumentState::Reversed => "Reversed",
            }),
        ]
    };
    let rows: Vec<_> = receivables.iter().rev().map(row).collect();
    let heads = [
        ("Number", false),
        ("Reference", false),
        ("Customer", false),
        ("Posted on", false),
        ("Currency", false),
        ("Total", true),
        ("Open", true),
        ("State", false),
    ];
    table(out, title, &heads, &rows, None);
}

fn sales(out: &mut String, documents: &[SalesDocument]) {
    let row = |document: &SalesDocument| {
        let units: Decimal = document.items.iter().map(|item| item.quantity).sum();
        vec![
            text(&document.id),
            text(document.created_from.as_deref().unwrap_or_default()),
            text(&document.customer_id),
            text(document.posting_date.to_string()),
            (units.normalize().to_string(), true),
            money(document.total),
            text(document.state.label()),
            text(document.receivable.map(|record_no| record_no.to_string()).unwrap_or_default()),
        ]
    };
    let rows: Vec<_> = documents.iter().rev().map(row).collect();
    let heads = [
        ("Document", false),
        ("Made from", false),
        ("Customer", false),
        ("Posted on", false),
        ("Units", true),
        ("Total", true),
        ("State", false),
        ("Receivable", false),
    ];
    table(out, "Order Entry documents", &heads, &rows, None);
}

fn payments(out: &mut String, company: &Company) {
    let rows: Vec<_> = company
        .payments()
        .iter()
        .rev()
        .map(|payment| {
            let credit = payment.applications.iter().map(|application| application.credit).sum();
            vec![
                text(payment.record_no.to_string()),
                text(&payment.reference),
                text(payment.customer_id.clone().unwrap_or_default()),
                text(payment.receipt_date.to_string()),
                text(&payment.method),
                text(&payment.account),
                money(payment.amount),
                money(credit),
            ]
        })
        .collect();
    let heads = [
        ("Record", false),
        ("Reference", false),
        ("Customer", false),
        ("Received on", false),
        ("Method", false),
        ("Account", false),
        ("Cash", true),
        ("Credit applied", true),
    ];
    table(out, "Payments", &heads, &rows, None);
}

fn journals(out: &mut String, company: &Company) {
    let rows: Vec<_> = company
        .journals()
        .iter()
        .rev()
        .map(|journal| {
            let debits = journal.lines.iter().filter(|line| line.side == super::chart::Side::Debit);
            vec![
                text(format!("{} {}", journal.journal, journal.number)),
                text(&journal.title),
                text(&journal.reference),
                text(journal.date.to_string()),
                money(debits.map(|line| line.amount).sum()),
            ]
        })
        .collect();
    let heads = [("Entry", false), ("Title", false), ("Reference", false), ("Date", false), ("Debits", true)];
    table(out, "Journal entries", &heads, &rows, None);
}

fn customers(out: &mut String, company: &Company) {
    let field = |fields: &std::collections::BTreeMap<String, String>, name: &str| {
        text(fields.get(name).cloned().unwrap_or_default())
    };
    let rows: Vec<_> = company
        .customers()
        .iter()
        .map(|customer| {
            let email = field(&customer.fields, "DISPLAYCONTACT.EMAIL1");
            vec![
                text(&customer.id),
                text(&customer.name),
                email,
                text(if customer.active { "active" } else { "inactive" }),
            ]
        })
        .collect();
    table(out, "Customers", &[("Id", false), ("Name", false), ("E-mail", false), ("Status", false)], &rows, None);
}

fn faults(out: &mut String, company: &Company) {
    let rows: Vec<_> = company
        .pending_faults()
        .iter()
        .map(|fault| {
            vec![
                text(format!("{:?}", fault.kind)),
                text(fault.times.to_string()),
                text(fault.after.to_string()),
                text(fault.function.clone().unwrap_or_default()),
                text(fault.control_id.clone().unwrap_or_default()),
            ]
        })
        .collect();
    let heads = [("Fault", false), ("Times left", false), ("After", false), ("Function", false), ("Control id", false)];
    table(out, "Faults switched on", &heads, &rows, None);
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
