//! Lists the public API of a crate from the JSON that rustdoc writes; see `scripts/check-api`.

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let (Some(json), None) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: api-listing JSON");
        return ExitCode::from(2);
    };
    // Implementations that nobody wrote would double the list.
    let listed = public_api::Builder::from_rustdoc_json(&json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build();
    match listed {
        Ok(api) => {
            print!("{api}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{json}: {error}");
            ExitCode::FAILURE
        }
    }
}
