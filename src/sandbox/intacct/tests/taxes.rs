//! VAT: tax solutions, tax details and what they book; account labels; what stays out of the ledger.

use rust_decimal::Decimal;

use super::super::{TaxDetail, TaxSolution};
use super::*;

fn solution(percent: i64) -> TaxSolution {
    let detail = TaxDetail { account: "2200".to_owned(), percent: Decimal::from(percent) };
    TaxSolution { details: [("Standard".to_owned(), detail)].into() }
}

fn taxed(kind: &str, net: &str, tax: &str) -> String {
    let tax = if tax.is_empty() { String::new() } else { format!("<trx_tax>{tax}</trx_tax>") };
    let entries =
        format!("<taxentries><taxentry><detailid>Standard</detailid>{tax}</taxentry></taxentries></lineitem>");
    let body = if kind == "invoice" {
        invoice("I1", "C1", &[("4000", net)])
    } else {
        adjustment("A1", "C1", &[("4100", net)])
    };
    body.replace("</lineitem>", &entries)
}

#[tokio::test]
async fn tax_comes_on_top_of_the_line_and_goes_to_the_account_of_its_detail() {
    let desk = desk_with(|settings| settings.tax_solutions = [("UK".to_owned(), solution(20))].into()).await;
    desk.customer("C1").await;
    let key = desk.write("i", &taxed("invoice", "100.00", "20.01")).await.succeeded();
    assert_eq!(["1100", "4000", "2200"].map(|a| desk.balance(a)), ["120.01", "-100.00", "-20.01"]);
    let pay = |amount: &str| payment("C1", "ch", &detail(&[("RECORDKEY", &key), ("TRX_PAYMENTAMOUNT", amount)]));
    desk.write("p", &pay("120.02")).await.refused("exceeds the amount 120.01");
    desk.write("p", &pay("120.01")).await.succeeded();
    // Without an amount the company works the tax out itself.
    desk.write("a", &taxed("memo", "-10.00", "")).await.succeeded();
    assert_eq!(desk.company.adjustments()[0].total.to_string(), "-12.00");
    assert_eq!(["1100", "4100", "2200"].map(|a| desk.balance(a)), ["-12.00", "10.00", "-18.01"]);
}

#[tokio::test]
async fn a_solution_is_named_where_there_are_several_and_details_belong_to_it() {
    let several = [("UK".to_owned(), solution(20)), ("AU".to_owned(), solution(10))];
    let desk = desk_with(|settings| settings.tax_solutions = several.into()).await;
    desk.customer("C1").await;
    let body = taxed("invoice", "100.00", "");
    desk.write("i", &body).await.refused("Required field Tax solution is missing");
    let named =
        |name: &str| body.replace("<invoiceitems>", &format!("<taxsolutionid>{name}</taxsolutionid><invoiceitems>"));
    desk.write("i", &named("FR")).await.refused("Invalid Tax solution 'FR' specified.");
    desk.write("i", &named("AU").replace("Standard", "Reduced"))
        .await
        .refused("Invalid Tax detail 'Reduced' specified.");
    desk.write("i", &named("AU")).await.succeeded();
    assert_eq!(desk.balance("2200"), "-10.00");
    let without = desk_with(|_| {}).await;
    without.customer("C1").await;
    without.write("i", &body).await.refused("Invalid Tax detail 'Standard' specified.");
}

#[tokio::test]
async fn a_line_can_name_an_account_label_and_an_invoice_can_stay_out_of_the_ledger() {
    let desk = desk_with(|settings| {
        settings.masters.account_labels = [("Web sales".to_owned(), "4000".to_owned())].into();
    })
    .await;
    desk.customer("C1").await;
    let body = invoice("I1", "C1", &[("4000", "10.00")])
        .replace("<glaccountno>4000</glaccountno>", "<accountlabel>Web sales</accountlabel>");
    desk.write("a", &body.replace("Web sales", "Sales")).await.refused("Invalid Account label 'Sales' specified.");
    desk.write("a", &body).await.succeeded();
    assert_eq!(desk.balance("4000"), "-10.00");
    let outside = body.replace("I1", "I2").replace("<invoiceitems>", "<nogl>true</nogl><invoiceitems>");
    desk.write("b", &outside).await.succeeded();
    assert_eq!((desk.balance("4000"), desk.company.invoices().len()), ("-10.00".to_owned(), 2));
}
