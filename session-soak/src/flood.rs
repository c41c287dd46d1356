use session_testkit::http::Request;

use crate::guest::{Asked, Browser, Expect, Guest};
use crate::invariant::{Breach, Invariant};
use crate::scene::Scene;
use crate::visitor::{pace, show};
use crate::wire::COOKIE;

/// A client that presents cookies which open nothing: made up, foreign, half stolen, or of sessions that are over.
#[derive(Debug)]
pub(crate) struct Flood<'s> {
    guest: Guest<'s>,
}

/// What a cookie of the flood is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Garbage {
    Noise,
    MadeUp,
    HalfStolen,
    Altered,
    Dead,
    Crowd,
}

impl<'s> Flood<'s> {
    pub(crate) fn new(scene: &'s Scene, number: u64) -> Self {
        let mut guest = Guest::new(scene, &format!("flood{number}"), 1_000 + number);
        guest.browsers = vec![Browser::default()];
        Self { guest }
    }

    /// Goes on until the run is over, or a rule is broken.
    pub(crate) fn stay(mut self) -> Guest<'s> {
        while self.guest.scene.pause(pace(&mut self.guest.rng) / 2) {
            if let Err(breach) = self.act() {
                let history = self.guest.history();
                self.guest.scene.violated(breach, "a flood", history);
                break;
            }
        }
        self.guest
    }

    fn act(&mut self) -> Result<(), Breach> {
        let mut kinds = Vec::new();
        let mut requests = Vec::new();
        for _ in 0..4 {
            let kind = self.guest.rng.weighted(&KINDS).unwrap_or(Garbage::Noise);
            let request = match self.guest.rng.below(20) {
                0 => Request::new("PUT", "/api/data/flood").json("1"),
                1..3 => Request::new("GET", "/api/devices"),
                _ => show(),
            };
            kinds.push((kind, request.method, request.target.clone()));
            requests.push((request.header("cookie", self.header(kind)), None));
        }
        let asked = self.guest.ask_all(requests, None);
        for ((kind, method, target), asked) in kinds.into_iter().zip(asked) {
            self.guest.note(format!("… by a cookie that was {kind:?}"));
            self.judge(kind, method, &target, &asked)?;
        }
        Ok(())
    }

    fn judge(
        &mut self,
        kind: Garbage,
        method: &str,
        target: &str,
        asked: &Asked,
    ) -> Result<(), Breach> {
        let status = match (method, target) {
            ("PUT", _) => 204,
            (_, "/api/devices") => 401,
            _ => 200,
        };
        let is_right = asked.outcome.served().is_none_or(|it| it.status == status);
        let checks = &mut self.guest.ledger.checks;
        checks.check(Invariant::GarbageOpensNothing, is_right, || {
            format!("{kind:?}: {} is answered {:?}", asked.line, asked.outcome)
        })?;
        if status == 204 {
            // It begins a session, under an id of the server's own.
            self.guest.obey(0, asked, Expect::New)?;
            self.guest.browsers[0] = Browser::default();
            return Ok(());
        }
        let sets = asked.outcome.cookies().is_ok_and(|set| !set.is_empty());
        checks.check(Invariant::NoDeadCookie, !sets, || {
            format!("{kind:?}: {} sets a cookie", asked.line)
        })?;
        if status == 200
            && let Some(look) = self.guest.look(asked)?
        {
            let of = format!("a cookie that was {kind:?}");
            if kind == Garbage::Dead {
                let checks = &mut self.guest.ledger.checks;
                checks.check(Invariant::EndedStaysEnded, look.is_empty(), || {
                    format!("{} shows {look:?}", asked.line)
                })?;
            }
            self.guest.ledger.judge_garbage(&look, &of)?;
        }
        Ok(())
    }

    /// Makes a `Cookie` header.
    fn header(&mut self, kind: Garbage) -> Vec<u8> {
        if kind == Garbage::Crowd {
            let count = 2 + self.guest.rng.below(12);
            let kinds = [
                Garbage::Dead,
                Garbage::MadeUp,
                Garbage::Noise,
                Garbage::Altered,
            ];
            let mut pairs = Vec::new();
            for _ in 0..count {
                let kind = self.guest.rng.pick(&kinds).copied();
                pairs.push(self.pair(kind.unwrap_or(Garbage::Noise)));
            }
            return pairs.join(&b"; "[..]);
        }
        self.pair(kind)
    }

    fn pair(&mut self, kind: Garbage) -> Vec<u8> {
        let value = self.value(kind);
        [COOKIE.as_bytes(), b"=", &value].concat()
    }

    fn value(&mut self, kind: Garbage) -> Vec<u8> {
        let rng = &mut self.guest.rng;
        let book = self.guest.scene.book();
        let (live, dead) = (book.any_live(rng), book.any_dead(rng));
        drop(book);
        match (kind, live, dead) {
            // Any bytes that a header may have, and that end no cookie.
            (Garbage::Noise, ..) => (0..rng.below(200))
                .map(|_| 0x21 + rng.small(0x5e))
                .filter(|byte| !b";,\"\\".contains(byte))
                .collect(),
            // The key of a session, and a secret of one's own.
            (Garbage::HalfStolen, Some(live), _) => {
                let mut id = live.into_bytes();
                id[KEY..].fill_with(|| letter(rng.small(64)));
                id
            }
            (Garbage::Altered, Some(live), _) => {
                let mut id = live.into_bytes();
                let place = KEY + usize::from(rng.small(SECRET));
                id[place] = if id[place] == b'x' { b'y' } else { b'x' };
                id
            }
            (Garbage::Dead, _, Some(dead)) => dead.into_bytes(),
            _ => (0..KEY + usize::from(SECRET))
                .map(|_| letter(rng.small(64)))
                .collect(),
        }
    }
}

fn letter(number: u8) -> u8 {
    LETTERS[usize::from(number % 64)]
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The characters of an id that have a bit of the key, and those that are the secret's alone.
const KEY: usize = 22;
const SECRET: u8 = 26;

const KINDS: [(u64, Garbage); 6] = [
    (2, Garbage::Noise),
    (3, Garbage::MadeUp),
    (3, Garbage::HalfStolen),
    (3, Garbage::Altered),
    (5, Garbage::Dead),
    (2, Garbage::Crowd),
];
