use serde_json::Value;

use crate::pages::root;

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The tables of `make bench`.
pub(crate) fn bench() -> String {
    read("infra/lab/bench/results/bench.md")
}

/// The table of `make chaos`, without the boundaries of each kill after it.
pub(crate) fn chaos() -> String {
    let text = read("infra/lab/chaos/results/results.md");
    text.split("\n**").next().unwrap().to_owned()
}

/// The table of `make year`.
pub(crate) fn year() -> String {
    read("infra/lab/year/results/results.md")
}

/// What the README says of speed, from the figures of `make bench`.
pub(crate) fn summary() -> String {
    let results: Value = serde_json::from_str(&read("infra/lab/bench/results/bench.json")).unwrap();
    let targets = results["targets"].as_array().unwrap();
    let measured = |beginning: &str| {
        let target =
            targets.iter().find(|target| target["name"].as_str().unwrap().starts_with(beginning));
        let target = target.unwrap_or_else(|| panic!("bench.json has no target `{beginning}…`"));
        let value = target["measured"]
            .as_f64()
            .unwrap_or_else(|| panic!("`{beginning}…` was not measured"));
        let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
        format!("{value:.decimals$}{}", target["unit"].as_str().unwrap())
    };
    format!(
        "- A cold start to the first acknowledged webhook takes {} at 256 MB. From there up it is at least {} faster than the same in Python, {} than in\n  \
         Node.js, and takes at most {} the time of a bare `lambda_http` handler. A webhook function needs {} of memory.\n\
         - Warm, an acknowledgement takes {} the time of that handler. [Performance](infra/docs/performance.md) has the tables, `make bench` takes them.\n\
         - 10,000 certificates of 47 days cost about 17 USD a month on AWS, nearly all of it fixed ([arithmetic](infra/docs/aws.md#what-it-costs), not a bill).",
        measured("cold start at the template's"),
        measured("cold start, Python"),
        measured("cold start, Node.js"),
        measured("cold start, Certhooks to the floor"),
        measured("peak memory of a webhook function"),
        measured("warm acknowledgement"),
    )
}
