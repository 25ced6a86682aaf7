//! Where secrets come from: the environment or a file, never the settings themselves.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use secrecy::SecretString;
use serde::Deserialize;

use super::ConfigError;

/// The environment variables the program was started with; a value, so that tests bring their own.
#[derive(Clone, Default)]
pub struct Environment(pub(super) BTreeMap<String, String>);

impl Environment {
    /// The process's own.
    pub fn of_process() -> Self {
        Self(std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?))).collect())
    }

    /// Exactly these.
    pub fn of<const N: usize>(variables: [(&str, &str); N]) -> Self {
        Self(variables.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect())
    }

    /// A variable's value; empty counts as missing.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Environment {
    /// Names only: values may be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// Where a secret is. Never the secret itself: settings files are copied, mailed and committed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SecretSource {
    /// In this environment variable.
    Env(String),
    /// In this file; blanks at its end are cut off.
    File(PathBuf),
}

impl SecretSource {
    /// Fetches the secret; `name` is the setting, for the message.
    ///
    /// # Errors
    /// [`ConfigError::Secret`] when it is not there or empty.
    pub fn fetch(&self, name: &str, environment: &Environment) -> Result<SecretString, ConfigError> {
        let missing = |why: String| ConfigError::Secret { name: name.to_owned(), why };
        let text = match self {
            Self::Env(variable) => environment
                .get(variable)
                .ok_or_else(|| {
                    missing(format!("environment variable {variable} is not set; export it and start again"))
                })?
                .to_owned(),
            Self::File(path) => std::fs::read_to_string(path)
                .map_err(|why| missing(format!("file {} cannot be read: {why}", path.display())))?,
        };
        let text = text.trim_end();
        if text.is_empty() {
            return Err(missing("it is empty".to_owned()));
        }
        Ok(SecretString::from(text.to_owned()))
    }
}
