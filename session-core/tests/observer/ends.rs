//! What ends a session.

use session_core::{EventKind as Kind, Exchange, Overflow, Revoke, SignIn};

use crate::notes::Line;
use crate::rows::{FORGED, MINUTE, Row, handle, sign_in, stamp, usual};

pub const ROWS: &[Row] = &[
    Row("a logout ends a session", usual, |it| {
        let id = it.ada();
        it.ready();
        it.act(&id, |session| session.destroy().unwrap());
        vec![Line::new(Kind::LoggedOut).of(handle(&id)).ada()]
    }),
    Row("a logout that was not loaded says so", usual, |it| {
        let id = it.ada();
        it.ready();
        let header = it.world.header(&id);
        let opened = Exchange::open(&it.world.policy, [header.as_bytes()]).destroy();
        it.world.finish(opened, 200);
        let line = Line::new(Kind::LoggedOut).of(handle(&id));
        vec![line.because("without a look whether it was there")]
    }),
    Row(
        "a logout with the id from before a sign-in ends nothing more",
        usual,
        |it| {
            let id = it.visitor();
            it.act(&id, sign_in);
            it.ready();
            it.act(&id, |session| session.destroy().unwrap());
            vec![]
        },
    ),
    Row(
        "an unused session is over",
        |policy| policy.idle(MINUTE),
        |it| {
            let id = it.ada();
            it.ready();
            it.world.advance(MINUTE);
            it.act(&id, |_| {});
            vec![
                Line::new(Kind::Expired)
                    .of(handle(&id))
                    .ada()
                    .because("nobody has used it"),
            ]
        },
    ),
    Row(
        "it is over once",
        |policy| policy.idle(MINUTE),
        |it| {
            let id = it.ada();
            it.world.advance(MINUTE);
            it.act(&id, |_| {});
            it.ready();
            it.act(&id, |_| {});
            vec![]
        },
    ),
    Row(
        "a whole life is over",
        |policy| policy.absolute(MINUTE),
        |it| {
            let id = it.visitor();
            it.ready();
            it.world.advance(MINUTE);
            it.act(&id, |_| {});
            vec![
                Line::new(Kind::Expired)
                    .of(handle(&id))
                    .because("its whole life was over"),
            ]
        },
    ),
    Row(
        "an owner revokes their sessions, and the own one once",
        usual,
        |it| {
            let id = it.ada();
            it.ready();
            let opened = it.world.open(&id);
            // What the store answers.
            opened.revoke(Revoke::All).unwrap().answer(Ok(3)).unwrap();
            it.world.finish(opened, 200);
            vec![
                Line::new(Kind::Revoked)
                    .ada()
                    .because("by the owner")
                    .times(3),
            ]
        },
    ),
    Row("a revocation of nothing is none", usual, |it| {
        let id = it.ada();
        it.ready();
        let opened = it.world.open(&id);
        let other = handle(FORGED);
        opened
            .revoke(Revoke::One(&other))
            .unwrap()
            .answer(Ok(0))
            .unwrap();
        it.world.finish(opened, 200);
        vec![]
    }),
    Row("a new credential revokes", usual, |it| {
        let id = it.act("", |session| {
            session
                .sign_in(SignIn::of("ada").credential(stamp(1)))
                .unwrap();
        });
        let id = id.unwrap();
        it.ready();
        it.act(&id, |session| {
            assert!(!session.check_credential(&[stamp(2)]));
        });
        vec![
            Line::new(Kind::Revoked)
                .of(handle(&id))
                .ada()
                .because("by a new credential"),
        ]
    }),
    Row(
        "past the cap the oldest is ended",
        |policy| policy.max_devices(1, Overflow::EndOldest),
        |it| {
            let old = it.ada();
            it.ready();
            it.world.advance(MINUTE);
            let new = it.ada();
            vec![
                Line::new(Kind::Capped).of(handle(&old)).ada(),
                Line::new(Kind::SignedIn).of(handle(&new)).ada(),
            ]
        },
    ),
    Row(
        "or the login is refused",
        |policy| policy.max_devices(1, Overflow::Refuse),
        |it| {
            it.ada();
            it.ready();
            let opened = it.world.open("");
            sign_in(&opened);
            let step = opened.finish(200, it.world.now()).unwrap();
            assert!(it.world.try_drive(step).is_err());
            let reason = "the owner has 1 sessions already, as many as the policy allows";
            vec![Line::new(Kind::Capped).ada().because(reason)]
        },
    ),
];
