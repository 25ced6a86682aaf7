//! The order of elements the gateway demands, and the complaint it answers when a request breaks it.

mod sales;
mod tables;

use self::tables::Content::{All, AnyOf, Free, Sequence, Text};
use self::tables::Particle::{self, Any, Choice, Many, Maybe, One};
use self::tables::content_of;
use super::xml_tree::Element;

/// A request that does not have the shape the schema demands, in libxml's words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("XML Parse schema error: Error {code}: {message}")]
pub(super) struct ShapeError {
    code: u16,
    message: String,
}

const CONTENT: u16 = 1871;
const MIXED: u16 = 1841;
const ATTRIBUTE_REQUIRED: u16 = 1868;
const FACET_MAX: u16 = 1831;
const FACET_MIN: u16 = 1830;
const ENUMERATION: u16 = 1840;

/// Checks a whole request.
///
/// # Errors
/// The first deviation found, in document order, naming the element and what was expected.
pub(super) fn check(root: &Element) -> Result<(), ShapeError> {
    if root.name != "request" {
        let message =
            format!("Element '{}': No matching global declaration available for the validation root.", root.name);
        return Err(ShapeError { code: 1845, message });
    }
    check_element("", root)
}

fn check_element(parent: &str, element: &Element) -> Result<(), ShapeError> {
    check_attributes(element)?;
    check_length(element)?;
    let content = content_of(parent, &element.name);
    if matches!(content, Free) {
        return Ok(());
    }
    if !matches!(content, Text) && !element.text.is_empty() {
        let message = format!(
            "Element '{}': Character content other than whitespace is not allowed because the content type is 'element-only'.",
            element.name
        );
        return Err(ShapeError { code: MIXED, message });
    }
    match content {
        Text => match element.children.first() {
            Some(child) => Err(unexpected(&child.name, &[])),
            None => Ok(()),
        },
        Sequence(particles) => check_sequence(element, particles),
        All(members) => check_all(element, members),
        AnyOf(least, names) => check_any_of(element, least, names),
        Free => Ok(()),
    }?;
    element.children.iter().try_for_each(|child| check_element(&element.name, child))
}

fn check_sequence(element: &Element, particles: &[Particle]) -> Result<(), ShapeError> {
    let mut rest: &[Element] = &element.children;
    let mut expected = Vec::new();
    match_particles(&mut rest, particles, &mut expected).map_err(|()| complaint(element, rest, &expected))?;
    if rest.is_empty() { Ok(()) } else { Err(complaint(element, rest, &expected)) }
}

/// Eats what fits. `expected` collects the names that could have stood at the place reached.
fn match_particles(rest: &mut &[Element], particles: &[Particle], expected: &mut Vec<&'static str>) -> Result<(), ()> {
    particles.iter().try_for_each(|particle| match_particle(rest, particle, expected))
}

fn match_particle(rest: &mut &[Element], particle: &Particle, expected: &mut Vec<&'static str>) -> Result<(), ()> {
    let take = |rest: &mut &[Element], name: &'static str, expected: &mut Vec<&'static str>| match rest.split_first() {
        Some((first, tail)) if first.name == name => {
            *rest = tail;
            expected.clear();
            true
        }
        _ => {
            expected.push(name);
            false
        }
    };
    match particle {
        One(name) => take(rest, name, expected).then_some(()).ok_or(()),
        Maybe(name) => {
            take(rest, name, expected);
            Ok(())
        }
        Many(name) | Any(name) => {
            let mut found = matches!(particle, Any(_));
            while take(rest, name, expected) {
                found = true;
            }
            found.then_some(()).ok_or(())
        }
        Choice(required, branches) => match_choice(rest, *required, branches, expected),
    }
}

fn match_choice(
    rest: &mut &[Element],
    required: bool,
    branches: &[&[Particle]],
    expected: &mut Vec<&'static str>,
) -> Result<(), ()> {
    let next = rest.first().map(|element| element.name.as_str());
    for branch in branches {
        let Some(One(first)) = branch.first() else { continue };
        if next == Some(*first) {
            return match_particles(rest, branch, expected);
        }
        expected.push(first);
    }
    if required { Err(()) } else { Ok(()) }
}

fn check_all(element: &Element, members: &[(&'static str, bool)]) -> Result<(), ShapeError> {
    let names: Vec<_> = members.iter().map(|(name, _)| *name).collect();
    for (index, child) in element.children.iter().enumerate() {
        let repeated = element.children.iter().take(index).any(|earlier| earlier.name == child.name);
        if repeated || !names.contains(&child.name.as_str()) {
            return Err(unexpected(&child.name, &names));
        }
    }
    let missing: Vec<_> = members
        .iter()
        .filter(|(name, required)| *required && element.get(name).is_none())
        .map(|(name, _)| *name)
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(missing_children(&element.name, &missing)) }
}

/// An empty list of names stands for every function of the gateway; which of them exist is said by the function's answer.
fn check_any_of(element: &Element, least: usize, names: &[&'static str]) -> Result<(), ShapeError> {
    if let Some(wrong) =
        element.children.iter().find(|child| !names.is_empty() && !names.contains(&child.name.as_str()))
    {
        return Err(unexpected(&wrong.name, names));
    }
    // A filter and a function hold exactly one element.
    let single = matches!(element.name.as_str(), "filter" | "function");
    match element.children.get(1) {
        Some(second) if single => Err(unexpected(&second.name, &[])),
        _ if element.children.len() < least => Err(missing_children(&element.name, names)),
        _ => Ok(()),
    }
}

fn check_attributes(element: &Element) -> Result<(), ShapeError> {
    match (element.name.as_str(), element.attribute_of("controlid"), element.attribute_of("transaction")) {
        ("function", None, _) => Err(ShapeError {
            code: ATTRIBUTE_REQUIRED,
            message: "Element 'function': The attribute 'controlid' is required but missing.".to_owned(),
        }),
        ("function", Some(id), _) => check_control_id("Element 'function', attribute 'controlid'", id),
        ("reverse_invoice" | "reverse_arpayment", ..) if element.attribute_of("key").is_none() => Err(ShapeError {
            code: ATTRIBUTE_REQUIRED,
            message: format!("Element '{}': The attribute 'key' is required but missing.", element.name),
        }),
        ("operation", _, Some(other)) if !matches!(other, "true" | "false") => Err(ShapeError {
            code: ENUMERATION,
            message: format!(
                "Element 'operation', attribute 'transaction': [facet 'enumeration'] The value '{other}' is not an element of the set {{'true', 'false'}}."
            ),
        }),
        _ => Ok(()),
    }
}

fn check_length(element: &Element) -> Result<(), ShapeError> {
    if element.name == "controlid" && element.children.is_empty() {
        return check_control_id("Element 'controlid'", &element.text);
    }
    Ok(())
}

/// Control ids are 1 to 256 characters long (Intacct docs, XML requests).
fn check_control_id(place: &str, id: &str) -> Result<(), ShapeError> {
    let length = id.chars().count();
    if length > 256 {
        let message = format!(
            "{place}: [facet 'maxLength'] The value has a length of '{length}'; this exceeds the allowed maximum length of '256'."
        );
        return Err(ShapeError { code: FACET_MAX, message });
    }
    if length == 0 {
        let message = format!(
            "{place}: [facet 'minLength'] The value has a length of '0'; this underruns the allowed minimum length of '1'."
        );
        return Err(ShapeError { code: FACET_MIN, message });
    }
    Ok(())
}

fn complaint(element: &Element, rest: &[Element], expected: &[&'static str]) -> ShapeError {
    match rest.first() {
        Some(next) => unexpected(&next.name, expected),
        None => missing_children(&element.name, expected),
    }
}

fn unexpected(name: &str, expected: &[&'static str]) -> ShapeError {
    ShapeError {
        code: CONTENT,
        message: format!("Element '{name}': This element is not expected.{}", expectation(expected)),
    }
}

fn missing_children(name: &str, expected: &[&'static str]) -> ShapeError {
    ShapeError {
        code: CONTENT,
        message: format!("Element '{name}': Missing child element(s).{}", expectation(expected)),
    }
}

fn expectation(expected: &[&'static str]) -> String {
    match expected {
        [] => String::new(),
        [only] => format!(" Expected is ( {only} )."),
        // libxml names ten at most.
        several => format!(" Expected is one of ( {} ).", several.get(..10).unwrap_or(several).join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::xml_tree::parse;
    use super::*;

    fn request(function: &str) -> String {
        format!(
            "<request><control><senderid>s</senderid><password>p</password><controlid>c</controlid></control>\
             <operation><authentication><sessionid>x</sessionid></authentication>\
             <content><function controlid='f'>{function}</function></content></operation></request>"
        )
    }

    fn verdict(function: &str) -> Result<(), String> {
        check(&parse(request(function).as_bytes()).unwrap()).map_err(|error| error.to_string())
    }

    const DAY: &str = "<datecreated><year>2026</year><month>7</month><day>1</day></datecreated>";
    const LINES: &str = "<lineitem><glaccountno>4000</glaccountno><amount>1</amount></lineitem>";

    #[test]
    fn an_invoice_in_order_passes_and_out_of_order_is_named() {
        let good = format!(
            "<create_invoice><customerid>C</customerid>{DAY}<termname>N30</termname><batchkey>1</batchkey><action>Submit</action>\
             <currency>USD</currency><exchratetype/><invoiceitems>{LINES}</invoiceitems></create_invoice>"
        );
        assert_eq!(verdict(&good), Ok(()));
        let swapped = good
            .replace("<batchkey>1</batchkey><action>Submit</action>", "<action>Submit</action><batchkey>1</batchkey>");
        let error = verdict(&swapped).unwrap_err();
        assert!(
            error.contains("Element 'batchkey': This element is not expected. Expected is one of ( invoiceno,"),
            "{error}"
        );
    }

    #[test]
    fn a_currency_needs_its_rate_and_lines_their_items() {
        let no_rate = format!(
            "<create_invoice><customerid>C</customerid>{DAY}<currency>EUR</currency><invoiceitems>{LINES}</invoiceitems></create_invoice>"
        );
        let error = verdict(&no_rate).unwrap_err();
        assert!(error.contains("'invoiceitems': This element is not expected. Expected is one of ( exchratedate, exchratetype, exchrate )"), "{error}");
        let empty = format!("<create_invoice><customerid>C</customerid>{DAY}<invoiceitems/></create_invoice>");
        let error = verdict(&empty).unwrap_err();
        assert!(
            error.contains("Element 'invoiceitems': Missing child element(s). Expected is ( lineitem )."),
            "{error}"
        );
    }

    #[test]
    fn an_adjustment_puts_its_number_before_its_action() {
        let body = |middle: &str| {
            format!(
                "<create_aradjustment><customerid>C</customerid>{DAY}{middle}<aradjustmentitems>{LINES}</aradjustmentitems></create_aradjustment>"
            )
        };
        assert_eq!(
            verdict(&body("<adjustmentno>A</adjustmentno><action>Submit</action><invoiceno>I</invoiceno>")),
            Ok(())
        );
        assert!(verdict(&body("<action>Submit</action><adjustmentno>A</adjustmentno>")).is_err());
        assert!(verdict(&body("<customfields/>")).unwrap_err().contains("'customfields'"));
    }

    #[test]
    fn a_query_has_one_filter_and_its_options_in_order() {
        let body = |inner: &str| {
            format!("<query><object>CUSTOMER</object><select><field>NAME</field></select>{inner}</query>")
        };
        let one = "<equalto><field>NAME</field><value>x</value></equalto>";
        assert_eq!(verdict(&body(&format!("<filter><and>{one}{one}</and></filter>"))), Ok(()));
        assert!(
            verdict(&body(&format!("<filter><and>{one}</and></filter>"))).unwrap_err().contains("'and': Missing child")
        );
        assert!(verdict(&body(&format!("<filter>{one}{one}</filter>"))).is_err());
        assert!(
            verdict(&body("<options><showprivate>true</showprivate><caseinsensitive>true</caseinsensitive></options>"))
                .is_err()
        );
        assert!(verdict("<query><object>CUSTOMER</object></query>").unwrap_err().contains("'query': Missing child"));
    }

    #[test]
    fn control_ids_are_required_and_bounded() {
        let long = request("<getAPISession/>").replace("controlid='f'", &format!("controlid='{}'", "x".repeat(257)));
        assert!(check(&parse(long.as_bytes()).unwrap()).unwrap_err().to_string().contains("maxLength"));
        let none = request("<getAPISession/>").replace(" controlid='f'", "");
        assert!(check(&parse(none.as_bytes()).unwrap()).unwrap_err().to_string().contains("is required but missing"));
    }
}
