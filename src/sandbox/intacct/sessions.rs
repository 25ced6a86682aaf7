//! Sign-in and sessions: who may come in, and for how long.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::ExposeSecret;

use super::answers::SignedIn;
use super::chart::MasterData;
use super::envelope::{Authentication, Control};
use super::refusal::Refusal;
use super::settings::CompanySettings;
use crate::clock;

/// The sessions that were opened. They live in memory only: after a restart everybody signs in again.
#[derive(Debug, Default)]
pub(super) struct Sessions(HashMap<String, SignedIn>);

impl Sessions {
    /// Opens a session for somebody who is signed in, bound to an entity or the top level.
    pub(super) fn open(
        &mut self,
        who: &SignedIn,
        location: Option<String>,
        now: Timestamp,
        length: Duration,
    ) -> (String, SignedIn) {
        let session = SignedIn {
            location,
            started: now,
            expires: later(now, length),
            user: who.user.clone(),
            company: who.company.clone(),
        };
        let id = format!("sandbox.{}", clock::random_id().simple());
        self.0.insert(id.clone(), session.clone());
        (id, session)
    }

    /// Uses a session: its end moves on, because the life of a session slides.
    fn touch(&mut self, id: &str, now: Timestamp, length: Duration) -> Option<SignedIn> {
        let session = self.0.get_mut(id)?;
        if session.expires <= now {
            self.0.remove(id);
            return None;
        }
        session.expires = later(now, length);
        Some(session.clone())
    }

    /// Ends all sessions.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Checks the sender of a request.
///
/// # Errors
/// A refusal of the control section.
pub(super) fn check_sender(control: &Control, settings: &CompanySettings) -> Result<(), Refusal> {
    let known = control.sender_id == settings.sender_id && control.password == settings.sender_password.expose_secret();
    if known { Ok(()) } else { Err(Refusal::sender()) }
}

/// Why nobody was signed in, with what is known about who tried.
pub(super) struct SignInFailure {
    pub(super) user: String,
    pub(super) company: String,
    pub(super) refusal: Refusal,
}

/// Signs an operation in, by user and password or by session.
///
/// # Errors
/// A refusal of the authentication section; nothing was executed.
pub(super) fn sign_in(
    authentication: &Authentication,
    sessions: &mut Sessions,
    settings: &CompanySettings,
    masters: &MasterData,
    now: Timestamp,
) -> Result<SignedIn, SignInFailure> {
    let anonymous = |refusal| SignInFailure { user: String::new(), company: String::new(), refusal };
    match authentication {
        Authentication::Session(id) => {
            sessions.touch(id, now, settings.session_length).ok_or_else(|| anonymous(Refusal::session(id)))
        }
        Authentication::Unsupported => Err(anonymous(Refusal::user())),
        Authentication::Login { user, company, password, location } => {
            let failure = |refusal| SignInFailure { user: user.clone(), company: company.clone(), refusal };
            let known = *user == settings.user_id
                && *company == settings.company_id
                && password == settings.user_password.expose_secret();
            if !known {
                return Err(failure(Refusal::user()));
            }
            if !settings.sender_authorised {
                return Err(failure(Refusal::sender_not_authorised(&settings.sender_id, company)));
            }
            if location.as_deref().is_some_and(|location| !is_entity(masters, location)) {
                return Err(failure(Refusal::user()));
            }
            let expires = later(now, settings.session_length);
            Ok(SignedIn {
                user: user.clone(),
                company: company.clone(),
                location: location.clone(),
                started: now,
                expires,
            })
        }
    }
}

/// Whether one can sign in to that location.
pub(super) fn is_entity(masters: &MasterData, location: &str) -> bool {
    masters.locations.get(location).is_some_and(|location| location.entity)
}

fn later(now: Timestamp, length: Duration) -> Timestamp {
    now.saturating_add(length).unwrap_or(Timestamp::MAX)
}
