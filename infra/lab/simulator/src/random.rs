use anyhow::{Result, anyhow};
use data_encoding::HEXLOWER;
use ring::rand::{SecureRandom, SystemRandom};

/// Random bytes in lower-case hex, for ids and tokens.
pub(crate) fn hex<const BYTES: usize>() -> Result<String> {
    let mut bytes = [0; BYTES];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| anyhow!("the system has no random bytes"))?;
    Ok(HEXLOWER.encode(&bytes))
}
