//! The check that all requests of the tests go through finds a request that the gateway's schema refuses.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder with requests, removed when the test ends.
struct Folder(PathBuf);

impl Folder {
    fn with(requests: &[&str]) -> Self {
        let name = format!("cartledger-requests-{}", cartledger::clock::random_id().simple());
        let folder = Self(std::env::temp_dir().join(name));
        std::fs::create_dir_all(&folder.0).unwrap();
        for (number, request) in requests.iter().enumerate() {
            std::fs::write(folder.0.join(format!("{number}-request.xml")), request).unwrap();
        }
        folder
    }

    /// Whether the check passes; `None` where it cannot be made.
    fn passes(&self) -> Option<bool> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/check-requests");
        let output = Command::new(script).arg(&self.0).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        if said.contains("skipped") {
            println!("{said}");
            return None;
        }
        Some(output.status.success())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn request(function: &str) -> String {
    format!(
        "<request><control><senderid>s</senderid><password>***</password><controlid>r</controlid>\
         <uniqueid>true</uniqueid><dtdversion>3.0</dtdversion><includewhitespace>false</includewhitespace></control>\
         <operation><authentication><sessionid>***</sessionid></authentication><content>\
         <function controlid=\"a\">{function}</function></content></operation></request>"
    )
}

/// A credit memo whose action stands before or after its number.
fn credit_memo(number_first: bool) -> String {
    let (number, action) = ("<adjustmentno>SH-R1</adjustmentno>", "<action>Submit</action>");
    let order = if number_first { [number, action] } else { [action, number] };
    format!(
        "<create_aradjustment><customerid>SH-1</customerid><datecreated><year>2026</year><month>03</month><day>10</day>\
         </datecreated>{}<aradjustmentitems><lineitem><glaccountno>4000</glaccountno><amount>-1.00</amount></lineitem>\
         </aradjustmentitems></create_aradjustment>",
        order.concat()
    )
}

#[test]
fn a_request_that_breaks_the_schema_fails_the_run() {
    let query = |operator: &str| {
        let condition = format!("<{operator}><field>NAME</field><value>Ann</value></{operator}>");
        request(&format!(
            "<query><object>CUSTOMER</object><select><field>NAME</field></select><filter>{condition}</filter></query>"
        ))
    };
    let (memo, read) = (request(&credit_memo(true)), query("equalto"));
    let passes = |requests: &[&str]| Folder::with(requests).passes();
    let Some(good) = passes(&[&memo, &read]) else { return };
    assert!(good);
    assert_eq!(passes(&[&memo, &request(&credit_memo(false))]), Some(false), "elements in the wrong order");
    assert_eq!(passes(&[&read, &query("equals")]), Some(false), "an operator that queries do not have");
    assert_eq!(passes(&[]), Some(false), "no requests at all");
}
