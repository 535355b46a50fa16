//! All certificates that the ledger knows, as the page and the commands `certificates` and `forecast` show them.
//!
//! - [`row`]: one certificate, and its state
//! - [`validity`]: how long certificates may be valid, and when their renewal is expected and overdue
//! - [`filter`]: the certificates that an operator selects
//! - [`reading`]: how much was read of the ledger, for who waits for it and pays for it

mod filter;
mod reading;
mod row;
mod validity;

use std::cmp::Ordering;
use std::collections::HashMap;

pub(crate) use filter::Filter;
use ports::{History, PortResult};
pub(crate) use reading::Reading;
#[cfg(test)]
pub(crate) use row::tests::row_between;
pub(crate) use row::{Logged, Row, State, issuer_name};
use time::OffsetDateTime;
pub(crate) use validity::{VALIDITIES, renewal_lead};

use crate::installation::{Installation, OnPage};

/// Reads all certificates, by state and expiry.
pub(crate) async fn read(
    installation: &dyn Installation,
    on_page: OnPage<'_>,
) -> PortResult<Vec<Row>> {
    let histories = installation.all_histories(on_page).await?;
    Ok(rows(&histories, OffsetDateTime::now_utc()))
}

/// The certificates of these histories, by state and expiry.
pub(crate) fn rows(histories: &[History], now: OffsetDateTime) -> Vec<Row> {
    let mut rows = joined(histories.iter().filter_map(|history| Row::of(history, now)));
    mark_replaced(&mut rows);
    rows.sort_by(|one, other| one.state.cmp(&other.state).then_with(|| by_expiry(one, other)));
    rows
}

/// What ends first comes first, and what is not known last.
pub(crate) fn by_expiry(one: &Row, other: &Row) -> Ordering {
    let key = |row: &Row| (row.not_after.is_none(), row.not_after);
    key(one).cmp(&key(other))
}

/// A certificate that both its provider and the logs show becomes one row. The correlation has decided that they are
/// the same; by serial number they are found where the provider tells no more (Cloudflare).
fn joined(all: impl Iterator<Item = Row>) -> Vec<Row> {
    let (of_logs, mut rows): (Vec<_>, Vec<_>) = all.partition(|row| row.logged.is_some());
    let mut known = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        match &row.tbs_sha256 {
            Some(tbs_sha256) => drop(known.insert(tbs_sha256.clone(), at)),
            None => known.extend(row.serial_numbers.iter().map(|serial| (serial.clone(), at))),
        }
    }
    for row in of_logs {
        let names = row.tbs_sha256.iter().chain(&row.serial_numbers);
        let same = names.filter_map(|name| known.get(name)).next();
        match same.filter(|_| row.logged != Some(Logged::Unexpected)) {
            Some(at) => rows[*at].logged = row.logged,
            None => rows.push(row),
        }
    }
    rows
}

/// Marks those for all of whose names another certificate is known that is valid for longer: of several, the one that
/// ends first.
fn mark_replaced(rows: &mut [Row]) {
    let mut by_name = HashMap::<&str, Vec<(OffsetDateTime, usize)>>::new();
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.is_current()) {
        for name in &row.names {
            by_name.entry(name).or_default().extend(row.not_after.map(|end| (end, at)));
        }
    }
    by_name.values_mut().for_each(|list| list.sort_unstable());
    let replacement = |row: &Row| {
        let (end, list) = (row.not_after?, by_name.get(row.names.first()?.as_str())?);
        let later = &list[list.partition_point(|(other, _)| *other <= end)..];
        let covers = |other: &Row| row.names.iter().all(|name| other.names.contains(name));
        later.iter().map(|(_, at)| *at).find(|at| covers(&rows[*at]))
    };
    let current = rows.iter().enumerate().filter(|(_, row)| row.is_current());
    let replaced: Vec<_> = current.filter_map(|(at, row)| Some((at, replacement(row)?))).collect();
    for (at, by) in replaced {
        rows[at].replaced_by = Some(rows[by].certificate.clone());
        rows[at].state = State::Replaced;
        rows[at].is_overdue = false;
    }
}

#[cfg(test)]
mod tests {
    use super::row::tests::{history, issued};
    use super::*;

    const ISSUED: &str = "certhooks.certificate.issued";

    /// State, what the logs say, and the replacement, by name in the ledger.
    fn states(histories: &[History]) -> HashMap<String, (State, Option<Logged>, Option<String>)> {
        let rows = rows(histories, OffsetDateTime::now_utc()).into_iter();
        rows.map(|row| (row.certificate, (row.state, row.logged, row.replaced_by))).collect()
    }

    #[test]
    fn a_replacement_has_all_names_and_is_valid_for_longer() {
        let found = states(&[
            history("a/old", ISSUED, &["a.example"], 40, 7),
            history("a/new", ISSUED, &["b.example", "A.example"], 1, 46),
            history("a/newest", ISSUED, &["a.example"], 0, 47),
            history("b/two-names", ISSUED, &["b.example", "c.example"], 40, 7),
            history("c/old", ISSUED, &["c.example"], 40, 7),
            history("c/revoked", "certhooks.certificate.revoked", &["c.example"], 1, 46),
            // A duplicate, valid for as long, replaces nothing.
            history("d/one", ISSUED, &["d.example"], 1, 46),
            history("d/other", ISSUED, &["d.example"], 1, 46),
        ]);
        for (certificate, state, by) in [
            ("a/old", State::Replaced, Some("a/new")),
            ("a/new", State::Valid, None),
            ("a/newest", State::Valid, None),
            ("b/two-names", State::Overdue, None),
            ("c/old", State::Overdue, None),
            ("c/revoked", State::Revoked, None),
            ("d/one", State::Valid, None),
            ("d/other", State::Valid, None),
        ] {
            assert_eq!(found[certificate], (state, None, by.map(str::to_owned)), "{certificate}");
        }
    }

    #[test]
    fn what_the_logs_show_of_a_known_certificate_is_no_certificate_of_its_own() {
        let of_logs = |certificate: &str, kind: &str, tbs: &str, serial: &str| {
            let mut history = history(certificate, kind, &["a.example"], 1, 46);
            history.entries[0].tbs_sha256 = Some(tbs.to_owned());
            history.entries[0].serial_numbers = vec![serial.to_owned()];
            history
        };
        let mut cloudflare = history("cloudflare/1", ISSUED, &["a.example"], 1, 46);
        cloudflare.entries[0].serial_numbers = vec!["0B".to_owned(), "0C".to_owned()];
        let found = states(&[
            of_logs("digicert/1", ISSUED, "tbs-1", "0A"),
            cloudflare,
            of_logs("ct/1", "certhooks.ct.certificate_missing", "tbs-1", "0A"),
            of_logs("ct/2", "certhooks.ct.certificate_expected", "tbs-2", "0C"),
            // By the operator's announcement of its key or issuer.
            of_logs("ct/3", "certhooks.ct.certificate_resolved", "tbs-3", "0D"),
            // A serial number alone says nothing where the correlation says that it is not known.
            of_logs("ct/4", "certhooks.ct.certificate_unexpected", "tbs-4", "0B"),
            // Where more is known, the serial number is not asked.
            of_logs("ct/5", "certhooks.ct.certificate_expected", "tbs-5", "0A"),
        ]);
        let expected = [
            ("digicert/1", State::Valid, Some(Logged::Missing)),
            ("cloudflare/1", State::Valid, Some(Logged::Expected)),
            ("ct/3", State::Valid, Some(Logged::Resolved)),
            ("ct/4", State::Unexpected, Some(Logged::Unexpected)),
            ("ct/5", State::Valid, Some(Logged::Expected)),
        ];
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (certificate, state, logged) in expected {
            assert_eq!(found[certificate], (state, logged, None), "{certificate}");
        }
    }

    #[test]
    fn the_most_urgent_comes_first_and_then_what_ends_first() {
        let rows = rows(
            &[issued("valid", 1, 46), issued("later", 30, 9), issued("overdue", 40, 7)],
            OffsetDateTime::now_utc(),
        );
        let names: Vec<_> = rows.iter().map(|row| row.certificate.as_str()).collect();
        assert_eq!(names, ["overdue", "later", "valid"]);
    }
}
