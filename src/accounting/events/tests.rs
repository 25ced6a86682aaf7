//! Events are read strictly, and what is wrong is named by place and field.

use super::*;

const PAYOUT: &str = r#"{"payout": {"gateway": "stripe", "id": "po_1", "date": "2026-03-13", "currency": "USD",
    "gross": "324.93", "fees": "10.33", "net": "314.60"}}"#;

fn read(events: &[&str]) -> Result<Events, EventsError> {
    Events::from_json(&format!("[{}]", events.join(",")))
}

/// What is wrong with a payout in which `old` is replaced by `new`, as the second of the list.
fn wrong(old: &str, new: &str) -> String {
    let changed = PAYOUT.replacen(old, new, 1);
    assert_ne!(changed, PAYOUT, "{old} is not in the payout");
    read(&[&PAYOUT.replace("po_1", "po_0"), &changed]).unwrap_err().to_string()
}

#[test]
fn events_are_plain_data() {
    let events = read(&[
        PAYOUT,
        r#"{"dispute_lost": {"gateway": "stripe", "id": "dp_1", "date": "2026-04-01", "currency": "USD", "order": 118,
            "amount": "129.90", "tax_recoverable": true, "taxes": [{"name": "Tax", "amount": "9.90"}]}}"#,
        r#"{"tax_remitted": {"id": "2026-Q1", "date": "2026-04-20", "currency": "USD", "tax": "State", "due": "15.00",
            "allowance": "0.07", "paid": "14.93", "facts": {"state": "California"}}}"#,
        r#"{"breakage": {"id": "2026-03", "date": "2026-03-31", "currency": "USD", "amount": "0.32"}}"#,
    ]);
    let events = events.unwrap();
    let names: Vec<String> = events.list().iter().map(|event| format!("{} {}", event.kind(), event.name())).collect();
    assert_eq!(names, ["payout stripe-po_1", "dispute_lost stripe-dp_1", "tax_remitted 2026-Q1", "breakage 2026-03"]);
    let json = serde_json::to_string(&events).unwrap();
    assert_eq!(Events::from_json(&json).unwrap(), events);
    assert_eq!(serde_json::from_str::<Events>(&json).unwrap(), events);
}

#[test]
fn amounts_are_text_and_never_numbers() {
    let said = wrong("\"314.60\"", "314.60");
    assert!(said.starts_with("event 2 (payout), field 'net': invalid type: floating point"), "{said}");
    assert!(said.contains("expected an amount as text"), "{said}");
    let said = wrong("314.60", "314,60");
    assert!(said.starts_with("event 2 (payout), field 'net': '314,60' is not an amount"), "{said}");
    let said = wrong("314.60", "314.605");
    assert_eq!(said, "event 2 (payout), field 'net': 314.605 has more decimals than USD, which has 2");
}

#[test]
fn what_is_unknown_or_missing_is_refused_by_name() {
    for (old, new, expected) in [
        ("\"fees\"", "\"fee\"", "event 2 (payout), field 'fee': unknown field `fee`"),
        ("\"net\": \"314.60\"", "\"refunds\": \"0\"", "event 2 (payout), field 'net': missing field `net`"),
        ("{\"payout\"", "{\"payday\"", "event 2: unknown variant `payday`, expected one of `payout`"),
        ("2026-03-13", "13.3.2026", "event 2 (payout), field 'date': "),
        ("USD", "US dollar", "event 2 (payout), field 'currency': 'US dollar' is not a currency code"),
        ("po_1", "po/1", "event 2 (payout), field 'id': 'po/1' must be 1 to 64 letters"),
        ("stripe", "-", "event 2 (payout), field 'gateway': '-' must have a letter"),
        ("\"324.93\"", "\"-324.93\"", "event 2 (payout), field 'gross': -324.93 is below zero"),
        ("\"net\"", "\"in_base\": {\"rate\": 1.1}, \"net\"", "event 2 (payout), field 'in_base.rate': invalid type"),
        ("\"net\"", "\"in_base\": {}, \"net\"", "event 2 (payout), field 'in_base': says nothing"),
    ] {
        let said = wrong(old, new);
        assert!(said.starts_with(expected), "{said}");
    }
    assert!(Events::from_json("{}").unwrap_err().to_string().starts_with("the events: invalid type: map"));
    assert!(Events::from_json("[] []").unwrap_err().to_string().starts_with("the events: there is something behind"));
}

#[test]
fn no_two_events_have_the_same_name() {
    let said = wrong("po_1", "po_0");
    assert_eq!(said, "event 2 (payout), field 'id': event 1 has the same kind, gateway and id");
    let opened = r#"{"dispute_opened": {"gateway": "Stripe", "id": "po_1", "date": "2026-03-13", "currency": "USD",
        "amount": "1.00"}}"#;
    assert!(read(&[PAYOUT, opened]).is_ok(), "a dispute is no payout");
}

#[test]
fn fields_that_do_not_go_together_are_refused() {
    let dispute = |kind: &str, more: &str| {
        let text = format!(
            r#"{{"{kind}": {{"gateway": "stripe", "id": "dp_1", "date": "2026-04-01", "currency": "USD", "amount": "9.00", {more}}}}}"#
        );
        read(&[&text]).err().and_then(|error| error.field)
    };
    assert_eq!(dispute("dispute_opened", r#""tax_recoverable": true"#).as_deref(), Some("tax_recoverable"));
    assert_eq!(dispute("dispute_won", r#""opened": "2026-04-02""#).as_deref(), Some("opened"));
    let taxes = r#""taxes": [{"name": "Tax", "amount": "1.00"}]"#;
    assert_eq!(dispute("dispute_lost", taxes).as_deref(), Some("taxes"));
    assert_eq!(dispute("dispute_lost", &format!("{taxes}, \"tax_recoverable\": true")), None);
    let nobody = r#"{"goodwill": {"id": "T-1", "date": "2026-04-01", "currency": "USD", "amount": "15.00"}}"#;
    assert_eq!(read(&[nobody]).unwrap_err().field.as_deref(), Some("order"));
}

#[test]
fn the_example_of_the_documentation_can_be_read() {
    let page = include_str!("../../../docs/posting-rules.md");
    let (_, example) = page.split_once("```json\n").unwrap();
    let (example, _) = example.split_once("```").unwrap();
    let mut kinds: Vec<&str> = Vec::new();
    let events = Events::from_json(example).unwrap();
    events.list().iter().map(Event::kind).for_each(|kind| kinds.extend((!kinds.contains(&kind)).then_some(kind)));
    assert_eq!(kinds.len(), 9, "every kind has an example: {kinds:?}");
}
