//! What begins a session or gives it a new secret.

use session_core::{EventKind as Kind, Step};

use crate::notes::Line;
use crate::rows::{ASKED, MINUTE, Row, handle, plain, sign_in, usual};
use crate::util::outage;

pub const ROWS: &[Row] = &[
    Row("the first value begins a session", usual, |it| {
        let id = it.visitor();
        vec![Line::new(Kind::Created).of(handle(&id))]
    }),
    Row("a later value begins none", usual, |it| {
        let id = it.visitor();
        it.ready();
        it.act(&id, |session| session.insert("k", 1).unwrap());
        vec![]
    }),
    Row("a session that is saved early begins once", usual, |it| {
        let opened = it.world.open("");
        opened.insert("k", 1).unwrap();
        let _ = it.world.save(&opened);
        opened.insert("k", 2).unwrap();
        let id = it.world.finish(opened, 200).id().unwrap();
        vec![Line::new(Kind::Created).of(handle(&id))]
    }),
    Row("an error begins none", usual, |it| {
        it.world
            .request("", 500, |session| session.insert("k", 1).unwrap());
        vec![]
    }),
    Row("a cycle rotates", usual, |it| {
        let id = it.ada();
        it.ready();
        it.act(&id, |session| session.cycle().unwrap());
        vec![
            Line::new(Kind::Rotated)
                .of(handle(&id))
                .ada()
                .because(ASKED),
        ]
    }),
    Row("presenting the new secret is nothing new", usual, |it| {
        let id = it.visitor();
        let new = it.act(&id, |session| session.cycle().unwrap()).unwrap();
        it.ready();
        it.act(&new, |_| {});
        vec![]
    }),
    Row(
        "a secret that is issued again is no rotation",
        usual,
        |it| {
            let id = it.visitor();
            let new = it.act(&id, |session| session.cycle().unwrap());
            it.ready();
            it.world.advance(MINUTE);
            assert_eq!(it.act(&id, |_| {}), new);
            vec![]
        },
    ),
    Row(
        "an old secret is renewed",
        |policy| policy.rotate_every(MINUTE),
        |it| {
            let id = it.visitor();
            it.ready();
            it.world.advance(MINUTE);
            it.act(&id, |_| {});
            vec![
                Line::new(Kind::Rotated)
                    .of(handle(&id))
                    .because("the secret was old"),
            ]
        },
    ),
    Row(
        "a new id where ids are plain is another handle",
        plain,
        |it| {
            let id = it.visitor();
            it.ready();
            let new = it.act(&id, |session| session.cycle().unwrap()).unwrap();
            let line = Line::new(Kind::Rotated).of(handle(&new));
            vec![line.after(handle(&id)).because(ASKED)]
        },
    ),
    Row("a sign-in begins a session", usual, |it| {
        let id = it.ada();
        vec![Line::new(Kind::SignedIn).of(handle(&id)).ada()]
    }),
    Row(
        "a sign-in goes on from the visitor's session",
        usual,
        |it| {
            let id = it.visitor();
            it.ready();
            let new = it.act(&id, sign_in).unwrap();
            vec![
                Line::new(Kind::SignedIn)
                    .of(handle(&new))
                    .after(handle(&id))
                    .ada(),
            ]
        },
    ),
    Row("and so where ids are plain", plain, |it| {
        let id = it.visitor();
        it.ready();
        let new = it.act(&id, sign_in).unwrap();
        vec![
            Line::new(Kind::SignedIn)
                .of(handle(&new))
                .after(handle(&id))
                .ada(),
        ]
    }),
    Row(
        "a sign-in whose session was ended is no sign-in",
        usual,
        |it| {
            let id = it.visitor();
            let opened = it.world.open(&id);
            sign_in(&opened);
            it.act(&id, |session| session.destroy().unwrap());
            it.ready();
            let step = opened.finish(200, it.world.now()).unwrap();
            assert!(it.world.try_drive(step).is_err());
            vec![]
        },
    ),
    Row("an owner authenticates again", usual, |it| {
        let id = it.ada();
        it.ready();
        it.act(&id, |session| session.reauthenticate().unwrap());
        vec![Line::new(Kind::Reauthenticated).of(handle(&id)).ada()]
    }),
    Row(
        "an early save's lost answer is told when it is found",
        usual,
        |it| {
            let id = it.ada();
            it.ready();
            let opened = it.world.open(&id);
            opened.cycle().unwrap();
            let Ok(Step::Write(write)) = opened.commit(it.world.now()) else {
                panic!("there is something to write");
            };
            it.world.write(write.command());
            assert!(write.answer(Err(outage()), it.world.now()).is_err());
            assert_eq!(it.notes.kinds(), [Kind::StoreFailed]);
            it.world.finish(opened, 200);
            vec![
                Line::new(Kind::Rotated)
                    .of(handle(&id))
                    .ada()
                    .because(ASKED),
            ]
        },
    ),
    Row("one that was not applied is told when it is", usual, |it| {
        let opened = it.world.open("");
        opened.insert("k", 1).unwrap();
        let Ok(Step::Write(write)) = opened.commit(it.world.now()) else {
            panic!("there is something to write");
        };
        assert!(write.answer(Err(outage()), it.world.now()).is_err());
        assert_eq!(it.notes.kinds(), [Kind::StoreFailed]);
        let id = it.world.finish(opened, 200).id().unwrap();
        vec![Line::new(Kind::Created).of(handle(&id))]
    }),
];
