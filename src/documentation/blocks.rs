//! Marked blocks of a document: what stands between `<!-- example: NAME -->` and `<!-- end -->` is made by tests.
//!
//! Also used by the integration tests, which include this file by its path.

use std::fmt::Write;
use std::path::Path;

/// What a mark begins and ends with.
const BEGIN: &str = "<!-- example: ";
const CLOSE: &str = " -->";
const END: &str = "<!-- end -->";

/// Fails unless every marked block of the file, named below the repository, is the example of its name and every
/// example has a block. With `UPDATE_DOCS=1` the file is written anew instead.
pub fn check(file: &str, examples: &[(&str, String)]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{file} cannot be read: {error}"));
    let renewed = renewed(&text, examples).unwrap_or_else(|why| panic!("{file}: {why}"));
    if renewed == text {
        return;
    }
    if update_wanted() {
        std::fs::write(&path, renewed).unwrap_or_else(|error| panic!("{file} cannot be written: {error}"));
        return;
    }
    panic!(
        "{file} is not what the program does (- documented, + derived):\n{}\nWhen the program is right, run the \
         tests with UPDATE_DOCS=1 and commit what changed in {file}; when the document is right, mend the program.",
        difference(&text, &renewed)
    );
}

#[expect(clippy::disallowed_methods, reason = "a switch of the tests, not a setting of the program")]
fn update_wanted() -> bool {
    std::env::var("UPDATE_DOCS").is_ok_and(|value| !value.is_empty() && value != "0")
}

/// The text with every marked block holding its example.
///
/// # Errors
/// A block without example, an example without block or with two, or a mark that does not end.
pub fn renewed(text: &str, examples: &[(&str, String)]) -> Result<String, String> {
    let mut written = String::with_capacity(text.len());
    let mut used = vec![false; examples.len()];
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (name, after) = after.split_once(CLOSE).ok_or("a mark of an example does not end")?;
        let (_, after) = after.split_once(END).ok_or_else(|| format!("example '{name}' has no {END}"))?;
        let found = examples.iter().position(|(known, _)| *known == name);
        let index = found.ok_or_else(|| format!("no test makes the example '{name}'"))?;
        if std::mem::replace(&mut used[index], true) {
            return Err(format!("the example '{name}' is there twice"));
        }
        let fenced = examples[index].1.trim_end();
        let _ = write!(written, "{before}{BEGIN}{name}{CLOSE}\n```text\n{fenced}\n```\n{END}");
        rest = after;
    }
    written.push_str(rest);
    match used.iter().position(|used| !used) {
        Some(index) => Err(format!("it has no mark {BEGIN}{}{CLOSE} for an example that is tested", examples[index].0)),
        None => Ok(written),
    }
}

/// The lines that only one of two texts has, in their order.
fn difference(old: &str, new: &str) -> String {
    let only = |of: &str, other: &str, sign: char| -> String {
        let known: std::collections::HashSet<&str> = other.lines().collect();
        of.lines().filter(|line| !known.contains(line)).map(|line| format!("{sign} {line}\n")).collect()
    };
    let lines = only(old, new, '-') + &only(new, old, '+');
    if lines.is_empty() { "  (the same lines in another order)\n".to_owned() } else { lines }
}
