use std::time::Duration;

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use processing::correlation::covers;
use time::OffsetDateTime;

use crate::args::{ProviderName, name_pattern};
use crate::inventory::{Logged, Row, State};
use crate::time_parsing::parse_duration;

/// The certificates to show; they must meet every condition that is given.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Selection")]
pub(crate) struct Filter {
    /// DNS name: `*.` before it stands for one label, a dot for the name and everything below it. Wildcard certificates
    /// that stand for the name are selected too; may be repeated
    #[arg(long, value_name = "NAME", value_parser = name_pattern)]
    pub(crate) name: Vec<String>,
    /// Part of the issuer's name, in any case
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) issuer: Option<String>,
    /// Provider of the event that the certificate came with; may be repeated
    #[arg(long, value_name = "NAME")]
    pub(crate) provider: Vec<ProviderName>,
    /// State, or what the logs say; may be repeated
    #[arg(long, value_name = "STATE", value_parser = state)]
    pub(crate) in_state: Vec<String>,
    /// End of the validity within this time from now: 14d, 12h
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) expires_within: Option<Duration>,
    /// No other certificate for its names is known, though it ends within 14 days or has ended
    #[arg(long)]
    pub(crate) overdue: bool,
}

/// A state that is misspelt would select nothing.
fn state(word: &str) -> Result<String, String> {
    let words = || State::ALL.map(State::as_str).into_iter().chain(Logged::ALL.map(Logged::as_str));
    match words().find(|one| *one == word) {
        Some(word) => Ok(word.to_owned()),
        None => {
            let mut words: Vec<_> = words().collect();
            words.sort_unstable();
            words.dedup();
            Err(format!("must be one of {}", words.join(", ")))
        }
    }
}

impl Filter {
    pub(crate) fn selects(&self, row: &Row, now: OffsetDateTime) -> bool {
        let is_one = |word: &String| {
            row.state.as_str() == word || row.logged.is_some_and(|logged| logged.as_str() == word)
        };
        let issuer = row.issuer.to_lowercase();
        (self.name.is_empty() || self.name.iter().any(|name| is_for(row, name)))
            && self.issuer.as_ref().is_none_or(|part| issuer.contains(&part.to_lowercase()))
            && (self.provider.is_empty()
                || self.provider.iter().any(|name| row.source.provider == Some(name.0)))
            && (self.in_state.is_empty() || self.in_state.iter().any(is_one))
            && self.expires_within.is_none_or(|within| ends_within(row, within, now))
            && (!self.overdue || row.is_overdue)
    }
}

fn is_for(row: &Row, wanted: &str) -> bool {
    let mut names = row.names.iter();
    names.any(|name| covers(wanted, name) || covers(name, wanted))
}

fn ends_within(row: &Row, within: Duration, now: OffsetDateTime) -> bool {
    row.not_after.is_some_and(|end| Duration::try_from(end - now).is_ok_and(|left| left <= within))
}

#[cfg(test)]
mod tests {
    use clap::{FromArgMatches, Parser};

    use super::*;
    use crate::inventory::row::tests::history;

    #[derive(Parser)]
    struct Only {
        #[command(flatten)]
        filter: Filter,
    }

    /// Which of these arguments select a certificate for `names` of `CN=Example CA` that ends in ten days.
    fn selects(arguments: &str, names: &[&str]) -> bool {
        let command = <Only as clap::CommandFactory>::command().no_binary_name(true);
        let matches = command.try_get_matches_from(arguments.split(' ')).unwrap();
        let filter = Only::from_arg_matches(&matches).unwrap().filter;
        let now = OffsetDateTime::now_utc();
        let row = Row::of(&history("c", "certhooks.certificate.issued", names, 37, 10), now);
        filter.selects(&row.unwrap(), now)
    }

    #[test]
    fn names_with_wildcards_and_everything_below() {
        let names = &["shop.example", "*.lab.example"];
        for (wanted, expected) in [
            ("shop.example", true),
            ("SHOP.example.", true),
            ("a.shop.example", false),
            ("*.example", true),
            ("*.shop.example", false),
            (".example", true),
            (".shop.example", true),
            (".b.example", false),
            ("a.lab.example", true),
            ("*.lab.example", true),
            ("a.b.lab.example", false),
            ("example", false),
        ] {
            assert_eq!(selects(&format!("--name {wanted}"), names), expected, "{wanted}");
        }
    }

    #[test]
    fn every_condition_must_be_met() {
        for (arguments, expected) in [
            ("--issuer example", true),
            ("--issuer encrypt", false),
            ("--provider digicert", true),
            ("--provider cloudflare", false),
            ("--provider cloudflare --provider digicert", true),
            ("--in-state overdue", true),
            ("--in-state valid", false),
            ("--in-state valid --in-state overdue", true),
            ("--in-state missing", false),
            ("--expires-within 11d", true),
            ("--expires-within 9d", false),
            ("--expires-within 1000000y", true),
            ("--overdue", true),
            ("--overdue --issuer encrypt", false),
        ] {
            assert_eq!(selects(arguments, &["a.example"]), expected, "{arguments}");
        }
    }
}
