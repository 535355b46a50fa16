use std::sync::LazyLock;

use boot::COMMIT;

const FEATURES: &[(&str, bool)] =
    &[("aws", cfg!(feature = "aws")), ("simulator", cfg!(feature = "simulator"))];

/// Version, commit and features, such as `0.1.0 (commit 6bb1b9b0c7d2, features: aws)`.
pub(crate) fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let commit =
            COMMIT.map_or("built from source".to_owned(), |commit| format!("commit {commit}"));
        let features: Vec<_> =
            FEATURES.iter().filter(|(_, is_on)| *is_on).map(|(name, _)| *name).collect();
        let features = if features.is_empty() { "none".to_owned() } else { features.join(", ") };
        format!("{} ({commit}, features: {features})", env!("CARGO_PKG_VERSION"))
    });
    &TEXT
}
