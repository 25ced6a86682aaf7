//! Rules from a file, or from all `.csv` and `.json` files of a folder, for every command that needs some.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::accounting::rulebook::{FileProblem, Rulebook};

/// The rulebook in a file or a folder.
///
/// # Errors
/// When there is no such file, when a folder has no rule files, and when the rules are refused: then with every problem,
/// a line each.
pub(super) fn read(path: &Path) -> anyhow::Result<Rulebook> {
    load(path)?.rulebook().map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(|problem| format!("\n  {problem}")).collect();
        anyhow::anyhow!("the rules in {} do not fit:{}", path.display(), lines.concat())
    })
}

/// Files that were read but not yet understood.
pub(super) struct RuleFiles(Vec<(String, Vec<u8>)>);

/// Reads a file, or the rule files of a folder in the order of their names.
///
/// # Errors
/// When the file or the folder cannot be read, or when the folder has no rule files.
pub(super) fn load(path: &Path) -> anyhow::Result<RuleFiles> {
    let paths = if path.is_dir() { inside(path)? } else { vec![path.to_owned()] };
    if paths.is_empty() {
        anyhow::bail!(
            "the folder {} has no rule files (*.csv, *.json); put some into it, or name another",
            path.display()
        );
    }
    let read = |path: PathBuf| {
        let bytes = std::fs::read(&path).with_context(|| {
            format!("reading the rules in {}; name a .csv or .json file, or a folder of them", path.display())
        })?;
        Ok((path.display().to_string(), bytes))
    };
    paths.into_iter().map(read).collect::<anyhow::Result<_>>().map(RuleFiles)
}

fn inside(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let context = || format!("reading the folder {}", folder.display());
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(context)? {
        let path = entry.with_context(context)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        // Spreadsheets leave lock files beside a file that is open.
        let lock = name.starts_with('.') || name.starts_with("~$");
        if !lock && (name.ends_with(".csv") || name.ends_with(".json")) && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

impl RuleFiles {
    /// What the files are called.
    pub(super) fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The rulebook they are together, or everything wrong with them.
    pub(super) fn rulebook(&self) -> Result<Rulebook, Vec<FileProblem>> {
        let mut texts = Vec::new();
        let mut problems = Vec::new();
        for (name, bytes) in &self.0 {
            match std::str::from_utf8(bytes) {
                Ok(text) => texts.push((name.as_str(), text)),
                Err(_) => problems.push(FileProblem {
                    file: name.clone(),
                    line: None,
                    column: None,
                    rule: None,
                    message: "the text is not UTF-8; save it again as UTF-8 (a spreadsheet calls it 'CSV UTF-8')"
                        .to_owned(),
                }),
            }
        }
        match Rulebook::from_files(texts) {
            Ok(rulebook) if problems.is_empty() => Ok(rulebook),
            Ok(_) => Err(problems),
            Err(more) => {
                problems.extend(more);
                Err(problems)
            }
        }
    }
}
