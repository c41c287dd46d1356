use std::fmt;

use anyhow::{Context as _, bail};

use crate::act::Task;

/// One step of a plan. A step that has nothing to do is skipped, so any part of a plan is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// Somebody sends a request.
    Begin(Begin),
    /// A request is polled once; what it waits for at the store goes on like this.
    Poll(u16, Fate),
    /// A request's client goes away, and its future is dropped.
    Drop(u16),
    /// An answer arrives at its browser.
    Deliver(u16),
    /// An answer is lost.
    Lose(u16),
    /// A command that was held reaches the store: that of the request.
    Release(u16),
    /// Time passes, in milliseconds.
    Pass(u32),
    /// A node's clock jumps to so many milliseconds before or after the world's time.
    Jump(u8, i32),
}

/// A request that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begin {
    /// Names it in later moves.
    pub id: u16,
    /// Whose browser it is.
    pub browser: u8,
    /// The server that gets it.
    pub node: u8,
    /// The cookie's name: sites share the store.
    pub site: u8,
    /// What it presents.
    pub shows: Shows,
    /// What it asks for.
    pub task: Task,
}

/// What a request presents as its cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// What is in the browser's jar.
    Jar,
    /// That, behind an id that somebody has planted.
    JarBehindPlanted,
    /// Nothing.
    Nothing,
    /// What was in the jar so many cookies ago.
    Old(u8),
    /// An id that no server has made.
    Planted,
    /// The key of another browser's cookie, with a made-up secret.
    KeyOf(u8),
    /// The jar's cookie of the other site, under this one's name.
    Renamed,
    /// What is in another browser's jar.
    Stolen(u8),
}

/// How a store call goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It goes on.
    Works,
    /// It fails; if it was applied already, only its answer is lost.
    Fails,
    /// It reaches the store once more.
    Repeats,
    /// The caller is told of a failure, and the command is still on its way.
    Held,
}

impl Move {
    /// Reads what `Display` wrote.
    ///
    /// # Errors
    ///
    /// It is no move.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        let id = || rest.trim().parse().context("the number of a request");
        Ok(match name {
            "begin" => Self::Begin(Begin::parse(rest)?),
            "poll" => Self::Poll(id()?, Fate::Works),
            "fail" => Self::Poll(id()?, Fate::Fails),
            "repeat" => Self::Poll(id()?, Fate::Repeats),
            "hold" => Self::Poll(id()?, Fate::Held),
            "drop" => Self::Drop(id()?),
            "deliver" => Self::Deliver(id()?),
            "lose" => Self::Lose(id()?),
            "release" => Self::Release(id()?),
            "pass" => Self::Pass(rest.trim().parse()?),
            "jump" => {
                let (node, to) = rest.trim().split_once(' ').context("a node, and a time")?;
                Self::Jump(node.parse()?, to.parse()?)
            }
            other => bail!("there is no move {other}"),
        })
    }
}

impl fmt::Display for Move {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Begin(begin) => write!(f, "begin {begin}"),
            Self::Poll(id, Fate::Works) => write!(f, "poll {id}"),
            Self::Poll(id, Fate::Fails) => write!(f, "fail {id}"),
            Self::Poll(id, Fate::Repeats) => write!(f, "repeat {id}"),
            Self::Poll(id, Fate::Held) => write!(f, "hold {id}"),
            Self::Drop(id) => write!(f, "drop {id}"),
            Self::Deliver(id) => write!(f, "deliver {id}"),
            Self::Lose(id) => write!(f, "lose {id}"),
            Self::Release(id) => write!(f, "release {id}"),
            Self::Pass(time) => write!(f, "pass {time}"),
            Self::Jump(node, to) => write!(f, "jump {node} {to}"),
        }
    }
}

impl Begin {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let (head, task) = text.split_once(':').context("a request has a task")?;
        let mut words = head.split_whitespace();
        let id = words.next().context("a request has a number")?.parse()?;
        let mut begin = Self {
            id,
            browser: 0,
            node: 0,
            site: 0,
            shows: Shows::Jar,
            task: Task::parse(task.trim())?,
        };
        for word in words {
            let (name, value) = word.split_once('=').context("NAME=VALUE")?;
            match name {
                "browser" => begin.browser = value.parse()?,
                "node" => begin.node = value.parse()?,
                "site" => begin.site = value.parse()?,
                "shows" => begin.shows = Shows::parse(value)?,
                _ => bail!("a request has no {name}"),
            }
        }
        Ok(begin)
    }
}

impl fmt::Display for Begin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id,
            browser,
            node,
            site,
            shows,
            task,
        } = self;
        write!(
            f,
            "{id} browser={browser} node={node} site={site} shows={shows}: {task}"
        )
    }
}

impl Shows {
    fn parse(text: &str) -> anyhow::Result<Self> {
        let (name, number) = match text.split_once('-') {
            Some((name, number)) => (name, number.parse().ok()),
            None => (text, None),
        };
        Ok(match (name, number) {
            ("jar", None) => Self::Jar,
            ("crowd", None) => Self::JarBehindPlanted,
            ("nothing", None) => Self::Nothing,
            ("planted", None) => Self::Planted,
            ("renamed", None) => Self::Renamed,
            ("old", Some(number)) => Self::Old(number),
            ("key", Some(number)) => Self::KeyOf(number),
            ("stolen", Some(number)) => Self::Stolen(number),
            _ => bail!("nobody shows {text}"),
        })
    }
}

impl fmt::Display for Shows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jar => f.write_str("jar"),
            Self::JarBehindPlanted => f.write_str("crowd"),
            Self::Nothing => f.write_str("nothing"),
            Self::Old(number) => write!(f, "old-{number}"),
            Self::Planted => f.write_str("planted"),
            Self::KeyOf(browser) => write!(f, "key-{browser}"),
            Self::Renamed => f.write_str("renamed"),
            Self::Stolen(browser) => write!(f, "stolen-{browser}"),
        }
    }
}
