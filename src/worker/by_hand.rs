//! Documents that somebody says were entered in Intacct by hand: looked up and compared before that counts.
//!
//! A claim is looked at only when no request of its document can be under way any more, because what arrives late would be
//! there twice. Until it is settled nothing of the document is sent; a refused claim keeps its document back, because
//! something of it may be in the books, until somebody claims it anew or withdraws the claim.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::gateway::{Cause, Failure, Gateway};
use super::lookup;
use super::order::RunEnd;
use crate::accounting::document::{CorrectionForm, Detail, Document};
use crate::accounting::hold::{Blocks, Hold, HoldCode};
use crate::accounting::money::Money;
use crate::intacct::claimed::{self, By, Object};
use crate::intacct::functions::Query;
use crate::intacct::lookup::FoundDocument;
use crate::intacct::response::FunctionResult;
use crate::store::Store;
use crate::store::by_hand::{Claim, ClaimState, FoundBy, Verdict};
use crate::store::document::{DocumentState, StoredDocument};

/// Settles the claims that have not been looked up yet. Whatever nobody knows the end of was looked up before. A claim that
/// has to wait keeps no other waiting.
///
/// # Errors
/// [`RunEnd`] when a request of a document may still be under way, or Intacct or the database does not answer: the claim
/// stays as it is.
pub(super) async fn settle(store: &Store, gateway: &Gateway, claims: &[Claim]) -> Result<(), RunEnd> {
    let mut later = None;
    for claim in claims.iter().filter(|claim| claim.state == ClaimState::Open) {
        if let Err(end) = settle_one(store, gateway, claim).await {
            later.get_or_insert(end);
        }
    }
    later.map_or(Ok(()), Err)
}

async fn settle_one(store: &Store, gateway: &Gateway, claim: &Claim) -> Result<(), RunEnd> {
    let (verdict, journal, answer) = match store.document(&claim.store, &claim.document_key).await? {
        None => (refused("there is no such document any more"), false, None),
        Some(stored) => look(gateway, claim, &stored).await?,
    };
    let verdict = store.settle_claim(claim, journal, &verdict, answer.as_deref()).await?;
    tracing::info!(claim = claim.id, document = claim.document_key, ?verdict, "a posting by hand was looked up");
    Ok(())
}

fn refused(differences: impl Into<String>) -> Verdict {
    Verdict::Refused { differences: differences.into() }
}

/// What Intacct has of a claim: the verdict, whether it is a journal entry, and Intacct's answer.
async fn look(
    gateway: &Gateway,
    claim: &Claim,
    stored: &StoredDocument,
) -> Result<(Verdict, bool, Option<String>), RunEnd> {
    let key = &claim.document_key;
    let document = lookup::read_back(key, &stored.planned.body)?;
    let object = object_of(&document);
    let journal = object == Object::Journal;
    match stored.state {
        DocumentState::Posted => {
            let record = stored.record_no.as_deref().unwrap_or_default();
            return Ok((refused(format!("it was posted meanwhile as record {record}")), journal, None));
        }
        DocumentState::Collected | DocumentState::Summarised => {
            return Ok((refused("it goes into the summary of its day"), journal, None));
        }
        DocumentState::Sending => return Err(RunEnd::retry(format!("{key} is being sent by another run"))),
        DocumentState::Planned | DocumentState::Rejected | DocumentState::Unknown => {}
    }
    if let Some(end) = still_open(stored) {
        return Err(end);
    }
    match find(gateway, claim, object).await {
        Ok((found, answer)) => Ok((verdict(claim, stored, &document, &found), journal, Some(answer))),
        Err(Unfound::Never { why, answer }) => Ok((refused(why), journal, answer)),
        Err(Unfound::Later(end)) => Err(end),
    }
}

/// Until when a claim waits for a request of its document. A planned document whose time under way is over is not through
/// either: only the last look-up by its own number says that its request came to nothing.
fn still_open(stored: &StoredDocument) -> Option<RunEnd> {
    let open_for = stored.open_for?;
    if open_for.is_zero() && stored.state != DocumentState::Planned {
        return None;
    }
    let key = &stored.planned.key;
    let why = format!("{key}: its request may still be under way in Intacct; the posting by hand is looked up then");
    Some(RunEnd::Retry { why, after: Some(open_for).filter(|open_for| !open_for.is_zero()) })
}

/// Why nothing is known of a claimed record.
enum Unfound {
    /// Asking again may tell.
    Later(RunEnd),
    /// Asking again would bring the same.
    Never { why: String, answer: Option<String> },
}

/// What Intacct has under the claimed name, and the beginning of its answer.
async fn find(gateway: &Gateway, claim: &Claim, object: Object<'_>) -> Result<(Vec<FoundDocument>, String), Unfound> {
    let by = match &claim.found_by {
        FoundBy::RecordNo(record) => By::RecordNo(record),
        FoundBy::Number(number) => By::Number(number),
    };
    let result = ask(gateway, claim, claimed::query(object, by)).await?;
    let answer = lookup::cut(result.raw.clone());
    let never = |why: String| Unfound::Never { why, answer: Some(answer.clone()) };
    let mut found = claimed::documents(object, &result).map_err(|error| never(error.to_string()))?;
    if object == Object::Journal
        && let [only] = found.as_slice()
    {
        let header = ask(gateway, claim, claimed::entry(&only.record)).await?;
        let only = claimed::with_entry(only.clone(), &header).map_err(|error| never(error.to_string()))?;
        found = vec![only];
    }
    Ok((found, answer))
}

async fn ask(gateway: &Gateway, claim: &Claim, query: Query) -> Result<FunctionResult, Unfound> {
    let cause = Cause { store: claim.store.clone(), order: Some(claim.order_id) };
    gateway.read(cause, query).await.map_err(|failure| match failure {
        Failure::Refused { error, remedy, answer } => Unfound::Never {
            why: format!("it could not be looked up: {error}. {remedy}"),
            answer: Some(lookup::cut(answer)),
        },
        other => Unfound::Later(lookup::cannot_look_up(&claim.document_key, other)),
    })
}

fn verdict(claim: &Claim, stored: &StoredDocument, document: &Document, found: &[FoundDocument]) -> Verdict {
    let what = match &claim.found_by {
        FoundBy::RecordNo(record) => format!("record number {record}"),
        FoundBy::Number(number) => format!("number {number}"),
    };
    match found {
        [] => refused(format!("no {} with {what} was found in Intacct", name_of(object_of(document)))),
        [one] => {
            let differences = differences(document, &stored.planned.customer_id, one);
            if differences.is_empty() {
                return Verdict::Accepted { record_no: one.record.clone() };
            }
            refused(differences.join("; "))
        }
        several => {
            let records: Vec<&str> = several.iter().map(|one| one.record.as_str()).collect();
            refused(format!("several have {what}: records {}; claim it by its record number", records.join(", ")))
        }
    }
}

/// What kind of record a document is in Intacct.
fn object_of(document: &Document) -> Object<'_> {
    match &document.detail {
        detail if detail.is_journal() => Object::Journal,
        detail if let Some(entry) = detail.order_entry() => Object::OrderEntry(&entry.definition),
        Detail::Invoice { .. } => Object::Invoice,
        Detail::Receipt { .. } | Detail::Application { .. } => Object::Payment,
        _ => Object::Adjustment,
    }
}

fn name_of(object: Object<'_>) -> &str {
    match object {
        Object::Invoice => "invoice",
        Object::Adjustment => "adjustment",
        Object::Payment => "payment",
        Object::OrderEntry(definition) => definition,
        Object::Journal => "journal entry",
    }
}

/// What the record says otherwise than the document; nothing when it is the document. Amounts are in major units of the
/// document's currency.
fn differences(document: &Document, customer: &str, found: &FoundDocument) -> Vec<String> {
    let object = object_of(document);
    let mut differences = lookup::differences(document, None, found);
    if object != Object::Journal && found.customer_id != customer {
        differences.push(format!("the customer is {} instead of {customer}", found.customer_id));
    }
    match object {
        Object::Journal => differences.extend(other_accounts(document, found)),
        Object::Adjustment => {
            let (theirs, ours) = (memo(found.total.is_sign_negative()), memo(is_credit(document)));
            if theirs != ours {
                differences.push(format!("it is a {theirs} memo instead of a {ours} memo"));
            }
        }
        Object::OrderEntry(definition) if !found.record.starts_with(&format!("{definition}-")) => {
            differences.push(format!("it is {} instead of a {definition}", found.record));
        }
        _ => {}
    }
    differences
}

fn memo(credit: bool) -> &'static str {
    if credit { "credit" } else { "debit" }
}

/// Whether an adjustment gives the buyer a credit.
fn is_credit(document: &Document) -> bool {
    matches!(
        document.detail,
        Detail::CreditMemo { .. }
            | Detail::LiabilityTender { .. }
            | Detail::Correction { form: CorrectionForm::CreditMemo, .. }
    )
}

/// How the accounts of a journal entry differ, however many lines each has: people join lines that we keep apart.
fn other_accounts(document: &Document, found: &FoundDocument) -> Option<String> {
    let mut nets: BTreeMap<&str, Decimal> = BTreeMap::new();
    for line in &document.lines {
        *nets.entry(&line.account).or_default() += line.debit - line.credit;
    }
    for (account, amount) in &found.lines {
        *nets.entry(account).or_default() -= *amount;
    }
    let other: Vec<String> = nets
        .into_iter()
        .filter(|(_, net)| !net.is_zero())
        .map(|(account, net)| format!("{account} by {}", -net))
        .take(5)
        .collect();
    (!other.is_empty()).then(|| format!("accounts differ: {}", other.join(", ")))
}

/// Takes documents out that refused claims keep back, with all that need them. Each refused claim is a hold, also when its
/// document is not wanted any more: what somebody entered may be in the books all the same.
pub(super) fn keep_back(documents: &mut Vec<Document>, claims: &[Claim], stored: &[StoredDocument]) -> Vec<Hold> {
    let holds = claims.iter().map(|claim| {
        let wanted = documents.iter().find(|document| document.key.as_str() == claim.document_key);
        wanted.map_or_else(|| differs_unwanted(claim, stored), |document| differs(document, claim))
    });
    let holds: Vec<Hold> = holds.collect();
    let mut kept: BTreeSet<String> = claims.iter().map(|claim| claim.document_key.clone()).collect();
    loop {
        let needs = |document: &Document| document.detail.needs().iter().any(|key| kept.contains(key.as_str()));
        let stays = |document: &Document| kept.contains(document.key.as_str()) || needs(document);
        let (out, rest): (Vec<Document>, Vec<Document>) = std::mem::take(documents).into_iter().partition(stays);
        *documents = rest;
        if out.is_empty() {
            return holds;
        }
        kept.extend(out.into_iter().map(|document| document.key.as_str().to_owned()));
    }
}

fn differs(document: &Document, claim: &Claim) -> Hold {
    let what = format!("{} {} over {} {}", document.kind, document.number, document.total, document.currency);
    Hold {
        amount: Some(Money::new(document.total, document.currency)),
        blocks: Blocks::Document(document.key.clone()),
        ..hold_of(claim, document.number.clone(), &what, "it is sent")
    }
}

/// The hold of a claim whose document is not wanted any more: no money waits for it.
fn differs_unwanted(claim: &Claim, stored: &[StoredDocument]) -> Hold {
    let planned = stored.iter().map(|stored| &stored.planned).find(|planned| planned.key == claim.document_key);
    let (subject, what) = match planned {
        Some(planned) => (planned.number.clone(), format!("{} {}", planned.kind, planned.number)),
        None => (claim.document_key.clone(), claim.document_key.clone()),
    };
    hold_of(claim, subject, &what, "nothing is sent, because the order does not want it any more")
}

/// `withdrawn` is what follows when the claim is withdrawn.
fn hold_of(claim: &Claim, subject: String, what: &str, withdrawn: &str) -> Hold {
    Hold {
        code: HoldCode::UnknownOutcomeDiffers,
        subject,
        message: format!(
            "{} says that {what} was entered in Intacct by hand, and it was not found so: {}",
            claim.claimed_by,
            claim.differences.as_deref().unwrap_or_default()
        ),
        remedy: format!(
            "Correct there what differs and say again that it was entered by hand; or withdraw claim {}: {withdrawn}.",
            claim.id
        ),
        amount: None,
        blocks: Blocks::Order,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounting::testing::Case;

    fn invoice() -> Document {
        let sale = Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90");
        sale.paid(9001, "stripe", "129.90").derive().documents.remove(0)
    }

    fn there(document: &Document) -> FoundDocument {
        FoundDocument {
            record: "12".into(),
            number: "SOMETHING".into(),
            customer_id: "BC-7".into(),
            state: "Posted".into(),
            currency: Some("USD".into()),
            total: document.total,
            due: None,
            description: None,
            date: Some(document.date),
            lines: Vec::new(),
        }
    }

    #[test]
    fn a_record_is_the_document_when_all_that_matters_is_equal_whatever_its_number() {
        let document = invoice();
        assert!(differences(&document, "BC-7", &there(&document)).is_empty());
    }

    #[test]
    fn everything_that_differs_is_named() {
        let document = invoice();
        let other = FoundDocument {
            customer_id: "BC-8".into(),
            total: "129.91".parse().unwrap(),
            currency: Some("EUR".into()),
            date: Some("2020-01-01".parse().unwrap()),
            state: "Draft".into(),
            ..there(&document)
        };
        let named = differences(&document, "BC-7", &other);
        for part in
            ["the total is 129.91", "currency is EUR", "date is 2020-01-01", "state is Draft", "customer is BC-8"]
        {
            assert!(named.iter().any(|difference| difference.contains(part)), "{part} in {named:?}");
        }
    }

    fn refused_claim(key: &str) -> Claim {
        Claim {
            id: 3,
            store: "acme".into(),
            order_id: 118,
            document_key: key.to_owned(),
            found_by: FoundBy::RecordNo("12".into()),
            note: String::new(),
            claimed_by: "anna".into(),
            claimed_at: jiff::Timestamp::UNIX_EPOCH,
            state: ClaimState::Refused,
            found_record: None,
            differences: Some("the total is 1 instead of 129.90".into()),
            settled_at: None,
        }
    }

    #[test]
    fn a_refused_claim_is_a_hold_although_its_document_is_not_wanted_any_more() {
        let mut documents = vec![invoice()];
        let holds = keep_back(&mut documents, &[refused_claim("acme/118/adjustment/r7")], &[]);
        assert_eq!((documents.len(), holds.len()), (1, 1), "what does not need it goes on");
        assert_eq!((holds[0].subject.as_str(), holds[0].amount.as_ref()), ("acme/118/adjustment/r7", None));
        assert!(holds[0].remedy.contains("withdraw claim 3: nothing is sent"), "{holds:?}");
    }

    #[test]
    fn what_needs_a_document_that_is_kept_back_is_kept_back_too() {
        let sale = Case::new().line("TS-1", "1", "120.00", "9.90").tax("Tax", "8.25", "9.90");
        let mut documents = sale.paid(9001, "stripe", "129.90").derive().documents;
        assert!(documents.len() >= 2, "an invoice and its receipt");
        let claim = refused_claim(documents[0].key.as_str());
        let holds = keep_back(&mut documents, &[claim], &[]);
        assert!(documents.is_empty(), "{documents:?}");
        assert_eq!(holds.len(), 1);
        assert!(
            holds[0].message.contains("anna says") && holds[0].remedy.contains("withdraw claim 3: it is sent"),
            "{holds:?}"
        );
    }
}
