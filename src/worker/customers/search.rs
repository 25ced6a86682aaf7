//! A buyer's customer: known from an earlier order, else found by an id, then by e-mail, else created.
//!
//! A mirror of the company's customers that was read lately answers without a call to Intacct. It decides who a buyer is,
//! never that an order is held: before that Intacct itself is asked.

use super::send::names;
use super::{CustomerEnd, Desk, Occasion, holds, wanted};
use crate::accounting::customer::{BuyerIdentity, CustomerRecord};
use crate::accounting::hold::Hold;
use crate::accounting::masters::{Master, MasterKind, MasterStatus};
use crate::accounting::policy::SeveralMatches;
use crate::intacct::lookup::{self, FoundCustomer};
use crate::intacct::posting::customer;
use crate::store::customer::{FoundBy, LinkedCustomer};
use crate::store::document::{DocumentState, StoredDocument};
use crate::worker::order::RunEnd;

/// One search.
pub(super) struct Search<'a> {
    pub(super) desk: Desk<'a>,
    pub(super) record: &'a CustomerRecord,
    pub(super) identity: String,
    pub(super) occasion: Occasion,
    /// A creation whose end nobody knows, and whose customer was not there a moment ago. It may still be under way, so a
    /// customer of our id that turns up is ours.
    pub(super) uncertain: Option<StoredDocument>,
}

/// Which of the customers found is the buyer.
#[derive(Debug, PartialEq)]
enum Choice<'a> {
    Nobody,
    One(&'a FoundCustomer),
    Held(Hold),
}

impl Search<'_> {
    pub(super) async fn run(mut self) -> Result<CustomerEnd, RunEnd> {
        let store = self.desk.store;
        if let Some(known) = store.linked_customer(&self.desk.connection.company, &self.identity).await? {
            return self.known(known).await;
        }
        if let Some(document) = self.desk.stored(&self.key()).await? {
            match document.state {
                DocumentState::Posted => return self.created_before(&document).await,
                _ if self.desk.underway(&document) => return Ok(self.busy()),
                _ if document.may_arrive() => {
                    if let Some(end) = self.look_up(&document).await? {
                        return Ok(end);
                    }
                    self.uncertain = Some(document);
                }
                _ => {}
            }
        }
        self.search().await
    }

    /// The key of the customer's creation.
    pub(super) fn key(&self) -> String {
        self.desk.key(&self.record.reference.intacct_id, 1)
    }

    async fn known(&self, known: LinkedCustomer) -> Result<CustomerEnd, RunEnd> {
        if known.inactive {
            match self.desk.inactive(&self.record.reference.intacct_id, &known.intacct_id).await? {
                Ok(None) => {}
                Ok(Some(hold)) => return Ok(CustomerEnd::Held(hold)),
                Err(later) => return Ok(later),
            }
            self.release_others().await?;
        }
        self.note(&known).await?;
        Ok(CustomerEnd::Linked(known.intacct_id))
    }

    async fn search(&self) -> Result<CustomerEnd, RunEnd> {
        let connection = self.desk.connection;
        let within = connection.customer_mirror_within;
        let mirrored = self.desk.store.has_fresh_customers(&connection.company, within).await?;
        if let Some(end) = self.by_reference(mirrored).await? {
            return Ok(end);
        }
        if let BuyerIdentity::Summary(id) = &self.record.reference.identity {
            return Ok(CustomerEnd::Held(holds::no_summary_customer(id)));
        }
        if self.record.email.contains('@')
            && let Some(end) = self.by_email(mirrored).await?
        {
            return Ok(end);
        }
        self.create().await
    }

    /// By the id we would give, or by the buyer's id in the custom field of the settings.
    async fn by_reference(&self, mirrored: bool) -> Result<Option<CustomerEnd>, RunEnd> {
        let (connection, reference) = (self.desk.connection, &self.record.reference);
        let wanted = &reference.intacct_id;
        let field = connection.customer_form.id_field.as_ref().zip(customer::id_in_field(&reference.identity));
        let summary = matches!(reference.identity, BuyerIdentity::Summary(_));
        let found_by = if summary { FoundBy::Rule } else { FoundBy::ExternalId };
        if mirrored && field.is_none() {
            let there = self.desk.store.master(&connection.company, &MasterKind::Customer, wanted).await?;
            match there.map(as_found) {
                Some(customer) if customer.active => return self.link(&customer, found_by).await.map(Some),
                // Whoever has our id and is not mirrored yet is met when it is created.
                None if !summary => return Ok(None),
                _ => {}
            }
        }
        let query = match &field {
            Some((field, value)) => lookup::customer_by_reference(wanted, field.as_str(), value),
            None => lookup::customer_by_id(wanted),
        };
        let found = match self.desk.find(query).await {
            Ok(found) => found,
            Err(later) => return Ok(Some(later)),
        };
        self.take(choose(SeveralMatches::Hold, wanted, &found, "have the buyer's id"), found_by).await
    }

    async fn by_email(&self, mirrored: bool) -> Result<Option<CustomerEnd>, RunEnd> {
        let (connection, wanted) = (self.desk.connection, &self.record.reference.intacct_id);
        let policy = connection.policy.customers.several_matches;
        let because = "have the buyer's e-mail address";
        if mirrored {
            let there = self.desk.store.customers_by_email(&connection.company, &self.record.email).await?;
            let there: Vec<FoundCustomer> = there.into_iter().map(as_found).collect();
            match choose(policy, wanted, &there, because) {
                Choice::Held(_) => {}
                choice => return self.take(choice, FoundBy::Email).await,
            }
        }
        let found = match self.desk.find(lookup::customer_by_email(&self.record.email)).await {
            Ok(found) => found,
            Err(later) => return Ok(Some(later)),
        };
        self.take(choose(policy, wanted, &found, because), FoundBy::Email).await
    }

    async fn take(&self, choice: Choice<'_>, found_by: FoundBy) -> Result<Option<CustomerEnd>, RunEnd> {
        match choice {
            Choice::Nobody => Ok(None),
            Choice::One(customer) => self.link(customer, found_by).await.map(Some),
            Choice::Held(hold) => Ok(Some(CustomerEnd::Held(hold))),
        }
    }

    /// Links the buyer to a customer that was found, when it can take documents.
    pub(super) async fn link(&self, customer: &FoundCustomer, found_by: FoundBy) -> Result<CustomerEnd, RunEnd> {
        if let Some(document) = &self.uncertain {
            if customer.customer_id == self.record.reference.intacct_id {
                return self.found_after(document, customer).await;
            }
            self.not_there(document).await?;
        }
        self.link_found(customer, found_by).await
    }

    /// The same for a customer that was not made here.
    pub(super) async fn link_found(&self, customer: &FoundCustomer, found_by: FoundBy) -> Result<CustomerEnd, RunEnd> {
        if !customer.active {
            let hold = holds::inactive(&self.record.reference.intacct_id, std::slice::from_ref(customer));
            return Ok(CustomerEnd::Held(hold));
        }
        self.remember(LinkedCustomer {
            intacct_id: customer.customer_id.clone(),
            record_no: customer.record_number.to_string(),
            found_by,
            inactive: false,
        })
        .await
    }

    /// Remembers the buyer's customer, and lets the buyer's other orders go on.
    pub(super) async fn remember(&self, linked: LinkedCustomer) -> Result<CustomerEnd, RunEnd> {
        self.desk.store.link_customer(&self.desk.connection.company, &self.identity, &linked).await?;
        self.note(&linked).await?;
        self.release_others().await?;
        Ok(CustomerEnd::Linked(linked.intacct_id))
    }

    async fn release_others(&self) -> Result<(), RunEnd> {
        let (name, subject) = (&self.desk.connection.name, &self.record.reference.intacct_id);
        let codes = names(&holds::RESOLVED_IN_INTACCT);
        Ok(self.desk.store.release_buyer(name, &codes, subject, self.occasion.order_id).await?)
    }

    /// Notes what the order says of the buyer, for customers that follow their buyers.
    async fn note(&self, linked: &LinkedCustomer) -> Result<(), RunEnd> {
        let connection = self.desk.connection;
        let follows = match linked.found_by {
            FoundBy::Created => true,
            FoundBy::ExternalId | FoundBy::Email => connection.policy.customers.update_matched,
            FoundBy::Rule => false,
        };
        if follows {
            let wanted = wanted(&connection.name, self.record, self.occasion);
            self.desk.store.note_buyer(&connection.company, &linked.intacct_id, &wanted).await?;
        }
        Ok(())
    }
}

/// A mirrored customer as a look-up would find it.
fn as_found(master: Master) -> FoundCustomer {
    FoundCustomer {
        record_number: master.record_no,
        customer_id: master.id,
        name: master.name,
        active: master.status == MasterStatus::Active,
        email: master.email,
    }
}

/// Which of several customers is the buyer, by policy.
fn choose<'a>(policy: SeveralMatches, subject: &str, found: &'a [FoundCustomer], because: &str) -> Choice<'a> {
    let active: Vec<&FoundCustomer> = found.iter().filter(|customer| customer.active).collect();
    match (policy, found, active.as_slice()) {
        (_, [], _) => Choice::Nobody,
        (_, [one], [_]) => Choice::One(one),
        (_, [_], []) | (SeveralMatches::ActiveOnly | SeveralMatches::MostRecent, _, []) => {
            Choice::Held(holds::inactive(subject, found))
        }
        (SeveralMatches::ActiveOnly, _, [one]) => Choice::One(one),
        // Record numbers rise with every record that Intacct makes.
        (SeveralMatches::MostRecent, _, several) => {
            several.iter().max_by_key(|customer| customer.record_number).map_or(Choice::Nobody, |one| Choice::One(one))
        }
        (SeveralMatches::Hold | SeveralMatches::ActiveOnly, ..) => {
            Choice::Held(holds::ambiguous(subject, found, because))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn customer(record_number: u64, active: bool) -> FoundCustomer {
        let customer_id = record_number.to_string();
        FoundCustomer { record_number, customer_id, name: "Ann".into(), active, email: None }
    }

    fn chosen(policy: SeveralMatches, found: &[FoundCustomer]) -> String {
        match choose(policy, "BC-C42", found, "have the buyer's e-mail address") {
            Choice::Nobody => "nobody".to_owned(),
            Choice::One(one) => one.customer_id.clone(),
            Choice::Held(hold) => format!("{}: {}", hold.code, hold.message),
        }
    }

    #[test]
    fn one_active_customer_is_taken_and_one_inactive_is_held_whatever_the_policy() {
        for policy in [SeveralMatches::Hold, SeveralMatches::ActiveOnly, SeveralMatches::MostRecent] {
            assert_eq!(chosen(policy, &[]), "nobody");
            assert_eq!(chosen(policy, &[customer(7, true)]), "7");
            assert_eq!(
                chosen(policy, &[customer(7, false)]),
                "customer-inactive: the buyer's customer is inactive in Intacct, which takes no documents then: \
                 7 (Ann, inactive)"
            );
        }
    }

    #[test]
    fn of_several_customers_the_policy_takes_one_or_names_them_all() {
        let one_active = [customer(7, false), customer(8, true)];
        let two_active = [customer(9, true), customer(7, false), customer(8, true)];
        assert_eq!(
            chosen(SeveralMatches::Hold, &one_active),
            "customer-ambiguous: 2 customers in Intacct have the buyer's e-mail address: 7 (Ann, inactive), 8 (Ann)"
        );
        assert_eq!(chosen(SeveralMatches::ActiveOnly, &one_active), "8");
        assert!(chosen(SeveralMatches::ActiveOnly, &two_active).starts_with("customer-ambiguous: 3 customers"));
        assert_eq!(chosen(SeveralMatches::MostRecent, &two_active), "9");
        let none = [customer(7, false), customer(8, false)];
        assert!(chosen(SeveralMatches::MostRecent, &none).starts_with("customer-inactive: all customers"));
        assert!(chosen(SeveralMatches::Hold, &none).starts_with("customer-ambiguous"));
    }

    #[test]
    fn a_hold_names_no_more_than_a_person_reads() {
        let crowd: Vec<FoundCustomer> = (1..=500).map(|number| customer(number, true)).collect();
        let text = chosen(SeveralMatches::Hold, &crowd);
        assert!(text.ends_with(" and 480 more") && text.len() < 600, "{text}");
    }
}
