use fuzz::{Target, corpus, targets};

/// Truncated seeds, and seeds with one changed octet, represent the simplest inputs that an engine
/// generates.
#[test]
fn every_target_passes_with_its_seeds() {
    for Target { name, run, seeds } in targets() {
        let seeds = seeds();
        assert!(seeds.len() > 3, "{name} has {} seeds", seeds.len());
        for seed in seeds {
            run(&seed);
            for part in 1..8 {
                let at = seed.len() * part / 8;
                run(&seed[..at]);
                let mut changed = seed.clone();
                changed.iter_mut().skip(at).take(1).for_each(|octet| *octet ^= 0x20);
                run(&changed);
            }
        }
    }
}

/// The cases are inputs with which an engine once made a target crash.
#[test]
fn every_target_passes_with_its_cases() {
    for Target { name, run, .. } in targets() {
        for case in corpus::files(&corpus::cases().join(name)) {
            println!("{name}: {}", case.display());
            run(&std::fs::read(&case).unwrap());
        }
    }
}
