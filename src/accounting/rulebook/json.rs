//! The rulebook as JSON: a list of rules, a rule a line, so that a change shows as a changed line.

use serde_json::value::RawValue;

use super::files::{Read, ReadRule, Trouble};
use super::{Rule, Rulebook};

impl Rulebook {
    /// The rules as JSON, a rule a line. Read back it is the same rulebook.
    ///
    /// # Errors
    /// That of the JSON writer.
    pub fn to_json(&self) -> serde_json::Result<String> {
        let lines = self.rules().iter().map(serde_json::to_string).collect::<serde_json::Result<Vec<String>>>()?;
        Ok(if lines.is_empty() { "[]\n".to_owned() } else { format!("[\n  {}\n]\n", lines.join(",\n  ")) })
    }
}

/// The rules of a JSON list, and everything wrong with it. A rule that cannot be read does not hide the others.
pub(super) fn read(text: &str) -> Read {
    let mut found = Read::default();
    let items: Vec<&RawValue> = match serde_json::from_str(text) {
        Ok(items) => items,
        Err(error) => {
            let message = if text.trim_start().starts_with('{') {
                "this is one object; write the list of its rules: [{...}, {...}]".to_owned()
            } else {
                format!("this is no JSON list of rules: {}, at character {}", bare(&error), error.column())
            };
            found.problems.push(Trouble { line: Some(error.line() as u64), column: None, rule: None, message });
            return found;
        }
    };
    let (mut line, mut at) = (1, 0);
    for item in items {
        // The list's items are parts of its text.
        let start = item.get().as_ptr().addr().saturating_sub(text.as_ptr().addr());
        line += breaks(text.as_bytes().get(at..start).unwrap_or_default());
        at = start;
        match serde_json::from_str::<Rule>(item.get()) {
            Ok(rule) => found.rules.push(ReadRule { line, whole: true, rule }),
            Err(error) => found.problems.push(Trouble {
                line: Some(line + (error.line() as u64).saturating_sub(1)),
                column: None,
                rule: id(item),
                message: bare(&error),
            }),
        }
    }
    found
}

fn breaks(bytes: &[u8]) -> u64 {
    bytes.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// The id of what is no rule, when it has one.
fn id(item: &RawValue) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(item.get()).ok()?;
    Some(value.get("id")?.as_str()?.to_owned())
}

/// What is wrong, without the place, which counts from the beginning of the rule.
fn bare(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}
