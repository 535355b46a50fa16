/// Longest DNS name and longest label in characters (RFC 1035, 2.3.4).
const NAME_LIMIT: usize = 253;
const LABEL_LIMIT: usize = 63;

/// A name that `/certificates` can be asked about, without its wildcard label: ASCII letters,
/// digits and hyphens, or labels in other letters (U-labels).
///
/// # Errors
/// Says what is wrong with the name, without the name.
pub(crate) fn usable(name: &str) -> Result<&str, String> {
    let name = name.strip_prefix("*.").unwrap_or(name);
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.chars().count() > NAME_LIMIT {
        return Err(format!("it is longer than {NAME_LIMIT} characters"));
    }
    if !name.contains('.') {
        return Err("it has a single label".to_owned());
    }
    name.split('.').try_for_each(label)?;
    Ok(name)
}

fn label(label: &str) -> Result<(), String> {
    if label.is_empty() {
        return Err("it has an empty label".to_owned());
    }
    if label.chars().count() > LABEL_LIMIT {
        return Err(format!("a label is longer than {LABEL_LIMIT} characters"));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err("a label begins or ends with a hyphen".to_owned());
    }
    match label.chars().find(|c| *c != '-' && !c.is_alphanumeric()) {
        Some(c) => Err(format!("U+{:04X} is no letter, digit or hyphen", u32::from(c))),
        None => Ok(()),
    }
}
