//! The documents of a refund: its credit memo, what was paid out, and what nets the two.

use rust_decimal::Decimal;

use super::super::super::document::{Detail, Document, DocumentKey};
use super::super::super::evidence::{PaymentEvent, RefundPayment, Transaction};
use super::super::context::{Holds, Paper, merged, signed_line, source_hash};
use super::super::invoice::invoice_key;
use super::super::order_entry;
use super::super::piece::{Piece, Side};
use super::super::tenders::Target;
use super::One;

/// One payment of a refund, parted.
pub(in super::super) struct Out<'a> {
    pub payment: &'a RefundPayment,
    pub target: &'a Target,
    /// Set off against the unpaid invoice.
    pub to_invoice: Decimal,
    /// Left through the target's account.
    pub paid_out: Decimal,
}

impl One<'_> {
    /// Credit memo, payouts and what nets them.
    pub(super) fn write(
        &self,
        total: Decimal,
        to_invoice: Decimal,
        pieces: &[Piece],
        outs: &[Out],
        holds: &mut Holds,
    ) -> Option<Vec<Document>> {
        let (desk, order) = (self.desk, self.desk.context.evidence.order.id);
        if total.is_zero() {
            return Some(Vec::new());
        }
        let id = self.refund.id;
        let memo_key = desk.context.key(&format!("credit-memo/refund-{id}"));
        let definition = &desk.context.policy.order_entry.credit_memo;
        let (order_entry, mut lines) = if desk.context.order_entry() && order_entry::returns_units(pieces) {
            let (entry, lines) = order_entry::entered(desk, definition, pieces, Side::Return, &self.blocks(), holds)?;
            (Some(Box::new(entry)), lines)
        } else {
            (None, pieces.iter().map(|piece| piece.line(Side::Return)).collect())
        };
        lines.push(desk.receivable(-total, &format!("Refund {id} of order {order}")));
        let source_hash = source_hash(self.refund);
        let reason = if self.refund.reason.is_empty() { String::new() } else { format!(": {}", self.refund.reason) };
        let mut papers = vec![Paper {
            what: format!("credit-memo/refund-{id}"),
            suffix: format!("R{id}"),
            dates: self.dates,
            total,
            reference: None,
            description: format!(
                "Refund {id} of BigCommerce order {order}, invoice {}{reason}",
                desk.context.number("")
            ),
            lines: merged(lines),
            detail: Detail::CreditMemo { invoice: invoice_key(desk), applies_to_invoice: to_invoice, order_entry },
            source_hash: source_hash.clone(),
        }];
        if !to_invoice.is_zero() {
            let name = (format!("application/refund-{id}"), format!("AR{id}"));
            papers.push(self.application(name, &memo_key, invoice_key(desk), to_invoice, &source_hash));
        }
        for out in outs.iter().filter(|out| !out.paid_out.is_zero()) {
            let payout = self.payout(out, &memo_key);
            let name = (format!("application/refund-{id}-{}", out.payment.id), format!("A{}", out.payment.id));
            let debit = desk.context.key(&payout.what);
            let applied = self.application(name, &memo_key, debit, out.paid_out, &source_hash);
            papers.extend([payout, applied]);
        }
        self.written(papers, holds)
    }

    /// All of them, those of the first wave first; `None` with a hold when one is refused.
    pub(super) fn written(&self, papers: Vec<Paper>, holds: &mut Holds) -> Option<Vec<Document>> {
        let wanted = papers.len();
        let mut written: Vec<Document> =
            papers.into_iter().filter_map(|paper| self.desk.write(holds, self.blocks(), paper)).collect();
        written.sort_by_key(|document| document.kind.wave());
        if written.len() == wanted { Some(written) } else { None }
    }

    /// The money of one payment going out, netted with `credit`.
    pub(super) fn payout(&self, out: &Out, credit: &DocumentKey) -> Paper {
        let (desk, order, id) = (self.desk, self.desk.context.evidence.order.id, self.refund.id);
        let (payment, target) = (out.payment, out.target);
        let memo = format!("Refund {id} of order {order} by {}", payment.provider);
        Paper {
            what: format!("refund-payout/refund-{id}-{}", payment.id),
            suffix: format!("P{}", payment.id),
            dates: self.dates,
            total: out.paid_out,
            reference: self.reference(payment),
            description: format!("Refund {id} of BigCommerce order {order} paid by {}", payment.provider),
            lines: vec![
                desk.receivable(out.paid_out, &memo),
                signed_line(&target.account, -out.paid_out, target.dimensions.clone(), &memo, &target.rule),
            ],
            detail: Detail::RefundPayout { credit_memo: credit.clone(), account: target.account.clone() },
            source_hash: source_hash(&(self.refund, payment)),
        }
    }

    /// Sets the credit memo off against the invoice or a payout.
    fn application(
        &self,
        name: (String, String),
        memo_key: &DocumentKey,
        debit: DocumentKey,
        amount: Decimal,
        source_hash: &str,
    ) -> Paper {
        let order = self.desk.context.evidence.order.id;
        Paper {
            what: name.0,
            suffix: name.1,
            dates: self.dates,
            total: amount,
            reference: None,
            description: format!("Refund {} of BigCommerce order {order} set off", self.refund.id),
            lines: Vec::new(),
            detail: Detail::Application { credit: memo_key.clone(), debit, amount },
            source_hash: source_hash.to_owned(),
        }
    }

    /// The gateway's reference of the refund, when exactly one transaction can be it.
    pub fn reference(&self, payment: &RefundPayment) -> Option<String> {
        let fits = |t: &&Transaction| {
            t.ok && !t.test
                && t.event == PaymentEvent::Refund
                && t.gateway.eq_ignore_ascii_case(&payment.provider)
                && t.amount.abs() == payment.amount
        };
        let found: Vec<_> = self.desk.context.evidence.transactions.iter().filter(fits).collect();
        if let [only] = found[..] { only.gateway_reference.clone() } else { None }
    }
}
