use std::path::Path;

use embedded::{ConsumerStatus, Options, Reader, State};
use envelope::rfc3339;
use serde_json::json;

use crate::display::whole_seconds;
use crate::error::{CommandError, CommandResult};
use crate::output::{Output, say};

pub(crate) async fn list(folder: &Path, output: Output) -> CommandResult<()> {
    let consumers = Reader::open(folder)?.consumers().await?;
    if consumers.is_empty() && !output.json {
        say!("no consumers; `certhooks forward --consumer NAME` makes one");
    } else if !output.json {
        say!("{}", line(["NAME", "BEHIND", "WAITING", "SET ASIDE", "EXPIRED", "OLDEST NOT TAKEN"]));
    }
    for status in &consumers {
        let ConsumerStatus { name, created, behind, waiting, set_aside, oldest, expired, .. } =
            status;
        let counts = [behind, waiting, set_aside, expired].map(u32::to_string);
        let oldest_text = oldest.map_or_else(|| "-".to_owned(), whole_seconds);
        let text = line([name, &counts[0], &counts[1], &counts[2], &counts[3], &oldest_text]);
        let value = json!({
            "name": name, "created": rfc3339(*created), "behind": behind, "waiting": waiting,
            "set_aside": set_aside, "expired": expired, "oldest": oldest.map(rfc3339),
        });
        output.say(&text, &value);
    }
    Ok(())
}

fn line([name, behind, waiting, set_aside, expired, oldest]: [&str; 6]) -> String {
    format!("{name:<24} {behind:<8} {waiting:<8} {set_aside:<10} {expired:<8} {oldest}")
}

pub(crate) async fn remove(folder: &Path, name: &str, output: Output) -> CommandResult<()> {
    let state = State::join(folder, Options::default())?;
    if !state.remove_consumer(name).await? {
        return Err(CommandError::not_found(format!(
            "{name}: no such consumer; find it with `certhooks forward consumers`"
        )));
    }
    output.say(&format!("removed {name}"), &json!({ "removed": name }));
    Ok(())
}
