use envelope::Checks;

/// Maximum number of findings that a check lists; it counts the rest.
const MAX_LISTED: usize = 3;

/// The result of a check: `ok`, or the findings as one sentence.
pub(crate) fn result_of(findings: &[String]) -> String {
    if findings.is_empty() {
        return Checks::OK.to_owned();
    }
    let listed =
        findings.iter().take(MAX_LISTED).map(String::as_str).collect::<Vec<_>>().join("; ");
    match findings.len().saturating_sub(MAX_LISTED) {
        0 => listed,
        more => format!("{listed}; and {more} more"),
    }
}
