//! Reads mapping rules from files: lists of rules as JSON, in one file or in a folder of them.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::value::RawValue;

use crate::accounting::rulebook::Rule;

/// The rules of a file, or of all files of a folder in the order of their names. Whether they fit together is not checked.
///
/// # Errors
/// A file cannot be read, or some of its rules are none: all of them are named at once.
pub(super) fn read(path: &Path) -> anyhow::Result<Vec<Rule>> {
    let mut rules = Vec::new();
    let mut wrong = Vec::new();
    for file in files(path)? {
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("the rules {} cannot be read; give a file with --rules", file.display()))?;
        let listed: Vec<&RawValue> = serde_json::from_str(&text).with_context(|| {
            format!("{} is no list of rules as JSON; docs/posting-rules.md shows what a rule is", file.display())
        })?;
        for (index, listed) in listed.iter().enumerate() {
            match serde_json::from_str(listed.get()) {
                Ok(rule) => rules.push(rule),
                Err(error) => wrong.push(format!("{}, rule {}: {error}", file.display(), index + 1)),
            }
        }
    }
    anyhow::ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(rules)
}

/// The file itself, or the rule files of a folder by name.
fn files(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = || format!("the folder of rules {} cannot be read", path.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).with_context(unreadable)? {
        let file = entry.with_context(unreadable)?.path();
        if file.extension().is_some_and(|extension| extension == "json") {
            found.push(file);
        }
    }
    found.sort();
    anyhow::ensure!(!found.is_empty(), "the folder {} has no rule files (*.json)", path.display());
    Ok(found)
}
