use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Display;
use std::str::FromStr;

/// The environment variables at the start of the program.
#[derive(Clone)]
pub struct Environment(BTreeMap<String, String>);

/// A variable that is missing or invalid, which stops the start.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {problem}")]
pub struct SettingError {
    pub name: &'static str,
    pub problem: String,
}

impl Environment {
    /// Reads the variables of this process. Invalid Unicode is replaced by U+FFFD rather than dropped,
    /// so that an invalid setting does not count as unset.
    pub fn of_process() -> Self {
        let text = |text: OsString| text.to_string_lossy().into_owned();
        std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect()
    }

    /// Returns a variable without surrounding white space; `None` when it is unset or empty.
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// Returns the variables with one of them replaced, for a part that is simulated.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// # Errors
    /// When the variable is unset.
    pub fn required(&self, name: &'static str) -> Result<&str, SettingError> {
        self.optional(name).ok_or_else(|| SettingError::new(name, "is required, but not set"))
    }

    /// Parses a variable; `None` when it is unset.
    ///
    /// # Errors
    /// When the value is invalid. The error repeats it, so this is not for secrets.
    pub fn parsed<T>(&self, name: &'static str) -> Result<Option<T>, SettingError>
    where
        T: FromStr<Err: Display>,
    {
        self.optional(name)
            .map(|value| {
                value
                    .parse()
                    .map_err(|error: T::Err| SettingError::new(name, format!("`{value}`: {error}")))
            })
            .transpose()
    }

    /// Parses `true` or `false`; an unset variable is `false`.
    ///
    /// # Errors
    /// When the value is another one.
    pub fn flag(&self, name: &'static str) -> Result<bool, SettingError> {
        match self.optional(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(_) => Err(SettingError::new(name, "must be `true` or `false`")),
        }
    }
}

impl SettingError {
    pub fn new(name: &'static str, problem: impl Into<String>) -> Self {
        Self { name, problem: problem.into() }
    }
}

impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        Self(variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::Environment;

    #[test]
    fn errors_name_the_variable() {
        let environment: Environment =
            [("LIMIT", "many"), ("FLAG", "maybe"), ("EMPTY", " ")].into_iter().collect();
        let error = |result: Result<(), super::SettingError>| result.unwrap_err().to_string();

        assert_eq!(
            error(environment.parsed::<u32>("LIMIT").map(drop)),
            "LIMIT: `many`: invalid digit found in string"
        );
        assert_eq!(error(environment.flag("FLAG").map(drop)), "FLAG: must be `true` or `false`");
        assert_eq!(
            error(environment.required("EMPTY").map(drop)),
            "EMPTY: is required, but not set"
        );
    }
}
