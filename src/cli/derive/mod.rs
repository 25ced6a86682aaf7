//! `cartledger derive`: what an order puts into the ledger, from files, without a database or a network.

mod answer;
mod fields;
mod folder;
mod journal;
mod output;
mod outside;
mod redact;
mod settings;
mod t_accounts;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use self::folder::OrderFolder;
use self::journal::Screen;
use self::output::{Alone, Order, Orders};
use self::outside::{Booked, Outside};
use self::redact::Redactor;
use super::rules_files;
use crate::accounting::derive::{Derivation, EventDerivation, derive};
use crate::accounting::policy::Policy;
use crate::accounting::rulebook::{Condition, Rule, Rulebook};
use crate::config::Environment;

/// The exit status for input that cannot be used, as for a wrong command line.
const UNUSABLE: u8 = 2;
/// Characters in a line where there is no terminal to ask, and the fewest on one.
const USUAL_WIDTH: u16 = 120;
const NARROWEST: u16 = 60;

/// What to derive from.
#[derive(Debug, Args)]
pub(super) struct DeriveArguments {
    /// The folder with BigCommerce's raw answers (order.json, products.json ...), or with such a folder per order
    #[arg(long, value_name = "FOLDER")]
    evidence: PathBuf,
    /// The mapping rules: a CSV or JSON file, or a folder of them
    #[arg(long, value_name = "FILE|FOLDER")]
    rules: PathBuf,
    /// Settings with the store's policy; without it the usual decisions
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Which store of the settings
    #[arg(long, value_name = "NAME")]
    store: Option<String>,
    /// Print JSON for programs instead of a journal for people
    #[arg(long)]
    json: bool,
    /// Write a copy of the evidence without personal data, and derive from that
    #[arg(long, value_name = "FOLDER")]
    redact: Option<PathBuf>,
}

/// Input that was read.
struct Input {
    orders: Vec<OrderFolder>,
    /// Whether the folder is an order itself, not one with orders in it.
    alone: bool,
    outside: Option<Outside>,
    rulebook: Rulebook,
    policy: Policy,
    assumed: Vec<String>,
    /// By what is derived, for a reader.
    settings: Vec<String>,
}

/// Derives and prints. Holds, exclusions and waiting are answers: the exit status is 0 then too, and 2 for input that
/// cannot be used.
///
/// # Errors
/// The answer cannot be printed.
pub(super) fn run(arguments: &DeriveArguments) -> anyhow::Result<ExitCode> {
    let derived = Input::read(arguments).and_then(|input| {
        let derived = match &arguments.redact {
            None => input.derive(&input.orders)?,
            Some(folder) => input.redact(folder)?,
        };
        Ok((input, derived))
    });
    let (input, derived) = match derived {
        Ok(derived) => derived,
        Err(error) => {
            eprintln!("cartledger: {error:#}");
            return Ok(ExitCode::from(UNUSABLE));
        }
    };
    for order in &input.orders {
        for file in &order.unread {
            eprintln!(
                "cartledger: {} is none of the answers that are read; see docs/derive.md",
                order.path.join(file).display()
            );
        }
    }
    let events = input.events(&derived);
    let text = if arguments.json {
        json(&derived, events.as_ref(), input.alone)?
    } else {
        input.journal(&derived, events.as_ref(), screen())
    };
    super::show(text.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// A derivation and how it is printed.
type Derived = (Derivation, Order);

impl Input {
    fn read(arguments: &DeriveArguments) -> anyhow::Result<Self> {
        let rulebook = rules_files::read(&arguments.rules)?;
        let chosen = settings::choose(arguments.config.as_deref(), arguments.store.as_deref())?;
        let (orders, alone) = folder::open(&arguments.evidence)?;
        let outside = Outside::read(&arguments.evidence)?;
        let rules = format!("rules: {} in {}", rulebook.rules().len(), arguments.rules.display());
        Ok(Self {
            orders,
            alone,
            outside,
            rulebook,
            policy: chosen.policy,
            assumed: chosen.assumed,
            settings: vec![rules, format!("policy: {}", chosen.origin)],
        })
    }

    /// Derives every order, or names everything that is wrong with any.
    fn derive(&self, orders: &[OrderFolder]) -> anyhow::Result<Vec<Derived>> {
        let mut derived = Vec::new();
        let mut wrong = Vec::new();
        for order in orders {
            match order.evidence(&self.policy.store) {
                Ok(evidence) => {
                    let derivation = derive(&evidence, &self.rulebook, &self.policy);
                    let mut shown = Order::of(&derivation);
                    shown.assumed.clone_from(&self.assumed);
                    shown.absent = order.absent.iter().map(|name| (*name).to_owned()).collect();
                    derived.push((derivation, shown));
                }
                Err(error) => wrong.push(format!("{error:#}")),
            }
        }
        anyhow::ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(derived)
    }

    /// Derives from a copy without personal data and writes the copy, after making sure that it says the same.
    fn redact(&self, to: &Path) -> anyhow::Result<Vec<Derived>> {
        let before = self.derive(&self.orders)?;
        let asks = |rule: &Rule| rule.conditions.contains_key(&Condition::Company);
        let keep_companies = self.rulebook.rules().iter().any(asks);
        let mut redactor = Redactor::new(keep_companies);
        let copies: Vec<OrderFolder> =
            self.orders.iter().map(|order| order.redacted(&mut redactor)).collect::<anyhow::Result<_>>()?;
        let after = self.derive(&copies)?;
        for ((_, original), (_, copy)) in before.iter().zip(&after) {
            anyhow::ensure!(
                original.without_guest() == copy.without_guest(),
                "order {}: without personal data it derives differently, so no copy was written; a rule may ask for \
                 what was taken out (docs/derive.md lists it)",
                original.order
            );
        }
        folder::write(&copies, self.outside.as_ref(), to, self.alone)?;
        let companies = if keep_companies { ", names of companies kept because rules ask for them" } else { "" };
        eprintln!("cartledger: a copy without personal data is in {}{companies}; it derives the same", to.display());
        Ok(after)
    }

    /// What happened outside the shop, with the orders it may be about.
    fn events(&self, derived: &[Derived]) -> Option<(EventDerivation, Booked)> {
        let outside = self.outside.as_ref()?;
        let orders: Vec<Derivation> = derived.iter().map(|(derivation, _)| derivation.clone()).collect();
        let derivation = outside.derive(&orders, &self.rulebook, &self.policy);
        let booked = Booked::of(&derivation);
        Some((derivation, booked))
    }

    fn journal(&self, derived: &[Derived], events: Option<&(EventDerivation, Booked)>, screen: Screen) -> String {
        let orders =
            derived.iter().map(|(derivation, order)| journal::order(derivation, order, &self.settings, screen));
        let events = events.map(|(derivation, booked)| journal::events(derivation, booked, screen));
        orders.chain(events).collect::<Vec<_>>().join("\n")
    }
}

/// The order's object, or `{"orders": [...]}` for a folder with orders in it; with `events` where there are some.
fn json(derived: &[Derived], events: Option<&(EventDerivation, Booked)>, alone: bool) -> anyhow::Result<String> {
    let orders: Vec<&Order> = derived.iter().map(|(_, order)| order).collect();
    let events = events.map(|(_, booked)| booked);
    let text = match (&orders[..], events) {
        ([order], None) if alone => serde_json::to_string_pretty(order),
        ([order], Some(events)) if alone => serde_json::to_string_pretty(&Alone { order, events }),
        _ => serde_json::to_string_pretty(&Orders { orders, events }),
    };
    Ok(text? + "\n")
}

/// The terminal as it is. `NO_COLOR` (https://no-color.org) forbids colours.
fn screen() -> Screen {
    let stdout = std::io::stdout();
    let terminal = stdout.is_terminal();
    let width = if terminal { rustix::termios::tcgetwinsize(&stdout).ok().map(|size| size.ws_col) } else { None };
    let width = width.filter(|columns| *columns > 0).map_or(USUAL_WIDTH, |columns| columns.max(NARROWEST));
    Screen { width, colours: terminal && Environment::of_process().get("NO_COLOR").is_none() }
}
