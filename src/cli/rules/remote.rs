//! `cartledger rules` over the API of a running service: the same rules, seen, changed, imported and approved.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;
use reqwest::Method;
use serde_json::{Value, json};

use super::super::output::{Column, OutputArguments};
use super::super::remote::{Body, Remote, StoreArguments, encoded, filters};
use super::super::show;

/// How to reach the service, and how to show what it says.
#[derive(Debug, Args)]
pub(super) struct Service {
    #[command(flatten)]
    store: StoreArguments,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Subcommand)]
pub(super) enum RemoteCommand {
    /// List the rules of a running service
    List {
        /// Only of this kind, for example product
        #[arg(long)]
        kind: Option<String>,
        /// Only rules in which this stands
        #[arg(long, default_value = "")]
        q: String,
        /// Only rules that apply on this day
        #[arg(long, value_name = "DAY")]
        valid_on: Option<Date>,
        #[command(flatten)]
        service: Service,
    },
    /// Show one rule
    Show {
        /// Its id
        rule: String,
        #[command(flatten)]
        service: Service,
    },
    /// Let a rule end
    End {
        /// Its id
        rule: String,
        /// The last day it applies to
        #[arg(long, value_name = "DAY")]
        last_day: Date,
        /// Why
        #[arg(long, default_value = "")]
        note: String,
        #[command(flatten)]
        service: Service,
    },
    /// Print all rules as comma-separated values
    Export {
        #[command(flatten)]
        service: Service,
    },
    /// Import rules from comma-separated values, all or nothing; a preview unless --replace or --merge is given
    Import(ImportArguments),
    /// List the revisions, the newest first
    Revisions {
        #[command(flatten)]
        service: Service,
    },
    /// Show what changed between two revisions
    Diff {
        /// The older one
        from: i64,
        /// The newer one; the newest when not given
        to: Option<i64>,
        #[command(flatten)]
        service: Service,
    },
    /// List what was seen and has no rule, the most money first
    Unmapped {
        #[command(flatten)]
        service: Service,
    },
    /// Suggest what Intacct has for a give, for example account
    Suggest {
        /// What a rule gives: account, item, location, department, class, ...
        give: String,
        /// What it should be like
        #[arg(default_value = "")]
        q: String,
        #[command(flatten)]
        service: Service,
    },
    /// List the changes that wait for a second person
    Proposals {
        /// Only in this state: open, approved, rejected, withdrawn
        #[arg(long)]
        state: Option<String>,
        #[command(flatten)]
        service: Service,
    },
    /// Approve a change that somebody else proposed
    Approve {
        /// Its number
        proposal: i64,
        #[command(flatten)]
        service: Service,
    },
    /// Reject a change that was proposed
    Reject {
        /// Its number
        proposal: i64,
        /// Why
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        service: Service,
    },
    /// Withdraw a change of one's own
    Withdraw {
        /// Its number
        proposal: i64,
        #[command(flatten)]
        service: Service,
    },
}

/// What to import, and how.
#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// A .csv file of rules
    file: PathBuf,
    /// Let the file take the place of all rules
    #[arg(long, conflicts_with = "merge")]
    replace: bool,
    /// Add the rules of the file, or let them take the place of those with their id
    #[arg(long)]
    merge: bool,
    /// What a preview is of
    #[arg(long = "as", value_name = "MODE", conflicts_with_all = ["replace", "merge"], default_value = "merge")]
    preview: Mode,
    /// Why
    #[arg(long, default_value = "")]
    note: String,
    #[command(flatten)]
    service: Service,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Mode {
    Replace,
    Merge,
}

const RULES: [Column; 6] = [
    ("Rule", "id"),
    ("Kind", "kind"),
    ("When", "conditions"),
    ("Gives", "gives"),
    ("From", "valid_from"),
    ("To", "valid_to"),
];
const REVISIONS: [Column; 8] = [
    ("Revision", "revision"),
    ("By", "author"),
    ("Approved by", "approved_by"),
    ("At (UTC)", "made_at"),
    ("Rules", "rule_count"),
    ("Added", "added"),
    ("Changed", "changed"),
    ("Note", "note"),
];
const UNMAPPED: [Column; 6] = [
    ("Rank", "rank"),
    ("Kind", "kind"),
    ("Blocks", "amounts"),
    ("Orders", "orders"),
    ("First order", "first_order_date"),
    ("What is missing", "message"),
];
const SUGGESTIONS: [Column; 4] = [("Value", "value"), ("Name", "name"), ("Likeness", "likeness"), ("Rules", "used_by")];
const PROPOSALS: [Column; 6] = [
    ("Id", "id"),
    ("State", "state"),
    ("By", "proposed_by"),
    ("At (UTC)", "proposed_at"),
    ("Decided by", "decided_by"),
    ("Note", "note"),
];
const LINES: [Column; 5] =
    [("Line", "line"), ("Column", "column"), ("Rule", "rule"), ("", "severity"), ("What", "what")];

pub(super) async fn run(command: &RemoteCommand) -> anyhow::Result<ExitCode> {
    match command {
        RemoteCommand::List { kind, q, valid_on, service } => {
            let (remote, rules) = service.open()?;
            let query = filters([
                ("kind", kind.clone()),
                ("q", Some(q.clone()).filter(|q| !q.is_empty())),
                ("valid_on", valid_on.map(|day| day.to_string())),
            ]);
            service.output.rows(&remote.all(&format!("{rules}/search"), &query, "rules", usize::MAX).await?, &RULES)?;
        }
        RemoteCommand::Show { rule, service } => {
            let (remote, rules) = service.open()?;
            service.output.one(&remote.get(&format!("{rules}/by-id/{}", encoded(rule)), &[]).await?["rule"])?;
        }
        RemoteCommand::End { rule, last_day, note, service } => {
            let wish = json!({ "last_day": last_day.to_string(), "note": note });
            service.change(&format!("/by-id/{}/end", encoded(rule)), wish).await?;
        }
        RemoteCommand::Export { service } => {
            let (remote, rules) = service.open()?;
            show(&remote.text(&format!("{rules}.csv"), &[]).await?)?;
        }
        RemoteCommand::Import(arguments) => import(arguments).await?,
        RemoteCommand::Revisions { service } => service.list("/revisions", &[], "revisions", &REVISIONS).await?,
        RemoteCommand::Diff { from, to, service } => {
            let (remote, rules) = service.open()?;
            let query = filters([("from", Some(from.to_string())), ("to", to.map(|to| to.to_string()))]);
            let diff = remote.get(&format!("{rules}/diff"), &query).await?;
            service.output.one(&diff["changes"])?;
        }
        RemoteCommand::Unmapped { service } => service.list("/unmapped", &[], "unmapped", &UNMAPPED).await?,
        RemoteCommand::Suggest { give, q, service } => {
            let (remote, rules) = service.open()?;
            let query = [("give", give.clone()), ("q", q.clone())];
            let found = remote.get(&format!("{rules}/suggestions"), &query).await?;
            service.output.rows(found["suggestions"].as_array().map_or(&[], Vec::as_slice), &SUGGESTIONS)?;
        }
        RemoteCommand::Proposals { state, service } => {
            let query = filters([("state", state.clone())]);
            service.list("/proposals", &query, "proposals", &PROPOSALS).await?;
        }
        RemoteCommand::Approve { proposal, service } => {
            service.change(&format!("/proposals/{proposal}/approve"), Value::Null).await?;
        }
        RemoteCommand::Reject { proposal, reason, service } => {
            service.change(&format!("/proposals/{proposal}/reject"), json!({ "reason": reason })).await?;
        }
        RemoteCommand::Withdraw { proposal, service } => {
            service.change(&format!("/proposals/{proposal}/withdraw"), Value::Null).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl Service {
    /// The service, and the path of the store's rules.
    fn open(&self) -> anyhow::Result<(Remote, String)> {
        let (remote, store) = self.store.open()?;
        Ok((remote, format!("{store}/rules")))
    }

    async fn list(&self, path: &str, query: &[(&str, String)], list: &str, columns: &[Column]) -> anyhow::Result<()> {
        let (remote, rules) = self.open()?;
        self.output.rows(&remote.all(&format!("{rules}{path}"), query, list, usize::MAX).await?, columns)
    }

    /// Changes something of the rules as they are now.
    async fn change(&self, path: &str, body: Value) -> anyhow::Result<()> {
        let (remote, rules) = self.open()?;
        let version = remote.version(&of_rules(&rules)).await?;
        let body = if body.is_null() { Body::None } else { Body::Json(body) };
        let said = remote.ask_of(version.as_deref(), Method::POST, &format!("{rules}{path}"), &[], body).await?;
        self.output.one(&said)
    }
}

/// Where the version of the rules is told, also while there are none.
fn of_rules(rules: &str) -> String {
    format!("{rules}/search?limit=1")
}

async fn import(arguments: &ImportArguments) -> anyhow::Result<()> {
    let (remote, rules) = arguments.service.open()?;
    let output = arguments.service.output;
    let bytes = std::fs::read(&arguments.file).with_context(|| format!("reading {}", arguments.file.display()))?;
    let preview = match arguments.preview {
        Mode::Replace => "replace",
        Mode::Merge => "merge",
    };
    let (mode, previewed, version) = match (arguments.replace, arguments.merge) {
        (true, _) => ("replace", None, remote.version(&of_rules(&rules)).await?),
        (_, true) => ("merge", None, remote.version(&of_rules(&rules)).await?),
        _ => ("preview", Some(preview.to_owned()), None),
    };
    let query = filters([
        ("mode", Some(mode.to_owned())),
        ("as", previewed),
        ("note", Some(arguments.note.clone()).filter(|note| !note.is_empty())),
    ]);
    let path = format!("{rules}/import");
    let report = remote.ask_of(version.as_deref(), Method::POST, &path, &query, Body::Csv(bytes)).await?;
    if output.json {
        return output.one(&report);
    }
    if let Some(lines) = report["lines"].as_array().filter(|lines| !lines.is_empty()) {
        output.rows(lines, &LINES)?;
    }
    let number = |name: &str| report[name].to_string();
    eprintln!(
        "{}: {} created, {} changed, {} unchanged, {} removed",
        match (report["applied"].as_bool(), report["proposal"].as_i64()) {
            (Some(true), _) => format!("Imported as revision {}", number("revision")),
            (_, Some(proposal)) => format!("Proposed as {proposal}; somebody else has to approve it"),
            _ => "A preview, nothing was changed".to_owned(),
        },
        number("created"),
        number("changed"),
        number("unchanged"),
        number("removed"),
    );
    Ok(())
}
