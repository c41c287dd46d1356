//! Each target with the inputs that are kept in `corpus` and `crashes`, and then with random ones for a second.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use arbtest::arbtest;

macro_rules! targets {
    ($($target:ident),+ $(,)?) => {
        const TESTED: &[&str] = &[$(stringify!($target)),+];

        $(#[test]
        fn $target() {
            run(stringify!($target));
        })+
    };
}

targets! {
    bearer_header,
    cookie_header,
    django_token,
    records,
    redis_replies,
    sealed_cookie,
    set_cookie,
    store_commands,
    tables,
}

#[test]
fn every_target_is_tested_and_has_inputs_that_are_kept() {
    let names = session_fuzz::TARGETS.map(|(name, _)| name);
    assert_eq!(TESTED, names);
    for name in names {
        assert!(!kept("corpus", name).is_empty(), "{name}");
    }
}

fn run(name: &str) {
    let target = session_fuzz::target(name).unwrap();
    for file in [kept("corpus", name), kept("crashes", name)].concat() {
        println!("{}", file.display());
        target(&std::fs::read(&file).unwrap());
    }
    // One that fails is made smaller, and is told by its seed.
    let mut count = 0_u64;
    arbtest(|input| {
        count += 1;
        target(input.bytes(input.len())?);
        Ok(())
    })
    .size_min(16)
    .size_max(4_096)
    .budget_ms(1_000);
    println!("{count} random inputs");
    assert!(count > 0, "nothing was tried");
}

/// Returns the files that are kept for a target.
fn kept(kind: &str, name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(kind).join(name);
    let files = std::fs::read_dir(folder).into_iter().flatten();
    files.map(|file| file.unwrap().path()).collect()
}
