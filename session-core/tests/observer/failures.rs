//! What a request goes on without, or fails by.

use std::time::Duration;

use session_core::{EventKind as Kind, Outcome, Session, Step};

use crate::notes::Line;
use crate::rows::{GONE, MINUTE, Row, handle, sign_in, usual};
use crate::util::outage;

pub const ROWS: &[Row] = &[
    Row(
        "a session can be too large",
        |policy| policy.max_bytes(100),
        |it| {
            let id = it.ada();
            it.ready();
            let large = "x".repeat(100);
            it.act(&id, |session| assert!(session.insert("k", &large).is_err()));
            let reason =
                "the session would have 108 bytes, more than the 100 that the policy allows";
            vec![
                Line::new(Kind::OverLimit)
                    .of(handle(&id))
                    .ada()
                    .because(reason),
            ]
        },
    ),
    Row(
        "so can a value, however it is set, and an equal one is not set",
        |policy| policy.max_value_bytes(8),
        |it| {
            let id = it.ada();
            let mut record = it.world.record(&id).unwrap();
            record.data = r#"{"old":"1234567"}"#.into();
            it.world.put(&id, record);
            it.ready();
            let large = || "1234567".to_owned();
            it.act(&id, |session| {
                session.insert("old", large()).unwrap();
                assert_eq!(session.get_or_insert_with("old", large).unwrap(), large());
            });
            assert_eq!(it.notes.take(), []);
            it.act(&id, |session| {
                let set = session.insert("k", large());
                let computed = session.update("k", move |_: Option<String>| large());
                let proposed = session.get_or_insert_with("k", large);
                assert!(set.is_err() && computed.is_err() && proposed.is_err());
            });
            let reason = "the session's value \"k\" would have 9 bytes, more than the 8 that the policy allows";
            vec![
                Line::new(Kind::OverLimit)
                    .of(handle(&id))
                    .ada()
                    .because(reason);
                3
            ]
        },
    ),
    Row(
        "what two requests make too large together is told at the commit",
        |policy| policy.max_value_bytes(8).max_bytes(30),
        |it| {
            let id = it.ada();
            let open = || it.world.open(&id);
            let append = |session: &Session| {
                let longer = |old: Option<String>| old.unwrap_or_default() + "1234";
                session.update("k", longer).unwrap();
            };
            let [one, two, three, four] = [open(), open(), open(), open()];
            append(&one);
            append(&two);
            three.insert("three", 1_234_567).unwrap();
            four.insert("four", 12_345).unwrap();
            it.world.finish(one, 200);
            it.ready();
            for (late, fails) in [(two, true), (four, false), (three, true)] {
                let outcome = it
                    .world
                    .try_drive(late.finish(200, it.world.now()).unwrap());
                assert_eq!(outcome.is_err(), fails);
            }
            let told = Line::new(Kind::OverLimit).of(handle(&id)).ada();
            let [value, session] = [
                "the session's value \"k\" would have 10 bytes, more than the 8 that the policy allows",
                "the session would have 41 bytes, more than the 30 that the policy allows",
            ];
            vec![told.clone().because(value), told.because(session)]
        },
    ),
    Row(
        "values can be corrupt, which is told at the first look",
        usual,
        |it| {
            let id = it.ada();
            let mut record = it.world.record(&id).unwrap();
            record.data = "{oops".into();
            it.world.put(&id, record);
            it.ready();
            it.act(&id, |_| {});
            assert_eq!(it.notes.take(), []);
            it.act(&id, |session| {
                assert!(session.is_empty() && session.get::<u32>("k").unwrap().is_none());
            });
            vec![Line::new(Kind::Corrupt).of(handle(&id)).ada()]
        },
    ),
    Row("changes to an ended session are dropped", usual, |it| {
        let id = it.ada();
        let opened = it.world.open(&id);
        opened.insert("k", 2).unwrap();
        it.act(&id, |session| session.destroy().unwrap());
        it.ready();
        it.world.finish(opened, 200);
        vec![
            Line::new(Kind::ChangesDropped)
                .of(handle(&id))
                .ada()
                .because(GONE),
        ]
    }),
    Row(
        "so are those with the id from before a sign-in",
        usual,
        |it| {
            let id = it.visitor();
            it.act(&id, sign_in);
            it.ready();
            it.act(&id, |session| session.insert("k", 1).unwrap());
            let reason = "another request has signed in; only its new session can be written";
            vec![
                Line::new(Kind::ChangesDropped)
                    .of(handle(&id))
                    .because(reason),
            ]
        },
    ),
    Row(
        "a store that refuses everything is contended, and what is corrupt is told once",
        usual,
        |it| {
            let id = it.ada();
            let mut record = it.world.record(&id).unwrap();
            record.data = "{oops".into();
            it.world.put(&id, record.clone());
            it.ready();
            let opened = it.world.open(&id);
            opened.insert("k", 2).unwrap();
            let mut step = opened.finish(200, it.world.now());
            let mut revision = 0;
            let failed = loop {
                step = match step {
                    Ok(Step::Write(write)) => write.answer(Ok(Outcome::Refused), it.world.now()),
                    Ok(Step::Load(load)) => {
                        revision += 1;
                        record.revision = session_core::Revision::from_i64(revision);
                        load.answer(Ok(Some(record.clone())), it.world.now())
                    }
                    Ok(other) => panic!("{other:?}"),
                    Err(failed) => break failed,
                };
            };
            // The answer adds nothing.
            let _ = it.world.policy.refuse(&failed.error().failure(), "");
            let reason = "the session could not be written in 500 attempts";
            vec![
                Line::new(Kind::Corrupt).of(handle(&id)).ada(),
                Line::new(Kind::Contended)
                    .of(handle(&id))
                    .ada()
                    .because(reason),
            ]
        },
    ),
    Row(
        "a commit can fail, and its answer adds nothing",
        usual,
        |it| {
            let id = it.ada();
            it.ready();
            let opened = it.world.open(&id);
            opened.insert("k", 2).unwrap();
            let Ok(Step::Write(write)) = opened.finish(200, it.world.now()) else {
                panic!("there is something to write");
            };
            let failed = write.answer(Err(outage()), it.world.now()).unwrap_err();
            let _ = it.world.policy.refuse(&failed.error().failure(), "");
            let reason = "session store unavailable: the store is down";
            vec![
                Line::new(Kind::StoreFailed)
                    .of(handle(&id))
                    .ada()
                    .because(reason),
            ]
        },
    ),
    Row(
        "a touch can fail, and nobody minds",
        |policy| policy.touch_every(Duration::ZERO),
        |it| {
            let id = it.ada();
            it.world.advance(MINUTE);
            it.ready();
            let Ok(Step::Write(write)) = it.world.open(&id).finish(200, it.world.now()) else {
                panic!("a touch was due");
            };
            assert!(write.answer(Err(outage()), it.world.now()).is_ok());
            let reason = "session store unavailable: the store is down";
            vec![
                Line::new(Kind::UpkeepFailed)
                    .of(handle(&id))
                    .ada()
                    .because(reason),
            ]
        },
    ),
];
