//! A folder with BigCommerce's raw answers about one order, or with one such folder per order.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::answer::{self, Answer};
use super::outside::{EVENTS, Outside};
use super::redact::Redactor;
use crate::accounting::evidence::Evidence;
use crate::bigcommerce::evidence::{RawOrder, WireError, assemble};

/// The answer that must be there.
const ORDER: &str = "order.json";

/// An answer besides the order's: its file, and where a raw order keeps it. A new one is a line.
type Part = (&'static str, fn(&mut RawOrder) -> &mut Vec<u8>);
const PARTS: [Part; 9] = [
    ("products.json", |raw| &mut raw.products),
    ("shipping_addresses.json", |raw| &mut raw.shipping_addresses),
    ("coupons.json", |raw| &mut raw.coupons),
    ("taxes.json", |raw| &mut raw.taxes),
    ("fees.json", |raw| &mut raw.fees),
    ("transactions.json", |raw| &mut raw.transactions),
    ("refunds.json", |raw| &mut raw.refunds),
    ("shipments.json", |raw| &mut raw.shipments),
    ("customer.json", |raw| &mut raw.customer),
];

/// The answers about one order as they were saved.
pub(super) struct OrderFolder {
    pub(super) path: PathBuf,
    /// File name and content of every answer that is there, the order first.
    pub(super) files: Vec<(&'static str, Vec<u8>)>,
    /// Files that are not there and are taken as empty.
    pub(super) absent: Vec<&'static str>,
    /// JSON files nothing here reads.
    pub(super) unread: Vec<String>,
}

/// The orders of a folder: itself when it has an `order.json`, else every folder in it that has one, by name. Also
/// whether it is an order itself.
///
/// # Errors
/// There is no order, or a file cannot be read.
pub(super) fn open(folder: &Path) -> anyhow::Result<(Vec<OrderFolder>, bool)> {
    if !folder.is_dir() {
        bail!("there is no folder {}; --evidence takes the folder with {ORDER}", folder.display());
    }
    if folder.join(ORDER).exists() {
        return Ok((vec![OrderFolder::read(folder)?], true));
    }
    let inside = entries(folder)?.into_iter().filter(|path| path.join(ORDER).is_file());
    let orders = inside.map(|path| OrderFolder::read(&path)).collect::<anyhow::Result<Vec<_>>>()?;
    if orders.is_empty() {
        bail!(
            "{} has no {ORDER}, and no folder in it has one; save the answer of GET /v2/orders/ID there",
            folder.display()
        );
    }
    Ok((orders, false))
}

/// What is in a folder, by name.
fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let unreadable = || format!("the folder {} cannot be read", folder.display());
    let listed = std::fs::read_dir(folder).with_context(unreadable)?;
    let mut found =
        listed.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>().with_context(unreadable)?;
    found.sort();
    Ok(found)
}

/// Writes orders into `to`, which must be new or empty: one that is `alone` into itself, else each into a folder of its name.
///
/// # Errors
/// There is something in it, or it cannot be written.
pub(super) fn write(orders: &[OrderFolder], outside: Option<&Outside>, to: &Path, alone: bool) -> anyhow::Result<()> {
    if to.exists() && !entries(to)?.is_empty() {
        bail!("{} is not empty; name a new folder with --redact", to.display());
    }
    for order in orders {
        let folder = if alone { to.to_owned() } else { to.join(order.path.file_name().unwrap_or_default()) };
        std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
        for (name, content) in &order.files {
            let file = folder.join(name);
            std::fs::write(&file, content).with_context(|| format!("{} cannot be written", file.display()))?;
        }
    }
    if let Some(outside) = outside {
        let file = to.join(EVENTS);
        std::fs::write(&file, &outside.content).with_context(|| format!("{} cannot be written", file.display()))?;
    }
    Ok(())
}

impl OrderFolder {
    fn read(path: &Path) -> anyhow::Result<Self> {
        let mut folder = Self { path: path.to_owned(), files: Vec::new(), absent: Vec::new(), unread: Vec::new() };
        let known = std::iter::once(ORDER).chain(PARTS.iter().map(|(name, _)| *name));
        for name in known.clone() {
            let file = path.join(name);
            match std::fs::read(&file) {
                // Some editors put a byte order mark first, which JSON does not know.
                Ok(content) => {
                    folder.files.push((name, content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&content).to_vec()))
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => folder.absent.push(name),
                Err(error) => return Err(error).with_context(|| format!("{} cannot be read", file.display())),
            }
        }
        for file in entries(path)? {
            let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".json") && name != EVENTS && !known.clone().any(|known| known == name) {
                folder.unread.push(name);
            }
        }
        Ok(folder)
    }

    /// The same without personal data.
    ///
    /// # Errors
    /// A file is no JSON.
    pub(super) fn redacted(&self, redactor: &mut Redactor) -> anyhow::Result<Self> {
        let mut files = Vec::new();
        for (name, content) in &self.files {
            let shown = || self.path.join(name).display().to_string();
            files.push((*name, redactor.answer(name, content).with_context(shown)?));
        }
        Ok(Self { path: self.path.clone(), files, absent: self.absent.clone(), unread: Vec::new() })
    }

    /// The order as evidence of `store`.
    ///
    /// # Errors
    /// Everything wrong with the files, a line each: file, row, field, and what to do.
    pub(super) fn evidence(&self, store: &str) -> anyhow::Result<Evidence> {
        let mut raw = RawOrder::default();
        let mut wrong = Vec::new();
        for (name, content) in &self.files {
            let read = answer::read(content).and_then(|answer| self.check(name, &answer, &mut raw.order_id));
            if let Err(why) = read {
                wrong.push(format!("{}: {why}", self.path.join(name).display()));
            }
            let place = match PARTS.iter().find(|(part, _)| part == name) {
                Some((_, place)) => place(&mut raw),
                None => &mut raw.order,
            };
            place.clone_from(content);
        }
        if !wrong.is_empty() {
            bail!("{}", wrong.join("\n"));
        }
        assemble(store, &raw).map_err(|error| anyhow::anyhow!("{}", self.explained(&error)))
    }

    /// What an answer must be to belong to the order; the order's own tells its id.
    fn check(&self, name: &str, answer: &Answer, order: &mut u64) -> Result<(), String> {
        if name == ORDER {
            *order = answer.order_id()?;
            return Ok(());
        }
        answer.complete()?;
        answer.of_order(*order)
    }

    /// An error of the reader with the file it is in and a remedy for somebody who has files.
    fn explained(&self, error: &WireError) -> String {
        let file = |row: &str| {
            let part = row.split([' ', ',']).next().unwrap_or_default();
            let name = if part == "the" { ORDER.to_owned() } else { format!("{part}.json") };
            self.path.join(name).display().to_string()
        };
        let again = "correct the order in BigCommerce and save the answer again";
        match error {
            WireError::Unreadable { part, why, .. } => {
                format!("{}: {why}; save the answer as BigCommerce gives it", file(part))
            }
            WireError::Field { row, field, found, expected, .. } => {
                format!("{}: {row} has {field} = {found}, but it should be {expected}; {again}", file(row))
            }
            WireError::Missing { row, field, .. } => {
                format!("{}: {row} has no {field}; save the whole answer as BigCommerce gives it", file(row))
            }
            WireError::LinesMissing { found, expected, .. } => format!(
                "{}: the lines add up to {found} items, the order says {expected}; save every page (limit=250) as one list",
                file("products")
            ),
            WireError::Twice { row, .. } => format!("{}: {row} is there twice; save the answer again", file(row)),
            other => format!("{}: {other}", self.path.display()),
        }
    }
}
