use serde_json::Value;

use crate::consoles::Step;
use crate::pages::{Page, root};
use crate::session::Session;

/// Whether everything that is shown is in what was delivered; a list may go on.
fn is_part(shown: &Value, delivered: &Value) -> bool {
    match (shown, delivered) {
        (Value::Object(shown), Value::Object(delivered)) => shown
            .iter()
            .all(|(name, value)| delivered.get(name).is_some_and(|other| is_part(value, other))),
        (Value::Array(shown), Value::Array(delivered)) => {
            shown.len() <= delivered.len()
                && shown.iter().zip(delivered).all(|(shown, delivered)| is_part(shown, delivered))
        }
        _ => shown == delivered,
    }
}

#[test]
fn the_event_that_the_readme_shows_comes_of_the_sample_that_it_shows() {
    let page = Page::read("README.md".to_owned());
    let blocks = page.blocks().into_iter().filter(|block| block.info == "json");
    let blocks: Vec<Value> =
        blocks.map(|block| serde_json::from_str(&block.lines.join("\n")).unwrap()).collect();
    let [sample, shown] = &blocks[..] else { panic!("README.md shows one event in, and one out") };
    let file = "events/digicert/certificate_issued.json";
    let sent = std::fs::read_to_string(root().join(file)).unwrap();
    assert_eq!(sample, &serde_json::from_str::<Value>(&sent).unwrap());

    let mut session = Session::new();
    for command in ["certhooks local --simulate", &format!("certhooks send {file}")] {
        session.run(&Step { command, ..Step::default() }).unwrap();
    }
    let (status, printed) = session.output("certhooks tail --json --from-start --no-follow");
    assert_eq!(status, Some(0), "{printed}");
    let delivered: Value = serde_json::from_str(printed.trim()).unwrap();
    assert!(is_part(shown, &delivered), "README.md shows another event than\n{delivered:#}");
}
