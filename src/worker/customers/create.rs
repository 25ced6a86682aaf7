//! A buyer that Intacct does not have becomes a customer: its ship-to contact first, then the customer with its own.

use super::contact::{self, ContactEnd};
use super::search::Search;
use super::send::{Answer, is_contact_clash, is_repeat};
use super::{CustomerEnd, LOOK_AGAIN, holds, read_back, wanted};
use crate::accounting::customer::CustomerRecord;
use crate::accounting::masters::{Master, MasterKind};
use crate::intacct::lookup::{self, FoundCustomer};
use crate::intacct::posting::customer::{self, ship_to_name};
use crate::store::customer::{FoundBy, LinkedCustomer};
use crate::store::customer_card::Told;
use crate::store::document::{Outcome, PlannedDocument, StoredDocument};
use crate::worker::order::RunEnd;

impl Search<'_> {
    /// Creates the customer. Intacct is known not to have it, or will say so.
    pub(super) async fn create(&self) -> Result<CustomerEnd, RunEnd> {
        let first = self.first_record().await?;
        let (desk, record) = (&self.desk, first.as_ref().unwrap_or(self.record));
        let id = &record.reference.intacct_id;
        let mut ship_to = None;
        if record.ship_to().is_some() {
            match contact::make(desk, record, id).await? {
                ContactEnd::Ready(_) => ship_to = Some(ship_to_name(id)),
                ContactEnd::Held(hold) => return Ok(CustomerEnd::Held(hold)),
                ContactEnd::Later { why, after } => return Ok(CustomerEnd::Later { why, after }),
            }
        }
        let function = match customer::create(record, id, ship_to.as_deref(), &desk.connection.customer_form) {
            Ok(function) => function,
            Err(error) => return Ok(CustomerEnd::Held(holds::incomplete(id, &error.to_string()))),
        };
        let body = serde_json::to_value(record).unwrap_or_default();
        let planned = desk.planned(&self.key(), "customer", id, body, record.card_hash());
        match desk.send(&planned, function).await? {
            Answer::Posted { record_no } => self.created(record, record_no).await,
            Answer::LookUp { error } => self.look_up_now(error).await,
            // What this order says may be taken where the earlier was not.
            Answer::Refused { error, .. } if first.is_some() => Ok(CustomerEnd::Later { why: error, after: None }),
            Answer::Refused { error, remedy } => {
                Ok(CustomerEnd::Held(holds::refused(id, &format!("customer {id}"), &error, &remedy)))
            }
            Answer::Later { why, after } => Ok(CustomerEnd::Later { why, after }),
            Answer::Busy => Ok(self.busy()),
        }
    }

    /// The buyer as an earlier request told it that may still arrive. The very same must be sent again, even for an order
    /// that says something else: that is told to the customer later.
    async fn first_record(&self) -> Result<Option<CustomerRecord>, RunEnd> {
        let Some(document) = &self.uncertain else { return Ok(None) };
        self.not_there(document).await?;
        self.desk.record_under_way(&document.planned.key).await
    }

    pub(super) fn busy(&self) -> CustomerEnd {
        let why = format!("customer {} is being created for another order", self.record.reference.intacct_id);
        CustomerEnd::Later { why, after: Some(LOOK_AGAIN) }
    }

    /// Goes on after a crash between the answer and the link.
    pub(super) async fn created_before(&self, document: &StoredDocument) -> Result<CustomerEnd, RunEnd> {
        let record = read_back(&document.planned.key, &document.planned.body)?;
        self.created(&record, document.record_no.clone().unwrap_or_default()).await
    }

    /// Remembers the customer that was made from `record`; the link comes last, so that a crash before it comes back here.
    async fn created(&self, record: &CustomerRecord, record_no: String) -> Result<CustomerEnd, RunEnd> {
        let (store, company) = (self.desk.store, &self.desk.connection.company);
        let id = &self.record.reference.intacct_id;
        let told = self.told(record).await?;
        store.keep_card(company, id, &wanted(&self.desk.connection.name, record, self.occasion), &told).await?;
        let master = Master {
            email: Some(record.email.clone()).filter(|email| !email.is_empty()),
            ..Master::new(id, record_no.parse().unwrap_or_default(), &record.name)
        };
        store.keep_masters(company, &MasterKind::Customer, &[master]).await?;
        let found_by = FoundBy::Created;
        self.remember(LinkedCustomer { intacct_id: id.clone(), record_no, found_by, inactive: false }).await
    }

    /// What the customer has that was made from `record`. Its ship-to contact may be of an earlier try and hold another
    /// address.
    async fn told(&self, record: &CustomerRecord) -> Result<Told, RunEnd> {
        let has_ship_to = record.ship_to().is_some();
        let mut ship_to_hash = record.ship_to_hash();
        if has_ship_to {
            let key = self.desk.ship_to_key(&self.record.reference.intacct_id, 1);
            ship_to_hash = self.desk.stored(&key).await?.map(|contact| contact.planned.content_hash);
        }
        Ok(Told {
            card_hash: Some(record.card_hash()),
            ship_to_hash,
            has_ship_to,
            revision: 1,
            ship_to_revision: i32::from(has_ship_to),
        })
    }

    async fn look_up_now(&self, error: String) -> Result<CustomerEnd, RunEnd> {
        let found = match self.desk.stored(&self.key()).await? {
            Some(document) => self.look_up(&document).await?,
            None => None,
        };
        // It is there, says Intacct, and was not found yet: the next run looks again.
        Ok(found.unwrap_or(CustomerEnd::Later { why: error, after: None }))
    }

    /// Looks for the customer of a creation whose end nobody knows; `None` when it is not there.
    pub(super) async fn look_up(&self, document: &StoredDocument) -> Result<Option<CustomerEnd>, RunEnd> {
        let id = &self.record.reference.intacct_id;
        let found = match self.desk.find(lookup::customer_by_id(id)).await {
            Ok(found) => found,
            Err(later) => return Ok(Some(later)),
        };
        if let Some(customer) = found.first() {
            return self.found_after(document, customer).await.map(Some);
        }
        let error = document.error.as_deref().unwrap_or_default();
        if is_contact_clash(error) {
            let contact = format!("{id} {}", read_back(&document.planned.key, &document.planned.body)?.name);
            self.settle(document, &Outcome::Rejected { error: error.to_owned() }).await?;
            return Ok(Some(CustomerEnd::Held(holds::contact_taken(id, &contact))));
        }
        Ok(None)
    }

    /// The customer of a creation was looked for in vain: it may be sent again, under the same control id.
    pub(super) async fn not_there(&self, document: &StoredDocument) -> Result<(), RunEnd> {
        let why = format!("no customer {} was found", self.record.reference.intacct_id);
        self.settle(document, &Outcome::Absent { why }).await
    }

    /// The customer is there: ours, or somebody else's when the very first try met it.
    pub(super) async fn found_after(
        &self,
        document: &StoredDocument,
        customer: &FoundCustomer,
    ) -> Result<CustomerEnd, RunEnd> {
        let error = document.error.as_deref().unwrap_or_default();
        let clash = error.to_lowercase().contains("already exists") && !is_repeat(error);
        if document.attempts == 1 && clash {
            self.settle(document, &Outcome::Rejected { error: error.to_owned() }).await?;
            return self.link_found(customer, FoundBy::ExternalId).await;
        }
        let record_no = customer.record_number.to_string();
        self.settle(document, &Outcome::Posted { record_no: record_no.clone() }).await?;
        let record = read_back(&document.planned.key, &document.planned.body)?;
        self.created(&record, record_no).await
    }

    async fn settle(&self, document: &StoredDocument, outcome: &Outcome) -> Result<(), RunEnd> {
        let PlannedDocument { store, key, .. } = &document.planned;
        Ok(self.desk.store.settle(store, key, document.attempts, "look-up", outcome, None).await?)
    }
}
