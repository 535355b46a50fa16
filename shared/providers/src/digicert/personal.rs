use serde_json::value::RawValue;

use crate::json::{self, Member, Members};

/// The document without the e-mail addresses in its `data`, which are people's (`orderApprovalEmails`,
/// "CertCentral event types"). All else stays byte for byte, but for white space around the members of the
/// two objects. `None` for a document without any.
pub(super) fn without_emails(document: &RawValue) -> Option<Box<RawValue>> {
    let root = Members::of(document)?;
    let data = Members::of(root.get("data")?)?;
    if !data.iter().any(is_address) {
        return None;
    }
    let text = |member: &Member<'_>| member.quoted_name() + ":" + member.value.get();
    let data = object(data.iter().filter(|member| !is_address(member)).map(text));
    let root = object(root.iter().map(|member| match member.is("data") {
        true => format!("{}:{data}", member.quoted_name()),
        false => text(member),
    }));
    RawValue::from_string(root).ok()
}

/// Whether a member is named after e-mails and holds an address. The status of an e-mail holds none.
fn is_address(member: &Member<'_>) -> bool {
    let is_named = member.quoted_name().to_ascii_lowercase().contains("email");
    is_named && json::canonical(member.value).contains('@')
}

fn object(members: impl Iterator<Item = String>) -> String {
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(document: &str) -> Option<String> {
        let document = RawValue::from_string(document.to_owned()).unwrap();
        without_emails(&document).map(|document| document.get().to_owned())
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
