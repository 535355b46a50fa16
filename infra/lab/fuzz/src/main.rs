//! `fuzz ENGINE [TARGET...]` runs each target, or every target, under the engine for `FUZZ_SECONDS`
//! (60), as many concurrently as there are processors, and prints a line for each: executions,
//! seconds, crashes. The exit status is 1 after a crash; the input that caused it is then a file
//! under `cases/TARGET`, which makes a test fail. A row for the table of `make chaos`, with inputs
//! as events, is written to the file `FUZZ_ROWS`.

use std::fs::create_dir_all;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::sync::{Mutex, PoisonError};
use std::thread::{available_parallelism, scope};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use fuzz::{Target, corpus, targets};
use serde_json::{Map, Value, json};

fn main() -> Result<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let engine = arguments.next().context("usage: fuzz ENGINE [TARGET...]; `make fuzz` runs it")?;
    let engine = PathBuf::from(&engine).canonicalize().context("the engine does not exist")?;
    let names: Vec<_> = arguments.collect();
    let targets = targets();
    let is_chosen =
        |target: &&Target| names.is_empty() || names.iter().any(|name| name == target.name);
    let seconds = std::env::var("FUZZ_SECONDS").unwrap_or_else(|_| "60".into());
    let seconds = seconds.parse().context("FUZZ_SECONDS is not a number of seconds")?;

    println!("{:<18} {:>10} {:>8} {:>8}", "TARGET", "RUNS", "SECONDS", "CRASHES");
    let queue = Mutex::new(targets.iter().filter(is_chosen));
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let results: Mutex<Vec<Result<FuzzResult>>> = Mutex::default();
    let began = Instant::now();
    scope(|scope| {
        for _ in 0..available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(target) = next() {
                    let result = fuzz(&engine, target, seconds).context(target.name);
                    results.lock().unwrap_or_else(PoisonError::into_inner).push(result);
                }
            });
        }
    });
    let results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    let results = results.into_iter().collect::<Result<Vec<_>>>()?;
    let known: Vec<_> = targets.iter().map(|target| target.name).collect();
    ensure!(!results.is_empty(), "unknown target; the targets are {}", known.join(", "));
    if let Some(file) = std::env::var_os("FUZZ_ROWS") {
        std::fs::write(&file, json!([row(&results, began)]).to_string()).context("FUZZ_ROWS")?;
    }
    let has_crashed = results.iter().any(|fuzzed| fuzzed.crashes > 0);
    Ok(if has_crashed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// The result of one target.
struct FuzzResult {
    target: &'static str,
    runs: u64,
    crashes: u64,
}

fn row(results: &[FuzzResult], began: Instant) -> Value {
    let measured = |FuzzResult { target, runs, crashes }: &FuzzResult| {
        ((*target).to_owned(), format!("{runs} runs, {crashes} crashes").into())
    };
    json!({
        "scenario": format!("fuzzing: {} targets (inputs for events)", results.len()),
        "events": results.iter().map(|fuzzed| fuzzed.runs).sum::<u64>(),
        "unexplained": results.iter().map(|fuzzed| fuzzed.crashes).sum::<u64>(),
        "seconds": began.elapsed().as_secs(),
        "measured": results.iter().map(measured).collect::<Map<_, _>>(),
    })
}

fn fuzz(engine: &Path, target: &Target, seconds: u64) -> Result<FuzzResult> {
    let corpus = engine.with_file_name("corpus").join(target.name);
    let cases = corpus::cases().join(target.name);
    create_dir_all(&corpus)?;
    create_dir_all(&cases)?;
    let began = Instant::now();
    let Output { status, stderr, .. } = Command::new(engine)
        .env("FUZZ_TARGET", target.name)
        .env("FUZZ_SEEDS", &corpus)
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", cases.display()))
        .args(["-print_final_stats=1", "-timeout=10", "-rss_limit_mb=2048", "-max_len=100000"])
        .args([&corpus, &cases])
        .output()
        .context("the engine does not start")?;
    let output = String::from_utf8_lossy(&stderr);
    let runs = number(&output, "stat::number_of_executed_units:");
    let (seconds_taken, crashes) = (began.elapsed().as_secs(), u64::from(!status.success()));
    println!("{:<18} {runs:>10} {seconds_taken:>8} {crashes:>8}", target.name);
    if !status.success() {
        let relevant = ["panicked at", "ERROR:", "Test unit written to"];
        let is_relevant = |line: &&str| relevant.iter().any(|text| line.contains(text));
        output.lines().filter(is_relevant).for_each(|line| eprintln!("{}: {line}", target.name));
    }
    Ok(FuzzResult { target: target.name, runs, crashes })
}

fn number(output: &str, name: &str) -> u64 {
    let line = output.lines().rev().find_map(|line| line.strip_prefix(name));
    line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}
