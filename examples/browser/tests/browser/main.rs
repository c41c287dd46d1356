//! A real browser takes a visitor's steps: every proof, on every server of the showcase that is built.
//!
//! It needs Chromium and chromedriver. Without them it says SKIPPED and passes, or fails if `STRICT` or `CI` is set.
//! `SERVERS="axum rocket"` names required servers; otherwise all that are built are driven, and there must be one at
//! least. `BROWSER=0` skips all. The pictures go to the folder `SCREENSHOTS`, if it is set.
#![allow(clippy::unwrap_used)]

mod bridge;
mod closing;
mod cookies;
mod devices;
mod driver;
mod forms;
mod inactivity;
mod overlap;
mod panel;
mod pictures;
mod profile;
mod server;
mod stage;
mod tool;
mod traffic;
mod visitor;

use std::env;
use std::io::{Write, stderr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Trial};
use session_servers::Django;

use crate::driver::{Driver, Tools};
use crate::stage::Stage;

type Proof = (&'static str, fn(&Stage));

/// Lists proofs by their names: each is an async function that takes a [`Stage`].
macro_rules! proofs {
    ($($module:ident: $($name:ident)*;)*) => {
        [$($((stringify!($name), |stage| stage.run($module::$name(stage)))),*),*]
    };
}

/// Taken on every server.
const PROOFS: [Proof; 14] = proofs! {
    closing:
        a_session_ends_with_the_browser_when_the_server_says_so
        a_session_with_an_age_survives_the_browser
        a_visitor_may_choose_that_the_session_ends_with_the_browser
        a_visitor_may_choose_that_the_session_survives_the_browser;
    cookies:
        no_script_sees_the_cookie_and_the_browser_knows_its_age
        a_cookie_without_an_age_has_none_in_the_browser
        a_secure_cookie_is_kept_on_localhost
        a_visitor_who_follows_a_link_from_elsewhere_is_known;
    devices:
        one_device_signs_out_another_or_all_others;
    forms:
        every_form_of_the_page_does_what_it_says
        a_note_is_text_whatever_it_contains
        the_page_works_without_scripts;
    inactivity:
        a_session_ends_when_nobody_looks_and_not_before;
    pictures:
        the_page_fits_and_every_control_has_a_name;
};

/// Taken on one server: the core decides them, and the HTTP suite compares the servers.
const OVERLAPS: [Proof; 8] = proofs! {
    overlap:
        a_double_click_on_sign_in_signs_in
        of_two_logins_at_once_the_last_answer_counts
        a_page_from_before_a_login_works
        a_page_whose_login_was_lost_works
        the_back_button_after_a_login_leads_to_a_page_that_works
        requests_under_way_during_a_login_are_answered
        requests_under_way_during_a_rotation_lose_nothing
        a_lost_answer_of_a_rotation_logs_nobody_out;
};

/// Taken on a Django site with a Rust service.
const BRIDGE: [Proof; 4] = proofs! {
    bridge:
        a_visitor_signs_in_at_djangos_form_and_is_known_in_rust
        a_logout_in_rust_is_one_in_django
        a_logout_in_django_is_one_in_rust
        a_message_of_django_waits_while_rust_changes_the_session;
};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // A proof mostly waits for its browser, so more proofs run at once than there are processors.
    arguments.test_threads.get_or_insert(4);
    if env::var("BROWSER").is_ok_and(|value| value == "0") {
        say("SKIPPED: no browser was driven, because BROWSER=0 asks for that");
        return ExitCode::SUCCESS;
    }
    let tools = match Tools::find() {
        Ok(tools) => tools,
        Err(missing) => {
            say(&format!(
                "SKIPPED: no browser was driven, because {missing}"
            ));
            return ExitCode::from(u8::from(demanded()));
        }
    };
    let programs = match server::programs() {
        Ok(programs) => programs,
        Err(message) => {
            say(&format!("FAILED: {message}"));
            return ExitCode::FAILURE;
        }
    };
    let names: Vec<&str> = programs.keys().map(|name| &**name).collect();
    say(&format!("servers driven: {}", names.join(", ")));
    let driver = Arc::new(Driver::new(tools));
    let mut trials = Vec::new();
    let mut add = |server: &str, program: &PathBuf, (name, proof): Proof| {
        let stage = (server.to_owned(), program.clone(), Arc::clone(&driver));
        trials.push(Trial::test(format!("{server}::{name}"), move || {
            proof(&Stage::new(&stage.0, &stage.1, &stage.2));
            Ok(())
        }));
    };
    for (number, (server, program)) in programs.iter().enumerate() {
        let overlaps = OVERLAPS.into_iter().filter(|_| number == 0);
        for proof in PROOFS.into_iter().chain(overlaps) {
            add(server, program, proof);
        }
    }
    match server::bridge() {
        Some(program) if !Django::installed("browser").is_empty() => {
            for proof in BRIDGE {
                add("django", &program, proof);
            }
        }
        Some(_) => {}
        None if demanded() => {
            say("FAILED: django-bridge is not beside this test");
            return ExitCode::FAILURE;
        }
        None => say("SKIPPED: no Django site; cargo build -p django-bridge makes its Rust side"),
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// Returns whether a missing browser is a failure.
fn demanded() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    set("STRICT") || set("CI")
}

fn say(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}
