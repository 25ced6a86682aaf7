//! Money that came in beyond the sale and goes back: it takes nothing of the sale back, only its payout is booked.

use rust_decimal::Decimal;

use super::super::super::document::Document;
use super::super::super::evidence::{RefundItem, RefundedPart};
use super::super::context::{Desk, Holds, Paper};
use super::super::invoice::{Sale, invoice_key};
use super::super::split::charge_of;
use super::super::tenders::{Received, Target};
use super::{One, Out, Refunds, in_order};

/// What came in beyond the sale, in major units.
pub(super) fn excess(sale: &Sale, received: &Received) -> Decimal {
    (received.total() - sale.total).max(Decimal::ZERO)
}

/// What of the excess went back so far, of a sale that does not count yet.
pub(in super::super) fn given_back(desk: &Desk, sale: &Sale, received: &Received) -> Decimal {
    let all = excess(sale, received);
    let mut left = all;
    for refund in in_order(desk.context) {
        let one = One { desk, sale, refund, early: true, dates: (desk.context.date, desk.context.date) };
        if one.gives_back(left) {
            left -= one.amount().amount;
        }
    }
    all - left
}

impl One<'_> {
    /// Whether it only gives back money that came in beyond the sale: it fits into that, its money moved, and it names
    /// nothing that is still sold. An amount of the order, or a line that was taken off the order before.
    pub(super) fn gives_back(&self, excess: Decimal) -> bool {
        let still_sold =
            |item: &RefundItem| matches!(item.part, RefundedPart::Other(_)) || charge_of(self.sale, item).is_some();
        self.amount().amount <= excess && !self.refund.items.iter().any(still_sold) && self.unsettled().is_none()
    }

    /// Books a refund of money that came in beyond the sale, unless an earlier one is held.
    pub(super) fn book_excess(&self, booked: &mut Refunds, holds: &mut Holds) {
        let targets = self.payment_places(holds);
        if booked.held_from.is_some_and(|held| held <= self.refund.id) || holds.block_order() {
            return;
        }
        match targets.and_then(|targets| self.give_back(&targets, holds)) {
            Some(documents) => booked.documents.extend(documents),
            None => booked.hold_from(self.refund.id),
        }
    }

    /// The payouts of a refund that gives back what came in too much: they stand against the money that came in.
    fn give_back(&self, targets: &[Target], holds: &mut Holds) -> Option<Vec<Document>> {
        let invoice = invoice_key(self.desk);
        let moved = self.moved();
        let papers = moved.iter().zip(targets).map(|(payment, target)| {
            let paid_out = self.desk.context.money(payment.amount).amount;
            self.payout(&Out { payment, target, to_invoice: Decimal::ZERO, paid_out }, &invoice)
        });
        let papers: Vec<Paper> = papers.collect();
        self.written(papers, holds)
    }
}
