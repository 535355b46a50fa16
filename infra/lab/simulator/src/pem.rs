use std::fmt::Write;

use anyhow::Result;
use data_encoding::BASE64;

use crate::authority::{Authority, Issued};
use crate::fault::Fault;

const MANY: usize = 1000;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LineEnding {
    Lf,
    CrLf,
}

/// How much of the chain is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Extent {
    /// Leaf, intermediate, root.
    Whole,
    /// Leaf, intermediate.
    WithoutRoot,
    /// Leaf.
    Leaf,
}

/// The chain of `issued`, spoilt by `fault` if it is one of those that spoil chains.
pub(crate) fn chain(
    authority: &Authority,
    issued: &Issued,
    extent: Extent,
    ending: LineEnding,
    fault: Option<&Fault>,
) -> Result<String> {
    let hierarchy = match fault {
        Some(Fault::WrongChain) => authority.foreign(),
        _ => authority.hierarchy(issued.curve),
    };
    let mut blocks = vec![issued.pem.as_str(), hierarchy.intermediate(), hierarchy.root()];
    blocks.truncate(match extent {
        Extent::Whole => 3,
        Extent::WithoutRoot => 2,
        Extent::Leaf => 1,
    });
    let pem = blocks.concat();
    let text = match fault {
        Some(Fault::Shuffled) => shuffled(&blocks),
        Some(Fault::Duplicate) => pem.repeat(2),
        Some(Fault::PrivateKey) => pem + &armour("PRIVATE KEY", &authority.stray_private_key()?),
        Some(Fault::TruncatedPem) => truncated(pem),
        Some(Fault::GarbageArmour) => certificate(&b"no certificate at all; ".repeat(20)),
        Some(Fault::Many) => pem + &authority.filler(MANY - blocks.len())?,
        _ => pem,
    };
    Ok(match ending {
        LineEnding::Lf => text,
        LineEnding::CrLf => text.replace('\n', "\r\n"),
    })
}

/// One certificate with LF.
pub(crate) fn certificate(der: &[u8]) -> String {
    armour("CERTIFICATE", der)
}

/// The last first, and text around each, as `openssl s_client -showcerts` prints it.
fn shuffled(blocks: &[&str]) -> String {
    let mut text = "Certificates in no order that helps:\n".to_owned();
    let (before, last) = blocks.split_at(blocks.len().saturating_sub(1));
    for (number, block) in last.iter().chain(before).enumerate() {
        // Writing to a string does not fail.
        let _ = write!(text, " {number} s:C=US\n{block}---\n");
    }
    text + "Verify return code: 0 (ok)\n"
}

fn truncated(mut pem: String) -> String {
    let last = pem.rfind("-----BEGIN").unwrap_or_default();
    pem.truncate(last + (pem.len() - last) / 2);
    pem
}

/// RFC 7468: 64 characters a line.
fn armour(label: &str, der: &[u8]) -> String {
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(48) {
        BASE64.encode_append(line, &mut text);
        text.push('\n');
    }
    text + "-----END " + label + "-----\n"
}
