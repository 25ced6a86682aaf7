//! What the demo prints at the end: every order, every hold, the books, and whether store and ledger agree.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use rust_decimal::Decimal;

use super::STORE;
use super::service::{ADMIN_TOKEN, Service};
use super::world::World;
use crate::accounting::document::DocumentKey;
use crate::sandbox::bigcommerce::OrderSummary;
use crate::store::Store;
use crate::store::document::{DocumentState, StoredDocument};
use crate::store::order::OrderStanding;

/// One order from both sides.
struct Row {
    shop: OrderSummary,
    standing: Option<OrderStanding>,
    documents: Vec<StoredDocument>,
}

impl Row {
    fn posted(&self, kind: &str) -> impl Iterator<Item = &StoredDocument> {
        self.documents
            .iter()
            .filter(move |document| document.planned.kind == kind && document.state == DocumentState::Posted)
    }

    fn outcome(&self) -> &str {
        self.standing.as_ref().map_or("LOST", |standing| standing.outcome.as_str())
    }

    /// What the shop says should be in the ledger. What was captured beyond the order and refunded takes nothing of the
    /// sale back.
    fn in_the_shop(&self) -> Decimal {
        let excess = (self.shop.captured - self.shop.gross).max(Decimal::ZERO);
        self.shop.gross - (self.shop.refunded - excess.min(self.shop.refunded))
    }

    /// What Intacct holds of it: invoice and credit memos with their corrections, each with its sign.
    fn in_the_ledger(&self, books: &BTreeMap<String, Decimal>) -> Decimal {
        let amount = |document: &StoredDocument| books.get(&document.planned.number).copied().unwrap_or_default();
        let of_the_sale = |document: &&StoredDocument| {
            matches!(DocumentKey::stored(document.planned.key.as_str()).word(), "invoice" | "credit-memo")
        };
        let corrections = self.posted("correction").filter(of_the_sale);
        self.posted("invoice").chain(self.posted("credit-memo")).chain(corrections).map(amount).sum()
    }
}

/// Prints everything; answers whether the totals agree and nothing is lost or doubled.
pub(super) async fn print(world: &World, store: &Store) -> anyhow::Result<bool> {
    let rows = rows(world, store).await?;
    println!("\nOrders\n{}", orders_table(&rows));
    holds(store).await?;
    println!("\nTrial balance of the Intacct company\n{}", trial_balance(world));
    let mut faults = totals(world, &rows);
    faults.extend(differences(world, store, &rows).await?);
    for fault in &faults {
        println!("NOT RIGHT: {fault}");
    }
    if faults.is_empty() {
        println!("Nothing is lost, nothing is there twice.");
    }
    Ok(faults.is_empty())
}

async fn rows(world: &World, store: &Store) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    for shop in world.shop.expected_summary() {
        let standing = store.order(STORE, shop.order_id).await?;
        let documents = store.documents(STORE, shop.order_id).await?;
        rows.push(Row { shop, standing, documents });
    }
    Ok(rows)
}

fn table(headers: &[&str], right: &[usize]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled).set_header(headers);
    for index in right {
        if let Some(column) = table.column_mut(*index) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn orders_table(rows: &[Row]) -> Table {
    let mut table = table(
        &["Order", "Total", "Customer", "Invoice", "Receipts", "Credit memos", "Corrections", "Outcome"],
        &[0, 1],
    );
    for row in rows {
        let numbers = |kind: &str| row.posted(kind).map(|d| d.planned.number.clone()).collect::<Vec<_>>().join(" ");
        let money = |kind: &str| {
            row.posted(kind)
                .map(|d| format!("{:.2}", d.planned.total.unwrap_or_default()))
                .collect::<Vec<_>>()
                .join(" + ")
        };
        let customer = row.standing.as_ref().and_then(|standing| standing.customer_id.clone()).unwrap_or_default();
        let mut receipts = money("receipt");
        if row.posted("liability-tender").next().is_some() {
            receipts = [receipts, money("liability-tender")]
                .into_iter()
                .filter(|t| !t.is_empty())
                .collect::<Vec<_>>()
                .join(" + ");
        }
        let outcome = match row.standing.as_ref() {
            Some(standing) if standing.outcome != "posted" => {
                format!("{}: {}", standing.outcome, shortened(&standing.reason))
            }
            _ => row.outcome().to_owned(),
        };
        table.add_row([
            row.shop.order_id.to_string(),
            format!("{:.2}", row.shop.gross),
            customer,
            numbers("invoice"),
            receipts,
            money("credit-memo"),
            numbers("correction"),
            outcome,
        ]);
    }
    table
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 70;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 3).chain("...".chars()).collect()
}

async fn holds(store: &Store) -> anyhow::Result<()> {
    let holds = store.open_holds(Some(STORE), None, 0, 500).await?;
    println!("\nHolds: {}", holds.len());
    for stored in holds {
        let money = match (&stored.hold.amount, &stored.hold.currency) {
            (Some(amount), Some(currency)) => format!(", {amount:.2} {currency} blocked"),
            _ => String::new(),
        };
        let about = match (stored.order_id, stored.document_key) {
            (Some(order), _) => format!("order {order}"),
            (None, key) => key.unwrap_or_default(),
        };
        println!("  {about} ({}{money})", stored.hold.code);
        println!("    what: {}", stored.hold.message);
        println!("    do:   {}", stored.hold.remedy);
    }
    Ok(())
}

fn trial_balance(world: &World) -> Table {
    let mut table = table(&["Account", "Title", "Debit", "Credit"], &[2, 3]);
    let rows = world.company.trial_balance();
    let (mut debits, mut credits) = (Decimal::ZERO, Decimal::ZERO);
    for row in rows {
        debits += row.debit;
        credits += row.credit;
        table.add_row([row.account, row.title, format!("{:.2}", row.debit), format!("{:.2}", row.credit)]);
    }
    table.add_row([String::new(), "Total".to_owned(), format!("{debits:.2}"), format!("{credits:.2}")]);
    table
}

/// Signed totals of invoices and adjustments in Intacct by number.
fn books(world: &World) -> BTreeMap<String, Decimal> {
    let company = &world.company;
    let mut books = BTreeMap::new();
    for record in company.invoices().into_iter().chain(company.adjustments()) {
        *books.entry(record.number).or_default() += record.total;
    }
    books
}

fn totals(world: &World, rows: &[Row]) -> Vec<String> {
    let books = books(world);
    let (mut shop, mut ledger, mut blocked) = (Decimal::ZERO, Decimal::ZERO, Decimal::ZERO);
    let mut faults = Vec::new();
    for row in rows {
        let (ours, theirs) = (row.in_the_ledger(&books), row.in_the_shop());
        match row.outcome() {
            "posted" => {
                shop += theirs;
                ledger += ours;
                if ours != theirs {
                    faults
                        .push(format!("order {}: the store says {theirs:.2}, the ledger {ours:.2}", row.shop.order_id));
                }
            }
            // What a held order has in the books already counts on both sides; the rest is what is blocked.
            "held" => {
                shop += ours;
                ledger += ours;
                blocked += theirs - ours;
            }
            "waiting" | "excluded" => {
                if !ours.is_zero() {
                    faults.push(format!(
                        "order {}: {} and yet {ours:.2} is in the ledger",
                        row.shop.order_id,
                        row.outcome()
                    ));
                }
                if !row.shop.captured.is_zero() && !row.shop.migrated {
                    faults.push(format!(
                        "order {}: {:.2} was captured and nothing is posted",
                        row.shop.order_id, row.shop.captured
                    ));
                }
            }
            other => faults.push(format!("order {}: {other}", row.shop.order_id)),
        }
    }
    println!("\nHeld and not in the ledger: {blocked:.2}");
    println!("store total {shop:.2} = ledger total {ledger:.2}, difference {:.2}", shop - ledger);
    faults
}

/// Our own ledger against Intacct's: the same documents, each once, and the same balance of every account.
async fn differences(world: &World, store: &Store, rows: &[Row]) -> anyhow::Result<Vec<String>> {
    let mut faults = Vec::new();
    let company = &world.company;
    let mut seen = BTreeSet::new();
    for number in company.invoices().into_iter().chain(company.adjustments()).map(|record| record.number) {
        if !seen.insert(number.clone()) {
            faults.push(format!("{number} is in Intacct twice"));
        }
    }
    let entries: BTreeSet<String> =
        company.journals().into_iter().flat_map(|entry| entry.lines).map(|line| line.document).collect();
    seen.extend(entries);
    let others = ["receipt", "application"];
    let ours: BTreeSet<String> = rows
        .iter()
        .flat_map(|row| &row.documents)
        .filter(|document| document.state == DocumentState::Posted)
        .filter(|document| !others.contains(&document.planned.kind.as_str()))
        .map(|document| document.planned.number.clone())
        .collect();
    faults.extend(seen.difference(&ours).map(|number| format!("{number} is in Intacct and not in our records")));
    faults.extend(ours.difference(&seen).map(|number| format!("{number} is in our records and not in Intacct")));
    let payments = rows.iter().flat_map(|row| row.posted("receipt").chain(row.posted("application"))).count();
    if payments != company.payments().len() {
        faults.push(format!("{payments} payments in our records, {} in Intacct", company.payments().len()));
    }
    let balance: BTreeMap<String, Decimal> = store
        .trial_balance(STORE)
        .await?
        .into_iter()
        .map(|(account, debit, credit)| (account, debit - credit))
        .collect();
    for row in company.trial_balance() {
        let here = balance.get(&row.account).copied().unwrap_or_default();
        if here != row.debit - row.credit {
            faults.push(format!(
                "account {}: {here:.2} in our records, {:.2} in Intacct",
                row.account,
                row.debit - row.credit
            ));
        }
    }
    Ok(faults)
}

/// Where to look while the demo stays up.
pub(super) fn addresses(world: &World, service: &Service, folder: &std::path::Path) {
    let service_address = service.address();
    println!("\nStill running; Ctrl-C ends it.");
    println!("  service          {service_address}   (API under /v1/stores/{STORE}, bearer token {ADMIN_TOKEN})");
    println!(
        "                   curl -H 'Authorization: Bearer {ADMIN_TOKEN}' {service_address}/v1/stores/{STORE}/holds"
    );
    println!("  BigCommerce      {}", world.shop_address);
    println!("  Intacct's books  {}", world.company_address);
    println!("  settings         {}", service.settings_file().display());
    println!("  log, requests    {}", folder.display());
}
