//! What happens in the shop during a round, and what is reported from outside it.

use cartledger::sandbox::bigcommerce::{
    ActionError, Address, Destination, GiftCertificate, LineDraft, OrderDraft, Payment, RefundItem, RefundPayment,
    RefundRequest, TaxRate,
};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::campaign::{Campaign, DAY, Placed};
use super::plan::{Action, Way};
use crate::support::world::{STORE, World, demo_rules, guest};

impl Campaign {
    /// Plays one action.
    pub(super) async fn act(&mut self, action: &Action) -> Result<(), String> {
        let done = match action {
            Action::Order { buyer, units, cents } => self.place(*buyer, *units, *cents, |order| order, true),
            Action::SplitTender { buyer, cents } => {
                let certificate = GiftCertificate {
                    code: "GIFT-1".into(),
                    balance: Decimal::new(2_500, 2),
                    amount: Decimal::new(2_500, 2),
                };
                self.place(*buyer, 1, *cents, |order| order.gift_certificate(certificate), false)
            }
            Action::OnTerms { buyer, cents } => {
                let terms = Payment::PurchaseOrder { number: "4711".into() };
                self.place(*buyer, 1, *cents, |order| order.pay_with(terms), false)
            }
            Action::ReturnOne { pick } => self.give_back(*pick, Some(1)),
            Action::ReturnAll { pick } => self.give_back(*pick, None),
            Action::OneMore { pick } => self.one_more(*pick),
            Action::Ship { pick } => self.on(*pick, |world, order| world.shop.ship(order)),
            Action::Note { pick } => self.on(*pick, |world, order| world.shop.add_staff_note(order, "called back")),
            Action::Replay { pick } => {
                if let Some(order) = self.picked(*pick) {
                    // The program may be dead or dying: then nobody answers, and nothing is owed.
                    self.ask(&format!("/v1/stores/{STORE}/orders/{order}/replay")).await;
                }
                Ok(())
            }
            Action::Dispute { cents } => {
                self.reports.push(dispute(self.tally.reports, *cents));
                self.tally.reports += 1;
                Ok(())
            }
            Action::Desk(what) => {
                self.at_the_desk(*what).await;
                Ok(())
            }
            Action::Retry => {
                let _ = self.world.try_post(&format!("/v1/stores/{STORE}/events/retry")).await;
                let _ = self.world.try_post(&format!("/v1/stores/{STORE}/summaries/{DAY}/USD/retry")).await;
                Ok(())
            }
            Action::SaveRules => {
                // Rules that say the same would be no new revision.
                let mut rules = rules();
                rules[0]["note"] = format!("after {} orders", self.placed.len()).into();
                let _ = self.world.try_put_rules(&rules).await;
                Ok(())
            }
        };
        match done {
            // What the shop does not allow in an order's state is no fault of ours.
            Ok(()) | Err(ActionError::NotPossible { .. }) => Ok(()),
            Err(error) => Err(format!("{action:?} cannot be played: {error}")),
        }
    }

    /// Reports disputes until each is acknowledged, as a gateway's connector would.
    pub(super) async fn report(&mut self) {
        while let Some(report) = self.reports.first() {
            match self.world.try_post_json(&format!("/v1/stores/{STORE}/events"), report).await {
                Ok(202) => drop(self.reports.remove(0)),
                // Dead, dying, or without its database: asked again in a moment.
                Ok(503) | Err(_) => return,
                Ok(status) => panic!("{status} for {report}"),
            }
        }
    }

    pub(super) fn picked(&self, pick: usize) -> Option<u64> {
        (!self.placed.is_empty()).then(|| self.placed[pick % self.placed.len()].id)
    }

    fn on(&self, pick: usize, act: impl FnOnce(&World, u64) -> Result<(), ActionError>) -> Result<(), ActionError> {
        self.picked(pick).map_or(Ok(()), |order| act(&self.world, order))
    }

    /// An order that can still be changed and returned.
    fn plain(&mut self, pick: usize) -> Option<&mut Placed> {
        let count = self.placed.iter().filter(|order| order.plain).count();
        self.placed.iter_mut().filter(|order| order.plain).nth(pick.checked_rem(count)?)
    }

    fn place(
        &mut self,
        buyer: u8,
        units: u32,
        cents: i64,
        change: impl FnOnce(OrderDraft) -> OrderDraft,
        plain: bool,
    ) -> Result<(), ActionError> {
        let id = self.world.shop.place_order(&change(draft(buyer, units, cents)))?;
        self.placed.push(Placed { id, buyer, units, cents, plain, returned: 0 });
        self.tally.orders += 1;
        Ok(())
    }

    fn give_back(&mut self, pick: usize, units: Option<u32>) -> Result<(), ActionError> {
        let Some(order) = self.plain(pick) else { return Ok(()) };
        let id = order.id;
        order.returned += units.unwrap_or(order.units - order.returned);
        order.plain = order.returned < order.units;
        let items = match units {
            Some(quantity) => {
                let line = self.world.shop.order_product_ids(id)[0];
                vec![RefundItem::Product { line, quantity, deduction: None }]
            }
            None => self.world.shop.everything_refundable(id)?,
        };
        let refund = RefundRequest::new(items, RefundPayment::gateway(), "came back");
        self.world.shop.refund(id, &refund)?;
        self.tally.refunds += 1;
        Ok(())
    }

    fn one_more(&mut self, pick: usize) -> Result<(), ActionError> {
        if self.way != Way::Documents {
            // A correction is of the day on which it was seen: today, which is not summed up before it is over.
            return Ok(());
        }
        let Some(order) = self.plain(pick).filter(|order| order.returned == 0) else { return Ok(()) };
        order.units += 1;
        let (id, after) = (order.id, draft(order.buyer, order.units, order.cents));
        let gross = |world: &World| {
            let orders = world.shop.expected_summary();
            orders.iter().find(|order| order.order_id == id).map(|order| order.gross).unwrap_or_default()
        };
        let before = gross(&self.world);
        self.world.shop.edit(id, &after)?;
        let more = gross(&self.world) - before;
        self.world.shop.charge_more(id, more)
    }
}

/// The demo's rules with those that disputes ask for.
pub fn rules() -> Value {
    let mut rules = demo_rules();
    // For order-entry mode; elsewhere the item is a dimension of the line.
    for rule in rules.as_array_mut().unwrap().iter_mut().filter(|rule| rule["kind"] == "product") {
        rule["gives"]["item"] = json!("SKU-1");
    }
    for (part, account) in [("dispute", "1180"), ("dispute-fee", "6110"), ("chargeback-loss", "6120")] {
        rules.as_array_mut().unwrap().push(json!({
            "id": format!("settlement-{part}"), "kind": "settlement", "conditions": { "part": part },
            "gives": { "account": account }
        }));
    }
    rules
}

/// A dispute over so much that opens and is lost, as two events.
fn dispute(number: u32, cents: i64) -> Value {
    let event = |what: &str, fee: &str| {
        json!({ what: { "gateway": "stripe", "id": format!("dp_{number}"), "date": DAY, "currency": "USD",
                        "amount": Decimal::new(cents, 2), "fee": fee } })
    };
    json!([event("dispute_opened", "15.00"), event("dispute_lost", "0.00")])
}

/// What buyer so-and-so orders. Buyers move house, and send every third thing to the office.
fn draft(buyer: u8, units: u32, cents: i64) -> OrderDraft {
    let at = |street: String| Address {
        first_name: format!("Buyer {buyer}"),
        email: format!("buyer{buyer}@example.com"),
        street,
        ..guest()
    };
    let home = at(format!("{} Congress Ave", cents % 2 + 1));
    let line = LineDraft::new("WEAR-BOOT", "A thing", units, Decimal::new(cents, 2));
    OrderDraft::guest(home.clone()).line(line).destination(Destination {
        address: if cents % 3 == 0 { at(format!("{} Navy Yard", cents % 4 + 1)) } else { home },
        method: "Ground".into(),
        shipping: Decimal::new(500, 2),
        handling: Decimal::ZERO,
        rates: vec![TaxRate::new("Sales Tax", Decimal::new(825, 2))],
    })
}
