//! Outages at each step: who can't be served gets an error, and nobody is somebody else or nobody by it.

use std::ops::Range;

use session_core::{SessionError, Verdict};

use super::super::form::Form;
use super::site::{Side, Site};

/// Calls a test with each place at which a side may begin to fail, for once or for good; it says how many calls there were.
fn at_each_call(test: &impl AsyncFn(&Site, Side, Range<usize>) -> usize) {
    for form in &[Form::TowerSessions, Form::ActixSession] {
        for side in [Side::Old, Side::New] {
            for lasts in [1, usize::MAX / 2] {
                let mut place = 0;
                loop {
                    let (site, mut calls) = (Site::new(form), 0);
                    site.run(async |site| {
                        calls = test(site, side, place..place + lasts).await;
                    });
                    if calls <= place {
                        break;
                    }
                    place += 1;
                }
                assert!(place > 2, "{form:?} {side:?}: {place} calls");
            }
        }
    }
}

/// Ends the outage, after which the visitor is adopted if that was not so yet; returns how many calls there were.
async fn recovers(site: &Site, failing: Side, about: &str) -> usize {
    let calls = site.calls(failing);
    site.fail(failing, 0..0);
    let (name, _) = site.visit(&site.legacy()).await.unwrap();
    assert_eq!(
        (name.as_deref(), site.old_rows()),
        (Some("ada"), 0),
        "{about}"
    );
    calls
}

fn is_outage(error: &SessionError) -> bool {
    error.status() == 503
}

#[test]
fn an_outage_at_any_call_of_a_visit_is_an_error_or_not_noticed() {
    at_each_call(&async |site, side, which| {
        let about = format!("{:?}, {side:?}, {which:?}", site.form);
        site.fail(side, which);
        match site.visit(&site.legacy()).await {
            Ok((name, _)) => assert_eq!(name.as_deref(), Some("ada"), "{about}"),
            Err(error) => assert!(is_outage(&error), "{about}: {error}"),
        }
        recovers(site, side, &about).await
    });
}

#[test]
fn an_outage_at_any_call_of_a_logout_is_an_error_or_it_ends_both_sides() {
    at_each_call(&async |site, side, which| {
        let about = format!("{:?}, {side:?}, {which:?}", site.form);
        site.fail(side, which);
        let logout = site.logout(&site.legacy(), true).await;
        let calls = site.calls(side);
        site.fail(side, 0..0);
        if let Err(error) = logout {
            assert!(is_outage(&error), "{about}: {error}");
            // The visitor tries it again.
            let _ = site.logout(&site.legacy(), true).await.unwrap();
        }
        assert_eq!(site.visit(&site.legacy()).await.unwrap().0, None, "{about}");
        assert_eq!(site.batch().await.unwrap().moved, 0, "{about}");
        assert_eq!(site.old_rows(), 0, "{about}");
        calls
    });
}

#[test]
fn an_outage_at_any_call_of_the_job_is_told_and_loses_nothing() {
    at_each_call(&async |site, side, which| {
        let about = format!("{:?}, {side:?}, {which:?}", site.form);
        site.fail(side, which);
        if let Ok(pass) = site.batch().await {
            assert_eq!(
                (pass.moved, pass.kept),
                if pass.kept == 0 { (1, 0) } else { (0, 1) },
                "{about}"
            );
            assert_eq!(pass.trouble.is_some(), pass.kept == 1, "{about}");
        }
        recovers(site, side, &about).await
    });
}

#[test]
fn a_table_that_can_only_be_read_is_an_outage() {
    for form in &[Form::TowerSessions, Form::ActixSession] {
        Site::new(form).run(async |site| {
            // Who could not be taken out of it would be there twice.
            site.old_is_read_only(true);
            assert!(site.visit(&site.legacy()).await.is_err());
            assert!(site.batch().await.is_err());
            site.old_is_read_only(false);
            let (name, _) = site.visit(&site.legacy()).await.unwrap();
            assert_eq!(name.as_deref(), Some("ada"));
        });
    }
}

#[test]
fn a_report_tells_of_an_old_table_that_cannot_be_written_to() {
    Site::new(&Form::TowerSessions).run(async |site| {
        for (is_read_only, expected) in [(false, Verdict::Ok), (true, Verdict::Problem)] {
            site.old_is_read_only(is_read_only);
            let report = site.sessions.report().await;
            let mut lines = report.iter().filter(|line| line.name == "adoption");
            assert_eq!(lines.next().map(|line| line.verdict), Some(expected));
            assert!(lines.next().is_none());
        }
    });
}
