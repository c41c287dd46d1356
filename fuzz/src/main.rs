//! Runs a target on the inputs in files, as on one that has failed; under `scripts/fuzz`, on those that libFuzzer makes.
//!
//!     cargo run -p session-fuzz -- TARGET FILE...
#![forbid(unsafe_code)]
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
mod guided {
    use std::sync::LazyLock;

    libfuzzer_sys::fuzz_target!(|bytes: &[u8]| TARGET(bytes));

    static TARGET: LazyLock<session_fuzz::Target> = LazyLock::new(|| {
        let name = std::env::var("TARGET").unwrap_or_default();
        session_fuzz::target(&name).expect("TARGET is the name of a target")
    });
}

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let Some(target) = arguments
        .next()
        .and_then(|name| session_fuzz::target(&name))
    else {
        let names = session_fuzz::TARGETS.map(|(name, _)| name);
        eprintln!(
            "usage: session-fuzz TARGET FILE...\nTARGET is one of: {}",
            names.join(", ")
        );
        std::process::exit(2);
    };
    for file in arguments {
        target(&std::fs::read(&file)?);
        println!("{file}: nothing is wrong");
    }
    Ok(())
}
