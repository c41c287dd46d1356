use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use session_testkit::http::{Response, Socket};

use crate::guest::{Asked, Browser};
use crate::invariant::Breach;
use crate::ledger::Standing;
use crate::scene::Scene;
use crate::visitor::{Visitor, pace, show};
use crate::wire::{COOKIE, Outcome, with_cookie};

/// A client that sends half a request and then nothing, or reads its answer bit by bit.
#[derive(Debug)]
pub(crate) struct Slow<'s> {
    visitor: Visitor<'s>,
}

impl<'s> Slow<'s> {
    pub(crate) fn new(scene: &'s Scene, number: u64) -> Self {
        Self {
            visitor: Visitor::new(scene, 2_000 + number),
        }
    }

    /// Goes on until the run is over, or a rule is broken.
    pub(crate) fn stay(mut self) -> Visitor<'s> {
        let scene = self.visitor.guest.scene;
        while scene.pause(pace(&mut self.visitor.guest.rng)) {
            if let Err(breach) = self.act() {
                let history = self.visitor.guest.history();
                scene.violated(breach, "a slow client", history);
                break;
            }
        }
        self.visitor
    }

    fn act(&mut self) -> Result<(), Breach> {
        let guest = &mut self.visitor.guest;
        let Browser { cookie, session } = guest.browsers[0].clone();
        let (Some(cookie), Some(session)) = (cookie, session) else {
            return self.visitor.begin(0);
        };
        match guest.rng.below(4) {
            // A head that does not end, and a body that does not come: neither changes anything.
            0 => self.half("GET /api/session HTTP/1.1\r\nhost: 127.0.0.1\r\ncook"),
            1 => {
                let head = format!(
                    "PUT /api/data/half HTTP/1.1\r\nhost: 127.0.0.1\r\ncookie: {COOKIE}={cookie}\r\n\
                     content-type: application/json\r\ncontent-length: 90\r\n\r\n[1,2"
                );
                self.half(&head);
            }
            // With more to read each time.
            2 => return self.visitor.burst(0),
            _ => {
                let asked = self.read_slowly(&cookie);
                let guest = &mut self.visitor.guest;
                if guest.ledger.sessions[session].standing == Standing::Alive
                    && let Some(look) = guest.look(&asked)?
                {
                    guest.ledger.judge(session, &look, asked.begun)?;
                    guest.ledger.learn(session, &look);
                }
            }
        }
        Ok(())
    }

    fn half(&mut self, beginning: &str) {
        let guest = &mut self.visitor.guest;
        let door = guest.scene.door(&mut guest.rng);
        let pause = Duration::from_millis(100 + guest.rng.below(1_500));
        let outcome = match TcpStream::connect(door.address) {
            Err(_) => Outcome::NotSent,
            Ok(mut stream) => {
                let _ = stream.write_all(beginning.as_bytes());
                guest.scene.pause(pause);
                Outcome::Unanswered("sent half".to_owned())
            }
        };
        guest.note(format!("{} got half of {beginning:.20}", door.name));
        guest.scene.traffic.add(&outcome, true);
    }

    /// Reads an answer in small parts; it has to be whole all the same.
    fn read_slowly(&mut self, cookie: &str) -> Asked {
        let guest = &mut self.visitor.guest;
        let door = guest.scene.door(&mut guest.rng);
        let begun = Instant::now();
        let request = with_cookie(show(), Some(cookie));
        let scene = guest.scene;
        let exchange = || -> io::Result<Response> {
            let mut stream = Socket::new(door.address).begin(&request)?;
            let (mut bytes, mut part) = (Vec::new(), [0; 64]);
            loop {
                let count = stream.read(&mut part)?;
                if count == 0 {
                    break;
                }
                bytes.extend_from_slice(&part[..count]);
                scene.pause(Duration::from_millis(2));
            }
            Socket::parse(&bytes).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
        };
        let outcome = match exchange() {
            Ok(response) => Outcome::Answered(response),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Outcome::NotSent,
            Err(error) => Outcome::Unanswered(error.to_string()),
        };
        scene.traffic.add(&outcome, true);
        let line = format!("{} GET /api/session, read slowly", door.name);
        let at = begun.duration_since(scene.begun).as_secs_f32();
        guest.note(format!("{at:9.3} {line} → {:?}", outcome.status()));
        Asked {
            line,
            begun,
            outcome,
            is_excused: true,
        }
    }
}
