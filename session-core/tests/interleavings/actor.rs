use session_core::{
    Command, CommitError, Digest, Exchange, Key, Opened, Record, Reply, Session, SessionError, Step,
};

use crate::cast::{Act, Part, Who};
use crate::ledger::Ledger;
use crate::outcome::{Answer, Sight, arrive};
use crate::scene::{Known, Scene};
use crate::schedule::Reach;
use crate::util::id_of;

/// One request under way.
pub struct Actor {
    pub number: usize,
    pub part: Part,
    /// What it was sent with.
    pub sent: Option<Known>,
    stage: Stage,
    opened: Option<Opened>,
    /// The same, which can be read when that is consumed.
    session: Option<Session>,
    /// The next act.
    next: usize,
    is_first_step: bool,
    status: u16,
    /// The last early save's cookie.
    saved_cookie: Option<String>,
    pub ledger: Ledger,
    /// The session that was acknowledged to it last, and has not been lost since.
    pub held: Option<Key>,
    pub owner: Option<&'static str>,
    pub sights: Vec<Sight>,
    pub answer: Option<Answer>,
}

#[allow(clippy::large_enum_variant, reason = "there are three of them")]
enum Stage {
    Unsent,
    Asking(Exchange),
    Saving(Step),
    Finishing(Step),
    Ended,
}

impl Actor {
    pub fn new(number: usize, part: Part) -> Self {
        Self {
            number,
            part,
            sent: None,
            stage: Stage::Unsent,
            opened: None,
            session: None,
            next: 0,
            is_first_step: true,
            status: 200,
            saved_cookie: None,
            ledger: Ledger::default(),
            held: None,
            owner: None,
            sights: Vec::new(),
            answer: None,
        }
    }

    pub fn is_running(&self) -> bool {
        !matches!(self.stage, Stage::Ended)
    }

    /// Says whether it will be sent with what is in the browser's jar by then.
    pub fn waits_for_the_jar(&self) -> bool {
        let is_request = !matches!(self.part.acts, [Act::Wait(_) | Act::Revoke]);
        matches!(self.stage, Stage::Unsent) && self.part.who == Who::Browser && is_request
    }

    /// Says what its next step has to do with those of others.
    pub fn reach(&self) -> Reach {
        match &self.stage {
            Stage::Asking(_) if self.part.acts != [Act::Logout] => Reach::Reads,
            Stage::Saving(Step::Load(_) | Step::List(_))
            | Stage::Finishing(Step::Load(_) | Step::List(_)) => Reach::Reads,
            Stage::Saving(Step::Write(write)) | Stage::Finishing(Step::Write(write))
                if matches!(write.command(), Command::Insert { .. }) =>
            {
                Reach::Inserts
            }
            // One that is still to be sent looks into the jar; and time passes for all.
            Stage::Unsent => Reach::Everything,
            _ => Reach::Writes,
        }
    }

    /// Says whether it is what `other` is, and neither has done anything.
    pub fn is_twin_of(&self, other: &Self) -> bool {
        self.is_first_step && other.is_first_step && self.part == other.part
    }

    /// Says whether its answer would change the jar, and has not arrived yet.
    pub fn is_on_its_way(&self) -> bool {
        let answer = self.answer.as_ref();
        answer.is_some_and(|answer| !answer.is_delivered && answer.changes_the_jar())
    }

    pub fn does(&self, test: impl Fn(Act) -> bool) -> bool {
        self.part.acts.iter().any(|act| test(*act))
    }

    /// Sends the request, if it is one.
    pub fn send(&mut self, scene: &Scene<'_>) {
        if let [Act::Wait(_) | Act::Revoke] = self.part.acts {
            return;
        }
        let cookie = scene.cookie_of(self.part.who);
        self.sent = cookie.map(|cookie| Known::new(&scene.world, &cookie));
        let header = self
            .sent
            .as_ref()
            .map(|sent| scene.world.header(&sent.cookie));
        let headers = header.iter().map(String::as_bytes);
        let exchange = Exchange::open(&scene.world.policy, headers);
        self.stage = Stage::Asking(exchange);
    }

    /// Makes one store call, and everything up to the next.
    pub fn step(&mut self, scene: &mut Scene<'_>) {
        self.is_first_step = false;
        scene.ahead = self.part.ahead;
        if self.part.acts == [Act::Revoke] {
            scene.revoke(self.number);
            self.stage = Stage::Ended;
            return;
        }
        if let [Act::Wait(time)] = self.part.acts {
            scene.wait(self.number, *time);
            self.stage = Stage::Ended;
            return;
        }
        if matches!(self.stage, Stage::Unsent) {
            self.send(scene);
        }
        let now = scene.now();
        match std::mem::replace(&mut self.stage, Stage::Ended) {
            Stage::Asking(exchange) if self.part.acts == [Act::Logout] => {
                let opened = exchange.destroy();
                self.session = Some(opened.session().clone());
                self.opened = Some(opened);
                self.go_on(scene);
                if self.is_running() {
                    self.step(scene);
                }
            }
            Stage::Asking(Exchange::Open(opened)) => {
                self.begin(opened, scene);
            }
            Stage::Asking(Exchange::Unread(question)) => {
                match scene.load(self.number, question.key()) {
                    None => {}
                    // The handler gets the error instead of a session.
                    Some(Err(_)) => self.end(Reply::default(), true, scene),
                    Some(Ok(found)) => match question.answer(found, now) {
                        Exchange::Open(opened) => self.begin(opened, scene),
                        again @ Exchange::Unread(_) => self.stage = Stage::Asking(again),
                    },
                }
            }
            Stage::Saving(step) => match self.call(step, scene) {
                None => drop(self.opened.take().unwrap().abandon(now)),
                Some(done) => {
                    if self.saved(done, scene) {
                        self.go_on(scene);
                    }
                }
            },
            Stage::Finishing(step) => {
                if let Some(done) = self.call(step, scene) {
                    self.finished(done, scene);
                }
            }
            Stage::Unsent | Stage::Ended => unreachable!("there is nothing to do"),
        }
    }

    /// Carries out one step of a commit; `None` if the request is dropped.
    fn call(&self, step: Step, scene: &mut Scene<'_>) -> Option<Result<Step, CommitError>> {
        let now = scene.now();
        Some(match step {
            Step::Done(_) => unreachable!("it is done"),
            Step::List(list) => {
                let found = scene.list(self.number, list.owner(), list.at())?;
                list.answer(found, now)
            }
            Step::Load(load) => {
                let found = scene.load(self.number, load.key())?;
                load.answer(found, now)
            }
            Step::Write(write) => {
                let outcome = scene.write(self.number, write.command())?;
                write.answer(outcome, now)
            }
        })
    }

    fn begin(&mut self, opened: Opened, scene: &mut Scene<'_>) {
        self.look(opened.session(), scene);
        self.session = Some(opened.session().clone());
        self.opened = Some(opened);
        self.go_on(scene);
    }

    fn look(&mut self, session: &Session, scene: &Scene<'_>) {
        let mut sight = Sight::of(session);
        sight.is_own_sign_in = self.owner.is_some();
        let record = self.sent.as_ref().and_then(|sent| scene.live(&sent.key));
        sight.is_closed = record.is_some_and(|record| record.closed);
        self.sights.push(sight);
    }

    /// Goes on with the handler, to the next commit.
    fn go_on(&mut self, scene: &mut Scene<'_>) {
        let now = scene.now();
        while let Some(act) = self.part.acts.get(self.next).copied() {
            self.next += 1;
            let opened = self.opened.as_ref().unwrap();
            if matches!(act, Act::Save | Act::TrySave) {
                let done = opened.commit(now);
                if !self.saved(done, scene) {
                    return;
                }
            } else {
                let session = opened.session().clone();
                self.perform(act, &session, scene);
            }
        }
        let opened = self.opened.take().unwrap();
        self.finished(opened.finish(self.status, now), scene);
    }

    fn perform(&mut self, act: Act, session: &Session, scene: &Scene<'_>) {
        let name = format!("key{}{}", self.number, self.next);
        if let Act::SignIn(owner) = act
            && session.owner().is_some_and(|present| *present != *owner)
        {
            self.ledger.take_back();
        }
        if let Err(error) = act.perform(session, &name) {
            return self.fail(&error);
        }
        let is_first = |sent: &Known| sent.key == scene.first.key;
        match act {
            Act::Put => {
                let is_private = self.owner.is_some() || !self.sent.as_ref().is_some_and(is_first);
                self.ledger.put(name, is_private);
            }
            Act::Increment => self.ledger.increment(),
            Act::SignIn(owner) => self.owner = Some(owner),
            Act::Destroy => {
                self.ledger = Ledger::default();
                self.held = None;
                self.owner = None;
                self.saved_cookie = None;
            }
            Act::Fail => self.status = 500,
            _ => {}
        }
    }

    /// The handler passes an error on.
    fn fail(&mut self, error: &SessionError) {
        self.status = error.status();
        self.next = self.part.acts.len();
    }

    /// Takes what came of a step of a save, and says whether the handler goes on.
    fn saved(&mut self, done: Result<Step, CommitError>, scene: &Scene<'_>) -> bool {
        let is_tolerant = self.part.acts[self.next - 1] == Act::TrySave;
        match done {
            Ok(Step::Done(reply)) => {
                self.saved_cookie = id_of(&reply);
                if reply.is_gone() || reply.is_superseded() {
                    self.held = None;
                    self.status = 409;
                    self.next = self.part.acts.len();
                    return true;
                }
                self.acknowledge(scene);
                let session = self.opened.as_ref().unwrap().session().clone();
                self.look(&session, scene);
                true
            }
            Ok(step) => {
                self.stage = Stage::Saving(step);
                false
            }
            Err(error) => {
                if !is_tolerant {
                    self.fail(error.error());
                }
                true
            }
        }
    }

    fn finished(&mut self, done: Result<Step, CommitError>, scene: &mut Scene<'_>) {
        match done {
            Ok(Step::Done(reply)) => {
                if reply.is_gone() || reply.is_superseded() {
                    self.held = None;
                } else if self.status < 500 {
                    self.acknowledge(scene);
                }
                self.end(reply, self.status >= 400, scene);
            }
            Ok(step) => self.stage = Stage::Finishing(step),
            Err(error) => {
                let (error, reply) = error.into_parts();
                if matches!(error, SessionError::Gone) {
                    self.held = None;
                }
                self.end(reply, true, scene);
            }
        }
    }

    /// The request has been told that what it has written is stored.
    fn acknowledge(&mut self, scene: &Scene<'_>) {
        let handle = self.session.as_ref().and_then(Session::public_id);
        self.held = handle.and_then(|handle| scene.key_of(handle));
        if let Some(held) = self.held {
            self.ledger.acknowledge(held);
        }
    }

    fn end(&mut self, reply: Reply, is_error: bool, scene: &mut Scene<'_>) {
        let cookie = id_of(&reply);
        if let Some(cookie) = &cookie {
            scene.learn(cookie);
        }
        let is_cookie_early = cookie.is_some() && cookie == self.saved_cookie;
        let cookie = cookie.map(|cookie| Known::new(&scene.world, &cookie));
        let is_present = |known: &Known| {
            let record = scene.live(&known.key);
            record.is_some_and(|record| !record.closed && record.secrets.present == known.digest)
        };
        let owed = self.owed(scene);
        self.stage = Stage::Ended;
        self.answer = Some(Answer {
            owed,
            is_error,
            is_cookie_early,
            is_cookie_right: cookie.as_ref().is_none_or(is_present),
            is_delivered: false,
            cookie,
            reply,
        });
        if self.part.who == Who::Stranger {
            self.deliver(scene);
        }
    }

    /// Returns the present secret of the session that was acknowledged to it, if it has issued that.
    fn owed(&self, scene: &Scene<'_>) -> Option<Digest> {
        let present = scene.live(&self.held?)?.secrets.present;
        let mut events = scene.events.iter();
        let issues = |record: &Option<Record>| {
            let record = record.as_ref();
            record.is_some_and(|record| record.secrets.present == present)
        };
        let has_issued = events.any(|event| {
            let is_own = event.actor == self.number && event.is_acknowledged;
            is_own && issues(&event.after) && !issues(&event.before)
        });
        has_issued.then_some(present)
    }

    /// The answer arrives at whoever has sent the request.
    pub fn deliver(&mut self, scene: &mut Scene<'_>) {
        let Some(answer) = &mut self.answer else {
            return;
        };
        answer.is_delivered = true;
        let jar = match self.part.who {
            Who::Browser => &mut scene.jar,
            Who::Stranger => &mut scene.strangers_jar,
        };
        arrive(&answer.reply, jar);
    }
}
