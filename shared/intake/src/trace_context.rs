//! The trace under which a request and its events are followed, as `traceparent` of the W3C has it
//! (<https://www.w3.org/TR/trace-context/#traceparent-header>).

use data_encoding::HEXLOWER;
use http::HeaderMap;
use ring::rand::{SecureRandom, SystemRandom};

/// Returns the caller's trace context if it is well-formed, else the one that the platform gave, else that of
/// X-Ray's header, else a new one. So an event can be followed from the front end to its delivery.
pub(crate) fn of(headers: &HeaderMap, of_platform: Option<String>) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let of_caller = text("traceparent").filter(|text| is_valid(text));
    of_caller
        .map(str::to_owned)
        .or(of_platform)
        .or_else(|| text("x-amzn-trace-id").and_then(of_xray))
        .unwrap_or_else(begun)
}

/// Converts the tracing header of X-Ray: the same 32 hex digits, without the hyphen between time and random part
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>).
pub fn of_xray(header: &str) -> Option<String> {
    let member = |name: &str| {
        header.split(';').find_map(|member| member.trim().strip_prefix(name)?.strip_prefix('='))
    };
    let trace = member("Root")?.strip_prefix("1-")?.replacen('-', "", 1);
    let flags = if member("Sampled") == Some("1") { "01" } else { "00" };
    let context =
        |parent: &str| Some(format!("00-{trace}-{parent}-{flags}")).filter(|it| is_valid(it));
    member("Parent").and_then(context).or_else(|| context(&random::<8>()))
}

/// A trace context of a trace that begins here.
pub(crate) fn begun() -> String {
    format!("00-{}-{}-01", random::<16>(), random::<8>())
}

/// Version 00.
fn is_valid(text: &str) -> bool {
    let hex = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let not_zero = |part: &str| part.bytes().any(|byte| byte != b'0');
    match text.split('-').collect::<Vec<_>>()[..] {
        ["00", trace, parent, flags] => {
            hex(trace, 32)
                && hex(parent, 16)
                && hex(flags, 2)
                && not_zero(trace)
                && not_zero(parent)
        }
        _ => false,
    }
}

fn random<const LENGTH: usize>() -> String {
    let mut random = [1_u8; LENGTH];
    // Without randomness the trace is less useful, but the event is still accepted.
    let _unseeded = SystemRandom::new().fill(&mut random);
    HEXLOWER.encode(&random)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::{is_valid, of, of_xray};

    const XRAY: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
    const OF_XRAY: &str = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
    const OF_CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

    #[test]
    fn the_trace_of_xray_keeps_its_digits() {
        assert_eq!(of_xray(XRAY).as_deref(), Some(OF_XRAY));
        let unsampled = "Self=1-1-a; Root=1-5759e988-bd862e3fe1be46a994272793; Sampled=0";
        for header in [unsampled, "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=x"] {
            let context = of_xray(header).unwrap();
            assert!(context.starts_with("00-5759e988bd862e3fe1be46a994272793-"), "{context}");
            assert!(context.ends_with("-00") && is_valid(&context), "{context}");
        }
        for header in ["", "Root=", "Root=1-00000000-000000000000000000000000", "Root=2-5759e988-b"]
        {
            assert_eq!(of_xray(header), None, "{header}");
        }
    }

    #[test]
    fn the_callers_context_comes_first_then_the_platforms() {
        let headers = |pairs: &[(&'static str, &'static str)]| -> HeaderMap {
            pairs
                .iter()
                .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
                .collect()
        };
        let xray = ("x-amzn-trace-id", XRAY);
        let platform = || Some("the platform's".to_owned());
        assert_eq!(of(&headers(&[("traceparent", OF_CALLER), xray]), platform()), OF_CALLER);
        assert_eq!(of(&headers(&[("traceparent", "00-no-no-00"), xray]), None), OF_XRAY);
        assert_eq!(of(&headers(&[xray]), platform()), "the platform's");
        let (first, second) = (of(&headers(&[]), None), of(&headers(&[]), None));
        assert!(is_valid(&first) && is_valid(&second) && first != second);
    }
}
