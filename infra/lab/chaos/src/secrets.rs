//! Unmistakable secrets in the place of every provider's, and the [`scanner`] that searches output for them.

use harness::SecretScanner;
use providers::profile::{self, Profile};
use providers::secret_member::SecretMember;
use secrecy::SecretString;
use serde_json::{Map, Value};
use simulator::{Settings, Simulator};

/// The token of an ownership challenge. It is stored for the operator, and nowhere else.
pub(crate) const CHALLENGE: &str = "marker/challenge+token=5d41402a";

/// The planted value of a secret. It has the characters that encodings change, and more than 32 of them.
pub(crate) fn planted(member: &SecretMember) -> String {
    format!("marker/{}+planted=5d41402abc4b2a76", member.name)
}

/// A scanner for all planted secrets, and for the lines of `keys`, which are private keys in PEM.
pub(crate) fn scanner(keys: &[&str]) -> SecretScanner {
    let members = profile::ALL.iter().flat_map(|profile| members(profile));
    let mut secrets: Vec<String> = members.map(planted).collect();
    secrets.push(CHALLENGE.to_owned());
    SecretScanner::new(&secrets.iter().map(String::as_str).collect::<Vec<_>>(), keys)
}

/// All secrets of a provider.
pub(crate) fn members(profile: &'static Profile) -> impl Iterator<Item = &'static SecretMember> {
    profile.webhook_secret.iter().chain([&profile.api.secret])
}

/// The webhook secret of a provider, as it is stored.
pub(crate) fn webhook_secret(profile: &Profile) -> SecretString {
    stored(profile.webhook_secret).into()
}

/// A secret of these members, as Secrets Manager holds it.
pub(crate) fn stored(members: &[SecretMember]) -> String {
    let values = members.iter().map(|member| (member.stored_as.to_owned(), planted(member).into()));
    Value::Object(values.collect::<Map<_, _>>()).to_string()
}

/// The simulated providers, which accept the planted API keys only.
pub(crate) async fn simulator() -> anyhow::Result<Simulator> {
    let mut settings = Settings::default();
    for profile in profile::ALL {
        settings.expect_key(profile.provider.as_str(), planted(&profile.api.secret).into());
    }
    Simulator::start("127.0.0.1:0".parse()?, settings).await
}

/// The variables that point the worker to simulated providers, as for real ones: `base` is the address by the
/// provider's name. The simulator has no rate limits.
pub(crate) fn api_variables(base: impl Fn(&str) -> String) -> Vec<(String, String)> {
    let variables = profile::ALL.iter().flat_map(|profile| {
        let api = &profile.api;
        let settings = api.simulation.iter().map(|(name, value)| (*name, (*value).to_owned()));
        let own = [
            (api.base_variable, base(profile.provider.as_str())),
            (api.budget_variable, "none".to_owned()),
        ];
        settings.chain(own)
    });
    variables.map(|(name, value)| (name.to_owned(), value)).collect()
}
