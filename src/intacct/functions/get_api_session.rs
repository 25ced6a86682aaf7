//! `getAPISession`: asks for a session and the endpoint that serves it (Intacct docs, API sessions).

use crate::intacct::xml::XmlWriter;

/// In which entity of a multi-entity company a session works.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SessionLocation {
    /// Wherever the web services user signs in by default.
    #[default]
    UserDefault,
    /// The top level of the company, above all entities.
    TopLevel,
    /// One entity, by its location id.
    Entity(String),
}

/// Asks for a session. A session belongs to a user, a company and a location.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GetApiSession {
    /// The entity the session is for.
    pub location: SessionLocation,
}

impl GetApiSession {
    pub(super) fn write(&self, writer: &mut XmlWriter) {
        match &self.location {
            SessionLocation::UserDefault => writer.empty("getAPISession"),
            SessionLocation::TopLevel => writer.element("getAPISession", |writer| writer.empty("locationid")),
            SessionLocation::Entity(id) => writer.element("getAPISession", |writer| writer.text("locationid", id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_location_decides_the_element() {
        let written = |location| {
            let mut writer = XmlWriter::new();
            GetApiSession { location }.write(&mut writer);
            writer.finish()
        };
        assert_eq!(written(SessionLocation::UserDefault), "<getAPISession/>");
        assert_eq!(written(SessionLocation::TopLevel), "<getAPISession><locationid/></getAPISession>");
        assert_eq!(
            written(SessionLocation::Entity("100".into())),
            "<getAPISession><locationid>100</locationid></getAPISession>"
        );
    }
}
