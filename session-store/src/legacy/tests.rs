//! Random schedules of visitors, servers with the other library, and nodes that end at any moment.

mod faults;
mod old_table;
mod scene;
mod site;

use std::sync::Arc;

use session_core::{LegacyCookie, Moment, Policy, Sessions};
use session_testkit::moment_at;

use super::form::Form;
use old_table::ID;
use scene::{Act, Scene};
use site::Site;

#[test]
fn nobody_is_logged_out_and_what_has_ended_stays_ended() {
    let casts: &[&[Act]] = &[
        &[Act::Visit, Act::Visit],
        &[Act::Visit, Act::Visit, Act::Visit],
        &[Act::Write, Act::Visit],
        &[Act::Write, Act::OldWrite],
        &[Act::Write, Act::OldWrite, Act::Visit],
        &[Act::Logout, Act::Visit],
        &[Act::Logout, Act::OldWrite],
        &[Act::Logout, Act::OldWrite, Act::Visit],
        &[Act::BlindLogout, Act::Visit],
        &[Act::BlindLogout, Act::OldWrite, Act::Visit],
        &[Act::OldLogout, Act::Visit],
        &[Act::OldLogout, Act::Visit, Act::Visit],
        &[Act::Batch, Act::Visit],
        &[Act::Batch, Act::Batch, Act::Logout],
        &[Act::Batch, Act::OldWrite, Act::BlindLogout],
        &[Act::Revoke, Act::Visit, Act::Write],
    ];
    let (mut schedules, mut steps, mut kills) = (0, 0, 0);
    for form in &[Form::TowerSessions, Form::ActixSession] {
        for cast in casts {
            for seed in 0..150 {
                let played = Scene::play(form, cast, seed);
                schedules += 1;
                steps += played.steps;
                kills += played.kills;
            }
        }
    }
    assert!(schedules == 4_800 && steps > 20 * schedules && kills > schedules / 10);
}

#[test]
fn the_first_answer_brings_our_cookie_which_removes_the_old_one_when_it_comes_back() {
    for form in &[Form::TowerSessions, Form::ActixSession] {
        let site = Site::new(form);
        site.run(async |site| {
            let (name, reply) = site.visit(&site.legacy()).await.unwrap();
            assert_eq!(name.as_deref(), Some("ada"));
            let ours = reply.set_cookie().unwrap().to_owned();
            assert_eq!((site::headers(reply).len(), site.old_rows()), (1, 0));
            // The answer is lost: the old cookie leads there still, also after the grace of a rotation.
            site.later(3600);
            let (name, again) = site.visit(&site.legacy()).await.unwrap();
            assert_eq!(
                (name.as_deref(), again.set_cookie().map(site::id_of)),
                (Some("ada"), Some(site::id_of(&ours)))
            );
            // Ours comes back beside the old one, which is removed.
            let both = format!("{}; {}", site.legacy(), site::id_of(&ours));
            let (name, reply) = site.visit(&both).await.unwrap();
            let removal = "id=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; Secure";
            assert_eq!(
                (name.as_deref(), site::headers(reply)),
                (Some("ada"), vec![removal.to_owned()])
            );
            // Now the old one is dead after the grace.
            let (name, _) = site.visit(&site.legacy()).await.unwrap();
            assert_eq!(name.as_deref(), Some("ada"));
            site.later(3600);
            let (name, reply) = site.visit(&site.legacy()).await.unwrap();
            assert_eq!((name, reply.set_cookie()), (None, None));
            let (name, _) = site.visit(&ours).await.unwrap();
            assert_eq!(name.as_deref(), Some("ada"));
        });
    }
}

#[test]
fn an_old_id_in_a_cookie_of_ours_opens_nothing() {
    let site = Site::new(&Form::TowerSessions);
    site.run(async |site| {
        let _ = site.visit(&site.legacy()).await.unwrap();
        // What a thief can compute who has the old table and not the key of its cookies.
        let forged = format!("__Host-session={}", site::forged(ID));
        let (name, reply) = site.visit(&forged).await.unwrap();
        assert_eq!((name, reply.set_cookie()), (None, None));
    });
}

#[test]
fn rows_that_are_over_or_unreadable_are_nobodys_and_stay() {
    for form in &[Form::TowerSessions, Form::ActixSession] {
        let site = Site::new(form);
        site.run(async |site| {
            site.end_of_life();
            assert_eq!(site.visit(&site.legacy()).await.unwrap().0, None);
            assert_eq!(site.old_rows(), 1);
            site.spoil(b"no session");
            assert_eq!(site.visit(&site.legacy()).await.unwrap().0, None);
            assert_eq!(site.old_rows(), 1);
            let batch = site.batch().await.unwrap();
            assert_eq!((batch.met, batch.kept, batch.moved), (1, 1, 0));
        });
    }
}

#[test]
fn a_session_whose_trace_is_gone_goes_on_and_its_late_row_goes() {
    let site = Site::new(&Form::TowerSessions);
    site.run(async |site| {
        let (_, reply) = site.visit(&site.legacy()).await.unwrap();
        let ours = reply.set_cookie().unwrap().to_owned();
        site.forget_the_trace().await;
        site.spoil(&old_table::row(&site.form, 9));
        let (name, _) = site.visit(&site.legacy()).await.unwrap();
        assert_eq!((name.as_deref(), site.old_rows()), (Some("ada"), 0));
        assert_eq!(site.visit(&ours).await.unwrap().0.as_deref(), Some("ada"));
    });
}

#[test]
#[should_panic(expected = "is that of our own cookie")]
fn the_old_cookie_has_another_name_than_ours() {
    let site = Site::new(&Form::TowerSessions);
    let policy = Policy::builder().cookie_name("id").build().unwrap();
    let sessions = Sessions::new(policy, session_testkit::ModelStore::new());
    let _ = sessions.adopting(LegacyCookie::new("id"), Arc::new(site.legacy_sessions()));
}

fn start() -> Moment {
    moment_at(1_000_000)
}
