//! What people do at their desks during a round, over the API: none of it may change what the books come to.

use cartledger::clock::random_id;
use cartledger::failpoint::Step;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::campaign::{Campaign, DAY};
use super::shop::rules;
use crate::support::world::{ADMIN, STORE};

/// Something that is done over the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desk {
    /// A token is made, used and revoked.
    Token,
    /// A change of the rules is proposed and approved by somebody else, where the store asks for that.
    Approve,
    /// A change of the rules is proposed and withdrawn, where the store asks for that.
    Withdraw,
    /// The schedules run now.
    Poll,
    /// A schedule is changed.
    Reschedule,
    /// The orders of the day are marked again by a backfill, which is paused and goes on.
    Backfill,
    /// The hooks in the shop are installed or looked at.
    Hooks,
    /// What is held is snoozed, and woken again.
    Snooze,
    /// Everything that is held is tried again.
    RetryHolds,
    /// All orders, some orders and all deliveries are replayed.
    Replay,
    /// An order is excluded while it is new, and included again.
    Exclude { pick: usize },
    /// Orders are derived without being posted.
    DryRun,
    /// The same, and it is cancelled.
    CancelledDryRun,
    /// Years go by for what is kept, and what is too old is removed.
    YearsGoBy,
}

/// What is kept grows old: deliveries, postings, dry runs; each order has read otherwise twice, long ago. What orders read
/// as now stays as it is, because the days of corrections come from it.
const YEARS_GO_BY: [&str; 5] = [
    "update inbox set received_at = received_at - interval '1 year'",
    "update document set settled_at = settled_at - interval '3 years' where state = 'posted'",
    "update dry_run set ended_at = ended_at - interval '1 year' where ended_at is not null",
    "insert into evidence (store, order_id, hash, facts, read_at, current_since)
     select store, order_id, 'once-' || days || '-' || gen_random_uuid(), '{}', now() - interval '1 day' * days,
            now() - interval '1 day' * days
       from (select distinct store, order_id from evidence) o, unnest(array[600, 500]) days",
    "update retention set next_at = '-infinity'",
];

impl Desk {
    /// One of them.
    pub fn choose(chance: &mut fastrand::Rng) -> Self {
        match chance.u8(..14) {
            0 => Self::Token,
            1 => Self::Approve,
            2 => Self::Withdraw,
            3 => Self::Poll,
            4 => Self::Reschedule,
            5 => Self::Backfill,
            6 => Self::Hooks,
            7 => Self::Snooze,
            8 => Self::RetryHolds,
            9 => Self::Replay,
            10 => Self::Exclude { pick: chance.usize(..) },
            11 => Self::DryRun,
            12 => Self::CancelledDryRun,
            _ => Self::YearsGoBy,
        }
    }

    /// What leads to a step that only somebody at a desk asks for.
    pub fn leading_to(step: Step, chance: &mut fastrand::Rng) -> Option<Self> {
        Some(match step {
            Step::CreateToken | Step::UseToken | Step::RevokeToken | Step::ForgetAnswer => Self::Token,
            Step::ProposeRules | Step::ApproveRules => Self::Approve,
            Step::CloseProposal => Self::Withdraw,
            Step::WantRun
            | Step::BeginRun
            | Step::EndRun
            | Step::CountRun
            | Step::KeepOrdersPage
            | Step::KeepRefundsPage => Self::Poll,
            Step::SetSchedule => Self::Reschedule,
            Step::CreateBackfill
            | Step::SetBackfill
            | Step::NoteBackfillRange
            | Step::StepBackfill
            | Step::PutOffBackfill => Self::Backfill,
            Step::WishHooks | Step::NoteHooks => Self::Hooks,
            Step::SnoozeHold => Self::Snooze,
            Step::RetryHolds => Self::RetryHolds,
            Step::ReplayOrders | Step::ReplayThese | Step::ReplayDeliveries => Self::Replay,
            Step::ExcludeOrder | Step::IncludeOrder => Self::Exclude { pick: chance.usize(..) },
            Step::CreateDryRun
            | Step::BeginDryRun
            | Step::SelectForDryRun
            | Step::SaveDryRun
            | Step::EndDryRun
            | Step::DropDryRuns => Self::DryRun,
            Step::RemoveDryRuns
            | Step::RemoveDeliveries
            | Step::RemoveEvidence
            | Step::RemoveAttempts
            | Step::EndRetention => Self::YearsGoBy,
            Step::CancelDryRun => Self::CancelledDryRun,
            _ => return None,
        })
    }
}

impl Campaign {
    /// Does something. The program may be dead or dying: then nobody answers, and nothing is owed.
    pub(super) async fn at_the_desk(&mut self, what: Desk) {
        let of_store = format!("/v1/stores/{STORE}");
        match what {
            Desk::Token => drop(self.use_a_token().await),
            Desk::Approve => drop(self.change_rules(true).await),
            Desk::Withdraw => drop(self.change_rules(false).await),
            Desk::Poll => {
                for name in ["orders", "refunds", "webhooks"] {
                    self.ask(&format!("{of_store}/schedules/{name}/run")).await;
                }
            }
            Desk::Reschedule => {
                let wish = json!({ "every_seconds": 600, "paused": false });
                let request = self.world.request(ADMIN, Method::PUT, &format!("{of_store}/schedules/orders"));
                answer(with_json(request, &wish)).await;
            }
            Desk::Backfill => drop(self.backfill(&of_store).await),
            Desk::Hooks => self.ask(&format!("{of_store}/webhooks/install")).await,
            Desk::Snooze => self.snooze(&of_store).await,
            Desk::RetryHolds => {
                answer(self.post(&format!("{of_store}/holds/retry"), &json!({ "all": true }))).await;
            }
            Desk::Replay => {
                answer(self.post(&format!("{of_store}/orders/replay"), &json!({ "all": true }))).await;
                let some: Vec<u64> = self.placed.iter().rev().take(3).map(|order| order.id).collect();
                answer(self.post(&format!("{of_store}/orders/replay"), &json!({ "order_ids": some }))).await;
                answer(self.post(&format!("{of_store}/deliveries/replay"), &json!({ "all": true }))).await;
            }
            Desk::Exclude { pick } => {
                let Some(order) = self.picked(pick) else { return };
                let wish = json!({ "reason": "somebody is not sure" });
                // Whether or not anybody answered: it may have been done.
                self.excluded.insert(order);
                answer(self.post(&format!("{of_store}/orders/{order}/exclude"), &wish)).await;
            }
            Desk::DryRun | Desk::CancelledDryRun => {
                let run = answer(self.post(&format!("{of_store}/dry-runs"), &json!({}))).await;
                let id = run.and_then(|run| run["id"].as_i64());
                if let Some(id) = id.filter(|_| what == Desk::CancelledDryRun) {
                    self.ask(&format!("{of_store}/dry-runs/{id}/cancel")).await;
                }
            }
            Desk::YearsGoBy => {
                for statement in YEARS_GO_BY {
                    self.execute(statement).await;
                }
            }
        }
    }

    /// Includes again what was excluded; answers whether any order may still be excluded.
    pub(super) async fn include_all(&mut self) -> bool {
        for order in self.excluded.clone() {
            let request = self.post(&format!("/v1/stores/{STORE}/orders/{order}/include"), &Value::Null);
            let answered = request.send().await.map(|response| response.status().as_u16());
            // 404 and 409: it is not excluded.
            if answered.is_ok_and(|status| [200, 202, 204, 404, 409].contains(&status)) {
                self.excluded.remove(&order);
            }
        }
        !self.excluded.is_empty()
    }

    async fn use_a_token(&self) -> Option<Value> {
        let (token, id) = self.token("viewer").await?;
        answer(self.world.request(&token, Method::GET, "/v1/companies")).await;
        answer(self.world.request(ADMIN, Method::DELETE, &format!("/v1/tokens/{id}"))).await
    }

    async fn token(&self, role: &str) -> Option<(String, i64)> {
        let wish = json!({ "name": random_id().to_string(), "role": role });
        let made = answer(self.post("/v1/tokens", &wish)).await?;
        Some((made["token"].as_str()?.to_owned(), made["id"].as_i64()?))
    }

    /// Proposes a change of the rules, and ends the proposal.
    async fn change_rules(&self, approve: bool) -> Option<Value> {
        let path = format!("/v1/stores/{STORE}/rules");
        let mut changed = rules();
        changed[0]["note"] = json!(random_id().to_string());
        let request = self.world.request(ADMIN, Method::PUT, &path);
        let proposal = answer(with_json(request, &json!({ "rules": changed }))).await?;
        let id = proposal["id"].as_i64()?;
        if !approve {
            return answer(self.post(&format!("{path}/proposals/{id}/withdraw"), &Value::Null)).await;
        }
        let (other, _) = self.token("approver").await?;
        let request = self.world.request(&other, Method::POST, &format!("{path}/proposals/{id}/approve"));
        answer(request).await
    }

    async fn backfill(&self, of_store: &str) -> Option<Value> {
        let wish = json!({
            "placed_from": format!("{DAY}T00:00:00Z"), "placed_to": format!("{DAY}T23:59:59Z"), "orders_per_minute": 6000
        });
        let made = answer(self.post(&format!("{of_store}/backfills"), &wish)).await?;
        let id = made["id"].as_i64()?;
        self.ask(&format!("{of_store}/backfills/{id}/pause")).await;
        self.ask(&format!("{of_store}/backfills/{id}/resume")).await;
        Some(made)
    }

    async fn snooze(&self, of_store: &str) {
        let holds = answer(self.world.request(ADMIN, Method::GET, &format!("{of_store}/holds"))).await;
        let Some(id) = holds.and_then(|page| page["holds"][0]["id"].as_i64()) else { return };
        let wish = json!({ "until": "2100-01-01T00:00:00Z", "reason": "later" });
        answer(self.post(&format!("{of_store}/holds/{id}/snooze"), &wish)).await;
        self.ask(&format!("{of_store}/holds/{id}/unsnooze")).await;
    }

    /// Asks for something to be done, with an idempotency key.
    pub(super) async fn ask(&self, path: &str) {
        answer(self.post(path, &Value::Null)).await;
    }

    /// A request that changes something, with an idempotency key.
    fn post(&self, path: &str, body: &Value) -> RequestBuilder {
        let request = self.world.request(ADMIN, Method::POST, path);
        let request = request.header("idempotency-key", random_id().to_string());
        if body.is_null() { request } else { with_json(request, body) }
    }
}

fn with_json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request.header("content-type", "application/json").body(body.to_string())
}

/// The JSON of an answer that is no refusal.
async fn answer(request: RequestBuilder) -> Option<Value> {
    let response = request.send().await.ok()?.error_for_status().ok()?;
    serde_json::from_slice(&response.bytes().await.ok()?).ok()
}
