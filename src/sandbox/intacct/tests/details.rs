//! The details of payments, down to the line: every kind of credit, discounts, several customers, advances.

use super::*;

fn advance(items: &str) -> String {
    format!(
        "<create><ARADVANCE><CUSTOMERID>C1</CUSTOMERID><PAYMENTDATE>07/01/2026</PAYMENTDATE><RECEIPTDATE>07/01/2026</RECEIPTDATE>\
         <PAYMENTMETHOD>Credit Card</PAYMENTMETHOD><UNDEPOSITEDACCOUNTNO>1150-S</UNDEPOSITEDACCOUNTNO><DOCNUMBER>ch_a</DOCNUMBER>\
         <ARADVANCEITEMS>{items}</ARADVANCEITEMS></ARADVANCE></create>"
    )
}

fn item(account: &str, amount: &str) -> String {
    format!(
        "<ARADVANCEITEM><ACCOUNTNO>{account}</ACCOUNTNO><TRX_AMOUNT>{amount}</TRX_AMOUNT><LOCATIONID>100</LOCATIONID></ARADVANCEITEM>"
    )
}

async fn open() -> Desk {
    let desk = desk().await;
    desk.customer("C1").await;
    desk
}

#[tokio::test]
async fn money_fills_the_lines_from_the_first_or_the_one_that_is_named() {
    let desk = open().await;
    let invoice = desk.invoice("I1", "C1", &[("4000", "50.00"), ("4010", "30.00"), ("4090", "-5.00")]).await;
    let lines: Vec<String> = desk.company.invoices()[0].lines.iter().map(|line| line.record_no.to_string()).collect();
    let pay = |parts: &[(&str, &str)]| payment("C1", "ch", &detail(parts));
    let paid =
        |desk: &Desk| desk.company.invoices()[0].lines.iter().map(|line| line.paid.to_string()).collect::<Vec<_>>();
    desk.write("a", &pay(&[("RECORDKEY", &invoice), ("TRX_PAYMENTAMOUNT", "60.00")])).await.succeeded();
    assert_eq!(paid(&desk), ["50.00", "10.00", "0"]);
    let first = [("RECORDKEY", invoice.as_str()), ("ENTRYKEY", &lines[0]), ("TRX_PAYMENTAMOUNT", "1.00")];
    desk.write("b", &pay(&first)).await.refused("exceeds the amount 0");
    let unknown = [("RECORDKEY", invoice.as_str()), ("ENTRYKEY", "7"), ("TRX_PAYMENTAMOUNT", "1.00")];
    desk.write("b", &pay(&unknown)).await.refused("No record exits for the recordkey 7");
    let second = [("RECORDKEY", invoice.as_str()), ("ENTRYKEY", &lines[1]), ("TRX_PAYMENTAMOUNT", "15.00")];
    desk.write("b", &pay(&second)).await.succeeded();
    assert_eq!(paid(&desk), ["50.00", "25.00", "0"]);
    assert!(desk.company.invoices()[0].open.is_zero());
}

#[tokio::test]
async fn a_negative_line_pays_the_rest_of_its_own_invoice() {
    let desk = open().await;
    let invoice = desk.invoice("I1", "C1", &[("4000", "50.00"), ("4090", "-5.00")]).await;
    let other = desk.invoice("I2", "C1", &[("4000", "50.00")]).await;
    let credit = desk.company.invoices()[0].lines[1].record_no.to_string();
    let inline = |key: &str, amount: &str| {
        detail(&[
            ("RECORDKEY", &invoice),
            ("INLINEKEY", key),
            ("INLINEENTRYKEY", &credit),
            ("TRX_INLINEAMOUNT", amount),
        ])
    };
    desk.write("a", &payment("C1", "in", &inline(&invoice, "5.01"))).await.refused("exceeds the amount 5.00");
    desk.write("a", &payment("C1", "in", &inline(&other, "5.00"))).await.refused("No record exits");
    let cash = detail(&[("RECORDKEY", &invoice), ("TRX_PAYMENTAMOUNT", "45.00")]);
    desk.write("a", &payment("C1", "in", &format!("{}{cash}", inline(&invoice, "5.00")))).await.succeeded();
    let settled = &desk.company.invoices()[0];
    assert!(settled.open.is_zero() && settled.lines.iter().all(|line| line.paid == line.amount));
    assert_eq!(["1100", "1150-S"].map(|account| desk.balance(account)), ["50.00", "45.00"]);
}

#[tokio::test]
async fn an_advance_waits_on_its_account_and_pays_an_invoice_later() {
    let desk = open().await;
    let key =
        desk.write("a", &advance(&format!("{}{}", item("2320", "40.00"), item("2310", "10.00")))).await.succeeded();
    assert_eq!(["1150-S", "2320", "2310", "1100"].map(|a| desk.balance(a)), ["50.00", "-40.00", "-10.00", "0"]);
    let invoice = desk.invoice("I1", "C1", &[("4000", "60.00")]).await;
    let second = desk.company.payments()[0].unapplied[1].record_no.to_string();
    let applied = |parts: &[(&str, &str)]| {
        let whole = [&[("RECORDKEY", invoice.as_str()), ("ADVANCEKEY", key.as_str())], parts].concat();
        payment("C1", "use", &detail(&whole))
    };
    let wrong = applied(&[]).replace("ADVANCEKEY", "OVERPAYMENTKEY");
    let wrong = wrong
        .replace("</ARPYMTDETAIL>", "<TRX_POSTEDOVERPAYMENTAMOUNT>1.00</TRX_POSTEDOVERPAYMENTAMOUNT></ARPYMTDETAIL>");
    desk.write("u", &wrong).await.refused("No record exits");
    desk.write("u", &applied(&[("TRX_POSTEDADVANCEAMOUNT", "50.01")])).await.refused("exceeds the amount 50.00");
    let named = [("ADVANCEENTRYKEY", second.as_str()), ("TRX_POSTEDADVANCEAMOUNT", "10.01")];
    desk.write("u", &applied(&named)).await.refused("exceeds the amount 10.00");
    desk.write("u", &applied(&[("TRX_POSTEDADVANCEAMOUNT", "45.00")])).await.succeeded();
    assert_eq!(["1150-S", "2320", "2310", "1100"].map(|a| desk.balance(a)), ["50.00", "0.00", "-5.00", "15.00"]);
    assert_eq!(desk.company.payments()[0].overpayment_open.to_string(), "5.00");
    let advances = "<query><object>ARADVANCE</object><select><field>RECORDTYPE</field></select></query>";
    let rows = desk.read(advances).await.result.get("data").unwrap().children.clone();
    assert_eq!(rows.iter().map(|row| row.text_of("RECORDTYPE").unwrap()).collect::<Vec<_>>(), ["rr"]);
}

#[tokio::test]
async fn the_form_of_an_advance_is_checked() {
    let desk = open().await;
    let good = advance(&item("2320", "40.00"));
    for (from, to, text) in [
        ("<CUSTOMERID>C1</CUSTOMERID>", "", "Required field Customer ID is missing"),
        ("Credit Card", "Online Charge Card", "Illegal format for Payment Method"),
        ("<PAYMENTDATE>07/01/2026</PAYMENTDATE>", "", "Required field Payment Date is missing"),
        ("<TRX_AMOUNT>40.00", "<TRX_AMOUNT>-40.00", "Illegal format for Amount"),
        ("<ACCOUNTNO>2320</ACCOUNTNO>", "", "Required field Account is missing"),
        ("<ACCOUNTNO>2320</ACCOUNTNO>", "<ACCOUNTLABEL>X</ACCOUNTLABEL>", "Invalid Account label 'X' specified."),
        ("<LOCATIONID>100</LOCATIONID>", "", "missing the Location dimension"),
        ("DOCNUMBER", "REFNUMBER", "The field REFNUMBER does not exist on ARADVANCE"),
        ("<DOCNUMBER>", "<SUPDOCID>X</SUPDOCID><DOCNUMBER>", "Invalid Attachment 'X' specified."),
    ] {
        desk.write("a", &good.replace(from, to)).await.refused(text);
    }
    desk.write("a", &advance("")).await.refused("Required field ARADVANCEITEM is missing");
    assert!(desk.company.payments().is_empty() && desk.company.ledger().is_empty());
    let draft = good.replace("<DOCNUMBER>", "<ACTION>Draft</ACTION><DOCNUMBER>");
    desk.write("d", &draft).await.succeeded();
    assert!(desk.company.ledger().is_empty());
}

#[tokio::test]
async fn a_discount_is_booked_beside_the_cash_it_saves() {
    let desk = open().await;
    let invoice = desk.invoice("I1", "C1", &[("4000", "100.00")]).await;
    let debit = desk.adjustment("D1", "C1", &[("1150-S", "10.00")]).await;
    let pay = |parts: &[(&str, &str)]| payment("C1", "ch", &detail(parts));
    let on_memo = [("POSADJKEY", debit.as_str()), ("TRX_PAYMENTAMOUNT", "9.00"), ("TRX_TOTALDISCOUNTTOAPPLY", "1.00")];
    desk.write("p", &pay(&on_memo)).await.refused("A discount can be applied to an invoice only");
    let discounted =
        |cash| [("RECORDKEY", invoice.as_str()), ("TRX_PAYMENTAMOUNT", cash), ("TRX_TOTALDISCOUNTTOAPPLY", "2.00")];
    desk.write("p", &pay(&discounted("98.01"))).await.refused("exceeds the amount 100.00");
    desk.write("p", &pay(&discounted("98.00"))).await.succeeded();
    assert_eq!(["1150-S", "4090", "1100"].map(|a| desk.balance(a)), ["88.00", "2.00", "10.00"]);
    assert!(desk.company.invoices()[0].open.is_zero());
}

#[tokio::test]
async fn one_payer_can_pay_for_several_customers() {
    let desk = open().await;
    desk.customer("C2").await;
    let first = desk.invoice("I1", "C1", &[("4000", "10.00")]).await;
    let second = desk.invoice("I2", "C2", &[("4000", "20.00")]).await;
    let details = [(&first, "10.00"), (&second, "20.00")]
        .map(|(key, amount)| detail(&[("RECORDKEY", key), ("TRX_PAYMENTAMOUNT", amount)]))
        .concat();
    let by_one = payment("C1", "ch", &details);
    desk.write("p", &by_one).await.refused("does not belong to the customer 'C1'");
    let by_payer = by_one.replace("<CUSTOMERID>C1</CUSTOMERID>", "<PAYERNAME>Mall</PAYERNAME>");
    let over = by_payer.replace(
        "<ARPYMTDETAILS>",
        "<OVERPAYMENTAMOUNT>1.00</OVERPAYMENTAMOUNT><OVERPAYMENTLOCATIONID>100</OVERPAYMENTLOCATIONID><ARPYMTDETAILS>",
    );
    desk.write("p", &over).await.refused("Required field Customer ID is missing");
    desk.write("p", &by_payer).await.succeeded();
    let payment = desk.company.payments().remove(0);
    assert_eq!((payment.customer_id, payment.payer.as_deref()), (None, Some("Mall")));
    assert!(desk.company.invoices().iter().all(|invoice| invoice.open.is_zero()));
}

#[tokio::test]
async fn what_is_left_of_a_payment_in_euros_is_used_at_the_rate_it_came_in() {
    let desk = desk_with(|settings| settings.multi_currency = true).await;
    desk.customer("C1").await;
    let euro = |rate: &str| format!("<currency>EUR</currency><exchrate>{rate}</exchrate><invoiceitems>");
    let first = invoice("I1", "C1", &[("4000", "100.00")]).replace("<invoiceitems>", &euro("1.1000"));
    let first = desk.write("I1", &first).await.succeeded();
    let at = |body: String, rate: &str| {
        body.replace(
            "<CURRENCY>USD</CURRENCY>",
            &format!("<CURRENCY>EUR</CURRENCY><EXCHANGE_RATE>{rate}</EXCHANGE_RATE>"),
        )
    };
    let over =
        "<OVERPAYMENTAMOUNT>50.00</OVERPAYMENTAMOUNT><OVERPAYMENTLOCATIONID>100</OVERPAYMENTLOCATIONID><ARPYMTDETAILS>";
    let paid = payment("C1", "ch", &detail(&[("RECORDKEY", &first), ("TRX_PAYMENTAMOUNT", "100.00")]));
    let paid = at(paid.replace("<ARPYMTDETAILS>", over), "1.1000");
    let totals = "<TRX_AMOUNTTOPAY>150.00</TRX_AMOUNTTOPAY><AMOUNTTOPAY>165.00</AMOUNTTOPAY><DOCNUMBER>";
    let wrong = paid.replace("<DOCNUMBER>", &totals.replace("165", "150"));
    desk.write("p", &wrong).await.refused("AMOUNTTOPAY 150.00 differs");
    let key = desk.write("p", &paid.replace("<DOCNUMBER>", totals)).await.succeeded();
    let second = invoice("I2", "C1", &[("4000", "50.00")]).replace("<invoiceitems>", &euro("1.2000"));
    let second = desk.write("I2", &second).await.succeeded();
    let used = detail(&[("RECORDKEY", &second), ("OVERPAYMENTKEY", &key), ("TRX_POSTEDOVERPAYMENTAMOUNT", "50.00")]);
    desk.write("u", &at(payment("C1", "use", &used), "1.3000")).await.succeeded();
    // 55.00 came in and a claim of 60.00 is settled by it: five are lost, and nothing stays on receivables.
    assert_eq!(["1100", "7100", "1150-S"].map(|a| desk.balance(a)), ["0.00", "5.00", "165.00"]);
}
