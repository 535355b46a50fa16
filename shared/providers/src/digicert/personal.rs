use serde_json::value::RawValue;

use crate::json::{self, Member, Members};

/// The document without the e-mail addresses in it, which are people's (`orderApprovalEmails`, "CertCentral
/// event types"), wherever they stand. All else stays byte for byte, but for white space around the members of
/// the objects that held one. `None` for a document without any.
pub(super) fn without_emails(document: &RawValue) -> Option<Box<RawValue>> {
    RawValue::from_string(stripped(document)?).ok()
}

/// The value without addresses; `None` where it holds none. Documents are nested to a limit (`json::object`).
fn stripped(value: &RawValue) -> Option<String> {
    if let Some(members) = Members::of(value) {
        let kept: Vec<_> = members.iter().filter(|member| !is_address(member)).collect();
        let below: Vec<_> = kept.iter().map(|member| stripped(member.value)).collect();
        if kept.len() == members.iter().count() && below.iter().all(Option::is_none) {
            return None;
        }
        let texts = kept.iter().zip(below).map(|(member, below)| {
            let value = below.unwrap_or_else(|| member.value.get().to_owned());
            format!("{}:{value}", member.quoted_name())
        });
        return Some(format!("{{{}}}", texts.collect::<Vec<_>>().join(",")));
    }
    let list: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
    let below: Vec<_> = list.iter().map(|value| stripped(value)).collect();
    if below.iter().all(Option::is_none) {
        return None;
    }
    let texts = list.iter().zip(below);
    let texts = texts.map(|(value, below)| below.unwrap_or_else(|| value.get().to_owned()));
    Some(format!("[{}]", texts.collect::<Vec<_>>().join(",")))
}

/// Whether a member is named after e-mails and holds an address. The status of an e-mail holds none.
fn is_address(member: &Member<'_>) -> bool {
    let is_named = member.quoted_name().to_ascii_lowercase().contains("email");
    is_named && json::canonical(member.value).contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(document: &str) -> Option<String> {
        let document = RawValue::from_string(document.to_owned()).unwrap();
        without_emails(&document).map(|document| document.get().to_owned())
    }

    #[test]
    fn addresses_are_left_out_wherever_they_stand() {
        for (document, expected) in [
            (r#"{"event":"e","emails":"a@b.example"}"#, r#"{"event":"e"}"#),
            (
                r#"{"data":{"sub":{"email":"a@b.example","n":1e0}}}"#,
                r#"{"data":{"sub":{"n":1e0}}}"#,
            ),
            (
                r#"{"data":{"list":[ 1, {"x":2,"Email":["a@b.example"]},[3] ]}}"#,
                r#"{"data":{"list":[1,{"x":2},[3]]}}"#,
            ),
        ] {
            assert_eq!(without(document).as_deref(), Some(expected), "{document}");
        }
    }

    #[test]
    fn addresses_are_left_out_and_all_else_stays() {
        let rest = r#""order_id":1e0,"orderApprovalEmailStatus":"sent""#;
        let expected = format!(r#"{{"event":"e","data":{{{rest}}},"x":[ 1 ]}}"#);
        for addresses in [
            r#""orderApprovalEmails":["a@b.example","c@d.example"]"#,
            r#""orderApprovalEmails":"a@b.example""#,
            r#""orderApprovalEmails":[{"to":"a\u0040b.example"}]"#,
            r#""APPROVER_EMAIL":"a@b.example""#,
            r#""orderApprovalE\u006dails":["a@b.example"]"#,
        ] {
            for data in [format!("{addresses},{rest}"), format!("{rest},{addresses}")] {
                let document = format!(r#"{{"event":"e","data":{{{data}}},"x":[ 1 ]}}"#);
                assert_eq!(without(&document).as_ref(), Some(&expected), "{document}");
            }
        }
        for document in [
            format!(r#"{{"event":"e","data":{{{rest}}}}}"#),
            r#"{"event":"e","data":{"orderApprovalEmails":[]}}"#.to_owned(),
            r#"{"event":"e","data":"email@example"}"#.to_owned(),
            r#"{"event":"e","data":{"dns_names":["@"]}}"#.to_owned(),
        ] {
            assert_eq!(without(&document), None, "{document}");
        }
    }
}
