use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use embedded::Delivered;
use envelope::{EventType, Provider};
use providers::profile;
use time::OffsetDateTime;

use crate::display::without_prefix;
use crate::time_parsing::parse_time;

/// The state folder where `--state` names none.
pub(crate) const DEFAULT_STATE: &str = ".certhooks";
/// Stands for `--state`, which every command takes.
pub(crate) const STATE_VARIABLE: &str = "CERTHOOKS_STATE";

/// The help text after the options of a command that calls a provider: examples and exit status.
macro_rules! help {
    ($command:literal, $($example:literal),+) => {
        concat!(
            "Examples:\n", $("  certhooks ", $command, " ", $example, "\n",)+
            "\nExit status: 0 done; 1 refused or failed; 2 wrong usage, nothing was sent; ",
            "3 not found."
        )
    };
}
pub(crate) use help;

/// Arguments of nearly every command. In a group they belong to all of its commands.
#[derive(Args, Clone, Debug)]
pub(crate) struct CommonArgs {
    /// State folder of `certhooks local`; its secrets.json holds webhook secrets and may hold API keys
    #[arg(long, global = true, env = STATE_VARIABLE, hide_env_values = true, default_value = DEFAULT_STATE, value_name = "DIR")]
    pub(crate) state: PathBuf,
    /// Print one JSON object a line, errors included
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// The installation that a command works on: a stack where one is named, else the state folder.
#[derive(Args, Clone, Debug)]
pub(crate) struct StackArgs {
    /// CloudFormation stack to work on, instead of a state folder; in released builds, and those with the
    /// feature `aws`
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) stack: Option<String>,
}

/// The webhook endpoint that a command subscribes.
#[derive(Args, Debug)]
pub(crate) struct EndpointArgs {
    /// Address of the webhook endpoint: https, or http on a loopback address; with --stack that of the
    /// stack when unset
    #[arg(long, value_name = "URL", required_unless_present = "stack")]
    pub(crate) endpoint: Option<String>,
    #[command(flatten)]
    pub(crate) stack: StackArgs,
}

/// How a webhook secret is rotated.
#[derive(Args, Debug)]
pub(crate) struct RotationArgs {
    /// End the old secret at once, instead of accepting it for another 24 hours
    #[arg(long, group = "lists", conflicts_with = "roll_back")]
    pub(crate) compromised: bool,
    /// Rotate nothing; only list the archived events since --since that came without the current secret
    #[arg(long, group = "lists", requires = "since", conflicts_with = "roll_back")]
    pub(crate) list: bool,
    /// With --compromised or --list: list the archived events that came without the new secret since this age
    /// or time: 24h, 7d, 2026-11-01 or 2026-11-01T12:00:00Z
    #[arg(long, value_name = "TIME", requires = "lists", value_parser = parse_time)]
    pub(crate) since: Option<OffsetDateTime>,
    /// Undo a rotation that was stopped, and keep the current secret
    #[arg(long)]
    pub(crate) roll_back: bool,
    #[command(flatten)]
    pub(crate) stack: StackArgs,
}

/// A provider, by the name of its row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct ProviderName(pub(crate) Provider);

impl ValueEnum for ProviderName {
    fn value_variants<'a>() -> &'a [Self] {
        static NAMES: LazyLock<Vec<ProviderName>> =
            LazyLock::new(|| profile::ALL.iter().map(|row| ProviderName(row.provider)).collect());
        &NAMES
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(profile::of(self.0).name))
    }
}

/// Selects events by provider, type and id; without any of them, all events.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct EventFilter {
    /// Provider of the events; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Vec<ProviderName>,
    /// Type of the events: certificate_issued, certificate.issued or a full type; may be repeated
    #[arg(long, value_name = "TYPE")]
    pub(crate) event: Vec<String>,
}

impl EventFilter {
    pub(crate) fn is_empty(&self) -> bool {
        self.provider.is_empty() && self.event.is_empty()
    }

    /// Whether the filter names no provider, or this one.
    pub(crate) fn has_provider(&self, is_it: impl Fn(Provider) -> bool) -> bool {
        self.provider.is_empty() || self.provider.iter().any(|name| is_it(name.0))
    }

    /// Whether the filter names no type, or one of these, whole or what stands after a dot in it.
    pub(crate) fn has_event(&self, kinds: &[&str]) -> bool {
        self.event.is_empty()
            || self.event.iter().any(|name| kinds.iter().any(|kind| is_named(name, kind)))
    }
}

/// Whether a name is that of a type, whole or what stands after a dot in it.
fn is_named(name: &str, kind: &str) -> bool {
    kind.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Selects delivered events by provider and type; without any of them, all.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct DeliveryFilter {
    /// Provider of the events; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Vec<ProviderName>,
    /// Type of the events: certificate.issued or certhooks.certificate.issued; may be repeated
    #[arg(long = "type", value_name = "TYPE", value_parser = event_type)]
    pub(crate) kind: Vec<String>,
}

impl DeliveryFilter {
    pub(crate) fn selects(&self, delivered: &Delivered) -> bool {
        let Delivered { provider, kind, .. } = delivered;
        (self.provider.is_empty() || self.provider.iter().any(|name| name.0.as_str() == provider))
            && (self.kind.is_empty() || self.kind.iter().any(|name| is_named(name, kind)))
    }
}

/// A type that is misspelt would select nothing, and a consumer would be handed nothing.
fn event_type(name: &str) -> Result<String, String> {
    let is_known = EventType::ALL.iter().any(|kind| is_named(name, kind.as_str()));
    is_known.then(|| name.to_owned()).ok_or_else(|| {
        let names = EventType::ALL.iter().map(|kind| without_prefix(kind.as_str()));
        format!("must be one of {}", names.collect::<Vec<_>>().join(", "))
    })
}

/// A name as certificates are selected and expected by. What no name can be equal to would select nothing.
pub(crate) fn name_pattern(text: &str) -> Result<String, String> {
    let name = text.trim_end_matches('.').to_lowercase();
    let rest = name.strip_prefix("*.").or_else(|| name.strip_prefix('.')).unwrap_or(&name);
    let is_label = |label: &str| {
        let is_allowed = |one: char| one.is_alphanumeric() || matches!(one, '-' | '_');
        !label.is_empty() && label.chars().all(is_allowed)
    };
    match name.parse::<IpAddr>().is_ok() || rest.split('.').all(is_label) {
        true => Ok(name),
        false => Err("must be a name (shop.example.com), `*.` and one (*.example.com: one label below it), or a \
                      dot and one (.example.com: the name and everything below it)"
            .to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::name_pattern;

    #[test]
    fn a_name_that_nothing_can_be_equal_to_is_refused() {
        for (text, expected) in [
            ("shop.example.com", Some("shop.example.com")),
            ("SHOP.example.", Some("shop.example")),
            ("*.example.com", Some("*.example.com")),
            (".example.com", Some(".example.com")),
            ("_dmarc.xn--bcher-kva.example", Some("_dmarc.xn--bcher-kva.example")),
            ("localhost", Some("localhost")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("*.*.example", None),
            ("*", None),
            ("*.", None),
            (".", None),
            ("", None),
            ("..example", None),
            ("*..example", None),
            (".*.example", None),
            ("shop*.example", None),
            ("a..example", None),
            ("a example", None),
            ("https://shop.example", None),
        ] {
            assert_eq!(name_pattern(text).ok().as_deref(), expected, "{text}");
        }
    }
}
