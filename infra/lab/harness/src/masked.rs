use serde_json::Value;

/// Replaces the values of the members with these names, at any depth, for a snapshot of what differs in
/// each run.
#[must_use]
pub fn masked(mut value: Value, names: &[&str]) -> Value {
    match &mut value {
        Value::Object(members) => {
            for (name, member) in members {
                let is_masked = names.contains(&name.as_str()) && !member.is_null();
                *member = if is_masked { "[masked]".into() } else { masked(member.take(), names) };
            }
        }
        Value::Array(items) => {
            items.iter_mut().for_each(|item| *item = masked(item.take(), names));
        }
        _ => {}
    }
    value
}
