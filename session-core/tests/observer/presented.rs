//! What is presented and opens no session.

use session_core::EventKind as Kind;

use crate::notes::Line;
use crate::rows::{FORGED, MINUTE, Row, handle, sign_in, tampered, usual};

pub const ROWS: &[Row] = &[
    Row("a made-up id is unknown", usual, |it| {
        it.act(FORGED, |_| {});
        vec![Line::new(Kind::UnknownId).of(handle(FORGED))]
    }),
    Row("so is one that was logged out", usual, |it| {
        let id = it.visitor();
        it.act(&id, |session| session.destroy().unwrap());
        it.ready();
        it.act(&id, |_| {});
        vec![Line::new(Kind::UnknownId).of(handle(&id))]
    }),
    Row("another secret is tampered with", usual, |it| {
        let id = it.ada();
        it.ready();
        it.act(&tampered(&id), |_| {});
        vec![Line::new(Kind::Tampered).of(handle(&id)).ada()]
    }),
    Row("beside the right one it is nothing", usual, |it| {
        let id = it.ada();
        it.ready();
        let both = format!("{}; {}={id}", tampered(&id), it.world.policy.cookie_name());
        it.act(&both, |session| assert!(session.exists()));
        vec![]
    }),
    Row("a rotated secret is old", usual, |it| {
        let id = it.ada();
        let new = it.act(&id, |session| session.cycle().unwrap()).unwrap();
        it.act(&new, |session| session.insert("k", 1).unwrap());
        it.world.advance(MINUTE);
        it.ready();
        it.act(&id, |_| {});
        vec![Line::new(Kind::OldSecret).of(handle(&id)).ada()]
    }),
    Row(
        "an id from before a sign-in is over without a word: it was told then",
        usual,
        |it| {
            let id = it.visitor();
            it.act(&id, sign_in);
            it.world.advance(MINUTE * 10);
            it.ready();
            it.act(&id, |session| assert!(!session.exists()));
            vec![]
        },
    ),
    Row("ids can be too many", usual, |it| {
        let ids: Vec<_> = ('a'..='e')
            .map(|key| format!("{key}{}", &FORGED[1..]))
            .collect();
        let between = format!("; {}=", it.world.policy.cookie_name());
        it.act(&ids.join(&between), |_| {});
        let unknown = ids[..4]
            .iter()
            .map(|id| Line::new(Kind::UnknownId).of(handle(id)));
        let many = Line::new(Kind::OverLimit).because("too many ids");
        unknown.chain([many]).collect()
    }),
];
