/// [`SecretMember::min_length`] where the provider sets none. What is shorter can be guessed.
pub(crate) const MIN_LENGTH: usize = 16;

/// One value of a stored secret, under the three names by which operators know it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SecretMember {
    /// Member of the JSON object that Secrets Manager holds.
    pub stored_as: &'static str,
    /// Member of `secrets.json` in the state folder of `certhooks local`.
    pub name: &'static str,
    /// Environment variable that is used instead of `secrets.json` where it is set.
    pub variable: &'static str,
    /// The least number of characters. 0 for what is no secret of the operator's choice.
    pub min_length: usize,
}
