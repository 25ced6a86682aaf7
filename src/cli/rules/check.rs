//! `cartledger rules check`: is this a rulebook, and what should the team know about it?

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use comfy_table::{ContentArrangement, Table, presets};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::super::rules_files;
use crate::accounting::rulebook::{FileProblem, Finding};
use crate::clock::Clock;

/// How wide the table of findings is, in characters.
const WIDTH: u16 = 120;

/// Which rules to check, and how to show what is found.
#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    /// A .json or .csv file of rules, or a folder of them that together are one rulebook
    #[arg(value_name = "FILE|FOLDER")]
    rules: PathBuf,
    /// The first day anything is still posted on; today (UTC) when not given
    #[arg(long, value_name = "DATE")]
    on: Option<Date>,
    /// Print everything as one JSON object
    #[arg(long)]
    json: bool,
}

/// What was found, as it is printed with `--json`.
#[derive(Serialize)]
struct Report {
    files: Vec<String>,
    on: Date,
    accepted: bool,
    /// How many rules; none when they are refused.
    rules: usize,
    problems: Vec<FileProblem>,
    findings: Vec<Finding>,
}

pub(super) fn run(arguments: &CheckArguments) -> anyhow::Result<ExitCode> {
    let on = arguments.on.unwrap_or_else(|| Clock::system().now().to_zoned(TimeZone::UTC).date());
    let files = rules_files::load(&arguments.rules)?;
    let names = files.names();
    let report = match files.rulebook() {
        Ok(rulebook) => Report {
            files: names,
            on,
            accepted: true,
            rules: rulebook.rules().len(),
            problems: Vec::new(),
            findings: rulebook.findings(on),
        },
        Err(problems) => Report { files: names, on, accepted: false, rules: 0, problems, findings: Vec::new() },
    };
    let mut text = Vec::new();
    if arguments.json {
        serde_json::to_writer_pretty(&mut text, &report)?;
        text.push(b'\n');
    } else {
        write(&mut text, &report)?;
    }
    super::super::show(&text)?;
    Ok(if report.accepted { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn write(out: &mut impl Write, report: &Report) -> io::Result<()> {
    if !report.accepted {
        for problem in &report.problems {
            writeln!(out, "{problem}")?;
        }
        let what = counted(report.problems.len(), "problem");
        return writeln!(out, "{what} in {}: nothing is accepted.", counted(report.files.len(), "file"));
    }
    let files = counted(report.files.len(), "file");
    writeln!(out, "{} in {files}: accepted.", counted(report.rules, "rule"))?;
    if report.findings.is_empty() {
        return writeln!(out, "Nothing to say about them.");
    }
    writeln!(out, "{} from {} on, which refuse nothing:\n", counted(report.findings.len(), "finding"), report.on)?;
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH);
    table.set_header(["Finding", "What", "What to do"]);
    for finding in &report.findings {
        table.add_row([finding.kind.as_str(), &finding.message, &finding.remedy]);
    }
    // The table pads its last column.
    table.lines().try_for_each(|line| writeln!(out, "{}", line.trim_end()))
}

/// `1 rule`, `2 rules`.
fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
