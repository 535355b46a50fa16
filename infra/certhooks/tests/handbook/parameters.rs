use std::collections::BTreeMap;

use crate::pages::root;

/// A parameter of the template: its attributes by name.
struct Parameter {
    name: String,
    attributes: BTreeMap<String, String>,
}

/// A variable that the template sets for a function, and the text of its value.
pub(crate) struct Variable {
    pub(crate) function: String,
    pub(crate) name: String,
    pub(crate) value: String,
}

/// The parameters of the stack as a table.
pub(crate) fn table() -> String {
    let variables = environment();
    let mut table =
        "| parameter | default | values | sets | |\n| --- | --- | --- | --- | --- |\n".to_owned();
    for Parameter { name, attributes } in parameters() {
        let attribute = |key: &str| attributes.get(key).map(String::as_str);
        let default = attribute("Default").filter(|text| !text.is_empty());
        let default = default.map_or("none".to_owned(), |text| format!("`{text}`"));
        let range = || {
            Some(format!(
                "{} to {}",
                attribute("MinValue")?,
                attribute("MaxValue").unwrap_or("any")
            ))
        };
        let listed = || {
            attribute("AllowedValues").map(|list| list.trim_matches(['[', ']']).replace('"', ""))
        };
        let described = || {
            Some(
                attribute("ConstraintDescription")?
                    .trim_start_matches("must be ")
                    .trim_end_matches('.')
                    .to_owned(),
            )
        };
        let values = listed().or_else(range).or_else(described).unwrap_or_default();
        // A condition `HasX` stands for the parameter `XLayerArn`.
        let words = [name.clone(), format!("Has{}", name.trim_end_matches("LayerArn"))];
        let is_set = |value: &str| {
            value
                .split(|c: char| !c.is_alphanumeric())
                .any(|word| words.iter().any(|name| name == word))
        };
        let mut sets: Vec<_> = variables
            .iter()
            .filter(|one| is_set(&one.value))
            .map(|one| format!("`{}`", one.name))
            .collect();
        sets.sort();
        sets.dedup();
        let what = attribute("Description").unwrap_or_else(|| panic!("{name} has no Description"));
        table += &format!("| `{name}` | {default} | {values} | {} | {what} |\n", sets.join(", "));
    }
    table
}

/// The variables of all functions.
pub(crate) fn environment() -> Vec<Variable> {
    let template = template();
    let (mut function, mut depth, mut found) = (String::new(), None, Vec::new());
    for line in template.lines().filter(|line| !line.trim().is_empty()) {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim_start();
        if indent == 2 && !line.starts_with('#') {
            function = line.trim_end_matches(':').to_owned();
        }
        if line == "Variables:" {
            depth = Some(indent);
        } else if depth.is_some_and(|depth| indent <= depth) {
            depth = None;
        } else if depth.is_some()
            && let Some((name, value)) = line.split_once(": ")
            && !name.starts_with('#')
        {
            found.push(Variable {
                function: function.clone(),
                name: name.to_owned(),
                value: value.to_owned(),
            });
        }
    }
    assert!(found.len() > 20, "the template's variables were not found");
    found
}

/// The block `Parameters` of the template. It is read line by line, since its forms are few: no crate of the
/// tree reads YAML, and none knows CloudFormation's tags.
fn parameters() -> Vec<Parameter> {
    let template = template();
    let block = template.split("\nParameters:\n").nth(1).unwrap();
    let lines = block.lines().take_while(|line| line.is_empty() || line.starts_with(' '));
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut key = String::new();
    for line in lines.filter(|line| !line.trim().is_empty()) {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        match indent {
            2 => parameters.push(Parameter {
                name: line.trim_end_matches(':').to_owned(),
                attributes: BTreeMap::new(),
            }),
            4 => {
                let (name, value) = line.split_once(": ").unwrap();
                key = name.to_owned();
                let value = value.split(" #").next().unwrap().trim();
                let value = if value == ">-" { "" } else { value.trim_matches('"') };
                parameters.last_mut().unwrap().attributes.insert(key.clone(), value.to_owned());
            }
            // Another line of a folded text.
            _ => {
                let text = parameters.last_mut().unwrap().attributes.get_mut(&key).unwrap();
                *text = format!("{text} {line}").trim().to_owned();
            }
        }
    }
    assert!(parameters.len() > 20, "the template's parameters were not found");
    parameters
}

fn template() -> String {
    std::fs::read_to_string(root().join("infra/aws/template.yaml")).unwrap()
}
