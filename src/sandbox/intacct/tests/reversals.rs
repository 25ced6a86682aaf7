//! What is taken back: invoices, payments, applications; and the credits that are applied the older way.

use super::super::{DocumentState, SettingsChange};
use super::*;

const LATER: &str = "<year>2026</year><month>07</month><day>05</day>";

fn reverse(function: &str, key: &str) -> String {
    format!(
        "<{function} key=\"{key}\"><datereversed>{LATER}</datereversed><description>back</description></{function}>"
    )
}

fn apply(credit: &str, items: &[(&str, &str)]) -> String {
    let items: String = items
        .iter()
        .map(|(key, amount)| {
            format!("<arpaymentitem><invoicekey>{key}</invoicekey><amount>{amount}</amount></arpaymentitem>")
        })
        .collect();
    format!(
        "<apply_arpayment><arpaymentkey>{credit}</arpaymentkey><paymentdate>{LATER}</paymentdate><memo>m</memo>\
         <arpaymentitems>{items}</arpaymentitems></apply_arpayment>"
    )
}

async fn sold() -> (Desk, String) {
    let desk = desk().await;
    desk.customer("C1").await;
    let invoice = desk.invoice("I1", "C1", &[("4000", "120.00"), ("2200", "9.90")]).await;
    (desk, invoice)
}

fn cash(invoice: &str, amount: &str) -> String {
    payment("C1", "ch", &detail(&[("RECORDKEY", invoice), ("TRX_PAYMENTAMOUNT", amount)]))
}

/// A field of one record, as a read shows it.
async fn field(desk: &Desk, object: &str, key: &str, name: &str) -> String {
    let body = format!("<read><object>{object}</object><keys>{key}</keys><fields>{name}</fields></read>");
    let answer = desk.read(&body).await;
    answer.result.get("data").unwrap().children[0].text_of(name).unwrap_or_default().to_owned()
}

#[tokio::test]
async fn a_reversed_invoice_leaves_the_ledger_on_the_day_of_the_reversal() {
    let (desk, invoice) = sold().await;
    desk.write("r", &reverse("reverse_invoice", &invoice)).await.succeeded();
    assert_eq!(["1100", "4000", "2200"].map(|account| desk.balance(account)), ["0.00", "0.00", "0.00"]);
    let days: Vec<_> = desk.company.ledger().iter().map(|line| line.date.to_string()).collect();
    assert_eq!((days.len(), days[0].as_str(), days[7].as_str()), (8, "2026-07-01", "2026-07-05"));
    for (name, value) in [("STATE", "Reversed"), ("TRX_TOTALDUE", "0.00"), ("TRX_TOTALPAID", "0.00")] {
        assert_eq!(field(&desk, "ARINVOICE", &invoice, name).await, value, "{name}");
    }
    desk.write("again", &reverse("reverse_invoice", &invoice)).await.refused("The invoice 'I1' is reversed already");
    desk.write("p", &cash(&invoice, "1.00")).await.refused("The invoice 'I1' is not posted");
}

#[tokio::test]
async fn a_paid_invoice_is_reversed_after_its_payment_only() {
    let (desk, invoice) = sold().await;
    let paid = desk.write("p", &cash(&invoice, "100.00")).await.succeeded();
    desk.write("r", &reverse("reverse_invoice", &invoice)).await.refused("Reverse its payments first");
    desk.write("rp", &reverse("reverse_arpayment", &paid)).await.succeeded();
    assert_eq!(field(&desk, "ARPYMT", &paid, "STATE").await, "Reversed");
    assert_eq!(["1150-S", "1100"].map(|account| desk.balance(account)), ["0.00", "129.90"]);
    assert_eq!(field(&desk, "ARINVOICE", &invoice, "STATE").await, "Posted");
    desk.write("rp2", &reverse("reverse_arpayment", &paid)).await.refused("is reversed already");
    desk.write("r", &reverse("reverse_invoice", &invoice)).await.succeeded();
    assert_eq!(desk.balance("1100"), "0.00");
}

#[tokio::test]
async fn a_reversal_names_a_record_of_its_kind_and_a_day_that_is_open() {
    let (desk, invoice) = sold().await;
    let memo = desk.adjustment("R1", "C1", &[("4100", "-10.00")]).await;
    desk.write("a", &reverse("reverse_invoice", &memo)).await.refused("No record exits for the recordkey");
    desk.write("b", &reverse("reverse_arpayment", &invoice)).await.refused("No record exits for the recordkey");
    let early = reverse("reverse_invoice", &invoice).replace("<day>05</day>", "<day>5</day>").replace("07", "06");
    desk.write("c", &early).await.refused("Illegal format for Reversal date : 06/05/2026");
    let through = Some("2026-07-31".parse().unwrap());
    desk.company.change(&SettingsChange { close_books_through: through, ..SettingsChange::default() }).unwrap();
    desk.write("d", &reverse("reverse_invoice", &invoice)).await.refused("within a period that's been closed");
    let bare = "<reverse_invoice><datereversed/></reverse_invoice>";
    let (_, text) = desk.post(desk.in_session(true, "", &function("e", bare))).await.unwrap();
    assert!(text.contains("XL03000003") && text.contains("is required but missing"), "{text}");
    assert!(desk.company.invoices()[0].state == DocumentState::Posted);
}

#[tokio::test]
async fn a_reversed_application_gives_the_credit_back() {
    let (desk, invoice) = sold().await;
    let memo = desk.adjustment("R1", "C1", &[("4100", "-33.33"), ("2200", "-2.75")]).await;
    let parts = [("RECORDKEY", invoice.as_str()), ("ADJUSTMENTKEY", &memo), ("TRX_ADJUSTMENTAMOUNT", "36.08")];
    let applied = desk.write("p", &payment("C1", "apply", &detail(&parts))).await.succeeded();
    assert!(desk.company.adjustments()[0].open.is_zero());
    desk.write("r", &reverse("reverse_arpayment", &applied)).await.succeeded();
    assert_eq!(desk.company.adjustments()[0].open.to_string(), "-36.08");
    assert_eq!(desk.company.invoices()[0].open.to_string(), "129.90");
    assert!(desk.company.invoices()[0].lines.iter().all(|line| line.paid.is_zero()));
}

#[tokio::test]
async fn a_payment_whose_rest_was_used_stays_until_the_use_is_reversed() {
    let (desk, invoice) = sold().await;
    let over = "<OVERPAYMENTAMOUNT>20.00</OVERPAYMENTAMOUNT><OVERPAYMENTLOCATIONID>100</OVERPAYMENTLOCATIONID>";
    let body = cash(&invoice, "129.90").replace("<ARPYMTDETAILS>", &format!("{over}<ARPYMTDETAILS>"));
    let paid = desk.write("p", &body).await.succeeded();
    let second = desk.invoice("I2", "C1", &[("4000", "15.00")]).await;
    desk.write("a", &apply(&paid, &[(&second, "15.01")])).await.refused("exceeds the amount 15.00");
    desk.write("a", &apply(&paid, &[(&second, "15.00")])).await.succeeded();
    assert_eq!(desk.company.payments()[0].overpayment_open.to_string(), "5.00");
    desk.write("r", &reverse("reverse_arpayment", &paid)).await.refused("has money that was applied since");
    let application = desk.company.payments()[1].record_no.to_string();
    desk.write("ra", &reverse("reverse_arpayment", &application)).await.succeeded();
    desk.write("r", &reverse("reverse_arpayment", &paid)).await.succeeded();
    assert_eq!(["1150-S", "1100"].map(|account| desk.balance(account)), ["0.00", "144.90"]);
    let (debits, credits) = desk.totals();
    assert_eq!(debits, credits);
}

#[tokio::test]
async fn an_application_names_a_credit_and_documents_of_one_customer_in_the_order_of_the_schema() {
    let (desk, invoice) = sold().await;
    desk.customer("C2").await;
    let foreign = desk.invoice("I2", "C2", &[("4000", "5.00")]).await;
    let memo = desk.adjustment("R1", "C1", &[("4100", "-10.00")]).await;
    let debit = desk.adjustment("D1", "C1", &[("1150-S", "4.00")]).await;
    let negative = desk.invoice("N1", "C1", &[("4000", "-7.00")]).await;
    for (body, text) in [
        (apply("43", &[(&invoice, "1.00")]), "No record exits for the recordkey 43"),
        (apply(&memo, &[(&foreign, "1.00")]), "does not belong to the customer 'C1'"),
        (apply(&memo, &[(&memo, "1.00")]), "No record exits"),
        (apply(&memo, &[(&invoice, "0.00")]), "Illegal format for Amount"),
        (apply(&memo, &[(&invoice, "6.00"), (&debit, "4.50")]), "exceeds the amount 4.00"),
        (apply(&memo, &[(&invoice, "6.50"), (&debit, "4.00")]), "exceeds the amount 3.50"),
        (apply(&invoice, &[(&debit, "1.00")]), "No record exits"),
    ] {
        desk.write("a", &body).await.refused(text);
    }
    let swapped = apply(&memo, &[(&invoice, "1.00")])
        .replace("<memo>m</memo>", "")
        .replace("<apply_arpayment>", "<apply_arpayment><memo>m</memo>");
    let (_, text) = desk.post(desk.in_session(true, "", &function("s", &swapped))).await.unwrap();
    assert!(text.contains("XL03000003"), "{text}");
    desk.write("a", &apply(&memo, &[(&invoice, "6.00"), (&debit, "4.00")])).await.succeeded();
    desk.write("n", &apply(&negative, &[(&invoice, "7.00")])).await.succeeded();
    assert_eq!(desk.company.invoices()[0].open.to_string(), "116.90");
    assert!(desk.company.adjustments().iter().all(|adjustment| adjustment.open.is_zero()));
}
