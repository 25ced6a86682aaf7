//! Every gateway function, sent by our client over loopback to the sandbox company, and its effect in the company's books.

mod cash;
mod customers;
mod reading;
mod receivables;

use std::time::Duration;

use cartledger::clock::Clock;
use cartledger::intacct::client::{Client, Credentials};
use cartledger::intacct::functions::{Contact, CreateCustomer, Function};
use cartledger::intacct::outcome::Outcome;
use cartledger::intacct::request::{ControlId, FunctionCall};
use cartledger::intacct::response::FunctionResult;
use cartledger::sandbox::intacct::{Company, CompanySettings, Served};
use secrecy::SecretString;
use tokio::net::TcpListener;

/// A sandbox company, a client of it, and a clock for both.
struct Desk {
    company: Company,
    client: Client,
    clock: Clock,
    _served: Served,
}

async fn desk() -> Desk {
    desk_with(|_| {}).await
}

async fn desk_with(adjust: impl FnOnce(&mut CompanySettings)) -> Desk {
    // Fails only when another test has installed it already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let clock = Clock::fixed("2026-07-01T10:15:00Z".parse().unwrap());
    let mut settings = CompanySettings { clock: clock.clone(), ..CompanySettings::default() };
    adjust(&mut settings);
    let company = Company::new(settings.clone()).unwrap();
    let served = company.serve(TcpListener::bind("127.0.0.1:0").await.unwrap()).unwrap();
    let credentials = Credentials {
        sender_id: settings.sender_id,
        sender_password: SecretString::from("sandbox-sender-password"),
        company_id: settings.company_id,
        user_id: settings.user_id,
        user_password: SecretString::from("sandbox-user-password"),
        location_id: None,
    };
    let client = Client::new(&served.gateway_url(), credentials, Duration::from_secs(60), clock.clone()).unwrap();
    Desk { company, client, clock, _served: served }
}

impl Desk {
    async fn outcome(&self, control_id: &str, function: Function) -> Outcome {
        let call = FunctionCall { control_id: ControlId::new(control_id).unwrap(), function };
        self.client.call(&[call]).await.unwrap().remove(0)
    }

    /// Sends one function, which must succeed.
    async fn done(&self, control_id: &str, function: Function) -> FunctionResult {
        match self.outcome(control_id, function).await {
            Outcome::Done(result) => result,
            other => panic!("{control_id}: {other:?}"),
        }
    }

    /// Sends one function; answers the record number of what it made.
    async fn send(&self, control_id: &str, function: Function) -> u64 {
        self.done(control_id, function).await.record_number().unwrap()
    }

    /// Sends one function that must be refused with this text.
    async fn refused(&self, control_id: &str, function: Function, text: &str) {
        match self.outcome(control_id, function).await {
            Outcome::Failed(result) => {
                let said: Vec<_> = result.errors.iter().map(|error| error.description2.as_str()).collect();
                assert!(said.iter().any(|said| said.contains(text)), "{control_id}: expected {text:?} in {said:?}");
            }
            other => panic!("{control_id}: {other:?}"),
        }
    }

    async fn customer(&self, id: &str) -> u64 {
        self.send(&format!("customer-{id}"), customer(id)).await
    }

    fn balance(&self, account: &str) -> String {
        self.company.balance(account).to_string()
    }
}

fn customer(id: &str) -> Function {
    Function::CreateCustomer(Box::new(CreateCustomer {
        customer_id: Some(id.to_owned()),
        name: format!("Buyer {id}"),
        display_contact: Contact {
            name: Some(format!("{id} Buyer")),
            print_as: format!("Buyer {id}"),
            email: Some(format!("{id}@example.com").to_lowercase()),
            ..Contact::default()
        },
        bill_to: None,
        ship_to: None,
        customer_type: None,
        term: None,
        currency: None,
        comments: None,
        custom_fields: Vec::new(),
    }))
}
