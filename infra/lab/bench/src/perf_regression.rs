//! `make perf-regression` and `make perf-baseline` run this; see `--help` for its options. It counts the
//! instructions from the start of a webhook function to its first acknowledged webhook, and those of each
//! further one, as callgrind reports them, and compares them with a committed baseline. Unlike a clock, the
//! counts do not depend on how busy the machine is.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail, ensure};
use bench::results::processor;
use clap::Parser;
use harness::{
    AwsStubs, EVENTS_QUEUE, Folder, Function, InvocationResult, lambda_variables, sample,
    sample_secret, signed,
};
use serde::{Deserialize, Serialize};

/// Growth up to this many per cent passes.
const MARGIN_PERCENT: u64 = 5;
/// Number of runs of a function, of which the lowest count is taken. On a busy machine an attempt may
/// time out and be repeated, which adds instructions that are not the function's.
const RUNS: usize = 5;
/// Number of webhooks after the first one, of which the mean is taken.
const WARM: u64 = 50;

/// Compare the instructions to the first acknowledged webhook, and of each further one, with the baseline
///
/// Fails when a count of a function grew by more than 5 %. If the compiler, valgrind or processor
/// is another one than that of the baseline, it prints so and does not fail.
#[derive(Debug, Parser)]
#[command(
    name = "perf-regression",
    after_help = "Example:\n  perf-regression --baseline infra/lab/bench/baseline.json target/release/*-webhook"
)]
struct Cli {
    /// File with the baseline
    #[arg(long, value_name = "FILE")]
    baseline: PathBuf,
    /// Write the measured counts to the baseline file instead of comparing
    #[arg(long)]
    update: bool,
    /// Release builds of webhook functions
    #[arg(required = true, value_name = "BINARY")]
    binaries: Vec<PathBuf>,
}

/// The committed instruction counts, and the tools with which they were taken.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Baseline {
    tools: Tools,
    functions: BTreeMap<String, Counts>,
}

/// Instructions of a function.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
struct Counts {
    /// From the start to the first acknowledged webhook.
    start: u64,
    /// Of a webhook after that.
    warm: u64,
}

impl Counts {
    fn named(self) -> [(&'static str, u64); 2] {
        [("start", self.start), ("warm", self.warm)]
    }
}

/// The tools that change the counts although nothing in this repository changed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Tools {
    rustc: String,
    valgrind: String,
    /// The crypto code that runs is chosen by the processor.
    processor: String,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Cli::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("perf-regression: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Returns whether no function regressed.
async fn run(arguments: &Cli) -> Result<bool> {
    let file = || arguments.baseline.display().to_string();
    let tools = Tools {
        rustc: version("rustc", "it comes with rustup")?,
        valgrind: version("valgrind", "install it from your system's packages")?,
        processor: processor(),
    };
    let functions = counts(&arguments.binaries).await?;
    if arguments.update {
        for (function, counts) in &functions {
            for (part, count) in counts.named() {
                println!("{function:<20} {part:<5}{count:>12}");
            }
        }
        let text = serde_json::to_string_pretty(&Baseline { tools, functions })? + "\n";
        fs::write(&arguments.baseline, text).with_context(file)?;
        return Ok(true);
    }
    let text = fs::read_to_string(&arguments.baseline).with_context(file)?;
    let baseline: Baseline = serde_json::from_str(&text)
        .with_context(|| format!("{}: write it with `make perf-baseline`", file()))?;
    let mut all_good = true;
    for (function, counts) in functions {
        let expected = baseline.functions.get(&function).copied().unwrap_or_default();
        for ((part, count), (_, expected)) in counts.named().into_iter().zip(expected.named()) {
            let (is_good, text) = compare(expected, count);
            println!("{function:<20} {part:<5}{count:>12}  baseline {expected:>12}  {text}");
            all_good &= is_good;
        }
    }
    if baseline.tools == tools {
        return Ok(all_good);
    }
    println!(
        "Not a failure, whatever the comparison says: the baseline was taken with {:?}, and this \
         machine has {tools:?}. Check the counts, then run `make perf-baseline`.",
        baseline.tools
    );
    Ok(true)
}

fn version(program: &str, advice: &str) -> Result<String> {
    let output = Command::new(program).arg("--version").output();
    let output =
        output.with_context(|| format!("`make perf-regression` needs {program}: {advice}"))?;
    ensure!(output.status.success(), "{program} --version: {}", output.status);
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Whether a measured count passes, and what to say about it. The baseline has 0 where it has no count.
fn compare(expected: u64, instructions: u64) -> (bool, &'static str) {
    if expected == 0 {
        return (false, "NOT IN THE BASELINE: run `make perf-baseline`");
    }
    let margin = expected * MARGIN_PERCENT / 100;
    if instructions > expected + margin {
        (false, "REGRESSED by more than 5 %: find out why, or run `make perf-baseline` and say why")
    } else if instructions < expected - margin {
        (true, "ok, improved: `make perf-baseline` keeps the gain")
    } else {
        (true, "ok")
    }
}

/// Runs each function under callgrind, with AWS endpoints on TLS around it.
async fn counts(binaries: &[PathBuf]) -> Result<BTreeMap<String, Counts>> {
    let folder = Folder::new()?;
    let authority = folder.path().join("authority.pem");
    let mut counts = BTreeMap::new();
    for binary in binaries {
        let endpoints = AwsStubs::start(&sample_secret(&name_of(binary))?).await?;
        fs::write(&authority, endpoints.ca_pem())?;
        let lowest = async |webhooks| {
            let mut lowest = u64::MAX;
            for _ in 0..RUNS {
                let count = count(binary, webhooks, &endpoints, &authority).await;
                lowest = lowest.min(count.with_context(|| binary.display().to_string())?);
            }
            anyhow::Ok(lowest)
        };
        let start = lowest(1).await?;
        let warm = lowest(1 + WARM).await?.saturating_sub(start) / WARM;
        counts.insert(name_of(binary), Counts { start, warm });
    }
    Ok(counts)
}

/// Counts the instructions from the start of a webhook function to its last acknowledgement.
async fn count(
    binary: &Path,
    webhooks: u64,
    endpoints: &AwsStubs,
    authority: &Path,
) -> Result<u64> {
    let name = name_of(binary);
    let provider = name.strip_suffix("-webhook").context("not a webhook function")?;
    let event = signed(&sample(&format!("{provider}.rest.json"))?, &name, &sample_secret(&name)?)?;
    let mut function = Function::launch(|api| {
        let mut command = Command::new("valgrind");
        command
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(binary)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(lambda_variables(&name, api))
            .envs(endpoints.environment())
            .env("AWS_CA_BUNDLE", authority)
            .env("EVENTS_QUEUE_URL", endpoints.queue_url(EVENTS_QUEUE))
            .env("WEBHOOK_SECRET_ID", "certhooks/webhook")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    })
    .await?;
    for _ in 0..webhooks {
        match function.invoke(event.clone()).await? {
            InvocationResult::Response(answer) if answer["statusCode"] == 200 => {}
            answer => bail!("{name} did not acknowledge: {answer:?}"),
        }
    }
    let child = function.child();
    // Callgrind prints its count on SIGTERM, not when it is killed.
    let ended = Command::new("kill").arg(child.id().to_string()).status()?;
    ensure!(ended.success(), "{name} had already ended");
    child.wait()?;
    let (_, output) = function.kill()?;
    // The line is like `==123== Collected : 9201234`.
    let mut lines = output.lines();
    lines
        .find_map(|line| line.split("Collected : ").nth(1)?.trim().parse().ok())
        .with_context(|| format!("callgrind printed no count for {name}: {output}"))
}

fn name_of(binary: &Path) -> String {
    binary.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::compare;

    #[test]
    fn the_margin_is_five_per_cent() {
        for (expected, instructions, is_good, text) in [
            (1_000_000, 1_000_000, true, "ok"),
            (1_000_000, 1_050_000, true, "ok"),
            (1_000_000, 1_050_001, false, "REGRESSED"),
            (1_000_000, 950_000, true, "ok"),
            (1_000_000, 949_999, true, "ok, improved"),
            (0, 1, false, "NOT IN THE BASELINE"),
        ] {
            let (found, said) = compare(expected, instructions);
            assert_eq!((found, said.starts_with(text)), (is_good, true), "{instructions}: {said}");
        }
    }
}
