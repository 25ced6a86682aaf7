//! What the company alone allows: as many clients as it takes requests at a time, which only ask.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::{BenchSyncArguments, ROUNDS, stand};
use crate::clock::Clock;
use crate::intacct::client::{Client, Credentials};
use crate::intacct::functions::Function;
use crate::intacct::lookup;
use crate::intacct::request::{ControlId, FunctionCall};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Requests per second of clients that ask one after the other each.
pub(super) async fn requests_per_second(arguments: &BenchSyncArguments) -> anyhow::Result<f64> {
    let company = stand::open_company(arguments.concurrency.get())?;
    let served = company.serve(TcpListener::bind("127.0.0.1:0").await?)?;
    let credentials = Credentials {
        sender_id: "sandbox_sender".into(),
        sender_password: SecretString::from("sandbox-sender-password"),
        company_id: "SANDBOX".into(),
        user_id: "ws_cartledger".into(),
        user_password: SecretString::from("sandbox-user-password"),
        location_id: None,
    };
    let client = Arc::new(Client::new(&served.gateway_url(), credentials, TIMEOUT, Clock::system())?);
    client.sign_in().await?;
    stand::slow_down(&company, arguments.latency());
    let started = Instant::now();
    let clients = (0..arguments.concurrency.get()).map(|number| {
        let client = client.clone();
        tokio::spawn(async move {
            for round in 0..ROUNDS {
                let control_id = ControlId::new(format!("{number}-{round}"))?;
                client.call(&[FunctionCall { control_id, function: Function::Query(lookup::ping()) }]).await?;
            }
            anyhow::Ok(())
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await??;
    }
    Ok(f64::from(ROUNDS * arguments.concurrency.get()) / started.elapsed().as_secs_f64())
}
