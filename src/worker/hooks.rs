//! Keeps a store's webhooks as they are wished: makes what is missing, mends what is wrong, deletes what is to go.
//!
//! Only hooks of our own are ever touched: those that lie at our address, and those noted as ours when the address was
//! another. Hooks of other apps are not even listed by BigCommerce.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::connection::StoreConnection;
use super::schedule::Stop;
use crate::bigcommerce::client::{Hook, HookDraft, ReadError};
use crate::store::Store;
use crate::store::hooks::{Desired, FoundHook, SCOPES};

/// What a check came to.
pub(super) struct Checked {
    /// Hooks of ours that are there now.
    pub seen: u64,
    /// Hooks that were made, changed or deleted.
    pub changed: u64,
}

/// What is to be done to a hook.
#[derive(Clone)]
enum Step {
    Create(HookDraft),
    Update(u64, HookDraft),
    Delete(u64),
}

/// What hooks of ours look like.
struct Ours {
    /// One for each scope; none while there is no address.
    drafts: Vec<HookDraft>,
    /// Those noted before.
    known: BTreeSet<u64>,
}

impl Ours {
    fn owns(&self, hook: &Hook) -> bool {
        self.known.contains(&hook.id) || self.drafts.iter().any(|draft| draft.destination == hook.destination)
    }

    /// What is to be done so that the hooks found are as wished.
    fn steps(&self, desired: Desired, found: &[Hook]) -> Vec<Step> {
        match desired {
            Desired::Unmanaged => Vec::new(),
            Desired::Removed => found.iter().filter(|hook| self.owns(hook)).map(|hook| Step::Delete(hook.id)).collect(),
            Desired::Installed => self.drafts.iter().flat_map(|draft| self.mend(draft, found)).collect(),
        }
    }

    fn mend(&self, draft: &HookDraft, found: &[Hook]) -> Vec<Step> {
        let same_scope: Vec<&Hook> = found.iter().filter(|hook| hook.scope == draft.scope && self.owns(hook)).collect();
        // The one at the right address is kept, because BigCommerce allows no second one there.
        let kept = same_scope.iter().find(|hook| hook.destination == draft.destination).or(same_scope.first());
        let Some(kept) = kept else { return vec![Step::Create(draft.clone())] };
        let right = kept.destination == draft.destination && kept.active && headers_fit(draft, kept);
        let mended = (!right).then(|| Step::Update(kept.id, draft.clone()));
        let surplus = same_scope.iter().filter(|hook| hook.id != kept.id).map(|hook| Step::Delete(hook.id));
        mended.into_iter().chain(surplus).collect()
    }

    fn noted(&self, hook: &Hook) -> FoundHook {
        let draft = self.drafts.iter().find(|draft| draft.scope == hook.scope);
        FoundHook {
            hook_id: hook.id,
            scope: hook.scope.clone(),
            destination: hook.destination.clone(),
            active: hook.active,
            headers_fit: draft.is_none_or(|draft| headers_fit(draft, hook)),
        }
    }
}

/// Whether a hook sends what it shall send; names of headers have no case.
fn headers_fit(draft: &HookDraft, hook: &Hook) -> bool {
    draft.headers.iter().all(|(name, value)| {
        hook.headers.iter().any(|(theirs, sent)| theirs.eq_ignore_ascii_case(name) && sent == value)
    })
}

/// Looks at a store's webhooks, does what is wished, and notes what is there.
///
/// What could not be done is told only after what is there was noted: what was made before it is ours already. `begun` is
/// a moment before this, by the database's clock.
pub(super) async fn check(store: &Store, connection: &StoreConnection, begun: Timestamp) -> Result<Checked, Stop> {
    let standing = store.hook_standing(&connection.name).await?;
    let drafts = drafts(connection);
    if drafts.is_empty() && standing.desired == Desired::Installed {
        let why = "the settings name no public address: set server.public_url to the https address BigCommerce reaches";
        return Err(Stop::Failed { why: why.to_owned(), after: None });
    }
    let ours = Ours { drafts, known: standing.hooks.iter().map(|hook| hook.hook_id).collect() };
    let reader = &connection.reader;
    let mut found = reader.hooks().await?;
    let steps = ours.steps(standing.desired, &found);
    let mut failure = None;
    for step in &steps {
        // What still tells is not taken away while what is to take its place could not be made.
        if failure.is_some() && standing.desired == Desired::Installed && matches!(step, Step::Delete(_)) {
            continue;
        }
        if let Err(error) = take(connection, step).await {
            failure.get_or_insert(error);
        }
    }
    if !steps.is_empty() {
        match reader.hooks().await {
            Ok(now) => found = now,
            Err(error) => return Err(failure.unwrap_or(error).into()),
        }
    }
    let (mine, others): (Vec<&Hook>, Vec<&Hook>) = found.iter().partition(|hook| ours.owns(hook));
    let noted: Vec<FoundHook> = mine.iter().map(|hook| ours.noted(hook)).collect();
    store.note_hooks(&connection.name, &noted, others.len() as u64, begun).await?;
    match failure {
        Some(error) => Err(error.into()),
        None => Ok(Checked { seen: noted.len() as u64, changed: steps.len() as u64 }),
    }
}

async fn take(connection: &StoreConnection, step: &Step) -> Result<(), ReadError> {
    let reader = &connection.reader;
    match step {
        Step::Create(draft) => {
            tracing::info!(store = connection.name, scope = draft.scope, "a webhook is made");
            reader.create_hook(draft).await?;
        }
        Step::Update(id, draft) => {
            tracing::warn!(store = connection.name, hook = id, scope = draft.scope, "a webhook is mended");
            reader.update_hook(*id, draft).await?;
        }
        Step::Delete(id) => {
            tracing::info!(store = connection.name, hook = id, "a webhook is deleted");
            reader.delete_hook(*id).await?;
        }
    }
    Ok(())
}

fn drafts(connection: &StoreConnection) -> Vec<HookDraft> {
    let Some(address) = &connection.webhook_address else { return Vec::new() };
    let header = connection.shared_header.iter();
    let headers: BTreeMap<String, String> =
        header.map(|(name, value)| (name.clone(), value.expose_secret().to_owned())).collect();
    let draft = |(scope, suffix): (&str, &str)| HookDraft {
        scope: scope.to_owned(),
        destination: format!("{address}{suffix}"),
        active: true,
        headers: headers.clone(),
    };
    SCOPES.into_iter().map(draft).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: &str = "https://ledger.example/webhooks/bigcommerce/acme";

    fn ours(known: &[u64]) -> Ours {
        let headers = BTreeMap::from([("Authorization".to_owned(), "Bearer x".to_owned())]);
        let draft = HookDraft { scope: "store/order/*".into(), destination: ADDRESS.into(), active: true, headers };
        Ours { drafts: vec![draft], known: known.iter().copied().collect() }
    }

    fn hook(id: u64, destination: &str) -> Hook {
        Hook {
            id,
            scope: "store/order/*".into(),
            destination: destination.into(),
            active: true,
            headers: BTreeMap::from([("authorization".to_owned(), "Bearer x".to_owned())]),
        }
    }

    fn told(steps: &[Step]) -> Vec<String> {
        let tell = |step: &Step| match step {
            Step::Create(draft) => format!("create {}", draft.scope),
            Step::Update(id, _) => format!("update {id}"),
            Step::Delete(id) => format!("delete {id}"),
        };
        steps.iter().map(tell).collect()
    }

    #[test]
    fn what_is_missing_is_made_and_what_is_right_is_left() {
        let installed = |found: &[Hook]| told(&ours(&[]).steps(Desired::Installed, found));
        assert_eq!(installed(&[]), ["create store/order/*"]);
        assert_eq!(installed(&[hook(1, ADDRESS)]), [""; 0]);
        assert_eq!(installed(&[hook(1, "https://other.example/")]), ["create store/order/*"], "of somebody else");
    }

    #[test]
    fn what_is_wrong_is_mended() {
        let installed = |known: &[u64], found: &[Hook]| told(&ours(known).steps(Desired::Installed, found));
        assert_eq!(installed(&[], &[Hook { active: false, ..hook(1, ADDRESS) }]), ["update 1"]);
        assert_eq!(installed(&[], &[Hook { headers: BTreeMap::new(), ..hook(1, ADDRESS) }]), ["update 1"]);
        assert_eq!(installed(&[4], &[hook(4, "https://old.example/")]), ["update 4"]);
        assert_eq!(installed(&[4], &[hook(4, "https://old.example/"), hook(5, ADDRESS)]), ["delete 4"]);
    }

    #[test]
    fn only_our_own_are_deleted_and_without_a_wish_none() {
        let found = [hook(1, ADDRESS), hook(2, "https://other.example/"), hook(3, "https://old.example/")];
        assert_eq!(told(&ours(&[3]).steps(Desired::Removed, &found)), ["delete 1", "delete 3"]);
        assert_eq!(told(&ours(&[3]).steps(Desired::Unmanaged, &found)), [""; 0]);
    }

    #[test]
    fn what_a_hook_sends_along_is_in_no_log() {
        assert!(!format!("{:?}", hook(1, ADDRESS)).contains("Bearer"));
    }
}
