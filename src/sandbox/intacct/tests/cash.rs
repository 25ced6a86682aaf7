//! Other receipts, deposits, and folders for attachments.

use super::*;

fn receipt(reference: &str, lines: &[(&str, &str)]) -> String {
    format!(
        "<record_otherreceipt><paymentdate>{DAY}</paymentdate><payee>Guests</payee><receiveddate>{DAY}</receiveddate>\
         <paymentmethod>Credit Card</paymentmethod><undepglaccountno>1190</undepglaccountno><refid>{reference}</refid>\
         <receiptitems>{}</receiptitems></record_otherreceipt>",
        super::lines(lines)
    )
}

fn deposit(keys: &[&str]) -> String {
    let keys: String = keys.iter().map(|key| format!("<receiptkey>{key}</receiptkey>")).collect();
    format!(
        "<record_deposit><bankaccountid>BOA</bankaccountid><depositdate>{DAY}</depositdate><depositid>po_1</depositid>\
         <receiptkeys>{keys}</receiptkeys><description>Payout</description></record_deposit>"
    )
}

#[tokio::test]
async fn receipts_and_payments_go_to_the_bank_once() {
    let desk = desk().await;
    desk.customer("C1").await;
    let invoice = desk.invoice("I1", "C1", &[("4000", "100.00")]).await;
    let cash = detail(&[("RECORDKEY", &invoice), ("TRX_PAYMENTAMOUNT", "100.00")]);
    let paid = desk.write("p", &payment("C1", "ch", &cash).replace("1150-S", "1190")).await.succeeded();
    let other = desk.write("o", &receipt("g", &[("2300", "50.00"), ("2200", "0.99")])).await.succeeded();
    assert_eq!(["1190", "2300", "2200"].map(|a| desk.balance(a)), ["150.99", "-50.00", "-0.99"]);
    desk.write("d", &deposit(&[&paid, &paid])).await.refused("is deposited already");
    desk.write("d", &deposit(&[&paid, "43"])).await.refused("No record exits for the recordkey 43");
    desk.write("d", &deposit(&[&paid, &other])).await.succeeded();
    assert_eq!(["1010", "1190"].map(|a| desk.balance(a)), ["150.99", "0.00"]);
    desk.write("e", &deposit(&[&other])).await.refused("is deposited already");
    let reversal = format!("<reverse_arpayment key=\"{paid}\"><datereversed>{DAY}</datereversed></reverse_arpayment>");
    desk.write("r", &reversal).await.refused("is deposited already");
    let query =
        "<query><object>DEPOSIT</object><select><field>DEPOSITID</field><field>TOTALENTERED</field></select></query>";
    let row = desk.read(query).await.result.get("data").unwrap().children[0].clone();
    assert_eq!((row.text_of("DEPOSITID"), row.text_of("TOTALENTERED")), (Some("po_1"), Some("150.99")));
}

#[tokio::test]
async fn a_deposit_takes_positive_undeposited_receipts_only() {
    let desk = desk().await;
    let negative = desk.write("n", &receipt("n", &[("6100", "-3.00")])).await.succeeded();
    desk.write("d", &deposit(&[&negative])).await.refused("only positive receipts can");
    let bank = "<bankaccountid>BOA</bankaccountid>";
    let banked = receipt("b", &[("2300", "5.00")]).replace("<undepglaccountno>1190</undepglaccountno>", bank);
    let banked = desk.write("b", &banked).await.succeeded();
    assert_eq!(desk.balance("1010"), "5.00");
    desk.write("d", &deposit(&[&banked])).await.refused("is deposited already");
    desk.write("d", &deposit(&[&negative]).replace("BOA", "XYZ")).await.refused("Invalid Bank account 'XYZ'");
    assert!(desk.company.deposits().is_empty());
}

#[tokio::test]
async fn the_form_of_a_receipt_is_checked() {
    let desk = desk().await;
    let good = receipt("g", &[("2300", "50.00")]);
    for (from, to, text) in [
        ("Credit Card", "Online ACH Debit", "Illegal format for Payment Method"),
        ("<undepglaccountno>1190", "<undepglaccountno>1010", "is associated to the Bank account BOA"),
        ("<undepglaccountno>1190", "<undepglaccountno>1999", "Account '1999' is not valid"),
        ("<receiptitems>", "<supdocid>X</supdocid><receiptitems>", "Invalid Attachment 'X'"),
        ("<receiptitems>", "<currency>EUR</currency><exchratetype/><receiptitems>", "Enable foreign-currency"),
        ("<locationid>100</locationid>", "", "missing the Location dimension"),
    ] {
        desk.write("o", &good.replace(from, to)).await.refused(text);
    }
    let based =
        good.replace("<receiptitems>", "<basecurr>USD</basecurr><currency>EUR</currency><exchratetype/><receiptitems>");
    let (_, text) = desk.post(desk.in_session(true, "", &function("s", &based))).await.unwrap();
    assert!(text.contains("XL03000003") && text.contains("basecurr"), "{text}");
}

#[tokio::test]
async fn a_folder_is_made_once_under_one_that_is_there() {
    let desk = desk().await;
    let folder = |name: &str, parent: &str| {
        format!(
            "<create_supdocfolder><supdocfoldername>{name}</supdocfoldername><supdocfolderdescription>d</supdocfolderdescription>\
             <supdocparentfoldername>{parent}</supdocparentfoldername></create_supdocfolder>"
        )
    };
    desk.write("a", &folder("2026", "Nowhere")).await.refused("Invalid Attachments folder 'Nowhere' specified.");
    desk.write("a", &folder("2026", "BigCommerce")).await.succeeded();
    desk.write("b", &folder("2026", "BigCommerce")).await.refused("Another Attachments folder");
    let file = "<create_supdoc><supdocid>S</supdocid><supdocname>S</supdocname><supdocfoldername>2026</supdocfoldername></create_supdoc>";
    desk.write("s", file).await.succeeded();
}
