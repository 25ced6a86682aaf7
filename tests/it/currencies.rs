//! A sale in euros from the order to the bank, in the books of a company that keeps dollars.

use std::collections::BTreeMap;
use std::time::Duration;

use cartledger::accounting::derive::{derive, derive_events};
use cartledger::accounting::document::Document;
use cartledger::accounting::events::Events;
use cartledger::accounting::evidence::Evidence;
use cartledger::accounting::policy::Policy;
use cartledger::accounting::rulebook::Rulebook;
use cartledger::clock::Clock;
use cartledger::intacct::client::{Client, Credentials};
use cartledger::intacct::functions::Function;
use cartledger::intacct::outcome::Outcome;
use cartledger::intacct::posting::customer::CustomerForm;
use cartledger::intacct::posting::{self, Surroundings};
use cartledger::intacct::request::{ControlId, FunctionCall};
use cartledger::sandbox::intacct::{Company, CompanySettings};
use secrecy::SecretString;
use serde_json::json;
use tokio::net::TcpListener;

/// EUR 100.00 + 19.00 of 10 March, and half of it refunded on the 12th: accounting case E15.
fn evidence() -> Evidence {
    let address = json!({
        "first_name": "Ada", "last_name": "Byron", "company": "", "street_1": "Rue 1", "street_2": "", "city": "Lyon",
        "state": "", "zip": "69001", "country": "France", "country_code": "FR", "phone": "", "email": "ada@example.com"
    });
    let value = json!({
        "store": "acme-eu",
        "order": {
            "id": 118, "status_id": 2, "status": "Shipped", "created": "2026-03-10T15:00:00Z", "shipped": null,
            "channel": 1, "source": "www", "external_source": null, "archived": false, "currency": "EUR",
            "store_currency": "USD", "store_to_order_rate": "0.9216589862", "prices_include_tax": false,
            "payment_method": "Card", "payment_status": "captured",
            "buyer": { "customer_id": null, "email": "ada@example.com", "group": null },
            "billing": address,
            "totals": {
                "subtotal_ex_tax": "100", "subtotal_inc_tax": "119", "shipping_ex_tax": "0", "shipping_inc_tax": "0",
                "handling_ex_tax": "0", "handling_inc_tax": "0", "wrapping_ex_tax": "0", "wrapping_inc_tax": "0",
                "discount": "0", "coupon_discount": "0", "total_ex_tax": "100", "total_inc_tax": "119",
                "total_tax": "19", "gift_certificate": "0", "store_credit": "0", "items": "2"
            }
        },
        "lines": [{
            "id": 1, "product_id": 77, "address_id": null, "sku": "TS-1", "name": "Shirt", "brand": "",
            "line_type": "physical", "quantity": "2", "total_ex_tax": "100", "total_inc_tax": "119", "total_tax": "19",
            "discounted_total_inc_tax": null, "discounts": [], "wrapping_ex_tax": "0", "wrapping_inc_tax": "0",
            "categories": [], "parent_line": null
        }],
        "shipping": [], "coupons": [], "fees": [],
        "taxes": [{
            "name": "VAT", "class": "Default", "rate": "19", "amount": "19", "part": "item", "line": 1, "address": null
        }],
        "transactions": [{
            "id": 9001, "event": "purchase", "method": "credit_card", "gateway": "adyen", "amount": "119",
            "currency": "EUR", "gateway_reference": "ch_9001", "ok": true, "test": false, "reference": null,
            "created": "2026-03-10T15:00:05Z", "display_name": null
        }],
        "refunds": [{
            "id": 12, "created": "2026-03-12T09:00:00Z", "reason": "", "total": "59.50", "tax": "9.50",
            "merchant_override": false,
            "items": [{ "part": "product", "item": 1, "quantity": "1", "requested": null, "adjustments": [] }],
            "payments": [{ "id": 112, "provider": "adyen", "amount": "59.50", "offline": false, "declined": false }]
        }]
    });
    serde_json::from_value(value).unwrap()
}

fn rulebook() -> Rulebook {
    let rule = |id: &str, kind: &str, gives: serde_json::Value| json!({ "id": id, "kind": kind, "gives": gives });
    let account = |id: &str, kind: &str, account: &str| rule(id, kind, json!({ "account": account }));
    let settlement = |part: &str, account: &str| json!({ "id": part, "kind": "settlement", "conditions": { "part": part }, "gives": { "account": account } });
    let rate = |id: &str, from: &str, to: &str, rate: &str| json!({ "id": id, "kind": "exchange", "valid_from": from, "valid_to": to, "gives": { "rate": rate } });
    let rules = json!([
        account("products", "product", "4000"),
        account("vat", "tax", "2200"),
        account("returns", "refund", "4100"),
        rule("adyen", "payment", json!({ "account": "1150-E", "payment_method": "Credit Card" })),
        rule("everywhere", "dimension", json!({ "location": "200" })),
        settlement("bank", "1010"),
        settlement("fee", "6100"),
        settlement("exchange-difference", "7100"),
        rate("march-10", "2026-03-10", "2026-03-11", "1.0850"),
        rate("march-12", "2026-03-12", "2026-03-31", "1.0920"),
    ]);
    serde_json::from_value(rules).unwrap()
}

/// Sends one function and answers the record number of what it made.
async fn send(client: &Client, control_id: &str, function: Function) -> Option<String> {
    let call = FunctionCall { control_id: ControlId::new(control_id).unwrap(), function };
    match client.call(&[call]).await.unwrap().remove(0) {
        Outcome::Done(result) => result.record_number().map(|record| record.to_string()),
        other => panic!("{control_id}: {other:?}"),
    }
}

#[tokio::test]
async fn a_sale_in_euros_reaches_the_bank_with_every_exchange_difference_realised_once() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let settings = CompanySettings { multi_currency: true, ..CompanySettings::default() };
    let company = Company::new(settings.clone()).unwrap();
    let served = company.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let credentials = Credentials {
        sender_id: settings.sender_id,
        sender_password: SecretString::from("sandbox-sender-password"),
        company_id: settings.company_id,
        user_id: settings.user_id,
        user_password: SecretString::from("sandbox-user-password"),
        location_id: None,
    };
    let client = Client::new(&served.gateway_url(), credentials, Duration::from_secs(60), Clock::system()).unwrap();

    let policy = Policy { foreign_currencies: ["EUR".parse().unwrap()].into(), ..Policy::new("acme-eu", "1100") };
    let order = derive(&evidence(), &rulebook(), &policy);
    let events = r#"[{"payout": {"gateway": "adyen", "id": "po_15", "date": "2026-03-11", "currency": "EUR",
        "gross": "119.00", "fees": "3.75", "net": "115.25",
        "in_base": {"bank": "124.35", "rate": "1.0790", "carried": "129.12"}}}]"#;
    let payout = derive_events(&Events::from_json(events).unwrap(), &rulebook(), &policy);
    assert_eq!((order.holds.as_slice(), payout.holds.as_slice()), ([].as_slice(), [].as_slice()));

    let buyer = order.customer.unwrap();
    let customer_id = buyer.reference.intacct_id.clone();
    let form = CustomerForm { iso_country_codes: true, id_field: None };
    send(&client, "customer", posting::customer::create(&buyer, &customer_id, None, &form).unwrap()).await;
    let mut records: BTreeMap<String, String> = BTreeMap::new();
    let documents: Vec<&Document> = order.documents.iter().chain(&payout.documents).collect();
    for document in &documents {
        let around = Surroundings {
            customer_id: &customer_id,
            records: &records,
            receivables: &BTreeMap::new(),
            policy: &policy,
            application_account: "1190",
            attachment: None,
        };
        let function = posting::function(document, around).unwrap();
        let record = send(&client, document.key.as_str(), function).await;
        records.insert(document.key.to_string(), record.unwrap());
    }

    let balance = |account: &str| company.balance(account).to_string();
    let books: Vec<String> = ["1010", "1100", "1150-E", "2200", "4000", "4100", "6100", "7100"]
        .iter()
        .map(|account| format!("{account} {}", balance(account)))
        .collect();
    // Sale 108.50 + 20.62, payout 124.35 + 4.05 + 0.72, refund 54.25 + 10.31 + 0.41: the table of E15, in the ledger.
    assert_eq!(
        books,
        [
            "1010 124.35",
            "1100 0.00",
            "1150-E -64.97",
            "2200 -10.31",
            "4000 -108.50",
            "4100 54.25",
            "6100 4.05",
            "7100 1.13"
        ]
    );
    // The view made here is the same, account by account.
    let view = cartledger::accounting::base::journal(documents.iter().copied(), &rulebook(), &policy);
    for (account, amount) in view.balances() {
        assert_eq!(company.balance(account), amount, "{account}");
    }
    served.stop().await.unwrap();
}
