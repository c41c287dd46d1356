use std::time::Duration;

use session_core::Reply;

use crate::actor::Actor;
use crate::cast::{Act, Part, Setting, Who};
use crate::outcome::{Sight, arrive};
use crate::scene::{Known, Scene};
use crate::schedule::{Choices, Reach, Report};

/// One run of a cast through one schedule.
pub struct Visit<'a> {
    pub scene: Scene<'a>,
    pub actors: Vec<Actor>,
    pub endings: Vec<Ending>,
    /// Whose step was the last, and what it touched.
    before: Option<(usize, Reach)>,
}

/// What the browser sees with what may be in its jar in the end.
pub struct Ending {
    pub jar: Option<Known>,
    /// Whose answer was the last to arrive; of all others it makes no difference whether they did.
    pub last: Option<usize>,
    /// At once; when the grace is over; and again, with what that answer has set.
    pub sights: Vec<Sight>,
}

/// Runs a cast through every schedule.
pub fn explore(setting: Setting, cast: &[Part], report: &mut Report) {
    let mut choices = Choices::default();
    loop {
        Visit::new(setting, cast, &mut choices).run(report);
        if !choices.advance() {
            break;
        }
    }
}

impl<'a> Visit<'a> {
    fn new(setting: Setting, cast: &[Part], choices: &'a mut Choices) -> Self {
        let scene = Scene::new(setting, choices);
        let parts = cast.iter().enumerate();
        let mut actors: Vec<_> = parts
            .map(|(number, part)| Actor::new(number, *part))
            .collect();
        if setting.sent_together {
            for actor in &mut actors {
                actor.send(&scene);
            }
        }
        Self {
            scene,
            actors,
            endings: Vec::new(),
            before: None,
        }
    }

    fn run(mut self, report: &mut Report) {
        while self.actors.iter().any(Actor::is_running) {
            if !self.step() {
                return;
            }
            self.judge(report.always, report);
        }
        report.schedules += 1;
        self.end();
        self.judge(report.properties, report);
    }

    /// Lets one of the requests go on, or one of the answers arrive; false if whatever could happen
    /// next makes a schedule that is as good as another one.
    fn step(&mut self) -> bool {
        let running = self.those(|actor| actor.is_running() && !self.is_redundant(actor));
        // It matters only to requests that are still to be sent.
        let arriving = if self.actors.iter().any(Actor::waits_for_the_jar) {
            self.those(Actor::is_on_its_way)
        } else {
            Vec::new()
        };
        if running.is_empty() && arriving.is_empty() {
            return false;
        }
        let chosen = self.scene.choices.choose(running.len() + arriving.len());
        if let Some(number) = running.get(chosen) {
            let actor = &mut self.actors[*number];
            self.before = Some((*number, actor.reach()));
            actor.step(&mut self.scene);
        } else {
            self.before = None;
            let number = arriving[chosen - running.len()];
            self.scene.trace.push((number, "'s answer arrives"));
            self.actors[number].deliver(&mut self.scene);
        }
        self.scene.world.advance(self.scene.setting.tick);
        true
    }

    /// Says whether the same comes of a schedule in which this request has had its turn before.
    ///
    /// That is so if its step and the one before it commute and it has the smaller number, and if
    /// it is just like another one with a smaller number.
    fn is_redundant(&self, actor: &Actor) -> bool {
        let is_late = self.before.is_some_and(|(number, reach)| {
            number > actor.number && reach.commutes_with(actor.reach())
        });
        let mut before = self.actors[..actor.number].iter();
        is_late || before.any(|other| other.is_twin_of(actor))
    }

    fn those(&self, test: impl Fn(&Actor) -> bool) -> Vec<usize> {
        let all = self.actors.iter().filter(|actor| test(actor));
        all.map(|actor| actor.number).collect()
    }

    /// The answers that are still under way arrive in any order, or never: what counts is which was
    /// the last of them.
    fn end(&mut self) {
        let late = self.those(Actor::is_on_its_way).into_iter().map(Some);
        let lasts: Vec<_> = std::iter::once(None).chain(late).collect();
        let stored = self.scene.world.model.lock().unwrap().clone();
        let mut endings: Vec<_> = lasts.iter().map(|last| self.begin_ending(*last)).collect();
        self.scene
            .world
            .advance(self.scene.setting.grace + Duration::from_secs(1));
        for ending in &mut endings {
            self.scene.world.model.lock().unwrap().clone_from(&stored);
            let mut jar = ending.jar.as_ref().map(|known| known.cookie.clone());
            for _ in 0..2 {
                let (sight, reply) = self.look(jar.as_deref());
                ending.sights.push(sight);
                arrive(&reply, &mut jar);
            }
        }
        self.scene.world.model.lock().unwrap().clone_from(&stored);
        self.endings = endings;
    }

    fn begin_ending(&self, last: Option<usize>) -> Ending {
        let answer = last.and_then(|number| self.actors[number].answer.as_ref());
        let mut jar = self.scene.jar.clone();
        if let Some(answer) = answer {
            arrive(&answer.reply, &mut jar);
        }
        let stored = self.scene.world.model.lock().unwrap().clone();
        let (sight, _) = self.look(jar.as_deref());
        *self.scene.world.model.lock().unwrap() = stored;
        Ending {
            jar: jar.map(|cookie| Known::new(&self.scene.world, &cookie)),
            last,
            sights: vec![sight],
        }
    }

    /// One more request that reads.
    fn look(&self, cookie: Option<&str>) -> (Sight, Reply) {
        let mut sight = None;
        let seen = self
            .scene
            .world
            .request(cookie.unwrap_or_default(), 200, |session| {
                sight = Some(Sight::of(session));
            });
        (sight.unwrap(), seen.reply)
    }

    /// What somebody sees now who has this cookie.
    pub fn see(&self, cookie: &str) -> Sight {
        self.look(Some(cookie)).0
    }

    pub fn any(&self, test: impl Fn(Act) -> bool) -> bool {
        self.actors.iter().any(|actor| actor.does(&test))
    }

    pub fn strangers(&self) -> impl Iterator<Item = &Actor> {
        let actors = self.actors.iter();
        actors.filter(|actor| actor.part.who == Who::Stranger)
    }

    fn judge(&self, properties: &[(&'static str, Property)], report: &mut Report) {
        for (name, holds) in properties {
            if !holds(self) {
                let Scene { setting, trace, .. } = &self.scene;
                report.note(name, setting.owner, trace.len(), || self.describe());
            }
        }
    }

    fn describe(&self) -> String {
        let mut lines = vec![format!("{:?}", self.scene.setting)];
        let mut line = |line: std::fmt::Arguments<'_>| lines.push(line.to_string());
        for actor in &self.actors {
            let Actor { number, part, .. } = actor;
            line(format_args!("{number}: {:?} {:?}", part.who, part.acts));
            line(format_args!("   saw {:?}", actor.sights));
            if let Some(answer) = &actor.answer {
                let cookie = answer.cookie.as_ref().map(|known| &known.cookie);
                line(format_args!("   {:?} {cookie:?}", answer.reply));
            }
        }
        for (number, what) in &self.scene.trace {
            line(format_args!("{number} {what}"));
        }
        for ending in &self.endings {
            let jar = ending.jar.as_ref().map(|known| &known.cookie);
            line(format_args!(
                "last {:?} {jar:?} saw {:?}",
                ending.last, ending.sights
            ));
        }
        for record in self.scene.world.model.lock().unwrap().0.values() {
            line(format_args!(
                "{record:?} {} {:?}",
                &*record.data, record.owner
            ));
        }
        lines.join("\n  ")
    }
}

/// Says whether something holds.
pub type Property = fn(&Visit<'_>) -> bool;
