use std::fmt::Write;

use anyhow::Result;
use certificate::encode_pem;

use crate::authority::{Authority, Issued};
use crate::fault::Fault;

/// The number of certificates of [`Fault::Many`].
const MANY: usize = 1000;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum LineEnding {
    Lf,
    CrLf,
}

/// How much of the chain is requested.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Extent {
    /// Leaf, intermediate and root.
    Whole,
    Leaf,
}

/// The chain of `issued` as PEM, altered by `fault` if it is one that concerns chains.
pub(crate) fn text(
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
        Extent::Leaf => 1,
    });
    let whole = blocks.concat();
    let text = match fault {
        Some(Fault::Shuffled) => shuffled(&blocks),
        Some(Fault::Duplicate) => whole.repeat(2),
        Some(Fault::PrivateKey) => {
            whole + &encode_pem("PRIVATE KEY", &authority.stray_private_key()?)
        }
        Some(Fault::TruncatedPem) => truncated(whole),
        Some(Fault::GarbageArmour) => {
            encode_pem("CERTIFICATE", &b"no certificate at all; ".repeat(20))
        }
        Some(Fault::Many) => whole + &authority.filler(MANY - blocks.len())?,
        _ => whole,
    };
    Ok(match ending {
        LineEnding::Lf => text,
        LineEnding::CrLf => text.replace('\n', "\r\n"),
    })
}

/// The blocks with the last one first, and with text around each, as `openssl s_client -showcerts` prints
/// it.
fn shuffled(blocks: &[&str]) -> String {
    let mut text = "Certificates in no useful order:\n".to_owned();
    let (before, last) = blocks.split_at(blocks.len().saturating_sub(1));
    for (number, block) in last.iter().chain(before).enumerate() {
        // Writing to a string does not fail.
        let _ = write!(text, " {number} s:C=US\n{block}---\n");
    }
    text + "Verify return code: 0 (ok)\n"
}

/// The text without the second half of its last block.
fn truncated(mut pem: String) -> String {
    let last = pem.rfind("-----BEGIN").unwrap_or_default();
    pem.truncate(last + (pem.len() - last) / 2);
    pem
}
