//! The state of a sign-in: session id, endpoint and how long it lasts (Intacct docs, API sessions).

use std::time::Duration;

use jiff::Timestamp;
use reqwest::Url;
use secrecy::SecretString;

/// A session is given up this long before its end, so that no request is under way when it ends.
const MARGIN: Duration = Duration::from_secs(60);

/// A session of one user in one company and entity.
#[derive(Clone, Debug)]
pub struct Session {
    /// The secret that authenticates requests.
    pub id: SecretString,
    /// Where requests of this session go.
    pub endpoint: Url,
    /// Location id of the entity it works in; `None` is the top level.
    pub entity: Option<String>,
    /// When it ends unless it is used; `None` when the gateway did not say.
    pub ends: Option<Timestamp>,
}

impl Session {
    /// Whether a new session is needed before the next request.
    pub fn needs_sign_in(&self, now: Timestamp) -> bool {
        self.ends.is_some_and(|ends| now.saturating_add(MARGIN).map_or(true, |soon| soon >= ends))
    }

    /// Takes the end that an answer announced: every use moves it.
    pub fn slide(&mut self, ends: Option<Timestamp>) {
        if ends > self.ends {
            self.ends = ends;
        }
    }
}

/// Why the endpoint of a new session is not trusted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "Intacct named {endpoint:?} as the endpoint of the session, which is neither the configured address nor an https address of intacct.com: check intacct.base_url"
)]
pub struct UntrustedEndpoint {
    /// What the answer named.
    pub endpoint: String,
}

/// Decides where a session's requests go. An answer must not send our session elsewhere: only the origin of the base
/// address, or https on a host of intacct.com, is accepted.
///
/// # Errors
/// [`UntrustedEndpoint`] for everything else.
pub fn trusted_endpoint(base: &Url, endpoint: &str) -> Result<Url, UntrustedEndpoint> {
    let refused = || UntrustedEndpoint { endpoint: endpoint.chars().take(200).collect() };
    let url = Url::parse(endpoint.trim()).map_err(|_| refused())?;
    let anonymous = url.username().is_empty() && url.password().is_none();
    let at_intacct = url.scheme() == "https"
        && url.port().is_none()
        && url.host_str().is_some_and(|host| host == "intacct.com" || host.ends_with(".intacct.com"));
    if anonymous && (url.origin() == base.origin() || at_intacct) { Ok(url) } else { Err(refused()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn session(ends: Option<&str>) -> Session {
        Session {
            id: "secret".into(),
            endpoint: url("https://api.intacct.com/ia/xml/xmlgw.phtml"),
            entity: None,
            ends: ends.map(|ends| ends.parse().unwrap()),
        }
    }

    #[test]
    fn a_session_is_renewed_shortly_before_it_ends() {
        let session = session(Some("2026-07-01T12:00:00Z"));
        assert!(!session.needs_sign_in("2026-07-01T11:58:59Z".parse().unwrap()));
        assert!(session.needs_sign_in("2026-07-01T11:59:00Z".parse().unwrap()));
        assert!(session.needs_sign_in(Timestamp::MAX));
        assert!(!super::tests::session(None).needs_sign_in(Timestamp::MAX));
    }

    #[test]
    fn the_end_only_moves_forward() {
        let mut session = session(Some("2026-07-01T12:00:00Z"));
        session.slide(Some("2026-07-01T11:00:00Z".parse().unwrap()));
        session.slide(None);
        assert_eq!(session.ends.unwrap().to_string(), "2026-07-01T12:00:00Z");
        session.slide(Some("2026-07-01T13:00:00Z".parse().unwrap()));
        assert_eq!(session.ends.unwrap().to_string(), "2026-07-01T13:00:00Z");
    }

    #[test]
    fn the_session_id_is_not_shown() {
        assert!(!format!("{:?}", session(None)).contains("secret"));
    }

    #[test]
    fn only_the_base_and_intacct_itself_may_serve_a_session() {
        let live = url("https://api.intacct.com/ia/xml/xmlgw.phtml");
        let local = url("http://127.0.0.1:8200/ia/xml/xmlgw.phtml");
        assert!(trusted_endpoint(&live, "https://www-p02.intacct.com/ia/xml/xmlgw.phtml").is_ok());
        assert!(trusted_endpoint(&local, "http://127.0.0.1:8200/other").is_ok());
        for bad in [
            "http://api.intacct.com/ia/xml/xmlgw.phtml",
            "https://api.intacct.com.evil.example/",
            "https://evilintacct.com/",
            "https://api.intacct.com@evil.example/",
            "https://user@api.intacct.com/",
            "https://api.intacct.com:8443/",
            "http://127.0.0.1:8200/",
            "/ia/xml/xmlgw.phtml",
            "",
        ] {
            assert!(trusted_endpoint(&live, bad).is_err(), "{bad}");
        }
        assert!(trusted_endpoint(&local, "http://127.0.0.1:8201/").is_err());
    }
}
