//! The policy an order is derived by: from a whole settings file, from a file with a policy only, or the usual decisions.

use std::path::Path;

use anyhow::Context;
use toml::{Table, Value};

use crate::accounting::policy::Policy;

/// What a store is called when nothing names it.
const STORE: &str = "store";
/// The accounts receivable control account when nothing names it.
const RECEIVABLE: &str = "1100";

/// A policy, and what of it nobody said.
pub(super) struct Chosen {
    pub(super) policy: Policy,
    /// Where it comes from, for a reader.
    pub(super) origin: String,
    /// Values taken for want of a setting, for a reader.
    pub(super) assumed: Vec<String>,
}

/// Reads the policy. Secrets are neither needed nor looked for.
///
/// # Errors
/// The file cannot be read, a setting is unknown or impossible, or it does not say which store is meant.
pub(super) fn choose(config: Option<&Path>, store: Option<&str>) -> anyhow::Result<Chosen> {
    let Some(path) = config else {
        return finish(Policy::default(), store, "the usual decisions (no --config)".to_owned());
    };
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("the settings {shown} cannot be read; give another file with --config"))?;
    let mut table: Table = text.parse().with_context(|| format!("{shown} is no TOML"))?;
    let receivable = take_receivable(&mut table).with_context(|| format!("{shown}"))?;
    let Some(stores) = table.remove("stores") else {
        let policy = read(table, receivable).with_context(|| format!("{shown}"))?;
        return finish(policy, store, shown.to_string());
    };
    let (name, mut chosen) = one_of(&stores, store).with_context(|| format!("{shown}"))?;
    let what = || format!("{shown}, store '{name}'");
    let receivable = take_receivable(&mut chosen).with_context(what)?.or(receivable);
    let accounting = match chosen.remove("accounting") {
        None => Table::new(),
        Some(Value::Table(accounting)) => accounting,
        Some(_) => anyhow::bail!("{}: accounting is no table; write [stores.accounting]", what()),
    };
    let policy = Policy { store: name.clone(), ..read(accounting, receivable).with_context(what)? };
    finish(policy, None, what())
}

/// The table of the store that is meant, with its name.
fn one_of(stores: &Value, wanted: Option<&str>) -> anyhow::Result<(String, Table)> {
    let stores = stores.as_array().context("stores is no list; write [[stores]] above each store")?;
    let mut named = Vec::new();
    for store in stores {
        let table = store.as_table().context("a store is no table; write [[stores]] above each store")?;
        let name = table
            .get("name")
            .and_then(Value::as_str)
            .context("a store has no name; write name = \"...\" under each [[stores]]")?;
        named.push((name, table));
    }
    let names = named.iter().map(|(name, _)| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    let mut fitting = named.into_iter().filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name));
    match (fitting.next(), fitting.next(), wanted) {
        (Some((name, table)), None, _) => Ok((name.to_owned(), table.clone())),
        (None, _, Some(wanted)) => anyhow::bail!("there is no store '{wanted}'; --store takes one of {names}"),
        (None, _, None) => {
            anyhow::bail!("it has no store; write [[stores]] with a name, or the policy alone at the top")
        }
        (Some((name, _)), Some(_), Some(_)) => anyhow::bail!("the store '{name}' is there twice; names must differ"),
        (Some(_), Some(_), None) => anyhow::bail!("it has several stores; say with --store which: {names}"),
    }
}

/// Takes `[accounts]`, whose `receivable` is another name for `receivable_account`, out of a table.
fn take_receivable(table: &mut Table) -> anyhow::Result<Option<String>> {
    let Some(accounts) = table.remove("accounts") else { return Ok(None) };
    let accounts = accounts.as_table().context("accounts is no table; write [accounts]")?;
    if let Some(unknown) = accounts.keys().find(|key| *key != "receivable") {
        anyhow::bail!("[accounts] knows receivable only, not {unknown}; the other accounts are given by the rules");
    }
    let Some(receivable) = accounts.get("receivable") else { return Ok(None) };
    let text = receivable.as_str().context("accounts.receivable is no text; write receivable = \"1100\"")?;
    Ok(Some(text.to_owned()))
}

fn read(table: Table, receivable: Option<String>) -> anyhow::Result<Policy> {
    let mut policy: Policy = table.try_into().context("a setting of the policy does not fit")?;
    match receivable {
        Some(account) if policy.receivable_account.is_empty() => policy.receivable_account = account,
        Some(account) if policy.receivable_account != account => anyhow::bail!(
            "receivable_account is '{}' and accounts.receivable is '{account}'; name one of them only",
            policy.receivable_account
        ),
        _ => {}
    }
    Ok(policy)
}

/// Fills in what nobody said. `store` is the name asked for, where the settings have no list of stores.
fn finish(mut policy: Policy, store: Option<&str>, origin: String) -> anyhow::Result<Chosen> {
    let mut assumed = Vec::new();
    match store {
        Some(name) if policy.store.is_empty() => policy.store = name.to_owned(),
        Some(name) if policy.store != name => {
            anyhow::bail!("{origin}: the store is '{}', not '{name}'; leave --store out", policy.store)
        }
        None if policy.store.is_empty() => {
            policy.store = STORE.to_owned();
            assumed.push(format!("store name '{STORE}'"));
        }
        _ => {}
    }
    if policy.receivable_account.is_empty() {
        policy.receivable_account = RECEIVABLE.to_owned();
        assumed.push(format!("receivable account {RECEIVABLE}"));
    }
    policy.check().with_context(|| origin.clone())?;
    Ok(Chosen { policy, origin, assumed })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(text: &str, store: Option<&str>) -> Result<Chosen, String> {
        let id = crate::clock::random_id().simple().to_string();
        let file = std::env::temp_dir().join(format!("cartledger-settings-{id}.toml"));
        std::fs::write(&file, text).unwrap();
        let chosen = choose(Some(&file), store).map_err(|error| format!("{error:#}"));
        std::fs::remove_file(&file).unwrap();
        chosen
    }

    fn refused(text: &str, store: Option<&str>) -> String {
        chosen(text, store).err().expect("settings that cannot be used")
    }

    const TWO: &str = "[[stores]]\nname = \"us\"\n[stores.accounting]\nreceivable_account = \"1101\"\n\
                       [[stores]]\nname = \"eu\"\n[stores.accounts]\nreceivable = \"1102\"\n";

    #[test]
    fn without_a_file_the_usual_decisions_are_taken_and_said() {
        let chosen = choose(None, None).unwrap();
        assert_eq!((chosen.policy.store.as_str(), chosen.policy.receivable_account.as_str()), ("store", "1100"));
        assert_eq!(chosen.assumed, ["store name 'store'", "receivable account 1100"]);
        assert_eq!(choose(None, Some("acme")).unwrap().policy.store, "acme");
    }

    #[test]
    fn a_whole_settings_file_gives_the_policy_of_its_store_without_any_secret() {
        let example = include_str!("../../../cartledger.example.toml");
        let found = chosen(example, None).unwrap();
        assert_eq!((found.policy.store.as_str(), found.policy.time_zone.name()), ("acme-us", "America/Chicago"));
        assert!(found.assumed.is_empty(), "{:?}", found.assumed);
    }

    #[test]
    fn of_several_stores_one_is_chosen_by_name() {
        assert_eq!(chosen(TWO, Some("us")).unwrap().policy.receivable_account, "1101");
        assert_eq!(chosen(TWO, Some("eu")).unwrap().policy.receivable_account, "1102");
        assert!(refused(TWO, None).ends_with("it has several stores; say with --store which: 'us', 'eu'"));
        assert!(refused(TWO, Some("uk")).ends_with("there is no store 'uk'; --store takes one of 'us', 'eu'"));
        assert!(refused(&TWO.replace("eu", "us"), Some("us")).ends_with("is there twice; names must differ"));
        assert!(
            refused("stores = []", None)
                .ends_with("it has no store; write [[stores]] with a name, or the policy alone at the top")
        );
    }

    #[test]
    fn a_policy_by_itself_is_enough() {
        let policy = chosen("store = \"acme\"\ntime_zone = \"Europe/Berlin\"\n[accounts]\nreceivable = \"1200\"", None);
        let policy = policy.unwrap().policy;
        assert_eq!((policy.store.as_str(), policy.receivable_account.as_str()), ("acme", "1200"));
        assert!(
            refused("store = \"acme\"", Some("other")).ends_with("the store is 'acme', not 'other'; leave --store out")
        );
    }

    #[test]
    fn what_does_not_fit_is_named() {
        assert!(refused("go_lives = \"2026-01-01\"", None).contains("go_lives"));
        assert!(refused("[accounts]\nbank = \"1010\"", None).contains("knows receivable only, not bank"));
        let two = "receivable_account = \"1\"\n[accounts]\nreceivable = \"2\"";
        assert!(refused(two, None).contains("name one of them only"));
        assert!(refused("time_zone = \"Mars/Olympus\"", None).contains("Mars/Olympus"));
        assert!(refused("recognition = \"ship-date\"", None).contains("deposit_account"));
        assert!(refused("store = ", None).contains("is no TOML"));
    }
}
