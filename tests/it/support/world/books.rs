//! The books of a world: ours against the company's, and somebody who works in Intacct past the program.

use std::collections::BTreeMap;
use std::time::Duration;

use cartledger::clock::Clock;
use cartledger::intacct::client::{Client, Credentials};
use cartledger::intacct::functions::{Account, CreateAdjustment, Function, Line, LineDimensions};
use cartledger::intacct::outcome::Outcome;
use cartledger::intacct::request::{ControlId, FunctionCall};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::{STORE, World};

impl World {
    /// Our records against the company's books: every document on both sides, each once, and the same balances.
    pub async fn assert_books_agree(&self) {
        let mut theirs: Vec<String> =
            self.company.invoices().into_iter().chain(self.company.adjustments()).map(|record| record.number).collect();
        // A journal entry carries our number on each of its lines.
        for entry in self.company.journals() {
            let mut numbers: Vec<String> = entry.lines.into_iter().map(|line| line.document).collect();
            numbers.dedup();
            theirs.extend(numbers);
        }
        theirs.sort();
        let mut ours = Vec::new();
        let mut payments = 0;
        for order in self.shop.expected_summary() {
            for document in self.store.documents(STORE, order.order_id).await.unwrap() {
                assert_eq!(document.state.as_str(), "posted", "{}: {:?}", document.planned.key, document.error);
                match document.planned.kind.as_str() {
                    "receipt" | "application" => payments += 1,
                    _ => ours.push(document.planned.number),
                }
            }
        }
        ours.sort();
        assert_eq!(ours, theirs);
        assert_eq!(payments, self.company.payments().len());
        assert_eq!(self.our_balances().await, self.balances());
    }

    /// A client of somebody who works in Intacct past the program.
    pub fn finance(&self) -> Client {
        client_of(&self.company_served.gateway_url())
    }

    /// Posts a credit memo past the program, as somebody else's would.
    #[cfg_attr(feature = "planted-bug", expect(dead_code, reason = "used by a test that build does not have"))]
    pub async fn post_adjustment(&self, customer: &str, number: &str, control_id: &str, amount: Decimal, date: Date) {
        let line = Line::new(Account::Gl("4100".into()), amount);
        let location = LineDimensions { location: Some("100".into()), ..LineDimensions::default() };
        let lines = vec![Line { dimensions: location, ..line }];
        let adjustment = CreateAdjustment::new(customer, number, date, lines);
        let function = Function::CreateAdjustment(Box::new(adjustment));
        send_past(&self.company_served.gateway_url(), control_id, function).await;
    }

    /// What we say is posted, as balances by account like [`World::balances`].
    pub async fn our_balances(&self) -> BTreeMap<String, Decimal> {
        let rows = self.store.trial_balance(STORE).await.unwrap().into_iter();
        let balances = rows.map(|(account, debit, credit)| (account, debit - credit));
        balances.filter(|(_, balance)| !balance.is_zero()).collect()
    }

    /// The company's balances by account, debits positive; accounts without a balance are left out.
    pub fn balances(&self) -> BTreeMap<String, Decimal> {
        let rows = self.company.trial_balance().into_iter().map(|row| (row.account, row.debit - row.credit));
        rows.filter(|(_, balance)| !balance.is_zero()).collect()
    }

    /// Codes of an order's open holds.
    pub async fn holds(&self, order: u64) -> Vec<String> {
        let open = self.store.open_holds(Some(STORE), Some(order), 0, 100).await.unwrap();
        open.into_iter().map(|stored| stored.hold.code).collect()
    }
}

/// A client of a sandbox company with its usual credentials.
pub fn client_of(url: &str) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let credentials = Credentials {
        sender_id: "sandbox_sender".into(),
        sender_password: "sandbox-sender-password".into(),
        company_id: "SANDBOX".into(),
        user_id: "ws_cartledger".into(),
        user_password: "sandbox-user-password".into(),
        location_id: None,
    };
    Client::new(url, credentials, Duration::from_secs(20), Clock::system()).unwrap()
}

/// Sends one function past the program: as another program, or an earlier life of this one.
pub async fn send_past(url: &str, control_id: &str, function: Function) {
    let call = FunctionCall { control_id: ControlId::new(control_id).unwrap(), function };
    let outcome = client_of(url).call(&[call]).await.unwrap().remove(0);
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
}
