//! Runs libFuzzer on the target that `FUZZ_TARGET` names. If `FUZZ_SEEDS` is set, it first writes
//! the target's seeds into that folder.
#![no_main]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a target fails by panicking")]

use std::path::PathBuf;
use std::sync::LazyLock;

use fuzz::{Target, targets};
use libfuzzer_sys::fuzz_target;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let target = targets().into_iter().find(|target| target.name == name);
    target.unwrap_or_else(|| panic!("FUZZ_TARGET: unknown target `{name}`"))
});

fn write_seeds() {
    let Some(folder) = std::env::var_os("FUZZ_SEEDS").map(PathBuf::from) else { return };
    for (number, seed) in (TARGET.seeds)().into_iter().enumerate() {
        std::fs::write(folder.join(number.to_string()), seed).unwrap();
    }
}

fuzz_target!(
    init: write_seeds(),
    |data: &[u8]| (TARGET.run)(data)
);
