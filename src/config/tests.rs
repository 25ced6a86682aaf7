//! How settings are read, merged and refused.

use secrecy::ExposeSecret;

use super::*;

const EXAMPLE: &str = include_str!("../../cartledger.example.toml");

fn refused(text: &str) -> String {
    Config::from_text(Some(("test.toml", text)), &Environment::default()).unwrap_err().to_string()
}

#[test]
fn the_defaults_alone_are_complete() {
    let config = Config::from_text(None, &Environment::default()).unwrap();
    assert_eq!(config.server.listen, "127.0.0.1:8080");
    assert!(config.stores.is_empty());
}

#[test]
fn the_example_in_the_repository_loads() {
    let config = Config::from_text(Some(("cartledger.example.toml", EXAMPLE)), &Environment::default()).unwrap();
    assert_eq!(config.stores.len(), 1);
    assert_eq!(config.company(&config.stores[0].company).unwrap().concurrency, 2);
}

#[test]
fn the_environment_overrides_the_file() {
    let environment =
        Environment::of([("CARTLEDGER_SERVER__LISTEN", "0.0.0.0:9"), ("CARTLEDGER_WORKER__CONCURRENCY", "3")]);
    let config = Config::from_text(Some(("t", "[server]\nlisten = \"x\"")), &environment).unwrap();
    assert_eq!((config.server.listen.as_str(), config.worker.concurrency), ("0.0.0.0:9", 3));
}

#[test]
fn a_misspelt_setting_is_named() {
    assert!(refused("[server]\nlisten_on = \"x\"").contains("listen_on"));
}

#[test]
fn a_secret_written_into_the_settings_is_refused() {
    let text = EXAMPLE.replace(r#"access_token = { env = "BIGCOMMERCE_ACCESS_TOKEN" }"#, r#"access_token = "abc""#);
    assert_ne!(text, EXAMPLE);
    assert!(refused(&text).contains("access_token"));
}

#[test]
fn a_lease_shorter_than_a_slow_answer_is_refused() {
    let text = format!("[worker]\nlease_seconds = 30\n{EXAMPLE}");
    assert!(refused(&text).contains("outlive the lease"));
}

#[test]
fn fewer_connections_than_deliveries_that_may_wait_are_refused() {
    let text = "[server]\nconnections_max = 100\nwaiting_deliveries_max = 100\n";
    assert!(refused(text).contains("must be more than waiting_deliveries_max (100)"));
    for name in ["idle_connection_seconds", "body_seconds"] {
        assert!(refused(&format!("[server]\n{name} = 0\n")).contains(&format!("server.{name}")));
    }
}

#[test]
fn a_store_of_an_unknown_company_is_refused() {
    let text = EXAMPLE.replace("company = \"acme\"", "company = \"other\"");
    assert!(refused(&text).contains("no company named 'other'"));
}

#[test]
fn secrets_come_from_the_environment_and_say_when_missing() {
    let source = SecretSource::Env("TOKEN".into());
    let found = source.fetch("x", &Environment::of([("TOKEN", "s3cret\n")])).unwrap();
    assert_eq!(found.expose_secret(), "s3cret");
    assert!(
        source
            .fetch("stores.a.access_token", &Environment::default())
            .unwrap_err()
            .to_string()
            .contains("TOKEN is not set")
    );
}
