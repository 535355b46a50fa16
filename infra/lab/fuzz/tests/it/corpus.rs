use fuzz::{TARGETS, Target, corpus};

/// Seeds cut short and with an octet changed stand for the simplest inputs that an engine makes.
#[test]
fn every_target_holds_over_its_seeds() {
    for Target { name, run, seeds } in TARGETS {
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

/// What an engine found once.
#[test]
fn every_case_that_was_found_holds() {
    for Target { name, run, .. } in TARGETS {
        for case in corpus::files(&corpus::cases().join(name)) {
            println!("{name}: {}", case.display());
            run(&std::fs::read(&case).unwrap());
        }
    }
}
