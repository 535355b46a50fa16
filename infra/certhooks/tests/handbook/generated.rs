use crate::pages::{self, root};
use crate::{figures, parameters, settings};

const BEGIN: &str = "<!-- made by `make docs` from ";
const END: &str = "<!-- end -->";

/// What `make docs` writes from a source.
fn made(source: &str) -> String {
    match source {
        "the variables" => settings::variables(),
        "the secrets" => settings::secrets(),
        "infra/aws/template.yaml" => parameters::table(),
        "infra/lab/bench/results/bench.md" => figures::bench(),
        "infra/lab/bench/results/bench.json" => figures::summary(),
        "infra/lab/chaos/results/results.md" => figures::chaos(),
        "infra/lab/year/results/results.md" => figures::year(),
        other => panic!("nothing is made from `{other}`"),
    }
}

/// The page with its generated parts made anew.
fn renewed(text: &str) -> String {
    let mut parts = text.split(BEGIN);
    let mut renewed = parts.next().unwrap().to_owned();
    for part in parts {
        let (source, rest) = part.split_once(" -->\n").unwrap();
        let (_, rest) =
            rest.split_once(END).unwrap_or_else(|| panic!("the part of `{source}` has no `{END}`"));
        renewed += &format!("{BEGIN}{source} -->\n\n{}\n\n{END}{rest}", made(source).trim());
    }
    renewed
}

/// With `HANDBOOK=write` it writes them, as `make docs` does.
#[test]
fn the_generated_parts_are_those_that_make_docs_writes() {
    let writes = std::env::var_os("HANDBOOK").is_some_and(|mode| mode == "write");
    let mut count = 0;
    for page in pages::all() {
        count += page.text.matches(BEGIN).count();
        let renewed = renewed(&page.text);
        if writes && renewed != page.text {
            std::fs::write(root().join(&page.path), &renewed).unwrap();
            continue;
        }
        let lines = page.text.lines().zip(renewed.lines()).find(|(is, due)| is != due);
        assert!(
            renewed == page.text,
            "{}: `make docs` writes another table; the first difference:\n is: {}\n due: {}",
            page.path,
            lines.map_or("", |(is, _)| is),
            lines.map_or("a line more or less", |(_, due)| due),
        );
    }
    assert_eq!(count, 7, "a generated part has lost its mark, or is not in this count");
}
